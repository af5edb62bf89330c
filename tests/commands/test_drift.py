"""What differs between devices and their blueprints: compared by beat, on request, and by manage.py."""

import datetime as dt
import io
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from commands.drift_selectors import drift_of_fleet, upgrade_statuses
from commands.models import CommandRequest, CommandStatus
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
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory

BERLIN = {"timezone_settings": {"timezone": "Europe/Berlin"}}
WRONG_ZONE = {
    "setting": "timezone_settings.timezone",
    "part": "time_zone",
    "wanted": "Europe/Berlin",
    "found": "Asia/Tokyo",
    "reason": "",
    "refused": False,
}


def hours_ago(hours: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(hours=hours)


def settled(device: Device, *, hours: float = 1) -> Device:
    """It told all that it has so many hours ago, and nothing changed since."""
    moment = hours_ago(hours)
    told = dict.fromkeys(("information_at", "profiles_at", "apps_at"), moment)
    DeviceInventory.objects.update_or_create(device=device, defaults=told)
    Device.objects.filter(pk=device.pk).update(updated_at=moment)
    return device


def in_tokyo(tenant: Tenant, **fields: Any) -> Device:
    return settled(DeviceFactory(tenant=tenant, time_zone="Asia/Tokyo", **fields))


def found() -> dict[uuid.UUID, int]:
    return dict(DriftReport.objects.values_list("device", "count"))


# Comparing ------------------------------------------------------------------------------------------------------------


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


def asked() -> QuerySet[CommandRequest]:
    return CommandRequest.objects.filter(command="DEVICE_INFORMATION").order_by("created_at")


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


# The route ------------------------------------------------------------------------------------------------------------


def drift(device: Device) -> str:
    return f"/api/v2/devices/{device.pk}/drift"


def test_the_route_tells_what_differs_now(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=BERLIN)
    device = in_tokyo(tenant, assigned_blueprint=blueprint)

    told = api.get(drift(device)).json()["content"]

    inventory = DeviceInventory.objects.get()
    stamp = inventory.apps_at.isoformat().replace("+00:00", "Z") if inventory.apps_at else None
    assert told == {
        "device_id": str(device.pk),
        "blueprint_id": str(blueprint.pk),
        "blueprint_version_id": str(blueprint.published_version_id),
        "version": "1.0",
        "blueprint_upgrade_status": "UPGRADABLE",
        "count": 1,
        "differences": [WRONG_ZONE],
        "checked_at": told["checked_at"],
        "reason": "",
        "inventory": {"information_at": stamp, "profiles_at": stamp, "apps_at": stamp, "asked_at": None},
    }
    Device.objects.filter(pk=device.pk).update(time_zone="Europe/Berlin", updated_at=timezone.now())
    assert api.get(drift(device)).json()["content"]["count"] == 0


def test_the_route_says_why_nothing_is_compared(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    for device, reason in (
        (in_tokyo(tenant), "no blueprint"),
        (DeviceFactory(tenant=tenant, assigned_blueprint=blueprint), "not told yet"),
        (in_tokyo(tenant, assigned_blueprint=blueprint, state=100), "not provisioned"),
        (in_tokyo(tenant, assigned_blueprint=blueprint, os="macOS"), "Macs"),
    ):
        told = api.get(drift(device)).json()["content"]
        assert reason in told["reason"]
        assert (told["count"], told["differences"], told["checked_at"]) == (None, [], None)


def test_asking_makes_one_internal_request(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant))

    response = api.post(drift(device))

    assert response.status_code == 202
    assert response.json()["content"]["inventory"]["asked_at"] is not None
    request = asked().get()
    assert (request.devices, request.is_internal, request.created_by) == ([device.pk], True, "caller-1")
    assert CommandStatus.objects.get().device == device
    assert api.post(drift(device)).status_code == 202
    assert asked().count() == 1


def test_a_device_that_cannot_answer_is_not_asked(api: ApiClient, tenant: Tenant) -> None:
    response = api.post(drift(DeviceFactory(tenant=tenant, state=DeviceState.DISABLED)))

    assert response.status_code == 400
    assert "not provisioned" in response.json()["message"]
    assert not asked().exists()


def test_another_tenants_device_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = in_tokyo(other_tenant, assigned_blueprint=BlueprintFactory(other_tenant))

    assert api.get(drift(foreign)).status_code == 404
    assert api.post(drift(foreign)).status_code == 404
    assert not asked().exists()


def test_viewers_read_and_do_not_ask(viewer_api: ApiClient, tenant: Tenant) -> None:
    device = in_tokyo(tenant, assigned_blueprint=BlueprintFactory(tenant))

    assert viewer_api.get(drift(device)).status_code == 200
    assert viewer_api.post(drift(device)).status_code == 403
    assert viewer_api.delete(drift(device)).status_code == 403


# The fleet ------------------------------------------------------------------------------------------------------------


def test_the_fleet_at_a_glance(
    tenant: Tenant, other_tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    two = {**BERLIN, "device_name_settings": {"device_name": "Till {serial}"}}
    blueprint, both = BlueprintFactory(tenant, ios=BERLIN), BlueprintFactory(tenant, name="Both", ios=two)
    group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint)
    one, most = in_tokyo(tenant, group=group), in_tokyo(tenant, assigned_blueprint=both)
    in_tokyo(tenant, assigned_blueprint=blueprint, converge_status="OPEN")
    in_tokyo(tenant)
    in_tokyo(tenant, state=DeviceState.DISABLED, assigned_blueprint=blueprint)
    in_tokyo(other_tenant, assigned_blueprint=BlueprintFactory(other_tenant, ios=BERLIN))
    refresh_drift()

    with django_assert_num_queries(3):
        seen = drift_of_fleet(tenant)

    assert {status.value: count for status, count in seen.by_status.items() if count} == {
        "UPGRADABLE": 2,
        "UPGRADE_INITIATED": 1,
        "NOT_APPLICABLE": 1,
    }
    assert [(report.device, report.count) for report in seen.most] == [(most, 2), (one, 1)]
    assert seen.settings == [("timezone_settings.timezone", 2), ("device_name_settings.device_name", 1)]


def test_the_counts_are_those_of_the_devices_themselves(tenant: Tenant) -> None:
    """Whatever there is: the statement for all says what each device says alone."""
    blueprint, draft = BlueprintFactory(tenant), BlueprintFactory(tenant, name="Draft", publish=False)
    version = add_version(blueprint)
    group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint)
    for own in (None, blueprint, draft):
        for place in (None, group):
            for state in (DeviceState.ACTIVE, DeviceState.ONBOARDED):
                for current in (None, version):
                    for word in Device.ConvergeStatus.values:
                        device = DeviceFactory(
                            tenant=tenant,
                            assigned_blueprint=own,
                            group=place,
                            state=state,
                            current_blueprint_version=current,
                            converge_status=word,
                        )
                        if device.pk.int % 2:
                            DriftReport.objects.create(
                                device=device, tenant=tenant, blueprint_version=version, count=device.pk.int % 4 // 2
                            )

    for wanted in (None, blueprint.pk, draft.pk):
        alone = dict.fromkeys(UpgradeStatus, 0)
        for each in list_devices(tenant):
            standing = standing_of(each)
            alone[standing.status] += wanted in (None, standing.blueprint_id)
        assert upgrade_statuses(tenant, blueprint_id=wanted) == alone


