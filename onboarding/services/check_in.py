"""The life of an Apple enrolment: Authenticate resets it, TokenUpdate enables it, CheckOut ends it.

A renewed identity also comes with an Authenticate, but keeps its place: that it renews is known since its issue. The
old identity stays good until the new one is first used for more than that, as a device may lose its way in between.
"""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps_domain.services.device_apps import leave_device
from commands.apple.app_lists import forget_lists
from commands.apple.declared import forget_declarations
from commands.models import AppleEnrolment, CommandRequest, Converge
from commands.models.status import DELIVERABLE
from commands.services.converges.creation import create_converges
from commands.services.enrolments import disable_enrolments
from commands.services.queue import clear_queue
from commands.services.requests import create_command_request
from devices.models import Device, DeviceState
from devices.services.apple_inventory import forget_managed
from devices.services.apple_reports import flag, text
from devices.services.devices import change_state
from devices.services.inventory import note_asked
from onboarding.apple.messages import EnrolmentIds, MalformedMessageError, data, read_ids
from onboarding.models import DepProfile, EnrolmentProfile, IdentityCertificate
from onboarding.services.apple_devices import enrolling_device
from onboarding.services.pinned import RefusedError, own_enrolment, pinned_enrolment
from tenants import audit
from tenants.actors import SYSTEM, device_actor
from tenants.sealing import SealError

Channel = AppleEnrolment.Channel


@transaction.atomic
def authenticate(*, certificate_sha256: str, message: dict[str, Any], source: str) -> None:
    """First contact of a new enrolment, a repeated one, or a renewed identity. May come twice."""
    ids = read_ids(message)
    identity = _identity(certificate_sha256)
    _one_at_a_time(identity, ids)
    enrolment = (
        AppleEnrolment.objects.select_for_update(of=("self",), no_key=True)
        .filter(tenant=identity.tenant, enrolment_id=ids.device, channel=Channel.DEVICE)
        .first()
    )
    if identity.enrolment_id is not None:
        _check_pin(identity, enrolment)
        if enrolment is not None and not enrolment.is_enabled:
            return  # our answer to the same message got lost
    if identity.renews_id is None:
        _enrol(enrolment, identity, ids, message, source)
    elif enrolment is None or enrolment.pk != identity.renews_id or not enrolment.is_enabled:
        raise RefusedError("the certificate renews another enrolment, or one that has ended")


def _identity(certificate_sha256: str) -> IdentityCertificate:
    """Issued here; read anew under the lock of its row, as two connections may use it at once."""
    identity = (
        IdentityCertificate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("tenant", "challenge__profile__group", "challenge__dep_profile__group")
        .filter(sha256=certificate_sha256)
        .first()
    )
    if identity is None:
        raise RefusedError("the certificate was not issued here")
    return identity


def _check_pin(identity: IdentityCertificate, enrolment: AppleEnrolment | None) -> None:
    """A certificate serves one enrolment, until another takes its place or the enrolment ends."""
    if enrolment is None or enrolment.pk != identity.enrolment_id:
        raise RefusedError("the certificate belongs to another enrolment")
    if enrolment.certificate_sha256 != identity.sha256:
        raise RefusedError("the certificate was replaced by another")
    if not enrolment.is_authenticated:
        raise RefusedError("the enrolment has ended; it takes a new profile to come back")


def _one_at_a_time(identity: IdentityCertificate, ids: EnrolmentIds) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{identity.tenant_id}/{ids.device}"])


