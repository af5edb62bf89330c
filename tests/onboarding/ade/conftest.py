"""A tenant whose devices may enrol in their set-up assistant."""

from pathlib import Path

import pytest
from pytest_django import Settings

from onboarding.models import DepDevice, DepProfile
from tenants.models import Tenant
from tests.factories.ade import DepDeviceFactory, DepProfileFactory, trust
from tests.factories.fleet import ready_to_enrol


@pytest.fixture(autouse=True)
def _trusted(settings: Settings, tmp_path: Path) -> None:
    settings.ADE_DEVICE_CA_FILE = trust(tmp_path)


@pytest.fixture
def profile(tenant: Tenant) -> DepProfile:
    ready_to_enrol(tenant)
    return DepProfileFactory(tenant, is_default=True)


@pytest.fixture
def listed(tenant: Tenant) -> DepDevice:
    return DepDeviceFactory(tenant, "C02ABC123")
