"""GET /api/device/v0/devices/: each of the documented filters."""

import uuid
from typing import Any

import pytest

from devices.models import Blueprint, BlueprintVersion, Device
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory, DeviceGroupFactory

DEVICES = "/api/device/v0/devices/"
BLUEPRINT, OTHER_BLUEPRINT = "5c0a1e4e-0000-4000-8000-00000000000b", "5c0a1e4e-0000-4000-8000-00000000000c"


def found(api: ApiClient, **query: Any) -> set[str]:
    """The names of the devices that the filters let through."""
    response = api.get(DEVICES, query=query)
    assert response.status_code == 200, response.json()
    return {row["name"] for row in response.json()["content"]["results"]}


@pytest.fixture
def fleet(tenant: Tenant, other_tenant: Tenant) -> None:
    """A few devices that differ in all that can be filtered; the other tenant has the same ones."""
    for number, blueprint_id in enumerate((BLUEPRINT, OTHER_BLUEPRINT)):
        blueprint = Blueprint.objects.create(pk=blueprint_id, tenant=tenant, name=f"Blueprint {number}")
        BlueprintVersion.objects.create(
            pk=blueprint_id, tenant=tenant, blueprint=blueprint, version_number=1, minor_version_number=0
        )
    for each in (tenant, other_tenant):
        apple: dict[str, Any] = {"tenant": each}
        DeviceFactory(
            **apple,
            name="phone",
            serial="PH-1",
            udid="UDID-1",
            os_version="17.4.1",
            device_source="ABM",
            battery_level=80,
            assigned_blueprint_id=BLUEPRINT,
            current_blueprint_id=BLUEPRINT,
            current_blueprint_version_id=BLUEPRINT,
        )
        DeviceFactory(**apple, name="tablet", serial="TA-1", udid="UDID-2", os="iPadOS", os_version="17.0", state=100)
        DeviceFactory(**apple, name="old", serial="OL-1", udid="UDID-3", os_version="170", battery_level=10)
        AndroidFactory(
            **apple,
            name="robot",
            serial="RO-1",
            os_version="14",
            is_gms=True,
            battery_level=15,
            network_stats={"current_active_connection": "WIFI"},
            current_blueprint_version_id=OTHER_BLUEPRINT,
        )
        AndroidFactory(
            **apple,
            name="tin",
            serial="TI-1",
            os_version="13.1",
            state=60,
            is_gms=False,
            battery_level=None,
            network_stats={"current_active_connection": "MOBILE"},
            assigned_blueprint_id=OTHER_BLUEPRINT,
        )


APPLE, ANDROID = {"phone", "tablet", "old"}, {"robot", "tin"}
EVERY = APPLE | ANDROID


