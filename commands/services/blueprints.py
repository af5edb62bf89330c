"""Writes about blueprints. A version never changes: saving makes another, which devices get when it is published."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from commands.blueprint_selectors import get_blueprint, get_version
from commands.blueprints.diff import differences
from commands.blueprints.schema import read_settings
from commands.blueprints.secrets import open_settings, split_settings
from commands.models import Converge
from config.api.errors import BadRequest, Conflict, NotFound
from devices.models import Blueprint, BlueprintVersion, Device, DeviceGroup
from devices.services.groups import lock_tree
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant

NAMED = 50  # changed settings that the audit log names
Content = dict[str, Any]  # name, description, comments, settings (open)

USERS: list[Callable[[Blueprint], dict[str, int]]] = []
"""Each counts what else has a blueprint, by the plural of its noun, with the tree of groups locked. Rooms above this
one add theirs, in a module `uses` that is read when the server starts."""


@transaction.atomic
def create_blueprint(
    *,
    tenant: Tenant,
    actor: Actor,
    name: str,
    description: str = "",
    comments: str = "",
    settings: Any = None,
    publish: bool = False,
) -> Blueprint:
    """With its first version: a draft, 0.1, or published at once, 1.0. BadRequest names all that is wrong."""
    content: Content = {"name": name, "description": description, "comments": comments}
    content["settings"] = read_settings(tenant, settings)
    blueprint = Blueprint(tenant=tenant, name=name, created_by=actor.name, updated_by=actor.name)
    _save(blueprint, force_insert=True)
    _add_version(blueprint, content, publish=publish, actor=actor, action="blueprint.created")
    return blueprint


@transaction.atomic
def update_blueprint(
    *,
    tenant: Tenant,
    actor: Actor,
    blueprint_id: str | uuid.UUID,
    publish: bool = False,
    seen: uuid.UUID | None = None,
    **changes: Any,
) -> Blueprint:
    """Saves `name`, `description`, `comments` and `settings`, those that are given, as another version.

    None is made when nothing changes: a draft of what is latest, or publishing what is published. The settings are
    taken whole; the mask of a secret stands for the one of the latest version. Two writers wait for each other; who
    names the version that they have `seen` gets a Conflict if it is not the latest any more.
    """
    blueprint = _locked(tenant, blueprint_id)
    latest = _latest(blueprint)
    if seen not in (None, latest.pk):
        raise Conflict(f"{blueprint.name} was changed meanwhile: its latest version is {latest.number}.")
    kept: Content = {"name": latest.name, "description": latest.description, "comments": latest.comments}
    kept["settings"] = before = open_settings(latest)
    told = {key: value for key, value in changes.items() if key in kept and value is not None}
    if "settings" in told:
        told["settings"] = read_settings(tenant, told["settings"], before=before)
    content = {**kept, **told}
    if content == kept and (latest.publish or not publish):
        return blueprint
    blueprint.name, blueprint.updated_by = content["name"], actor.name
    _save(blueprint)
    action = "blueprint.published" if publish else "blueprint.changed"
    changed = [change.path for change in differences(before, content["settings"])]
    _add_version(blueprint, content, publish=publish, actor=actor, action=action, changed=changed)
    return blueprint


def restore_version(
    *, tenant: Tenant, actor: Actor, blueprint_id: str | uuid.UUID, version_id: str | uuid.UUID, publish: bool = False
) -> Blueprint:
    """The settings of an earlier version, with its secrets, as another one. BadRequest if an app of it is gone."""
    blueprint = get_blueprint(tenant=tenant, blueprint_id=blueprint_id)
    version = get_version(blueprint, version_id=version_id)
    return update_blueprint(
        tenant=tenant,
        actor=actor,
        blueprint_id=blueprint.pk,
        publish=publish,
        settings=open_settings(version),
        comments=f"Settings of version {version.number}",
    )


@transaction.atomic
def delete_blueprint(*, tenant: Tenant, actor: Actor, blueprint_id: str | uuid.UUID) -> None:
    """With all its versions. BadRequest while a device or a group has it, or another user."""
    known = get_blueprint(tenant=tenant, blueprint_id=blueprint_id)
    lock_tree(tenant.pk)
    others = {noun: count for user in USERS for noun, count in user(known).items() if count}
    _hold_users(known)
    blueprint = _locked(tenant, blueprint_id, deleting=True)
    users = {
        "devices": Device.objects.filter(tenant=tenant, assigned_blueprint=blueprint).count(),
        "groups": DeviceGroup.objects.filter(tenant=tenant, blueprint=blueprint).count(),
        **others,
    }
    if any(users.values()):
        told = " and ".join(_counted(count, noun) for noun, count in users.items() if count)
        raise BadRequest(
            f"The blueprint {blueprint.name} is assigned to {told}. Take it off there first.", content=users
        )
    audit.record(actor=actor, action="blueprint.deleted", subject=blueprint, details={"name": blueprint.name})
    blueprint.delete()


def _hold_users(blueprint: Blueprint) -> None:
    """What deleting clears: converges and devices before the blueprint, as whoever ends converges does."""
    for rows in (
        Converge.objects.filter(blueprint=blueprint, status__in=Converge.OPEN),
        Device.objects.filter(current_blueprint=blueprint),
    ):
        list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun if count > 1 else noun.removesuffix('s')}"


def _locked(tenant: Tenant, blueprint_id: str | uuid.UUID, *, deleting: bool = False) -> Blueprint:
    """A version that is added leaves devices free to be assigned; deleting does not.

    Locked without its versions: a joined one would be as of before the wait.
    """
    known = get_blueprint(tenant=tenant, blueprint_id=blueprint_id)
    row = Blueprint.objects.select_for_update(no_key=not deleting).filter(pk=known.pk).first()
    if row is None:
        raise NotFound("No blueprint has this id.")  # deleted meanwhile
    return row


def _latest(blueprint: Blueprint) -> BlueprintVersion:
    assert blueprint.latest_version is not None  # each has one from its first moment
    return blueprint.latest_version


def _save(blueprint: Blueprint, *, force_insert: bool = False) -> None:
    """BadRequest for a name that is taken."""
    try:
        blueprint.full_clean(validate_constraints=False)
        with transaction.atomic():
            blueprint.save(force_insert=force_insert)
    except ValidationError as error:
        raise BadRequest("; ".join(error.messages), content=error.message_dict) from None
    except IntegrityError:  # its one rule of that kind
        told = f"another blueprint of this tenant is called {blueprint.name}."
        raise BadRequest(f"name: {told}", content={"name": [told]}) from None


def _add_version(
    blueprint: Blueprint, content: Content, *, publish: bool, actor: Actor, action: str, changed: Iterable[str] = ()
) -> None:
    before = blueprint.latest_version
    major, minor = (before.version_number, before.minor_version_number) if before else (0, 0)
    masked, secrets = split_settings(content["settings"])
    version = BlueprintVersion.objects.create(
        tenant_id=blueprint.tenant_id,
        blueprint=blueprint,
        version_number=major + 1 if publish else major,
        minor_version_number=0 if publish else minor + 1,
        publish=publish,
        name=content["name"],
        description=content["description"],
        comments=content["comments"],
        settings=masked,
        secret_settings=orjson.dumps(secrets) if secrets else None,
        created_by=actor.name,
    )
    blueprint.latest_version = version
    blueprint.published_version = version if publish else blueprint.published_version
    blueprint.save(update_fields=["latest_version", "published_version", "updated_at"])
    details = {"name": version.name, "version": version.number, "changed": list(changed)[:NAMED]}
    audit.record(actor=actor, action=action, subject=blueprint, details=details)
