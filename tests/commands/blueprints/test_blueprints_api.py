"""/api/v2/blueprints/ and their versions."""

import base64
import plistlib
import uuid
from typing import Any

import pytest
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from commands.blueprints.secrets import open_settings
from devices.models import Blueprint, BlueprintVersion
from tenants.models import AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.builds import AppVersionFactory
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.settings import ANDROID, IOS

BLUEPRINTS = "/api/v2/blueprints/"
UNKNOWN = "742e0767-3a80-48e0-a718-e86f5ad0cab9"
CAMERA = {"camera_settings": {"apply_policy": "ALWAYS APPLY", "allow_camera_access": False}}
OFFICE = {"ssid": "Office", "password": "the-wifi-password"}


def path_of(blueprint: Blueprint | dict[str, Any], rest: str = "") -> str:
    return f"{BLUEPRINTS}{blueprint['id'] if isinstance(blueprint, dict) else blueprint.pk}/{rest}"


def content(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.json()
    return response.json()["content"]


def numbers(response: Any) -> list[str]:
    told = content(response)["results"]
    return [f"{row['name']} {row['version_number']}.{row['minor_version_number']}" for row in told]


def names(response: Any) -> list[str]:
    return [row["name"] for row in content(response)["results"]]


def events() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action__startswith="blueprint.").order_by("at", "id")


# Making ---------------------------------------------------------------------------------------------------------------


def test_makes_a_draft(api: ApiClient, tenant: Tenant) -> None:
    body = {"name": "Kiosk", "description": "Of shops", "comments": "First", "settings": {"ios": CAMERA}}

    response = api.post(BLUEPRINTS, body)

    row = Blueprint.objects.get(tenant=tenant)
    version = row.latest_version
    assert version is not None
    moments = {name: getattr(row, name).isoformat().replace("+00:00", "Z") for name in ("created_at", "updated_at")}
    assert response.json() == {
        "code": 201,
        "message": "Blueprint created",
        "content": {
            **body,
            "id": str(row.pk),
            "version_id": str(version.pk),
            "version_number": 0,
            "minor_version_number": 1,
            "publish": False,
            "published_version_id": None,
            "created_by": "caller-1",
            "updated_by": "caller-1",
            **moments,
        },
    }
    event = events().get()
    assert (event.action, event.object_id) == ("blueprint.created", str(row.pk))
    assert event.details == {"name": "Kiosk", "version": "0.1", "changed": []}


def test_makes_a_published_one_at_once(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "Kiosk", "publish": True}), 201)

    assert (made["version_number"], made["minor_version_number"], made["publish"]) == (1, 0, True)
    assert made["published_version_id"] == made["version_id"]


def test_takes_every_group_and_shows_no_secret(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "All", "settings": {"ios": IOS, "android": ANDROID}}), 201)

    shown = content(api.get(path_of(made)))
    assert shown == made
    assert shown["settings"]["ios"]["wifi_networks"][0]["password"] == "********"
    assert shown["settings"]["ios"]["custom_device_level_profile_settings"]["custom_profile"] == "********"
    assert shown["settings"]["android"]["esper_settings_apps_settings"]["admin_mode_password"] == "********"
    assert open_settings(BlueprintVersion.objects.get()) == {"ios": IOS, "android": ANDROID}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "A", "setings": {}}, "setings"),
        ({"name": "A", "publish": "maybe"}, "publish"),
        ({"name": "A", "settings": []}, "settings"),
        ({"name": "A", "settings": "ios"}, "settings"),
        ({"name": "A", "settings": {"ios": {"camera": {}}}}, "settings.ios.camera"),
        ({"name": "A", "settings": {"ios": {"wifi_networks": [{}]}}}, "settings.ios.wifi_networks[0].ssid"),
        (
            {"name": "A", "settings": {"ios": {"wifi_networks": [{"ssid": "A", "password": "********"}]}}},
            "settings.ios.wifi_networks[0].password",
        ),
    ],
)
def test_wrong_bodies_are_refused_and_nothing_is_made(api: ApiClient, body: Any, fault: str) -> None:
    response = api.post(BLUEPRINTS, body)

    assert list(content(response, 400)) == [fault]
    assert response.json()["message"].startswith(f"{fault}: ")
    assert not Blueprint.objects.exists()
    assert not events().exists()


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "{", '{"name": "\\ud800"}', '{"name": "a\\u0000"}'])
def test_bodies_that_are_no_objects_are_refused(api: ApiClient, body: str) -> None:
    assert api.post(BLUEPRINTS, body).status_code == 400
    assert not Blueprint.objects.exists()


def test_a_name_is_given_once_in_a_tenant_in_any_case(api: ApiClient, other_tenant: Tenant, tenant: Tenant) -> None:
    BlueprintFactory(other_tenant, name="Kiosk")
    content(api.post(BLUEPRINTS, {"name": "Kiosk"}), 201)

    response = api.post(BLUEPRINTS, {"name": "kiosk"})

    assert content(response, 400) == {"name": ["another blueprint of this tenant is called kiosk."]}
    assert response.json()["message"] == "name: another blueprint of this tenant is called kiosk."
    assert Blueprint.objects.filter(tenant=tenant).count() == 1


