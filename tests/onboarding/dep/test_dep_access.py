"""The way to Apple: which token is used, and what becomes of a refusal that somebody must mend."""

import datetime as dt

import pytest
from django.utils import timezone

from onboarding.clients.dep_errors import DepError, Kind
from onboarding.models import DepServer
from onboarding.services.dep.access import TokenChanged, at_apple, token_of
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import DepToken, Tenant
from tests.factories.apple_tokens import DepTokenFactory
from tests.factories.dep import token_of as token_from
from tests.factories.dep_rows import DepServerFactory

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def server(dep_token: DepToken, other_tenant: Tenant) -> DepServer:
    """Of our tenant; the other one has a server of the same token that is never to be touched."""
    DepServerFactory(other_tenant, server_key=dep_token.server_key)
    return DepServerFactory(dep_token.tenant, server_key=dep_token.server_key)


def refused(server: DepServer) -> DepError:
    with pytest.raises(DepError) as error, at_apple(server) as service:
        service.account()
    server.refresh_from_db()
    return error.value


def ask(server: DepServer) -> None:
    with at_apple(server) as service:
        service.account()
    server.refresh_from_db()


def test_the_token_that_ends_last_is_used(tenant: Tenant, other_tenant: Tenant, server: DepServer) -> None:
    used = token_of(server)
    assert used is not None
    same = {"server_key": server.server_key, "state": "COMPLETED", "consumer_key": "x", "consumer_secret": "x"}
    same |= {"access_token": "x", "access_secret": "x"}
    now = timezone.now()
    DepTokenFactory(tenant, token_expiry_on=now + HOUR, **same)
    DepTokenFactory(other_tenant, token_expiry_on=now + HOUR * 24 * 900, **same)
    DepTokenFactory(tenant, token_expiry_on=now + HOUR * 24 * 900, **{**same, "server_key": "0" * 64})
    DepTokenFactory(tenant)

    assert token_of(server) == used
    later = DepTokenFactory(tenant, token_expiry_on=now + HOUR * 24 * 800, **same)
    assert token_of(server) == later


@pytest.mark.parametrize(
    ("fault", "kind", "code", "advice", "hours"),
    [
        ({"status": 403, "body": '"T_C_NOT_SIGNED"'}, Kind.TERMS, "T_C_NOT_SIGNED", "agree to them", 6),
        ({"status": 403, "body": "ACCESS_DENIED"}, Kind.DENIED, "ACCESS_DENIED", "Look in Apple", 6),
        ({"problem": "token_rejected"}, Kind.TOKEN, "token_rejected", "Download a new token", 6),
        ({"problem": "timestamp_refused"}, Kind.CLOCK, "timestamp_refused", "NTP", 0.25),
    ],
)
def test_what_somebody_must_mend_becomes_the_servers_problem(
    dep: DepStandIn, server: DepServer, fault: dict[str, object], kind: Kind, code: str, advice: str, hours: float
) -> None:
    DepServer.objects.filter(pk=server.pk).update(assign_due_at=timezone.now())
    dep.misbehave(endpoint="session", **fault)
    began = timezone.now()

    assert refused(server).kind is kind

    assert advice in server.problem
    assert server.problem_code == code
    assert server.problem_at is not None
    for due in (server.sync_due_at, server.assign_due_at):
        assert due is not None
        assert abs(due - began - HOUR * hours) < dt.timedelta(minutes=1)
    assert not DepServer.objects.exclude(pk=server.pk).exclude(problem="").exists()

    dep.behave()
    ask(server)
    told = (server.problem, server.problem_code)
    assert told == ("", "")
    assert DepServer.objects.get(pk=server.pk).problem_at is None


def test_a_clock_that_is_wrong_is_told_from_a_bad_token(dep: DepStandIn, server: DepServer) -> None:
    dep.clock_ahead = 3600.0

    assert refused(server).kind is Kind.CLOCK

    assert "minutes off Apple's" in server.problem


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}, {"html": True}, {"status": 429}, {"garbled": True}])
def test_trouble_at_apples_is_no_problem_of_the_server(
    dep: DepStandIn, server: DepServer, fault: dict[str, object]
) -> None:
    dep.misbehave(**fault)

    assert refused(server).retryable

    assert server.problem == ""


def test_without_a_token_that_counts_nothing_is_asked(dep: DepStandIn, server: DepServer) -> None:
    DepToken.objects.update(token_expiry_on=timezone.now() - HOUR)

    assert refused(server).code == "NO_TOKEN"

    assert "Download a new token" in server.problem
    assert dep.counters["session"] == 0


def test_a_token_that_cannot_be_opened_is_told(dep: DepStandIn, server: DepServer) -> None:
    DepToken.objects.update(access_secret=b"moved from elsewhere")

    assert refused(server).code == "SEALED"

    assert "cannot be opened" in server.problem


def test_a_token_that_was_replaced_meanwhile_is_no_problem(
    dep: DepStandIn, mdm_server: MdmServer, server: DepServer, tenant: Tenant
) -> None:
    def ask_with_the_old_one() -> None:
        with at_apple(server) as service:
            mdm_server.renew_token()
            token_from(tenant, mdm_server)
            service.account()

    with pytest.raises(TokenChanged):
        ask_with_the_old_one()

    server.refresh_from_db()
    assert server.problem == ""
    ask(server)


def test_a_problem_stays_while_apple_is_asked_nothing(dep: DepStandIn, server: DepServer) -> None:
    DepServer.objects.filter(pk=server.pk).update(problem="Somebody must mend it.", problem_at=timezone.now())

    with at_apple(server):
        pass

    server.refresh_from_db()
    assert server.problem == "Somebody must mend it."
    assert dep.counters["session"] == 0


def test_a_problem_does_not_repeat_what_is_secret(dep: DepStandIn, server: DepServer) -> None:
    dep.misbehave(status=403, body="ACCESS_DENIED")

    message = refused(server).message

    token = token_of(server)
    assert token is not None
    secrets = [bytes(each or b"").decode() for each in (token.consumer_secret, token.access_secret, token.access_token)]
    assert not any(secret in message + server.problem for secret in secrets)
