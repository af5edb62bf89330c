"""Everything at once on the same devices: no deadlock, nothing doubled, nothing lost."""

import pytest
from pytest_django import Settings

from commands.models import CommandStatus
from commands.models.status import State
from commands.services.fan_out import fan_out
from commands.services.removal import remove_device
from devices.models import DeviceState
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.apple import handed, report
from tests.factories.commands import CommandRequestFactory, queued
from tests.factories.fleet import placed, row_of
from tests.factories.tenants import ACTOR, TenantFactory
from tests.factories.threads import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fleet() -> list[SimulatedAppleDevice]:
    tenant = TenantFactory(name="Ours")
    return [placed(tenant, index) for index in range(1, 7)]


def tenant_of(fleet: list[SimulatedAppleDevice]) -> Tenant:
    return row_of(fleet[0]).tenant


def drain(device: SimulatedAppleDevice) -> None:
    """Connects until nothing waits."""
    offer = handed(report(device))
    while offer:
        offer = handed(report(device, "Acknowledged", offer, QueryResponses={"DeviceName": "x"}))


def test_two_fan_outs_over_the_same_devices_while_these_connect(
    fleet: list[SimulatedAppleDevice], settings: Settings
) -> None:
    settings.FAN_OUT_SLICE = 2
    tenant = tenant_of(fleet)
    devices = [row_of(device).pk for device in fleet]
    names = ["DEVICE_INFORMATION", "LOCK", "WIPE", "WIPE"]
    requests = [
        CommandRequestFactory(tenant=tenant, command=name, devices=order, fanned_out_at=None)
        for name, order in zip(names, [devices, devices[::-1], devices, devices[::-1]], strict=True)
    ]

    fan_outs = [lambda request=request: fan_out(request.pk) for request in requests]
    connects = [lambda device=device: report(device) for device in fleet[:3]]
    all_at_once(*fan_outs, *connects)

    assert CommandStatus.objects.count() == len(requests) * len(fleet)


def test_one_request_fanned_out_twice_at_once_makes_each_row_once(
    fleet: list[SimulatedAppleDevice], settings: Settings
) -> None:
    settings.FAN_OUT_SLICE = 1
    devices = [row_of(device).pk for device in fleet]
    request = CommandRequestFactory(tenant=tenant_of(fleet), devices=devices, fanned_out_at=None)

    all_at_once(*[lambda: fan_out(request.pk)] * 3)

    assert sorted(CommandStatus.objects.values_list("device", flat=True)) == sorted(devices)


def test_devices_drain_their_queues_while_more_is_put_into_them(fleet: list[SimulatedAppleDevice]) -> None:
    devices = [row_of(device).pk for device in fleet]
    tenant = tenant_of(fleet)
    requests = [
        CommandRequestFactory(tenant=tenant, command="DEVICE_INFORMATION", devices=devices, fanned_out_at=None)
        for _ in range(3)
    ]

    all_at_once(
        *[lambda request=request: fan_out(request.pk) for request in requests],
        *[lambda device=device: drain(device) for device in fleet],
    )
    for device in fleet:
        drain(device)

    assert set(CommandStatus.objects.values_list("state", flat=True)) == {State.SUCCESS}
    assert CommandStatus.objects.count() == len(requests) * len(fleet)


def test_removing_devices_while_they_report(fleet: list[SimulatedAppleDevice]) -> None:
    rows = [queued(row_of(device), "DEVICE_INFORMATION", state=State.INITIATED, attempts=1) for device in fleet]

    all_at_once(
        *[lambda device=device: remove_device(device=row_of(device), actor=ACTOR) for device in fleet],
        *[
            lambda device=device, row=row: report(device, "Acknowledged", row.pk, QueryResponses={"DeviceName": "x"})
            for device, row in zip(fleet, rows, strict=True)
        ],
    )

    assert {row_of(device).state for device in fleet} == {DeviceState.DISABLED}
    assert set(CommandStatus.objects.values_list("state", flat=True)) <= {State.SUCCESS, State.FAILURE}