# Saving and publishing ------------------------------------------------------------------------------------------------


def test_drafts_count_the_minor_number_and_publishing_the_major_one(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "Kiosk"}), 201)

    for body in (
        {"settings": {"ios": CAMERA}},
        {"publish": True},
        {"description": "x"},
        {"name": "B", "publish": True},
    ):
        content(api.put(path_of(made), body))

    assert numbers(api.get(path_of(made, "versions/"))) == ["B 2.0", "Kiosk 1.1", "Kiosk 1.0", "Kiosk 0.2", "Kiosk 0.1"]
    row = Blueprint.objects.get()
    assert (row.name, row.latest_version_id) == ("B", row.published_version_id)
    assert [event.action for event in events()] == [
        "blueprint.created",
        "blueprint.changed",
        "blueprint.published",
        "blueprint.changed",
        "blueprint.published",
    ]


def test_a_draft_leaves_what_is_published(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)

    told = content(api.put(path_of(blueprint), {"settings": {"ios": CAMERA}}))

    assert (told["version_number"], told["minor_version_number"], told["publish"]) == (1, 1, False)
    assert told["published_version_id"] == str(blueprint.published_version_id)


def test_what_is_absent_stays_and_settings_are_taken_whole(api: ApiClient, tenant: Tenant) -> None:
    made = content(
        api.post(BLUEPRINTS, {"name": "A", "description": "d", "comments": "c", "settings": {"ios": CAMERA}}), 201
    )

    described = content(api.put(path_of(made), {"description": "e"}))
    emptied = content(api.put(path_of(made), {"settings": {}}))

    assert (described["name"], described["comments"], described["settings"]) == ("A", "c", {"ios": CAMERA})
    assert (emptied["description"], emptied["settings"]) == ("e", {})


@pytest.mark.parametrize("publish", [False, True])
def test_saving_what_is_there_makes_no_version(api: ApiClient, publish: bool) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "A", "settings": {"ios": IOS}, "publish": publish}), 201)

    again = content(api.put(path_of(made), made))
    draft = content(api.put(path_of(made), {**made, "publish": False}))

    assert again == draft == made
    assert BlueprintVersion.objects.count() == 1
    assert events().count() == 1


def test_publishing_a_draft_that_did_not_change_makes_a_version(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "A", "settings": {"ios": IOS}}), 201)

    published = content(api.put(path_of(made), {**made, "publish": True}))

    assert (published["version_number"], published["settings"]) == (1, made["settings"])
    assert [open_settings(version) for version in BlueprintVersion.objects.all()] == [{"ios": IOS}] * 2


def test_a_masked_secret_stays_and_another_one_is_kept(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "A", "settings": {"ios": {"wifi_networks": [OFFICE]}}}), 201)
    (network,) = made["settings"]["ios"]["wifi_networks"]
    guests = {"ssid": "Guests", "password": "for-guests"}

    api.put(path_of(made), {"settings": {"ios": {"wifi_networks": [guests, {**network, "hidden": True}]}}})

    latest = Blueprint.objects.get().latest_version
    assert latest is not None
    kept = open_settings(latest)["ios"]["wifi_networks"]
    assert [entry["password"] for entry in kept] == ["for-guests", "the-wifi-password"]
    assert kept[1]["wifi_network_id"] == network["wifi_network_id"]
    assert "for-guests" not in str(latest.settings)
    assert "the-wifi-password" not in str(list(AuditEvent.objects.values()))


def test_the_configuration_of_an_app_is_a_secret(api: ApiClient) -> None:
    config = base64.b64encode(plistlib.dumps({"licence key": "of-the-app"})).decode()
    app = {"app_id": "com.apple.Maps", "app_type": "PRELOADED", "base64_app_config": config}
    made = content(api.post(BLUEPRINTS, {"name": "A", "settings": {"ios": {"apps": [app]}}}), 201)

    api.put(path_of(made), {**made, "publish": True})

    assert made["settings"]["ios"]["apps"][0]["base64_app_config"] == "********"
    for version in BlueprintVersion.objects.all():
        assert config not in str(version.settings)
        assert open_settings(version)["ios"]["apps"][0]["base64_app_config"] == config


def test_the_log_names_what_changed(api: ApiClient) -> None:
    made = content(api.post(BLUEPRINTS, {"name": "A", "settings": {"ios": {"wifi_networks": [OFFICE]}}}), 201)
    network = made["settings"]["ios"]["wifi_networks"][0]
    changed = {"wifi_networks": [{**network, "password": "another-one"}], **CAMERA}

    api.put(path_of(made), {"settings": {"ios": changed}})

    assert events().last().details["changed"] == [  # type: ignore[union-attr]
        "ios.wifi_networks[Office].password",
        "ios.camera_settings.apply_policy",
        "ios.camera_settings.allow_camera_access",
    ]


