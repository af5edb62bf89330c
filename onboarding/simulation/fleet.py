"""A fleet of simulated devices: enrols them, listens for their pushes, connects them, and lets people use them.

asyncio holds the waiting; each enrolment and each connection runs in one of a few threads, so thousands of devices
need no more threads than a dozen do. What costs is a device's RSA key at enrolment (some 50 ms of one core): a
thousand devices take about a minute of a core before the server has done anything.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from onboarding.simulation.apple_channel import Conversation, EnrolmentFailed
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_installs import FAULTS
from onboarding.simulation.apple_pushes import CourierLine
from onboarding.simulation.apple_setup import NotAssigned

_Result = TypeVar("_Result")
_ATTEMPTS_ONCE = 5  # with ``once``, attempts a device has
_LAST_COMMANDS = (3, 40)  # that a dying device still carries out, drawn between the two
REFUSABLE = (
    "com.apple.wifi.managed",
    "com.apple.webClip.managed",
    "com.apple.mobiledevice.passwordpolicy",
    "com.apple.configuration.softwareupdate.enforcement.specific",
    "DeviceName",
    "TimeZone",
    "Wallpaper",
    "InstallApplication",
)


class NoProfile(Exception):
    """The enrolment profile cannot be had; the message says why in one sentence. ``retryable``: later it may."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


@dataclass(frozen=True)
class Behaviour:
    """How well the fleet behaves. Probabilities from 0 to 1; times in seconds, drawn between the two."""

    not_now: float = 0.0
    """That a device is locked when its push comes."""
    lose_replies: float = 0.0
    """That a connection breaks before the first report."""
    dead: float = 0.0
    """That a device never answers a push, drawn once per device."""
    dying: float = 0.0
    """That a device falls silent for good in the middle of its work, drawn once per device."""
    install_faults: float = 0.0
    """That a device gets no app installed, drawn once per device, and then in which way."""
    refusals: float = 0.0
    """That a device refuses something of what it is told, drawn once per device, and then what of ``REFUSABLE``."""
    meddling: float = 0.0
    """That before a connection its user has removed a profile or deleted an app of the server's."""
    unlocked_after: tuple[float, float] = (10.0, 30.0)
    """When somebody unlocks a device that is locked, or turns on one that is off."""
    retried_after: tuple[float, float] = (5.0, 30.0)
    """When a device that found the server in trouble tries again."""
    enrolment_retry: tuple[float, float] = (1.0, 30.0)
    """The first and the longest pause between attempts to enrol; it doubles between them."""


