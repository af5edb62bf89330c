"""How a simulated device installs an app that the server has: step by step, and checking what it was given."""

import hashlib
import plistlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_installs import FAULTS, InstallFault
from onboarding.simulation.apple_packages import FIRST_PART
from onboarding.simulation.apple_state import App
from tests.factories.ipas import ipa
from tests.onboarding.simulation.commands import first_error, run
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer, TinyReply

Make = Callable[..., SimulatedAppleDevice]
BUNDLE = "org.example.kiosk"
PART = 1500


def published(server: TinyMdmServer, package: bytes | None = None, **metadata: str) -> str:
    """The manifest's URL of a package that the server has."""
    content = ipa() if package is None else package
    server.files["/app.ipa"] = content
    parts = [content[at : at + PART] for at in range(0, len(content), PART)]
    asset = {
        "kind": "software-package",
        "url": f"{server.base_url}/app.ipa",
        "sha256-size": PART,
        "sha256s": [hashlib.sha256(part).hexdigest() for part in parts],
    }
    told = {"bundle-identifier": BUNDLE, "bundle-version": "142", "title": "Kiosk", "kind": "software", **metadata}
    server.files["/manifest"] = plistlib.dumps({"items": [{"assets": [asset], "metadata": told}]})
    return f"{server.base_url}/manifest"


def told_to_install(device: SimulatedAppleDevice, server: TinyMdmServer, **more: Any) -> dict[str, Any]:
    url = more.pop("url", None) or published(server, more.pop("package", None))
    return run(device, server, "InstallApplication", ManifestURL=url, ManagementFlags=1, **more)


def managed(device: SimulatedAppleDevice, server: TinyMdmServer) -> str:
    """The app's status, empty when it is not in the list."""
    report = run(device, server, "ManagedApplicationList", Identifiers=[BUNDLE])
    return str(report["ManagedApplicationList"].get(BUNDLE, {}).get("Status", ""))


def installed(device: SimulatedAppleDevice, server: TinyMdmServer) -> tuple[str, str, bool] | None:
    """Both versions, and whether it is still being installed."""
    report = run(device, server, "InstalledApplicationList", Identifiers=[BUNDLE])
    found = [(app["ShortVersion"], app["Version"], app["Installing"]) for app in report["InstalledApplicationList"]]
    return found[0] if found else None


def both(device: SimulatedAppleDevice, server: TinyMdmServer) -> tuple[str, tuple[str, str, bool] | None]:
    """What the lists say in one connection."""
    command = server.enqueue("InstalledApplicationList", Identifiers=[BUNDLE])
    status = managed(device, server)
    found = server.last_report(command)["InstalledApplicationList"]
    return status, (found[0]["ShortVersion"], found[0]["Version"], found[0]["Installing"]) if found else None


