"""The three headers of the gateway: each operation requires exactly those that the page requires of it."""

import uuid
from typing import Any

import pytest
from pytest_django import Settings

from tenants.models import AuditEvent, Tenant
from tests.api.calls import belongings_of, call, undone
from tests.api.seed import OPERATIONS
from tests.conftest import ApiClient

NAMES = ["X-Tenant-Id", "X-Caller-Id", "X-SCAPI-Private-URL"]


def refused(api: ApiClient, tenant: Tenant, **options: Any) -> dict[str, str]:
    """The operations that do not answer with success, and what they say."""
    owned = belongings_of(tenant).complete()
    found = {}
    for seed in OPERATIONS:
        with undone():
            answer = call(api, seed, owned, **options)
        if answer.status_code != seed.statuses[0]:
            found[str(seed)] = answer.content.decode()
    return found


def test_an_operation_answers_when_its_headers_are_there(api: ApiClient, tenant: Tenant) -> None:
    assert refused(api, tenant) == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_header_is_401_and_named(api: ApiClient, tenant: Tenant, name: str) -> None:
    owned = belongings_of(tenant).complete()

    for seed in (seed for seed in OPERATIONS if name in seed.headers):
        response = call(api, seed, owned, without=name)

        assert response.status_code == 401, seed
        assert response.json() == {"code": 401, "message": f"The header {name} is missing.", "content": {}}, seed
        assert response.headers["WWW-Authenticate"] == "Bearer", seed
        assert not AuditEvent.objects.filter(actor_kind="api").exists(), seed


@pytest.mark.parametrize("name", NAMES)
def test_a_header_that_an_operation_does_not_require_may_be_missing(api: ApiClient, tenant: Tenant, name: str) -> None:
    assert set(refused(api, tenant, without=name)) == {str(seed) for seed in OPERATIONS if name in seed.headers}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["", "   "], ids=["empty", "blank"])
def test_an_empty_header_is_a_missing_one(api: ApiClient, name: str, value: str) -> None:
    response = api.get("/api/device/v0/devices/", headers={name: value})

    assert response.status_code == 401
    assert response.json()["message"] == f"The header {name} is missing."


@pytest.mark.parametrize(
    "value", ["x", "42", "not-a-uuid", "0b661c27-20cc-4c35-ba16-864bded7aa3", "ffffffff" * 8, "é" * 36], ids=str
)
def test_a_tenant_that_is_no_uuid_is_401(api: ApiClient, value: str) -> None:
    response = api.get("/api/commands/v0/commands/", headers={"X-Tenant-Id": value})

    assert response.status_code == 401
    assert "X-Tenant-Id" in response.json()["message"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["a\0b", "a\x07b", "a\x7fb", "a\udcffb", "x" * 5000], ids=ascii)
def test_a_header_that_nobody_would_send_is_401_and_named(api: ApiClient, name: str, value: str) -> None:
    response = api.get("/api/device/v0/devices/", headers={name: value})

    assert response.status_code == 401
    assert response.json()["message"].startswith(f"The header {name} is ")


def test_the_tenant_may_be_written_in_capitals(api: ApiClient, tenant: Tenant) -> None:
    response = api.get("/api/device/v0/devices/", headers={"X-Tenant-Id": str(tenant.pk).upper()})

    assert response.status_code == 200


def test_a_tenant_token_does_not_act_for_another_tenant(api: ApiClient, other_tenant: Tenant) -> None:
    foreign = api.get("/api/device/v0/devices/", headers={"X-Tenant-Id": str(other_tenant.pk)})
    absent = api.get("/api/device/v0/devices/", headers={"X-Tenant-Id": str(uuid.uuid4())})

    assert foreign.status_code == absent.status_code == 401
    assert foreign.json() == absent.json()


def test_a_gateway_token_acts_for_the_tenant_it_names(
    gateway_api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    for each in (tenant, other_tenant):
        assert refused(gateway_api, each, headers={"X-Tenant-Id": str(each.pk)}) == {}, each.name


def test_a_gateway_token_needs_a_tenant_that_exists(gateway_api: ApiClient) -> None:
    response = gateway_api.get("/api/device/v0/devices/", headers={"X-Tenant-Id": str(uuid.uuid4())})

    assert response.status_code == 401
    assert "X-Tenant-Id" in response.json()["message"]


def test_the_caller_id_is_the_author_of_what_is_created(api: ApiClient, tenant: Tenant) -> None:
    owned = belongings_of(tenant)
    seed = next(item for item in OPERATIONS if item.method == "POST")

    response = call(api, seed, owned, headers={"X-Caller-Id": "Jo van der Berg, 3rd"})

    assert response.json()["content"]["created_by"] == "Jo van der Berg, 3rd"


def test_a_caller_id_in_utf_8_is_read_as_such(api: ApiClient, tenant: Tenant) -> None:
    """WSGI hands header bytes over as Latin-1."""
    owned = belongings_of(tenant)
    seed = next(item for item in OPERATIONS if item.method == "POST")

    response = call(api, seed, owned, headers={"X-Caller-Id": "Éloïse Łuk".encode().decode("latin-1")})

    assert response.json()["content"]["created_by"] == "Éloïse Łuk"


class TestOptionalHeaders:
    @pytest.fixture(autouse=True)
    def _optional(self, settings: Settings) -> None:
        settings.GATEWAY_HEADERS_REQUIRED = False

    def test_a_plain_bearer_caller_is_let_in(self, api: ApiClient, tenant: Tenant) -> None:
        api.headers = {"Authorization": api.headers["Authorization"]}

        assert refused(api, tenant) == {}

    def test_the_author_is_then_the_token(self, api: ApiClient, tenant: Tenant) -> None:
        owned = belongings_of(tenant)
        body: dict[str, Any] = {"command_type": "DEVICE", "devices": [owned.device], "command": "LOCK"}

        response = api.post("/api/commands/v0/commands/", body, without="X-Caller-Id")

        assert response.json()["content"]["created_by"].startswith("mst_")

    def test_a_gateway_token_still_names_its_tenant(self, gateway_api: ApiClient) -> None:
        response = gateway_api.get("/api/device/v0/devices/", without="X-Tenant-Id")

        assert response.status_code == 401
        assert "X-Tenant-Id is missing" in response.json()["message"]

    def test_a_tenant_that_is_named_is_still_checked(self, api: ApiClient, other_tenant: Tenant) -> None:
        response = api.get("/api/device/v0/devices/", headers={"X-Tenant-Id": str(other_tenant.pk)})

        assert response.status_code == 401
