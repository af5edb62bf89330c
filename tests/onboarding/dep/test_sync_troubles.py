"""What may go wrong while Apple's list is read: its cursors, Apple itself, the token, our tables."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from onboarding.models import DepServer, DepSync
from onboarding.services.dep import listing
from onboarding.services.dep.servers import forget_cursors
from onboarding.services.dep.syncing import syncs_to_work_off, work_off
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import DepToken, Tenant
from tests.factories.dep import token_of
from tests.factories.dep_rows import DepSyncFactory
from tests.factories.dep_syncing import DISABLED, HOUR, MINUTE, REGISTERED, serials, sync_of


def due_in(server: DepServer) -> dt.timedelta:
    return server.sync_due_at - timezone.now()


# --- cursors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["EXPIRED_CURSOR", "INVALID_CURSOR", '"CURSOR_REQUIRED"', "EXHAUSTED_CURSOR"])
def test_a_cursor_that_apple_does_not_know_any_more_means_the_whole_list(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer, word: str
) -> None:
    mdm_server.stock(3)
    sync_of(server)
    mdm_server.remove("DEP000000001", told=False)
    mdm_server.add("NEW", told=False)
    dep.misbehave(endpoint="sync", status=400, body=word, times=1)

    done = sync_of(server)

    assert (done.status, done.added, done.deleted) == ("SUCCESS", 1, 1)
    assert serials(state=REGISTERED) == {"DEP000000000", "DEP000000002", "NEW"}
    assert serials(state=DISABLED) == {"DEP000000001"}
    assert (dep.counters["fetch"], server.fetch_began_at, server.trouble) == (2, None, "")


def test_a_list_is_begun_anew_once_in_a_run(server: DepServer, dep: DepStandIn, mdm_server: MdmServer) -> None:
    mdm_server.stock(1)
    sync_of(server)
    dep.misbehave(endpoint="sync", status=400, body="EXPIRED_CURSOR")

    done = sync_of(server)

    assert (done.status, dep.counters["fetch"]) == ("FAILURE", 2)
    assert "EXPIRED_CURSOR" in done.failure_reason
    assert done.failure_reason.startswith(f"{mdm_server.name}: ")
    assert serials(state=REGISTERED) == {"DEP000000000"}


def test_a_cursor_older_than_a_week_is_not_tried(server: DepServer, dep: DepStandIn, mdm_server: MdmServer) -> None:
    sync_of(server)
    DepServer.objects.update(cursor_at=timezone.now() - 7 * 24 * HOUR - MINUTE)

    assert sync_of(server).status == "SUCCESS"

    assert (dep.counters["fetch"], dep.counters["sync"]) == (2, 2)


def test_a_list_that_does_not_go_on_is_left_and_nothing_is_taken_for_gone(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 1)
    mdm_server.stock(3)
    sync_of(server)
    forget_cursors(server.tenant)
    mdm_server.remove("DEP000000002", told=False)
    dep.misbehave(endpoint="fetch", stuck=True)

    done = sync_of(server)

    assert done.status == "FAILURE"
    assert "does not go on" in server.trouble
    assert dep.counters["fetch"] == 3 + 2
    assert serials(state=DISABLED) == set()
    dep.behave()
    assert sync_of(server).status == "SUCCESS"
    assert serials(state=DISABLED) == {"DEP000000002"}


def test_changes_that_do_not_go_on_are_all(server: DepServer, dep: DepStandIn, mdm_server: MdmServer) -> None:
    sync_of(server)
    mdm_server.add("NEW")
    before = dep.counters["sync"]
    dep.misbehave(endpoint="sync", stuck=True)

    done = sync_of(server)

    assert (done.status, dep.counters["sync"]) == ("SUCCESS", before + 1)
    assert serials(state=REGISTERED) == {"NEW"}


# --- trouble at Apple's -----------------------------------------------------------------------------------------------


def test_a_list_goes_on_where_it_was_broken_off(
    server: DepServer, dep: DepStandIn, mdm_server: MdmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    mdm_server.stock(5)
    dep.misbehave(endpoint="fetch", drop=True, after=1)

    done = sync_of(server)

    assert (done.status, done.added) == ("FAILURE", 2)
    assert server.fetch_began_at is not None
    assert 4 * MINUTE < due_in(server) <= 5 * MINUTE
    assert "cannot be reached" in server.trouble
    dep.behave()
    asked = dep.counters["fetch"]
    done = sync_of(server)
    assert (done.status, done.added, dep.counters["fetch"]) == ("SUCCESS", 3, asked + 2)
    server = DepServer.objects.get()
    assert (server.trouble, server.fetch_began_at) == ("", None)


def test_trouble_that_lasts_is_looked_at_less_and_less(server: DepServer, dep: DepStandIn) -> None:
    dep.misbehave(status=500)
    DepServer.objects.update(synced_at=timezone.now() - 1.5 * HOUR)
    sync_of(server)
    assert 20 * MINUTE < due_in(server) < 40 * MINUTE

    DepServer.objects.update(synced_at=timezone.now() - 72 * HOUR)
    sync_of(server)
    assert 50 * MINUTE < due_in(server) < 70 * MINUTE


def test_apples_wish_to_be_left_alone_is_heard(server: DepServer, dep: DepStandIn) -> None:
    dep.misbehave(endpoint="sync", status=429, retry_after="1800")
    dep.misbehave(endpoint="fetch", status=503, retry_date=1800)

    assert sync_of(server).status == "FAILURE"

    assert 29 * MINUTE < due_in(server) <= 30 * MINUTE
    assert server.cursor == ""


@pytest.mark.parametrize(
    ("wrong", "code", "advice"),
    [
        ({"accepts_terms": False}, "T_C_NOT_SIGNED", "agree"),
        ({"denied": {"fetch"}}, "ACCESS_DENIED", "Look in Apple Business Manager"),
        ({"expires_at": 1.0}, "token_expired", "Download a new token"),
    ],
)
def test_what_somebody_must_mend_is_the_servers_problem(
    api: Any, server: DepServer, mdm_server: MdmServer, wrong: dict[str, Any], code: str, advice: str
) -> None:
    right = {name: getattr(mdm_server, name) for name in wrong}
    for name, value in wrong.items():
        setattr(mdm_server, name, value)

    done = sync_of(server)

    assert done.status == "FAILURE"
    assert (server.problem_code, server.trouble) == (code, "")
    assert advice in server.problem
    assert server.problem in done.failure_reason
    assert 5 * HOUR < due_in(server) <= 6 * HOUR
    assert syncs_to_work_off() == []

    for name, value in right.items():
        setattr(mdm_server, name, value)
    answer = api.post("/api/onboarding/v0/depsyncs/", {})  # looks at once

    assert answer.status_code == 200
    server.refresh_from_db()
    assert (server.problem, server.problem_code, server.problem_at) == ("", "", None)
    assert DepSync.objects.latest("created_at").status == "SUCCESS"


def test_a_sync_tells_what_went_wrong_this_time(server: DepServer, dep: DepStandIn, mdm_server: MdmServer) -> None:
    """And not what was wrong before, which nobody knows to be mended yet."""
    mdm_server.accepts_terms = False
    sync_of(server)
    mdm_server.accepts_terms = True
    dep.misbehave(endpoint="fetch", status=503, retry_after="600", times=1)

    done = sync_of(server)

    assert done.failure_reason == f"{mdm_server.name}: {server.trouble}"
    assert "503" in server.trouble
    assert server.problem_code == "T_C_NOT_SIGNED"


def test_a_page_that_cannot_be_stored_is_told_and_tried_again(server: DepServer, mdm_server: MdmServer) -> None:
    mdm_server.stock(1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE onboarding_seamlessidentifier RENAME TO gone")

    done = sync_of(server)

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gone RENAME TO onboarding_seamlessidentifier")
    assert "could not be stored" in server.trouble
    assert (done.status, done.added, server.claimed_at, server.cursor) == ("FAILURE", 0, None, "")
    assert serials() == set()
    assert sync_of(server).status == "SUCCESS"


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_renewed_token_is_used_at_once(
    tenant: Tenant, server: DepServer, dep_token: DepToken, mdm_server: MdmServer
) -> None:
    mdm_server.renew_token()
    assert sync_of(server).status == "FAILURE"
    assert syncs_to_work_off() == []
    dep_token.delete()
    token_of(tenant, mdm_server)

    (sync_id,) = syncs_to_work_off()
    work_off(sync_id)

    assert DepSync.objects.get(pk=sync_id).status == "SUCCESS"
    assert DepSync.objects.get(pk=sync_id).cause == "TOKEN"
    server.refresh_from_db()
    assert (server.problem, DepServer.objects.count()) == ("", 1)
    assert syncs_to_work_off() == []


def test_a_token_that_is_replaced_while_its_list_is_read_is_not_taken_for_bad(
    tenant: Tenant, server: DepServer, dep: DepStandIn, mdm_server: MdmServer
) -> None:
    """Apple ends the old one; the reading goes on with the new one from where it was."""
    sync_of(server)

    def renew() -> None:
        mdm_server.renew_token()
        DepToken.objects.all().delete()
        token_of(tenant, mdm_server)

    mdm_server.add("NEW")
    DepServer.objects.update(sync_due_at=timezone.now(), cursor="", cursor_at=None)
    (sync_id,) = syncs_to_work_off()
    once = iter([renew])
    work_off(sync_id, lambda: next(once, lambda: None)())

    assert DepSync.objects.get(pk=sync_id).status == "SUCCESS"
    server.refresh_from_db()
    assert (server.problem, serials()) == ("", {"NEW"})


def test_a_sync_whose_tokens_are_gone_before_it_begins_says_so(server: DepServer) -> None:
    waiting = DepSyncFactory(server.tenant, status="QUEUED", ended_at=None, started_at=None)
    DepToken.objects.all().delete()

    assert syncs_to_work_off() == [waiting.pk]
    work_off(waiting.pk)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.failure_reason) == ("FAILURE", "The tenant has no DEP token any more.")
