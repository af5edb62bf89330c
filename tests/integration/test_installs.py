"""Apps on their whole way over real sockets: from an upload, or from a licence at Apple, to devices and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from django.conf import settings as now
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps_domain.models import DeviceApp, TenantAppVersion, VppAssignment
from apps_domain.tasks.licences import sweep_licences
from commands.models import CommandStatus, LicenceHold
from commands.models.status import State
from commands.tasks import release_licensed_installs
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_http import Reply
from onboarding.simulation.apple_packages import FIRST_PART
from onboarding.simulation.apple_store import StandInStore
from onboarding.simulation.store import StoreStandIn
from onboarding.simulation.vpp import Asset, Library, VppStandIn, running_vpp
from tenants.models import Role, Tenant
from tests.factories.fleet import key_number, ready_to_enrol, row_of
from tests.factories.ipas import ipa, provisioning
from tests.factories.tenants import token_for
from tests.factories.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS = "/api/commands/v0/commands/"
KIOSK = "org.example.kiosk"
NOTES, NOTES_BUNDLE = "9990000001", "example.ledgerline.notes"


class Wire:
    """A device's HTTP client; what it asked is noted."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http
        self.asked: list[tuple[str, str, str]] = []  # method, path, Range

    def request(
        self, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        self.asked.append((method, urlsplit(url).path, (headers or {}).get("Range", "")))
        return self.http.request(method, url, content=content, headers=headers)


class Caller:
    """A caller of the API, over HTTP."""

    def __init__(self, http: httpx2.Client, base_url: str, tenant: Tenant) -> None:
        self.http, self.base_url = http, base_url
        self.headers = {
            "Authorization": f"Bearer {token_for(tenant, Role.ADMIN)[1]}",
            "X-Tenant-Id": str(tenant.pk),
            "X-Caller-Id": "caller-1",
            "X-SCAPI-Private-URL": base_url,
        }

    def get(self, path: str) -> httpx2.Response:
        return self.http.get(f"{self.base_url}{path}", headers=self.headers)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return self.http.post(f"{self.base_url}{path}", headers=self.headers, **options)

    def send(self, devices: list[SimulatedAppleDevice], command: str, **arguments: str) -> httpx2.Response:
        ids = [str(row_of(device).pk) for device in devices]
        told = {"command": command, "command_args": arguments, "schedule": "IMMEDIATE"}
        return self.post(REQUESTS, json={"command_type": "DEVICE", "devices": ids, **told})


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=30) as http:
        yield http


@pytest.fixture
def server(live_server: LiveServer, settings: Settings, tmp_path: Path) -> str:
    """The server's address; files of apps are kept for this test alone."""
    settings.BASE_URL = live_server.url
    own = {**now.STORAGES["apps"], "OPTIONS": {"location": tmp_path / "apps"}}
    settings.STORAGES = {**now.STORAGES, "apps": own}
    return live_server.url


@pytest.fixture
def caller(http: httpx2.Client, server: str, tenant: Tenant) -> Caller:
    return Caller(http, server, tenant)


@pytest.fixture
def other_caller(http: httpx2.Client, server: str, other_tenant: Tenant) -> Caller:
    return Caller(http, server, other_tenant)


def enrolled(
    wire: Wire, server: str, tenant: Tenant, count: int = 1, store: StandInStore | None = None
) -> list[SimulatedAppleDevice]:
    """Supervised iPhones that have told the server what they are."""
    link = ready_to_enrol(tenant)
    devices = []
    for index in range(count):
        numbers = iter(range(index * 10, index * 10 + 10))
        device = SimulatedAppleDevice(
            wire,
            seed="installs",
            index=index,
            supervised=True,
            model="iPhone 15",
            os_version="18.1",
            store=store,
            key_factory=lambda bits, numbers=numbers: key_number(next(numbers)),  # type: ignore[misc]
        )
        device.enrol(wire.http.get(f"{server}/mdm/enrol/{link.token}/profile.mobileconfig").content)
        device.connect()
        devices.append(device)
    return devices


def look(device: SimulatedAppleDevice) -> list[str]:
    """The device comes when the server wants to look again, which is now. What it was asked."""
    CommandStatus.objects.filter(device=row_of(device), state=State.IN_PROGRESS).update(not_before=timezone.now())
    return [step.request_type for step in device.connect().executed]


def told(device: SimulatedAppleDevice, command: str) -> tuple[str, str]:
    row = CommandStatus.objects.get(device=row_of(device), request__command=command)
    return row.state.removeprefix("Command "), row.reason


