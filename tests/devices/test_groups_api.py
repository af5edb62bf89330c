"""/api/v2/devicegroups/ and /api/v2/subgroups"""

import uuid
from typing import Any

import pytest
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from devices.models import Device, DeviceGroup, DeviceState
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory

GROUPS = "/api/v2/devicegroups/"
SUBGROUPS = "/api/v2/subgroups"
UNKNOWN = "742e0767-3a80-48e0-a718-e86f5ad0cab9"


def path_of(group: DeviceGroup) -> str:
    return f"{GROUPS}{group.pk}/"


def content(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.json()
    return response.json()["content"]


def events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action__startswith="device_group.")


def names(response: Any) -> list[str]:
    return [row["name"] for row in content(response)["results"]]


# Making ---------------------------------------------------------------------------------------------------------------


def test_makes_a_group_below_another_with_a_blueprint(api: ApiClient, tenant: Tenant) -> None:
    parent, blueprint = DeviceGroupFactory(tenant=tenant), BlueprintFactory(tenant)
    body = {"name": " Tills ", "parent_id": str(parent.pk), "blueprint_id": str(blueprint.pk)}

    made = content(api.post(GROUPS, body), 201)

    row = DeviceGroup.objects.get(name="Tills")
    moments = {name: getattr(row, name).isoformat().replace("+00:00", "Z") for name in ("created_at", "updated_at")}
    assert made == {
        "id": str(row.pk),
        "name": "Tills",
        "parent_id": str(parent.pk),
        "blueprint_id": str(blueprint.pk),
        "effective_blueprint_id": str(blueprint.pk),
        "device_count": 0,
        "created_by": "caller-1",
        "updated_by": "caller-1",
        **moments,
    }
    assert (row.tenant, row.parent, row.blueprint) == (tenant, parent, blueprint)
    event = events().get()
    assert (event.action, event.details["blueprint"]) == ("device_group.created", str(blueprint.pk))


def test_a_name_that_is_taken_at_its_place_is_told_at_the_name(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    DeviceGroupFactory(tenant=tenant, name="Shops")
    DeviceGroupFactory(tenant=other_tenant, name="Depots")

    refused = api.post(GROUPS, {"name": "Shops"})

    assert content(refused, 400) == {"name": ["Another group at this place has this name."]}
    assert refused.json()["message"] == "Another group at this place has this name."
    assert api.post(GROUPS, {"name": "Depots"}).status_code == 201


def test_a_name_alone_makes_a_group_at_the_top(api: ApiClient) -> None:
    made = content(api.post(GROUPS, {"name": "Tills", "parent_id": None}), 201)

    assert (made["parent_id"], made["blueprint_id"], made["effective_blueprint_id"]) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "name: "),
        ({"name": "  "}, "name: "),
        ({"name": "x" * 256}, "name: "),
        ({"name": "a\0b"}, "NUL"),
        ({"name": "Tills", "parent_id": "7"}, "invalid group id: '7'"),
        ({"name": "Tills", "parent_id": UNKNOWN}, f"invalid group id: {UNKNOWN}"),
        ({"name": "Tills", "blueprint_id": UNKNOWN}, f"invalid blueprint id: {UNKNOWN}"),
        ({"name": "Tills", "blueprint_id": [1]}, "invalid blueprint id: "),
        ([], ""),
    ],
)
def test_a_wrong_body_makes_nothing(api: ApiClient, body: Any, told: str) -> None:
    response = api.post(GROUPS, body)

    assert response.status_code == 400
    assert told in response.json()["message"]
    assert not DeviceGroup.objects.exists()
    assert not events().exists()


def test_another_tenants_parent_and_blueprint_are_unknown(api: ApiClient, other_tenant: Tenant, tenant: Tenant) -> None:
    parent, blueprint = DeviceGroupFactory(tenant=other_tenant), BlueprintFactory(other_tenant)

    for wrong in ({"parent_id": str(parent.pk)}, {"blueprint_id": str(blueprint.pk)}):
        noun = "group" if "parent_id" in wrong else "blueprint"
        response = api.post(GROUPS, {"name": "Tills", **wrong})
        assert response.status_code == 400
        assert response.json()["content"] == {f"invalid_{noun}_ids": list(wrong.values())}
    assert not DeviceGroup.objects.filter(tenant=tenant).exists()


def test_the_same_name_twice_under_one_parent_is_refused(api: ApiClient, tenant: Tenant) -> None:
    parent = DeviceGroupFactory(tenant=tenant, name="Shop")
    DeviceGroupFactory(tenant=tenant, name="Tills", parent=parent)

    assert api.post(GROUPS, {"name": "Tills", "parent_id": str(parent.pk)}).status_code == 400
    assert api.post(GROUPS, {"name": "Shop"}).status_code == 400
    assert api.post(GROUPS, {"name": "Tills"}).status_code == 201


