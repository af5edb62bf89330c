"""Editing blueprints in the console."""

import base64
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from commands.admin.settings_form import SettingsForm
from commands.blueprints.secrets import open_settings
from devices.models import Blueprint, BlueprintImage, BlueprintVersion
from tenants.models import Role, Tenant
from tests.commands.test_admin_blueprint_form import typed
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.console import member, superuser
from tests.factories.settings import PNG
from tests.factories.tenant_apps import TenantAppFactory, TenantAppVersionFactory

NEW = "/admin/devices/blueprint/new/"
IOS = "settings.ios"
CAMERA = {"camera_settings": {"apply_policy": "ALWAYS APPLY", "allow_camera_access": False}}
WIFI = {
    "wifi_networks": [
        {
            "wifi_network_id": "3e41fd18-d53d-4673-a10a-23089cbb6b73",
            "ssid": "Office",
            "password": "long enough",
            "security": "WPA2",
            "hidden": False,
            "auto_join": True,
        }
    ]
}


def save(client: Client, blueprint: Blueprint, **fields: Any) -> Any:
    """Posts the form as it is shown, with these fields typed in."""
    assert blueprint.latest_version is not None
    return save_from(client, blueprint.latest_version, fields)


def save_from(client: Client, version: BlueprintVersion, fields: dict[str, Any]) -> Any:
    """The same with a form that was made from this version."""
    data = typed(SettingsForm(version.tenant, version.settings)).dict()
    told = {"base": str(version.pk), "name": version.name, "description": version.description, "save": "1"}
    url = f"/admin/devices/blueprint/{version.blueprint_id}/edit/"
    return client.post(url, {**data, **told, **fields})


def shown_after(client: Client, answer: Any) -> str:
    """The page on which somebody is who saved."""
    return str(client.get(answer["Location"]).content.decode())


def latest(blueprint: Blueprint) -> BlueprintVersion:
    blueprint.refresh_from_db()
    assert blueprint.latest_version is not None
    return blueprint.latest_version


def fields_of(answer: HttpResponse) -> SettingsForm:
    form: SettingsForm = answer.context["form"]  # type: ignore[attr-defined]
    return form


def test_makes_a_blueprint(tenant: Tenant) -> None:
    client = member(tenant)
    told = {f"{IOS}.camera_settings.apply_policy": "ALWAYS APPLY"}
    told[f"{IOS}.camera_settings.allow_camera_access"] = "false"

    assert client.get(NEW).status_code == 200
    client.post(NEW, {"name": "Tills", "comments": "First", "save": "1", **told})

    version = latest(Blueprint.objects.get())
    assert (version.name, version.number, version.comments) == ("Tills", "0.1", "First")
    assert version.settings == {"ios": CAMERA}