def upload(caller: Caller, file: bytes) -> dict[str, Any]:
    """The app as the server answers."""
    answer = caller.post("/api/v2/tenant-apps", data={"platform": "APPLE"}, files={"file": ("Kiosk.ipa", file)})
    assert answer.status_code == 200, answer.content
    content: dict[str, Any] = answer.json()["content"]
    return content


def test_an_uploaded_app_reaches_a_device(
    http: httpx2.Client, caller: Caller, other_caller: Caller, server: str, tenant: Tenant
) -> None:
    wire = Wire(http)
    (device,) = enrolled(wire, server, tenant)
    file = ipa()
    app = upload(caller, file)
    assert other_caller.send([device], "INSTALL", app_version=app["version_id"]).status_code == 400

    assert caller.send([device], "INSTALL", app_version=app["version_id"]).status_code == 201
    assert look(device) == ["InstallApplication"]
    assert told(device, "INSTALL") == ("In Progress", "The device is to install the app.")
    assert look(device) == ["ManagedApplicationList"]
    assert told(device, "INSTALL") == ("In Progress", "The device is installing the app (Installing).")
    assert look(device) == ["ManagedApplicationList", "InstalledApplicationList"]

    assert told(device, "INSTALL") == ("Success", "")
    assert [part for _, path, part in wire.asked if path.startswith("/mdm/apps/files/")] == [
        f"bytes=0-{FIRST_PART - 1}",
        f"bytes={FIRST_PART}-",
    ]
    on_device = device.state.app(KIOSK)
    assert on_device is not None
    assert (on_device.version, on_device.build, on_device.size) == ("1.4.2", "142", len(file))

    device_id = str(row_of(device).pk)
    listed = caller.get(f"/api/v2/devices/{device_id}/device-apps/").json()["results"]
    assert [(each["app_id"], each["app_version_id"]) for each in listed] == [(app["id"], app["version_id"])], listed
    for query in (f"app_id={app['id']}", f"app_version_id={app['version_id']}"):
        assert [each["device_id"] for each in caller.get(f"/api/v2/device-apps?{query}").json()["results"]] == [
            device_id
        ]
        assert other_caller.get(f"/api/v2/device-apps?{query}").json()["results"] == []


@pytest.mark.parametrize("names_it", [True, False])
def test_ad_hoc_builds_go_to_the_devices_that_their_profile_names(
    http: httpx2.Client, caller: Caller, server: str, tenant: Tenant, names_it: bool
) -> None:
    (device,) = enrolled(Wire(http), server, tenant)
    profile = provisioning(ProvisionsAllDevices=False, ProvisionedDevices=[device.udid if names_it else "another"])
    app = upload(caller, ipa(profile=profile))

    caller.send([device], "INSTALL", app_version=app["version_id"])

    assert look(device) == (["InstallApplication"] if names_it else [])
    assert ("does not name this device" in told(device, "INSTALL")[1]) != names_it


def test_a_damaged_file_is_not_installed(http: httpx2.Client, caller: Caller, server: str, tenant: Tenant) -> None:
    """The device checks the manifest's hashes; the server says that it failed."""
    (device,) = enrolled(Wire(http), server, tenant)
    app = upload(caller, ipa())
    caller.send([device], "INSTALL", app_version=app["version_id"])
    look(device)

    stored = TenantAppVersion.objects.get().file
    path = Path(now.STORAGES["apps"]["OPTIONS"]["location"], stored.name)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    look(device)

    assert told(device, "INSTALL") == ("Failure", "The device could not install the app.")
    assert device.state.app(KIOSK) is None
    assert not DeviceApp.objects.filter(bundle_id=KIOSK).exists()


@pytest.fixture
def vpp(settings: Settings) -> Iterator[VppStandIn]:
    """Licences are assigned when it is told to settle."""
    with running_vpp(event_seconds=None) as stand_in:
        settings.VPP_URL = stand_in.url
        yield stand_in


@pytest.fixture
def library(vpp: VppStandIn) -> Library:
    """Two licences of one app."""
    library = vpp.add_library(Library("planted-vpp-token/+=", "Ours at Apple"))
    library.own(Asset(NOTES, total=2))
    return library


