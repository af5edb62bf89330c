"""GET /api/device/v0/devices/?search= looks through exactly the fields that the page names, per platform."""

from typing import Any

import pytest

from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory

WORD = "Needle-7"
EVERYWHERE: dict[str, dict[str, Any]] = {
    "name": {"name": WORD},
    "the name that people gave": {"alias": WORD},
    "serial": {"serial": WORD},
    "imei": {"network_info": {"imei1": WORD}},
    "second imei": {"network_info": {"imei2": WORD}},
    "model": {"hardware_info": {"model": WORD}},
}
ANDROID: dict[str, dict[str, Any]] = {
    "iccid": {"network_info": {"iccid1": WORD}},
    "second iccid": {"network_info": {"iccid2": WORD}},
    "phone number": {"network_info": {"phone_number_1": WORD}},
    "second phone number": {"network_info": {"phone_number_2": WORD}},
    "brand": {"hardware_info": {"brand": WORD}},
    "manufacturer": {"hardware_info": {"manufacturer": WORD}},
    "hardware": {"hardware_info": {"hardware": WORD}},
    "wifi address": {"network_info": {"wifi_mac_address": WORD}},
    "wifi network": {"network_stats": {"wifi_network_info": {"wifi_ssid": WORD}}},
}
APPLE: dict[str, dict[str, Any]] = {"udid": {"udid": WORD}}
NOWHERE: dict[str, dict[str, Any]] = {
    "os version": {"os_version": WORD},
    "ethernet address": {"network_info": {"ethernet_mac_address": WORD}},
    "model number": {"hardware_info": {"model_number": WORD}},
    "baseband": {"hardware_info": {"device_baseband_version": WORD}},
    "build": {"software_info": {"os_build_number": WORD}},
    "global id": {"global_device_id": WORD},
    "template": {"template_name": WORD},
    "author": {"created_by": WORD},
    "enrolment": {"enrolment_id": WORD},
    "a key": {"hardware_info": {WORD: "x"}},
}


def found(api: ApiClient, text: str) -> list[str]:
    response = api.get("/api/device/v0/devices/", query={"search": text, "limit": 1000})
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["content"]["results"]]


@pytest.mark.parametrize(
    ("factory", "named"),
    [
        pytest.param(DeviceFactory, EVERYWHERE | APPLE, id="apple"),
        pytest.param(AndroidFactory, EVERYWHERE | ANDROID, id="android"),
    ],
)
def test_finds_a_part_of_a_named_field_in_any_case(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant, factory: Any, named: dict[str, dict[str, Any]]
) -> None:
    names = {str(factory(tenant=tenant, **fields).pk): name for name, fields in named.items()}
    factory(tenant=tenant)
    for fields in named.values():
        factory(tenant=other_tenant, **fields)

    for text in ("eedle-", "NEEDLE-7"):
        assert sorted(names.get(pk, pk) for pk in found(api, text)) == sorted(named), text


@pytest.mark.parametrize(
    ("factory", "named"),
    [
        pytest.param(DeviceFactory, NOWHERE | ANDROID, id="apple"),
        pytest.param(AndroidFactory, NOWHERE | APPLE, id="android"),
    ],
)
def test_looks_nowhere_else(api: ApiClient, tenant: Tenant, factory: Any, named: dict[str, dict[str, Any]]) -> None:
    names = {str(factory(tenant=tenant, **fields).pk): name for name, fields in named.items()}

    assert [names[pk] for pk in found(api, WORD)] == []


def test_a_device_is_not_found_by_its_id_or_its_group(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, group=DeviceGroupFactory(tenant=tenant, name=WORD))

    assert found(api, str(device.pk)) == found(api, WORD) == []


@pytest.mark.parametrize("text", ["%", "_", "a%c", "a_c", "\\", "100%"])
def test_wildcards_are_plain_characters(api: ApiClient, tenant: Tenant, text: str) -> None:
    DeviceFactory(tenant=tenant, name="abc")
    hit = DeviceFactory(tenant=tenant, name=f"x{text}x")

    assert found(api, text) == [str(hit.pk)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Café Łódź", "łódź"),
        ('Jo\'s "Till"', "'s \"t"),
        ("日本語", "本"),
        ("a  b", "a  b"),
        ("💩", "💩"),
        ("x-1", "  X-1  "),
    ],
)
def test_finds_any_script(api: ApiClient, tenant: Tenant, name: str, text: str) -> None:
    device = DeviceFactory(tenant=tenant, name=name)
    DeviceFactory(tenant=tenant)

    assert found(api, text) == [str(device.pk)]


def test_a_match_never_spans_two_fields(api: ApiClient, tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant, name="front", alias="back", serial="front")

    assert found(api, "frontback") == found(api, "front back") == found(api, "t\nb") == []


def test_an_empty_search_finds_everything(api: ApiClient, tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant)

    assert len(found(api, "")) == len(found(api, "   ")) == 1


def test_what_is_found_follows_changes(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, name="before")
    device.name = "after"
    device.save(update_fields=["name"])

    assert found(api, "after") == [str(device.pk)]
    assert found(api, "before") == []
