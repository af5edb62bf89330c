"""A device's converges run one after the other, and whatever runs twice, or dies, loses and doubles nothing."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from commands.models import CommandRequest, CommandStatus, Converge, ConvergeStep
from commands.models.status import State
from commands.services.converges.advancing import advance_converge
from commands.services.converges.beginning import STALE, begin, begin_due_converges, claim, plan_converge
from commands.services.converges.sweeps import sweep_converges
from devices.models import AppliedSetting, Device, DeviceInventory
from tenants.models import Tenant
from tests.commands.life import dying_at
from tests.conftest import ApiClient
from tests.factories.blueprints import add_version
from tests.factories.converges import ConvergeFactory, with_blueprint
from tests.factories.converging import NO_CAMERA, WEB_CLIP, WIFI, asked
from tests.factories.devices import DeviceFactory
from tests.factories.tenants import TenantFactory
from tests.factories.threads import all_at_once

Status = Converge.Status
MANY = 60  # statements, more than any of these takes


def told(device: Device) -> Device:
    """The device has told what it has."""
    now = timezone.now()
    DeviceInventory.objects.create(device=device, information_at=now, profiles_at=now)
    return device


def waiting(tenant: Tenant) -> Converge:
    device = told(DeviceFactory(tenant=tenant, is_supervised=True))
    with_blueprint(device, ios={**NO_CAMERA, **WIFI})
    return ConvergeFactory(device)


def written() -> dict[str, int]:
    tables = (CommandRequest, CommandStatus, ConvergeStep, AppliedSetting)
    return {model.__name__: model._default_manager.count() for model in tables}


TWO = {"CommandRequest": 2, "CommandStatus": 2, "ConvergeStep": 2, "AppliedSetting": 0}


def test_the_second_begins_when_the_first_has_ended(api: ApiClient, device: Device) -> None:
    blueprint = with_blueprint(device, ios=NO_CAMERA)
    first, second = asked(api, device), asked(api, device)
    assert (first.status, second.status) == (Status.IN_PROGRESS, Status.QUEUED)
    add_version(blueprint, ios=WEB_CLIP)

    sweep_converges()
    second.refresh_from_db()
    assert second.status == Status.QUEUED
    CommandStatus.objects.update(state=State.SUCCESS)
    sweep_converges()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (Status.SUCCESS, Status.IN_PROGRESS)
    assert second.blueprint_version_id == blueprint.published_version_id
    device.refresh_from_db()
    assert device.converge_status == Device.ConvergeStatus.OPEN


def test_those_of_other_devices_do_not_wait(tenant: Tenant) -> None:
    rows = [waiting(tenant) for _ in range(3)]

    begin_due_converges()

    assert {Converge.objects.get(pk=row.pk).status for row in rows} == {Status.IN_PROGRESS}


def test_of_two_that_are_due_the_one_that_was_due_first_begins(tenant: Tenant) -> None:
    later = waiting(tenant)
    earlier = ConvergeFactory(later.device, not_before=later.not_before - dt.timedelta(minutes=1))

    begin_due_converges()

    assert [row.pk for row in Converge.objects.filter(status=Status.IN_PROGRESS)] == [earlier.pk]


def test_one_that_is_not_due_does_not_begin(tenant: Tenant) -> None:
    row = waiting(tenant)
    Converge.objects.update(not_before=timezone.now() + dt.timedelta(minutes=1))

    assert begin_due_converges() == 0
    row.refresh_from_db()
    assert row.status == Status.QUEUED


def test_two_of_one_device_cannot_run_together(tenant: Tenant) -> None:
    row = ConvergeFactory(tenant=tenant, status=Status.IN_PROGRESS)

    with pytest.raises(IntegrityError, match="converge_one_at_a_time"), transaction.atomic():
        ConvergeFactory(row.device, status=Status.PROCESSING)


def test_beginning_twice_is_as_once(tenant: Tenant) -> None:
    row = waiting(tenant)

    plan_converge(row.pk)
    plan_converge(row.pk)
    begin([row.pk])

    assert written() == TWO


def test_advancing_twice_is_as_once(tenant: Tenant) -> None:
    row = waiting(tenant)
    plan_converge(row.pk)
    CommandStatus.objects.update(state=State.SUCCESS)

    advance_converge(row.pk)
    once = written()
    advance_converge(row.pk)
    sweep_converges()

    assert once == written()
    assert once["AppliedSetting"] == 2


def test_what_still_waits_is_not_advanced(tenant: Tenant) -> None:
    row = waiting(tenant)
    plan_converge(row.pk)
    CommandStatus.objects.filter(pk=CommandStatus.objects.values("pk")[:1]).update(state=State.SUCCESS)

    advance_converge(row.pk)
    sweep_converges()

    row.refresh_from_db()
    assert row.status == Status.IN_PROGRESS
    assert written() == TWO


def test_a_worker_that_died_between_claim_and_plan_is_followed_by_another(tenant: Tenant) -> None:
    row = waiting(tenant)
    claim()
    assert begin_due_converges() == 0  # it may still be at it
    Converge.objects.update(updated_at=timezone.now() - STALE - dt.timedelta(seconds=1))

    begin_due_converges()

    row.refresh_from_db()
    assert row.status == Status.IN_PROGRESS
    assert written() == TWO


def until_it_survives(act: Callable[[], object]) -> None:
    """It dies before its first statement, the next time before its second, …, until it has sent all it has to send."""
    for statement in range(1, MANY):
        survived = []
        with dying_at(statement):
            act()
            survived.append(statement)
        if survived:
            return
    raise AssertionError(f"It takes more than {MANY} statements.")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_workers_that_begin_together_send_everything_once(self) -> None:
        tenant = TenantFactory()
        rows = [waiting(tenant) for _ in range(4)]
        behind = [ConvergeFactory(row.device) for row in rows]

        all_at_once(*[begin_due_converges] * 4)

        assert written() == {name: 4 * count for name, count in TWO.items()}
        assert Converge.objects.filter(pk__in=[row.pk for row in rows], status=Status.IN_PROGRESS).count() == 4
        assert Converge.objects.filter(pk__in=[row.pk for row in behind], status=Status.QUEUED).count() == 4

    def test_workers_that_advance_together_go_on_once(self) -> None:
        row = waiting(TenantFactory())
        plan_converge(row.pk)
        CommandStatus.objects.update(state=State.SUCCESS)

        all_at_once(*[lambda: advance_converge(row.pk)] * 2, *[sweep_converges] * 2)

        row.refresh_from_db()
        assert (row.status, row.reason) == (Status.SUCCESS, "2 commands succeeded.")
        assert written() == {**TWO, "AppliedSetting": 2}

    @pytest.mark.parametrize("act", [begin_due_converges, sweep_converges], ids=["begin", "sweep"])
    def test_a_worker_may_die_before_any_of_its_statements(self, act: Callable[[], object]) -> None:
        """Those that follow it finish what it began; nothing is sent twice."""
        row = waiting(TenantFactory())
        until_it_survives(act)
        Converge.objects.filter(status=Status.PROCESSING).update(updated_at=timezone.now() - 2 * STALE)
        begin_due_converges()
        assert written() == TWO

        CommandStatus.objects.update(state=State.SUCCESS)
        until_it_survives(sweep_converges)
        sweep_converges()

        row.refresh_from_db()
        assert row.status == Status.SUCCESS
        assert written() == {**TWO, "AppliedSetting": 2}
