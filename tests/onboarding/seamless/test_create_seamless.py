"""`POST /api/v2/seamless`: who is expected, by identifiers, over HTTP."""

from typing import Any

import pytest

from onboarding.models import IdentifierKind, SeamlessRegistration, SeamlessRow, SeamlessUpload
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceGroupFactory

ROWS = "/api/v2/seamless"
IMEI, OTHER_IMEI = "490154203237518", "356938035643809"
UDID = "00008030-001a34e82e90802e"


def body(tenant: Tenant, ids: Any = "A1", kind: Any = 2, **more: Any) -> dict[str, Any]:
    info = {"unique_ids": ids, "unique_id_type": kind}
    return {"assigned_blueprint_id": str(BlueprintFactory(tenant).pk), "seamless_info": info, **more}


@pytest.mark.parametrize(
    ("kind", "identifier", "name"),
    [
        (1, IMEI, "IMEI"),
        (2, "c02abc", "SERIAL"),
        (3, UDID, "UUID"),
        ("IMEI", IMEI, "IMEI"),
        ("serial", "c02abc", "SERIAL"),
        ("3", UDID, "UUID"),
    ],
)
def test_the_kind_is_a_number_or_a_name_and_comes_back_as_a_name(
    api: ApiClient, tenant: Tenant, kind: Any, identifier: str, name: str
) -> None:
    response = api.post(ROWS, body(tenant, identifier, kind, alias="Till 4"))

    assert response.status_code == 200
    (row,) = response.json()["content"]["results"]
    assert (row["unique_ids"], row["unique_id_type"]) == (identifier.upper(), name)
    assert (row["status"], row["meta"], row["alias"]) == ("IN_QUEUE", None, "Till 4")
    registration = SeamlessRegistration.objects.get()
    assert (registration.alias, registration.blueprint_id) == (
        "Till 4",
        SeamlessRow.objects.get().assigned_blueprint_id,
    )
    assert IdentifierKind(registration.identifiers.get().kind).label == name


def test_several_identifiers_are_a_row_each_and_the_second_of_the_same_fails(api: ApiClient, tenant: Tenant) -> None:
    response = api.post(ROWS, body(tenant, "A1, A2,,a1"))

    assert [row["status"] for row in response.json()["content"]["results"]] == ["IN_QUEUE", "IN_QUEUE", "FAILED"]
    rows = api.get(ROWS).json()["content"]["results"]
    assert [(row["unique_ids"], row["status"]) for row in rows] == [
        ("A1", "SUCCESS"),
        ("A2", "SUCCESS"),
        ("a1", "FAILED"),
    ]
    assert SeamlessUpload.objects.get().source == "API"


def test_the_groups_blueprint_is_enough(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant, blueprint=BlueprintFactory(tenant))
    told = {"group_id": str(group.pk), "seamless_info": {"unique_ids": "A1", "unique_id_type": 2}}

    row = api.post(ROWS, told).json()["content"]["results"][0]

    assert (row["group_id"], row["assigned_blueprint_id"]) == (str(group.pk), str(group.blueprint_id))
    assert SeamlessRegistration.objects.get().group == group


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"assigned_blueprint_id": "x"}, "assigned_blueprint_id: invalid blueprint id"),
        ({"assigned_blueprint_id": "3e41fd18-d53d-4673-a10a-23089cbb6b73"}, "invalid blueprint id: 3e41fd18"),
        ({"assigned_blueprint_id": None}, "assigned_blueprint_id is required"),
        ({"group_id": 7}, "invalid group id"),
        ({"group_id": "3e41fd18-d53d-4673-a10a-23089cbb6b73"}, "invalid group id: 3e41fd18"),
        ({"seamless_info": {}}, "unique_id_type is required"),
        ({"seamless_info": None}, "seamless_info"),
        ({"seamless_info": []}, "seamless_info"),
        ({"seamless_info": {"unique_ids": "A1", "unique_id_type": 4}}, "'4' is none of 1 (IMEI), 2 (SERIAL), 3 (UUID)"),
        ({"seamless_info": {"unique_ids": "A1", "unique_id_type": True}}, "unique_id_type"),
        ({"seamless_info": {"unique_ids": "A1", "unique_id_type": 2.0}}, "unique_id_type"),
        ({"seamless_info": {"unique_ids": ["A1"], "unique_id_type": 2}}, "unique_ids"),
        ({"seamless_info": {"unique_ids": " , ", "unique_id_type": 2}}, "names no device"),
        ({"seamless_info": {"unique_ids": "1,2", "unique_id_type": 1}}, "'2' has 1 digits"),
        ({"seamless_info": {"unique_ids": "490154203237519", "unique_id_type": "IMEI"}}, "mistyped"),
        ({"seamless_info": {"unique_ids": "A " * 3, "unique_id_type": 2}}, "not a serial number"),
        ({"seamless_info": {"unique_ids": ",".join(["A"] * 1001), "unique_id_type": 2}}, "at most 1000"),
        ({"seamless_info": {"unique_ids": "A1", "unique_id_type": 2, "platform": "WINDOWS"}}, "platform"),
        ({"alias": "x" * 256}, "alias"),
        ({"alias": "Till\x07"}, "the alias holds characters that cannot be shown"),
        ({"seamless_info": {"unique_ids": "stra\xdfe", "unique_id_type": 2}}, "not a serial number"),
        ({"seamless_info": {"unique_ids": "\ufb00" * 20, "unique_id_type": 3}}, "not a UDID"),
    ],
)
def test_a_body_that_is_wrong_is_refused_as_a_whole(
    api: ApiClient, tenant: Tenant, changes: dict[str, Any], told: str
) -> None:
    response = api.post(ROWS, {**body(tenant), **changes})

    assert response.status_code == 400
    assert told in response.json()["message"]
    assert not SeamlessUpload.objects.exists()


def test_all_that_is_wrong_is_named_at_once(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    foreign, group = BlueprintFactory(other_tenant), DeviceGroupFactory(tenant=other_tenant)
    told = body(tenant, f"{IMEI},1,2", 1, assigned_blueprint_id=str(foreign.pk), group_id=str(group.pk))

    content = api.post(ROWS, told).json()["content"]

    assert set(content) == {"assigned_blueprint_id", "group_id", "seamless_info"}
    assert len(content["seamless_info"]["unique_ids"]) == 2


@pytest.mark.parametrize("text", ["", "[]", "null", '"x"', "{", '{"seamless_info": 1}', "\0"])
def test_hostile_bodies_are_refused(api: ApiClient, text: str) -> None:
    assert api.post(ROWS, text).status_code == 400
    assert not SeamlessUpload.objects.exists()


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1"])
def test_a_page_that_cannot_be_answered_stores_nothing(api: ApiClient, tenant: Tenant, query: str) -> None:
    assert api.post(f"{ROWS}?{query}", body(tenant)).status_code == 400
    assert not SeamlessUpload.objects.exists()


def test_a_viewer_may_not(viewer_api: ApiClient, tenant: Tenant) -> None:
    assert viewer_api.post(ROWS, body(tenant)).status_code == 403
    assert not SeamlessUpload.objects.exists()
