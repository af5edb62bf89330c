"""Figures of what Apple gave the tenants, for /metrics."""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from tenants.credentials import Credential, credentials_in_use
from tenants.models import ExpiryWarning

CREDENTIAL = ("tenant", "tenant_id", "kind", "name", "id")
DAY = 86_400


def collect() -> Iterator[Metric]:
    now = timezone.now()
    expiry = GaugeMetricFamily(
        "muster_credential_expiry_timestamp_seconds", "When a credential in use ends.", labels=CREDENTIAL
    )
    remaining = GaugeMetricFamily(
        "muster_credential_remaining_days", "Days until then; below 0 once it is over.", labels=CREDENTIAL
    )
    usable = GaugeMetricFamily(
        "muster_credential_usable", "1 while it is in date and Apple has not refused it, else 0.", labels=CREDENTIAL
    )
    for each in credentials_in_use():
        labels = _labels(each)
        expiry.add_metric(labels, each.expires_at.timestamp())
        remaining.add_metric(labels, (each.expires_at - now).total_seconds() / DAY)
        usable.add_metric(labels, 0 if each.trouble or each.is_over(now) else 1)
    yield from (expiry, remaining, usable)
    yield GaugeMetricFamily(
        "muster_expiry_mails_waiting",
        "Warnings whose e-mail was neither sent nor given up.",
        value=ExpiryWarning.objects.filter(mail_done_at=None).count(),
    )


def _labels(each: Credential) -> tuple[str, ...]:
    """Without a tenant it is the installation's."""
    tenant = (each.tenant.name, str(each.tenant.pk)) if each.tenant else ("", "")
    return (*tenant, each.kind.value, each.name, each.object_id)
