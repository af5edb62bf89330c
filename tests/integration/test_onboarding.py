"""From a token of Apple's to a device on its home screen: the whole way over real sockets, and with a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from commands.models import AppleEnrolment, Converge
from commands.tasks import release_devices, sweep_all_converges
from devices.models import Blueprint, Device, DeviceGroup, DeviceState
from onboarding.models import DepDevice, DepServer, DepSync, SeamlessUpload
from onboarding.simulation.apple_channel import EnrolmentFailed
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.dep import LISTED_AS, DepStandIn, ListedDevice, MdmServer
from onboarding.simulation.dep.tokens import token_file
from onboarding.tasks.dep import sweep_dep
from tenants.models import Tenant
from tests.factories.ade import trust
from tests.factories.blueprints import BlueprintFactory
from tests.factories.converging import NO_CAMERA
from tests.factories.dep import activation_of, dep_service
from tests.factories.devices import DeviceFactory, DeviceGroupFactory
from tests.factories.fleet import key_number, ready_to_enrol
from tests.factories.seamless import expect
from tests.factories.waiting import until
from tests.integration.conftest import StartWorker
from tests.integration.test_installs import Caller, Wire

pytestmark = pytest.mark.django_db(transaction=True)

TOKENS, SYNCS = "/api/tenant/v0/deptokens/", "/api/onboarding/v0/depsyncs/"
UPLOAD, EXPECTED = "/api/v2/seamless/upload", "/api/v2/seamless"
PAGE = 1000  # devices, the most that Apple gives at a time


@pytest.fixture
def dep(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DepStandIn]:
    """One that the environment of workers names, and whose factory is trusted."""
    with dep_service(settings) as stand_in:
        monkeypatch.setenv("DEP_URL", stand_in.url)
        settings.ADE_DEVICE_CA_FILE = trust(tmp_path, stand_in.authority.trusted_pem)
        yield stand_in


@pytest.fixture
def caller(live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tenant: Tenant) -> Caller:
    settings.BASE_URL = live_server.url
    monkeypatch.setenv("BASE_URL", live_server.url)  # of the profiles that a worker defines
    ready_to_enrol(tenant)
    return Caller(httpx2.Client(trust_env=False, timeout=30), live_server.url, tenant)


@pytest.fixture
def phones(caller: Caller, dep: DepStandIn) -> Iterator[list[SimulatedAppleDevice]]:
    """Two, new in their boxes."""
    with caller.http, activation_of(dep) as activation:
        yield [_new(Wire(caller.http), index, activation) for index in (1, 2)]


def _new(wire: Wire, index: int, activation: Any) -> SimulatedAppleDevice:
    numbers = iter(range(index * 10, index * 10 + 10))
    return SimulatedAppleDevice(
        wire,
        seed="onboarding",
        index=index,
        model="iPhone 15",
        os_version="18.1",
        activation=activation,
        key_factory=lambda bits: key_number(next(numbers)),
    )


@pytest.fixture
def bought(dep: DepStandIn, phones: list[SimulatedAppleDevice]) -> MdmServer:
    """Apple's server for ours: a page of devices, and the phones on the next. Apple puts the second phone off once."""
    server = dep.add_server()
    server.stock(PAGE)
    for phone in phones:
        server.add(ListedDevice(phone.serial, LISTED_AS[phone.hardware.product.family]))
    server.tell_result("THROTTLED", phones[1].serial, times=1)
    return server


def token_is_exchanged(caller: Caller, server: MdmServer) -> None:
    """Our public key goes to Apple, and what Apple encrypts for it comes back."""
    made = caller.post(TOKENS, json={})
    address = f"{caller.base_url}{made.headers['Location']}"
    file = token_file(server, made.content)
    answer = caller.http.put(
        address, headers=caller.headers, files={"file": ("token.p7m", file)}, data={"token_name": "ABM"}
    )
    assert answer.status_code == 200, answer.content


