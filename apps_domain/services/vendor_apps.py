"""Apps that the operator publishes for tenants: a version added by each file, released, withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from apps_domain.models import StoredFile, VendorApp, VendorAppRelease, VendorAppVersion
from apps_domain.selectors.uses import versions_in_use
from apps_domain.services.builds import ReadBuild, read_stored_build
from apps_domain.services.files import Stored, discard_file, discarding, doom_file, keep_file
from apps_domain.services.tenant_apps import store_icon
from config.api.errors import BadRequest, NotFound
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant


@dataclass(frozen=True)
class Words:
    """What people are told of a version."""

    description: str = ""
    release_notes: str = ""


def publish_version(
    *, stored: Stored, tenants: Sequence[Tenant], actor: Actor, words: Words | None = None
) -> VendorAppVersion:
    """A stored file, for these tenants; for all of them if none is named. BadRequest says what is wrong with it.

    A file that is published already is only released to further tenants. Not in a transaction: reading the file takes
    as long as the storage does.
    """
    with discarding(stored.row):
        build = read_stored_build(stored.row)
        icon = store_icon(build.icon)
        with discarding(icon):
            version = _publish(stored, build, icon, tenants, actor, words or Words())
    for file in filter(None, (stored.row, icon)):
        if version.file_id != stored.row.pk:
            discard_file(file=file)
    return version


@transaction.atomic
def _publish(
    stored: Stored, build: ReadBuild, icon: StoredFile | None, tenants: Sequence[Tenant], actor: Actor, words: Words
) -> VendorAppVersion:
    app, _ = VendorApp.objects.select_for_update().get_or_create(
        platform=build.platform, package_name=build.package_name, defaults={"app_name": build.facts["app_name"]}
    )
    known = app.versions.select_for_update(of=("self",)).select_related("app", "file").filter(**build.key).first()
    if known is not None:
        _require_same(known, stored, build)
        return _released(known, tenants, actor)
    version = VendorAppVersion.objects.create(
        app=app,
        file=stored.row,
        icon=icon,
        chunk_hashes=stored.chunk_hashes,
        created_by=actor.name,
        updated_by=actor.name,
        description=words.description,
        release_notes=words.release_notes,
        **build.facts,
    )
    for file in filter(None, (stored.row, icon)):
        keep_file(file=file)
    VendorApp.objects.filter(pk=app.pk).update(app_name=version.app_name)
    _record("vendor_app_version.published", version, actor, sha256=stored.row.sha256)
    return _released(version, tenants, actor)


def _require_same(known: VendorAppVersion, stored: Stored, build: ReadBuild) -> None:
    if known.file.sha256 != stored.row.sha256:
        number = f"{known.version_name} ({known.build_number})"
        raise BadRequest(
            f"The app was not published. Version {number} of {build.package_name} is published already, from another "
            f"file: raise its {build.number_name} and build it again, or withdraw that "
            "version first."
        )


def release_version(*, version: VendorAppVersion, tenants: Sequence[Tenant], actor: Actor) -> VendorAppVersion:
    """For further tenants; for all of them if none is named. BadRequest if all of these have it."""
    with transaction.atomic():
        _lock(version)
        return _released(version, tenants, actor)


def _released(version: VendorAppVersion, tenants: Sequence[Tenant], actor: Actor) -> VendorAppVersion:
    """The version's app, or the version, is locked."""
    held = set(version.releases.values_list("tenant_id", flat=True))
    wanted: list[Tenant | None] = list(dict.fromkeys(tenants)) or [None]
    new = [] if None in held else [tenant for tenant in wanted if (tenant and tenant.pk) not in held]
    if not new:
        raise BadRequest(f"{version} is published for {'these' if tenants and None not in held else 'all'} already.")
    VendorAppRelease.objects.bulk_create(VendorAppRelease(version=version, tenant=tenant) for tenant in new)
    for tenant in new:
        _record("vendor_app_version.released", version, actor, tenant)
    return version


@transaction.atomic
def withdraw_version(*, version: VendorAppVersion, actor: Actor, tenants: Sequence[Tenant] = ()) -> None:
    """From these tenants, or altogether if none is named: then it is deleted, and its file after the transaction.

    BadRequest while something needs it. Devices that have it keep it, and the app stays, even without versions.
    """
    _lock(version)
    uses = versions_in_use(version)
    if uses:
        raise BadRequest(
            f"This version is in use by {', '.join(uses)}. Take it out there first.", content={"uses": uses}
        )
    if tenants:
        _take_back(version, tenants, actor)
        return
    _record("vendor_app_version.withdrawn", version, actor)
    VendorAppVersion.objects.filter(pk=version.pk).delete()
    for file_id in filter(None, (version.file_id, version.icon_id)):
        doom_file(file_id=file_id)


def _take_back(version: VendorAppVersion, tenants: Sequence[Tenant], actor: Actor) -> None:
    releases = {release.tenant_id: release for release in version.releases.all()}
    for tenant in tenants:
        if tenant.pk not in releases:
            why = "It is published for all tenants: withdraw it altogether, and publish it for the others again."
            raise BadRequest(
                f"{version} is not published for {tenant} by itself. {why if None in releases else ''}".strip()
            )
        releases[tenant.pk].delete()
        _record("vendor_app_version.taken_back", version, actor, tenant)


def _lock(version: VendorAppVersion) -> None:
    if not VendorAppVersion.objects.select_for_update().filter(pk=version.pk).exists():
        raise NotFound("This version was withdrawn meanwhile.")


def _record(action: str, version: VendorAppVersion, actor: Actor, tenant: Tenant | None = None, **more: str) -> None:
    told = {"package_name": version.app.package_name, "version": str(version), **more}
    audit.record(actor=actor, action=action, subject=version, tenant=tenant, details=told)
