"""A fleet with devices that are new in their boxes, and the command that runs it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.dep import DepStandIn, MdmServer
from onboarding.simulation.dep.demo import NEW_DEVICES, demo_server
from onboarding.simulation.dep.new_devices import new_hardware
from tests.factories.dep import assigned
from tests.onboarding.simulation.test_simulated_fleet import Stage, play, run_command
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer, serve

Make = Callable[..., SimulatedAppleDevice]


def test_nobody_waits_for_a_new_device_that_waits_for_apple(
    server: TinyMdmServer, make: Make, boxed: Make, apple: MdmServer
) -> None:
    new = boxed(index=5)

    async def story(stage: Stage) -> None:
        await stage.log.until("1 of 1 devices are enrolled")
        await stage.log.until(f"{new.serial}  is switched on and waits: Apple has no profile")
        assert not new.is_enrolled
        assigned(apple, new, f"{server.base_url}/ade", await_device_configured=True)
        await stage.log.until(f"{new.serial}  enrolled as “{new.state.name}”")
        await stage.courier.until_subscribed({each.push_token for each in stage.fleet.devices})

    play(server, [make(), new], story)


def test_a_new_device_leaves_its_set_up_assistant_when_it_is_told(
    server: TinyMdmServer, new: SimulatedAppleDevice
) -> None:
    async def story(stage: Stage) -> None:
        await stage.log.until("in its set-up assistant")
        await stage.courier.until_subscribed({new.push_token})
        server.enqueue("DeviceConfigured")
        stage.courier.push(new)
        await stage.log.until("leaves its set-up assistant")

    play(server, [new], story)


def test_an_erased_device_is_switched_on_again(server: TinyMdmServer, new: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.log.until("enrolled as")
        await stage.courier.until_subscribed({new.push_token})
        server.enqueue("EraseDevice")
        stage.courier.push(new)
        await stage.log.until("is no longer managed (erased)")
        await stage.log.until("enrolled as", times=2)

    play(server, [new], story)
    assert (new.is_enrolled, new.state.times_erased) == (True, 1)


def test_without_a_courier_new_devices_poll_too(server: TinyMdmServer, new: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.log.until("polls: nothing to do", times=2)

    play(server, [new], story, poll_seconds=0.05, courier=None)


def test_the_command_switches_on_the_devices_that_the_demo_has_at_apple(
    server: TinyMdmServer, dep: DepStandIn, tmp_path: Path
) -> None:
    apple = demo_server(dep)
    serials = list(apple.devices)[:NEW_DEVICES]
    assert serials == [new_hardware(index).serial for index in range(NEW_DEVICES)]
    with serve(server) as base_url:
        apple.profiles["P"] = {"profile_name": "Demo", "url": f"{base_url}/ade"}
        for serial in serials:
            apple.change(serial, profile_uuid="P", profile_status="assigned")
        said = run_command(
            apple=1,
            ade=1,
            dep_url=dep.url,
            base_url=base_url,
            enrolment_url="/mdm/enrol/abc",
            state_dir=tmp_path,
            once=True,
        )

    assert "2 of 2 devices are enrolled" in said
    assert [apple.devices[serial].profile_status for serial in serials] == ["pushed", "assigned", "assigned"]


def test_the_command_wants_to_know_whom_new_devices_ask(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Give --dep-url with --ade"):
        run_command(apple=1, ade=1, base_url="http://mdm.test", state_dir=tmp_path)


def test_a_new_device_is_given_up_on_when_its_server_refuses_it(
    server: TinyMdmServer, boxed: Make, apple: MdmServer
) -> None:
    device = boxed()
    assigned(apple, device, f"{server.base_url}/nowhere")
    server.files["/nowhere"] = b"no profile"

    async def story(stage: Stage) -> None:
        await stage.log.until("is not enrolled: The profile is not a property list")

    play(server, [device], story)
    assert device.state.in_setup
