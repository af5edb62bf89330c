"""The console's pages about blueprints: the list, a blueprint, its versions, and what is done with it."""

from django.test import Client

from commands.models import Converge
from devices.models import Blueprint, BlueprintImage, BlueprintVersion
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.console import member
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.settings import ANDROID, IOS

BLUEPRINTS = "/admin/devices/blueprint/"
CAMERA = {"camera_settings": {"apply_policy": "ALWAYS APPLY", "allow_camera_access": False}}
SIRI = {"siri_settings": {"apply_policy": "PROVISION ONLY", "allow_siri": False}}


def page(client: Client, path: str = "") -> str:
    answer = client.get(f"{BLUEPRINTS}{path}")
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_lists_blueprints_with_their_versions(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    add_version(blueprint, publish=False)

    content = page(member(tenant, Role.VIEWER))

    assert "Tills" in content
    assert "1.0 published" in content
    assert "1.1 draft" in content


def test_counts_the_devices_that_a_blueprint_counts_for(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint, effective_blueprint=blueprint)
    version = blueprint.published_version
    DeviceFactory(tenant=tenant, group=group, current_blueprint=blueprint, current_blueprint_version=version)
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint, converge_status="FAILED")
    DeviceFactory(tenant=tenant, assigned_blueprint=BlueprintFactory(tenant, name="Another"), group=group)

    content = page(member(tenant), "?q=Tills")

    assert "1 as it says, 1 failed" in content


def test_filters_by_what_is_published(tenant: Tenant) -> None:
    BlueprintFactory(tenant, name="Published one")
    BlueprintFactory(tenant, name="Unpublished one", publish=False)
    drafted = BlueprintFactory(tenant, name="Drafted one")
    add_version(drafted, publish=False)

    found = {
        state: {name for name in ("Published one", "Unpublished one", "Drafted one") if name in content}
        for state in ("published", "never", "draft")
        for content in [page(member(tenant), f"?version_state={state}")]
    }

    assert found == {
        "published": {"Published one", "Drafted one"},
        "never": {"Unpublished one"},
        "draft": {"Drafted one"},
    }