def test_a_refused_update_changes_nothing(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    BlueprintFactory(tenant, name="Taken")

    bodies: list[Any] = [{"settings": {"tvos": {}}}, {"name": "TAKEN"}, {"name": None}, {"publish": "?"}, []]
    for body in bodies:
        assert api.put(path_of(blueprint), body).status_code == 400

    assert BlueprintVersion.objects.filter(blueprint=blueprint).count() == 1
    assert Blueprint.objects.get(pk=blueprint.pk).name == "Kiosk"


# Reading --------------------------------------------------------------------------------------------------------------


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


# Deleting -------------------------------------------------------------------------------------------------------------


def test_deletes_a_blueprint_with_its_versions(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    add_version(blueprint)

    response = api.delete(path_of(blueprint))

    assert (response.status_code, response.content) == (204, b"")
    assert not BlueprintVersion.objects.exists()
    assert events().get().details == {"name": "Kiosk"}
    assert api.delete(path_of(blueprint)).status_code == 404


def test_what_is_assigned_is_not_deleted(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    DeviceGroupFactory(tenant=tenant, blueprint=blueprint)

    response = api.delete(path_of(blueprint))

    assert content(response, 400) == {"devices": 2, "groups": 1}
    told = "The blueprint Kiosk is assigned to 2 devices and 1 group. Take it off there first."
    assert response.json()["message"] == told
    assert Blueprint.objects.filter(pk=blueprint.pk).exists()
    assert not events().exists()


def test_what_devices_have_had_is_deleted(api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    device = DeviceFactory(
        tenant=tenant, current_blueprint=blueprint, current_blueprint_version=blueprint.published_version
    )

    assert api.delete(path_of(blueprint)).status_code == 204

    device.refresh_from_db()
    assert device.current_blueprint_version_id is None


def test_a_version_of_an_app_in_use_is_not_deleted(api: ApiClient, tenant: Tenant) -> None:
    version = AppVersionFactory(tenant)
    entry = {"app_id": str(version.app_id), "app_version_id": str(version.pk), "app_type": "TENANT_IOS"}
    made = content(api.post(BLUEPRINTS, {"name": "Kiosk", "settings": {"ios": {"apps": [entry]}}}), 201)
    path = f"/api/v2/tenant-apps/{version.app_id}/versions/{version.pk}"

    refused = api.delete(path)
    api.put(path_of(made), {"settings": {}, "publish": True})
    deleted = api.delete(path)

    assert content(refused, 400) == {"uses": ['blueprint "Kiosk"']}
    assert deleted.status_code == 200


def test_a_version_of_an_app_that_a_device_has_by_a_blueprint_is_in_use(api: ApiClient, tenant: Tenant) -> None:
    version = AppVersionFactory(tenant)
    blueprint = BlueprintFactory(
        tenant, ios={"apps": [{"app_id": str(version.app_id), "app_version_id": str(version.pk)}]}
    )
    DeviceFactory(tenant=tenant, current_blueprint_version=blueprint.published_version)
    add_version(blueprint)

    response = api.delete(f"/api/v2/tenant-apps/{version.app_id}/versions/{version.pk}")

    assert content(response, 400) == {"uses": ['blueprint "Kiosk"']}


# Whose, who and how ---------------------------------------------------------------------------------------------------


def test_foreign_and_absent_ones_are_not_found(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    foreign, own = BlueprintFactory(other_tenant), BlueprintFactory(tenant)
    theirs = foreign.latest_version_id

    for path in (path_of(foreign), f"{BLUEPRINTS}{UNKNOWN}/", f"{BLUEPRINTS}x/"):
        assert api.get(path).status_code == 404
        assert api.put(path, {"name": "Mine"}).status_code == 404
        assert api.delete(path).status_code == 404
        assert api.get(f"{path}versions/").status_code == 404
        assert api.get(f"{path}versions/{theirs}/").status_code == 404
    assert api.get(path_of(own, f"versions/{theirs}/")).status_code == 404
    diff = path_of(own, f"versions/{own.latest_version_id}/diff/")
    assert api.get(diff, query={"against": str(theirs)}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.name == "Kiosk"


def test_viewers_read_and_do_not_write(viewer_api: ApiClient, tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)

    assert viewer_api.get(path_of(blueprint)).status_code == 200
    assert viewer_api.get(BLUEPRINTS).status_code == 200
    for response in (
        viewer_api.post(BLUEPRINTS, {"name": "B"}),
        viewer_api.put(path_of(blueprint), {"name": "B"}),
        viewer_api.delete(path_of(blueprint)),
    ):
        assert response.status_code == 403
    assert Blueprint.objects.get().name == "Kiosk"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", ""),
        ("delete", ""),
        ("post", f"{UNKNOWN}/"),
        ("patch", f"{UNKNOWN}/"),
        ("post", f"{UNKNOWN}/versions/"),
        ("put", f"{UNKNOWN}/versions/{UNKNOWN}/"),
        ("delete", f"{UNKNOWN}/versions/{UNKNOWN}/"),
    ],
)
def test_other_methods_are_not_allowed(api: ApiClient, method: str, path: str) -> None:
    assert api.request(method, f"{BLUEPRINTS}{path}", {}).status_code == 405
