"""A simulated device that is switched on for the first time: it asks Apple, then its server."""

import json
import plistlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onboarding.simulation.apple_channel import EnrolmentFailed
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_setup import NotAssigned
from onboarding.simulation.dep import DepStandIn, DeviceAuthority, MdmServer
from tests.factories.dep import assigned
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer, TinyReply

Make = Callable[..., SimulatedAppleDevice]


def update_to(version: str, **more: Any) -> TinyReply:
    body = {"code": "com.apple.softwareupdate.required", "details": {"OSVersion": version, **more}}
    return TinyReply(403, json.dumps(body).encode(), {"Content-Type": "application/json"})


def test_waits_in_its_set_up_assistant_until_it_is_told(new: SimulatedAppleDevice, server: TinyMdmServer) -> None:
    assert (new.state.in_setup, new.is_enrolled) == (True, False)

    new.set_up()

    assert [each["MessageType"] for each in server.check_ins] == ["Authenticate", "TokenUpdate"]
    assert server.check_ins[1]["AwaitingConfiguration"] is True
    assert (new.state.in_setup, new.state.awaiting_configuration, new.state.is_supervised) == (True, True, True)
    asked = server.enqueue("DeviceInformation", Queries=["AwaitingConfiguration"])
    released = server.enqueue("DeviceConfigured")
    new.connect()
    assert server.last_report(asked)["QueryResponses"] == {"AwaitingConfiguration": True}
    assert server.last_report(released)["Status"] == "Acknowledged"
    assert (new.state.in_setup, new.state.awaiting_configuration, new.is_enrolled) == (False, False, True)


def test_tells_everything_about_itself_under_the_factorys_signature(
    new: SimulatedAppleDevice, server: TinyMdmServer, authority: DeviceAuthority
) -> None:
    new.set_up()

    [signed] = server.machine_infos
    signed.signer.verify_directly_issued_by(authority.issuer)
    assert plistlib.loads(signed.content) == {
        "IMEI": new.hardware.imei,
        "LANGUAGE": "en-US",
        "MDM_CAN_REQUEST_SOFTWARE_UPDATE": True,
        "MEID": new.hardware.imei[:14],
        "OS_VERSION": "18.1",
        "PRODUCT": "iPhone15,4",
        "SERIAL": new.serial,
        "SOFTWARE_UPDATE_DEVICE_ID": "iPhone15,4",
        "SUPPLEMENTAL_BUILD_VERSION": "22B83",
        "UDID": new.udid,
        "VERSION": "22B83",
    }


@pytest.mark.parametrize("awaited", [False, None])
def test_goes_to_its_home_screen_at_once_where_nobody_wants_it_to_wait(
    boxed: Make, apple: MdmServer, server: TinyMdmServer, awaited: bool | None
) -> None:
    device = boxed()
    told = {} if awaited is None else {"await_device_configured": awaited}
    assigned(apple, device, f"{server.base_url}/ade", **told)

    device.set_up()

    assert (device.state.in_setup, server.check_ins[1]["AwaitingConfiguration"]) == (False, False)


def test_updates_first_if_it_has_to(new: SimulatedAppleDevice, server: TinyMdmServer) -> None:
    server.ade_replies = [update_to("18.2"), update_to("18.3.1", BuildVersion="22D99")]

    new.set_up()

    versions = [plistlib.loads(each.content)["OS_VERSION"] for each in server.machine_infos]
    assert versions == ["18.1", "18.2", "18.3.1"]
    assert server.check_ins[0]["BuildVersion"] == "22D99"
    assert new.state.setup_updates == 2


@pytest.mark.parametrize(
    ("model", "has", "wanted"),
    [
        ("iPhone 15", "18.1", "17.0"),
        ("iPhone 15", "18.1", ""),
        ("iPhone 7", "15.8.3", "18.1"),
        ("iPad", "16.6.1", "18.1"),
    ],
)
def test_does_not_enrol_when_there_is_no_such_update_for_it(
    boxed: Make, apple: MdmServer, server: TinyMdmServer, model: str, has: str, wanted: str
) -> None:
    device = boxed(model=model, os_version=has)
    assigned(apple, device, f"{server.base_url}/ade")
    server.ade_replies = [update_to(wanted)]

    with pytest.raises(EnrolmentFailed, match="There is no update") as caught:
        device.set_up()
    assert not caught.value.retryable
    assert device.state.in_setup


