"""What settings name must be the tenant's: apps, their versions, pictures."""

import base64
import uuid
from typing import Any

import pytest

from commands.blueprints.schema import read_settings
from config.api.errors import BadRequest
from devices.models import BlueprintImage
from tenants.models import Tenant
from tests.factories.apps import StoreAppFactory, licensed, next_store_app
from tests.factories.builds import AppVersionFactory, VendorVersionFactory
from tests.factories.settings import PNG

APPS = "settings.ios.apps"


def read(tenant: Tenant, **ios: Any) -> dict[str, Any]:
    told: dict[str, Any] = read_settings(tenant, {"ios": ios})["ios"]
    return told


def refused(tenant: Tenant, **ios: Any) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        read_settings(tenant, {"ios": ios})
    return list(caught.value.content)


def vpp(app_id: object, **more: Any) -> dict[str, Any]:
    return {"app_id": str(app_id), "app_type": "VPP", **more}


def build(version: Any, **more: Any) -> dict[str, Any]:
    kind = "TENANT_IOS" if hasattr(version, "tenant_id") else "ESPER_IOS"
    return {"app_id": str(version.app_id), "app_version_id": str(version.pk), "app_type": kind, **more}


def test_a_store_app_is_named_by_our_id_or_by_apples(tenant: Tenant) -> None:
    app = StoreAppFactory(tenant)
    kept = vpp(app.pk, app_version_id="latest", state="SHOW")

    assert read(tenant, apps=[vpp(app.pk)])["apps"] == [kept]
    assert read(tenant, apps=[vpp(app.apple_app_id, app_version_id=None)])["apps"] == [kept]


def test_a_licence_makes_an_app_known(tenant: Tenant) -> None:
    app = next_store_app(tenant)
    apple_id = app.apple_app_id
    licensed(app)
    app.delete()

    (kept,) = read(tenant, apps=[vpp(apple_id)])["apps"]

    assert tenant.store_apps.get(apple_app_id=apple_id).pk == uuid.UUID(kept["app_id"])


def test_foreign_and_absent_store_apps_are_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = StoreAppFactory(other_tenant)

    told = refused(tenant, apps=[vpp(foreign.pk), vpp(foreign.apple_app_id), vpp(uuid.uuid4()), vpp("com.apple.Maps")])

    assert told == [f"{APPS}[{index}].app_id" for index in range(4)]
    assert not tenant.store_apps.exists()


def test_a_version_of_a_store_app_must_be_its_own(tenant: Tenant) -> None:
    app, other = next_store_app(tenant), next_store_app(tenant)
    theirs = str(other.current_version_id)

    kept = read(tenant, apps=[vpp(other.pk, app_version_id=theirs)])["apps"][0]

    assert kept["app_version_id"] == theirs
    assert refused(tenant, apps=[vpp(app.pk, app_version_id=theirs)]) == [f"{APPS}[0].app_version_id"]
    assert refused(tenant, apps=[vpp(app.pk, app_version_id="2.0")]) == [f"{APPS}[0].app_version_id"]


def test_builds_must_be_the_tenants_or_published_for_it(tenant: Tenant, other_tenant: Tenant) -> None:
    own, vendor = AppVersionFactory(tenant), VendorVersionFactory(tenant, bundle_id="com.example.agent")
    foreign = AppVersionFactory(other_tenant, bundle_id="com.example.foreign")
    hidden = VendorVersionFactory(other_tenant, bundle_id="com.example.hidden")

    told = [build(own), build(vendor)]

    assert read(tenant, apps=told)["apps"] == [{**app, "state": "SHOW"} for app in told]
    assert refused(tenant, apps=[build(foreign), build(hidden)]) == [f"{APPS}[{i}].app_version_id" for i in range(2)]


def test_a_build_is_named_by_its_kind_and_its_app(tenant: Tenant) -> None:
    version = AppVersionFactory(tenant)

    for wrong in ({"app_type": "ESPER_IOS"}, {"app_id": str(uuid.uuid4())}, {"app_version_id": "latest"}):
        assert refused(tenant, apps=[build(version, **wrong)]) == [f"{APPS}[0].app_version_id"]


def test_an_app_stands_in_the_list_once(tenant: Tenant) -> None:
    app = StoreAppFactory(tenant)

    assert refused(tenant, apps=[vpp(app.pk), vpp(app.apple_app_id)]) == [f"{APPS}[1].app_id"]


def test_the_kiosk_app_is_among_the_apps(tenant: Tenant) -> None:
    app, mode = StoreAppFactory(tenant), {"device_mode": "KIOSK"}
    kiosk = vpp(app.apple_app_id)

    told = read(tenant, apps=[vpp(app.pk)], kiosk_app=kiosk, device_mode_settings=mode)

    assert told["kiosk_app"] == vpp(app.pk)
    assert refused(tenant, kiosk_app=kiosk, device_mode_settings=mode) == ["settings.ios.kiosk_app.app_id"]


def test_pictures_are_stored_once_and_named_by_their_ids(tenant: Tenant, other_tenant: Tenant) -> None:
    screens = {"homescreen": {"portrait": {"image": PNG}}, "lockscreen": {"portrait": {"image": PNG}}}
    clips = [{"label": "Menu", "url": "https://example.org", "icon": PNG}]
    read(other_tenant, web_clips=clips)

    told = read(tenant, wallpaper_settings=screens, web_clips=clips)
    again = read(tenant, wallpaper_settings=told["wallpaper_settings"], web_clips=told["web_clips"])

    stored = BlueprintImage.objects.get(tenant=tenant)
    assert bytes(stored.image) == base64.b64decode(PNG)
    assert stored.content_type == "image/png"
    assert told["wallpaper_settings"]["homescreen"]["portrait"] == {"wallpaper_id": str(stored.pk)}
    assert told["web_clips"][0]["icon_id"] == str(stored.pk)
    assert again == told


def test_foreign_pictures_are_absent(tenant: Tenant, other_tenant: Tenant) -> None:
    clip = {"label": "Menu", "url": "https://example.org"}
    (foreign,) = read(other_tenant, web_clips=[{**clip, "icon": PNG}])["web_clips"]
    wallpaper = {"lockscreen": {"portrait": {"wallpaper_id": foreign["icon_id"]}}}

    told = refused(tenant, web_clips=[foreign], wallpaper_settings=wallpaper)

    assert told == [
        "settings.ios.wallpaper_settings.lockscreen.portrait.wallpaper_id",
        "settings.ios.web_clips[0].icon_id",
    ]


def test_nothing_is_stored_when_something_is_refused(tenant: Tenant) -> None:
    clip = {"label": "Menu", "url": "https://example.org", "icon": PNG}

    refused(tenant, web_clips=[clip], apps=[vpp(1)])

    assert not BlueprintImage.objects.exists()
