"""Profiles of a tenant's devices: made, changed, chosen. Workers tell Apple, see `assigning`."""

import re
import uuid
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from config.api.errors import BadRequest, Conflict, NotFound
from onboarding.apple.setup_panes import ALL_PANES
from onboarding.models import DepDevice, DepProfile, DepServer
from onboarding.services.dep.device_rows import lock_devices
from tenants import audit
from tenants.actors import SYSTEM, Actor
from tenants.models import Tenant
from tenants.texts import require_one_line

ASSIGNER = Actor(SYSTEM.kind, "DEP profiles")
DEFAULT_NAME = "Default"
LANGUAGE = re.compile(r"([a-z]{2,3}(-[A-Za-z]{2,8})?)?")
REGION = re.compile(r"([A-Z]{2})?")
VERSION = re.compile(r"([0-9]{1,3}(\.[0-9]{1,3}){0,3})?")
TEXTS = ("name", "department", "support_phone_number", "support_email_address")
SETTINGS = (
    *TEXTS, "is_default", "group", "show_setup_items", "auto_advance_setup", "is_supervised", "is_mandatory",
    "is_mdm_removable", "allow_pairing", "await_device_configured", "language", "region", "minimum_os_version",
    "minimum_macos_version",
)  # fmt: skip


def create_dep_profile(*, tenant: Tenant, actor: Actor, name: str = "", **told: Any) -> DepProfile:
    """The tenant's default from now on, unless told otherwise. `told`: settings of the profile."""
    number = DepProfile.objects.filter(tenant=tenant).count() + 1
    profile = DepProfile(tenant=tenant, **{"name": name or f"Profile {number}", "is_default": True, **told})
    return save_profile(profile=profile, actor=actor)


@transaction.atomic
def save_profile(*, profile: DepProfile, actor: Actor) -> DepProfile:
    """Stores what the instance says, new or not; Apple is told soon, and its devices are given it.

    Its being the default takes that from the one before. BadRequest for what Apple would not take, for another
    tenant's group, and for leaving the tenant without a default.
    """
    _hold(profile.tenant_id)
    before = DepProfile.objects.filter(pk=profile.pk).first()
    if before is None and not profile._state.adding:
        raise NotFound("No DEP profile has this id.")
    _tidy(profile)
    _require_default(profile)
    others = DepProfile.objects.filter(tenant=profile.tenant_id, is_default=True).exclude(pk=profile.pk)
    if profile.is_default:
        others.update(is_default=False)
    profile.updated_by = actor.name
    if before is None:
        profile.created_by = actor.name
    _check(profile)
    profile.save(force_insert=before is None, force_update=before is not None)
    changed = sorted(SETTINGS if before is None else _differing(before, profile))
    action = "dep_profile.created" if before is None else "dep_profile.changed"
    audit.record(actor=actor, action=action, subject=profile, details={"name": profile.name, "settings": changed})
    assign_soon(profile.tenant_id)
    return profile


@transaction.atomic
def delete_profile(*, profile: DepProfile, actor: Actor) -> None:
    """Its devices and servers go by the tenant's default. Conflict for the default itself."""
    _hold(profile.tenant_id)
    lock_devices(list(DepDevice.objects.filter(own_profile=profile.pk).values_list("device_id", flat=True)))
    row = DepProfile.objects.select_for_update().filter(pk=profile.pk).first()
    if row is None:
        raise NotFound("No DEP profile has this id.")
    if row.is_default:
        raise Conflict("This profile is the default. Make another one the default first.")
    audit.record(actor=actor, action="dep_profile.deleted", subject=row, details={"name": row.name})
    row.delete()
    assign_soon(row.tenant_id)


def default_profile(tenant: Tenant) -> DepProfile:
    """Made if there is none: no pane is shown."""
    found = DepProfile.objects.filter(tenant=tenant, is_default=True).first()
    if found is not None:
        return found
    with transaction.atomic():
        _hold(tenant.pk)
        found = DepProfile.objects.filter(tenant=tenant, is_default=True).first()
        return found or create_dep_profile(tenant=tenant, actor=ASSIGNER, name=DEFAULT_NAME)


@transaction.atomic
def choose_for_server(*, server: DepServer, profile: DepProfile | None, actor: Actor) -> None:
    """For its devices from now on; None: the tenant's default. BadRequest for a profile that is gone, or another's."""
    _hold(server.tenant_id)
    _require_there(server.tenant_id, profile)
    DepServer.objects.filter(pk=server.pk).update(profile=profile)
    details = {"profile": profile.name if profile else ""}
    audit.record(actor=actor, action="dep_server.profile_chosen", subject=server, details=details)
    assign_soon(server.tenant_id)


