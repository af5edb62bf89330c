"""Apps of a blueprint: missing, of another version, configured otherwise, wanted no more."""

import base64
import plistlib
from typing import Any

import pytest

from apps_domain.models import DeviceApp, StoreApp, TenantAppVersion
from apps_domain.services.device_apps import record_installed_app
from commands.blueprints.plan import Stage
from commands.catalogue import Undeliverable
from devices.models import AppliedSetting, Device, InstalledApp
from tenants.models import Tenant
from tests.factories.apps import StoreAppFactory
from tests.factories.builds import AppVersionFactory, VendorVersionFactory
from tests.factories.plans import brought_to, carried, plan_again, plan_of, shown, succeed

ALWAYS = {"apply_policy": "ALWAYS APPLY"}
TILL, NOTES = "com.example.till", "example.ledgerline.notes"
KIOSK = {"device_mode_settings": {**ALWAYS, "device_mode": "KIOSK"}}


def config(**values: Any) -> str:
    return base64.b64encode(plistlib.dumps(values)).decode()


def uploaded(version: TenantAppVersion, **more: Any) -> dict[str, Any]:
    return {"app_type": "TENANT_IOS", "app_id": str(version.app_id), "app_version_id": str(version.pk), **more}


def bought(app: StoreApp, **more: Any) -> dict[str, Any]:
    return {"app_type": "VPP", "app_id": str(app.pk), "app_version_id": "latest", **more}


@pytest.fixture
def till(tenant: Tenant) -> TenantAppVersion:
    return AppVersionFactory(tenant)


@pytest.fixture
def notes(tenant: Tenant) -> StoreApp:
    return StoreAppFactory(tenant)


def test_missing_apps_are_installed_after_the_profiles(
    device: Device, other_device: Device, till: TenantAppVersion, notes: StoreApp
) -> None:
    ios = {"apps": [uploaded(till), bought(notes)], "siri_settings": {**ALWAYS, "allow_siri": False}}

    plan = plan_of(device, ios)

    assert [(step.stage, step.command, step.part) for step in plan.steps] == [
        (Stage.PROFILES, "INSTALL_PROFILE", "restrictions"),
        (Stage.APPS, "INSTALL", f"app:{TILL}"),
        (Stage.APPS, "VPP_APP_INSTALL", f"app:{NOTES}"),
    ]
    assert plan.steps[1].args == {"app_version": str(till.pk)}
    assert plan.steps[2].args == {"app_id": notes.apple_app_id, "bundle_identifier": NOTES}
    assert plan_again(device, brought_to(device, ios)).steps == ()
    assert not InstalledApp.objects.filter(device=other_device).exists()


def test_an_app_of_the_store_is_found_by_either_id(device: Device, notes: StoreApp) -> None:
    entry = {"app_type": "VPP", "app_id": notes.apple_app_id}

    assert shown(plan_of(device, {"apps": [entry]})) == [("VPP_APP_INSTALL", f"app:{NOTES}")]


def test_any_version_of_a_stores_app_will_do_but_a_build_is_that_build(
    device: Device, till: TenantAppVersion, notes: StoreApp
) -> None:
    ios = {"apps": [uploaded(till), bought(notes)]}
    version = brought_to(device, ios)
    InstalledApp.objects.filter(device=device).update(short_version="1.0", version="1")

    plan = plan_again(device, version)

    assert shown(plan) == [("INSTALL", f"app:{TILL}")]
    [difference] = plan.differences
    assert (difference.setting, difference.wanted, difference.found) == (f"apps[{TILL}].app_version_id", "4.2", "1.0")


def test_an_app_that_its_user_installed_is_taken_over(device: Device, notes: StoreApp) -> None:
    InstalledApp.objects.create(device=device, identifier=NOTES, short_version="1.0")

    assert shown(plan_of(device, {"apps": [bought(notes)]})) == [("VPP_APP_INSTALL", f"app:{NOTES}")]


def test_a_published_app_is_installed_if_it_is_for_the_tenant(device: Device, other_tenant: Tenant) -> None:
    ours, theirs = (
        VendorVersionFactory(tenant, bundle_id=f"com.example.{tenant.name.lower()}")
        for tenant in (device.tenant, other_tenant)
    )
    entries = [
        {"app_type": "ESPER_IOS", "app_id": str(each.app_id), "app_version_id": str(each.pk)} for each in (ours, theirs)
    ]

    own, foreign = plan_of(device, {"apps": entries}).steps

    assert own.part == "app:com.example.ours"
    with pytest.raises(Undeliverable, match="The app version was deleted"):
        carried(device, foreign)


def test_a_configuration_travels_with_the_app_and_stands_in_no_plan(device: Device, till: TenantAppVersion) -> None:
    ios = {"apps": [uploaded(till, base64_app_config=config(lane=3))]}
    plan = plan_of(device, ios)
    assert plan.steps[0].args["base64_app_config"] == config(lane=3)
    assert config(lane=3) not in str(plan.differences)

    version = brought_to(device, ios)

    assert plan_again(device, version).steps == ()
    changed = {"apps": [uploaded(till, base64_app_config=config(lane=4))]}
    assert [each.setting for each in plan_of(device, changed).differences] == [f"apps[{TILL}].base64_app_config"]


def test_a_configuration_that_a_blueprint_brought_is_taken_back(device: Device, till: TenantAppVersion) -> None:
    """Without another one a device keeps what it has."""
    brought_to(device, {"apps": [uploaded(till, base64_app_config=config(lane=3))]})
    [step] = plan_of(device, {"apps": [uploaded(till)]}).steps
    assert carried(device, step)["Configuration"] == {}

    version = brought_to(device, {"apps": [uploaded(till)]})

    assert plan_again(device, version).steps == ()