# manage.py ------------------------------------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("check_drift", *words, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_lists_what_differs(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Shop", ios=BERLIN)
    till = in_tokyo(tenant, name="Till 1", assigned_blueprint=blueprint)
    good = settled(DeviceFactory(tenant=tenant, time_zone="Europe/Berlin", assigned_blueprint=blueprint))
    in_tokyo(other_tenant, name="Theirs", assigned_blueprint=BlueprintFactory(other_tenant, ios=BERLIN))

    code, told = run("--tenant", tenant.name)

    assert code == 1
    assert "Till 1  Shop 1.0   timezone_settings.timezone  Europe/Berlin  Asia/Tokyo" in told
    assert "2 devices compared, 1 differ." in told
    assert "Theirs" not in told
    assert "Theirs" in run()[1]
    assert run("--device", str(good.pk)) == (0, "1 devices compared, 0 differ.\n")
    assert run("--device", str(good.pk), "--device", str(till.pk))[0] == 1


def test_the_command_asks_when_told_to(tenant: Tenant) -> None:
    never = DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant))
    DeviceFactory(tenant=tenant)

    code, told = run("--ask")

    assert code == 0
    assert "1 devices asked what they have" in told
    assert asked().get().devices == [never.pk]


@pytest.mark.parametrize("words", [("--tenant", "Nobody"), ("--device", "7"), ("--device", str(uuid.UUID(int=7)))])
def test_the_command_names_what_it_does_not_know(tenant: Tenant, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=words[1]):
        call_command("check_drift", *words)


def test_a_device_of_another_tenant_is_not_found_below_the_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = DeviceFactory(tenant=other_tenant)

    with pytest.raises(CommandError, match=str(foreign.pk)):
        call_command("check_drift", "--tenant", tenant.name, "--device", str(foreign.pk))
