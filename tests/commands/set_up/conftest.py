"""A device that waits in its set-up assistant, and one of another tenant that does too."""

import pytest

from commands.models import AppleEnrolment
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tenants.models import Tenant
from tests.factories.fleet import placed, row_of


@pytest.fixture
def phone(tenant: Tenant) -> SimulatedAppleDevice:
    return in_set_up(placed(tenant))


@pytest.fixture
def other_phone(other_tenant: Tenant) -> SimulatedAppleDevice:
    return in_set_up(placed(other_tenant, 2))


def in_set_up(phone: SimulatedAppleDevice) -> SimulatedAppleDevice:
    AppleEnrolment.objects.filter(device=row_of(phone)).update(awaiting_configuration=True)
    return phone
