"""Profiles that are missing, others, or wanted no more: the steps and the differences."""

import uuid
from typing import Any

import pytest

from commands.apple.errors import PROFILE_IS_ABSENT
from commands.blueprints.plan import Difference, Stage
from commands.catalogue import CATALOGUE, Delivery, Undeliverable
from commands.catalogue.verdicts import Answer, Failed, Status, Succeeded
from devices.models import AppliedSetting, Device, DeviceProfile
from tenants.models import Tenant
from tests.commands.profiles import profile
from tests.factories.blueprints import BlueprintFactory, add_version
from tests.factories.devices import AndroidFactory, DeviceFactory
from tests.factories.plans import brought_to, carried, converged, plan_again, plan_of, published, shown, succeed

ALWAYS, PROVISION = {"apply_policy": "ALWAYS APPLY"}, {"apply_policy": "PROVISION ONLY"}
NO_CAMERA = {"camera_settings": {**ALWAYS, "allow_camera_access": False}}
OFFICE, GUESTS = (
    {"wifi_network_id": str(uuid.UUID(int=number)), "ssid": ssid, "password": "open sesame"}
    for number, ssid in enumerate(("Office", "Guests"), start=1)
)
LOCKED = {
    "kiosk_app": {"app_id": "com.apple.Maps", "app_type": "PRELOADED"},
    "device_mode_settings": {**ALWAYS, "device_mode": "KIOSK"},
}


def identifiers(device: Device) -> list[str]:
    """Of the profiles that blueprints put on the device."""
    rows = DeviceProfile.objects.filter(device=device).order_by("identifier")
    return [row.identifier.removeprefix("org.muster.blueprint.") for row in rows]


def differing(device: Device, ios: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(each.setting, each.wanted, each.found) for each in plan_of(device, ios).differences]


def test_a_device_that_has_it_all_is_sent_nothing(device: Device, other_device: Device) -> None:
    ios = {**NO_CAMERA, **LOCKED, "wifi_networks": [OFFICE]}
    version = brought_to(device, ios)

    plan = plan_again(device, version)

    assert (plan.steps, plan.differences, plan.problem) == ((), (), "")
    assert identifiers(device) == ["app_lock", "restrictions", f"wifi.{OFFICE['wifi_network_id']}"]
    assert identifiers(other_device) == []


def test_what_is_missing_differs_in_every_field(device: Device) -> None:
    assert differing(device, {**NO_CAMERA, "nfc_settings": {**ALWAYS, "allow_nfc": True}}) == [
        ("camera_settings.allow_camera_access", False, None)
    ]


def test_a_change_differs_from_what_the_last_converge_brought(device: Device) -> None:
    brought_to(device, {**NO_CAMERA, "siri_settings": {**ALWAYS, "allow_siri": False}})

    ios = {**NO_CAMERA, "screenshot_settings": {**ALWAYS, "allow_screenshot": False}}

    assert differing(device, ios) == [
        ("screenshot_settings.allow_screenshot", False, True),
        ("siri_settings.allow_siri", None, False),
    ]


def test_what_is_permitted_again_differs_even_if_no_profile_is_left(device: Device) -> None:
    brought_to(device, NO_CAMERA)

    plan = plan_of(device, {"camera_settings": {**ALWAYS, "allow_camera_access": True}})

    assert shown(plan) == [("REMOVE_PROFILE", "restrictions")]
    assert plan.differences == (Difference("camera_settings.allow_camera_access", "restrictions", True, False),)


def test_a_profile_that_somebody_replaced_is_another_one(device: Device) -> None:
    version = brought_to(device, NO_CAMERA)
    DeviceProfile.objects.filter(device=device).update(uuid="SOMETHING ELSE")

    [difference] = plan_again(device, version).differences

    assert (difference.wanted, difference.found) == (False, "another profile")


def test_another_password_is_a_difference_that_shows_no_password(device: Device) -> None:
    brought_to(device, {"wifi_networks": [OFFICE]})

    plan = plan_of(device, {"wifi_networks": [{**OFFICE, "password": "close sesame"}]})

    assert shown(plan) == [("INSTALL_PROFILE", f"wifi:{OFFICE['wifi_network_id']}")]
    assert plan.differences == (
        Difference("wifi_networks[Office].password", plan.steps[0].part, "********", "********"),
    )


