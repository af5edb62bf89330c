"""Enrolment by Apple's device assignment (ADE): a device in its set-up assistant asks for its profile."""

import structlog
from django.db import transaction
from django.utils import timezone

from config.api.errors import NotFound
from devices.models import Device
from devices.versions import is_older
from onboarding.apple.machine_info import MachineInfo
from onboarding.models import DepDevice, DepProfile
from onboarding.services.enrolment_profiles import TOKEN, new_challenge, signed_profile
from onboarding.services.pinned import RefusedError
from tenants import audit
from tenants.actors import device_actor

log = structlog.get_logger(__name__)

UNKNOWN_PROFILE = "There is no enrolment by this address."


class UpdateRequired(Exception):
    """The device is to update to this version before it enrols."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


def open_dep_profile(token: str) -> DepProfile:
    """NotFound when it is unknown, or was deleted."""
    profile = (
        DepProfile.objects.select_related("tenant").filter(token=token).first() if TOKEN.fullmatch(token) else None
    )
    if profile is None:
        raise NotFound(UNKNOWN_PROFILE)
    return profile


@transaction.atomic
def hand_out_profile(*, profile: DepProfile, info: MachineInfo, source: str) -> bytes:
    """The signed enrolment profile, good for the one device. Each time with a challenge of its own.

    RefusedError when Apple's list does not have the device, UpdateRequired, or Conflict without an APNs certificate.
    """
    listed = _listed(profile, info)
    version = _version_required(profile, info)
    if version:
        log.info("ade_update_required", device=str(listed.device_id), has=info.os_version, needs=version)
        raise UpdateRequired(version)
    challenge = new_challenge(tenant=profile.tenant, dep_profile=profile, serial=listed.serial)
    content = signed_profile(tenant=profile.tenant, challenge=challenge)
    _note_handed_out(listed, profile, info, source)
    return content


def _listed(profile: DepProfile, info: MachineInfo) -> DepDevice:
    """Apple writes serials in capitals; whoever does not means the same device."""
    rows = DepDevice.objects.select_related("device").filter(tenant=profile.tenant, removed_at__isnull=True)
    listed = rows.filter(serial__in={info.serial, info.serial.upper()}).order_by("serial").first()
    if listed is None:
        raise RefusedError(f"the device {info.serial} is not in Apple's list of this organisation")
    return listed


def _version_required(profile: DepProfile, info: MachineInfo) -> str:
    """The lowest version of the profile, if the device has an older one and can be told to update. Blank otherwise."""
    lowest = {
        Device.Os.IOS.value: profile.minimum_os_version,
        Device.Os.IPADOS.value: profile.minimum_os_version,
        Device.Os.MACOS.value: profile.minimum_macos_version,
    }.get(info.os, "")
    return lowest if info.can_update and is_older(info.os_version, lowest) else ""


def _note_handed_out(listed: DepDevice, profile: DepProfile, info: MachineInfo, source: str) -> None:
    """Pushed, as Apple will say of it in the next sync."""
    now, status = timezone.now(), Device.DepProfileStatus.PUSHED
    Device.objects.filter(pk=listed.device_id).update(dep_profile_status=status, dep_profile_push_time=now)
    assigned = DepDevice.objects.filter(pk=listed.pk, profile_status=Device.DepProfileStatus.ASSIGNED)
    assigned.update(profile_status=status, profile_pushed_at=now)
    audit.record(
        actor=device_actor(listed.device_id, source),
        action="device.profile_handed_out",
        subject=listed.device,
        details={"serial": listed.serial, "profile": profile.name, "os_version": info.os_version or info.build},
    )
    log.info("ade_profile_handed_out", device=str(listed.device_id), product=info.product, source=source)
