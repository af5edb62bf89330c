"""The fleet around the devices: enrolment, pushes, troubles, and the command that runs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from onboarding.management.commands.simulate_fleet import Command, profile_url
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.fleet import Behaviour, Fleet, NoProfile
from tests.onboarding.simulation.commands import configuration
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer, TinyReply, serve

AT_ONCE = (0.0, 0.01)
HASTY = Behaviour(unlocked_after=AT_ONCE, retried_after=AT_ONCE, enrolment_retry=AT_ONCE)


class Log:
    """What a fleet says, to be waited for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()

    def say(self, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    async def until(self, text: str, *, times: int = 1) -> None:
        """Waits until the text was said so often; fails after five seconds."""
        async with asyncio.timeout(5):
            while sum(text in line for line in self.lines) < times:
                self._news.clear()
                await self._news.wait()


class Courier:
    """The courier's end of the line."""

    def __init__(self) -> None:
        self.subscribed: set[str] = set()
        self.connections: list[asyncio.StreamWriter] = []
        self._news = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        self.subscribed.clear()
        while line := await reader.readline():
            message = json.loads(line)
            self.subscribed |= set(message.get("subscribe", []))
            self.subscribed -= set(message.get("unsubscribe", []))
            self._news.set()
        writer.close()

    async def until_subscribed(self, tokens: set[str]) -> None:
        async with asyncio.timeout(5):
            while self.subscribed != tokens:
                self._news.clear()
                await self._news.wait()

    def push(self, device: SimulatedAppleDevice, magic: str = "") -> None:
        assert device.state.management
        payload = {"mdm": magic or device.state.management.push_magic}
        line = {"token": device.push_token, "payload": payload}
        self.connections[-1].write(json.dumps(line).encode() + b"\n")


Make = Callable[..., SimulatedAppleDevice]
Story = Callable[["Stage"], Awaitable[None]]


class Stage:
    """A running fleet, its log and its courier."""

    def __init__(self, fleet: Fleet, log: Log, courier: Courier) -> None:
        self.fleet = fleet
        self.log = log
        self.courier = courier


@asynccontextmanager
async def running(server: TinyMdmServer, devices: list[SimulatedAppleDevice], **options: Any) -> AsyncIterator[Stage]:
    """Runs the devices as a fleet with a courier, and ends it."""
    log, courier, stop = Log(), Courier(), asyncio.Event()
    listener = await asyncio.start_server(courier.serve, "127.0.0.1", 0)
    address = listener.sockets[0].getsockname()
    options = {
        "profile": lambda: server.request("GET", "http://mdm.test/profile.mobileconfig").content,
        "behaviour": HASTY,
        "courier": (address[0], address[1]),
        **options,
    }
    fleet = Fleet(devices, say=log.say, workers=4, **options)
    running_fleet = asyncio.create_task(fleet.run(stop))
    try:
        yield Stage(fleet, log, courier)
    finally:
        stop.set()
        await running_fleet
        listener.close()


def play(server: TinyMdmServer, devices: list[SimulatedAppleDevice], story: Story, **options: Any) -> None:
    async def scene() -> None:
        async with running(server, devices, **options) as stage:
            await story(stage)

    asyncio.run(scene())


def test_enrols_every_device_with_its_own_challenge(server: TinyMdmServer, make: Make) -> None:
    devices = [make(index=index) for index in range(6)]

    async def story(stage: Stage) -> None:
        await stage.log.until("6 of 6 devices are enrolled")
        await stage.courier.until_subscribed({device.push_token for device in devices})

    play(server, devices, story)
    assert len({request.challenge for request in server.scep_requests}) == 6
    assert all(device.is_enrolled for device in devices)


def test_an_enrolled_device_is_not_enrolled_again(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})

    play(server, [device], story)
    assert len(server.scep_requests) == 1