def test_an_app_comes_step_by_step(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    answer = told_to_install(device, server)
    assert (answer["Status"], answer["Identifier"], answer["State"]) == ("Acknowledged", BUNDLE, "Queued")
    assert device.state.app(BUNDLE) is None

    assert both(device, server) == ("Installing", ("1.4.2", "142", True))
    assert both(device, server) == ("Managed", ("1.4.2", "142", False))


def test_the_package_is_fetched_in_two_parts(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    told_to_install(device, server)

    device.connect()

    asked = [headers.get("Range") for path, _, headers in server.requests if path == "/app.ipa"]
    assert asked == [f"bytes=0-{FIRST_PART - 1}", f"bytes={FIRST_PART}-"]
    assert [headers.get("If-Range") for path, _, headers in server.requests if path == "/app.ipa"] == [None, '"one"']


def test_a_redirect_is_followed(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    url = published(server)
    server.answers["/elsewhere"] = TinyReply(302, headers={"Location": url})

    told_to_install(device, server, url=f"{server.base_url}/elsewhere")
    device.connect()

    assert managed(device, server) == "Managed"


def test_an_unsupervised_device_asks_its_user_first(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled(supervised=False)
    assert told_to_install(device, server)["State"] == "Prompting"
    assert [managed(device, server) for _ in range(3)] == ["Queued", "Installing", "Managed"]


def test_an_update_takes_the_older_version_s_place(server: TinyMdmServer, enrolled: Make) -> None:
    old = App(BUNDLE, "Kiosk", "1.0", 4_000, build="100", is_managed=True, configuration={"server": "one"})
    device = enrolled(apps=[old, App("com.example.game", "Game", "9.9", 8_000_000)])

    told_to_install(device, server)
    assert both(device, server) == ("Updating", ("1.0", "100", True))
    assert both(device, server) == ("Managed", ("1.4.2", "142", False))
    assert [app.identifier for app in device.state.apps] == [BUNDLE, "com.example.game"]
    assert device.state.apps[0].configuration == {"server": "one"}


def test_a_configuration_travels_with_the_app(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    told_to_install(device, server, Configuration={"server": "two"})
    device.connect()

    report = run(device, server, "ManagedApplicationList", Identifiers=[BUNDLE])
    assert report["ManagedApplicationList"][BUNDLE]["HasConfiguration"] is True
    app = device.state.app(BUNDLE)
    assert app is not None
    assert app.configuration == {"server": "two"}


@pytest.mark.parametrize(
    ("fault", "status", "trouble"),
    [
        ("user rejects", "", ""),
        ("never agrees", "Managed", ""),  # nobody has to agree on a supervised device
        ("download fails", "Failed", "The download broke off."),
        ("wrong hash", "Failed", "hashes"),
        ("no space", "Failed", "space"),
        ("stuck", "Installing", ""),
    ],
)
def test_what_can_go_wrong(
    server: TinyMdmServer, device: SimulatedAppleDevice, fault: InstallFault, status: str, trouble: str
) -> None:
    device.installer.fault = fault
    told_to_install(device, server)
    for _ in range(5):
        device.connect()
    coming = device.state.installation(BUNDLE)
    assert trouble in (coming.trouble if coming else "")
    if fault == "user rejects":
        assert managed(device, server) == "UserRejected"
    assert managed(device, server) == status
    assert (device.state.app(BUNDLE) is not None) == (status == "Managed")


def test_every_fault_is_tested() -> None:
    (mark,) = [mark for mark in test_what_can_go_wrong.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {fault for fault, *_ in mark.args[1]} == set(FAULTS)


def test_a_user_who_never_agrees_is_asked_for_ever(server: TinyMdmServer, enrolled: Make) -> None:
    device = enrolled(supervised=False)
    device.installer.fault = "never agrees"
    told_to_install(device, server)
    assert [managed(device, server) for _ in range(3)] == ["Prompting"] * 3


def test_a_failure_is_told_once(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.installer.fault = "download fails"
    told_to_install(device, server)
    assert [managed(device, server) for _ in range(2)] == ["Failed", ""]


@pytest.mark.parametrize("supervised", [True, False])
def test_an_app_of_the_user_s_is_taken_over(server: TinyMdmServer, enrolled: Make, supervised: bool) -> None:
    device = enrolled(supervised=supervised, apps=[App(BUNDLE, "Kiosk", "1.0", 4_000)])

    refused = told_to_install(device, server)
    assert (first_error(refused)[1], refused["RejectionReason"]) == (12025, "AppAlreadyInstalled")
    state = told_to_install(device, server, ChangeManagementState="Managed")["State"]

    assert state == ("Queued" if supervised else "PromptingForManagement")
    for _ in range(3):
        device.connect()
    assert managed(device, server) == "Managed"


def test_what_is_under_way_is_not_begun_again(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.installer.fault = "stuck"
    told_to_install(device, server)
    again = told_to_install(device, server)
    assert (first_error(again)[1], again["RejectionReason"]) == (12026, "AppAlreadyQueued")


def test_an_unreachable_server_is_tried_three_times(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    told_to_install(device, server)
    reply = server._answer

    def broken(method: str, url: str, *rest: Any) -> TinyReply:
        if url.endswith("/app.ipa"):
            raise OSError("no route")
        return reply(method, url, *rest)

    server._answer = broken  # type: ignore[method-assign, assignment]
    assert [managed(device, server) for _ in range(3)] == ["Queued", "Queued", "Failed"]


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"package": b"no archive at all" * 200}, "no app"),
        ({"package": ipa(info={"CFBundleIdentifier": "org.other"})}, "manifest tells of"),
        ({"package": ipa(info={"MinimumOSVersion": "99.0"})}, "version 99.0"),
        ({"package": ipa(info={"UIDeviceFamily": [3]})}, "other devices"),
    ],
    ids=["no app", "another app", "too new", "other family"],
)
def test_what_is_no_app_for_it_fails(
    server: TinyMdmServer, device: SimulatedAppleDevice, change: dict[str, Any], trouble: str
) -> None:
    told_to_install(device, server, **change)
    device.connect()
    coming = device.state.installation(BUNDLE)
    assert coming is not None
    assert coming.status == "Failed"
    assert trouble in coming.trouble


def test_a_package_that_changed_under_way_fails(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    told_to_install(device, server)
    server.files["/app.ipa"] = ipa(info={"CFBundleVersion": "143"})
    device.connect()
    assert managed(device, server) == "Failed"


@pytest.mark.parametrize(
    "manifest", [b"", b"<html>", plistlib.dumps({"items": []}), None], ids=["empty", "HTML", "nothing in it", "gone"]
)
def test_a_manifest_that_cannot_be_read_is_refused(
    server: TinyMdmServer, device: SimulatedAppleDevice, manifest: bytes | None
) -> None:
    url = f"{server.base_url}/manifest"
    server.answers["/manifest"] = TinyReply(404) if manifest is None else TinyReply(200, manifest)
    report = told_to_install(device, server, url=url)
    assert first_error(report) == ("MCMDMErrorDomain", 12024)
    assert device.state.installations == []


def test_removal_stops_an_installation(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    told_to_install(device, server)
    assert run(device, server, "RemoveApplication", Identifier=BUNDLE)["Status"] == "Acknowledged"
    assert [managed(device, server), installed(device, server)] == ["", None]


def test_a_device_that_leaves_forgets_what_was_coming(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    told_to_install(device, server)
    device.check_out()
    assert device.state.installations == []


def test_a_locked_device_does_not_begin(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    device.lock()
    assert told_to_install(device, server)["Status"] == "NotNow"


def test_an_installation_outlives_a_restart(server: TinyMdmServer, enrolled: Make, make: Make, tmp_path: Path) -> None:
    device = enrolled(state_file=tmp_path / "device.json")
    told_to_install(device, server, Configuration={"server": "two"})
    device.connect()

    again = make(state_file=tmp_path / "device.json")

    assert again.state.installation(BUNDLE) == device.state.installation(BUNDLE)
    assert managed(again, server) == "Managed"
