"""Credentials that end soon, and what was told of them."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tenants.models import ApnsCertificate, DepToken, ExpiryWarning, Tenant, VppToken
from tests.factories.apple_tokens import CompletedDepTokenFactory, VppTokenFactory
from tests.factories.console import apns_certificate

HOUR = dt.timedelta(hours=1)


def ending(days: float) -> dt.datetime:
    """So many days from now, and an hour, so that they are whole for the length of a test."""
    return timezone.now() + dt.timedelta(days=days) + HOUR


def apns_ending(tenant: Tenant, days: float, **fields: Any) -> ApnsCertificate:
    return apns_certificate(tenant, **{"cert_expiry_on": ending(days), **fields})


def dep_ending(tenant: Tenant, days: float, **fields: Any) -> DepToken:
    row = CompletedDepTokenFactory(tenant)
    DepToken.objects.filter(pk=row.pk).update(token_expiry_on=ending(days), **fields)
    return DepToken.objects.get(pk=row.pk)


def vpp_ending(tenant: Tenant, days: float, **fields: Any) -> VppToken:
    return VppTokenFactory(tenant, token_expiry_on=ending(days), **fields)


def outcomes(tenant: Tenant | None) -> list[str]:
    rows = ExpiryWarning.objects.filter(tenant=tenant).order_by("pk")
    return list(rows.values_list("mail_outcome", flat=True))


def events(caplog: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    messages = [record.msg for record in caplog.records]
    return [each for each in messages if isinstance(each, dict) and each["event"] == name]
