"""/metrics: devices, waiting commands, wakes."""

import datetime as dt

import pytest
from django.utils import timezone

from commands.models import AppleEnrolment
from commands.models.status import State
from devices.models import DeviceState
from tenants.models import Tenant
from tests.factories.commands import AppleEnrolmentFactory, queued
from tests.factories.devices import AndroidFactory, DeviceFactory, some_devices
from tests.factories.metrics import figures

MINUTE = dt.timedelta(minutes=1)


def enrolment(tenant: Tenant, **fields: object) -> AppleEnrolment:
    return AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), **fields)


def test_devices_are_counted_by_tenant_platform_and_state(tenant: Tenant, other_tenant: Tenant) -> None:
    some_devices(3, tenant=tenant)
    some_devices(2, tenant=tenant, state=DeviceState.DISABLED)
    AndroidFactory(tenant=other_tenant)

    told = figures("muster_devices", by=("tenant", "tenant_id", "platform", "state"))

    ours, theirs = ("Ours", str(tenant.pk)), ("Theirs", str(other_tenant.pk))
    assert told == {
        (*ours, "APPLE", "Active"): 3,
        (*ours, "APPLE", "Disabled"): 2,
        (*theirs, "ANDROID", "Active"): 1,
    }


def test_rows_that_have_not_ended_are_counted_by_state(tenant: Tenant, other_tenant: Tenant) -> None:
    device, other_device = DeviceFactory(tenant=tenant), DeviceFactory(tenant=other_tenant)
    for state in State:
        queued(device, state=state)
    queued(device)
    queued(other_device)
    queued(other_device, state=State.SUCCESS)

    told = figures("muster_commands_waiting", by=("tenant", "state"))

    assert told == {
        ("Ours", "Command Queued"): 2,
        ("Ours", "Command Initiated"): 1,
        ("Ours", "Command Acknowledged"): 1,
        ("Ours", "Command In Progress"): 1,
        ("Ours", "Command Scheduled"): 1,
        ("Theirs", "Command Queued"): 1,
    }


def test_devices_that_can_be_woken_are_counted(tenant: Tenant, other_tenant: Tenant) -> None:
    enrolment(tenant)
    enrolment(tenant, push_token_dead_at=timezone.now())
    enrolment(tenant, enabled_at=None)
    enrolment(tenant, channel="user")
    enrolment(other_tenant)

    assert figures("muster_apple_devices_enrolled", by=("tenant",)) == {"Ours": 2, "Theirs": 1}
    assert figures("muster_apple_devices_unreachable", by=("tenant",)) == {"Ours": 1, "Theirs": 0}


def test_devices_in_their_set_up_assistant_are_counted(tenant: Tenant, other_tenant: Tenant) -> None:
    now = timezone.now()
    for minutes in (0, 19, 21):
        enrolment(tenant, awaiting_configuration=True, enabled_at=now - minutes * MINUTE)
    enrolment(tenant, awaiting_configuration=False)
    enrolment(tenant, awaiting_configuration=True, enabled_at=None)
    enrolment(other_tenant, awaiting_configuration=True)

    assert figures("muster_apple_devices_in_set_up", by=("tenant",)) == {"Ours": 3, "Theirs": 1}
    assert figures("muster_apple_devices_stuck_in_set_up", by=("tenant",)) == {"Ours": 1, "Theirs": 0}


def test_devices_that_should_have_been_woken_are_counted(tenant: Tenant, other_tenant: Tenant) -> None:
    now = timezone.now()
    first = now - 10 * MINUTE
    for wake_at in (first, now - 2 * MINUTE, now - MINUTE / 2, now + MINUTE, None):
        enrolment(tenant, wake_at=wake_at)
    enrolment(tenant, wake_at=first - MINUTE, enabled_at=None)
    enrolment(tenant, wake_at=first - MINUTE, channel="user")

    assert figures("muster_wakes_overdue", by=("tenant",)) == {"Ours": 2, "Theirs": 0}
    oldest = figures("muster_wakes_overdue_oldest_timestamp_seconds", by=("tenant_id",))
    assert oldest == pytest.approx({str(tenant.pk): first.timestamp()})
