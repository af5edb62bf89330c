"""Operators who choose and delete profiles at once."""

import pytest

from config.api.errors import BadRequest
from onboarding.models import DepProfile
from onboarding.services.dep.profiles import choose_for_server, delete_profile
from tenants.models import Tenant
from tests.factories.dep_rows import DepProfileFactory, DepServerFactory
from tests.factories.tenants import ACTOR
from tests.factories.threads import while_held

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile(tenant: Tenant, other_tenant: Tenant) -> DepProfile:
    DepProfileFactory(other_tenant, is_default=True)
    DepProfileFactory(tenant, is_default=True)
    return DepProfileFactory(tenant, is_default=False)


def test_choices_for_two_servers_wait_for_each_other(tenant: Tenant, profile: DepProfile) -> None:
    one, two = (DepServerFactory(tenant, server_key=letter * 64) for letter in "ab")

    while_held(
        two,
        lambda: choose_for_server(server=two, profile=profile, actor=ACTOR),
        lambda: choose_for_server(server=one, profile=profile, actor=ACTOR),
    )

    assert set(profile.servers.all()) == {one, two}


def test_a_profile_that_is_chosen_while_it_is_deleted_is_gone(tenant: Tenant, profile: DepProfile) -> None:
    server = DepServerFactory(tenant)
    refusals: list[str] = []

    def choose() -> None:
        try:
            choose_for_server(server=server, profile=profile, actor=ACTOR)
        except BadRequest as error:
            refusals.append(error.message)

    while_held(server, lambda: delete_profile(profile=profile, actor=ACTOR), choose)

    assert len(refusals) == 1
    server.refresh_from_db()
    assert server.profile is None