def test_tries_again_to_enrol_while_the_server_is_not_up(server: TinyMdmServer, make: Make) -> None:
    troubles = iter([NoProfile("no answer", retryable=True)] * 3)

    def profile() -> bytes:
        for trouble in troubles:
            raise trouble
        return server.profile()

    async def story(stage: Stage) -> None:
        await stage.log.until("1 of 1 devices are enrolled")
        assert sum("cannot enrol yet" in line for line in stage.log.lines) == 3

    play(server, [make()], story, profile=profile)


def test_gives_up_on_a_device_the_server_will_never_take(server: TinyMdmServer, make: Make) -> None:
    async def story(stage: Stage) -> None:
        await stage.log.until("is not enrolled: The SCEP server refused the request")
        await stage.log.until("0 of 1 devices are enrolled")

    play(server, [make()], story, profile=lambda: server.profile(challenge="guess"))


def test_a_push_makes_its_device_connect(server: TinyMdmServer, make: Make) -> None:
    devices = [make(index=index) for index in range(3)]

    async def story(stage: Stage) -> None:
        await stage.log.until("3 of 3")
        await stage.courier.until_subscribed({device.push_token for device in devices})
        server.enqueue("DeviceInformation", Queries=["UDID"])
        stage.courier.push(devices[1])
        await stage.log.until(f"{devices[1].serial}  DeviceInformation: Acknowledged")

    play(server, devices, story)
    assert {report["UDID"] for report in server.reports} == {devices[1].udid}


