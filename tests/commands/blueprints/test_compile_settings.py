"""Names, time zones, wallpapers, declarations and single-app mode: settings that are no plain profiles."""

import uuid
from typing import Any

import orjson
import pytest

from commands.blueprints.plan import Stage
from commands.catalogue import Undeliverable
from commands.models import AppleDeclarations
from devices.models import AppliedSetting, BlueprintImage, Device
from tenants.models import Tenant
from tests.factories.blueprints import BlueprintFactory
from tests.factories.devices import DeviceFactory
from tests.factories.plans import carried, plan_again, plan_of, shown, succeed

ALWAYS, PROVISION = {"apply_policy": "ALWAYS APPLY"}, {"apply_policy": "PROVISION ONLY"}
PICTURE = b"\x89PNG\r\n\x1a\n picture"
UPDATE = {"target_os_version": "26.1", "target_local_datetime": "2026-12-01T20:00:00"}
LOCKED = {
    "kiosk_app": {"app_id": "com.apple.Maps", "app_type": "PRELOADED"},
    "device_mode_settings": {**ALWAYS, "device_mode": "KIOSK"},
}


@pytest.mark.parametrize(
    ("template", "alias", "name"),
    [
        ("Till {serial}", "", "Till S1"),
        ("{alias} ({model})", "Till 7", "Till 7 (iPhone 15)"),
        ("{alias}", "", "S1"),
    ],
)
def test_a_device_is_named_by_the_template(tenant: Tenant, template: str, alias: str, name: str) -> None:
    device = DeviceFactory(
        tenant=tenant, serial="S1", alias=alias, is_supervised=True, hardware_info={"hardware": "iPhone 15"}
    )

    plan = plan_of(device, {"device_name_settings": {**ALWAYS, "device_name": template}})

    [step], [difference] = plan.steps, plan.differences
    assert carried(device, step)["Settings"] == [{"Item": "DeviceName", "DeviceName": name}]
    assert (difference.setting, difference.wanted, difference.found) == (
        "device_name_settings.device_name",
        name,
        device.name,
    )


def test_a_device_without_supervision_cannot_be_named(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, is_supervised=False)
    [step] = plan_of(device, {"device_name_settings": {**ALWAYS, "device_name": "Till"}}).steps

    with pytest.raises(Undeliverable, match="supervised"):
        carried(device, step)


def test_a_time_zone_is_compared_with_what_the_device_told(device: Device) -> None:
    ios = {"timezone_settings": {**ALWAYS, "timezone": "Europe/Berlin"}}
    [step] = plan_of(device, ios).steps
    assert (step.command, step.args) == ("SET_TIMEZONE", {"timezone_string": "Europe/Berlin"})

    succeed(device, step)

    assert plan_of(device, ios).steps == ()


def test_no_time_zone_is_sent_where_clocks_are_set_automatically(device: Device) -> None:
    ios = {
        "timezone_settings": {**ALWAYS, "timezone": "Europe/Berlin"},
        "time_date_settings": {**ALWAYS, "force_automatic_time_date": True},
    }

    plan = plan_of(device, ios)

    assert shown(plan) == [("INSTALL_PROFILE", "restrictions")]
    assert [each.setting for each in plan.differences if each.reason] == ["timezone_settings.timezone"]


def wallpapers(tenant: Tenant) -> dict[str, Any]:
    image = BlueprintImage.objects.create(
        tenant=tenant, sha256=uuid.uuid4().hex * 2, content_type="image/png", image=PICTURE
    )
    screen = {**ALWAYS, "portrait": {"wallpaper_id": str(image.pk)}}
    return {"wallpaper_settings": {"homescreen": screen, "lockscreen": screen}}


def test_wallpapers_are_read_when_they_are_delivered(device: Device) -> None:
    home, lock = plan_of(device, wallpapers(device.tenant)).steps

    assert set(home.args) == {"blueprint_version", "blueprint_part"}
    assert carried(device, home)["Settings"] == [{"Item": "Wallpaper", "Image": PICTURE, "Where": 2}]
    assert carried(device, lock)["Settings"] == [{"Item": "Wallpaper", "Image": PICTURE, "Where": 1}]


def test_a_wallpaper_that_was_confirmed_is_not_sent_again_until_it_is_another(device: Device) -> None:
    ios = wallpapers(device.tenant)
    for step in plan_of(device, ios).steps:
        succeed(device, step)

    assert plan_of(device, ios).steps == ()
    assert len(plan_of(device, wallpapers(device.tenant)).steps) == 2


def test_the_image_of_another_tenant_is_not_delivered(device: Device, other_tenant: Tenant) -> None:
    home, _ = plan_of(device, wallpapers(other_tenant)).steps

    with pytest.raises(Undeliverable, match="The image was deleted"):
        carried(device, home)


