"""A tiny server and devices of it."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.onboarding.simulation.tiny_mdm_server import TinyMdmServer, some_key


@pytest.fixture
def server() -> TinyMdmServer:
    return TinyMdmServer()


@pytest.fixture
def make(server: TinyMdmServer) -> Callable[..., SimulatedAppleDevice]:
    """Makes devices of the server; their keys come from a small shared stock."""
    numbers = count()

    def make_device(**options: Any) -> SimulatedAppleDevice:
        options = {"supervised": True, "key_factory": lambda bits: some_key(next(numbers) % 4), **options}
        return SimulatedAppleDevice(options.pop("http", server), **options)

    return make_device


@pytest.fixture
def enrolled(server: TinyMdmServer, make: Callable[..., SimulatedAppleDevice]) -> Callable[..., SimulatedAppleDevice]:
    """Makes devices that are enrolled already."""

    def make_enrolled(**options: object) -> SimulatedAppleDevice:
        device = make(**options)
        device.enrol(server.profile())
        return device

    return make_enrolled


@pytest.fixture
def device(server: TinyMdmServer, make: Callable[..., SimulatedAppleDevice]) -> SimulatedAppleDevice:
    """An enrolled, supervised device."""
    device = make()
    device.enrol(server.profile())
    return device
