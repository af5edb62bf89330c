"""Which apps a simulated device tells of, and which it lets go of."""

from collections.abc import Callable

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_state import App
from tests.onboarding.simulation.commands import first_error, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer

Make = Callable[..., SimulatedAppleDevice]


@pytest.fixture
def enrolled(server: TinyMdmServer, make: Make) -> Make:
    """Makes enrolled devices with a managed app, one of the user's and one of the system."""

    def make_enrolled(**options: object) -> SimulatedAppleDevice:
        apps = [
            App("com.example.till", "Till", "2.1", 4_000_000, build="2100", is_managed=True),
            App("com.example.game", "Game", "9.9", 8_000_000),
            App("com.apple.camera", "Camera", "1.0", 1_000_000, is_system=True),
        ]
        device = make(apps=apps, **options)
        device.enrol(server.profile())
        return device

    return make_enrolled


def _listed(device: SimulatedAppleDevice, server: TinyMdmServer, **arguments: object) -> list[str]:
    report = run(device, server, "InstalledApplicationList", **arguments)
    return [entry["Identifier"] for entry in report["InstalledApplicationList"]]


def test_a_new_device_has_apps_of_the_server_the_user_and_the_system(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    everything = _listed(device, server)
    managed = _listed(device, server, ManagedAppsOnly=True)
    assert set(managed) < set(everything)
    assert {"com.example.notes", "com.example.scanner"} <= set(everything) - set(managed)
    assert any(app.is_system for app in device.state.apps)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"model": "iPhone 15"}, ["com.example.till", "com.example.game"]),
        ({"model": "iPhone 17"}, ["com.example.till", "com.example.game", "com.apple.camera"]),
        ({"model": "Mac mini"}, ["com.example.till", "com.example.game", "com.apple.camera"]),
    ],
    ids=["iOS 18", "iOS 26", "macOS"],
)
def test_system_apps_are_listed_by_macs_and_since_ios_26(
    server: TinyMdmServer, enrolled: Make, options: dict[str, str], expected: list[str]
) -> None:
    assert _listed(enrolled(**options), server) == expected


def test_installed_applications_can_be_asked_for_by_identifier_item_and_management(
    server: TinyMdmServer, enrolled: Make
) -> None:
    device = enrolled(model="iPhone 15")
    assert _listed(device, server, ManagedAppsOnly=True) == ["com.example.till"]
    report = run(device, server, "InstalledApplicationList", Identifiers=["com.example.game"], Items=["Name"])
    assert report["InstalledApplicationList"] == [{"Identifier": "com.example.game", "Name": "Game"}]


def test_before_ios_14_the_list_of_items_is_not_known(server: TinyMdmServer, enrolled: Make) -> None:
    report = run(enrolled(model="iPhone 6"), server, "InstalledApplicationList", Items=["Name"])
    assert "BundleSize" in report["InstalledApplicationList"][0]


def test_an_app_has_two_versions(server: TinyMdmServer, enrolled: Make) -> None:
    (till, *_) = run(enrolled(model="iPhone 15"), server, "InstalledApplicationList")["InstalledApplicationList"]
    assert (till["ShortVersion"], till["Version"]) == ("2.1", "2100")
    assert (till["DeviceBasedVPP"], till["AppStoreVendable"]) == (True, False)


def test_managed_applications_come_by_their_identifier(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled()
    managed = run(device, server, "ManagedApplicationList")["ManagedApplicationList"]
    assert list(managed) == ["com.example.till"]
    assert managed["com.example.till"]["Status"] == "Managed"
    assert run(device, server, "ManagedApplicationList", Identifiers=["other"])["ManagedApplicationList"] == {}


def test_a_managed_app_that_its_user_deleted_is_remembered(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled()
    device.delete_app("com.example.till")
    managed = run(device, server, "ManagedApplicationList")["ManagedApplicationList"]
    assert managed["com.example.till"]["Status"] == "ManagedButUninstalled"
    assert "com.example.till" not in _listed(device, server)


def test_a_managed_app_is_removed_once(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled()
    assert run(device, server, "RemoveApplication", Identifier="com.example.till")["Status"] == "Acknowledged"
    report = run(device, server, "RemoveApplication", Identifier="com.example.till")
    assert first_error(report) == ("MCMDMErrorDomain", 12029)
    assert report["ErrorChain"][0]["USEnglishDescription"] == "The app “com.example.till” is not managed."


@pytest.mark.parametrize("identifier", ["com.example.game", "com.apple.camera", "com.example.none"])
def test_what_is_not_managed_stays(server: TinyMdmServer, enrolled: Make, identifier: str) -> None:
    device = enrolled(model="iPhone 15")
    assert first_error(run(device, server, "RemoveApplication", Identifier=identifier)) == ("MCMDMErrorDomain", 12029)
    assert len(device.state.apps) == 3


@pytest.mark.parametrize(("supervised", "status"), [(True, "Acknowledged"), (False, "Error")])
def test_since_ios_26_a_supervised_device_lets_go_of_any_app(
    server: TinyMdmServer, enrolled: Make, supervised: bool, status: str
) -> None:
    device = enrolled(model="iPhone 17", supervised=supervised)
    assert run(device, server, "RemoveApplication", Identifier="com.example.game")["Status"] == status


def test_a_locked_device_removes_nothing_yet(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled()
    device.lock()
    assert run(device, server, "RemoveApplication", Identifier="com.example.till")["Status"] == "NotNow"
    assert _listed(device, server, ManagedAppsOnly=True) == ["com.example.till"]


def test_managed_apps_leave_with_the_management(enrolled: Make) -> None:
    device = enrolled()
    device.check_out()
    assert [app.identifier for app in device.state.apps] == ["com.example.game", "com.apple.camera"]


@pytest.mark.parametrize(
    "arguments", [{}, {"Identifier": 7}, {"Identifier": True}], ids=["missing", "number", "boolean"]
)
def test_removal_without_an_identifier_is_a_format_error(
    server: TinyMdmServer, enrolled: Make, arguments: dict[str, object]
) -> None:
    assert run(enrolled(), server, "RemoveApplication", **arguments)["Status"] == "CommandFormatError"
