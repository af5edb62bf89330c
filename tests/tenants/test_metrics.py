"""/metrics: what Apple gave the tenants."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from tenants.models import ExpiryWarning, Tenant
from tests.factories.apns_certificates import waiting_certificate
from tests.factories.apple_tokens import CompletedDepTokenFactory, VppTokenFactory
from tests.factories.console import apns_certificate
from tests.factories.metrics import figures
from tests.factories.pki import identity, pem

EXPIRY = "muster_credential_expiry_timestamp_seconds"
REMAINING = "muster_credential_remaining_days"
USABLE = "muster_credential_usable"


def test_each_credential_in_use_tells_its_end(tenant: Tenant, other_tenant: Tenant) -> None:
    certificate, token = apns_certificate(tenant), CompletedDepTokenFactory(other_tenant)
    content = VppTokenFactory(other_tenant)
    waiting_certificate(tenant)  # has no end yet
    assert certificate.cert_expiry_on is not None

    told = figures(EXPIRY, by=("tenant", "tenant_id", "kind", "name", "id"))

    ours, theirs = ("Ours", str(tenant.pk)), ("Theirs", str(other_tenant.pk))
    ends_at = dt.datetime(2099, 11, 23, 6, 36, 41, tzinfo=dt.UTC)
    ends = {
        (*ours, "apns_certificate", certificate.topic, str(certificate.pk)): certificate.cert_expiry_on.timestamp(),
        (*theirs, "dep_token", "Theirs ABM", str(token.pk)): ends_at.timestamp(),
        (*theirs, "vpp_token", "Theirs Org", str(content.pk)): content.token_expiry_on.timestamp(),
    }
    assert told == pytest.approx(ends)


def test_the_days_that_remain_go_below_zero(tenant: Tenant, other_tenant: Tenant) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        apns_certificate(tenant, days=30)
        apns_certificate(other_tenant, days=-2)

        assert figures(REMAINING, by=("tenant",)) == pytest.approx({"Ours": 30, "Theirs": -2})


def test_what_is_over_or_refused_is_not_usable(tenant: Tenant, other_tenant: Tenant) -> None:
    apns_certificate(tenant, topic_stopped_at=timezone.now(), topic_stopped_reason="BadCertificate")
    CompletedDepTokenFactory(tenant)
    apns_certificate(other_tenant, days=-1)
    VppTokenFactory(other_tenant)

    told = figures(USABLE, by=("tenant", "kind"))

    assert told == {
        ("Ours", "apns_certificate"): 0,
        ("Ours", "dep_token"): 1,
        ("Theirs", "apns_certificate"): 0,
        ("Theirs", "vpp_token"): 1,
    }


def test_what_was_replaced_is_not_told(tenant: Tenant) -> None:
    apns_certificate(tenant, days=-3)
    renewed = apns_certificate(tenant, days=300)

    assert list(figures(USABLE, by=("id",))) == [str(renewed.pk)]


def test_those_of_the_installation_have_no_tenant(db: None, settings: Settings) -> None:
    settings.PROFILE_SIGNING_CERTIFICATE = pem(identity("profiles").certificate)

    told = figures(USABLE, by=("tenant", "tenant_id", "kind", "id"))

    assert told == {("", "", "profile_signing_certificate", "PROFILE_SIGNING_CERTIFICATE"): 1}


def test_mails_that_wait_are_counted(tenant: Tenant, other_tenant: Tenant) -> None:
    made = {"kind": "dep_token", "expires_at": timezone.now(), "days": 7}
    ExpiryWarning.objects.create(tenant=tenant, object_id="1", **made)
    ExpiryWarning.objects.create(tenant=other_tenant, object_id="2", mail_done_at=timezone.now(), **made)

    assert figures("muster_expiry_mails_waiting") == {(): 1}
