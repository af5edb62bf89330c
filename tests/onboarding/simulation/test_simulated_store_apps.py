"""How a simulated device installs an app of the store: it asks the store what it is, and whether it holds a licence."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_store import StandInStore
from onboarding.simulation.store import StoreStandIn, running_store
from onboarding.simulation.vpp import Asset, Library, VppStandIn, running_vpp
from tests.onboarding.simulation.commands import first_error, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer

Make = Callable[..., SimulatedAppleDevice]
NOTES, NOTES_BUNDLE = "9990000001", "example.ledgerline.notes"
TV, JAPANESE = "9990000005", "9990000004"
LICENSED = {"Options": {"PurchaseMethod": 1}, "ManagementFlags": 1}


@pytest.fixture
def shop() -> Iterator[StoreStandIn]:
    with running_store() as shop:
        yield shop


@pytest.fixture
def vpp() -> Iterator[VppStandIn]:
    with running_vpp() as vpp:
        vpp.add_library(Library("ours")).own(Asset(NOTES), Asset(TV), Asset(JAPANESE))
        vpp.add_library(Library("theirs")).own(Asset(NOTES))
        yield vpp


@pytest.fixture
def device(shop: StoreStandIn, vpp: VppStandIn, enrolled: Make) -> Iterator[SimulatedAppleDevice]:
    """An iPhone that knows both."""
    with httpx2.Client(trust_env=False, timeout=10) as http:
        store = StandInStore(http, store_url=shop.base_url, licences_url=vpp.base_url)
        yield enrolled(model="iPhone 15", store=store)


def assign(vpp: VppStandIn, token: str, adam_id: str, serial: str) -> None:
    vpp.libraries[token].assign(adam_id, serial)


def statuses(device: SimulatedAppleDevice, server: TinyMdmServer, times: int) -> list[str]:
    reports = [run(device, server, "ManagedApplicationList", Identifiers=[NOTES_BUNDLE]) for _ in range(times)]
    return [report["ManagedApplicationList"].get(NOTES_BUNDLE, {}).get("Status", "") for report in reports]


def test_an_app_with_a_licence_comes(
    server: TinyMdmServer, device: SimulatedAppleDevice, shop: StoreStandIn, vpp: VppStandIn
) -> None:
    assign(vpp, "ours", NOTES, device.serial)

    answer = run(device, server, "InstallApplication", iTunesStoreID=int(NOTES), **LICENSED)

    assert (answer["Identifier"], answer["State"]) == (NOTES_BUNDLE, "Queued")
    assert statuses(device, server, 2) == ["Installing", "Managed"]
    report = run(device, server, "InstalledApplicationList", Identifiers=[NOTES_BUNDLE])
    (entry,) = report["InstalledApplicationList"]
    assert (entry["Name"], entry["ShortVersion"], entry["DeviceBasedVPP"]) == ("Ledgerline Notes", "4.12.1", True)


def test_the_store_s_newer_version_is_an_update(
    server: TinyMdmServer, device: SimulatedAppleDevice, shop: StoreStandIn, vpp: VppStandIn
) -> None:
    assign(vpp, "ours", NOTES, device.serial)
    run(device, server, "InstallApplication", iTunesStoreID=int(NOTES), **LICENSED)
    statuses(device, server, 2)

    shop.change(NOTES, version="5.0")
    run(device, server, "InstallApplication", iTunesStoreID=int(NOTES), **LICENSED)

    assert statuses(device, server, 2) == ["Updating", "Managed"]
    app = device.state.app(NOTES_BUNDLE)
    assert app is not None
    assert app.version == "5.0"


@pytest.mark.parametrize("held_by", ["nobody", "another device"])
def test_without_a_licence_it_does_not(
    server: TinyMdmServer, device: SimulatedAppleDevice, vpp: VppStandIn, held_by: str
) -> None:
    if held_by != "nobody":
        assign(vpp, "ours", NOTES, "C0THERDEV1")

    report = run(device, server, "InstallApplication", iTunesStoreID=int(NOTES), **LICENSED)

    assert first_error(report) == ("MDMErrorDomain", 12064)
    assert report["ErrorChain"][1]["ErrorCode"] == 9610
    assert statuses(device, server, 1) == [""]


@pytest.mark.parametrize(
    ("adam_id", "options", "code", "reason"),
    [
        ("1", LICENSED, 12023, "CouldNotVerifyAppID"),
        (TV, LICENSED, 12027, "NotSupported"),
        (NOTES, {}, 12035, "PurchaseMethodNotSupported"),
    ],
    ids=["unknown", "for televisions", "not by a licence"],
)
def test_what_else_is_refused(
    server: TinyMdmServer,
    device: SimulatedAppleDevice,
    vpp: VppStandIn,
    adam_id: str,
    options: dict[str, object],
    code: int,
    reason: str,
) -> None:
    for each in (TV, NOTES):
        assign(vpp, "ours", each, device.serial)
    report = run(device, server, "InstallApplication", iTunesStoreID=int(adam_id), **options)
    assert (first_error(report)[1], report["RejectionReason"]) == (code, reason)


def test_an_app_of_another_country_comes_too(
    server: TinyMdmServer, device: SimulatedAppleDevice, vpp: VppStandIn
) -> None:
    assign(vpp, "ours", JAPANESE, device.serial)
    report = run(device, server, "InstallApplication", iTunesStoreID=int(JAPANESE), **LICENSED)
    assert report["Identifier"] == "jp.example.zaiko"


@pytest.mark.parametrize("stopped", ["the store", "Apps and Books"])
def test_when_one_of_them_is_down_the_id_cannot_be_verified(
    server: TinyMdmServer, device: SimulatedAppleDevice, shop: StoreStandIn, vpp: VppStandIn, stopped: str
) -> None:
    assign(vpp, "ours", NOTES, device.serial)
    shop.stop() if stopped == "the store" else vpp.stop()
    report = run(device, server, "InstallApplication", iTunesStoreID=int(NOTES), **LICENSED)
    assert (first_error(report)[1], report["RejectionReason"]) == (12023, "CouldNotVerifyAppID")


def test_a_device_that_knows_no_store_cannot_verify_the_id(server: TinyMdmServer, enrolled: Make) -> None:
    report = run(enrolled(), server, "InstallApplication", iTunesStoreID=int(NOTES), **LICENSED)
    assert (first_error(report)[1], report["RejectionReason"]) == (12023, "CouldNotVerifyAppID")