def test_viewers_read_and_do_not_write(viewer_api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)

    assert viewer_api.get(GROUPS).status_code == 200
    assert viewer_api.post(GROUPS, {"name": "Tills"}).status_code == 403
    assert viewer_api.put(path_of(group), {"name": "Tills"}).status_code == 403
    assert viewer_api.delete(path_of(group)).status_code == 403


# Reading --------------------------------------------------------------------------------------------------------------


def test_lists_the_groups_of_the_tenant_by_name(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    for name in ("b", "c", "a"):
        DeviceGroupFactory(tenant=tenant, name=name)
    DeviceGroupFactory(tenant=other_tenant, name="theirs")

    assert names(api.get(GROUPS)) == ["a", "b", "c"]
    assert names(api.get(f"{GROUPS}?ordering=-created_at")) == ["a", "c", "b"]
    page = content(api.get(f"{GROUPS}?limit=1&offset=1"))
    assert (page["count"], [row["name"] for row in page["results"]]) == (3, ["b"])
    assert "offset=0" in page["prev"]
    assert "offset=2" in page["next"]


def test_the_list_is_filtered(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    top = DeviceGroupFactory(tenant=tenant, name="Shops", blueprint=blueprint)
    DeviceGroupFactory(tenant=tenant, name="Shop 1", parent=top)
    DeviceGroupFactory(tenant=tenant, name="Office")

    assert names(api.get(f"{GROUPS}?name=shop")) == ["Shop 1", "Shops"]
    assert names(api.get(f"{GROUPS}?name_exact=Shops")) == ["Shops"]
    assert names(api.get(f"{GROUPS}?name_exact=shops")) == []
    assert names(api.get(f"{GROUPS}?parent_id={top.pk}")) == ["Shop 1"]
    assert names(api.get(f"{GROUPS}?blueprint_id={blueprint.pk}")) == ["Shops"]
    assert names(api.get(f"{GROUPS}?parent_id={UNKNOWN}")) == []


@pytest.mark.parametrize("query", ["parent_id=7", "blueprint_id=7", "ordering=size", "limit=0", "offset=-1"])
def test_a_wrong_filter_is_refused(api: ApiClient, query: str) -> None:
    response = api.get(f"{GROUPS}?{query}")

    assert response.status_code == 400
    assert response.json()["message"].startswith(query.split("=")[0])


def test_devices_are_counted_in_their_own_group(api: ApiClient, tenant: Tenant) -> None:
    top = DeviceGroupFactory(tenant=tenant, name="Top")
    below = DeviceGroupFactory(tenant=tenant, name="Below", parent=top)
    for group, number in ((top, 1), (below, 2)):
        for _ in range(number):
            DeviceFactory(tenant=tenant, group=group)
    DeviceFactory(tenant=tenant, group=below, state=DeviceState.DISABLED)

    counts = {row["name"]: row["device_count"] for row in content(api.get(GROUPS))["results"]}
    assert counts == {"Top": 1, "Below": 2}
    assert content(api.get(path_of(below)))["device_count"] == 2


def test_the_list_takes_three_queries_however_many_groups(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api.get(GROUPS)
    for _ in range(2):
        for _ in range(5):
            DeviceFactory(tenant=tenant, group=DeviceGroupFactory(tenant=tenant))
        with django_assert_num_queries(3):  # the token, the count, the page
            api.get(GROUPS)


def test_another_tenants_group_is_not_found(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = DeviceGroupFactory(tenant=other_tenant, name="Theirs")

    for response in (
        api.get(path_of(foreign)),
        api.put(path_of(foreign), {"name": "Ours"}),
        api.delete(path_of(foreign)),
        api.get(f"{GROUPS}7/"),
    ):
        assert response.status_code == 404
        assert response.json() == {"code": 404, "message": "No device group has this id.", "content": {}}
    assert DeviceGroup.objects.get().name == "Theirs"


def test_other_methods_are_refused(api: ApiClient, tenant: Tenant) -> None:
    assert api.delete(GROUPS).status_code == 405
    assert api.post(path_of(DeviceGroupFactory(tenant=tenant)), {}).status_code == 405
    assert api.post(SUBGROUPS, {}).status_code == 405


# Changing -------------------------------------------------------------------------------------------------------------


def test_what_a_change_does_not_name_stays(api: ApiClient, tenant: Tenant) -> None:
    top, blueprint = DeviceGroupFactory(tenant=tenant), BlueprintFactory(tenant)
    group = DeviceGroupFactory(tenant=tenant, name="Tills", parent=top, blueprint=blueprint)

    changed = content(api.put(path_of(group), {"name": "Tills 2"}))

    assert (changed["name"], changed["parent_id"]) == ("Tills 2", str(top.pk))
    assert changed["blueprint_id"] == str(blueprint.pk)
    assert content(api.put(path_of(group), {"parent_id": None, "blueprint_id": None}))["name"] == "Tills 2"
    group.refresh_from_db()
    assert (group.parent, group.blueprint, group.effective_blueprint) == (None, None, None)


def test_a_change_without_a_difference_writes_nothing(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant, name="Tills")

    content(api.put(path_of(group), {"name": "Tills", "parent_id": None}))

    assert not events().exists()
    assert DeviceGroup.objects.get().updated_at == group.updated_at


def test_a_group_cannot_be_moved_below_itself(api: ApiClient, tenant: Tenant) -> None:
    top = DeviceGroupFactory(tenant=tenant, name="Top")
    below = DeviceGroupFactory(tenant=tenant, parent=DeviceGroupFactory(tenant=tenant, parent=top))

    for wrong in (below, top):
        response = api.put(path_of(top), {"name": "Renamed", "parent_id": str(wrong.pk)})
        assert response.status_code == 400
        assert "cannot be its parent" in response.json()["message"]
    top.refresh_from_db()
    assert (top.name, top.parent) == ("Top", None)


def test_a_change_to_another_tenants_parent_changes_nothing(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    group, foreign = DeviceGroupFactory(tenant=tenant, name="Tills"), DeviceGroupFactory(tenant=other_tenant)

    response = api.put(path_of(group), {"name": "Renamed", "parent_id": str(foreign.pk)})

    assert response.status_code == 400
    assert DeviceGroup.objects.get(pk=group.pk).name == "Tills"


# Deleting -------------------------------------------------------------------------------------------------------------


def test_deleting_answers_with_the_group_and_leaves_its_devices(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant, name="Tills")
    device = DeviceFactory(tenant=tenant, group=group)

    gone = content(api.delete(path_of(group)))

    assert (gone["name"], gone["device_count"]) == ("Tills", 1)
    assert Device.objects.get(pk=device.pk).group is None
    assert events().get().action == "device_group.deleted"
    assert api.delete(path_of(group)).status_code == 404


def test_a_group_with_subgroups_is_not_deleted(api: ApiClient, tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    DeviceGroupFactory(tenant=tenant, parent=group)

    response = api.delete(path_of(group))

    assert response.status_code == 409
    assert "has subgroups" in response.json()["message"]
    assert DeviceGroup.objects.count() == 2
    assert not events().exists()


# Subgroups ------------------------------------------------------------------------------------------------------------


def below(api: ApiClient, *parents: DeviceGroup, more: str = "") -> list[uuid.UUID]:
    ids = ",".join(str(parent.pk) for parent in parents)
    found = content(api.get(f"{SUBGROUPS}?parent_group_ids={ids}{more}"))["subgroups"]
    return [uuid.UUID(item) for item in found]


def test_subgroups_are_all_below_or_those_right_below(api: ApiClient, tenant: Tenant) -> None:
    top, side = DeviceGroupFactory(tenant=tenant, name="Top"), DeviceGroupFactory(tenant=tenant, name="Side")
    middle = DeviceGroupFactory(tenant=tenant, name="Middle", parent=top)
    bottom = DeviceGroupFactory(tenant=tenant, name="Bottom", parent=middle)
    beside = DeviceGroupFactory(tenant=tenant, name="Corner", parent=side)

    assert below(api, top) == [bottom.pk, middle.pk]
    assert below(api, top, more="&immediate=true") == [middle.pk]
    assert below(api, top, side) == [bottom.pk, beside.pk, middle.pk]
    assert below(api, top, middle) == [bottom.pk, middle.pk]
    assert below(api, bottom) == []


@pytest.mark.parametrize("query", ["", "parent_group_ids=", "parent_group_ids=,", "parent_group_ids=7"])
def test_subgroups_of_nothing_are_refused(api: ApiClient, query: str) -> None:
    response = api.get(f"{SUBGROUPS}?{query}")

    assert response.status_code == 400
    assert "parent_group_ids" in response.json()["message"]


def test_subgroups_of_another_tenants_group_are_unknown(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    ours, foreign = DeviceGroupFactory(tenant=tenant), DeviceGroupFactory(tenant=other_tenant)
    DeviceGroupFactory(tenant=other_tenant, parent=foreign)

    response = api.get(f"{SUBGROUPS}?parent_group_ids={ours.pk},{foreign.pk}")

    assert response.status_code == 400
    assert response.json()["content"] == {"invalid_group_ids": [str(foreign.pk)]}
