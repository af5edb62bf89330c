"""From one request to a row per device: which devices, in slices, killed and run again, twice at once."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from commands.services import fan_out as module
from commands.services.fan_out import fan_out
from commands.services.refusals import DISABLED
from commands.services.requests import create_command_request
from config.api.errors import BadRequest
from devices.models import Device, DeviceGroup, DeviceState
from tenants.models import Tenant
from tests.factories.commands import CommandRequestFactory
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, seen, some_devices
from tests.factories.tenants import ACTOR

Type = CommandRequest.CommandType


def request_for(tenant: Tenant, **options: Any) -> CommandRequest:
    request: CommandRequest = CommandRequestFactory(tenant=tenant, **{"fanned_out_at": None, **options})
    return request


def for_devices(*devices: Device, **options: Any) -> CommandRequest:
    return request_for(devices[0].tenant, devices=[device.pk for device in devices], **options)


def for_groups(*groups: DeviceGroup, **options: Any) -> CommandRequest:
    return request_for(groups[0].tenant, command_type=Type.GROUP, groups=[group.pk for group in groups], **options)


def reached(request: CommandRequest) -> set[uuid.UUID]:
    return set(CommandStatus.objects.filter(request=request).values_list("device", flat=True))


# --- which devices ------------------------------------------------------------------------------------------------


def test_every_named_device_gets_one_queued_row(tenant: Tenant) -> None:
    devices = some_devices(3, tenant=tenant)
    request = for_devices(*devices)

    fan_out(request.pk)

    rows = CommandStatus.objects.filter(request=request)
    assert {row.device_id for row in rows} == {device.pk for device in devices}
    assert {(row.state, row.not_before, row.tenant_id) for row in rows} == {
        (State.QUEUED, request.created_at, tenant.pk)
    }


def test_a_group_means_its_subgroups_too(tenant: Tenant) -> None:
    top = DeviceGroupFactory(tenant=tenant)
    below = DeviceGroupFactory(tenant=tenant, parent=DeviceGroupFactory(tenant=tenant, parent=top))
    devices = [DeviceFactory(tenant=tenant, group=group) for group in (top, below)]
    DeviceFactory(tenant=tenant, group=DeviceGroupFactory(tenant=tenant))
    DeviceFactory(tenant=tenant)
    request = for_groups(top)

    fan_out(request.pk)

    assert reached(request) == {device.pk for device in devices}


def test_a_device_named_and_in_a_group_gets_one_row(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    device = DeviceFactory(tenant=tenant, group=group)
    request = request_for(tenant, command_type=Type.DYNAMIC, devices=[device.pk], groups=[group.pk])

    fan_out(request.pk)

    assert CommandStatus.objects.count() == 1


def test_devices_of_another_tenant_are_never_reached(tenant: Tenant, other_tenant: Tenant) -> None:
    ours = DeviceGroupFactory(tenant=tenant)
    theirs = DeviceFactory(tenant=other_tenant, group=DeviceGroupFactory(tenant=other_tenant, parent=ours))
    request = request_for(tenant, command_type=Type.DYNAMIC, devices=[theirs.pk], groups=[ours.pk, theirs.group_id])

    fan_out(request.pk)

    request.refresh_from_db()
    assert reached(request) == set()
    assert request.reason == "No device matches."


@pytest.mark.parametrize(("device_type", "expected"), [("active", {"now"}), ("inactive", {"long ago", "never"})])
def test_device_type_goes_by_when_it_was_seen(tenant: Tenant, device_type: str, expected: set[str]) -> None:
    devices = {name: DeviceFactory(tenant=tenant, name=name) for name in ("now", "long ago", "never")}
    seen(devices["now"])
    seen(devices["long ago"], dt.timedelta(hours=25))
    request = for_devices(*devices.values(), device_type=device_type)

    fan_out(request.pk)

    assert {Device.objects.get(pk=pk).name for pk in reached(request)} == expected


def test_presence_counts_as_it_was_when_the_request_was_made(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant)
    seen(device, dt.timedelta(hours=23))
    request = for_devices(device, device_type="active", created_at=timezone.now() - dt.timedelta(hours=3))

    fan_out(request.pk)

    assert reached(request) == {device.pk}


def test_removed_devices_are_left_out_of_groups_and_refused_by_name(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    removed = DeviceFactory(tenant=tenant, group=group, state=DeviceState.DISABLED)
    by_group, by_name = for_groups(group), for_devices(removed)

    for request in (by_group, by_name):
        fan_out(request.pk)

    assert reached(by_group) == set()
    row = CommandStatus.objects.get(request=by_name)
    assert (row.state, row.reason) == (State.FAILURE, DISABLED)


def test_a_deleted_device_has_no_row(tenant: Tenant) -> None:
    gone, kept = some_devices(2, tenant=tenant)
    request = for_devices(gone, kept)
    kept_id = kept.pk
    gone.delete()

    fan_out(request.pk)

    assert reached(request) == {kept_id}


# --- refusals -----------------------------------------------------------------------------------------------------


def test_what_a_platform_cannot_carry_fails_with_the_reason(tenant: Tenant) -> None:
    apple, android = DeviceFactory(tenant=tenant), AndroidFactory(tenant=tenant)
    request = for_devices(apple, android, command="DEVICE_INFORMATION")

    fan_out(request.pk)

    request.refresh_from_db()
    row = CommandStatus.objects.get(device=android)
    assert (row.state, row.reason) == (State.FAILURE, "command not supported on ANDROID: DEVICE_INFORMATION")
    assert CommandStatus.objects.get(device=apple).state == State.QUEUED
    assert request.reason == f"1 of 2 devices cannot be given the command: {row.reason}"


def test_a_device_that_answered_with_an_error_meanwhile_is_not_counted_as_refused(tenant: Tenant) -> None:
    first, second = sorted(some_devices(2, tenant=tenant), key=lambda device: device.pk)
    request = for_devices(first, second)
    CommandStatus.objects.create(
        tenant=tenant,
        request=request,
        device=first,
        state=State.FAILURE,
        reason="The device said no.",
        not_before=request.created_at,
        sent_at=timezone.now(),
    )

    fan_out(request.pk)

    request.refresh_from_db()
    assert request.reason == ""


# --- slices -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7])
def test_slices_add_up(tenant: Tenant, settings: Settings, count: int) -> None:
    settings.FAN_OUT_SLICE = 3
    group = DeviceGroupFactory(tenant=tenant)
    devices = some_devices(count, tenant=tenant, group=group)
    request = for_groups(group)

    fan_out(request.pk)

    request.refresh_from_db()
    assert reached(request) == {device.pk for device in devices}
    assert request.fanned_out_at is not None


def test_a_killed_fan_out_goes_on_behind_its_last_slice(tenant: Tenant, settings: Settings) -> None:
    settings.FAN_OUT_SLICE = 2
    devices = sorted(some_devices(5, tenant=tenant), key=lambda device: device.pk)
    request = for_devices(*devices)
    module._fan_out_slice(request.pk)  # and then it was killed

    request.refresh_from_db()
    assert (request.fan_out_cursor, request.fanned_out_at) == (devices[1].pk, None)
    fan_out(request.pk)

    assert CommandStatus.objects.filter(request=request).count() == 5


def test_running_twice_changes_nothing(tenant: Tenant) -> None:
    request = for_devices(*some_devices(2, tenant=tenant))
    fan_out(request.pk)
    before = list(CommandStatus.objects.order_by("pk").values())

    fan_out(request.pk)
    CommandRequest.objects.update(fanned_out_at=None, fan_out_cursor=None)  # as if its end had been lost
    fan_out(request.pk)

    assert list(CommandStatus.objects.order_by("pk").values()) == before


def test_a_request_that_is_gone_is_no_error(tenant: Tenant) -> None:
    fan_out(uuid.uuid4())


def test_devices_that_join_a_group_later_are_not_reached(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    request = for_groups(group)
    fan_out(request.pk)

    DeviceFactory(tenant=tenant, group=group)
    fan_out(request.pk)

    assert reached(request) == set()


# --- the request --------------------------------------------------------------------------------------------------


def test_unknown_targets_make_no_request(tenant: Tenant, other_tenant: Tenant) -> None:
    theirs = DeviceFactory(tenant=other_tenant)

    with pytest.raises(BadRequest, match=f"invalid device id: {theirs.pk}"):
        create_command_request(
            tenant=tenant, actor=ACTOR, command="LOCK", command_type=Type.DEVICE, devices=[theirs.pk]
        )

    assert not CommandRequest.objects.exists()
