"""A client of Apple's device assignment that is not ours."""

import pytest

from onboarding.simulation.dep import DepStandIn, MdmServer
from tests.factories.dep import Caller


@pytest.fixture
def caller(dep: DepStandIn, mdm_server: MdmServer) -> Caller:
    return Caller(dep, mdm_server)


@pytest.fixture
def opened(caller: Caller) -> Caller:
    """With a session."""
    caller.open()
    return caller
