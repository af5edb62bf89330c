"""Plans carried out by devices that really follow what they are told."""

import plistlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as now
from django.utils import timezone
from pytest_django import Settings

from commands.blueprints.plan import Plan, PlannedStep
from commands.models import CommandRequest, CommandStatus
from commands.models.status import State
from commands.services.requests import create_command_request
from devices.models import AppliedSetting, BlueprintImage, Device
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.api.seed import APPS
from tests.conftest import ApiClient, Commit
from tests.factories.blueprints import BlueprintFactory
from tests.factories.carriage import effects
from tests.factories.fleet import placed, row_of
from tests.factories.ipas import build, upload_form
from tests.factories.plans import plan_again, plan_of, published
from tests.factories.tenants import ACTOR

ALWAYS = {"apply_policy": "ALWAYS APPLY"}
PICTURE = b"\x89PNG\r\n\x1a\n picture"
BUNDLE = "org.example.kiosk"
OFFICE, GUESTS = (
    {"wifi_network_id": str(uuid.UUID(int=number)), "ssid": ssid, "password": "open sesame", "security": "WPA2"}
    for number, ssid in enumerate(("Office", "Guests"), start=1)
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Settings) -> None:
    own = {**now.STORAGES["apps"], "OPTIONS": {"location": tmp_path / "apps"}}
    settings.STORAGES = {**now.STORAGES, "apps": own}


@pytest.fixture
def simulated(tenant: Tenant) -> SimulatedAppleDevice:
    return placed(tenant, model="iPhone 15", os_version="18.1")


def everything(api: ApiClient, tenant: Tenant) -> dict[str, Any]:
    content = api.post(APPS, **upload_form(build(142))).json()["content"]
    app = {"app_type": "TENANT_IOS", "app_id": content["id"], "app_version_id": content["version_id"]}
    image = BlueprintImage.objects.create(tenant=tenant, sha256="0" * 64, content_type="image/png", image=PICTURE)
    return {
        "camera_settings": {**ALWAYS, "allow_camera_access": False},
        "hide_preloaded_apps_settings": {**ALWAYS, "hide_preloaded_apps": True},
        "passcode_settings": {**ALWAYS, "minimum_length": 6},
        "wifi_networks": [OFFICE],
        "web_content_settings": {**ALWAYS, "url_blocklist": ["https://example.com"]},
        "device_name_settings": {**ALWAYS, "device_name": "Till {serial}"},
        "timezone_settings": {**ALWAYS, "timezone": "Asia/Tokyo"},
        "wallpaper_settings": {"homescreen": {**ALWAYS, "portrait": {"wallpaper_id": str(image.pk)}}},
        "apps": [app],
        "kiosk_app": {"app_type": "TENANT_IOS", "app_id": content["id"]},
        "device_mode_settings": {**ALWAYS, "device_mode": "KIOSK"},
    }


def carry_out(plan: Plan, simulated: SimulatedAppleDevice, commit: Commit) -> dict[str, tuple[str, str]]:
    """What became of each step, by its part."""
    told: dict[str, tuple[str, str]] = {}
    for step in plan.steps:
        row = _sent(step, row_of(simulated), commit)
        for _ in range(6):
            CommandStatus.objects.filter(pk=row.pk, state=State.IN_PROGRESS).update(not_before=timezone.now())
            simulated.connect()
        row.refresh_from_db()
        told[step.part] = (row.state.removeprefix("Command "), row.reason)
        if row.state == State.SUCCESS:
            _remember(step, row.device)
    return told


def _sent(step: PlannedStep, device: Device, commit: Commit) -> CommandStatus:
    with commit(execute=True):
        request = create_command_request(
            tenant=device.tenant,
            actor=ACTOR,
            command=step.command,
            command_type=CommandRequest.CommandType.DEVICE,
            devices=[device.pk],
            command_args=step.args,
            is_internal=True,
        )
    return CommandStatus.objects.get(request=request)


def _remember(step: PlannedStep, device: Device) -> None:
    if step.is_removal:
        AppliedSetting.objects.filter(device=device, part=step.part).delete()
    else:
        told = {"fingerprint": step.fingerprint, "details": step.details}
        AppliedSetting.objects.update_or_create(device=device, part=step.part, defaults=told)


def test_a_device_is_as_its_blueprint_says_and_then_as_the_next_says(
    api: ApiClient,
    tenant: Tenant,
    simulated: SimulatedAppleDevice,
    django_capture_on_commit_callbacks: Commit,
) -> None:
    commit = django_capture_on_commit_callbacks
    ios = everything(api, tenant)
    version = published(BlueprintFactory(tenant, ios=ios))

    told = carry_out(plan_again(row_of(simulated), version), simulated, commit)

    assert set(told.values()) == {("Success", "")}
    state, seen = simulated.state, effects(simulated)
    assert seen.restrictions["allowCamera"] is False
    assert not seen.shows("com.apple.camera")
    assert seen.passcode_policy["minLength"] == 6
    assert seen.wifi_networks == {"Office"}
    assert seen.app_lock == BUNDLE
    assert (state.name, state.time_zone) == (f"Till {simulated.serial}", "Asia/Tokyo")
    assert state.home_screen_wallpaper == PICTURE
    assert state.app(BUNDLE) is not None
    assert plan_again(row_of(simulated), version).steps == ()
    assert "open sesame" not in str(list(CommandRequest.objects.values_list("command_args", "reason")))

    plan = plan_of(row_of(simulated), {"wifi_networks": [GUESTS]})
    told = carry_out(plan, simulated, commit)

    assert set(told.values()) == {("Success", "")}
    seen = effects(simulated)
    assert (seen.restrictions, seen.passcode_policy, seen.app_lock) == ({}, {}, None)
    assert seen.wifi_networks == {"Guests"}
    assert simulated.state.app(BUNDLE) is None


def test_what_a_device_without_supervision_cannot_do_fails_with_a_reason_and_the_rest_is_done(
    api: ApiClient, tenant: Tenant, django_capture_on_commit_callbacks: Commit
) -> None:
    simulated = placed(tenant, supervised=False, model="iPhone 15", os_version="18.1")
    version = published(BlueprintFactory(tenant, ios=everything(api, tenant)))

    told = carry_out(plan_again(row_of(simulated), version), simulated, django_capture_on_commit_callbacks)

    failed = {part for part, (state, _) in told.items() if state != "Success"}
    assert failed == {"web_content", "device_name", "time_zone", "wallpaper:home", "app_lock"}
    assert all("supervised" in reason for part, (_, reason) in told.items() if part in failed)
    assert {step.part for step in plan_again(row_of(simulated), version).steps} == failed


def test_what_the_device_lists_afterwards_is_what_was_planned(
    tenant: Tenant,
    simulated: SimulatedAppleDevice,
    other_device: Device,
    django_capture_on_commit_callbacks: Commit,
) -> None:
    """Its own list of profiles says the same as our record of them."""
    commit = django_capture_on_commit_callbacks
    version = published(BlueprintFactory(tenant, ios={"wifi_networks": [OFFICE, GUESTS]}))
    carry_out(plan_again(row_of(simulated), version), simulated, commit)

    with commit(execute=True):
        create_command_request(
            tenant=tenant,
            actor=ACTOR,
            command="LIST_INSTALLED_PROFILES",
            command_type="DEVICE",
            devices=[row_of(simulated).pk],
        )
    simulated.connect()

    assert plan_again(row_of(simulated), version).steps == ()
    assert {plistlib.loads(profile.data)["PayloadOrganization"] for profile in simulated.state.profiles} == {"Ours"}
    assert not other_device.profiles.exists()
