"""The DEP sync routes."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from onboarding.models import DepServer, DepSync, DepSyncFailure
from onboarding.services.dep import sync_ends
from onboarding.services.dep.syncing import syncs_to_work_off, work_off
from onboarding.simulation.dep import MdmServer
from tenants.models import AuditEvent, DepToken, Tenant
from tests.api.seed import DEP_SYNCS
from tests.conftest import ApiClient
from tests.factories.apple_tokens import CompletedDepTokenFactory, DepTokenFactory
from tests.factories.broker import tasks_go_to
from tests.factories.dep_rows import DepDeviceFactory, DepSyncFactory

NO_BROKER = "redis://127.0.0.1:1"


def ask(api: ApiClient) -> dict[str, Any]:
    answer = api.post(DEP_SYNCS, {})
    assert (answer.status_code, answer.json()["code"]) == (200, 200)
    content: dict[str, Any] = answer.json()["content"]
    return content


def get(api: ApiClient, sync_id: str) -> dict[str, Any]:
    answer = api.get(f"{DEP_SYNCS}{sync_id}/")
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()["content"]
    return content


def test_a_sync_is_asked_for_and_told(
    api: ApiClient, tenant: Tenant, dep_token: DepToken, mdm_server: MdmServer
) -> None:
    mdm_server.add("GOOD", "BAD")
    mdm_server.tell_result("NOT_ACCESSIBLE", "BAD")

    asked = ask(api)

    row = DepSync.objects.get()
    assert asked == {
        "id": str(row.pk),
        "status": "QUEUED",
        "created_by": "caller-1",
        "created_at": asked["created_at"],
        "updated_at": asked["updated_at"],
    }
    told = get(api, asked["id"])
    assert {**told, "updated_at": ""} == {
        **asked,
        "updated_at": "",
        "status": "COMPLETE",
        "failure_reason": "",
        "devices": {"failure": [{"serial": "BAD", "reason": "Apple: this MDM server has no access to the device."}]},
    }
    assert (row.assigned, row.cause) == (1, "CALLER")
    event = AuditEvent.objects.get(action="dep_sync.requested")
    assert (event.tenant_id, event.object_id) == (tenant.pk, str(row.pk))


def test_one_sync_is_open_at_a_time(api: ApiClient, other_tenant: Tenant, dep_token: DepToken) -> None:
    """Here no worker takes it; the other tenant's is its own."""
    DepSyncFactory(other_tenant, status="QUEUED")
    with tasks_go_to(NO_BROKER):
        first, second = ask(api), ask(api)

    assert first == second
    assert AuditEvent.objects.filter(action="dep_sync.requested").count() == 1
    assert DepSync.objects.count() == 2


def test_a_caller_who_joins_a_sync_makes_its_servers_due(api: ApiClient, tenant: Tenant, dep_token: DepToken) -> None:
    """Another worker has read one already, and is at it still."""
    with tasks_go_to(NO_BROKER):
        asked = ask(api)
        later = timezone.now() + dt.timedelta(hours=1)
        DepServer.objects.update(sync_due_at=later, claimed_at=timezone.now(), sync=asked["id"])
        ask(api)

    assert DepServer.objects.get().sync_due_at <= timezone.now()
    work_off(uuid.UUID(asked["id"]))
    assert get(api, asked["id"])["status"] == "INPROGRESS"
    DepServer.objects.update(claimed_at=None)
    assert syncs_to_work_off() == [uuid.UUID(asked["id"])]


def test_without_a_completed_token_there_is_nothing_to_sync(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    DepTokenFactory(tenant), CompletedDepTokenFactory(other_tenant)

    answer = api.post(DEP_SYNCS, {})

    assert answer.status_code == 400
    assert "no DEP token to sync with" in answer.json()["message"]
    assert not DepSync.objects.exists()
    assert not DepServer.objects.exists()


def test_a_token_that_has_ended_is_told_by_the_sync(api: ApiClient, tenant: Tenant) -> None:
    CompletedDepTokenFactory(tenant, days=-1)

    told = get(api, ask(api)["id"])

    assert told["status"] == "FAILURE"
    assert "no token of this MDM server that has not expired" in told["failure_reason"]
    assert told["devices"] == {"failure": []}


@pytest.mark.parametrize("body", ["[]", "{", '"now"'])
def test_a_body_that_is_no_object_is_refused(api: ApiClient, dep_token: DepToken, body: str) -> None:
    assert api.post(DEP_SYNCS, body).status_code == 400

    assert not DepSync.objects.exists()


def test_a_viewer_may_look_but_not_sync(viewer_api: ApiClient, tenant: Tenant, dep_token: DepToken) -> None:
    done = DepSyncFactory(tenant)

    assert viewer_api.post(DEP_SYNCS, {}).status_code == 403
    assert get(viewer_api, str(done.pk))["status"] == "SUCCESS"
    assert DepSync.objects.count() == 1


def test_the_list_is_the_tenants_latest_first(api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    now = timezone.now()
    rows = [DepSyncFactory(tenant, created_at=now - dt.timedelta(hours=age)) for age in (3, 1, 2)]
    theirs = DepSyncFactory(other_tenant)

    content = api.get(f"{DEP_SYNCS}?limit=2").json()["content"]

    assert (content["count"], content["previous"]) == (3, None)
    assert [each["id"] for each in content["results"]] == [str(rows[1].pk), str(rows[2].pk)]
    assert "offset=2" in content["next"]
    for sync_id in (theirs.pk, uuid.uuid4(), "x"):
        assert api.get(f"{DEP_SYNCS}{sync_id}/").status_code == 404


def test_a_list_takes_three_queries_and_tells_a_hundred_failures_of_each(
    api: ApiClient, tenant: Tenant, django_assert_num_queries: Any
) -> None:
    for sync in (DepSyncFactory(tenant, status="COMPLETE"), DepSyncFactory(tenant, status="COMPLETE")):
        failures = [DepSyncFailure(sync=sync, serial=f"S{number:03}", reason="-") for number in range(120)]
        DepSyncFailure.objects.bulk_create(failures)
    api.get(DEP_SYNCS)

    with django_assert_num_queries(4):  # with that of the caller's token
        results = api.get(DEP_SYNCS).json()["content"]["results"]

    told = [[failure["serial"] for failure in each["devices"]["failure"]] for each in results]
    assert told == [[f"S{number:03}" for number in range(100)]] * 2
    assert len(get(api, results[0]["id"])["devices"]["failure"]) == 120


def test_of_many_failures_a_thousand_are_kept(
    tenant: Tenant, server: DepServer, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(sync_ends, "MOST_FAILURES", 3)
    for _ in range(5):
        DepDeviceFactory(server, assign_result="FAILED", assign_reason="Apple: no.", assign_not_before=timezone.now())
    sync = DepSyncFactory(tenant, status="INPROGRESS", ended_at=None)
    DepServer.objects.update(sync=sync, sync_due_at=timezone.now() + dt.timedelta(hours=1))

    assert sync_ends.end_sync(sync) is True

    sync.refresh_from_db()
    assert (sync.status, sync.failures.count()) == ("COMPLETE", 3)
    assert sync.failure_reason == "5 devices failed; 3 of them are listed."