def test_updates_of_the_system_travel_as_declarations(device: Device) -> None:
    ios = {"os_update_settings": {**ALWAYS, **UPDATE}, "defer_os_updates": {**ALWAYS, "defer_os_updates_delay": 14}}
    [step] = plan_of(device, ios).steps
    assert (step.stage, step.part) == (Stage.LOCK, "declarations")

    told = carried(device, step)

    assert told["RequestType"] == "DeclarativeManagement"
    row = AppleDeclarations.objects.get(device=device)
    assert orjson.loads(told["Data"])["SyncTokens"]["DeclarationsToken"] == row.token == step.fingerprint
    assert {each["Type"] for each in row.declarations} >= {
        "com.apple.configuration.softwareupdate.enforcement.specific",
        "com.apple.configuration.softwareupdate.settings",
    }


def test_declarations_are_confirmed_once_and_taken_back_when_they_are_wanted_no_more(device: Device) -> None:
    ios = {"os_update_settings": {**ALWAYS, **UPDATE}}
    [step] = plan_of(device, ios).steps
    carried(device, step)
    assert shown(plan_of(device, ios)) == [("UPDATE_DEVICE_CONFIG", "declarations")]  # told, not confirmed

    succeed(device, step)
    assert plan_of(device, ios).steps == ()

    [step] = plan_of(device, {}).steps
    succeed(device, step)
    assert AppleDeclarations.objects.get(device=device).declarations == []
    assert plan_of(device, {}).steps == ()


def test_a_declaration_for_provisioning_stays_at_later_converges(device: Device) -> None:
    ios = {"os_update_settings": {**PROVISION, **UPDATE}, "defer_os_updates": {**ALWAYS, "defer_os_updates_delay": 14}}
    [step] = plan_of(device, ios, provision=True).steps
    succeed(device, step)
    before = AppleDeclarations.objects.get(device=device).token

    assert plan_of(device, ios).steps == ()
    [step] = plan_of(device, {**ios, "defer_os_updates": {**ALWAYS, "defer_os_updates_delay": 30}}).steps
    succeed(device, step)

    row = AppleDeclarations.objects.get(device=device)
    assert row.token != before
    assert "org.muster.blueprint.os-update" in {each["Identifier"] for each in row.declarations}


def test_what_a_system_is_too_old_for_is_told(tenant: Tenant) -> None:
    old = DeviceFactory(tenant=tenant, is_supervised=True, os_version="16.7")

    plan = plan_of(old, {"os_update_settings": {**ALWAYS, **UPDATE}})

    assert plan.steps == ()
    assert all("iOS 17" in each.reason for each in plan.differences)


def test_single_app_mode_comes_last(device: Device) -> None:
    plan = plan_of(device, {**LOCKED, "siri_settings": {**ALWAYS, "allow_siri": False}})

    assert [(step.stage, step.part) for step in plan.steps] == [
        (Stage.PROFILES, "restrictions"),
        (Stage.LOCK, "app_lock"),
    ]
    assert b"com.apple.Maps" in carried(device, plan.steps[1])["Payload"]


def test_a_device_without_supervision_is_not_locked_and_the_command_says_why(tenant: Tenant) -> None:
    device = DeviceFactory(tenant=tenant, is_supervised=False)
    [step] = plan_of(device, LOCKED).steps

    with pytest.raises(Undeliverable, match="supervised"):
        carried(device, step)


def test_what_was_deleted_meanwhile_is_not_delivered(device: Device) -> None:
    blueprint = BlueprintFactory(device.tenant, ios=LOCKED)
    version = blueprint.versions.get()
    [step] = plan_again(device, version).steps
    carried(device, step)

    blueprint.delete()

    with pytest.raises(Undeliverable, match="deleted"):
        carried(device, step)


def test_the_version_of_another_tenant_is_not_delivered(device: Device, other_device: Device) -> None:
    [step] = plan_of(device, LOCKED).steps

    with pytest.raises(Undeliverable, match="deleted"):
        carried(other_device, step)
    assert not AppliedSetting.objects.exists()


@pytest.mark.parametrize(("told", "is_there"), [("Asia/Calcutta", True), ("Asia/Tokyo", False)])
def test_a_zone_that_was_taken_under_another_name_is_there(device: Device, told: str, is_there: bool) -> None:
    ios = {"timezone_settings": {**ALWAYS, "timezone": "Asia/Kolkata"}}
    [step] = plan_of(device, ios).steps
    succeed(device, step)
    Device.objects.filter(pk=device.pk).update(time_zone=told)

    assert (plan_of(device, ios).steps == ()) is is_there