class Fleet:
    """Runs devices until it is told to stop. ``profile`` downloads one enrolment profile; it runs in a thread.

    ``poll_seconds``: None connects devices by their pushes alone.
    """

    def __init__(
        self,
        devices: Sequence[SimulatedAppleDevice],
        *,
        profile: Callable[[], bytes],
        say: Callable[[str], None],
        courier: tuple[str, int] | None = None,
        poll_seconds: float | None = None,
        behaviour: Behaviour | None = None,
        seed: str = "muster",
        workers: int = 8,
    ) -> None:
        self.devices = devices
        self._profile = profile
        self._say = say
        self._behaviour = behaviour or Behaviour()
        self._poll_seconds = poll_seconds
        self._dice = random.Random(f"{seed}/behaviour")
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="device")
        self._enrolling = asyncio.Semaphore(workers)
        self._locks = {device.serial: asyncio.Lock() for device in devices}
        self._waiting: set[str] = set()  # serials with a connection that has not begun
        self._in_use: set[str] = set()  # serials somebody will unlock or turn on
        self._retrying: set[str] = set()
        self._missed: set[str] = set()  # serials whose push came while they were off
        self._by_token: dict[str, SimulatedAppleDevice] = {}
        self._token_of: dict[str, str] = {}
        self._polled: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._courier = self._courier_line(courier) if courier else None
        for device in devices:
            device.faults.dead = self._chance(self._behaviour.dead)
            if self._chance(self._behaviour.install_faults):
                device.installer.fault = self._dice.choice(FAULTS)
            if self._chance(self._behaviour.refusals):
                device.faults.refuses.add(self._dice.choice(REFUSABLE))
            if self._chance(self._behaviour.dying):
                device.faults.dies_after = self._dice.randint(*_LAST_COMMANDS)

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> bool:
        """Until ``stop``; with ``once`` until every device enrolled and connected once. True when all are enrolled."""
        try:
            if self._courier and not once:
                self._spawn(self._courier.run())
            for device in self.devices:
                self._listen(device)
            new = [] if once else [device for device in self.devices if _is_new(device)]
            for device in new:
                self._spawn(self._switch_on(device))
            others = [device for device in self.devices if device not in new] if new else self.devices
            everyone = asyncio.create_task(self._welcome(others, once=once))
            await _first(everyone, asyncio.create_task(stop.wait()))
            if not once:
                await stop.wait()
        finally:
            await self._finish()
        return all(device.is_enrolled for device in self.devices)

    # --- enrolment --------------------------------------------------------------------------------------------

    async def _welcome(self, devices: Sequence[SimulatedAppleDevice], *, once: bool) -> None:
        """Enrols them all, then connects everyone: once, or again and again when polling."""
        await asyncio.gather(*[self._spawn(self._keep_enrolling(device, once=once)) for device in devices])
        enrolled = sum(device.is_enrolled for device in devices)
        dead = sum(device.faults.dead for device in devices)
        self._say(f"{enrolled} of {len(devices)} devices are enrolled" + (f", {dead} play dead" if dead else ""))
        if once:
            ready = [device for device in devices if device.is_enrolled]
            await asyncio.gather(*(self._connect(device, "connects once") for device in ready))
            return
        for device in devices:
            self._begin_use(device)

    async def _switch_on(self, device: SimulatedAppleDevice) -> None:
        """A new device sets itself up as soon as Apple knows how; nobody else waits for that."""
        await self._keep_enrolling(device, once=False)
        self._begin_use(device)

    def _begin_use(self, device: SimulatedAppleDevice) -> None:
        self._find_user(device)  # of a device that was left locked
        if self._poll_seconds is not None and device.serial not in self._polled:
            self._polled.add(device.serial)
            self._spawn(self._poll(device, self._poll_seconds))

    async def _keep_enrolling(self, device: SimulatedAppleDevice, *, once: bool) -> None:
        """Enrols a device that is not, trying again with growing pauses for as long as that may help."""
        pause, longest = self._behaviour.enrolment_retry
        attempts = 0
        while not device.is_enrolled:
            try:
                await self._enrol(device)
            except (EnrolmentFailed, NoProfile) as error:
                attempts += 1
                waits = isinstance(error, NotAssigned)
                if not error.retryable or (once and attempts >= _ATTEMPTS_ONCE):
                    self._tell(device, f"is not enrolled: {error}")
                    return
                if not waits:
                    self._tell(device, f"cannot enrol yet, next attempt in {pause:g} s: {error}")
                elif attempts == 1:
                    self._tell(device, f"is switched on and waits: {error}")
                await asyncio.sleep(pause * self._dice.uniform(0.75, 1.25))
                pause = min(pause * 2, longest)

    async def _enrol(self, device: SimulatedAppleDevice) -> None:
        async with self._enrolling, self._locks[device.serial]:
            await self._in_thread(device.set_up if _is_new(device) else lambda: device.enrol(self._profile()))
        self._listen(device)
        how = " in its set-up assistant" if device.state.awaiting_configuration else ""
        self._tell(device, f"enrolled as “{device.state.name}” ({device.hardware.product.product}){how}")

    # --- connections ------------------------------------------------------------------------------------------

    def take_push(self, token: str, payload: dict[str, Any]) -> None:
        """A notification arrived: the device it is for connects, if it is in the mood."""
        device = self._by_token.get(token)
        if device is None:
            self._say(f"a push came for the unknown token {token[:12]}…")
        elif not device.accepts_push(payload):
            if not device.state.powered_on:
                self._missed.add(device.serial)  # APNs keeps it until the device is on again
            self._tell(device, f"ignores a push ({_why_deaf(device)})")
        elif device.serial not in self._waiting:  # a push more changes nothing before the connection begins
            self._spawn(self._connect(device, "pushed"))

    async def _poll(self, device: SimulatedAppleDevice, seconds: float) -> None:
        await asyncio.sleep(self._dice.uniform(0, seconds))  # not all at the same moment
        while True:
            if device.is_enrolled and device.state.powered_on and not device.faults.dead:
                await self._connect(device, "polls")
            await asyncio.sleep(seconds)

    async def _connect(self, device: SimulatedAppleDevice, why: str) -> None:
        self._waiting.add(device.serial)
        async with self._locks[device.serial]:
            self._waiting.discard(device.serial)
            if self._chance(self._behaviour.not_now):
                device.state.locked = True
            if self._chance(self._behaviour.lose_replies):
                device.faults.lose_replies = 1
            if self._chance(self._behaviour.meddling) and (what := _meddle(device, self._dice)):
                self._tell(device, f"its user removes {what}")
            conversation = await self._in_thread(device.connect)
            device.faults.lose_replies = 0
        self._after(device, conversation, why)

    def _after(self, device: SimulatedAppleDevice, conversation: Conversation, why: str) -> None:
        """Tells what happened and sees to what follows from it."""
        for executed in conversation.executed:
            self._tell(device, f"{executed.request_type or 'a nameless command'}: {executed.status}")
            if executed.request_type == "DeviceConfigured" and not device.state.in_setup:
                self._tell(device, "leaves its set-up assistant")
        if conversation.ending not in ("finished", "erased"):
            status = f" (HTTP {conversation.http_status})" if conversation.http_status not in (0, 200) else ""
            self._tell(device, f"{why}: {conversation.ending}{status}")
        elif not conversation.executed:
            self._tell(device, f"{why}: nothing to do")
        self._listen(device)
        if not device.is_enrolled:
            self._tell(device, f"is no longer managed ({conversation.ending})")
            if _is_new(device):
                self._spawn(self._switch_on(device))
        elif conversation.ending == "unreachable" or conversation.http_status >= 500:
            self._try_again(device)
        self._find_user(device)

    def _try_again(self, device: SimulatedAppleDevice) -> None:
        if device.serial not in self._retrying:
            self._retrying.add(device.serial)
            self._spawn(self._retry(device))

    async def _retry(self, device: SimulatedAppleDevice) -> None:
        await asyncio.sleep(self._dice.uniform(*self._behaviour.retried_after))
        self._retrying.discard(device.serial)
        await self._connect(device, "tries again")

    def _find_user(self, device: SimulatedAppleDevice) -> None:
        """A managed device that is locked or off, or has put something off, has somebody who will use it."""
        put_off = device.state.last_status == "NotNow"
        idle = (device.state.locked or put_off or not device.state.powered_on) and not device.faults.dead
        if device.is_enrolled and idle and device.serial not in self._in_use:
            self._in_use.add(device.serial)
            self._spawn(self._use_later(device))

    async def _use_later(self, device: SimulatedAppleDevice) -> None:
        await asyncio.sleep(self._dice.uniform(*self._behaviour.unlocked_after))
        await self.use(device)

    async def use(self, device: SimulatedAppleDevice) -> None:
        """Somebody turns the device on and unlocks it."""
        async with self._locks[device.serial]:
            self._in_use.discard(device.serial)
            was_off = not device.state.powered_on
            if was_off:
                await self._in_thread(device.power_on)
            conversation = await self._in_thread(device.unlock)
        self._tell(device, "is turned on and unlocked" if was_off else "is unlocked")
        if conversation:
            self._after(device, conversation, "comes back after NotNow")
        elif was_off and device.serial in self._missed:
            self._missed.discard(device.serial)
            await self._connect(device, "finds a push")

    async def meddle(self, device: SimulatedAppleDevice) -> str:
        """Its user removes something that came by the server; what it was, or an empty string."""
        async with self._locks[device.serial]:
            return await self._in_thread(lambda: _meddle(device, self._dice))

    # --- its own affairs --------------------------------------------------------------------------------------

    def _courier_line(self, address: tuple[str, int]) -> CourierLine:
        return CourierLine(address, tokens=lambda: self._by_token, deliver=self.take_push, say=self._say)

    def _listen(self, device: SimulatedAppleDevice) -> None:
        """A device's token is listened for from its enrolment on, and no longer than it lasts."""
        old, new = self._token_of.get(device.serial, ""), device.push_token
        if old == new:
            return
        self._by_token.pop(old, None)
        self._token_of[device.serial] = new
        if new:
            self._by_token[new] = device
        if self._courier:
            self._courier.tokens_changed()

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self._dice.random() < probability

    def _tell(self, device: SimulatedAppleDevice, what: str) -> None:
        self._say(f"{device.serial}  {what}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs work beside the rest; the reference keeps the task alive."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._say(f"something failed: {type(error).__name__}: {error}")

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _finish(self) -> None:
        """Ends what waits, lets the connections under way end, and saves every device."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
        for device in self.devices:
            device.save()


def _meddle(device: SimulatedAppleDevice, dice: random.Random) -> str:
    """The user removes something that came by the server; what it was, or an empty string."""
    choice = device.state.removable()
    if not choice:
        return ""
    identifier = dice.choice(choice)
    if device.state.app(identifier):
        device.delete_app(identifier)
    else:
        device.remove_profile_by_hand(identifier)
    return identifier


def _is_new(device: SimulatedAppleDevice) -> bool:
    """Whether it is to be set up as Apple tells it: new, or erased."""
    return device.activation is not None and device.state.in_setup and not device.is_enrolled


def _why_deaf(device: SimulatedAppleDevice) -> str:
    if device.faults.dead:
        return "it plays dead"
    return "it is off" if not device.state.powered_on else "another magic"


async def _first(*tasks: asyncio.Task[Any]) -> None:
    """Waits for one of the tasks, cancels the others, and raises what the finished one raised."""
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()
