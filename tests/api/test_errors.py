"""Everything that goes wrong answers in the envelope, as JSON, with a request id."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from commands.models import CommandRequest, CommandStatus
from tenants.models import AuditEvent, Tenant
from tests.api.calls import READS, WITH_ID, WRITES, belongings_of, body_of, call, everything_is, path_of, tried, undone
from tests.api.ours import OURS
from tests.api.seed import JSON, OPERATIONS, Operation
from tests.conftest import ApiClient

METHODS = ["get", "post", "put", "patch", "delete", "trace", "options"]
PATHS = sorted({seed.path for seed in OPERATIONS})
NOWHERE = everything_is(str(uuid.uuid4()))
NO_IDS = ["1", "x", "%00", "%ED%A0%80", "%FF", "%0A", "null", "..", "a" * 300, "'; drop", "{id}", "%25", "１２"]


def raw(api: ApiClient, method: str, path: str, **options: Any) -> Any:
    """An answer that no operation documents: the envelope is asserted, whatever the status."""
    response = api.request(method, path, **options)
    assert response.headers["Content-Type"] == "application/json"
    assert set(response.json()) == {"code", "message", "content"}
    assert response.json()["code"] == response.status_code
    return response


def test_what_belongs_to_another_tenant_looks_absent(api: ApiClient, other_tenant: Tenant) -> None:
    theirs = belongings_of(other_tenant).complete()

    for seed in WITH_ID:
        foreign = call(api, seed, theirs)
        absent = call(api, seed, NOWHERE)

        assert foreign.status_code == absent.status_code == 404, seed
        assert foreign.json() == absent.json(), seed
        assert CommandStatus.objects.get().state == "Command Queued", seed
        assert not AuditEvent.objects.filter(actor_kind="api").exists(), seed


def test_an_id_that_cannot_be_one_is_404(api: ApiClient) -> None:
    answers = {(str(seed), text): call(api, seed, everything_is(text)) for seed in WITH_ID for text in NO_IDS}

    assert {key: answer.status_code for key, answer in answers.items() if answer.status_code != 404} == {}


def test_an_id_may_be_written_in_capitals(api: ApiClient, tenant: Tenant) -> None:
    capitals = belongings_of(tenant).capitals()
    wrong = {}

    for seed in WITH_ID:
        with undone():
            response = call(api, seed, capitals)
        if response.status_code != seed.statuses[0]:
            wrong[str(seed)] = response.content

    assert wrong == {}


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_405_and_say_which_there_are(api: ApiClient, tenant: Tenant, path: str) -> None:
    documented = {seed.method for seed in OPERATIONS if seed.path == path}
    owned = belongings_of(tenant)

    for method in METHODS:
        if method.upper() in documented or f"{method.upper()} {path}" in OURS:
            continue
        response = raw(api, method, path.replace("{id}", owned.device))

        assert response.status_code == 405, method
        assert documented <= set(response.headers["Allow"].split(", ")), method
        assert "PATCH" not in response.headers["Allow"], method


def test_head_answers_like_get_without_a_body(api: ApiClient, tenant: Tenant) -> None:
    owned = belongings_of(tenant)

    answers = {str(seed): api.request("head", path_of(seed, owned)) for seed in READS}

    found = {name: (answer.status_code, answer.content) for name, answer in answers.items()}
    assert found == dict.fromkeys(found, (200, b""))


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api",
        "/api/nothing",
        "/api/v2/devices/",
        "/api/commands/v0/",
        "/api/commands/v1/commands/",
        "/api/device/v0/devices/x/y/",
        "/api/%0A/",
        "/api/%00",
        "/api/<script>",
        "/api/device/v0/devices/%2E%2E/",
    ],
)
def test_an_unknown_route_is_json_404_for_everybody(db: None, path: str) -> None:
    for method in ("get", "post", "delete", "options"):
        response = Client(enforce_csrf_checks=True, raise_request_exception=False).generic(method.upper(), path)

        assert response.status_code in {404, 401}, method
        assert response.headers["Content-Type"] == "application/json", method
        assert set(response.json()) == {"code", "message", "content"}, method


def test_a_path_with_the_wrong_slash_is_404_and_no_redirect(api: ApiClient, tenant: Tenant) -> None:
    owned = belongings_of(tenant)

    for seed in OPERATIONS:
        path = path_of(seed, owned).split("?")[0]
        wrong = path.removesuffix("/") if path.endswith("/") else f"{path}/"

        response = raw(api, seed.method.lower(), wrong, body=body_of(seed, owned))

        assert response.status_code == 404, seed


@pytest.mark.parametrize("path", ["/api/commands/v0/commands", "/api/nothing"])
def test_a_form_from_a_browser_gets_json_too(db: None, path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path, {"a": "b"})

    assert response.status_code == 404
    assert response.json()["code"] == 404


WITH_BODY = [seed for seed in WRITES if seed.body and seed.body_type == JSON]
each_body = pytest.mark.parametrize("seed", WITH_BODY, ids=str)


@each_body
def test_a_body_that_is_not_json_is_415(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    owned = belongings_of(tenant)
    form = "application/x-www-form-urlencoded"

    for content_type in ("text/plain", "application/xml", form, "multipart/form-data; boundary=x", "json"):
        response = call(api, seed, owned, content_type=content_type)

        assert response.status_code == 415, content_type
        assert content_type.split(";")[0] in response.json()["message"]
        assert CommandRequest.objects.count() == 1, content_type


@each_body
def test_json_may_be_announced_in_any_spelling(api: ApiClient, tenant: Tenant, seed: Operation) -> None:
    for content_type in ("application/json; charset=utf-8", "Application/JSON", "application/json;"):
        response = tried(api, tenant, seed, content_type=content_type)

        assert response.status_code == seed.statuses[0], content_type


class Endless:
    """A body that never ends; says how much of it was read."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "the whole body was asked for"
        self.taken += size
        return b" " * size

    readline = read


