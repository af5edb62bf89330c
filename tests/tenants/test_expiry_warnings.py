"""Each step before the end of a credential is told once, and none of the steps before it."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from django.utils import timezone
from pytest_django import Settings

from tenants.models import ApnsCertificate, ExpiryWarning, Tenant, VppToken
from tenants.services.expiry_warnings import give_warnings
from tests.factories.expiry import HOUR, apns_ending, dep_ending, events, vpp_ending
from tests.factories.pki import identity, pem, rsa_key
from tests.factories.tenants import TenantFactory
from tests.factories.threads import all_at_once


def steps(tenant: Tenant | None) -> list[int]:
    return list(ExpiryWarning.objects.filter(tenant=tenant).order_by("pk").values_list("days", flat=True))


def test_gives_each_step_once_as_the_end_comes_nearer(tenant: Tenant, other_tenant: Tenant) -> None:
    end = timezone.now() + dt.timedelta(days=70)
    apns_ending(tenant, 0, cert_expiry_on=end)
    apns_ending(other_tenant, 300)

    with time_machine.travel(end - dt.timedelta(days=65), tick=False) as clock:
        for _ in range(70 * 2):  # every twelve hours, on past the end
            give_warnings()
            clock.shift(12 * HOUR)

    assert steps(tenant) == [60, 30, 14, 7, 1, 0]
    assert steps(other_tenant) == []


def test_what_is_found_late_gets_the_step_it_has_reached_and_none_before_it(tenant: Tenant) -> None:
    apns_ending(tenant, 5)

    give_warnings()
    give_warnings()

    assert steps(tenant) == [7]


def test_what_is_over_already_is_told_as_over(tenant: Tenant) -> None:
    vpp_ending(tenant, -40)

    give_warnings()

    assert steps(tenant) == [0]


def test_tells_every_kind_of_every_tenant_and_of_the_installation(
    tenant: Tenant, other_tenant: Tenant, settings: Settings
) -> None:
    soon = timezone.now() + dt.timedelta(days=5)
    settings.MDM_VENDOR_CERTIFICATE = pem(identity("Vendor", not_after=soon).certificate)
    settings.PROFILE_SIGNING_CERTIFICATE = pem(identity("Signer", not_after=soon).certificate)
    rows: list[Any] = [apns_ending(tenant, 50), dep_ending(tenant, 20), vpp_ending(other_tenant, 10)]

    give_warnings()

    given = ExpiryWarning.objects.order_by("kind").values_list("kind", "object_id", "tenant", "days")
    assert list(given) == [
        ("apns_certificate", str(rows[0].pk), tenant.pk, 60),
        ("dep_token", str(rows[1].pk), tenant.pk, 30),
        ("mdm_vendor_certificate", "MDM_VENDOR_CERTIFICATE", None, 7),
        ("profile_signing_certificate", "PROFILE_SIGNING_CERTIFICATE", None, 7),
        ("vpp_token", str(rows[2].pk), other_tenant.pk, 14),
    ]


def test_a_renewed_credential_has_warnings_of_its_own(tenant: Tenant) -> None:
    row = apns_ending(tenant, 20)
    give_warnings()
    ApnsCertificate.objects.filter(pk=row.pk).update(cert_expiry_on=timezone.now() + dt.timedelta(days=365))
    give_warnings()

    with time_machine.travel(timezone.now() + dt.timedelta(days=340)):
        give_warnings()

    assert steps(tenant) == [30, 30]


def test_a_replaced_credential_is_not_told_of(tenant: Tenant) -> None:
    apns_ending(tenant, 5)
    apns_ending(tenant, 300)

    give_warnings()

    assert steps(tenant) == []


@pytest.mark.parametrize(
    ("days", "level"), [(50, "warning"), (8, "warning"), (7, "error"), (1, "error"), (-1, "error")]
)
def test_each_warning_is_logged_once_and_is_an_error_in_the_last_week(
    tenant: Tenant, other_tenant: Tenant, caplog: pytest.LogCaptureFixture, days: int, level: str
) -> None:
    row = apns_ending(tenant, days)
    apns_ending(other_tenant, 300)

    give_warnings()
    give_warnings()

    (event,) = events(caplog, "credential_expires")
    assert row.cert_expiry_on is not None
    assert {name: event[name] for name in ("kind", "tenant", "object_id", "name", "expires_at", "days_left")} == {
        "kind": "apns_certificate",
        "tenant": str(tenant.pk),
        "object_id": str(row.pk),
        "name": row.topic,
        "expires_at": row.cert_expiry_on.isoformat(),
        "days_left": days,
    }
    assert event["level"] == level


def test_the_log_holds_nothing_secret_and_one_line_per_event(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    apns_ending(tenant, 5)
    dep_ending(tenant, 5)
    vpp_ending(tenant, 5, org_name="Evil\nlevel=error event=forged\x1b[31m" + "x" * 200)

    give_warnings()

    told = events(caplog, "credential_expires")
    assert len(told) == 3
    assert not any(word in str(told) for word in ("planted", "apns-private-key"))
    names = [event["name"] for event in told]
    assert all(name.isprintable() and len(name) <= 100 for name in names)


def test_a_name_that_is_too_long_for_its_column_is_cut(settings: Settings, db: None) -> None:
    units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, letter * 60) for letter in "abcdef"]
    now, key = timezone.now(), rsa_key("Vendor")
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name(units), key.public_key(), 1, now, now + 5 * 24 * HOUR)
    settings.MDM_VENDOR_CERTIFICATE = pem(builder.sign(key, hashes.SHA256()))

    give_warnings()

    assert len(ExpiryWarning.objects.get().name) == 255


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_give_each_warning_once(caplog: pytest.LogCaptureFixture) -> None:
    tenants = [TenantFactory() for _ in range(3)]
    for each in tenants:
        apns_ending(each, 5)
        dep_ending(each, 5)
        vpp_ending(each, 5)

    all_at_once(*[give_warnings] * 4)

    assert ExpiryWarning.objects.count() == 9
    assert len(events(caplog, "credential_expires")) == 9
    assert VppToken.objects.count() == 3
