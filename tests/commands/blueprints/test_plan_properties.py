"""Whatever blueprints say: what a plan does leaves nothing for the next one, and planning by itself changes nothing."""

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.apple.restrictions import YES_NO
from commands.blueprints.compile.restrictions import SWITCHES
from devices.models import BlueprintImage, Device
from tenants.models import Tenant
from tests.commands.profiles import profile
from tests.factories.apps import StoreAppFactory
from tests.factories.blueprints import BlueprintFactory
from tests.factories.builds import AppVersionFactory
from tests.factories.devices import DeviceFactory
from tests.factories.plans import converged, plan_again, published

POLICIES = st.sampled_from([{"apply_policy": each} for each in ("ALWAYS APPLY", "PROVISION ONLY", "IGNORE")])
SLOW = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def group(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda policy, told: {**policy, **told}, POLICIES, st.fixed_dictionaries(values))


def networks() -> st.SearchStrategy[list[dict[str, Any]]]:
    network = st.builds(
        lambda number, password: {
            "wifi_network_id": str(uuid.UUID(int=number)),
            "ssid": f"Network {number}",
            "password": password,
            "security": "WPA2",
        },
        st.integers(1, 3),
        st.sampled_from(["open sesame", "close sesame"]),
    )
    return st.lists(network, max_size=3, unique_by=lambda each: each["ssid"])


PARTS: dict[str, st.SearchStrategy[Any]] = {
    **{name: group(**{value: st.booleans()}) for name, value, _, _ in SWITCHES},
    "restrictions_settings": group(
        restrictions=st.dictionaries(st.sampled_from(sorted(YES_NO)[:12]), st.booleans(), min_size=1, max_size=4)
    ),
    "hide_preloaded_apps_settings": group(hide_preloaded_apps=st.booleans()),
    "passcode_settings": group(minimum_length=st.integers(0, 16), require_passcode=st.booleans()),
    "wifi_networks": networks(),
    "web_clips": st.lists(
        st.builds(lambda n: {"label": f"Clip {n}", "url": f"https://example.org/{n}"}, st.integers(1, 3)), max_size=2
    ),
    "web_content_settings": group(url_blocklist=st.lists(st.just("https://example.com"), max_size=1)),
    "device_name_settings": group(device_name=st.sampled_from(["Till {serial}", "{model}"])),
    "timezone_settings": group(timezone=st.sampled_from(["Europe/Berlin", "Asia/Tokyo"])),
    "os_update_settings": group(
        target_os_version=st.sampled_from(["26.0", "26.1"]), target_local_datetime=st.just("2026-12-01T20:00:00")
    ),
    "defer_os_updates": group(defer_os_updates_delay=st.integers(0, 90)),
    "device_mode_settings": group(device_mode=st.sampled_from(["KIOSK", "MULTI APP"])),
    "custom_device_level_profile_settings": group(
        custom_profile=st.sampled_from([profile(PayloadIdentifier=f"example.{n}") for n in range(3)])
    ),
}
SETTINGS = st.fixed_dictionaries({}, optional=PARTS)
KIOSK = {"kiosk_app": {"app_id": "com.apple.Maps", "app_type": "PRELOADED"}}


@pytest.fixture(params=["18.1", "17.7", "14.2"])
def iphone(tenant: Tenant, request: pytest.FixtureRequest) -> Device:
    return DeviceFactory(
        tenant=tenant, is_supervised=True, os_version=request.param, hardware_info={"hardware": "iPhone 15"}
    )


def with_content(tenant: Tenant, ios: dict[str, Any], apps: list[int]) -> dict[str, Any]:
    """Apps and a wallpaper that the tenant has."""
    image, _ = BlueprintImage.objects.get_or_create(
        tenant=tenant, sha256="0" * 64, defaults={"content_type": "image/png", "image": b"\x89PNG\r\n\x1a\n"}
    )
    return {
        **ios,
        **KIOSK,
        "apps": [_app(tenant, number) for number in apps],
        "wallpaper_settings": {"homescreen": {"portrait": {"wallpaper_id": str(image.pk)}}} if apps else {},
    }


def _app(tenant: Tenant, number: int) -> dict[str, Any]:
    if number == 0:
        app = tenant.store_apps.first() or StoreAppFactory(tenant)
        return {"app_type": "VPP", "app_id": str(app.pk), "app_version_id": "latest"}
    found = tenant.tenant_apps.filter(package_name=f"com.example.app{number}").first()
    version = found.versions.get() if found else AppVersionFactory(tenant, bundle_id=f"com.example.app{number}")
    return {"app_type": "TENANT_IOS", "app_id": str(version.app_id), "app_version_id": str(version.pk)}


@SLOW
@given(
    steps=st.lists(
        st.tuples(SETTINGS, st.lists(st.integers(0, 2), max_size=3, unique=True), st.booleans()), min_size=1, max_size=3
    )
)
def test_after_each_of_several_versions_nothing_is_left_to_do(
    iphone: Device, other_device: Device, steps: list[tuple[dict[str, Any], list[int], bool]]
) -> None:
    for number, (ios, apps, provision) in enumerate(steps):
        settings_of_it = with_content(iphone.tenant, ios, apps)
        name = f"{number} {uuid.uuid4()}"
        version = published(BlueprintFactory(iphone.tenant, name=name, ios=settings_of_it))
        before = plan_again(iphone, version, provision=provision)
        assert plan_again(iphone, version, provision=provision) == before
        assert bool(before.steps) == any(not each.reason for each in before.differences)

        converged(iphone, version, provision=provision)

        for again in (provision, False):
            after = plan_again(iphone, version, provision=again)
            assert after.steps == ()
            assert all(each.reason for each in after.differences)
    assert not other_device.profiles.exists()


@SLOW
@given(ios=SETTINGS, provision=st.booleans())
def test_no_secret_stands_in_what_is_kept_or_shown(iphone: Device, ios: dict[str, Any], provision: bool) -> None:
    version = published(BlueprintFactory(iphone.tenant, name=str(uuid.uuid4()), ios=ios))

    plan = plan_again(iphone, version, provision=provision)

    assert "sesame" not in str(plan)
    assert "the-wifi-password" not in str(plan)