def test_a_licence_runs_out_at_the_third_device(
    http: httpx2.Client,
    caller: Caller,
    other_caller: Caller,
    server: str,
    tenant: Tenant,
    store: StoreStandIn,
    vpp: VppStandIn,
    library: Library,
) -> None:
    devices = enrolled(
        Wire(http), server, tenant, 3, StandInStore(http, store_url=store.base_url, licences_url=vpp.base_url)
    )
    token = caller.post("/api/tenant/v0/vpptokens/", files={"filename": ("s.vpptoken", library.vpptoken)})
    assert token.status_code in (200, 201), token.content
    sweep_licences()  # as beat does every few seconds

    sent = caller.send(devices, "VPP_APP_INSTALL", app_id=NOTES, bundle_identifier=NOTES_BUNDLE)
    assert sent.status_code == 201, sent.content
    assert [look(device) for device in devices] == [[], [], []]
    vpp.settle()  # the outcome comes as a notification
    until(lambda: VppAssignment.objects.filter(state=VppAssignment.State.ASSIGNED).count() == 2)
    release_licensed_installs()  # as beat does
    assert not LicenceHold.objects.exists()

    for device in devices:
        for _ in range(3):
            look(device)
    ends = [told(device, "VPP_APP_INSTALL") for device in devices]
    assert sorted(state for state, _ in ends) == ["Failure", "Success", "Success"]
    (reason,) = [reason for state, reason in ends if state == "Failure"]
    assert reason.startswith("No licence available: 2 of 2 are in use.")
    licensed = [device for device, (state, _) in zip(devices, ends, strict=True) if state == "Success"]
    assert {serial for _, _, serial, _ in library.assignments} == {device.serial for device in licensed}
    assert {row.device_id for row in DeviceApp.objects.all()} == {row_of(device).pk for device in licensed}
    stats = caller.get(f"{REQUESTS}{sent.json()['content']['id']}/stats/").json()["content"]["status"]
    assert {each["state"]: each["total"] for each in stats} == {"Command Success": 2, "Command Failure": 1}
    (licence,) = caller.get("/api/apps/v0/vpp").json()["content"]["results"]
    assert (licence["total_count"], licence["assigned_count"]) == (2, 2), licence
    assert other_caller.get("/api/apps/v0/vpp").json()["content"]["results"] == []


def licensed(
    http: httpx2.Client, caller: Caller, server: str, tenant: Tenant, store: StoreStandIn, vpp: VppStandIn
) -> SimulatedAppleDevice:
    """A device whose licence was assigned, and that is about to be told to install."""
    stores = StandInStore(http, store_url=store.base_url, licences_url=vpp.base_url)
    (device,) = enrolled(Wire(http), server, tenant, 1, stores)
    (library,) = vpp.libraries.values()
    caller.post("/api/tenant/v0/vpptokens/", files={"filename": ("s.vpptoken", library.vpptoken)})
    sweep_licences()
    caller.send([device], "VPP_APP_INSTALL", app_id=NOTES, bundle_identifier=NOTES_BUNDLE)
    vpp.settle()
    until(lambda: VppAssignment.objects.filter(state=VppAssignment.State.ASSIGNED).exists())
    release_licensed_installs()
    return device


def test_a_licence_that_apple_does_not_know_yet_is_waited_for(
    http: httpx2.Client,
    caller: Caller,
    server: str,
    tenant: Tenant,
    store: StoreStandIn,
    vpp: VppStandIn,
    library: Library,
) -> None:
    device = licensed(http, caller, server, tenant, store, vpp)
    library.unassign(NOTES, device.serial)

    assert look(device) == ["InstallApplication"]
    state, reason = told(device, "VPP_APP_INSTALL")
    assert state == "In Progress"
    assert "License not found" in reason
    library.assign(NOTES, device.serial)
    assert look(device) == ["InstallApplication"]
    look(device)
    look(device)

    assert told(device, "VPP_APP_INSTALL") == ("Success", "")


def test_the_licence_of_an_uninstalled_app_is_given_back_at_apple(
    http: httpx2.Client,
    caller: Caller,
    server: str,
    tenant: Tenant,
    store: StoreStandIn,
    vpp: VppStandIn,
    library: Library,
) -> None:
    device = licensed(http, caller, server, tenant, store, vpp)
    for _ in range(3):
        look(device)
    assert told(device, "VPP_APP_INSTALL") == ("Success", "")
    assert [serial for _, _, serial, _ in library.assignments] == [device.serial]

    caller.send([device], "UNINSTALL", package_name=NOTES_BUNDLE)
    look(device)
    sweep_licences()
    vpp.settle()

    assert told(device, "UNINSTALL") == ("Success", "")
    assert device.state.app(NOTES_BUNDLE) is None
    until(lambda: not library.assignments)
    until(lambda: not VppAssignment.objects.exists())
