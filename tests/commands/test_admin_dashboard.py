"""The console's first page."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from commands.models.status import State
from config.celery import WORKER_HEARTBEAT_KEY
from devices.models import DeviceState
from tenants.models import Role, Tenant
from tests.factories.commands import AppleEnrolmentFactory, queued
from tests.factories.console import Furnished, apns_certificate, member, superuser
from tests.factories.devices import AndroidFactory, DeviceFactory, seen

Queries = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def _worker() -> None:
    cache.set(WORKER_HEARTBEAT_KEY, {"at": time.time(), "worker": "one"})


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
        ({"days": 10}, "Ours: the APNs certificate expires in 9 days."),
        ({"days": -3}, "Ours: the APNs certificate expired 3 days ago."),
        (
            {"topic_stopped_at": "2026-01-01T00:00:00Z", "topic_stopped_reason": "BadCertificate"},
            "Ours: Apple refuses the APNs certificate (BadCertificate).",
        ),
    ],
)
def test_tells_of_certificates_in_trouble(tenant: Tenant, certificate: dict[str, Any], words: str) -> None:
    apns_certificate(tenant, **certificate)

    assert notices(member(tenant)) == [words]


def test_a_renewed_certificate_is_no_trouble(tenant: Tenant) -> None:
    apns_certificate(tenant, days=3)
    apns_certificate(tenant, days=300)

    assert notices(member(tenant)) == []


def test_tells_of_tenants_without_a_certificate(tenant: Tenant) -> None:
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


def test_tells_of_a_silent_worker(tenant: Tenant) -> None:
    apns_certificate(tenant)
    cache.delete(WORKER_HEARTBEAT_KEY)

    assert notices(member(tenant))[0].startswith("No worker has reported lately")


def test_says_what_to_do_when_there_is_no_tenant(db: None) -> None:
    assert "There is no tenant yet" in superuser().get("/admin/").content.decode()


def test_the_page_costs_the_same_however_much_there_is(tenant: Tenant, django_assert_num_queries: Queries) -> None:
    apns_certificate(tenant)
    for _ in range(12):
        seen(device := DeviceFactory(tenant=tenant))
        queued(device)
    client = member(tenant)

    with django_assert_num_queries(13):  # session, user, roles, tenants, and nine of its own
        client.get("/admin/")