def test_says_all_settings_in_words(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills", ios=IOS, android=ANDROID)

    content = page(member(tenant, Role.VIEWER), f"{blueprint.pk}/change/")

    assert "Wi-Fi networks" in content
    assert "Office" in content
    assert "kept secret" in content
    assert "provisioning only" in content
    assert "long enough" not in content  # the network's password
    assert "&lt;span" not in content


def test_names_apps_instead_of_their_ids(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios={"apps": [{"app_id": "com.apple.Maps", "app_type": "PRELOADED"}]})

    assert "comes with the system" in page(member(tenant), f"{blueprint.pk}/change/")


def test_shows_an_earlier_version(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    first = blueprint.latest_version
    add_version(blueprint, ios=SIRI)
    assert first is not None

    content = page(member(tenant), f"{blueprint.pk}/change/?version={first.pk}")

    assert "This is what version 1.0 said" in content
    assert "Allow camera access" in content
    assert "Allow Siri" not in content


def test_compares_two_versions(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios={**CAMERA, "wifi_networks": [{"ssid": "Office", "password": "first"}]})
    add_version(blueprint, ios={**SIRI, "wifi_networks": [{"ssid": "Office", "password": "second"}]})

    content = page(member(tenant, Role.VIEWER), f"{blueprint.pk}/diff/")

    assert "1.0 and 2.0" in content
    assert "ios.camera_settings.allow_camera_access" in content
    assert "Siri: allow Siri" in content
    assert "ios.wifi_networks[Office].password" in content
    assert "second" not in content


def test_versions_of_another_blueprint_are_not_compared(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint, other = BlueprintFactory(tenant), BlueprintFactory(other_tenant, ios=CAMERA)
    assert other.latest_version is not None

    content = page(member(tenant), f"{blueprint.pk}/diff/?after={other.latest_version.pk}&before=nonsense")

    assert "camera" not in content


def test_publishes_the_latest_draft(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    add_version(blueprint, ios=SIRI, publish=False)
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    client = member(tenant)

    asked = page(client, f"{blueprint.pk}/publish/")
    client.post(f"{BLUEPRINTS}{blueprint.pk}/publish/", {"comments": "Siri went"})

    blueprint.refresh_from_db()
    version = blueprint.published_version
    assert "1 device will be upgradable" in asked
    assert "Siri: allow Siri" in asked
    assert version is not None
    assert (version.number, version.comments, list(version.settings["ios"])) == ("2.0", "Siri went", ["siri_settings"])
    assert AuditEvent.objects.filter(action="blueprint.published", object_id=str(blueprint.pk)).exists()
    assert not Converge.objects.exists()


def test_asking_alone_publishes_nothing(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, publish=False)

    page(member(tenant), f"{blueprint.pk}/publish/")

    assert not BlueprintVersion.objects.filter(publish=True).exists()


def test_restores_an_earlier_version_as_a_draft(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios={"wifi_networks": [{"ssid": "Office", "password": "long enough"}]})
    first = blueprint.latest_version
    add_version(blueprint, ios=SIRI)
    assert first is not None
    client = member(tenant)

    page(client, f"{blueprint.pk}/restore/{first.pk}/")
    client.post(f"{BLUEPRINTS}{blueprint.pk}/restore/{first.pk}/")

    blueprint.refresh_from_db()
    assert blueprint.latest_version is not None
    assert blueprint.latest_version.number == "2.1"
    assert blueprint.latest_version.settings["ios"]["wifi_networks"][0]["ssid"] == "Office"
    assert b"long enough" in (blueprint.latest_version.secret_settings or b"")


def test_deletes_a_blueprint_that_nobody_has(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    client = member(tenant)

    page(client, f"{blueprint.pk}/delete_this/")
    answer = client.post(f"{BLUEPRINTS}{blueprint.pk}/delete_this/", follow=True)

    assert "The blueprint Tills is deleted." in answer.content.decode()
    assert not Blueprint.objects.exists()


def test_says_why_a_blueprint_in_use_is_not_deleted(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, name="Tills")
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)

    answer = member(tenant).post(f"{BLUEPRINTS}{blueprint.pk}/delete_this/", follow=True)

    assert "assigned to 1 device" in answer.content.decode()
    assert Blueprint.objects.exists()


def test_converges_all_devices_of_a_blueprint(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    group = DeviceGroupFactory(tenant=tenant, blueprint=blueprint, effective_blueprint=blueprint)
    devices = {DeviceFactory(tenant=tenant, group=group).pk, DeviceFactory(tenant=tenant, group=group).pk}
    DeviceFactory(tenant=tenant)
    client = member(tenant)

    asked = page(client, f"{blueprint.pk}/converge_all/")
    answer = client.post(f"{BLUEPRINTS}{blueprint.pk}/converge_all/", {"provision": "on"}, follow=True)

    rows = Converge.objects.all()
    assert "2 devices will be compared with version 1.0" in asked
    assert "2 devices converge." in answer.content.decode()
    assert {row.device_id for row in rows} == devices
    assert {row.converge_with_provision_option for row in rows} == {True}


def test_viewers_change_nothing(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    draft = add_version(blueprint, publish=False)
    DeviceFactory(tenant=tenant, assigned_blueprint=blueprint)
    client = member(tenant, Role.VIEWER)
    actions = ["edit", "publish", "assign", "converge_all", "delete_this", f"restore/{draft.pk}"]

    content = page(client, f"{blueprint.pk}/change/")
    answers = {each: client.post(f"{BLUEPRINTS}{blueprint.pk}/{each}/").status_code for each in actions}

    assert answers == dict.fromkeys(actions, 404)
    assert client.get(f"{BLUEPRINTS}new/").status_code == 404
    assert not [each for each in actions if f"/{each}/" in content]
    assert BlueprintVersion.objects.count() == 2
    assert not Converge.objects.exists()


def test_shows_images_as_images_only(tenant: Tenant) -> None:
    image = BlueprintImage.objects.create(tenant=tenant, sha256="1", content_type="image/png", image=b"\x89PNG")
    other = BlueprintImage.objects.create(tenant=tenant, sha256="2", content_type="text/html", image=b"<script>")
    client = member(tenant, Role.VIEWER)

    shown = client.get(f"{BLUEPRINTS}images/{image.pk}/")

    assert (shown.status_code, shown["Content-Type"], shown.content) == (200, "image/png", b"\x89PNG")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"{BLUEPRINTS}images/{other.pk}/").status_code == 404


def test_publishes_only_what_was_looked_at(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    seen = add_version(blueprint, ios=SIRI, publish=False)
    add_version(blueprint, ios=CAMERA, publish=False)

    answer = member(tenant).post(f"{BLUEPRINTS}{blueprint.pk}/publish/", {"seen": str(seen.pk)}, follow=True)

    assert "was changed meanwhile: its latest version is 1.2" in answer.content.decode()
    assert not BlueprintVersion.objects.filter(version_number=2).exists()