FILTERS: list[tuple[dict[str, str], set[str]]] = [
    ({}, EVERY),
    ({"serial": "PH-1"}, {"phone"}),
    ({"serial": "ph-1"}, {"phone"}),
    ({"serial": "PH"}, set()),
    ({"serial": ""}, EVERY),
    ({"udid": "UDID-2"}, {"tablet"}),
    ({"udid": "udid-2"}, {"tablet"}),
    ({"udid": "UDID"}, set()),
    ({"ios_version": "17"}, {"phone"}),
    ({"ios_version": "17.4"}, {"phone"}),
    ({"ios_version": "17.4.1"}, {"phone"}),
    ({"ios_version": "170"}, {"old"}),
    ({"ios_version": "7.4"}, set()),
    ({"ipados_version": "17"}, {"tablet"}),
    ({"ipados_version": "17.4"}, set()),
    ({"android_version": "13"}, {"tin"}),
    ({"android_version": "14"}, {"robot"}),
    ({"android_version": "17"}, set()),
    ({"state": "1"}, {"phone", "old", "robot"}),
    ({"state": "100"}, {"tablet"}),
    ({"state": "60,100"}, {"tablet", "tin"}),
    ({"state": " 60 , ,100,"}, {"tablet", "tin"}),
    ({"state": "active"}, {"phone", "old", "robot"}),
    ({"state": "Inactive"}, {"tin"}),
    ({"state": "0"}, set()),
    ({"state": ",,"}, EVERY),
    ({"battery_level_gte": "15"}, {"phone", "robot"}),
    ({"battery_level_lte": "15"}, {"old", "robot"}),
    ({"battery_level_gte": "11", "battery_level_lte": "79.5"}, {"robot"}),
    ({"battery_level_gte": "-5"}, {"phone", "old", "robot"}),
    ({"battery_level_gte": "1e300"}, set()),
    ({"battery_level_lte": "1e300"}, {"phone", "old", "robot"}),
    ({"is_gms": "true"}, {"robot"}),
    ({"is_gms": "false"}, {"tin"}),
    ({"is_gms": "1"}, {"robot"}),
    ({"is_gms": "False"}, {"tin"}),
    ({"is_gms": ""}, EVERY),
    ({"active_connection": "WIFI"}, {"robot"}),
    ({"active_connection": "wifi"}, {"robot"}),
    ({"active_connection": "%"}, set()),
    ({"assigned_blueprint_id": BLUEPRINT}, {"phone"}),
    ({"assigned_blueprint_id": BLUEPRINT.upper()}, {"phone"}),
    ({"assigned_blueprint_id": f"{BLUEPRINT},{OTHER_BLUEPRINT}"}, {"phone", "tin"}),
    ({"current_blueprint_id": BLUEPRINT}, {"phone"}),
    ({"current_blueprint_version_id": OTHER_BLUEPRINT}, {"robot"}),
    ({"current_blueprint_version_id_net": BLUEPRINT}, EVERY - {"phone"}),
    ({"current_blueprint_version_id_net": f"{BLUEPRINT},{OTHER_BLUEPRINT}"}, EVERY - {"phone", "robot"}),
    ({"platform": "APPLE"}, APPLE),
    ({"platform": "ANDROID"}, ANDROID),
    ({"os": "iOS"}, {"phone", "old"}),
    ({"os": "iPadOS"}, {"tablet"}),
    ({"os": "Android"}, ANDROID),
    ({"os": "iOS,Android"}, {"phone", "old"} | ANDROID),
    ({"device_source": "ABM"}, {"phone"}),
    ({"device_source": "NON_ABM"}, {"tablet", "old"}),
    ({"device_source": "ABM,NON_ABM"}, APPLE),
    ({"search": "pho"}, {"phone"}),
    ({"platform": "APPLE", "battery_level_lte": "50", "os": "iOS"}, {"old"}),
    ({"platform": "ANDROID", "udid": "UDID-1"}, set()),
]


@pytest.mark.usefixtures("fleet")
def test_a_filter_lets_through_what_matches(api: ApiClient) -> None:
    wrong = {str(query): names for query, wanted in FILTERS if (names := found(api, **query)) != wanted}

    assert wrong == {}


NONSENSE: list[tuple[dict[str, str], str]] = [
    ({"state": "online"}, "state: 'online' is not valid."),
    ({"state": "5"}, "state: '5' is not valid."),
    ({"battery_level_gte": "full"}, "battery_level_gte: "),
    ({"battery_level_lte": "nan"}, "battery_level_lte: "),
    ({"battery_level_lte": "inf"}, "battery_level_lte: "),
    ({"is_gms": "maybe"}, "is_gms: "),
    ({"group_multi": "x"}, "group_multi: 'x' is not valid."),
    ({"group_multi_immediate": "1,2"}, "group_multi_immediate: '1' is not valid."),
    ({"assigned_blueprint_id": "x"}, "assigned_blueprint_id: "),
    ({"current_blueprint_id": "x"}, "current_blueprint_id: "),
    ({"current_blueprint_version_id": "x"}, "current_blueprint_version_id: "),
    ({"current_blueprint_version_id_net": "x"}, "current_blueprint_version_id_net: "),
    ({"platform": "LINUX"}, "platform: 'LINUX' is not one of ANDROID, APPLE."),
    ({"os": "Ubuntu"}, "os: 'Ubuntu' is not one of "),
    ({"device_source": "DEP"}, "device_source: 'DEP' is not one of ABM, NON_ABM."),
    ({"ordering": "colour"}, "ordering: 'colour' is not one of "),
    ({"search": "x" * 201}, "search: "),
]


