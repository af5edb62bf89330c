"""Who may call the API: bearer tokens."""

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tenants.models import ApiToken, Role, Tenant
from tenants.services.tokens import create_api_token, revoke_api_token
from tests.api.calls import belongings_of, call
from tests.api.seed import OPERATIONS
from tests.conftest import ApiClient
from tests.factories.tenants import ACTOR, token_for

DEVICES = "/api/device/v0/devices/"


def test_every_operation_needs_a_token(api: ApiClient, tenant: Tenant) -> None:
    ours = belongings_of(tenant)

    for seed in OPERATIONS:
        response = call(api, seed, ours, without="Authorization")

        assert response.status_code == 401, seed
        assert response.json()["message"].startswith("The header Authorization is missing"), seed
        assert response.headers["WWW-Authenticate"] == "Bearer", seed


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Basic dXNlcjpwdw==", "Token abc", "abc", "Bearer\tabc", ",", "é"], ids=ascii
)
def test_a_malformed_authorization_is_401_and_says_what_to_send(api: ApiClient, value: str) -> None:
    response = api.get(DEVICES, headers={"Authorization": value})

    assert response.status_code == 401
    assert response.json()["message"].startswith("The header Authorization is malformed; send `Authorization: Bearer")


@pytest.mark.parametrize(
    "text", ["unknown", "mst_00000000_" + "x" * 43, "a b", "ü", "\udcff", "\0", "x" * 20_000], ids=len
)
def test_an_unknown_token_is_401(api: ApiClient, text: str) -> None:
    response = api.get(DEVICES, headers={"Authorization": f"Bearer {text}"})

    assert response.status_code == 401
    assert response.json()["message"] == "The API token is unknown, expired or revoked."


def test_the_prefix_alone_is_no_token(api: ApiClient) -> None:
    prefix = ApiToken.objects.get().prefix

    assert api.get(DEVICES, headers={"Authorization": f"Bearer {prefix}"}).status_code == 401


def test_the_scheme_may_be_written_in_any_case(api: ApiClient) -> None:
    value = api.headers["Authorization"].replace("Bearer", "bEARER")

    assert api.get(DEVICES, headers={"Authorization": value}).status_code == 200


def test_a_revoked_token_is_refused_from_then_on(api: ApiClient) -> None:
    assert api.get(DEVICES).status_code == 200

    revoke_api_token(prefix=ApiToken.objects.get().prefix, actor=ACTOR)

    assert api.get(DEVICES).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (-1, 401)])
def test_a_token_is_refused_once_it_expired(api: ApiClient, tenant: Tenant, seconds: int, status: int) -> None:
    ends = timezone.now() + dt.timedelta(seconds=seconds)
    _, text = create_api_token(tenant=tenant, role=Role.VIEWER, actor=ACTOR, expires_at=ends)

    assert api.get(DEVICES, headers={"Authorization": f"Bearer {text}"}).status_code == status


def test_the_token_is_nowhere_in_the_database(tenant: Tenant) -> None:
    row, text = token_for(tenant)

    stored = ApiToken.objects.filter(pk=row.pk).values().get()
    assert text.startswith(row.prefix)
    assert text not in str(stored)
    assert text.removeprefix(f"{row.prefix}_") not in str(stored)


def test_using_a_token_notes_when(api: ApiClient) -> None:
    api.get(DEVICES)

    used = ApiToken.objects.get().last_used_at
    assert used is not None
    assert timezone.now() - used < dt.timedelta(minutes=1)


def test_a_token_in_steady_use_costs_one_query_and_no_writes(
    api: ApiClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api.get(f"{DEVICES}no-id/")

    with django_assert_num_queries(1):
        api.get(f"{DEVICES}no-id/")


def test_a_refused_call_does_not_count_as_use(api: ApiClient) -> None:
    api.get(DEVICES, without="X-Caller-Id")

    assert ApiToken.objects.get().last_used_at is None