def synced(caller: Caller) -> dict[str, Any]:
    """The sync as the API tells it when it has ended."""
    pk = caller.post(SYNCS, json={}).json()["content"]["id"]
    until(lambda: DepSync.objects.get(pk=pk).ended_at is not None, seconds=60)
    told: dict[str, Any] = caller.get(f"{SYNCS}{pk}/").json()["content"]
    return told


def expected(caller: Caller, text: str) -> list[str]:
    """What became of the rows of the file."""
    answer = caller.http.post(
        f"{caller.base_url}{UPLOAD}", headers=caller.headers, files={"csv_file": ("devices.csv", text.encode())}
    )
    assert answer.status_code == 200, answer.content

    until(lambda: SeamlessUpload.objects.get().ended_at is not None, seconds=60)
    return [row["status"] for row in caller.get(EXPECTED).json()["content"]["results"]]


def until_at_home(phone: SimulatedAppleDevice) -> None:
    """The device comes again and again; beat's part is done here."""

    def is_at_home() -> bool:
        sweep_all_converges.delay()
        release_devices.delay()
        phone.connect()
        return not phone.state.in_setup

    until(is_at_home, seconds=60)


def row_of(phone: SimulatedAppleDevice, tenant: Tenant) -> Device:
    """The other tenant knows one of this serial too."""
    return Device.objects.get(tenant=tenant, serial=phone.serial)


def facts(device: Device) -> tuple[int, bool, DeviceGroup | None, Blueprint | None, str, str]:
    told = (device.state, device.is_seamless, device.group, device.assigned_blueprint)
    return *told, device.alias, device.dep_profile_status


@pytest.mark.timeout(240)
def test_devices_that_apple_lists_enrol_by_themselves_and_become_what_was_registered_for_them(
    caller: Caller,
    bought: MdmServer,
    phones: list[SimulatedAppleDevice],
    start_worker: StartWorker,
    tenant: Tenant,
    other_tenant: Tenant,
) -> None:
    phone, late = phones
    theirs = DeviceFactory(tenant=other_tenant, serial=phone.serial, state=DeviceState.REGISTERED)
    expecting = expect(other_tenant, serial=phone.serial, alias="Theirs")
    before = Device.objects.filter(pk=theirs.pk).values().get()
    group, blueprint = DeviceGroupFactory(tenant=tenant), BlueprintFactory(tenant, ios=NO_CAMERA)
    start_worker()

    token_is_exchanged(caller, bought)
    sync = synced(caller)
    assert sync["status"] == "COMPLETE", sync
    assert [each["serial"] for each in sync["devices"]["failure"]] == [late.serial]
    assert Device.objects.filter(tenant=tenant, state=DeviceState.REGISTERED).count() == PAGE + 2
    lines = (f"{each.serial},{blueprint.pk},{group.pk},Till {number}" for number, each in enumerate(phones, 1))
    assert expected(caller, "\n".join(["serial_number,blueprint_id,group_id,alias", *lines])) == ["SUCCESS"] * 2

    phone.set_up()
    assert phone.state.in_setup
    assert AppleEnrolment.objects.get().awaiting_configuration
    until_at_home(phone)

    assert facts(row_of(phone, tenant)) == (DeviceState.ACTIVE, True, group, blueprint, "Till 1", "pushed")
    assert Converge.objects.get(device=row_of(phone, tenant)).status == Converge.Status.SUCCESS
    assert row_of(phone, tenant).current_blueprint == blueprint
    with pytest.raises(EnrolmentFailed, match="no profile"):
        late.set_up()

    DepDevice.objects.update(assign_not_before=timezone.now())
    DepServer.objects.update(assign_due_at=timezone.now())
    sweep_dep.delay()  # as beat does every ten seconds
    until(lambda: bought.devices[late.serial].profile_status == "assigned", seconds=60)
    late.set_up()
    until_at_home(late)

    assert facts(row_of(late, tenant)) == (DeviceState.ACTIVE, True, group, blueprint, "Till 2", "pushed")
    assert Device.objects.filter(pk=theirs.pk).values().get() == before
    expecting.refresh_from_db()
    assert expecting.applied_at is None
