"""A tiny server and devices of it, enrolled or in their boxes."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.apple_setup import StandInActivation
from onboarding.simulation.dep import DepStandIn, DeviceAuthority, MdmServer, running_dep
from tests.factories.dep import activation_of, assigned, factory
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


@pytest.fixture
def authority() -> DeviceAuthority:
    return factory()


@pytest.fixture
def dep(authority: DeviceAuthority) -> Iterator[DepStandIn]:
    with running_dep(authority=authority) as stand_in:
        yield stand_in


@pytest.fixture
def apple(dep: DepStandIn) -> MdmServer:
    return dep.add_server()


@pytest.fixture
def activation(dep: DepStandIn) -> Iterator[StandInActivation]:
    with activation_of(dep) as found:
        yield found


@pytest.fixture
def boxed(
    make: Callable[..., SimulatedAppleDevice], activation: StandInActivation
) -> Callable[..., SimulatedAppleDevice]:
    """Makes devices that nobody has set up."""

    def make_boxed(**options: Any) -> SimulatedAppleDevice:
        return make(**{"activation": activation, "supervised": None, "os_version": "18.1", **options})

    return make_boxed


@pytest.fixture
def new(boxed: Callable[..., SimulatedAppleDevice], apple: MdmServer, server: TinyMdmServer) -> SimulatedAppleDevice:
    """An iPhone in its box, which Apple knows to be the server's."""
    device = boxed(model="iPhone 15")
    assigned(apple, device, f"{server.base_url}/ade", await_device_configured=True)
    return device
