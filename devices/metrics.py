"""Figures of the fleet, for /metrics."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily, Metric

from devices.models import Device, DeviceState
from tenants.models import Tenant


def collect() -> Iterator[Metric]:
    devices = GaugeMetricFamily(
        "muster_devices",
        "Devices by platform and state; removed ones are Disabled.",
        labels=("tenant", "tenant_id", "platform", "state"),
    )
    names = dict(Tenant.objects.values_list("pk", "name"))
    counted = Device.objects.order_by().values_list("tenant", "platform", "state").annotate(total=Count("*"))
    for tenant_id, platform, state, count in counted:
        devices.add_metric((names.get(tenant_id, ""), str(tenant_id), platform, DeviceState(state).label), count)
    yield devices