@each_body
def test_a_body_that_is_too_large_is_413_and_not_read(
    api: ApiClient, tenant: Tenant, seed: Operation, settings: Settings
) -> None:
    settings.API_MAX_BODY = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = Endless()
    extra: dict[str, Any] = {"wsgi.input": body, "CONTENT_LENGTH": str(10**12), "CONTENT_TYPE": "application/json"}

    response: Any = api.client.generic(seed.method, path_of(seed, belongings_of(tenant)), headers=api.headers, **extra)

    assert response.status_code == 413
    assert response.json()["message"] == "The request body is larger than 1000 bytes."
    assert body.taken == 0


@each_body
def test_a_body_that_is_larger_than_it_says_is_cut_off(
    api: ApiClient, tenant: Tenant, seed: Operation, settings: Settings
) -> None:
    settings.API_MAX_BODY = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = Endless()
    extra: dict[str, Any] = {"wsgi.input": body, "CONTENT_LENGTH": "900", "CONTENT_TYPE": "application/json"}

    response: Any = api.client.generic(seed.method, path_of(seed, belongings_of(tenant)), headers=api.headers, **extra)

    assert response.status_code == 400
    assert body.taken <= 1001


@each_body
def test_a_body_of_the_largest_size_is_taken(
    api: ApiClient, tenant: Tenant, seed: Operation, settings: Settings
) -> None:
    settings.API_MAX_BODY = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 300
    owned = belongings_of(tenant)
    body = str(body_of(seed, owned)).replace("'", '"').ljust(300)

    assert api.request(seed.method.lower(), path_of(seed, owned), body).status_code == seed.statuses[0]
    assert api.request(seed.method.lower(), path_of(seed, owned), body + " ").status_code == 413


def test_a_database_that_breaks_is_500_in_the_envelope(api: ApiClient, tenant: Tenant) -> None:
    owned = belongings_of(tenant).complete()
    with connection.cursor() as cursor:
        for table in (
            "commands_commandstatus",
            "commands_commandrequest",
            "commands_converge",
            "devices_heartbeat",
            "devices_devicesettings",
            "apps_domain_vpplicence",
            "tenants_deptoken",
            "tenants_vpptoken",
            "tenants_apnscertificate",
            "apps_domain_deviceapp",
            "onboarding_depsync",
            "onboarding_seamlessupload",
            "apps_domain_storeapp",
            "apps_domain_storedfile",
            "apps_domain_tenantapp",
            "apps_domain_tenantappversion",
            "apps_domain_vendorappversion",
        ):
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")

    for seed in OPERATIONS:
        with undone():
            response = call(api, seed, owned)

        assert response.status_code == 500, seed
        assert response.json() == {"code": 500, "message": "Something went wrong on our side.", "content": {}}, seed


def test_a_table_of_tokens_that_is_gone_is_500_in_the_envelope(api: ApiClient) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tenants_apitoken RENAME TO tenants_apitoken_gone")

    response = api.get("/api/device/v0/devices/")

    assert response.status_code == 500


def test_a_host_that_is_not_ours_is_refused_in_json(db: None, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["muster.example"]

    response = Client().get("/api/device/v0/devices/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert response.json()["code"] == 400


@pytest.mark.parametrize("path", ["/api/device/v0/devices/", "/api/nothing", "/sys/health", "/api/schema/"])
def test_every_answer_carries_its_own_request_id(db: None, path: str) -> None:
    first, second = (Client().get(path, headers={"X-Request-Id": "x" * 5000}) for _ in range(2))

    assert uuid.UUID(first.headers["X-Request-Id"])
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_answers_are_json_whatever_the_caller_accepts(api: ApiClient) -> None:
    for accept in ("text/html", "application/xml", "*/*", "", "nonsense"):
        assert api.get("/api/device/v0/devices/", headers={"Accept": accept}).status_code == 200, accept


def test_an_error_in_the_query_names_the_parameter_and_the_rule(api: ApiClient) -> None:
    response = api.get("/api/device/v0/devices/?limit=0&platform=BEOS")

    assert response.status_code == 400
    assert response.json()["message"] == "platform: 'BEOS' is not one of ANDROID, APPLE."
    assert response.json()["content"] == {"platform": ["'BEOS' is not one of ANDROID, APPLE."]}