def test_a_filter_that_makes_no_sense_is_400_and_named(api: ApiClient) -> None:
    for query, message in NONSENSE:
        response = api.get(DEVICES, query=query)

        assert response.status_code == 400, query
        assert response.json()["message"].startswith(message), query
        assert list(response.json()["content"]) == list(query)


@pytest.fixture
def tree(tenant: Tenant) -> dict[str, str]:
    """shops > north > till, and offices; a device in each, named like its group, and one in none."""
    shops = DeviceGroupFactory(tenant=tenant, name="shops")
    north = DeviceGroupFactory(tenant=tenant, name="north", parent=shops)
    till = DeviceGroupFactory(tenant=tenant, name="till", parent=north)
    offices = DeviceGroupFactory(tenant=tenant, name="offices")
    for group in (shops, north, till, offices):
        DeviceFactory(tenant=tenant, name=group.name, group=group)
    DeviceFactory(tenant=tenant, name="nowhere")
    return {group.name: str(group.pk) for group in (shops, north, till, offices)}


@pytest.mark.parametrize(
    ("groups", "deep", "flat"),
    [
        (["shops"], {"shops", "north", "till"}, {"shops"}),
        (["north"], {"north", "till"}, {"north"}),
        (["till"], {"till"}, {"till"}),
        (["till", "offices"], {"till", "offices"}, {"till", "offices"}),
        (["shops", "north"], {"shops", "north", "till"}, {"shops", "north"}),
    ],
)
def test_group_multi_takes_the_subgroups_too_and_group_multi_immediate_does_not(
    api: ApiClient, tree: dict[str, str], groups: list[str], deep: set[str], flat: set[str]
) -> None:
    ids = ",".join(tree[name] for name in groups)

    assert found(api, group_multi=ids) == deep
    assert found(api, group_multi_immediate=ids) == flat


def test_a_tree_may_be_deep(api: ApiClient, tenant: Tenant) -> None:
    top = group = DeviceGroupFactory(tenant=tenant)
    for _ in range(40):
        group = DeviceGroupFactory(tenant=tenant, parent=group)
    DeviceFactory(tenant=tenant, name="deep", group=group)

    assert found(api, group_multi=top.pk) == {"deep"}


def test_groups_that_chase_their_own_tail_are_survived(api: ApiClient, tenant: Tenant) -> None:
    first = DeviceGroupFactory(tenant=tenant)
    second = DeviceGroupFactory(tenant=tenant, parent=first)
    type(first).objects.filter(pk=first.pk).update(parent=second)
    DeviceFactory(tenant=tenant, name="dizzy", group=first)

    assert found(api, group_multi=second.pk) == {"dizzy"}


@pytest.mark.parametrize("name", ["group_multi", "group_multi_immediate"])
def test_groups_of_another_tenant_find_nothing(api: ApiClient, tenant: Tenant, other_tenant: Tenant, name: str) -> None:
    theirs = DeviceGroupFactory(tenant=other_tenant)
    DeviceFactory(tenant=other_tenant, group=theirs)
    DeviceFactory(tenant=tenant)

    assert found(api, **{name: theirs.pk}) == found(api, **{name: uuid.uuid4()}) == set()


@pytest.mark.parametrize("name", ["group_multi", "assigned_blueprint_id", "state", "os", "ordering"])
def test_a_list_may_hold_a_thousand_values_and_no_more(api: ApiClient, name: str) -> None:
    value = {"state": "1", "os": "iOS", "ordering": "name"}.get(name, str(uuid.uuid4()))

    assert api.get(DEVICES, query={name: ",".join([value] * 1000)}).status_code == 200
    response = api.get(DEVICES, query={name: ",".join([value] * 1001)})
    assert response.status_code == 400
    assert response.json()["message"] == f"{name}: at most 1000 values."


def test_filters_read_what_is_stored_and_change_nothing(api: ApiClient, tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, name="phone")
    before = Device.objects.values().get(pk=device.pk)

    found(api, search="phone", state="1", ordering="name")

    assert Device.objects.values().get(pk=device.pk) == before
