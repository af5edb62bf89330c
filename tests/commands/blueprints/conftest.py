"""Devices of two tenants that blueprints are for."""

import pytest

from devices.models import Device
from tenants.models import Tenant
from tests.factories.devices import DeviceFactory


@pytest.fixture
def device(tenant: Tenant) -> Device:
    """A supervised iPhone of our tenant."""
    return DeviceFactory(tenant=tenant, is_supervised=True, hardware_info={"hardware": "iPhone 15"})


@pytest.fixture
def other_device(other_tenant: Tenant) -> Device:
    """A supervised iPhone of the other tenant."""
    return DeviceFactory(tenant=other_tenant, is_supervised=True)
