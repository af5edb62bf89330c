"""What differs between devices and their blueprints: compared by beat, on request, and by manage.py."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from commands.models import CommandStatus
from commands.services.drift.asking import ask_silent_devices
from commands.services.drift.candidates import due_devices
from commands.services.drift.checking import check_drift, refresh_drift
from commands.services.fan_out import fan_out
from devices.models import Device, DeviceInventory, DeviceState, DriftReport
from devices.selectors import list_devices
from devices.services.apple_reports import forget_profile
from devices.services.devices import note_converge, note_converged
from devices.standings import UpgradeStatus, standing_of
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory
from tests.factories.drifting import BERLIN, WRONG_ZONE, asked, found, hours_ago, in_tokyo, settled


def test_what_differs_is_told_field_by_field(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    device = in_tokyo(tenant, assigned_blueprint=blueprint)

    report = check_drift(device)

    assert report == DriftReport.objects.get(device=device)
    assert (report.tenant, report.blueprint_version) == (tenant, blueprint.published_version)
    assert (report.count, report.differences) == (1, [WRONG_ZONE])
    Device.objects.filter(pk=device.pk).update(time_zone="Europe/Berlin")
    report = check_drift(device)
    assert report is not None
    assert (report.count, report.differences) == (0, [])


def test_the_blueprint_of_the_group_counts_too(tenant: Tenant) -> None:
    top = DeviceGroupFactory(tenant=tenant, blueprint=BlueprintFactory(tenant, ios=BERLIN))
    device = in_tokyo(tenant, group=DeviceGroupFactory(tenant=tenant, parent=top))

    report = check_drift(device)

    assert report is not None
    assert report.count == 1


def test_what_is_for_provisioning_only_is_not_compared(tenant: Tenant) -> None:
    ios = {"timezone_settings": {"timezone": "Europe/Berlin", "apply_policy": "PROVISION ONLY"}}
    report = check_drift(in_tokyo(tenant, assigned_blueprint=BlueprintFactory(tenant, ios=ios)))

    assert report is not None
    assert report.count == 0


def test_what_a_device_can_never_have_is_told_and_not_counted(tenant: Tenant) -> None:
    image = str(uuid.uuid4())
    ios = {"wallpaper_settings": {"homescreen": {"portrait": {"wallpaper_id": image}}}}
    device = settled(DeviceFactory(tenant=tenant, os="tvOS", assigned_blueprint=BlueprintFactory(tenant, ios=ios)))

    report = check_drift(device)

    assert report is not None
    assert (report.count, len(report.differences)) == (0, 1)
    assert "Apple TVs" in report.differences[0]["reason"]


def test_a_draft_is_not_compared_with(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    add_version(blueprint, ios=BERLIN, publish=False)

    report = check_drift(in_tokyo(tenant, assigned_blueprint=blueprint))

    assert report is not None
    assert (report.count, report.blueprint_version) == (0, blueprint.published_version)


def test_what_cannot_be_compared_has_no_report(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    draft = BlueprintFactory(tenant, name="Draft", ios=BERLIN, publish=False)
    never_told = DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    half_told = in_tokyo(tenant, assigned_blueprint=blueprint)
    DeviceInventory.objects.filter(device=half_told).update(profiles_at=None)
    devices = [
        never_told,
        half_told,
        in_tokyo(tenant),
        in_tokyo(tenant, assigned_blueprint=draft),
        in_tokyo(tenant, assigned_blueprint=blueprint, state=DeviceState.ONBOARDING_IN_PROGRESS),
        in_tokyo(tenant, assigned_blueprint=blueprint, os="macOS"),
        settled(AndroidFactory(tenant=tenant, assigned_blueprint=blueprint)),
    ]
    version = add_version(blueprint, ios=BERLIN)
    for device in devices:
        DriftReport.objects.create(device=device, tenant=tenant, blueprint_version=version, count=1)

    assert [check_drift(device) for device in devices] == [None] * len(devices)
    assert not DriftReport.objects.exists()


# The sweep ------------------------------------------------------------------------------------------------------------


def test_the_sweep_compares_what_is_due_and_only_that(tenant: Tenant, other_tenant: Tenant) -> None:
    ours = in_tokyo(tenant, assigned_blueprint=BlueprintFactory(tenant, ios=BERLIN))
    theirs = in_tokyo(other_tenant, assigned_blueprint=BlueprintFactory(other_tenant, ios=BERLIN))
    in_tokyo(tenant)

    assert refresh_drift() == 2
    assert found() == {ours.pk: 1, theirs.pk: 1}
    assert refresh_drift() == 0


@pytest.mark.parametrize("column", ["information_at", "profiles_at", "apps_at", "changed_at"])
def test_news_of_a_device_make_it_due(tenant: Tenant, column: str) -> None:
    device = in_tokyo(tenant, assigned_blueprint=BlueprintFactory(tenant, ios=BERLIN))
    refresh_drift()
    assert not due_devices(10)

    DeviceInventory.objects.filter(device=device).update(**{column: timezone.now()})

    assert list(due_devices(10)) == [device.pk]


def test_a_change_by_a_command_or_a_person_makes_it_due(tenant: Tenant) -> None:
    device = in_tokyo(tenant, assigned_blueprint=BlueprintFactory(tenant, ios=BERLIN))
    refresh_drift()
    forget_profile(device.pk, "org.example")
    assert list(due_devices(10)) == [device.pk]
    DriftReport.objects.update(checked_at=timezone.now() + dt.timedelta(minutes=1))
    assert not due_devices(10)
    Device.objects.filter(pk=device.pk).update(updated_at=timezone.now() + dt.timedelta(minutes=2))
    assert list(due_devices(10)) == [device.pk]


def test_another_published_version_makes_it_due(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    device = in_tokyo(tenant, assigned_blueprint=blueprint)
    refresh_drift()
    assert found() == {device.pk: 0}

    add_version(blueprint, ios=BERLIN, publish=False)
    assert refresh_drift() == 0
    add_version(blueprint, ios=BERLIN)
    assert refresh_drift() == 1
    assert found() == {device.pk: 1}


def test_a_report_of_no_use_any_more_goes(tenant: Tenant) -> None:
    device = in_tokyo(tenant, assigned_blueprint=BlueprintFactory(tenant, ios=BERLIN))
    refresh_drift()

    Device.objects.filter(pk=device.pk).update(assigned_blueprint=None)

    assert refresh_drift() == 1
    assert found() == {}


def test_a_device_with_an_open_converge_is_left_until_that_has_ended(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    device = in_tokyo(tenant, assigned_blueprint=blueprint)
    note_converge(device.pk, Device.ConvergeStatus.OPEN)
    assert refresh_drift() == 0

    note_converge(device.pk, Device.ConvergeStatus.FAILED)

    assert refresh_drift() == 1


def test_a_converged_device_counts_as_upgraded_until_it_is_compared(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    version = add_version(blueprint, ios=BERLIN)
    device = in_tokyo(tenant, assigned_blueprint=blueprint)
    refresh_drift()

    note_converged(device.pk, blueprint, version)

    assert standing_of(list_devices(tenant).get()).status == UpgradeStatus.UPGRADED
    refresh_drift()  # it is in Tokyo nevertheless
    assert standing_of(list_devices(tenant).get()).status == UpgradeStatus.UPGRADABLE


def test_a_run_ends_at_its_bound_and_the_next_goes_on(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    for _ in range(5):
        in_tokyo(tenant, assigned_blueprint=blueprint)

    assert [refresh_drift(most=2) for _ in range(4)] == [2, 2, 1, 0]


def test_one_that_cannot_be_compared_is_not_at_the_cost_of_the_others(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    device = in_tokyo(tenant, assigned_blueprint=blueprint)
    office = {"wifi_networks": [{"wifi_network_id": str(uuid.uuid4()), "ssid": "Office", "password": "secret-1"}]}
    broken = BlueprintFactory(tenant, name="Broken", ios=office)
    in_tokyo(tenant, assigned_blueprint=broken)
    with connection.cursor() as cursor:  # sealed with a key that is gone
        cursor.execute("UPDATE devices_blueprintversion SET secret_settings = 'x' WHERE blueprint_id = %s", [broken.pk])

    refresh_drift()

    assert found() == {device.pk: 1}


def test_many_cost_as_many_queries_as_one(tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    check_drift(in_tokyo(tenant, assigned_blueprint=blueprint))  # the version is read once
    for count in (1, 10):
        for _ in range(count):
            in_tokyo(tenant, assigned_blueprint=blueprint)
        with django_assert_num_queries(12):
            assert refresh_drift() == count


# Asking ---------------------------------------------------------------------------------------------------------------


def test_devices_that_told_nothing_for_a_day_are_asked_once(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint, theirs = BlueprintFactory(tenant), BlueprintFactory(other_tenant)
    old = settled(DeviceFactory(tenant=tenant, assigned_blueprint=blueprint), hours=25)
    never = DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    foreign = settled(DeviceFactory(tenant=other_tenant, assigned_blueprint=theirs), hours=25)
    settled(DeviceFactory(tenant=tenant, assigned_blueprint=blueprint), hours=23)
    settled(DeviceFactory(tenant=tenant), hours=25)
    settled(DeviceFactory(tenant=tenant, assigned_blueprint=blueprint, state=DeviceState.DISABLED), hours=25)
    settled(AndroidFactory(tenant=tenant, assigned_blueprint=blueprint), hours=25)

    assert len(ask_silent_devices()) == 2

    by_tenant = {request.tenant: set(request.devices) for request in asked()}
    assert by_tenant == {tenant: {old.pk, never.pk}, other_tenant: {foreign.pk}}
    assert {(request.is_internal, request.created_by) for request in asked()} == {(True, "muster")}
    assert ask_silent_devices() == []


def test_a_device_that_stays_silent_is_asked_again_when_its_question_has_ended(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant))
    [request_id] = ask_silent_devices()
    fan_out(request_id)
    DeviceInventory.objects.update(asked_at=hours_ago(25))
    assert ask_silent_devices() == []

    CommandStatus.objects.filter(device=device).update(state="Command TimeOut")

    assert len(ask_silent_devices()) == 1


def test_nobody_is_asked_when_that_is_switched_off(tenant: Tenant, settings: Settings) -> None:
    settings.DRIFT_REFRESH_HOURS = 0
    DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant))

    assert ask_silent_devices() == []
