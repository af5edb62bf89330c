"""Which files may be fetched, and by which device."""

import uuid

from django.db.models import Q

from apps_domain.downloads import ManifestLink, Version
from apps_domain.models import StoredFile, TenantAppVersion, VendorAppRelease
from config.api.errors import Forbidden, NotFound
from devices.models import Device, DeviceState, Platform

NOT_ENROLLED = (DeviceState.UNSPECIFIED, DeviceState.REGISTERED, DeviceState.DISABLED, DeviceState.WIPE_IN_PROGRESS)


def get_stored_file(file_id: uuid.UUID) -> StoredFile:
    """One that a version has; NotFound for all others."""
    row = StoredFile.objects.filter(pk=file_id, state=StoredFile.State.KEPT).first()
    if row is None:
        raise NotFound
    return row


def installable_version(link: ManifestLink) -> Version:
    """The version that a device was told to install.

    NotFound when it is gone, or is not (any more) for the device's tenant; Forbidden when the device is not enrolled
    (any more): removed and blocked devices are in state 20.
    """
    device = Device.objects.filter(pk=link.device_id, platform=Platform.APPLE).only("tenant_id", "state").first()
    rows = link.kind._default_manager.select_related("app", "file", "icon")
    version = rows.filter(pk=link.version_id).first()
    if device is None or version is None or not _is_for(version, device.tenant_id):
        raise NotFound
    if device.state in NOT_ENROLLED:
        raise Forbidden("This device is not enrolled.")
    return version


def _is_for(version: Version, tenant_id: uuid.UUID) -> bool:
    if isinstance(version, TenantAppVersion):
        return version.tenant_id == tenant_id
    return VendorAppRelease.objects.filter(Q(tenant_id=tenant_id) | Q(tenant__isnull=True), version=version).exists()