def test_gives_up_on_a_server_that_always_wants_another_update(
    new: SimulatedAppleDevice, server: TinyMdmServer
) -> None:
    server.ade_replies = [update_to(f"18.{minor}") for minor in range(2, 30)]

    with pytest.raises(EnrolmentFailed, match="another update after each"):
        new.set_up()


@pytest.mark.parametrize(("status", "retryable"), [(403, False), (400, False), (401, False), (429, True), (503, True)])
def test_stays_in_its_set_up_assistant_when_it_is_refused(
    new: SimulatedAppleDevice, server: TinyMdmServer, status: int, retryable: bool
) -> None:
    server.ade_replies = [TinyReply(status, b"We do not know it.", {"Content-Type": "text/plain"})]

    with pytest.raises(EnrolmentFailed, match=f"HTTP {status}: We do not know it") as caught:
        new.set_up()
    assert (caught.value.retryable, new.state.in_setup) == (retryable, True)
    new.set_up()
    assert new.is_enrolled


def test_waits_for_a_profile_at_apple(boxed: Make, apple: MdmServer) -> None:
    device = boxed()

    with pytest.raises(NotAssigned) as caught:
        device.set_up()
    assert (caught.value.retryable, device.state.in_setup) == (True, True)


def test_waits_for_apple_itself(new: SimulatedAppleDevice, dep: DepStandIn) -> None:
    dep.stop()

    with pytest.raises(EnrolmentFailed) as caught:
        new.set_up()
    assert caught.value.retryable


def test_an_erased_device_sets_itself_up_again_as_the_same_one(
    new: SimulatedAppleDevice, server: TinyMdmServer
) -> None:
    server.ade_replies = [update_to("18.2")]
    new.set_up()
    server.enqueue("EraseDevice")
    new.connect()
    assert (new.is_enrolled, new.state.in_setup, new.state.times_erased) == (False, True, 1)

    new.set_up()

    first, *_, last = server.machine_infos
    assert (new.is_enrolled, last.signer) == (True, first.signer)
    assert plistlib.loads(last.content)["OS_VERSION"] == "18.2"


def test_a_device_that_was_set_up_by_hand_is_not_in_its_set_up_assistant(
    new: SimulatedAppleDevice, server: TinyMdmServer
) -> None:
    new.enrol(server.profile())
    released = server.enqueue("DeviceConfigured")
    new.connect()

    assert server.last_report(released)["Status"] == "Error"
    assert not new.state.in_setup
    with pytest.raises(EnrolmentFailed, match="not in its set-up assistant"):
        new.set_up()


def test_is_kept_with_its_factory_identity(
    boxed: Make, apple: MdmServer, server: TinyMdmServer, tmp_path: Path
) -> None:
    path = tmp_path / "device.json"
    device = boxed(state_file=path)
    assigned(apple, device, f"{server.base_url}/ade", await_device_configured=True)
    device.set_up()

    again = boxed(state_file=path)

    assert again.state.awaiting_configuration
    assert again.state.management is not None
    assert again.state.management.by_ade
    assert again.state.factory == device.state.factory != {}


def test_an_apple_tv_and_an_old_iphone_say_less(boxed: Make, apple: MdmServer, server: TinyMdmServer) -> None:
    told = {}
    for index, model in enumerate(("Apple TV 4K", "iPhone 7")):
        device = boxed(model=model, index=index, os_version="")
        assigned(apple, device, f"{server.base_url}/ade")
        device.set_up()
        told[model] = set(plistlib.loads(server.machine_infos[-1].content))

    assert told["Apple TV 4K"] == {"LANGUAGE", "PAIRING_TOKEN", "PRODUCT", "SERIAL", "UDID", "VERSION"}
    assert told["iPhone 7"] == {"IMEI", "LANGUAGE", "MEID", "PRODUCT", "SERIAL", "UDID", "VERSION"}
