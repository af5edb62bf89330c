"""Counts in the side bar."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.test import Client
from django.utils import timezone

from tenants.models import Role, Tenant
from tests.factories.apple_tokens import CompletedDepTokenFactory, DepTokenFactory, VppTokenFactory
from tests.factories.console import apns_certificate, browser, member, superuser
from tests.factories.tenants import UserFactory

Queries = Callable[[int], AbstractContextManager[Any]]
TENANTS = "/admin/tenants/tenant/"


def badges(client: Client, page: str = TENANTS) -> dict[str, tuple[int, str]]:
    """By title of the entry: the number and its colour."""
    sections = client.get(page).context["sidebar_navigation"]
    entries = [entry for section in sections for entry in section["items"] if "badge" in entry]
    return {entry["title"]: (entry["badge"], entry["badge_variant"]) for entry in entries}


def ends(days: int) -> dict[str, Any]:
    return {"token_expiry_on": timezone.now() + dt.timedelta(days=days)}


def test_counts_what_ends_soon(tenant: Tenant) -> None:
    apns_certificate(tenant, days=29)
    CompletedDepTokenFactory(tenant, days=29)
    CompletedDepTokenFactory(tenant, days=3)
    VppTokenFactory(tenant, **ends(31))

    assert badges(member(tenant, Role.VIEWER)) == {"APNs certificates": (1, "warning"), "DEP tokens": (2, "warning")}


def test_is_red_once_one_is_of_no_use(tenant: Tenant) -> None:
    apns_certificate(tenant, topic_stopped_at="2026-01-01T00:00:00Z", topic_stopped_reason="Revoked")
    CompletedDepTokenFactory(tenant, days=-1)
    CompletedDepTokenFactory(tenant, days=9)
    VppTokenFactory(tenant, **ends(-1))

    client = member(tenant)

    assert badges(client) == {
        "APNs certificates": (1, "danger"),
        "DEP tokens": (2, "danger"),
        "VPP tokens": (1, "danger"),
    }
    assert "bg-red-100" in client.get(TENANTS).content.decode()


def test_what_is_in_order_or_replaced_or_waits_is_not_counted(tenant: Tenant) -> None:
    apns_certificate(tenant, days=3)
    apns_certificate(tenant, days=300)
    CompletedDepTokenFactory(tenant, days=3, server_key="same")
    CompletedDepTokenFactory(tenant, days=300, server_key="same")
    DepTokenFactory(tenant)
    VppTokenFactory(tenant)

    assert badges(member(tenant)) == {}


def test_counts_nothing_of_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    for whose in (tenant, other_tenant):
        VppTokenFactory(whose, **ends(5))

    assert badges(member(tenant)) == {"VPP tokens": (1, "warning")}
    assert badges(superuser()) == {"VPP tokens": (2, "warning")}


def test_who_may_not_open_the_page_sees_no_count(tenant: Tenant) -> None:
    VppTokenFactory(tenant, **ends(5))

    assert badges(browser(UserFactory()), "/admin/") == {}


def test_all_counts_cost_one_query(tenant: Tenant, django_assert_num_queries: Queries) -> None:
    for _ in range(5):
        VppTokenFactory(tenant, **ends(5))
        CompletedDepTokenFactory(tenant, days=5)
    client = member(tenant)

    with django_assert_num_queries(7):  # session, user, roles, credentials, servers, and two of the page
        client.get(TENANTS)
