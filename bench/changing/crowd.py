"""The devices of the story, living in a thread of their own."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx2

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.fleet import REFUSABLE, Behaviour, Fleet
from onboarding.simulation.identity import KeyFactory, generate_key

WORKERS = 8
BEHAVIOUR = Behaviour(
    lose_replies=0.02, unlocked_after=(0.2, 1.0), retried_after=(0.2, 1.0), enrolment_retry=(0.2, 2.0)
)
DEATHS = (25, 70)  # commands that a dying device still carries out, drawn between the two


class Crowd:
    """Devices that live as long as the block of `running_crowd`."""

    def __init__(self, devices: Sequence[SimulatedAppleDevice], fleet: Fleet, loop: asyncio.AbstractEventLoop) -> None:
        self.devices = devices
        self._fleet = fleet
        self._loop = loop

    def meddle(self, device: SimulatedAppleDevice) -> str:
        """The device's user removes something that came by the server; what it was."""
        return asyncio.run_coroutine_threadsafe(self._fleet.meddle(device), self._loop).result()


def make_devices(
    http: httpx2.Client, count: int, *, seed: str, key_factory: KeyFactory = generate_key
) -> list[SimulatedAppleDevice]:
    """Of ten devices, one refuses something, one puts things off, and of twenty one dies; one of eight is not
    supervised. Which ones and how depends on the seed alone.
    """
    dice, devices = random.Random(f"{seed}/faults"), []
    for index in range(count):
        device = SimulatedAppleDevice(
            http, seed=seed, index=index, supervised=index % 8 != 4, apps=[], key_factory=key_factory
        )
        if index % 10 == 3:
            device.faults.refuses.add(REFUSABLE[index // 10 % len(REFUSABLE)])
        if index % 10 == 6:
            device.faults.put_off = dice.randint(2, 8)
        if index % 20 == 9:
            device.faults.dies_after = dice.randint(*DEATHS)
        devices.append(device)
    return devices


@contextmanager
def running_crowd(
    devices: Sequence[SimulatedAppleDevice],
    *,
    profile: Callable[[], bytes],
    courier: tuple[str, int],
    say: Callable[[str], None] = lambda line: None,
    behaviour: Behaviour = BEHAVIOUR,
) -> Iterator[Crowd]:
    fleet = Fleet(devices, profile=profile, say=say, courier=courier, behaviour=behaviour, workers=WORKERS)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(fleet.run(stop)), name="crowd", daemon=True)
    thread.start()
    try:
        yield Crowd(devices, fleet, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=60)
        loop.close()
