"""GET /api/device/v0/devices/?ordering="""

from typing import Any

import pytest
from django.db import transaction

from devices.models import Heartbeat
from devices.selectors import ORDERINGS
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory

VALUES: dict[str, list[dict[str, Any]]] = {
    "alias": [{"alias": "a"}, {"alias": "b"}, {"alias": "c"}],
    "battery_level": [{"battery_level": 5}, {"battery_level": 40}, {"battery_level": 100}, {"battery_level": None}],
    "created_at": [{"created_at": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2, 3)],
    "dpc_version": [{"software_info": {"esper_agent_info": {"version_name": name}}} for name in "123"]
    + [{"software_info": {}}],
    "eea_version": [{"software_info": {"eea_version": name}} for name in "123"] + [{"software_info": {}}],
    "is_gms": [{"is_gms": False}, {"is_gms": True}, {"is_gms": None}],
    "last_seen": [{"seen": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2, 3)] + [{}],
    "model": [{"hardware_info": {"model": name}} for name in "abc"] + [{"hardware_info": {}}],
    "name": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
    "os_version": [{"os_version": "12"}, {"os_version": "13"}, {"os_version": "14"}],
    "platform": [{"platform": "ANDROID"}, {"platform": "APPLE"}],
    "policy_name": [{"policy": {"policy_name": name}} for name in "abc"] + [{"policy": None}],
    "provisioned_on": [{"provisioned_on": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2)] + [{"provisioned_on": None}],
    "serial": [{"serial": "A"}, {"serial": "B"}, {"serial": "C"}],
    "state": [{"state": 1}, {"state": 60}, {"state": 200}],
    "template_name": [{"template_name": "a"}, {"template_name": "b"}],
    "updated_at": [{"alias": "first"}, {"alias": "second"}, {"alias": "third"}],
    "wifi_ssid": [{"network_stats": {"wifi_network_info": {"wifi_ssid": name}}} for name in "abc"]
    + [{"network_stats": {}}],
}


def order(api: ApiClient, ordering: str) -> list[str]:
    response = api.get("/api/device/v0/devices/", query={"ordering": ordering})
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["content"]["results"]]


def make(tenant: Tenant, fields: dict[str, Any]) -> str:
    moment = fields.get("seen")
    device = AndroidFactory(tenant=tenant, **{key: value for key, value in fields.items() if key != "seen"})
    if moment:
        Heartbeat.objects.create(device=device, tenant=tenant, last_seen=moment)
    return str(device.pk)


def test_every_ordering_is_tested() -> None:
    assert set(VALUES) == set(ORDERINGS)


def test_orders_by_each_name_both_ways_with_what_has_none_last(api: ApiClient, tenant: Tenant) -> None:
    for name, values in VALUES.items():
        with transaction.atomic():
            ids = [make(tenant, fields) for fields in values]
            nothing = [ids.pop()] if list(values[-1].values()) in ([None], [{}], []) else []

            assert order(api, name) == ids + nothing, name
            assert order(api, f"-{name}") == ids[::-1] + nothing, name
            transaction.set_rollback(True)


def test_orders_by_several_names_in_turn(api: ApiClient, tenant: Tenant) -> None:
    b1, a2, a1 = (
        DeviceFactory(tenant=tenant, name=name, os_version=os) for name, os in [("b", "1"), ("a", "2"), ("a", "1")]
    )

    assert order(api, "name,-os_version") == [str(a2.pk), str(a1.pk), str(b1.pk)]
    assert order(api, " os_version , -name,") == [str(b1.pk), str(a1.pk), str(a2.pk)]


def test_equal_rows_come_newest_first(api: ApiClient, tenant: Tenant) -> None:
    ids = [str(DeviceFactory(tenant=tenant, name="same").pk) for _ in range(3)]

    assert order(api, "name") == order(api, "-name") == ids[::-1]


@pytest.mark.parametrize(
    "text", ["colour", "-", "--name", "name;", "+name", "NAME", "tenant", "group__name", "search_text", "pk", "?"]
)
def test_an_unknown_name_is_400_and_the_known_ones_are_told(api: ApiClient, text: str) -> None:
    response = api.get("/api/device/v0/devices/", query={"ordering": f"name,{text}"})

    assert response.status_code == 400
    assert response.json()["message"].startswith(f"ordering: {text!r} is not one of alias, battery_level, created_at")


def test_orders_only_our_devices(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    ours = DeviceFactory(tenant=tenant)
    DeviceFactory(tenant=other_tenant)

    assert order(api, "name") == [str(ours.pk)]
