"""Which credentials are in use, and when something is to be said of their end."""

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tenants.credentials import Credential, Kind, credentials_in_use
from tenants.models import ApnsCertificate, DepToken, Tenant
from tests.factories.apple_tokens import DepTokenFactory
from tests.factories.expiry import apns_ending, dep_ending, vpp_ending
from tests.factories.pki import identity, pem

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def told(tenant: Tenant) -> list[tuple[str, str]]:
    return [(each.kind.value, each.name) for each in credentials_in_use([tenant.pk])]


def left(time: dt.timedelta) -> Credential:
    return Credential(Kind.APNS, None, "1", "x", NOW + time)


@pytest.mark.parametrize(
    ("time", "step", "days"),
    [
        (dt.timedelta(days=60, minutes=1), None, 60),
        (dt.timedelta(days=60), 60, 60),
        (dt.timedelta(days=30, minutes=1), 60, 30),
        (dt.timedelta(days=30), 30, 30),
        (dt.timedelta(days=14), 14, 14),
        (dt.timedelta(days=7), 7, 7),
        (dt.timedelta(days=5), 7, 5),
        (dt.timedelta(days=1, minutes=1), 7, 1),
        (dt.timedelta(days=1), 1, 1),
        (MINUTE, 1, 0),
        (dt.timedelta(0), 0, 0),
        (-MINUTE, 0, -1),
        (-dt.timedelta(days=400), 0, -400),
    ],
)
def test_the_step_is_the_most_urgent_one_that_is_reached(time: dt.timedelta, step: int | None, days: int) -> None:
    assert left(time).step(NOW) == step
    assert left(time).days_left(NOW) == days
    assert left(time).is_over(NOW) == (time <= dt.timedelta(0))


def test_tells_those_of_the_tenant_alone_and_what_ends_first_comes_first(tenant: Tenant, other_tenant: Tenant) -> None:
    vpp_ending(tenant, 30)
    apns_ending(tenant, 20, topic="com.apple.mgmt.ours")
    dep_ending(tenant, 10)
    apns_ending(other_tenant, 5)
    dep_ending(other_tenant, 5)
    vpp_ending(other_tenant, 5)

    assert told(tenant) == [
        ("dep_token", "Ours ABM"),
        ("apns_certificate", "com.apple.mgmt.ours"),
        ("vpp_token", "Ours Org"),
    ]
    assert len(credentials_in_use()) == 6
    assert credentials_in_use([]) == []


def test_what_waits_for_its_upload_does_not_end(tenant: Tenant) -> None:
    ApnsCertificate.objects.create(tenant=tenant, private_key=b"key", signing_request="CSR")
    DepTokenFactory(tenant)

    assert told(tenant) == []


def test_a_certificate_is_replaced_by_a_later_one_of_its_topic_and_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    apns_ending(tenant, 10, topic="com.apple.mgmt.one")
    apns_ending(tenant, 300, topic="com.apple.mgmt.one")
    apns_ending(tenant, 20, topic="com.apple.mgmt.two")
    apns_ending(other_tenant, 400, topic="com.apple.mgmt.two")

    found = [(each.name, each.days_left()) for each in credentials_in_use([tenant.pk])]

    assert found == [("com.apple.mgmt.two", 20), ("com.apple.mgmt.one", 300)]


def test_a_dep_token_is_replaced_by_a_later_one_of_its_server_and_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    dep_ending(tenant, 10, server_key="a" * 64)
    dep_ending(tenant, 300, server_key="a" * 64)
    dep_ending(tenant, 20, server_key="b" * 64)
    dep_ending(other_tenant, 400, server_key="b" * 64)

    assert [each.days_left() for each in credentials_in_use([tenant.pk])] == [20, 300]


def test_dep_tokens_whose_server_is_not_known_replace_nothing(tenant: Tenant) -> None:
    dep_ending(tenant, 10, server_key="")
    dep_ending(tenant, 300, server_key="")

    assert [each.days_left() for each in credentials_in_use([tenant.pk])] == [10, 300]
    assert set(DepToken.objects.values_list("server_key", flat=True)) == {""}


def test_tells_when_apple_refuses_a_certificate(tenant: Tenant) -> None:
    apns_ending(tenant, 100, topic_stopped_at=timezone.now(), topic_stopped_reason="BadCertificate")

    assert [each.trouble for each in credentials_in_use([tenant.pk])] == ["Apple refuses it (BadCertificate)"]


def test_the_installations_certificates_are_told_with_those_of_all_tenants(tenant: Tenant, settings: Settings) -> None:
    settings.MDM_VENDOR_CERTIFICATE = pem(identity("Vendor").certificate) + pem(identity("Root").certificate)
    settings.PROFILE_SIGNING_CERTIFICATE = "not a certificate"
    apns_ending(tenant, 10)

    everything = credentials_in_use()

    assert [(each.kind.value, each.tenant) for each in everything] == [
        ("apns_certificate", tenant),
        ("mdm_vendor_certificate", None),
    ]
    assert (everything[1].object_id, everything[1].name) == ("MDM_VENDOR_CERTIFICATE", "CN=Vendor,O=Example")
    assert [each.kind.value for each in credentials_in_use([tenant.pk])] == ["apns_certificate"]


def test_asks_three_times_however_many_there_are(
    tenant: Tenant, other_tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        for each in (tenant, other_tenant):
            apns_ending(each, 10, topic=f"com.apple.mgmt.{number}")
            dep_ending(each, 10)
            vpp_ending(each, 10)

    with django_assert_num_queries(3):
        found = [(each.tenant.name if each.tenant else "", each.name) for each in credentials_in_use()]

    assert len(found) == 18