def _enrol(
    enrolment: AppleEnrolment | None,
    identity: IdentityCertificate,
    ids: EnrolmentIds,
    message: dict[str, Any],
    source: str,
) -> None:
    way = _way_in(identity, message)
    device = enrolling_device(
        tenant=identity.tenant, ids=ids, message=message, group=way.group if way else None, source=_source(way)
    )
    if enrolment is not None and enrolment.device_id != device.pk:
        _give_up(enrolment, device, source)
    before = AppleEnrolment.objects.filter(device=device, channel=Channel.DEVICE).first()
    if before is not None:
        # What is scheduled for later is meant for the device whoever has it by then.
        clear_queue(device=device, reason="The device was enrolled anew.", states=DELIVERABLE)
        disable_enrolments(device.pk)
        leave_device(device)
    forget_managed(device.pk)
    forget_lists(device.pk)
    forget_declarations(device.pk)
    row = before or AppleEnrolment(tenant=identity.tenant)
    row.device = device
    row.enrolment_id = ids.device
    row.topic = text(message.get("Topic"))
    row.certificate_sha256 = identity.sha256
    row.authenticated_at = timezone.now()
    row.enabled_at = row.blocked_at = row.checked_out_at = row.wake_at = row.pushed_at = None
    row.push_token = row.push_magic = row.unlock_token = row.bootstrap_token = None
    row.push_token_dead_at, row.push_failures, row.push_error = None, 0, ""
    row.awaiting_configuration, row.release_sent_at = _awaits(message, way), None
    row.token_updates = 0
    row.save()
    identity.enrolment = row
    identity.save(update_fields=["enrolment"])
    audit.record(
        actor=device_actor(device.pk, source),
        action="device.enrolling",
        subject=device,
        details={"serial": device.serial, "profile": way.name if way else ""},
    )


def _way_in(identity: IdentityCertificate, message: dict[str, Any]) -> EnrolmentProfile | DepProfile | None:
    """The link or DEP profile that it came by. RefusedError if the profile was handed out to another device."""
    challenge = identity.challenge
    if challenge is None:
        return None
    serial = text(message.get("SerialNumber"), 128)
    if challenge.serial and serial.upper() != challenge.serial.upper():
        raise RefusedError("the enrolment profile was handed out to the device with another serial number")
    return challenge.profile or challenge.dep_profile


def _source(way: EnrolmentProfile | DepProfile | None) -> Device.Source:
    return Device.Source.ABM if isinstance(way, DepProfile) else Device.Source.NON_ABM


def _awaits(message: dict[str, Any], way: EnrolmentProfile | DepProfile | None) -> bool | None:
    """A device that came by a profile that has it wait does so before it says it; TokenUpdate tells."""
    told = flag(message.get("AwaitingConfiguration"))
    return True if told is None and isinstance(way, DepProfile) and way.await_device_configured else told


def _give_up(enrolment: AppleEnrolment, device: Device, source: str) -> None:
    """Its UDID has moved into another device, with the main board: the enrolment of the one that had it is over."""
    loser = enrolment.device
    clear_queue(device=loser, reason=f"The device's UDID is now that of {device.serial or device.pk}.")
    Device.objects.filter(pk=loser.pk).update(state=DeviceState.DISABLED, updated_at=timezone.now())
    AppleEnrolment.objects.filter(device=loser).delete()
    audit.record(actor=device_actor(device.pk, source), action="device.udid_moved", subject=loser)


@transaction.atomic
def token_update(*, certificate_sha256: str, message: dict[str, Any], source: str) -> None:
    """How to wake the device. The first one after Authenticate finishes the enrolment."""
    ids = read_ids(message)
    enrolment = own_enrolment(certificate_sha256, ids)
    if ids.user:
        _user_token_update(enrolment, ids, message)
        return
    finishing = enrolment.token_updates == 0
    enrolment.token_updates += 1
    enrolment.enabled_at = enrolment.enabled_at or timezone.now()
    awaiting = flag(message.get("AwaitingConfiguration"))
    enrolment.awaiting_configuration = enrolment.awaiting_configuration if awaiting is None else awaiting
    _take_tokens(enrolment, message)
    enrolment.save()
    if finishing:
        _finish(enrolment, source)


def _take_tokens(enrolment: AppleEnrolment, message: dict[str, Any]) -> None:
    """An unlock token that is not repeated is still the old one, and is not opened for that."""
    token, magic = data(message, "Token"), text(message.get("PushMagic"))
    if not token or not magic:
        raise MalformedMessageError("TokenUpdate carries no Token or no PushMagic")
    enrolment.push_token, enrolment.push_magic = token, magic
    unlock_token = data(message, "UnlockToken")
    if unlock_token:
        enrolment.unlock_token = unlock_token
    enrolment.topic = text(message.get("Topic")) or enrolment.topic
    enrolment.push_token_dead_at, enrolment.push_failures, enrolment.push_error = None, 0, ""


