"""What differs, as the API, the fleet's page and manage.py check_drift tell it."""

import io
import uuid

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from commands.drift_selectors import drift_of_fleet, upgrade_statuses
from commands.models import CommandStatus
from commands.services.drift.checking import refresh_drift
from devices.models import Device, DeviceInventory, DeviceState, DriftReport
from devices.selectors import list_devices
from devices.standings import UpgradeStatus, standing_of
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.drifting import BERLIN, WRONG_ZONE, asked, in_tokyo, settled

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
