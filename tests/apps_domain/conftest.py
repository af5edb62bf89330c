"""The stand-in of Apps and Books, asked by the server; a location there and its tenant."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as now
from pytest_django import Settings

from apps_domain.models import VppLocation
from onboarding.simulation.vpp import Library, VppStandIn, running_vpp
from tenants.models import Tenant
from tests.factories.apple_tokens import VppTokenFactory
from tests.factories.licences import LocationFactory


@pytest.fixture
def vpp(settings: Settings) -> Iterator[VppStandIn]:
    """Events are done when the stand-in is told to settle."""
    with running_vpp(event_seconds=None) as stand_in:
        settings.VPP_URL = stand_in.url
        yield stand_in


@pytest.fixture
def library(vpp: VppStandIn) -> Library:
    """Empty."""
    return vpp.add_library(Library("planted-vpp-token/+=", "Ours at Apple"))


@pytest.fixture
def location(tenant: Tenant, library: Library) -> VppLocation:
    """Read an hour ago; the stand-in knows us."""
    library.mdm_info = {"id": str(tenant.pk), "name": "Muster", "metadata": "-"}
    token = VppTokenFactory(tenant, token=library.vpptoken)
    return LocationFactory(tenant, token=token, uid=library.uid)


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where this test's files of apps are kept."""
    own = {**now.STORAGES["apps"], "OPTIONS": {"location": tmp_path / "apps"}}
    settings.STORAGES = {**now.STORAGES, "apps": own}
    return tmp_path / "apps"