def _user_token_update(device_channel: AppleEnrolment, ids: EnrolmentIds, message: dict[str, Any]) -> None:
    row = AppleEnrolment.objects.filter(tenant_id=device_channel.tenant_id, enrolment_id=ids.channel_id).first()
    row = row or AppleEnrolment(tenant_id=device_channel.tenant_id, enrolment_id=ids.channel_id, channel=Channel.USER)
    row.device_id = device_channel.device_id
    row.user_id, row.user_name = ids.user, ids.user_name
    row.certificate_sha256 = device_channel.certificate_sha256
    row.token_updates += 1
    row.enabled_at = row.enabled_at or timezone.now()
    _take_tokens(row, message)
    row.save()


def _finish(enrolment: AppleEnrolment, source: str) -> None:
    """Once per enrolment: the device is active, and is brought to its blueprint; if it has none, asked about itself.

    What brings it there asks it first.
    """
    device = Device.objects.select_related("tenant").get(pk=enrolment.device_id)
    change_state([device.pk], DeviceState.ONBOARDING_IN_PROGRESS, DeviceState.ACTIVE)
    Device.objects.filter(pk=device.pk).update(provisioned_on=timezone.now())
    audit.record(
        actor=device_actor(device.pk, source), action="device.enrolled", subject=device, details={"name": device.name}
    )
    begun = create_converges(
        tenant=device.tenant, actor=SYSTEM, device_ids=[device.pk], provision=True, cause=Converge.Cause.ENROLMENT
    )
    if begun:
        return
    create_command_request(
        tenant=device.tenant,
        actor=SYSTEM,
        command="DEVICE_INFORMATION",
        command_type=CommandRequest.CommandType.DEVICE,
        devices=[device.pk],
        is_internal=True,
    )
    note_asked([device.pk])


@transaction.atomic
def check_out(*, certificate_sha256: str, message: dict[str, Any], source: str) -> None:
    """The profile was removed on the device. A user's channel ends alone, the device's takes all with it."""
    ids = read_ids(message)
    enrolment = pinned_enrolment(certificate_sha256, ids)
    now = timezone.now()
    if ids.user:
        AppleEnrolment.objects.filter(tenant_id=enrolment.tenant_id, enrolment_id=ids.channel_id).update(
            enabled_at=None, checked_out_at=now, updated_at=now
        )
        return
    AppleEnrolment.objects.filter(pk=enrolment.pk).update(checked_out_at=now)
    if not enrolment.is_authenticated:
        return  # said twice, or removed by us before
    device = Device.objects.get(pk=enrolment.device_id)
    disable_enrolments(device.pk)
    clear_queue(device=device, reason="The device removed its management.")
    forget_managed(device.pk)
    forget_lists(device.pk)
    forget_declarations(device.pk)
    leave_device(device)
    Device.objects.filter(pk=device.pk).update(state=DeviceState.DISABLED, updated_at=now)
    audit.record(actor=device_actor(device.pk, source), action="device.checked_out", subject=device)


@transaction.atomic
def set_bootstrap_token(*, certificate_sha256: str, message: dict[str, Any], source: str) -> None:
    """Kept for the Mac; a message without one takes it back."""
    enrolment = own_enrolment(certificate_sha256, read_ids(message))
    enrolment.bootstrap_token = data(message, "BootstrapToken") or None
    enrolment.save(update_fields=["bootstrap_token", "updated_at"])


def get_bootstrap_token(*, certificate_sha256: str, message: dict[str, Any]) -> bytes:
    """What was kept, empty if nothing was, or if it cannot be opened: a Mac does without rather than ask for ever."""
    with transaction.atomic():
        enrolment = own_enrolment(certificate_sha256, read_ids(message))
    try:
        return bytes(enrolment.bootstrap_token or b"")
    except SealError:
        return b""
