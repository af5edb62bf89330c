"""Many converges are worked on together, and none of them waits for what is wrong with another."""

from typing import Any

import pytest
from django.utils import timezone

from commands.models import CommandStatus, Converge
from commands.models.status import State
from commands.services.converges import sweeps
from commands.services.converges.beginning import begin_due_converges, plan_converge
from commands.services.converges.parting import BROKEN
from commands.services.converges.sweeps import sweep_converges
from devices.models import BlueprintVersion, Device, DeviceInventory
from tenants.models import Tenant
from tests.factories.blueprints import add_version
from tests.factories.commands import queued
from tests.factories.converges import ConvergeFactory, sent, with_blueprint
from tests.factories.converging import NO_CAMERA, WIFI
from tests.factories.devices import DeviceFactory

Status = Converge.Status
NETWORK = {**WIFI["wifi_networks"][0], "wifi_network_id": "x" * 300}
# Nothing that the API lets in: a fault of ours, or of an older version.
BROKEN_SETTINGS: list[dict[str, Any]] = [{"camera_settings": 7}, {"wifi_networks": [NETWORK]}]


def waiting(tenant: Tenant, ios: dict[str, Any]) -> Converge:
    device, now = DeviceFactory(tenant=tenant, is_supervised=True), timezone.now()
    DeviceInventory.objects.create(device=device, information_at=now, profiles_at=now)
    with_blueprint(device, ios=ios)
    return ConvergeFactory(device)


def broken(row: Converge, ios: dict[str, Any]) -> None:
    BlueprintVersion.objects.filter(blueprint=row.blueprint_id).update(settings={"ios": ios})


def now_of(row: Converge) -> Converge:
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("ios", BROKEN_SETTINGS, ids=["no plan", "no row"])
def test_one_that_cannot_begin_fails_and_the_others_begin(tenant: Tenant, ios: dict[str, Any]) -> None:
    rows = [waiting(tenant, NO_CAMERA) for _ in range(3)]
    broken(rows[1], ios)

    begin_due_converges()

    assert [now_of(row).status for row in rows] == [Status.IN_PROGRESS, Status.FAILURE, Status.IN_PROGRESS]
    assert rows[1].reason == BROKEN
    rows[1].device.refresh_from_db()
    assert rows[1].device.converge_status == Device.ConvergeStatus.FAILED


@pytest.mark.parametrize("ios", BROKEN_SETTINGS, ids=["no plan", "no row"])
def test_one_that_cannot_go_on_fails_and_the_others_end(tenant: Tenant, ios: dict[str, Any]) -> None:
    rows = [waiting(tenant, NO_CAMERA) for _ in range(3)]
    begin_due_converges()
    assert rows[1].blueprint is not None
    version = add_version(rows[1].blueprint, ios=NO_CAMERA)
    Converge.objects.filter(pk=rows[1].pk).update(blueprint_version=version, stage=0)
    broken(rows[1], ios)
    CommandStatus.objects.update(state=State.SUCCESS)

    sweep_converges()

    assert Status.IN_PROGRESS not in [now_of(row).status for row in rows]
    assert rows[1].reason == BROKEN
    assert BROKEN not in (rows[0].reason, rows[2].reason)


def test_many_that_wait_for_their_devices_keep_no_cancelled_one_from_its_end(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their commands were ended too, but what the devices have been given is theirs."""
    monkeypatch.setattr(sweeps, "SLICE", 2)
    for state in (State.QUEUED, State.INITIATED, State.INITIATED, State.INITIATED):
        row = waiting(tenant, NO_CAMERA)
        answered = queued(row.device, state=State.CANCELLED, reason="Cancelled by somebody")
        Converge.objects.filter(pk=row.pk).update(status=Status.IN_PROGRESS, stage=1, command_status=answered)
        sent(row, state=state)  # the last ones come first in the list
    behind = waiting(tenant, NO_CAMERA)
    answered = queued(behind.device, state=State.CANCELLED, reason="Cancelled by somebody")
    ahead = ConvergeFactory(behind.device, status=Status.IN_PROGRESS, stage=1)
    sent(ahead, state=State.INITIATED)
    Converge.objects.filter(pk=behind.pk).update(command_status=answered, created_at=row.created_at)

    sweep_converges()
    sweep_converges()

    assert now_of(behind).status == Status.FAILURE
    assert CommandStatus.objects.filter(request__is_internal=True, state=State.QUEUED).count() == 0


def test_one_that_was_given_up_can_be_planned_no_more(tenant: Tenant) -> None:
    row = waiting(tenant, NO_CAMERA)
    broken(row, BROKEN_SETTINGS[0])
    plan_converge(row.pk)

    plan_converge(row.pk)

    assert now_of(row).status == Status.FAILURE