def test_a_push_with_another_magic_is_ignored(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        stage.courier.push(device, magic="OLD")
        await stage.log.until("ignores a push (another magic)")

    play(server, [device], story)
    assert server.reports == []


def test_a_dead_device_ignores_its_pushes(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        stage.courier.push(device)
        await stage.log.until("ignores a push (it plays dead)")

    play(server, [device], story, behaviour=Behaviour(dead=1.0))
    assert server.reports == []


def test_the_courier_line_is_made_again_when_it_breaks(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        stage.courier.connections[0].close()
        await stage.log.until("connected", times=2)
        await stage.courier.until_subscribed({device.push_token})
        stage.courier.push(device)
        await stage.log.until("pushed: nothing to do")

    play(server, [device], story)


def test_a_locked_device_says_not_now_and_comes_back_when_unlocked(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        server.enqueue("InstallProfile", Payload=configuration())
        stage.courier.push(device)
        await stage.log.until("InstallProfile: NotNow")
        await stage.log.until("InstallProfile: Acknowledged")

    play(server, [device], story, behaviour=Behaviour(not_now=1.0, unlocked_after=AT_ONCE))


def test_a_device_that_is_off_finds_its_push_when_turned_on(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    device.state.powered_on = False

    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        stage.courier.push(device)
        await stage.log.until("ignores a push (it is off)")
        await stage.fleet.use(device)
        await stage.log.until("finds a push: nothing to do")

    play(server, [device], story, behaviour=Behaviour(unlocked_after=(60, 60)))


def test_lost_replies_are_told_and_made_good(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        server.enqueue("DeviceLock")
        stage.courier.push(device)
        await stage.log.until("pushed: reply lost")

    play(server, [device], story, behaviour=Behaviour(lose_replies=1.0))
    assert len(server.queue) == 1


def test_a_device_tries_again_by_itself_when_the_server_is_in_trouble(
    server: TinyMdmServer, device: SimulatedAppleDevice
) -> None:
    server.answers["Idle"] = TinyReply(503)

    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        stage.courier.push(device)
        await stage.log.until("refused (HTTP 503)", times=2)
        del server.answers["Idle"]
        await stage.log.until("tries again: nothing to do")

    play(server, [device], story)


def test_a_blocked_device_is_no_longer_listened_for(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    server.answers["Idle"] = TinyReply(401)

    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})
        stage.courier.push(device)
        await stage.log.until("is no longer managed (unenrolled)")
        await stage.courier.until_subscribed(set())

    play(server, [device], story)


def test_without_a_courier_devices_poll(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.log.until("polls: nothing to do", times=3)

    play(server, [device], story, courier=None, poll_seconds=0.01)


# --- the command ----------------------------------------------------------------------------------------------------


def run_command(**options: Any) -> str:
    output = StringIO()
    call_command(Command(), stdout=output, **options)
    return output.getvalue()


def test_command_enrols_from_the_demo_file_and_keeps_its_devices(
    server: TinyMdmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSTER_VAR", str(tmp_path))
    with serve(server) as base_url:
        (tmp_path / "demo.json").write_text(json.dumps({"enrolment_url": f"{base_url}/mdm/enrol/abc"}))
        first = run_command(apple=2, base_url=base_url, once=True)
        second = run_command(apple=2, base_url=base_url, once=True)
    assert "2 of 2 devices are enrolled" in first
    assert "enrolled as" not in second
    assert "connects once: nothing to do" in second
    assert [path for path, _body, _headers in server.requests].count("/mdm/enrol/abc/profile.mobileconfig") == 2
    assert len(list((tmp_path / "fleet").iterdir())) == 2


def test_models_take_turns(server: TinyMdmServer, tmp_path: Path) -> None:
    with serve(server) as base_url:
        said = run_command(
            apple=3,
            base_url=base_url,
            enrolment_url="/mdm/enrol/abc",
            models=["iPhone 17", "Mac mini"],
            state_dir=tmp_path,
            once=True,
        )
    assert said.count("(iPhone18,3)") == 2
    assert said.count("(Mac14,3)") == 1


@pytest.mark.parametrize(
    ("enrolment_url", "expected"),
    [
        ("/mdm/enrol/abc", "http://mdm.test/mdm/enrol/abc/profile.mobileconfig"),
        ("http://other.test/mdm/enrol/abc/", "http://other.test/mdm/enrol/abc/profile.mobileconfig"),
        ("/mdm/enrol/abc/profile.mobileconfig", "http://mdm.test/mdm/enrol/abc/profile.mobileconfig"),
    ],
)
def test_profile_url_is_found_from_the_page_or_the_profile(enrolment_url: str, expected: str) -> None:
    assert profile_url("http://mdm.test", enrolment_url) == expected


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--apple", "none", "none is not a number from 1"),
        ("--poll", "0", "0 is not a number of seconds"),
        ("--courier", "nowhere", "nowhere is not HOST:PORT"),
        ("--not-now", "2", "2 is not a probability"),
        ("--models", "iPhone 15,Newton", "no model “Newton”; known are Apple TV 4K, Mac mini"),
    ],
)
def test_command_refuses_a_bad_option_in_one_sentence(option: str, value: str, message: str) -> None:
    arguments = {"--apple": "1", "--base-url": "http://mdm.test", option: value}
    with pytest.raises(CommandError, match=message):
        call_command(Command(), *(f"{name}={given}" for name, given in arguments.items()))


def test_command_wants_devices_of_one_kind_or_both(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--apple, --ade or both"):
        run_command(base_url="http://mdm.test", state_dir=tmp_path)
    with pytest.raises(CommandError, match="--dep-url with --ade"):
        run_command(ade=1, base_url="http://mdm.test", state_dir=tmp_path)


def test_command_wants_both_stores_or_neither(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="both --store-url and --licences-url"):
        run_command(apple=1, base_url="http://mdm.test", store_url="http://127.0.0.1:2199", state_dir=tmp_path)


def test_a_fleet_may_install_nothing(server: TinyMdmServer, device: SimulatedAppleDevice) -> None:
    async def story(stage: Stage) -> None:
        await stage.courier.until_subscribed({device.push_token})

    play(server, [device], story, behaviour=Behaviour(install_faults=1.0))
    assert device.installer.fault != ""


def test_command_names_what_is_missing(tmp_path: Path) -> None:
    output = StringIO()
    with pytest.raises(CommandError, match="Not every device could be enrolled"):
        call_command(
            Command(),
            stdout=output,
            apple=1,
            base_url="http://mdm.test",
            profile=tmp_path / "missing.mobileconfig",
            state_dir=tmp_path,
            once=True,
        )
    assert "the profile cannot be read" in output.getvalue()
