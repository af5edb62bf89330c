"""The console's first page."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from commands.models.status import State
from config.celery import WORKER_HEARTBEAT_KEY
from devices.models import DeviceState
from tenants.models import Role, Tenant, TenantContact
from tests.factories.apple_tokens import CompletedDepTokenFactory, VppTokenFactory
from tests.factories.commands import AppleEnrolmentFactory, queued
from tests.factories.console import Furnished, apns_certificate, member, superuser
from tests.factories.devices import AndroidFactory, DeviceFactory, seen
from tests.factories.pki import identity, pem

Queries = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def _worker() -> None:
    cache.set(WORKER_HEARTBEAT_KEY, {"at": time.time(), "worker": "one"})


@pytest.fixture(autouse=True)
def _contact(tenant: Tenant) -> None:
    TenantContact.objects.create(tenant=tenant, email="it@ours.example")


def figures(client: Client) -> list[int]:
    return [figure["number"] for figure in client.get("/admin/").context["figures"]]


def notices(client: Client) -> list[str]:
    return [text for _, text, _ in client.get("/admin/").context["notices"]]


def test_counts_the_fleet_and_what_waits(tenant: Tenant) -> None:
    phone = DeviceFactory(tenant=tenant)
    seen(phone)
    seen(AndroidFactory(tenant=tenant), dt.timedelta(days=2))
    DeviceFactory(tenant=tenant, state=DeviceState.DISABLED)
    queued(phone)
    queued(phone, state=State.IN_PROGRESS)
    queued(phone, state=State.FAILURE)

    assert figures(member(tenant, Role.VIEWER)) == [2, 1, 2, 1]


def test_says_how_many_are_in_which_state(tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant)
    DeviceFactory(tenant=tenant, state=DeviceState.WIPE_IN_PROGRESS)
    AndroidFactory(tenant=tenant)

    meters = member(tenant).get("/admin/").context["meters"]

    told = [(meter["title"], {piece["label"]: piece["count"] for piece in meter["pieces"]}) for meter in meters]
    assert told == [("Android", {"Active": 1}), ("Apple", {"Active": 1, "Wipe in progress": 1})]


def test_counts_nothing_of_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    apns_certificate(tenant)
    Furnished(other_tenant)
    page = member(tenant).get("/admin/")

    assert [figure["number"] for figure in page.context["figures"]] == [0, 0, 0, 0]
    assert page.context["requests"] == []
    assert page.context["notices"] == []
    assert "Theirs" not in page.content.decode()


def test_superusers_see_all_tenants(tenant: Tenant, other_tenant: Tenant) -> None:
    Furnished(tenant)
    Furnished(other_tenant)

    assert figures(superuser())[0] == 2


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"days": 10}, "APNs certificate 'topic' of Ours expires in 9 days: renew it."),
        ({"days": -3}, "APNs certificate 'topic' of Ours expired 3 days ago: renew it."),
        (
            {"topic_stopped_at": "2026-01-01T00:00:00Z", "topic_stopped_reason": "BadCertificate"},
            "APNs certificate 'topic' of Ours: Apple refuses it (BadCertificate). Renew it.",
        ),
    ],
)
def test_tells_of_certificates_in_trouble(tenant: Tenant, certificate: dict[str, Any], words: str) -> None:
    row = apns_certificate(tenant, topic="topic", **certificate)
    client = member(tenant, Role.VIEWER)

    [(_, text, link)] = client.get("/admin/").context["notices"]

    assert text == words
    assert link == f"/admin/tenants/apnscertificate/{row.pk}/change/"
    assert client.get(link).status_code == 200


def test_tells_of_tokens_that_end(tenant: Tenant, other_tenant: Tenant) -> None:
    apns_certificate(tenant)
    for whose in (tenant, other_tenant):
        CompletedDepTokenFactory(whose, days=12)
        VppTokenFactory(whose, token_expiry_on=timezone.now() - dt.timedelta(days=2))

    assert notices(member(tenant)) == [
        "VPP token 'Ours Org' of Ours expired 2 days ago: renew it.",
        "DEP token 'Ours ABM' of Ours expires in 11 days: renew it.",
    ]


def test_what_is_of_no_use_comes_first_and_the_rest_is_counted(tenant: Tenant) -> None:
    apns_certificate(tenant, topic_stopped_at="2026-01-01T00:00:00Z", topic_stopped_reason="Revoked")
    for days in range(1, 8):
        VppTokenFactory(tenant, org_name=str(days), token_expiry_on=timezone.now() + dt.timedelta(days=days, hours=1))

    told = notices(member(tenant))

    assert "(Revoked)" in told[0]
    assert [text.split()[2] for text in told[1:5]] == ["'1'", "'2'", "'3'", "'4'"]
    assert told[5:] == ["3 more have to be renewed soon."]


def test_a_renewed_certificate_is_no_trouble(tenant: Tenant) -> None:
    apns_certificate(tenant, days=3)
    apns_certificate(tenant, days=300)

    assert notices(member(tenant)) == []


def test_superusers_hear_of_the_installations_own(tenant: Tenant, settings: Any) -> None:
    apns_certificate(tenant)
    soon = identity("Vendor", not_after=timezone.now() + dt.timedelta(days=10))
    settings.MDM_VENDOR_CERTIFICATE = pem(soon.certificate)

    assert notices(superuser()) == [
        "MDM vendor certificate 'CN=Vendor,O=Example' expires in 9 days: replace it in MDM_VENDOR_CERTIFICATE."
    ]
    assert notices(member(tenant)) == []


def test_tells_of_tenants_without_a_certificate(tenant: Tenant) -> None:
    assert notices(member(tenant)) == ["Ours: no APNs certificate, so Apple devices cannot enrol."]


def test_tells_of_tenants_of_which_nobody_would_be_warned(tenant: Tenant, other_tenant: Tenant) -> None:
    apns_certificate(tenant)
    TenantContact.objects.filter(tenant=tenant).delete()
    client = member(tenant, Role.ADMIN)

    [(_, text, link)] = client.get("/admin/").context["notices"]
    assert text.startswith("Ours: no e-mail address to warn before")
    assert client.get(link).status_code == 200

    TenantContact.objects.create(tenant=other_tenant, email="it@theirs.example")
    assert len(notices(client)) == 1
    TenantContact.objects.create(tenant=tenant, email="it@ours.example")
    assert notices(client) == []


def test_a_tenant_with_nothing_from_apple_needs_no_contact(tenant: Tenant) -> None:
    TenantContact.objects.all().delete()

    assert notices(member(tenant)) == ["Ours: no APNs certificate, so Apple devices cannot enrol."]


def test_tells_of_devices_that_cannot_be_woken_and_finds_them(tenant: Tenant) -> None:
    apns_certificate(tenant)
    dead = AppleEnrolmentFactory(
        device=DeviceFactory(tenant=tenant, name="Asleep"), push_token_dead_at="2026-01-01T00:00:00Z"
    )
    AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant))
    client = member(tenant)

    [(_, text, link)] = client.get("/admin/").context["notices"]

    assert text.startswith("1 device has a dead push token")
    assert [device.pk for device in client.get(link).context["cl"].result_list] == [dead.device_id]


@pytest.mark.parametrize("heartbeat", [None, {}, {"at": None}, {"at": "soon"}, "x", {"at": 1.5}, {"at": float("nan")}])
def test_tells_of_a_silent_worker(tenant: Tenant, heartbeat: Any) -> None:
    apns_certificate(tenant)
    cache.set(WORKER_HEARTBEAT_KEY, heartbeat)

    assert notices(member(tenant))[0].startswith("No worker has reported lately")


def test_says_what_to_do_when_there_is_no_tenant(tenant: Tenant) -> None:
    tenant.delete()

    assert "There is no tenant yet" in superuser().get("/admin/").content.decode()


def test_the_page_costs_the_same_however_much_there_is(tenant: Tenant, django_assert_num_queries: Queries) -> None:
    apns_certificate(tenant)
    for _ in range(12):
        seen(device := DeviceFactory(tenant=tenant))
        queued(device)
    client = member(tenant)

    with django_assert_num_queries(21):  # session, user, roles, two for badges, tenants, and fifteen of its own
        client.get("/admin/")
