"""What expires: the credentials that Apple gave a tenant, and the installation's own certificates.

A credential that another one has replaced is not in use: nobody needs to hear of its end.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from tenants.models import ApnsCertificate, DepToken, Tenant, VppToken

WARNING_DAYS = (60, 30, 14, 7, 1)  # before the end
OVER = 0  # the step once it is over
SOON = 30  # days from which the console says "expires soon"


class Kind(models.TextChoices):
    APNS = "apns_certificate", "APNs certificate"
    DEP = "dep_token", "DEP token"
    VPP = "vpp_token", "VPP token"
    VENDOR = "mdm_vendor_certificate", "MDM vendor certificate"
    SIGNING = "profile_signing_certificate", "profile signing certificate"


M = TypeVar("M", bound=models.Model)
SETTINGS = {Kind.VENDOR: "MDM_VENDOR_CERTIFICATE", Kind.SIGNING: "PROFILE_SIGNING_CERTIFICATE"}


@dataclass(frozen=True)
class Credential:
    kind: Kind
    tenant: Tenant | None  # None: the installation's
    object_id: str  # of the row; the setting's name for the installation's
    name: str  # topic, name of the token, organisation
    expires_at: dt.datetime
    trouble: str = ""  # why it is of no use although it is in date

    def days_left(self, now: dt.datetime | None = None) -> int:
        """Whole days; negative once it is over."""
        return (self.expires_at - (now or timezone.now())).days

    def is_over(self, now: dt.datetime | None = None) -> bool:
        return self.expires_at <= (now or timezone.now())

    def step(self, now: dt.datetime | None = None) -> int | None:
        """The most urgent of WARNING_DAYS that is reached, OVER once it has expired, None before the first one."""
        moment = now or timezone.now()
        if self.is_over(moment):
            return OVER
        reached = [days for days in WARNING_DAYS if self.expires_at - moment <= dt.timedelta(days=days)]
        return min(reached, default=None)


def credentials_in_use(tenant_ids: Collection[uuid.UUID] | None = None) -> list[Credential]:
    """Those of these tenants, or of all and the installation's too; what ends first comes first. Three queries."""
    found = [*_apns(tenant_ids), *_dep(tenant_ids), *_vpp(tenant_ids)]
    if tenant_ids is None:
        found += _of_installation()
    return sorted(found, key=lambda each: each.expires_at)


def _apns(tenant_ids: Collection[uuid.UUID] | None) -> Iterator[Credential]:
    completed = ApnsCertificate.objects.filter(state=ApnsCertificate.State.COMPLETED)
    newer = completed.filter(
        tenant=OuterRef("tenant"), topic=OuterRef("topic"), cert_expiry_on__gt=OuterRef("cert_expiry_on")
    )
    rows = _of_tenants(completed.filter(~Exists(newer)), tenant_ids)
    for row in rows.only("tenant", "topic", "cert_expiry_on", "topic_stopped_at", "topic_stopped_reason"):
        assert row.cert_expiry_on is not None  # a completed certificate has one
        trouble = f"Apple refuses it ({row.topic_stopped_reason})" if row.topic_stopped_at else ""
        yield Credential(Kind.APNS, row.tenant, str(row.pk), row.topic, row.cert_expiry_on, trouble)


def _dep(tenant_ids: Collection[uuid.UUID] | None) -> Iterator[Credential]:
    """A later token of the same MDM server at Apple replaces an earlier one, whichever record holds it."""
    completed = DepToken.objects.filter(state=DepToken.State.COMPLETED)
    newer = completed.exclude(server_key="").filter(
        tenant=OuterRef("tenant"), server_key=OuterRef("server_key"), token_expiry_on__gt=OuterRef("token_expiry_on")
    )
    rows = _of_tenants(completed.filter(~Exists(newer)), tenant_ids)
    for row in rows.only("tenant", "token_name", "token_expiry_on"):
        assert row.token_expiry_on is not None  # a completed token has one
        yield Credential(Kind.DEP, row.tenant, str(row.pk), str(row), row.token_expiry_on)


def _vpp(tenant_ids: Collection[uuid.UUID] | None) -> Iterator[Credential]:
    for row in _of_tenants(VppToken.objects.all(), tenant_ids).only("tenant", "org_name", "token_expiry_on"):
        yield Credential(Kind.VPP, row.tenant, str(row.pk), str(row), row.token_expiry_on)


def _of_tenants(rows: QuerySet[M], tenant_ids: Collection[uuid.UUID] | None) -> QuerySet[M]:
    shown = rows.select_related("tenant").order_by("pk")
    return shown if tenant_ids is None else shown.filter(tenant_id__in=tenant_ids)


def _of_installation() -> Iterator[Credential]:
    for kind, setting in SETTINGS.items():
        text = getattr(settings, setting)
        try:
            certificate = x509.load_pem_x509_certificates(text.encode())[0] if text else None
        except ValueError:
            certificate = None  # `check --deploy` says so
        if certificate is not None:
            yield Credential(kind, None, setting, certificate.subject.rfc4514_string(), certificate.not_valid_after_utc)
