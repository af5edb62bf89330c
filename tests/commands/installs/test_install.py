"""An uploaded version: who may install it, which devices can have it, and when it is there."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from apps_domain.models import DeviceApp, TenantAppVersion
from commands.models import CommandStatus
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.apple import command, handed, report
from tests.factories.builds import BUNDLE, AppVersionFactory, VendorVersionFactory
from tests.factories.carriage import send
from tests.factories.devices import DeviceFactory
from tests.factories.fleet import placed, row_of

REQUESTS = "/api/commands/v0/commands/"


def told(row: CommandStatus) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state.removeprefix("Command "), row.reason


def answer(device: SimulatedAppleDevice, status: str = "Acknowledged", **more: Any) -> None:
    report(device, status, handed(report(device)), **more)


def listed(version: str = "4.2", build: str = "420") -> dict[str, Any]:
    return {"InstalledApplicationList": [{"Identifier": BUNDLE, "ShortVersion": version, "Version": build}]}


MANAGED: dict[str, Any] = {"ManagedApplicationList": {BUNDLE: {"Status": "Managed"}}}


def body(tenant: Tenant, version_id: object) -> dict[str, Any]:
    device = DeviceFactory(tenant=tenant)
    told = {"command": "INSTALL", "command_args": {"app_version": str(version_id)}, "schedule": "IMMEDIATE"}
    return {"command_type": "DEVICE", "devices": [str(device.pk)], **told}


def refused(api: ApiClient, tenant: Tenant, version_id: object) -> str:
    response = api.post(REQUESTS, body(tenant, version_id))
    assert response.status_code == 400, response.content
    assert not CommandStatus.objects.exists()
    return str(response.json()["content"]["command_args"]["app_version"])


def test_a_version_that_does_not_exist_is_refused(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    unknown = refused(api, tenant, uuid.uuid4())

    assert "no uploaded app version has this id" in unknown
    assert refused(api, tenant, AppVersionFactory(other_tenant).pk) == unknown
    assert refused(api, tenant, VendorVersionFactory(other_tenant).pk) == unknown
    assert refused(api, tenant, VendorVersionFactory(None, platform="ANDROID").pk) == unknown


def test_a_version_whose_profile_is_over_is_refused(api: ApiClient, tenant: Tenant) -> None:
    version = AppVersionFactory(tenant, signing_expires_at=timezone.now() - dt.timedelta(days=1))

    assert "provisioning profile ended on" in refused(api, tenant, version.pk)


@pytest.mark.parametrize("published", ["for it", "for all"])
def test_what_is_published_may_be_installed(api: ApiClient, tenant: Tenant, published: str) -> None:
    version = VendorVersionFactory(tenant if published == "for it" else None)

    assert api.post(REQUESTS, body(tenant, version.pk)).status_code == 201


def test_the_device_is_told_where_the_manifest_is(api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant) -> None:
    send(api, device, "INSTALL", app_version=str(AppVersionFactory(tenant).pk))

    told = command(report(device))

    assert (told["RequestType"], told["ManagementFlags"]) == ("InstallApplication", 1)
    assert told["ManifestURL"].startswith("http")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"min_os_version": "18.2"}, "The app needs version 18.2 of iOS or later."),
        ({"device_family": ["ipad"]}, "The app is for ipad, not for iOS."),
        ({"signing": {"udids": ["somebody else's"]}}, "does not name this device"),
    ],
    ids=["too old", "other family", "ad hoc"],
)
def test_a_device_that_cannot_have_it_is_not_asked(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant, fields: dict[str, Any], words: str
) -> None:
    row = send(api, device, "INSTALL", app_version=str(AppVersionFactory(tenant, **fields).pk))

    assert handed(report(device)) is None
    assert told(row)[0] == "Failure"
    assert words in told(row)[1]


def test_an_ipad_runs_what_is_for_iphones(api: ApiClient, tenant: Tenant) -> None:
    ipad = placed(tenant, 3, model="iPad Pro", os_version="18.1")

    row = send(api, ipad, "INSTALL", app_version=str(AppVersionFactory(tenant, device_family=["iphone"]).pk))

    assert command(report(ipad))["RequestType"] == "InstallApplication"
    assert told(row)[0] == "Initiated"


def test_it_succeeds_when_that_version_is_there(api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant) -> None:
    """An older one may still be listed as managed."""
    version = AppVersionFactory(tenant)
    row = send(api, device, "INSTALL", app_version=str(version.pk))

    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer(device)
        clock.shift(21)
        answer(device, **MANAGED)
        answer(device, **listed("4.1", "410"))
        assert told(row) == ("In Progress", "The device still has version 4.1 of the app.")
        clock.shift(41)
        answer(device, **MANAGED)
        answer(device, **listed())

    assert told(row) == ("Success", "")
    app = DeviceApp.objects.get()
    assert (app.device_id, app.app_type) == (row_of(device).pk, "TENANT_IOS")
    assert (app.app_id, app.app_version_id, app.version) == (version.app_id, version.pk, "4.2")


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_version_that_is_deleted_meanwhile_ends_it(
    api: ApiClient, device: SimulatedAppleDevice, tenant: Tenant, step: int
) -> None:
    """Whenever that is: before a question, or before its answer."""
    row = send(api, device, "INSTALL", app_version=str(AppVersionFactory(tenant).pk))

    with time_machine.travel(timezone.now(), tick=False) as clock:
        if step:
            answer(device)
            clock.shift(21)
        asked = handed(report(device)) if step == 1 else None
        TenantAppVersion.objects.all().delete()
        report(device, "Acknowledged", asked, **MANAGED) if asked else report(device)

    assert told(row) == ("Failure", "The app version was deleted.")
