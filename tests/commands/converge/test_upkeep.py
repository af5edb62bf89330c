"""Converges grow old, and are counted."""

import datetime as dt
from typing import Any

from django.utils import timezone

from commands.models import CommandRequest, CommandStatus, Converge, ConvergeStep
from commands.models.status import State
from commands.services.retention import prune_commands, prune_converges
from tenants.models import Tenant
from tests.factories.converges import ConvergeFactory, sent
from tests.factories.metrics import figures

Status = Converge.Status
MONTH = dt.timedelta(days=30)
LONG_AGO = dt.timedelta(days=31)


def old(tenant: Tenant, **fields: Any) -> Converge:
    converge = ConvergeFactory(tenant=tenant, **fields)
    sent(converge, state=State.SUCCESS)
    ago = timezone.now() - LONG_AGO
    CommandStatus.objects.update(updated_at=ago)
    CommandRequest.objects.update(created_at=ago)
    return converge


def test_old_converges_are_deleted_and_their_requests_stay(tenant: Tenant) -> None:
    old(tenant, status=Status.SUCCESS, ended_at=timezone.now() - LONG_AGO)
    young = ConvergeFactory(tenant=tenant, status=Status.FAILURE, ended_at=timezone.now())

    assert prune_converges(older_than=MONTH) == 1

    assert [row.pk for row in Converge.objects.all()] == [young.pk]
    assert not ConvergeStep.objects.exists()
    assert CommandRequest.objects.count() == 1


def test_rows_of_a_converge_that_still_runs_are_kept(tenant: Tenant) -> None:
    """It looks back at them when it ends."""
    converge = old(tenant, status=Status.IN_PROGRESS)

    assert prune_commands(older_than=MONTH) == 0
    Converge.objects.filter(pk=converge.pk).update(status=Status.SUCCESS)

    assert prune_commands(older_than=MONTH) == 1


def test_open_and_failed_ones_are_counted_by_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    now = timezone.now()
    for status in (Status.QUEUED, Status.QUEUED, Status.IN_PROGRESS, Status.SUCCESS):
        ConvergeFactory(tenant=tenant, status=status)
    ConvergeFactory(tenant=other_tenant, status=Status.FAILURE, ended_at=now)
    ConvergeFactory(tenant=other_tenant, status=Status.FAILURE, ended_at=now - dt.timedelta(days=2))

    assert figures("muster_converges_open", by=("tenant", "status")) == {
        ("Ours", "QUEUED"): 2,
        ("Ours", "IN_PROGRESS"): 1,
    }
    assert figures("muster_converges_failed", by=("tenant",)) == {"Ours": 0, "Theirs": 1}
