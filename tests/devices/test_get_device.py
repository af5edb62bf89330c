"""GET /api/device/v0/devices/{id}/"""

import datetime as dt
from typing import Any

from pytest_django import DjangoAssertNumQueries

from devices.models import DeviceState, Platform
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory, seen

MOMENT = dt.datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=dt.UTC)


def shown(api: ApiClient, device: Any) -> dict[str, Any]:
    response = api.get(f"/api/device/v0/devices/{device.pk}/")
    assert response.status_code == 200
    assert response.json()["message"] == "ok"
    content: dict[str, Any] = response.json()["content"]
    return content


def test_shows_a_device_of_the_tenant(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, serial="C02XY")

    assert shown(api, device)["serial"] == "C02XY"


def test_shows_every_field_of_an_apple_device(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    blueprint, current = BlueprintFactory(tenant, name="Till"), BlueprintFactory(tenant, name="Kiosk")
    version = current.published_version
    device = DeviceFactory(
        tenant=tenant,
        name="MST-1",
        alias="Till 4",
        os="iPadOS",
        os_version="18.1",
        serial="F9F",
        udid="0000-1",
        global_device_id="g1",
        group=group,
        hardware_info={"brand": "Apple", "model": "iPad14,3", "model_number": "MNXD3"},
        software_info={"os_build_number": "22B83"},
        network_info={"imei1": "35 1", "wifi_mac_address": "aa:bb", "network_type": "WI-FI"},
        memory_info={"total_internal_storage": "128", "units": "GB"},
        assigned_blueprint=blueprint,
        current_blueprint=current,
        current_blueprint_version=version,
        dep_profile="p1",
        dep_profile_status="pushed",
        dep_profile_push_time=MOMENT,
        dep_profile_assign_time=MOMENT,
        enrolment_id="e1",
        enrolment_user_id="u1",
        device_source="ABM",
        is_supervised=True,
        is_ddm_enabled=True,
        is_seamless=True,
        onboarded_on=MOMENT,
        provisioned_on=MOMENT,
        created_by="a",
        updated_by="b",
        created_at=MOMENT,
    )
    heartbeat = seen(device)

    told = shown(api, device)

    text = "2026-03-01T12:30:15.250000Z"
    assert told == {
        "id": str(device.pk),
        "name": "MST-1",
        "alias": "Till 4",
        "os": "iPadOS",
        "state": 1,
        "platform": "APPLE",
        "serial": "F9F",
        "os_version": "18.1",
        "global_device_id": "g1",
        "tenant_id": str(tenant.pk),
        "group_id": str(group.pk),
        "hardware_info": {
            "brand": "Apple",
            "model": "iPad14,3",
            "model_number": "MNXD3",
            "serial": "F9F",
            "manufacturer": "",
            "hardware": "",
            "device_baseband_version": "",
        },
        "software_info": {**told["software_info"], "os_version": "18.1", "os_build_number": "22B83"},
        "network_info": {
            **dict.fromkeys(["imei2", "ethernet_mac_address", "iccid1", "iccid2"], ""),
            **dict.fromkeys(["phone_number_1", "phone_number_2"], ""),
            "imei1": "35 1",
            "wifi_mac_address": "aa:bb",
            "network_type": "WI-FI",
        },
        "memory_info": {"total_ram": "", "total_internal_storage": "128", "units": "GB"},
        "blueprint_info": {
            "assigned_blueprint_id": str(blueprint.pk),
            "current_blueprint_id": str(current.pk),
            "current_blueprint_version_id": str(current.published_version_id),
            "blueprint_upgrade_status": "UPGRADABLE",
        },
        "last_seen": heartbeat.last_seen.isoformat().replace("+00:00", "Z"),
        "managed_by": "BLUEPRINT",
        "onboarded_on": text,
        "provisioned_on": text,
        "is_seamless": True,
        "created_by": "a",
        "updated_by": "b",
        "created_at": text,
        "updated_at": device.updated_at.isoformat().replace("+00:00", "Z"),
        "udid": "0000-1",
        "dep_profile": "p1",
        "dep_profile_push_time": text,
        "dep_profile_assign_time": text,
        "dep_profile_status": "pushed",
        "enrolment_info": {"enrolment_id": "e1", "enrolment_user_id": "u1"},
        "device_source": "ABM",
        "is_supervised": True,
        "is_ddm_enabled": True,
    }


def test_shows_every_field_of_an_android_device(api: ApiClient, tenant: Tenant) -> None:
    device = AndroidFactory(
        tenant=tenant,
        battery_level=81,
        network_stats={"current_active_connection": "WIFI", "wifi_network_info": {"wifi_ssid": "Shop"}},
        location_stats={"latitude": 52.1, "longitude": "4.3"},
        software_info={
            "esper_agent_info": {"version_code": 71, "version_name": "7.1"},
            "airwave_info": {"build_number": 3},
        },
        mqtt_topic="t",
        fcm_id="f",
        is_gms=True,
        policy={"policy_id": 7, "policy_name": "Kiosk"},
        template_name="Shop",
        is_esper_managed=False,
    )

    told = shown(api, device)

    assert told["battery_stats"] == {"battery_level": 81}
    assert told["network_stats"] == {
        "current_active_connection": "WIFI",
        "wifi_network_info": {"wifi_ssid": "Shop"},
        "cellular_network_info": {"network_type": None},
    }
    assert told["location_stats"] == {"altitude": None, "latitude": "52.1", "longitude": "4.3"}
    assert told["software_info"]["esper_agent_info"] == {"version_code": "71", "version_name": "7.1"}
    assert told["software_info"]["airwave_info"]["build_number"] == 3
    assert (told["mqtt_topic"], told["fcm_id"], told["is_gms"]) == ("t", "f", True)
    assert (told["policy"], told["template_name"]) == ({"policy_id": 7, "policy_name": "Kiosk"}, "Shop")
    assert told["is_esper_managed"] is False
    assert told["memory_info"]["internal_storage_binary_prefix"] == ""


def test_each_platform_shows_its_own_fields_only(api: ApiClient, tenant: Tenant) -> None:
    apple, android = shown(api, DeviceFactory(tenant=tenant)), shown(api, AndroidFactory(tenant=tenant))

    assert {"udid", "is_supervised", "enrolment_info"} <= set(apple) - set(android)
    assert {"battery_stats", "network_stats", "is_gms"} <= set(android) - set(apple)


def test_a_device_that_has_told_nothing_yet_is_shown(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, os="", os_version="", name="", serial="", udid="", device_source="")

    told = shown(api, device)

    assert (told["os"], told["last_seen"], told["device_source"]) == ("", None, None)
    assert (told["dep_profile_status"], told["is_supervised"]) == ("empty", None)


def test_what_wakes_a_device_is_never_shown(api: ApiClient, tenant: Tenant) -> None:
    enrolment = AppleEnrolmentFactory(
        device=DeviceFactory(tenant=tenant), push_magic=b"the-magic", unlock_token=b"the-unlock"
    )

    told = str(shown(api, enrolment.device))

    assert not [word for word in ("magic", "token", "unlock", "01010101") if word in told]


def test_every_state_is_shown_as_its_number(api: ApiClient, tenant: Tenant) -> None:
    told = {state: shown(api, AndroidFactory(tenant=tenant, state=state))["state"] for state in DeviceState.values}

    assert told == {state: state for state in DeviceState.values}


def test_a_removed_device_is_still_found_by_its_id(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, state=DeviceState.DISABLED)

    assert shown(api, device)["state"] == 20


def test_a_device_of_another_tenant_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    device = DeviceFactory(tenant=other_tenant)

    response = api.get(f"/api/device/v0/devices/{device.pk}/")

    assert response.status_code == 404
    assert response.json() == {"code": 404, "message": "No device has this id.", "content": {}}


def test_takes_two_queries(api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    device = DeviceFactory(tenant=tenant, group=DeviceGroupFactory(tenant=tenant), platform=Platform.APPLE)
    shown(api, device)

    with django_assert_num_queries(2):  # the token, the device with its heartbeat
        shown(api, device)
