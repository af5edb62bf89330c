"""A link to enrol with, and devices of two tenants that enrolled by the real protocol."""

import pytest

from onboarding.models import EnrolmentProfile
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
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