@transaction.atomic
def choose_for_devices(
    *, tenant: Tenant, device_ids: Collection[uuid.UUID], profile: DepProfile | None, actor: Actor
) -> int:
    """Instead of their server's; None: that again. Ids of DepDevice rows; how many were changed.

    BadRequest for a profile that is gone, or another's.
    """
    _hold(tenant.pk)
    _require_there(tenant.pk, profile)
    rows = DepDevice.objects.filter(tenant=tenant, pk__in=device_ids)
    lock_devices(list(rows.values_list("device_id", flat=True)))
    has_it = Q(own_profile=profile) if profile else Q(own_profile=None)
    throttled = When(assign_result=DepDevice.Result.THROTTLED, then=F("assign_not_before"))  # Apple said how long
    changed = rows.exclude(has_it).update(own_profile=profile, assign_not_before=Case(throttled))
    details = {"profile": profile.name if profile else "", "devices": changed}
    audit.record(actor=actor, action="dep_devices.profile_chosen", subject=tenant, tenant=tenant, details=details)
    assign_soon(tenant.pk)
    return changed


def assign_soon(tenant_id: uuid.UUID) -> None:
    """By the next sweep: what is wanted at the tenant's servers may differ from what Apple has."""
    now = timezone.now()
    DepServer.objects.filter(tenant=tenant_id).update(assign_due_at=Least(Coalesce("assign_due_at", now), now))


def _hold(tenant_id: uuid.UUID) -> None:
    """One at a time: there is one default, no profile goes while it is chosen, and each touches all servers."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def _tidy(profile: DepProfile) -> None:
    for name in TEXTS:
        setattr(profile, name, getattr(profile, name).strip())
    if isinstance(profile.show_setup_items, list):
        known = {pane: number for number, pane in enumerate(ALL_PANES)}
        profile.show_setup_items.sort(key=lambda pane: known.get(pane, -1) if isinstance(pane, str) else -1)


def _require_default(profile: DepProfile) -> None:
    others = DepProfile.objects.filter(tenant=profile.tenant_id, is_default=True).exclude(pk=profile.pk)
    if not profile.is_default and not others.exists():
        _refuse("is_default", "One profile has to be the default. Make another one the default instead.")


def _check(profile: DepProfile) -> None:
    require_one_line(**{name: getattr(profile, name) for name in TEXTS})
    panes = profile.show_setup_items
    if not isinstance(panes, list) or not all(isinstance(pane, str) for pane in panes):
        _refuse("show_setup_items", "It must be a list of names.")
    if unknown := [pane for pane in panes if pane not in ALL_PANES]:
        _refuse("show_setup_items", f"No pane is called {unknown[0][:60]!r}.")
    if len(set(panes)) != len(panes):
        _refuse("show_setup_items", "A pane is named twice.")
    if not profile.is_supervised and not profile.is_mdm_removable:
        _refuse("is_mdm_removable", "Apple lets management be fixed on supervised devices only.")
    if not LANGUAGE.fullmatch(profile.language):
        _refuse("language", "It must be a code of ISO 639, such as en.")
    if not REGION.fullmatch(profile.region):
        _refuse("region", "It must be a code of ISO 3166-1 in capitals, such as US.")
    for name in ("minimum_os_version", "minimum_macos_version"):
        if not VERSION.fullmatch(getattr(profile, name)):
            _refuse(name, "It must be a version, such as 26.1.")
    if profile.group is not None and profile.group.tenant_id != profile.tenant_id:
        raise BadRequest("The tenant has no such object.")
    try:
        profile.full_clean()
    except ValidationError as error:
        fields = error.message_dict
        name, messages = next(iter(fields.items()))
        raise BadRequest(f"{name}: {messages[0]}", content=dict(fields)) from None


def _refuse(name: str, told: str) -> None:
    raise BadRequest(f"{name}: {told}", content={name: [told]})


def _require_there(tenant_id: uuid.UUID, profile: DepProfile | None) -> None:
    if profile is not None and not DepProfile.objects.filter(tenant=tenant_id, pk=profile.pk).exists():
        raise BadRequest("The tenant has no such profile. It may have been deleted meanwhile.")


def _differing(before: DepProfile, after: DepProfile) -> list[str]:
    return [name for name in SETTINGS if getattr(before, name) != getattr(after, name)]
