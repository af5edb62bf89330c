"""Whether credentials can be used: in date, not refused by Apple, their secrets open, key and certificate fit."""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from tenants.credentials import SETTINGS, Credential, Kind, credentials_in_use
from tenants.crypto.push_requests import UnusableVendor
from tenants.models import ApnsCertificate, DepToken, DeviceAuthority, Tenant, VppToken
from tenants.sealing import SealError
from tenants.selectors import SEALED_IN_DEP_TOKENS
from tenants.services.push_requests import configured_vendor

AUTHORITY = "device_authority"
LABELS = {**{kind.value: kind.label for kind in Kind}, AUTHORITY: "device authority"}
T = TypeVar("T")
M = TypeVar("M", bound=Model)
Faults = dict[tuple[str, str], str]  # by kind and object


class Verdict(IntEnum):
    """As Nagios counts."""

    GOOD = 0
    ENDS_SOON = 1
    FAILED = 2


@dataclass(frozen=True)
class Inspected:
    kind: str
    tenant: Tenant | None  # None: the installation's
    object_id: str
    name: str
    expires_at: dt.datetime | None  # None: nothing was uploaded yet, or it cannot be read
    verdict: Verdict
    remark: str = ""

    @property
    def label(self) -> str:
        return LABELS[self.kind]

    def days_left(self, now: dt.datetime | None = None) -> int | None:
        return None if self.expires_at is None else (self.expires_at - (now or timezone.now())).days


def inspect_credentials(*, within: dt.timedelta, tenant: Tenant | None = None) -> list[Inspected]:
    """Of the tenant, or of all and the installation's too: what is in use by its end, then what waits.

    A device authority is told of only when something is wrong with it.
    """
    ids = None if tenant is None else [tenant.pk]
    used = credentials_in_use(ids)
    faults = {**_faults_of_tenants(ids, used), **({} if tenant else _faults_of_installation())}
    lines = [_inspected(each, faults.pop((each.kind, each.object_id), ""), within) for each in used]
    return [*lines, *_waiting(ids, faults), *_authorities(ids), *_unreadable(faults)]


def _inspected(each: Credential, fault: str, within: dt.timedelta) -> Inspected:
    now, remarks = timezone.now(), [text for text in (each.trouble, fault) if text]
    verdict = Verdict.FAILED if remarks else Verdict.GOOD
    if each.is_over(now):
        verdict, remarks = Verdict.FAILED, ["It is over: renew it", *remarks]
    elif each.expires_at - now <= within:
        verdict, remarks = max(verdict, Verdict.ENDS_SOON), ["Renew it", *remarks]
    return Inspected(each.kind, each.tenant, each.object_id, each.name, each.expires_at, verdict, "; ".join(remarks))


# What waits for its upload, and what is told only when it is broken --------------------------------------------------
def _waiting(ids: Collection[uuid.UUID] | None, faults: Faults) -> Iterator[Inspected]:
    waiting: list[tuple[Kind, QuerySet[Any]]] = [
        (Kind.APNS, ApnsCertificate.objects.filter(state="CSR_GENERATED")),
        (Kind.DEP, DepToken.objects.filter(state="CSR_GENERATED")),
    ]
    for kind, rows in waiting:
        for row in _of_tenants(rows, ids).only("tenant", "created_at"):
            fault = faults.pop((kind, str(row.pk)), "")
            remark = f"Waits for the upload of what Apple gives, since {row.created_at:%Y-%m-%d}"
            if fault:
                remark = f"Make a new one, and delete this: {fault}"
            verdict = Verdict.FAILED if fault else Verdict.GOOD
            yield Inspected(kind, row.tenant, str(row.pk), "", None, verdict, remark)


def _authorities(ids: Collection[uuid.UUID] | None) -> Iterator[Inspected]:
    for row in _of_tenants(DeviceAuthority.objects.all(), ids).iterator(chunk_size=100):
        fault = _fault(_open_authority, row)
        if fault:
            remark = f"Devices cannot enrol: {fault}"
            yield Inspected(AUTHORITY, row.tenant, str(row.pk), str(row), None, Verdict.FAILED, remark)


