"""A tenant's own apps: a version added by each upload, described, deleted."""

from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps_domain.models import StoredFile, TenantApp, TenantAppVersion
from apps_domain.reading.errors import UnreadableAppError
from apps_domain.reading.ipa import Ipa, read_ipa
from apps_domain.selectors.tenant_apps import get_tenant_app_version
from apps_domain.selectors.uses import versions_in_use
from apps_domain.services.files import Stored, discarding, doom_file, keep_file, store_file
from apps_domain.storage import app_storage
from config.api.errors import BadRequest, NotFound
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant

log = structlog.get_logger(__name__)

MAX_ICON = 4 * 1024 * 1024


def add_tenant_app_version(*, tenant: Tenant, stored: Stored, actor: Actor) -> TenantAppVersion:
    """An uploaded IPA as a new version of its app, which is made with its first one. BadRequest says what is wrong
    with the file, or that this build is there already; the file is gone then.

    Not in a transaction: reading the file takes as long as the storage does.
    """
    with discarding(stored.row):
        ipa = read_stored_ipa(stored.row)
        icon = store_icon(ipa.icon)
        with discarding(icon):
            return _add(tenant, stored, ipa, icon, actor)


def read_stored_ipa(row: StoredFile) -> Ipa:
    with app_storage().read(row.name) as file:
        try:
            return read_ipa(file)
        except UnreadableAppError as error:
            log.info("app_refused", reason=str(error), size=row.size)
            raise BadRequest(f"The app was not stored. {error}") from None


def store_icon(icon: bytes | None) -> StoredFile | None:
    return store_file(chunks=[icon], suffix=".png", limit=MAX_ICON).row if icon else None


def facts_of(ipa: Ipa) -> dict[str, Any]:
    """The columns of a `Build` that are read from its file."""
    signing = ipa.signing
    told = (
        {
            "name": signing.name,
            "team": signing.team,
            "team_id": signing.team_id,
            "kind": signing.kind,
            "devices": signing.devices,
            "udids": list(signing.udids),
            "expires_at": signing.expires_at.isoformat(),
        }
        if signing
        else {}
    )
    return {
        "app_name": ipa.name,
        "version_name": ipa.version,
        "build_number": ipa.build,
        "min_os_version": ipa.min_os_version,
        "device_family": list(ipa.device_family),
        "signing": told,
        "signing_expires_at": signing.expires_at if signing else None,
    }


@transaction.atomic
def _add(tenant: Tenant, stored: Stored, ipa: Ipa, icon: StoredFile | None, actor: Actor) -> TenantAppVersion:
    app = _app(tenant, ipa, actor)
    version = TenantAppVersion(
        tenant=tenant,
        app=app,
        file=stored.row,
        icon=icon,
        chunk_hashes=stored.chunk_hashes,
        created_by=actor.name,
        updated_by=actor.name,
        **facts_of(ipa),
    )
    try:
        with transaction.atomic():
            version.save(force_insert=True)
    except IntegrityError:
        raise BadRequest(_known(ipa)) from None
    for file in filter(None, (stored.row, icon)):
        keep_file(file=file)
    _record("tenant_app_version.created", version, actor, sha256=stored.row.sha256)
    return version


def _app(tenant: Tenant, ipa: Ipa, actor: Actor) -> TenantApp:
    """The app of this bundle identifier, locked, named as its newest version."""
    key = {"tenant": tenant, "platform": TenantApp.Platform.APPLE, "package_name": ipa.bundle_id}
    first = {"app_name": ipa.name, "created_by": actor.name, "updated_by": actor.name}
    app, made = TenantApp.objects.select_for_update().get_or_create(**key, defaults=first)
    if not made:
        app.app_name, app.updated_by, app.updated_at = ipa.name, actor.name, timezone.now()
        app.save(update_fields=["app_name", "updated_by", "updated_at"])
    return app


def _known(ipa: Ipa) -> str:
    number = f"{ipa.version} ({ipa.build})" if ipa.version else ipa.build
    return (
        f"The app was not stored. Version {number} of {ipa.bundle_id} is stored already: raise its build number "
        "(CFBundleVersion) and export it again, or delete that version first."
    )


@transaction.atomic
def describe_tenant_app_version(
    *, tenant: Tenant, app_id: str, version_id: str, actor: Actor, description: str | None = None
) -> TenantAppVersion:
    """Without a description nothing changes."""
    version = _locked(tenant, app_id, version_id)
    if description is None:
        return version
    version.description, version.updated_by, version.updated_at = description, actor.name, timezone.now()
    version.save(update_fields=["description", "updated_by", "updated_at"])
    audit.record(actor=actor, action="tenant_app_version.described", subject=version)
    return version


@transaction.atomic
def delete_tenant_app_version(*, tenant: Tenant, app_id: str, version_id: str, actor: Actor) -> TenantAppVersion:
    """The version as it was; its file goes after the transaction. BadRequest while something needs it.

    Devices that have it keep it, and the app stays, even without versions.
    """
    version = _locked(tenant, app_id, version_id)
    uses = versions_in_use(version)
    if uses:
        raise BadRequest(
            f"This version is in use by {', '.join(uses)}. Take it out there first.", content={"uses": uses}
        )
    key = version.pk
    version.delete()
    version.pk = key
    for file in filter(None, (version.file, version.icon)):
        doom_file(file_id=file.pk)
    _record("tenant_app_version.deleted", version, actor)
    return version


def _record(action: str, version: TenantAppVersion, actor: Actor, **more: str) -> None:
    told = {"package_name": version.app.package_name, "version": str(version), **more}
    audit.record(actor=actor, action=action, subject=version, details=told)


def _locked(tenant: Tenant, app_id: str, version_id: str) -> TenantAppVersion:
    version = get_tenant_app_version(tenant=tenant, app_id=app_id, version_id=version_id)
    if not TenantAppVersion.objects.select_for_update().filter(pk=version.pk).exists():
        raise NotFound("No version of this app has this id.")  # deleted meanwhile
    return version
