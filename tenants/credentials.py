"""What expires: the credentials that Apple gave a tenant, and the installation's own certificates.

A credential that another one has replaced is not in use: nobody needs to hear of its end.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography import x509
from django.conf import settings
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
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
TenantIds = Collection[uuid.UUID] | None  # None: all
STOPPED = Q(topic_stopped_at__isnull=False)  # Apple refuses the certificate
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


def credentials_in_use(tenant_ids: TenantIds = None, *, ending_before: dt.datetime | None = None) -> list[Credential]:
    """Those of these tenants, or of all and the installation's too; what ends first comes first. Three queries.

    `ending_before`: only those that have ended by then, and those that are of no use already.
    """
    found = [*_apns(tenant_ids, ending_before), *_dep(tenant_ids, ending_before), *_vpp(tenant_ids, ending_before)]
    if tenant_ids is None:
        found += [each for each in _of_installation() if ending_before is None or each.expires_at <= ending_before]
    return sorted(found, key=lambda each: each.expires_at)


def troubled_credentials(tenant_ids: TenantIds = None) -> list[Credential]:
    """Those that somebody should renew: refused, over, or over within SOON days."""
    return credentials_in_use(tenant_ids, ending_before=_soon())


def troubled_kinds(tenant_ids: TenantIds = None) -> dict[Kind, list[bool]]:
    """The same of tenants only, as one query: for each of them, whether it is of no use now."""
    over = Q(ends__lte=timezone.now())
    kinds: list[tuple[Kind, QuerySet[Any], Q]] = [
        (Kind.APNS, _apns_rows(tenant_ids, _soon()).annotate(ends=F("cert_expiry_on")), over | STOPPED),
        (Kind.DEP, dep_tokens_in_use(tenant_ids, _soon()).annotate(ends=F("token_expiry_on")), over),
        (Kind.VPP, _vpp_rows(tenant_ids, _soon()).annotate(ends=F("token_expiry_on")), over),
    ]
    first, *others = (
        rows.order_by()
        .annotate(kind=Value(str(kind)), urgent=ExpressionWrapper(urgent, models.BooleanField()))
        .values_list("kind", "urgent")
        for kind, rows, urgent in kinds
    )
    found: dict[Kind, list[bool]] = defaultdict(list)
    for kind, urgent in first.union(*others, all=True):
        found[Kind(kind)].append(urgent)
    return found


def _soon() -> dt.datetime:
    return timezone.now() + dt.timedelta(days=SOON)


def _apns_rows(tenant_ids: TenantIds, ending_before: dt.datetime | None) -> QuerySet[ApnsCertificate]:
    completed = ApnsCertificate.objects.filter(state=ApnsCertificate.State.COMPLETED)
    newer = completed.exclude(STOPPED).filter(
        tenant=OuterRef("tenant"), topic=OuterRef("topic"), cert_expiry_on__gt=OuterRef("cert_expiry_on")
    )
    rows = _of_tenants(completed.filter(~Exists(newer)), tenant_ids)
    return rows if ending_before is None else rows.filter(Q(cert_expiry_on__lte=ending_before) | STOPPED)


def _apns(tenant_ids: TenantIds, ending_before: dt.datetime | None) -> Iterator[Credential]:
    shown = _apns_rows(tenant_ids, ending_before).select_related("tenant")
    for row in shown.only("tenant", "topic", "cert_expiry_on", "topic_stopped_at", "topic_stopped_reason"):
        assert row.cert_expiry_on is not None  # a completed certificate has one
        trouble = f"Apple refuses it ({row.topic_stopped_reason})" if row.topic_stopped_at else ""
        yield Credential(Kind.APNS, row.tenant, str(row.pk), row.topic, row.cert_expiry_on, trouble)


def newer_dep_tokens() -> QuerySet[DepToken]:
    """For `Exists`: a later token of the same MDM server at Apple replaces an earlier one, in whichever record."""
    completed = DepToken.objects.filter(state=DepToken.State.COMPLETED).exclude(server_key="")
    return completed.filter(
        tenant=OuterRef("tenant"), server_key=OuterRef("server_key"), token_expiry_on__gt=OuterRef("token_expiry_on")
    )


def dep_tokens_in_use(tenant_ids: TenantIds = None, ending_before: dt.datetime | None = None) -> QuerySet[DepToken]:
    completed = DepToken.objects.filter(state=DepToken.State.COMPLETED)
    rows = _of_tenants(completed.filter(~Exists(newer_dep_tokens())), tenant_ids)
    return rows if ending_before is None else rows.filter(token_expiry_on__lte=ending_before)


def _dep(tenant_ids: TenantIds, ending_before: dt.datetime | None) -> Iterator[Credential]:
    shown = dep_tokens_in_use(tenant_ids, ending_before).select_related("tenant")
    for row in shown.only("tenant", "token_name", "token_expiry_on"):
        assert row.token_expiry_on is not None  # a completed token has one
        yield Credential(Kind.DEP, row.tenant, str(row.pk), str(row), row.token_expiry_on)


def _vpp_rows(tenant_ids: TenantIds, ending_before: dt.datetime | None) -> QuerySet[VppToken]:
    rows = _of_tenants(VppToken.objects.all(), tenant_ids)
    return rows if ending_before is None else rows.filter(token_expiry_on__lte=ending_before)


def _vpp(tenant_ids: TenantIds, ending_before: dt.datetime | None) -> Iterator[Credential]:
    shown = _vpp_rows(tenant_ids, ending_before).select_related("tenant")
    for row in shown.only("tenant", "org_name", "token_expiry_on"):
        yield Credential(Kind.VPP, row.tenant, str(row.pk), str(row), row.token_expiry_on)


def _of_tenants(rows: QuerySet[M], tenant_ids: TenantIds) -> QuerySet[M]:
    return rows.order_by("pk") if tenant_ids is None else rows.order_by("pk").filter(tenant_id__in=tenant_ids)


def _of_installation() -> Iterator[Credential]:
    for kind, setting in SETTINGS.items():
        text = getattr(settings, setting)
        try:
            certificate = x509.load_pem_x509_certificates(text.encode())[0] if text else None
        except ValueError:
            certificate = None  # `check --deploy` says so
        if certificate is not None:
            yield Credential(kind, None, setting, certificate.subject.rfc4514_string(), certificate.not_valid_after_utc)