def _unreadable(faults: Faults) -> Iterator[Inspected]:
    """Certificates of the installation that are set and cannot be read."""
    for (kind, name), fault in faults.items():
        if name in SETTINGS.values():
            yield Inspected(kind, None, name, name, None, Verdict.FAILED, fault)


# Whether they open, and fit ------------------------------------------------------------------------------------------
class _Misfit(Exception):
    """What is wrong, for people."""


def _faults_of_tenants(ids: Collection[uuid.UUID] | None, used: Collection[Credential]) -> Faults:
    """Of what is in use or waits."""
    looked_at: list[tuple[Kind, QuerySet[Any], Callable[[Any], object]]] = [
        (Kind.APNS, ApnsCertificate.objects.filter(_waits_or_is(Kind.APNS, used)), _open_apns),
        (Kind.DEP, DepToken.objects.filter(_waits_or_is(Kind.DEP, used)), _open_dep),
        (Kind.VPP, VppToken.objects.all(), _open_vpp),
    ]
    found = {
        (kind.value, str(row.pk)): _fault(attempt, row)
        for kind, rows, attempt in looked_at
        for row in _of_tenants(rows, ids).iterator(chunk_size=100)
    }
    return {place: fault for place, fault in found.items() if fault}


def _of_tenants(rows: QuerySet[M], ids: Collection[uuid.UUID] | None) -> QuerySet[M]:
    shown = rows.select_related("tenant").order_by("pk")
    return shown if ids is None else shown.filter(tenant_id__in=ids)


def _waits_or_is(kind: Kind, used: Collection[Credential]) -> Q:
    return Q(state="CSR_GENERATED") | Q(pk__in=[each.object_id for each in used if each.kind == kind])


def _fault(attempt: Callable[[T], object], subject: T) -> str:
    try:
        attempt(subject)
    except SealError as error:
        return f"a secret of it does not open: {error.reason}"
    except _Misfit as error:
        return str(error)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return "its key or its certificate cannot be read"
    return ""


def _open_apns(row: ApnsCertificate) -> None:
    if row.state == ApnsCertificate.State.COMPLETED:
        _require_fit(row.private_key, row.certificate)
    else:
        _load_key(row.private_key)


def _open_dep(row: DepToken) -> None:
    _require_fit(row.private_key, row.certificate)
    for column in SEALED_IN_DEP_TOKENS:
        getattr(row, column)


def _open_vpp(row: VppToken) -> None:
    if not row.token:
        raise _Misfit("it is empty")


def _open_authority(row: DeviceAuthority) -> None:
    _require_fit(row.private_key, row.certificate)
    _require_fit(row.signer_private_key, row.signer_certificate)


def _open_signing(pair: tuple[str, str]) -> None:
    _require_fit(pair[0].encode(), pair[1])


def _require_fit(key_pem: bytes, certificate_pem: str) -> None:
    certificate = x509.load_pem_x509_certificates(certificate_pem.encode())[0]
    if _load_key(key_pem) != certificate.public_key():
        raise _Misfit("its key and its certificate do not fit together")


def _load_key(pem: bytes) -> object:
    """The public half. Proving the primes again would cost more than all the rest."""
    return load_pem_private_key(bytes(pem), password=None, unsafe_skip_rsa_key_validation=True).public_key()


def _faults_of_installation() -> Faults:
    faults = {}
    try:
        configured_vendor()
    except UnusableVendor as error:
        faults[(Kind.VENDOR.value, SETTINGS[Kind.VENDOR])] = str(error)
    if settings.PROFILE_SIGNING_CERTIFICATE:
        fault = _fault(_open_signing, (settings.PROFILE_SIGNING_KEY, settings.PROFILE_SIGNING_CERTIFICATE))
        if fault:
            faults[(Kind.SIGNING.value, SETTINGS[Kind.SIGNING])] = fault
    return faults
