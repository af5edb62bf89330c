"""GET /api/v2/blueprints/, one of them, their versions, and what differs between two."""

import uuid

import pytest
from pytest_django import DjangoAssertNumQueries

from tenants.models import Tenant
from tests.commands.blueprints.calls import BLUEPRINTS, CAMERA, OFFICE, UNKNOWN, content, names, numbers, path_of
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory, add_version


def test_lists_the_latest_versions_newest_first(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    first, _ = BlueprintFactory(tenant, name="A"), BlueprintFactory(tenant, name="B", publish=False)
    add_version(first, publish=False)
    BlueprintFactory(other_tenant)

    response = api.get(BLUEPRINTS)

    assert numbers(response) == ["B 0.1", "A 1.1"]
    told = content(response)
    assert {key: told[key] for key in ("count", "next", "previous", "prev")} == {
        "count": 2,
        "next": None,
        "previous": None,
        "prev": None,
    }


def test_filters_and_orders_by_name(api: ApiClient, tenant: Tenant) -> None:
    for name in ("Kiosk", "Old kiosk", "Till"):
        BlueprintFactory(tenant, name=name)

    assert names(api.get(BLUEPRINTS, query={"name": "KIOSK", "ordering": "name"})) == ["Kiosk", "Old kiosk"]
    assert names(api.get(BLUEPRINTS, query={"name_exact": "Kiosk"})) == ["Kiosk"]
    assert names(api.get(BLUEPRINTS, query={"ordering": "-version_number,-name"})) == ["Till", "Old kiosk", "Kiosk"]


def test_filters_by_what_the_latest_or_the_published_version_names(api: ApiClient, tenant: Tenant) -> None:
    app, version = str(uuid.uuid4()), str(uuid.uuid4())
    entry = {"app_id": app, "app_version_id": version, "app_type": "VPP", "state": "SHOW"}
    profile = {"profile_id": app, "profile_version_id": version}
    published = BlueprintFactory(tenant, name="Published", ios={"apps": [entry]})
    add_version(published, publish=False)
    BlueprintFactory(tenant, name="Draft", ios={"apps": [entry], "provisioning_profiles": [profile]}, publish=False)
    former = BlueprintFactory(tenant, name="Former", ios={"apps": [entry]})
    add_version(former)
    BlueprintFactory(
        tenant, name="Mixed", ios={"apps": [{**entry, "app_version_id": app}, {**entry, "app_id": version}]}
    )
    BlueprintFactory(tenant, name="Android", android={"files": [{"file_id": app, "destination_path": "/a"}]})

    def found(**filters: str) -> list[str]:
        return names(api.get(BLUEPRINTS, query={"ordering": "name", **filters}))

    assert found(settings__ios__app_id=app) == ["Draft", "Mixed", "Published"]
    assert found(settings__ios__app_id=app, settings__ios__app_version_id=version) == ["Draft", "Published"]
    assert found(settings__ios__provisioning_profile_id=app) == ["Draft"]
    assert found(settings__ios__provisioning_profile_version_id=version) == ["Draft"]
    assert found(settings__android__file_id=app) == ["Android"]
    assert found(settings__windows__app_id=app) == []


@pytest.mark.parametrize(
    "query", [{"settings__ios__app_id": "x"}, {"ordering": "settings"}, {"limit": "0"}, {"name": "a\0b"}]
)
def test_wrong_filters_are_refused(api: ApiClient, query: dict[str, str]) -> None:
    assert api.get(BLUEPRINTS, query=query).status_code == 400


def test_a_page_takes_few_queries(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        BlueprintFactory(tenant, name=str(number), ios=CAMERA)
    api.get(BLUEPRINTS)

    with django_assert_num_queries(3):  # the token, the count, the rows
        api.get(BLUEPRINTS)


def test_versions_are_filtered_and_ordered(api: ApiClient, tenant: Tenant) -> None:
    app = str(uuid.uuid4())
    blueprint = BlueprintFactory(tenant, ios={"apps": [{"app_id": app, "app_type": "VPP", "state": "SHOW"}]})
    add_version(blueprint, publish=False)
    add_version(blueprint)
    path = path_of(blueprint, "versions/")

    assert numbers(api.get(path)) == ["Kiosk 2.0", "Kiosk 1.1", "Kiosk 1.0"]
    assert numbers(api.get(path, query={"publish": "true"})) == ["Kiosk 2.0", "Kiosk 1.0"]
    assert numbers(api.get(path, query={"publish": "false"})) == ["Kiosk 1.1"]
    assert numbers(api.get(path, query={"version_number": "1", "ordering": "minor_version_number"})) == [
        "Kiosk 1.0",
        "Kiosk 1.1",
    ]
    assert numbers(api.get(path, query={"settings__ios__app_id": app})) == ["Kiosk 1.0"]


def test_a_version_stays_what_it_was(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "A", "settings": {"ios": CAMERA}}), 201)
    api.put(path_of(made), {"name": "B", "settings": {}, "publish": True})

    told = content(api.get(path_of(made, f"versions/{made['version_id']}/")))

    assert {key: told[key] for key in ("name", "settings", "publish", "version_id")} == {
        key: made[key] for key in ("name", "settings", "publish", "version_id")
    }


def test_the_difference_of_two_versions_is_shown_field_by_field(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "A", "settings": {"ios": {"wifi_networks": [OFFICE]}}}), 201)
    body = {"name": "B", "settings": {"ios": {"wifi_networks": [{**OFFICE, "password": "another-one"}], **CAMERA}}}
    changed = content(api.put(path_of(made), body))
    path = path_of(made, f"versions/{changed['version_id']}/diff/")

    told = content(api.get(path, query={"against": made["version_id"]}))

    assert told == [
        {"path": "name", "before": "A", "after": "B"},
        {"path": "ios.wifi_networks[Office].password", "before": "********", "after": "changed"},
        {"path": "ios.camera_settings.apply_policy", "before": None, "after": "ALWAYS APPLY"},
        {"path": "ios.camera_settings.allow_camera_access", "before": None, "after": False},
    ]
    assert api.get(path).status_code == 400
    assert api.get(path, query={"against": UNKNOWN}).status_code == 404
