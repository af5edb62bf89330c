"""Enrolled devices of two tenants, and what there is to install on them."""

import pytest

from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.fleet import placed


@pytest.fixture
def device(tenant: Tenant) -> SimulatedAppleDevice:
    """A supervised iPhone of our tenant."""
    return placed(tenant, model="iPhone 15", os_version="18.1")


@pytest.fixture
def other_device(other_tenant: Tenant) -> SimulatedAppleDevice:
    """A supervised iPhone of the other tenant."""
    return placed(other_tenant, 2, model="iPhone 15", os_version="18.1")
