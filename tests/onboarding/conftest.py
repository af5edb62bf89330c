"""A link to enrol with, devices of two tenants that enrolled by the real protocol, and Apple's device assignment."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import DepToken, Tenant
from tests.factories.dep import dep_service, token_of
from tests.factories.fleet import enrol, ready_to_enrol


@pytest.fixture
def link(tenant: Tenant) -> EnrolmentProfile:
    return ready_to_enrol(tenant)


@pytest.fixture
def device(link: EnrolmentProfile) -> SimulatedAppleDevice:
    """Enrolled with our tenant; supervised."""
    return enrol(link)


@pytest.fixture
def other_device(other_tenant: Tenant) -> SimulatedAppleDevice:
    """Enrolled with the other tenant."""
    return enrol(ready_to_enrol(other_tenant), 2)


@pytest.fixture
def dep(settings: Settings) -> Iterator[DepStandIn]:
    """Apple's device assignment, as the settings name it. It has no MDM server yet."""
    with dep_service(settings) as stand_in:
        yield stand_in


@pytest.fixture
def mdm_server(dep: DepStandIn) -> MdmServer:
    """One in an organisation's Apple Business Manager; it has no devices yet."""
    return dep.add_server()


@pytest.fixture
def dep_token(tenant: Tenant, mdm_server: MdmServer) -> DepToken:
    """Our tenant's completed token of that server."""
    return token_of(tenant, mdm_server)
