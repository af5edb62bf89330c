"""Enrolled devices of two tenants."""

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.fleet import placed


@pytest.fixture
def device(tenant: Tenant) -> SimulatedAppleDevice:
    """Enrolled with our tenant; supervised."""
    return placed(tenant)


@pytest.fixture
def other_device(other_tenant: Tenant) -> SimulatedAppleDevice:
    """Enrolled with the other tenant."""
    return placed(other_tenant, 2)