def test_what_is_wanted_no_more_goes_and_networks_go_last(device: Device) -> None:
    brought_to(device, {**NO_CAMERA, "wifi_networks": [OFFICE], "passcode_settings": {**ALWAYS, "minimum_length": 6}})

    plan = plan_of(device, {})

    assert [(step.stage, step.command, step.part) for step in plan.steps] == [
        (Stage.REMOVALS, "REMOVE_PROFILE", "passcode"),
        (Stage.REMOVALS, "REMOVE_PROFILE", "restrictions"),
        (Stage.REMOVALS, "REMOVE_PROFILE", f"wifi:{OFFICE['wifi_network_id']}"),
    ]
    assert all(step.is_removal for step in plan.steps)
    assert {(each.setting, each.wanted, each.found) for each in plan.differences} >= {
        ("passcode_settings.minimum_length", None, 6),
        ("wifi_networks[Office].ssid", None, "Office"),
    }


def test_a_network_goes_only_when_one_that_stays_is_there(device: Device) -> None:
    brought_to(device, {"wifi_networks": [OFFICE]})
    install, remove = plan_of(device, {"wifi_networks": [GUESTS]}).steps
    assert (install.stage, remove.stage) == (Stage.PROFILES, Stage.REMOVALS)

    with pytest.raises(Undeliverable, match="None of the networks that are to stay"):
        carried(device, remove)

    succeed(device, install)
    assert carried(device, remove)["RequestType"] == "RemoveProfile"


def test_what_is_for_provisioning_is_neither_applied_nor_removed_otherwise(device: Device) -> None:
    ios = {
        "siri_settings": {**PROVISION, "allow_siri": False},
        "passcode_settings": {**PROVISION, "minimum_length": 6},
        "device_name_settings": {**PROVISION, "device_name": "Till"},
    }
    assert plan_of(device, ios).steps == ()

    brought_to(device, ios, provision=True)

    assert identifiers(device) == ["passcode", "restrictions.provisioning"]
    assert plan_of(device, ios).steps == ()
    changed = {**ios, "passcode_settings": {**PROVISION, "minimum_length": 8}}
    assert plan_of(device, changed).steps == ()
    assert shown(plan_of(device, changed, provision=True)) == [("INSTALL_PROFILE", "passcode")]


def test_applying_again_sends_what_does_not_differ(device: Device) -> None:
    ios = {**NO_CAMERA, "passcode_settings": {**PROVISION, "minimum_length": 6}}
    version = brought_to(device, ios, provision=True)

    again = plan_again(device, version, reapply=True)

    assert shown(again) == [("INSTALL_PROFILE", "restrictions")]
    assert again.differences == ()


def test_single_app_mode_that_is_to_end_ends_before_the_apps_change(device: Device) -> None:
    brought_to(device, LOCKED)

    plan = plan_of(device, {**NO_CAMERA, "device_mode_settings": {**ALWAYS, "device_mode": "MULTI APP"}})

    assert [(step.stage, step.part) for step in plan.steps] == [
        (Stage.PROFILES, "restrictions"),
        (Stage.PROFILES, "app_lock"),
    ]
    assert ("device_mode_settings.device_mode", "MULTI APP", "KIOSK") in {
        (each.setting, each.wanted, each.found) for each in plan.differences
    }


@pytest.mark.parametrize("mode", ["KIOSK", "MULTI APP"])
def test_the_single_app_mode_of_a_command_gives_way_to_the_blueprints(device: Device, mode: str) -> None:
    """A device takes one such profile only."""
    DeviceProfile.objects.create(device=device, identifier="org.muster.commands.kiosk", uuid="A")

    plan = plan_of(device, {**LOCKED, "device_mode_settings": {**ALWAYS, "device_mode": mode}})

    assert shown(plan)[0] == ("REMOVE_PROFILE", "app_lock:command")
    assert plan.steps[0].stage == Stage.PROFILES


