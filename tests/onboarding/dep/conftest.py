"""A client of Apple's device assignment that is not ours; and a server of Apple's that we know."""

import pytest
from django.utils import timezone

from onboarding.models import DepServer
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import DepToken, Tenant
from tests.factories.dep import Caller
from tests.factories.dep_rows import DepServerFactory
from tests.factories.dep_syncing import HOUR


@pytest.fixture
def caller(dep: DepStandIn, mdm_server: MdmServer) -> Caller:
    return Caller(dep, mdm_server)


@pytest.fixture
def opened(caller: Caller) -> Caller:
    """With a session."""
    caller.open()
    return caller


@pytest.fixture
def server(tenant: Tenant, dep_token: DepToken) -> DepServer:
    """With our token. Nothing of its list was read yet, but that it was tried an hour ago."""
    fields = {"server_key": dep_token.server_key, "token_seen_at": dep_token.updated_at}
    return DepServerFactory(tenant, synced_at=timezone.now() - HOUR, **fields)
