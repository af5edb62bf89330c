"""Manifests: for the one device that was told to install the app, while it is enrolled."""

import datetime as dt
import plistlib
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps_domain.downloads import manifest_url
from apps_domain.models import TenantAppVersion, VendorApp, VendorAppRelease, VendorAppVersion
from devices.models import Device, DeviceState
from tenants.models import Tenant
from tests.api.seed import APPS
from tests.conftest import ApiClient
from tests.factories.devices import AndroidFactory, DeviceFactory
from tests.factories.ipas import ipa, upload_form
from tests.factories.tenant_apps import StoredFileFactory

FILE = ipa()
pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def version(api: ApiClient) -> TenantAppVersion:
    api.post(APPS, **upload_form(FILE))
    return TenantAppVersion.objects.get()


@pytest.fixture
def device(tenant: Tenant) -> Device:
    return DeviceFactory(tenant=tenant)


def fetch(url: str, method: str = "get") -> Any:
    assert url.startswith("http://testserver/mdm/apps/")
    return getattr(Client(), method)(url.removeprefix("http://testserver"))


def test_a_device_reads_it_and_gets_the_app(version: TenantAppVersion, device: Device) -> None:
    response = fetch(manifest_url(version, device_id=device.pk))

    item = plistlib.loads(response.content)["items"][0]
    package, icon = item["assets"]
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/xml; charset=UTF-8")
    assert item["metadata"] == {
        "kind": "software",
        "bundle-identifier": "org.example.kiosk",
        "bundle-version": "142",
        "title": "Example Kiosk",
    }
    assert (package["kind"], package["sha256-size"]) == ("software-package", 10 * 1024 * 1024)
    assert package["sha256s"] == [version.file.sha256]
    assert fetch(package["url"]).getvalue() == FILE
    assert icon["kind"] == "display-image"
    assert fetch(icon["url"]).getvalue().startswith(b"\x89PNG")


def test_an_app_without_an_icon(version: TenantAppVersion, device: Device) -> None:
    TenantAppVersion.objects.update(icon=None)

    assets = plistlib.loads(fetch(manifest_url(version, device_id=device.pk)).content)["items"][0]["assets"]

    assert [asset["kind"] for asset in assets] == ["software-package"]


@pytest.mark.parametrize("state", [DeviceState.DISABLED, DeviceState.REGISTERED, DeviceState.WIPE_IN_PROGRESS])
def test_a_device_that_is_not_enrolled_is_403(version: TenantAppVersion, device: Device, state: int) -> None:
    Device.objects.update(state=state)

    response = fetch(manifest_url(version, device_id=device.pk))

    assert (response.status_code, response.content) == (403, b"This device is not enrolled.\n")


def test_a_device_of_another_tenant_is_404(version: TenantAppVersion, other_tenant: Tenant) -> None:
    foreign = fetch(manifest_url(version, device_id=DeviceFactory(tenant=other_tenant).pk))
    absent = fetch(manifest_url(version, device_id=uuid.uuid4()))

    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content


def test_an_android_device_is_404(version: TenantAppVersion, tenant: Tenant) -> None:
    assert fetch(manifest_url(version, device_id=AndroidFactory(tenant=tenant).pk)).status_code == 404


def test_a_deleted_version_is_404(api: ApiClient, version: TenantAppVersion, device: Device) -> None:
    url = manifest_url(version, device_id=device.pk)
    api.delete(f"{APPS}/{version.app_id}/versions/{version.pk}")

    assert fetch(url).status_code == 404


def test_an_address_ends(version: TenantAppVersion, device: Device, settings: Settings) -> None:
    url = manifest_url(version, device_id=device.pk)
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=settings.MANIFEST_URL_SECONDS * 1.3), tick=False):
        response = fetch(url)

    assert response.status_code == 403
    assert "Send the command again" in response.content.decode()


def test_an_address_that_was_changed_is_404(version: TenantAppVersion, device: Device) -> None:
    url = manifest_url(version, device_id=device.pk)

    for changed in (url[:-1], url[:-30] + "x" + url[-29:], "http://testserver/mdm/apps/manifest/x"):
        assert fetch(changed).status_code == 404
    assert fetch(url, "post").status_code == 405


class TestVendorApps:
    @pytest.fixture
    def published(self, db: None) -> VendorAppVersion:
        app = VendorApp.objects.create(platform="APPLE", package_name="org.example.agent", app_name="Agent")
        hashes = {"size": 10, "sha256s": ["0" * 64]}
        return VendorAppVersion.objects.create(
            app=app, file=StoredFileFactory(), app_name="Agent", build_number="1", chunk_hashes=hashes
        )

    def test_for_all_tenants(self, published: VendorAppVersion, device: Device) -> None:
        VendorAppRelease.objects.create(version=published, tenant=None)

        response = fetch(manifest_url(published, device_id=device.pk))

        assert plistlib.loads(response.content)["items"][0]["metadata"]["title"] == "Agent"

    def test_for_another_tenant_or_nobody(
        self, published: VendorAppVersion, device: Device, other_tenant: Tenant
    ) -> None:
        url = manifest_url(published, device_id=device.pk)
        assert fetch(url).status_code == 404
        VendorAppRelease.objects.create(version=published, tenant=other_tenant)
        assert fetch(url).status_code == 404
