"""/api/v2/blueprints/ and their versions."""

import base64
import plistlib
from typing import Any

import pytest

from commands.blueprints.secrets import open_settings
from devices.models import Blueprint, BlueprintVersion
from tenants.models import AuditEvent, Tenant
from tests.commands.blueprints.calls import BLUEPRINTS, CAMERA, OFFICE, UNKNOWN, content, events, numbers, path_of
from tests.conftest import ApiClient
from tests.factories.blueprints import BlueprintFactory
from tests.factories.settings import ANDROID, IOS

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