def test_a_configuration_of_a_command_stays_where_no_blueprint_brought_the_app(device: Device, notes: StoreApp) -> None:
    InstalledApp.objects.create(device=device, identifier=NOTES, short_version="1.0", is_managed=True)
    record_installed_app(
        device=device, app_type="VPP", app_id=notes.pk, app_version_id=None, bundle_id=NOTES, version="1.0",
        app_config=plistlib.dumps({"lane": 3}),
    )  # fmt: skip

    assert plan_of(device, {"apps": [bought(notes)]}).steps == ()


def test_apps_that_came_by_a_blueprint_go_with_it_and_others_stay(
    device: Device, till: TenantAppVersion, notes: StoreApp
) -> None:
    InstalledApp.objects.create(device=device, identifier="com.example.other", is_managed=True)
    brought_to(device, {"apps": [uploaded(till), bought(notes)]})

    version = brought_to(device, {})

    assert list(InstalledApp.objects.values_list("identifier", flat=True)) == ["com.example.other"]
    assert not DeviceApp.objects.exists()
    assert not AppliedSetting.objects.exists()
    assert plan_again(device, version).steps == ()


def test_removals_come_last_by_the_command_that_frees_the_licence(
    device: Device, till: TenantAppVersion, notes: StoreApp
) -> None:
    brought_to(device, {"apps": [uploaded(till), bought(notes)]})

    plan = plan_of(device, {})

    assert [(step.stage, step.command, step.args) for step in plan.steps] == [
        (Stage.REMOVALS, "UNINSTALL", {"package_name": TILL}),
        (Stage.REMOVALS, "APPLE_APP_UNINSTALL", {"app_id": notes.apple_app_id, "bundle_identifier": NOTES}),
    ]


def test_an_app_that_was_there_before_the_blueprint_stays_after_it(device: Device, notes: StoreApp) -> None:
    InstalledApp.objects.create(device=device, identifier=NOTES, short_version="1.0", is_managed=True)
    brought_to(device, {"apps": [bought(notes)]})

    assert plan_of(device, {}).steps == ()


def test_no_app_goes_while_one_of_the_blueprint_is_not_known_by_its_identifier(
    device: Device, till: TenantAppVersion
) -> None:
    ios = {"apps": [uploaded(till)]}
    version = brought_to(device, ios)
    till.delete()

    plan = plan_again(device, version)

    assert [step.command for step in plan.steps] == ["INSTALL"]
    with pytest.raises(Undeliverable, match="The app version was deleted"):
        carried(device, plan.steps[0])


@pytest.mark.parametrize("bundle_id", ["", None])
def test_a_stores_app_without_a_bundle_identifier_is_told_and_not_sent(
    tenant: Tenant, device: Device, bundle_id: Any
) -> None:
    app = StoreAppFactory(tenant, bundle_id="")
    entry = bought(app)
    if bundle_id is None:
        app.delete()

    plan = plan_of(device, {"apps": [entry]})

    assert plan.steps == ()
    assert all(each.reason for each in plan.differences)
    assert plan.differences


def test_applying_again_installs_only_what_is_missing(device: Device, till: TenantAppVersion, notes: StoreApp) -> None:
    version = brought_to(device, {"apps": [uploaded(till), bought(notes)]})
    InstalledApp.objects.filter(device=device, identifier=NOTES).delete()

    assert shown(plan_again(device, version, reapply=True)) == [("VPP_APP_INSTALL", f"app:{NOTES}")]


def test_a_device_is_locked_to_its_app_when_that_is_there(device: Device, till: TenantAppVersion) -> None:
    kiosk = {"kiosk_app": {"app_type": "TENANT_IOS", "app_id": str(till.app_id)}, **KIOSK}
    ios = {"apps": [uploaded(till)], **kiosk}
    install, lock = plan_of(device, ios).steps
    assert (install.stage, lock.stage) == (Stage.APPS, Stage.LOCK)

    with pytest.raises(Undeliverable, match=f"The app {TILL} is not on the device yet"):
        carried(device, lock)

    version = brought_to(device, ios)
    assert plan_again(device, version).steps == ()


def test_an_app_does_not_go_while_the_device_is_locked_to_it(device: Device, till: TenantAppVersion) -> None:
    """Another one takes its place, and that could not be installed."""
    other = AppVersionFactory(device.tenant, bundle_id="com.example.other")
    before, ios = (
        {"apps": [uploaded(each)], "kiosk_app": {"app_type": "TENANT_IOS", "app_id": str(each.app_id)}, **KIOSK}
        for each in (till, other)
    )
    brought_to(device, before)
    install, lock, remove = plan_of(device, ios).steps

    with pytest.raises(Undeliverable, match="still in the single-app mode"):
        carried(device, remove)

    succeed(device, install)
    succeed(device, lock)
    assert carried(device, remove)["RequestType"] == "RemoveApplication"
    [again] = plan_of(device, ios).steps
    assert carried(device, again)["RequestType"] == "RemoveApplication"


def test_the_same_app_twice_counts_once(device: Device, till: TenantAppVersion) -> None:
    published = VendorVersionFactory(device.tenant, bundle_id=TILL)
    again = {"app_type": "ESPER_IOS", "app_id": str(published.app_id), "app_version_id": str(published.pk)}
    ios = {"apps": [uploaded(till), again]}

    version = brought_to(device, ios)

    assert DeviceApp.objects.get().app_type == "TENANT_IOS"
    plan = plan_again(device, version)
    assert plan.steps == ()
    assert [each.reason for each in plan.differences] == ["The blueprint says this twice; the first counts."]
