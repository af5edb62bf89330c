"""Figures of the queue and of waking devices, for /metrics."""

import datetime as dt
import uuid
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from commands.models import AppleEnrolment, CommandStatus, Converge
from commands.models.status import OPEN
from commands.services.set_up.waiting import waiting
from tenants.models import Tenant

TENANT = ("tenant", "tenant_id")
LATELY = dt.timedelta(days=1)
Names = dict[uuid.UUID, tuple[str, str]]
STUCK = dt.timedelta(minutes=5)  # for a device that was told to go on, to do so
OVERDUE = dt.timedelta(minutes=1)  # a worker looks every 10 seconds


def collect() -> Iterator[Metric]:
    names = {pk: (name, str(pk)) for pk, name in Tenant.objects.values_list("pk", "name")}
    yield _waiting(names)
    yield from _converges(names)
    yield from _enrolments(names)
    yield from _set_up(names)
    yield from _wakes(names)


def _waiting(names: Names) -> Metric:
    """By the index of tenants and states: ended rows, which are most, are not looked at."""
    waiting = GaugeMetricFamily(
        "muster_commands_waiting", "Rows of commands that have not ended, by state.", labels=(*TENANT, "state")
    )
    rows = CommandStatus.objects.filter(tenant_id__in=list(names), state__in=OPEN).order_by()
    for tenant_id, state, count in rows.values_list("tenant", "state").annotate(total=Count("*")):
        waiting.add_metric((*names[tenant_id], state), count)
    return waiting


def _converges(names: Names) -> Iterator[Metric]:
    """Those that have ended, which are most, are not looked at but for the last day's."""
    waiting = GaugeMetricFamily(
        "muster_converges_open", "Converges that have not ended, by status.", labels=(*TENANT, "status")
    )
    rows = Converge.objects.filter(status__in=Converge.OPEN).order_by()
    for tenant_id, status, count in rows.values_list("tenant", "status").annotate(total=Count("*")):
        waiting.add_metric((*names.get(tenant_id, ("", str(tenant_id))), status), count)
    failed = GaugeMetricFamily("muster_converges_failed", "Converges that failed in the last day.", labels=TENANT)
    lately = Converge.objects.filter(ended_at__gte=timezone.now() - LATELY, status=Converge.Status.FAILURE).order_by()
    found = dict(lately.values_list("tenant").annotate(total=Count("*")))
    for tenant_id, labels in names.items():
        failed.add_metric(labels, found.get(tenant_id, 0))
    yield from (waiting, failed)


def _enrolments(names: Names) -> Iterator[Metric]:
    enrolled = GaugeMetricFamily("muster_apple_devices_enrolled", "Apple devices that are enrolled.", labels=TENANT)
    dead = GaugeMetricFamily(
        "muster_apple_devices_unreachable", "Of them, those whose push token is dead.", labels=TENANT
    )
    rows = AppleEnrolment.objects.filter(channel=AppleEnrolment.Channel.DEVICE, enabled_at__isnull=False).order_by()
    is_dead = Count("pk", filter=Q(push_token_dead_at__isnull=False))
    for tenant_id, count, of_them in rows.values_list("tenant").annotate(total=Count("*"), dead=is_dead):
        enrolled.add_metric(names.get(tenant_id, ("", str(tenant_id))), count)
        dead.add_metric(names.get(tenant_id, ("", str(tenant_id))), of_them)
    yield from (enrolled, dead)


def _set_up(names: Names) -> Iterator[Metric]:
    """By an index of those that wait."""
    waits = GaugeMetricFamily(
        "muster_apple_devices_in_set_up", "Devices that wait in their set-up assistant.", labels=TENANT
    )
    stuck = GaugeMetricFamily(
        "muster_apple_devices_stuck_in_set_up", "Of them, those that should have gone on long ago.", labels=TENANT
    )
    late = timezone.now() - dt.timedelta(seconds=settings.ADE_RELEASE_SECONDS) - STUCK
    is_stuck = Count("pk", filter=Q(enabled_at__lte=late))
    rows = waiting().order_by().values_list("tenant").annotate(total=Count("*"), late=is_stuck)
    found = {tenant_id: (count, of_them) for tenant_id, count, of_them in rows}
    for tenant_id, labels in names.items():
        count, of_them = found.get(tenant_id, (0, 0))
        waits.add_metric(labels, count)
        stuck.add_metric(labels, of_them)
    yield from (waits, stuck)


def _wakes(names: Names) -> Iterator[Metric]:
    overdue = GaugeMetricFamily(
        "muster_wakes_overdue", "Devices that should have been pushed a minute ago and were not.", labels=TENANT
    )
    oldest = GaugeMetricFamily(
        "muster_wakes_overdue_oldest_timestamp_seconds", "Since when the first of them waits.", labels=TENANT
    )
    due = AppleEnrolment.objects.filter(wake_at__lte=timezone.now() - OVERDUE, enabled_at__isnull=False).order_by()
    mine = due.filter(channel=AppleEnrolment.Channel.DEVICE)
    found = {row[0]: row[1:] for row in mine.values_list("tenant").annotate(total=Count("*"), since=Min("wake_at"))}
    for tenant_id, labels in names.items():
        count, since = found.get(tenant_id, (0, None))
        overdue.add_metric(labels, count)
        if since is not None:
            oldest.add_metric(labels, since.timestamp())
    yield from (overdue, oldest)
