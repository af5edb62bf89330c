"""Figures of onboarding, for /metrics."""

from collections.abc import Iterator

from django.db.models import Count, Q
from prometheus_client.core import GaugeMetricFamily, Metric

from onboarding.models import DepDevice, DepServer
from onboarding.services.dep.servers import has_token
from tenants.models import Tenant

SERVER = ("tenant", "tenant_id", "server", "server_id")
TENANT = ("tenant", "tenant_id")


def collect() -> Iterator[Metric]:
    """Of servers that there is a token of; the others are read no more."""
    names = {pk: (name, str(pk)) for pk, name in Tenant.objects.values_list("pk", "name")}
    servers = list(
        DepServer.objects.filter(has_token()).only("tenant_id", "name", "created_at", "problem", "trouble", "synced_at")
    )
    synced = GaugeMetricFamily(
        "muster_dep_sync_timestamp_seconds", "When a DEP server was last read; 0: never.", labels=SERVER
    )
    troubled = GaugeMetricFamily(
        "muster_dep_server_troubled",
        "1: somebody must mend it, or it could not be read last time; the console says why.",
        labels=SERVER,
    )
    for server in servers:
        labels = (*names[server.tenant_id], str(server), str(server.pk))
        synced.add_metric(labels, server.synced_at.timestamp() if server.synced_at else 0)
        troubled.add_metric(labels, bool(server.problem or server.trouble))
    yield from (synced, troubled)
    listed = GaugeMetricFamily("muster_dep_devices", "Devices in Apple's lists.", labels=TENANT)
    unassigned = GaugeMetricFamily(
        "muster_dep_devices_unassigned", "Of them, those that Apple has given no profile of ours.", labels=TENANT
    )
    rows = DepDevice.objects.filter(removed_at__isnull=True).order_by()
    counted = rows.values_list("server__tenant").annotate(
        total=Count("*"), without=Count("pk", filter=Q(assigned_uuid=""))
    )
    found = {tenant_id: (total, without) for tenant_id, total, without in counted}
    for tenant_id in dict.fromkeys(server.tenant_id for server in servers):
        total, without = found.get(tenant_id, (0, 0))
        listed.add_metric(names[tenant_id], total)
        unassigned.add_metric(names[tenant_id], without)
    yield from (listed, unassigned)