def test_profiles_of_commands_and_of_others_stay(device: Device) -> None:
    for identifier in ("org.muster.commands.wifi.1", "org.muster.commands.kiosk", "com.example.vpn"):
        DeviceProfile.objects.create(device=device, identifier=identifier, uuid="A")

    assert plan_of(device, NO_CAMERA).steps[1:] == ()


def custom(**changes: Any) -> dict[str, Any]:
    return {"custom_device_level_profile_settings": {**ALWAYS, "custom_profile": profile(**changes)}}


def test_a_custom_profile_with_other_content_under_the_same_uuid_is_sent(device: Device) -> None:
    version = brought_to(device, custom())
    assert plan_again(device, version).steps == ()

    assert shown(plan_of(device, custom(PayloadContent=[]))) == [("INSTALL_PROFILE", "custom_profile:example.wifi")]


def test_a_custom_profile_of_another_identifier_takes_its_place(device: Device) -> None:
    brought_to(device, custom())

    blueprint = BlueprintFactory(device.tenant, name="Next", ios=custom(PayloadIdentifier="example.vpn"))
    plan = converged(device, published(blueprint))

    assert shown(plan) == [
        ("INSTALL_PROFILE", "custom_profile:example.vpn"),
        ("REMOVE_PROFILE", "custom_profile:example.wifi"),
    ]
    assert identifiers(device) == ["example.vpn"]
    assert plan_again(device, published(blueprint)).steps == ()


def test_a_custom_profile_that_no_blueprint_brought_stays(device: Device) -> None:
    DeviceProfile.objects.create(device=device, identifier="example.wifi", uuid="0B2D2C0A-1111-4222-8333-444455556666")
    assert plan_of(device, custom()).steps == ()

    assert plan_of(device, {}).steps == ()


def test_for_a_converge_a_profile_that_is_not_there_counts_as_removed(device: Device) -> None:
    domain, code = next(iter(PROFILE_IS_ABSENT))
    absent = Answer(Status.ERROR, "absent", {"ErrorChain": [{"ErrorDomain": domain, "ErrorCode": code}]})
    brought_to(device, NO_CAMERA)
    [step] = plan_of(device, {}).steps
    by_a_caller = {"profile_identifier": step.args["profile_identifier"]}
    command = CATALOGUE["REMOVE_PROFILE"]

    assert isinstance(command.judge(Delivery(device.pk, by_a_caller), absent), Failed)
    assert identifiers(device) == ["restrictions"]
    assert isinstance(command.judge(Delivery(device.pk, step.args), absent), Succeeded)
    assert identifiers(device) == []


def test_an_answer_that_comes_after_the_blueprint_is_gone_does_no_harm(device: Device) -> None:
    blueprint = BlueprintFactory(device.tenant, ios=NO_CAMERA)
    [step] = plan_again(device, published(blueprint)).steps
    blueprint.delete()

    CATALOGUE["INSTALL_PROFILE"].on_success(Delivery(device.pk, dict(step.args)), {})

    assert identifiers(device) == []


def test_a_draft_changes_nothing_before_it_is_planned_for(device: Device) -> None:
    blueprint = BlueprintFactory(device.tenant, ios=NO_CAMERA)
    version = published(blueprint)
    converged(device, version)
    add_version(blueprint, ios={}, publish=False)

    assert plan_again(device, version).steps == ()


def test_the_same_settings_are_the_same_profiles_in_every_version(device: Device) -> None:
    ios = {**NO_CAMERA, "wifi_networks": [OFFICE, GUESTS]}
    brought_to(device, ios)

    assert plan_of(device, {"wifi_networks": [GUESTS, OFFICE], **NO_CAMERA}).steps == ()


def test_nothing_is_planned_for_devices_without_a_channel(tenant: Tenant) -> None:
    assert "Android" in plan_of(AndroidFactory(tenant=tenant), NO_CAMERA).problem
    assert "Macs" in plan_of(DeviceFactory(tenant=tenant, os="macOS"), NO_CAMERA).problem


def test_the_version_of_another_tenant_is_no_plan(device: Device, other_tenant: Tenant) -> None:
    theirs = BlueprintFactory(other_tenant, ios=NO_CAMERA)

    assert plan_again(device, published(theirs)).problem
    assert not AppliedSetting.objects.exists()
