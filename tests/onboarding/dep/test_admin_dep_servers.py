"""MDM servers at Apple and their syncs in the console."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from onboarding.models import DepDevice, DepProfileDefinition, DepServer, DepSync, DepSyncFailure
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.apple_tokens import CompletedDepTokenFactory
from tests.factories.console import member, superuser
from tests.factories.dep_rows import DepDeviceFactory, DepProfileFactory, DepServerFactory, DepSyncFactory

Queries = Callable[[int], AbstractContextManager[Any]]
SERVERS, SYNCS = "/admin/onboarding/depserver/", "/admin/onboarding/depsync/"
TERMS = {"problem": "New terms. An administrator has to agree to them.", "problem_code": "T_C_NOT_SIGNED"}


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.headers
    return str(answer.content.decode())


def page_of(client: Client, server: DepServer) -> str:
    return text(client, f"{SERVERS}{server.pk}/change/")


def outcomes(client: Client, server: DepServer) -> list[str]:
    return [told for _, told, _ in client.get(f"{SERVERS}{server.pk}/change/").context["outcomes"]]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"synced_at": timezone.now()}, "in order"),
        ({}, "not read yet"),
        (TERMS, "stopped"),
        ({"trouble": "Apple answered 503."}, "tried again"),
        ({"claimed_at": timezone.now()}, "at work"),
    ],
)
def test_how_a_server_is(fields: dict[str, Any], told: str, tenant: Tenant, other_tenant: Tenant) -> None:
    DepServerFactory(other_tenant, name="Their server")
    server = DepServerFactory(tenant, name="Head office", **fields)
    client = member(tenant, Role.VIEWER)

    listed = text(client, SERVERS)

    assert told in listed
    assert "Head office" in listed
    assert "Their server" not in listed
    assert told in page_of(client, server)


def test_a_stopped_server_says_what_to_do(tenant: Tenant) -> None:
    CompletedDepTokenFactory(tenant, server_key="known")
    server = DepServerFactory(tenant, server_key="known", problem_at=timezone.now(), **TERMS)
    revoked = DepServerFactory(tenant, problem="Apple does not take the token.", problem_code="token_rejected")
    client = member(tenant)

    told = page_of(client, server)

    assert TERMS["problem"] in told
    assert 'href="https://business.apple.com"' in told
    assert f"deptoken/?tenant__id__exact={tenant.pk}" in page_of(client, revoked)
    assert text(client, f"{SERVERS}?state=stopped").count("stopped</span>") == 2
    assert "stopped</span>" not in text(client, f"{SERVERS}?state=fine")


def test_the_token_is_the_one_that_ends_last_and_stays_secret(tenant: Tenant) -> None:
    CompletedDepTokenFactory(tenant, days=3, server_key="known", token_name="Old one")
    CompletedDepTokenFactory(tenant, days=90, server_key="known", token_name="New one")
    server = DepServerFactory(tenant, server_key="known", synced_at=timezone.now())
    client = member(tenant, Role.ADMIN)

    told = page_of(client, server)

    assert "New one" in told
    assert "Old one" not in told
    assert "planted" not in told
    assert "in 2 months" in text(client, SERVERS)
    bare = DepServerFactory(tenant)
    assert "no token" in text(client, SERVERS)
    assert "There is no token of this server any more." in page_of(client, bare)


def test_devices_are_counted_by_what_became_of_them(tenant: Tenant, other_tenant: Tenant) -> None:
    server, other = DepServerFactory(tenant), DepServerFactory(tenant)
    DepDeviceFactory(DepServerFactory(other_tenant))
    DepDeviceFactory(other)
    for result in ("SUCCESS", "SUCCESS", "", "THROTTLED", "NOT_ACCESSIBLE", "FAILED"):
        DepDeviceFactory(server, assign_result=result)
    DepDeviceFactory(server, assign_result="FAILED", removed_at=timezone.now())
    client = member(tenant, Role.VIEWER)

    assert outcomes(client, server) == ["2 devices", *["1 device"] * 5]
    assert outcomes(client, other) == ["1 device"]


def test_a_pending_assignment_is_told_beside_the_counts(tenant: Tenant) -> None:
    due = DepServerFactory(tenant, assign_due_at=timezone.now())
    later = DepServerFactory(tenant, assign_due_at=timezone.now() + dt.timedelta(hours=1))
    client = member(tenant, Role.VIEWER)

    assert "what is counted here is from before" in page_of(client, due)
    assert "what is counted here is from before" not in page_of(client, later)


def test_account_and_definitions_are_told(tenant: Tenant) -> None:
    server = DepServerFactory(tenant, account={"org_name": "<b>Acme</b>", "org_email": "it@acme.example"})
    profile = DepProfileFactory(tenant, name="Phones")
    DepProfileDefinition.objects.create(profile=profile, server=server, problem="Apple does not take it: NAME")

    told = page_of(member(tenant), server)

    assert "&lt;b&gt;Acme&lt;/b&gt;" in told
    assert "it@acme.example" in told
    assert "Apple does not take it: NAME" in told


# What is done -------------------------------------------------------------------------------------------------------
def test_a_sync_is_asked_for_and_shown(tenant: Tenant) -> None:
    CompletedDepTokenFactory(tenant, server_key="known")
    later = timezone.now() + dt.timedelta(hours=1)
    server = DepServerFactory(tenant, server_key="known", cursor="c", sync_due_at=later)
    path, client = f"{SERVERS}{server.pk}/sync_now/", member(tenant)

    assert "it is read what changed" in text(client, path)
    assert not DepSync.objects.exists()
    answer = client.post(path)

    sync = DepSync.objects.get()
    assert answer["Location"] == f"{SYNCS}{sync.pk}/change/"
    server.refresh_from_db()
    assert server.sync_due_at <= timezone.now()
    assert server.cursor == "c"
    assert "as soon as a worker is free" in text(client, answer["Location"])


def test_everything_is_read_again(tenant: Tenant) -> None:
    CompletedDepTokenFactory(tenant, server_key="known")
    server = DepServerFactory(tenant, server_key="known", cursor="c", cursor_at=timezone.now())

    member(tenant).post(f"{SERVERS}{server.pk}/read_again/")

    server.refresh_from_db()
    assert server.cursor == ""
    assert AuditEvent.objects.get(action="dep_sync.requested").details == {"anew": True}


def test_without_a_token_a_sync_is_refused_in_words(tenant: Tenant) -> None:
    server = DepServerFactory(tenant)

    answer = member(tenant).post(f"{SERVERS}{server.pk}/sync_now/", follow=True)

    assert "There is no DEP token to sync with" in answer.content.decode()
    assert not DepSync.objects.exists()


def test_profiles_are_assigned_now_also_where_it_was_put_off(tenant: Tenant) -> None:
    server, later = DepServerFactory(tenant), timezone.now() + dt.timedelta(hours=9)
    failed = DepDeviceFactory(server, assign_result="FAILED", assign_not_before=later)
    throttled = DepDeviceFactory(server, assign_result="THROTTLED", assign_not_before=later)

    answer = member(tenant).post(f"{SERVERS}{server.pk}/assign_now/", follow=True)

    assert "1 device of before is tried again." in answer.content.decode()
    for row in (server, failed, throttled):
        row.refresh_from_db()
    assert server.assign_due_at is not None
    assert failed.assign_not_before is None
    assert throttled.assign_not_before == later
    assert AuditEvent.objects.filter(action="dep_server.assignment_requested").exists()


def test_a_profile_is_chosen_for_the_server(tenant: Tenant, other_tenant: Tenant) -> None:
    DepProfileFactory(tenant)
    chosen = DepProfileFactory(tenant, name="Kiosks", is_default=False)
    theirs = DepProfileFactory(other_tenant, name="Their profile")
    server, client = DepServerFactory(tenant), member(tenant)
    path = f"{SERVERS}{server.pk}/choose_profile/"

    assert "Their profile" not in text(client, path)
    refused = client.post(path, {"yes": "1", "profile": str(theirs.pk)})
    client.post(path, {"yes": "1", "profile": str(chosen.pk)})

    server.refresh_from_db()
    assert refused.status_code == 400
    assert server.profile == chosen
    client.post(path, {"yes": "1", "profile": ""})
    server.refresh_from_db()
    assert server.profile is None


@pytest.mark.parametrize("action", ["sync_now", "read_again", "assign_now", "choose_profile"])
def test_viewers_do_nothing_with_servers(action: str, tenant: Tenant) -> None:
    CompletedDepTokenFactory(tenant)
    server, client = DepServerFactory(tenant), member(tenant, Role.VIEWER)

    assert client.post(f"{SERVERS}{server.pk}/{action}/", {"yes": "1"}).status_code == 404
    assert action not in page_of(client, server)
    assert not DepSync.objects.exists()


# Syncs --------------------------------------------------------------------------------------------------------------
def test_a_sync_names_what_it_could_not_do(tenant: Tenant, other_tenant: Tenant) -> None:
    sync = DepSyncFactory(tenant, status="COMPLETE", added=1200, failure_reason="<i>Head office</i>: 503\nStores: 401")
    known = DepDeviceFactory(DepServerFactory(tenant, name="Head office", sync=sync))
    theirs = DepDeviceFactory(DepServerFactory(other_tenant), serial="SHARED")
    for serial in (known.serial, "SHARED"):
        DepSyncFailure.objects.create(sync=sync, serial=serial, reason=f"Apple refused {serial}.")
    DepSyncFactory(other_tenant, created_by="their caller")
    client = member(tenant, Role.VIEWER)

    told = text(client, f"{SYNCS}{sync.pk}/change/")
    listed = text(client, SYNCS)

    assert f"depdevice/{known.pk}/" in told
    assert "Apple refused SHARED." in told
    assert str(theirs.pk) not in told
    assert "&lt;i&gt;Head office" in told
    assert "1,200 new" in listed
    assert "their caller" not in listed


def test_the_list_of_syncs_ends_long_reasons_at_a_word(tenant: Tenant) -> None:
    DepSyncFactory(tenant, status="FAILURE", failure_reason=f"Unreachable.{' again' * 40}")

    listed = text(member(tenant, Role.VIEWER), SYNCS)

    assert "Unreachable. again" in listed
    assert " again …</span>" in listed


def test_the_lists_cost_the_same_however_long_they_are(tenant: Tenant, django_assert_num_queries: Queries) -> None:
    for _ in range(6):
        DepDeviceFactory(DepServerFactory(tenant, profile=None))
        DepSyncFactory(tenant)
    client = superuser()
    text(client, SERVERS)

    with django_assert_num_queries(8):  # session, user, several tenants?, the filter's, two for badges, count, rows
        text(client, SERVERS)
    with django_assert_num_queries(8):
        text(client, SYNCS)
    assert DepDevice.objects.count() == 6
