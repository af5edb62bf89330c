"""A device that has told what it has."""

import pytest
from django.utils import timezone

from devices.models import Device, DeviceInventory
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.fleet import placed, row_of


@pytest.fixture
def phone(tenant: Tenant) -> SimulatedAppleDevice:
    """Enrolled with our tenant; supervised. It has told nothing of itself yet."""
    return placed(tenant)


@pytest.fixture
def device(phone: SimulatedAppleDevice) -> Device:
    """Its row; it has told what it has."""
    row = row_of(phone)
    now = timezone.now()
    DeviceInventory.objects.create(device=row, information_at=now, profiles_at=now, apps_at=now)
    return row