def test_asks_for_the_tenant_where_there_are_several(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()

    asked = client.get(NEW).content.decode()
    client.post(f"{NEW}?tenant={other_tenant.pk}", {"name": "Tills", "publish": "1"})

    assert f"?tenant={tenant.pk}" in asked
    blueprint = Blueprint.objects.get()
    assert blueprint.tenant == other_tenant
    assert latest(blueprint).number == "1.0"


def test_other_tenants_are_not_asked_for(tenant: Tenant, other_tenant: Tenant) -> None:
    client = member(tenant)

    client.post(f"{NEW}?tenant={other_tenant.pk}", {"name": "Tills", "save": "1"})

    assert not Blueprint.objects.exists()


def test_saves_a_draft_and_keeps_the_rest(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios={**CAMERA, **WIFI})

    save(member(tenant), blueprint, **{f"{IOS}.camera_settings.allow_camera_access": "true"})

    version = latest(blueprint)
    assert version.number == "1.1"
    assert version.settings["ios"]["camera_settings"]["allow_camera_access"] is True
    assert open_settings(version)["ios"]["wifi_networks"][0]["password"] == "long enough"


def test_publishes_what_is_typed(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    client = member(tenant)

    answer = save(client, blueprint, publish="1", name="Shop tills")

    assert "Version 2.0 is published." in shown_after(client, answer)
    assert (latest(blueprint).name, blueprint.published_version) == ("Shop tills", latest(blueprint))


def test_makes_no_version_of_what_is_the_same(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    client = member(tenant)

    answer = save(client, blueprint)

    assert "Nothing differs from version 1.0" in shown_after(client, answer)
    assert BlueprintVersion.objects.count() == 1


def test_takes_a_group_out(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios={**CAMERA, **WIFI})

    save(member(tenant), blueprint, **{f"{IOS}.camera_settings.apply_policy": ""})

    assert set(latest(blueprint).settings["ios"]) == {"wifi_networks"}


def test_an_empty_password_stays_and_another_replaces_it(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=WIFI)
    client = member(tenant)

    shown = client.get(f"/admin/devices/blueprint/{blueprint.pk}/edit/").content.decode()
    save(client, blueprint, **{f"{IOS}.wifi_networks[0].ssid": "Shop"})
    kept = open_settings(latest(blueprint))["ios"]["wifi_networks"][0]
    save(client, blueprint, **{f"{IOS}.wifi_networks[0].password": "another one"})
    changed = open_settings(latest(blueprint))["ios"]["wifi_networks"][0]

    assert "long enough" not in shown
    assert (kept["ssid"], kept["password"]) == ("Shop", "long enough")
    assert changed["password"] == "another one"


def test_removes_and_adds_entries_of_lists(tenant: Tenant) -> None:
    second = {**WIFI["wifi_networks"][0], "ssid": "Store", "wifi_network_id": "3e41fd18-d53d-4673-a10a-23089cbb6b74"}
    blueprint = BlueprintFactory(tenant, ios={"wifi_networks": [*WIFI["wifi_networks"], second]})
    told = {f"{IOS}.wifi_networks[0].remove": "on", f"{IOS}.wifi_networks[2].ssid": "Guests"}

    save(member(tenant), blueprint, **told)

    networks = latest(blueprint).settings["ios"]["wifi_networks"]
    assert [each["ssid"] for each in networks] == ["Store", "Guests"]


def test_more_rows_keep_what_was_typed(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    told = {"more": f"{IOS}.web_clips", f"{IOS}.web_clips.count": "1", f"{IOS}.web_clips[0].label": "Canteen"}

    answer = save(member(tenant), blueprint, **told)

    content = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="Canteen"' in content
    assert f'name="{IOS}.web_clips[3].label"' in content
    assert "must be put right" not in content
    assert BlueprintVersion.objects.count() == 1


def test_what_is_wrong_is_said_where_it_was_typed(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    wrong = {
        f"{IOS}.passcode_settings.minimum_length": ("many", "Must be a whole number from 0 to 16."),
        f"{IOS}.web_content_settings.url_blocklist": ("nonsense", "Must be an address"),
        f"{IOS}.timezone_settings.timezone": ("Mars/Base", "is not a time zone"),
    }
    policies = {f"{name.rpartition('.')[0]}.apply_policy": "ALWAYS APPLY" for name in wrong}
    typed = {name: text for name, (text, _) in wrong.items()}

    answer = save(member(tenant), blueprint, **policies, **typed, name="Typed name")

    form, content = fields_of(answer), answer.content.decode()
    told = {name: [*form[name].errors, *form.nodes[name].errors] for name in wrong}
    assert answer.status_code == 400
    assert {name: told[name] for name, (_, said) in wrong.items() if not any(said in each for each in told[name])} == {}
    assert {name: form[name].value() for name in wrong} == typed
    assert form["name"].value() == "Typed name"
    assert [name for name in wrong if f'href="#at-{name.rpartition(".")[0]}"' not in content] == []
    assert BlueprintVersion.objects.count() == 1


def test_an_error_in_a_list_is_said_at_its_row(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=WIFI)
    told = {f"{IOS}.wifi_networks[0].remove": "on", f"{IOS}.wifi_networks[1].ssid": "x" * 40}

    form = fields_of(save(member(tenant), blueprint, **told))

    assert "32 bytes" in str(form[f"{IOS}.wifi_networks[1].ssid"].errors)


def test_values_without_a_policy_are_not_lost(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)

    answer = save(member(tenant), blueprint, **{f"{IOS}.camera_settings.allow_camera_access": "false"})

    form = fields_of(answer)
    assert "Choose when this is applied" in str(form[f"{IOS}.camera_settings.apply_policy"].errors)
    assert form[f"{IOS}.camera_settings.allow_camera_access"].value() == "false"


def test_a_kiosk_without_an_app_is_refused_at_the_kiosk_app(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    told = {f"{IOS}.device_mode_settings.apply_policy": "ALWAYS APPLY"}
    told[f"{IOS}.device_mode_settings.device_mode"] = "KIOSK"

    form = fields_of(save(member(tenant), blueprint, **told))

    assert form.nodes[f"{IOS}.kiosk_app"].errors == ["Is needed for the device mode KIOSK."]


def test_chooses_an_app_of_the_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    version = TenantAppVersionFactory(TenantAppFactory(tenant))
    other = TenantAppVersionFactory(TenantAppFactory(other_tenant))
    client = member(tenant)
    chosen = f"TENANT_IOS|{version.app_id}|{version.pk}"

    shown = client.get(f"/admin/devices/blueprint/{blueprint.pk}/edit/").content.decode()
    save(client, blueprint, **{f"{IOS}.apps[0].app": chosen})
    app = latest(blueprint).settings["ios"]["apps"][0]
    refused = fields_of(save(client, blueprint, **{f"{IOS}.apps[1].app": f"TENANT_IOS|{other.app_id}|{other.pk}"}))

    assert chosen in shown
    assert str(other.pk) not in shown
    assert (app["app_type"], app["app_version_id"], app["state"]) == ("TENANT_IOS", str(version.pk), "SHOW")
    assert refused[f"{IOS}.apps[1].app"].errors


def test_names_restrictions_with_their_values(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    path = f"{IOS}.restrictions_settings"
    told = {f"{path}.apply_policy": "ALWAYS APPLY", f"{path}.restrictions.count": "3"}
    told |= {f"{path}.restrictions[0].key": "allowAirDrop", f"{path}.restrictions[0].value": "no"}
    told |= {f"{path}.restrictions[1].key": "ratingApps", f"{path}.restrictions[1].value": "600"}
    told |= {f"{path}.restrictions[2].key": "blockedAppBundleIDs", f"{path}.restrictions[2].value": "com.a, com.b"}
    client = member(tenant)

    save(client, blueprint, **told)
    said = latest(blueprint).settings["ios"]["restrictions_settings"]["restrictions"]
    refused = fields_of(save(client, blueprint, **{f"{path}.restrictions[0].value": "perhaps"}))

    assert said == {
        "allowAirDrop": False,
        "ratingApps": 600,
        "blockedAppBundleIDs": ["com.a", "com.b"],
    }
    assert "Must be true or false" in str(refused[f"{path}.restrictions[0].value"].errors)


def test_a_picture_is_uploaded_kept_and_removed(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    client = member(tenant)
    place = f"{IOS}.wallpaper_settings.lockscreen"
    picture = SimpleUploadedFile("wall.png", base64.b64decode(PNG))

    save(client, blueprint, **{f"{place}.apply_policy": "ALWAYS APPLY", f"{place}.portrait.image": picture})
    stored = latest(blueprint).settings["ios"]["wallpaper_settings"]["lockscreen"]["portrait"]
    save(client, blueprint, name="Renamed")
    kept = latest(blueprint).settings["ios"]["wallpaper_settings"]["lockscreen"]["portrait"]
    save(client, blueprint, **{f"{place}.portrait.image.remove": "on"})

    assert stored == kept == {"wallpaper_id": str(BlueprintImage.objects.get().pk)}
    assert "portrait" not in latest(blueprint).settings["ios"]["wallpaper_settings"]["lockscreen"]


def test_a_file_is_chosen_once_though_something_else_is_wrong(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)
    client = member(tenant)
    place = f"{IOS}.wallpaper_settings.lockscreen"
    picture = SimpleUploadedFile("wall.png", base64.b64decode(PNG))
    told = {f"{place}.apply_policy": "ALWAYS APPLY", "name": ""}

    form = fields_of(save(client, blueprint, **told, **{f"{place}.portrait.image": picture}))
    carried = form[f"{place}.portrait.image.carried"].value()
    save(client, blueprint, **{**told, "name": "Tills", f"{place}.portrait.image.carried": carried})

    assert base64.b64decode(carried) == base64.b64decode(PNG)
    assert latest(blueprint).settings["ios"]["wallpaper_settings"]["lockscreen"]["portrait"]["wallpaper_id"]


def test_who_comes_second_is_told_and_loses_nothing(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    first = latest(blueprint)
    add_version(blueprint, ios=WIFI, publish=False)
    client = member(tenant)

    answer = save_from(client, first, {"name": "Mine"})

    content = answer.content.decode()
    assert answer.status_code == 400
    assert "Somebody saved meanwhile" in content
    assert "ios.wifi_networks[Office]" in content
    assert fields_of(answer)["name"].value() == "Mine"
    assert BlueprintVersion.objects.count() == 2


def test_who_comes_second_may_save_all_the_same(tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant, ios=CAMERA)
    first = latest(blueprint)
    second = add_version(blueprint, ios=WIFI, publish=False)

    save_from(member(tenant), first, {"name": "Mine", "overwrite": str(second.pk)})

    assert (latest(blueprint).number, latest(blueprint).name) == ("1.2", "Mine")
    assert latest(blueprint).settings["ios"] == CAMERA


def test_the_name_of_another_blueprint_is_refused_at_the_name(tenant: Tenant) -> None:
    BlueprintFactory(tenant, name="Tills")
    blueprint = BlueprintFactory(tenant, name="Phones")

    answer = save(member(tenant), blueprint, name="tills")

    assert "Another blueprint of this tenant is called tills." in str(fields_of(answer)["name"].errors)
    assert answer.status_code == 400


def test_viewers_and_strangers_do_not_edit(tenant: Tenant, other_tenant: Tenant) -> None:
    blueprint = BlueprintFactory(tenant)

    for client in (member(tenant, Role.VIEWER), member(other_tenant, Role.ADMIN)):
        assert save(client, blueprint, name="Theirs").status_code == 404

    assert latest(blueprint).name == "Kiosk"
