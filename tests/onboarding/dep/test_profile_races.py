"""Operators who choose and delete profiles at once."""

from collections.abc import Callable

import pytest
from django.db import transaction

from config.api.errors import BadRequest
from onboarding.models import DepProfile, DepServer
from onboarding.services.dep.profiles import choose_for_server, delete_profile
from tenants.models import Tenant
from tests.factories.dep_rows import DepProfileFactory, DepServerFactory
from tests.factories.tenants import ACTOR
from tests.factories.threads import all_at_once
from tests.factories.waiting import until, waiting_for_locks

pytestmark = pytest.mark.django_db(transaction=True)


def while_held(server: DepServer, first: Callable[[], object], second: Callable[[], object]) -> None:
    """Both wait, the first one for somebody who holds the server, before they may go on."""

    def hold() -> None:
        with transaction.atomic():
            DepServer.objects.select_for_update().get(pk=server.pk)
            held.append(True)
            until(lambda: waiting_for_locks() == 2)

    def then(act: Callable[[], object], others: int) -> Callable[[], object]:
        def run() -> None:
            until(lambda: bool(held) and waiting_for_locks() == others)
            act()

        return run

    held: list[bool] = []
    all_at_once(hold, then(first, 0), then(second, 1))


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
