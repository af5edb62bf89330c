"""Bodies that come in chunks, without a length."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import RequestFactory
from pytest_django import Settings

from config.uploads import FORM_OVERHEAD
from config.wsgi import application, with_chunked_bodies
from tenants.models import Tenant
from tests.conftest import ApiClient
from tests.factories.devices import DeviceFactory


def environ_of(body: bytes) -> dict[str, Any]:
    """As a server hands a chunked request over: no length, an input that ends."""
    environ = RequestFactory().post("/api/commands/v0/commands/", body, content_type="application/json").environ
    del environ["CONTENT_LENGTH"]
    return {**environ, "wsgi.input": BytesIO(body), "HTTP_TRANSFER_ENCODING": "chunked"}


def seen_behind(environ: dict[str, Any]) -> dict[str, Any]:
    """The environment that the application behind gets."""
    seen: dict[str, Any] = {}

    def inner(given: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(given)
        return []

    with_chunked_bodies(inner)(environ, print)
    return seen


@pytest.mark.parametrize("encoding", ["chunked", "Chunked", "gzip, chunked"])
def test_a_chunked_body_gets_its_length(encoding: str) -> None:
    seen = seen_behind({**environ_of(b"12345"), "HTTP_TRANSFER_ENCODING": encoding})

    assert (seen["CONTENT_LENGTH"], seen["wsgi.input"].read()) == ("5", b"12345")


def test_a_body_with_a_length_is_left_alone() -> None:
    given = {**environ_of(b"12345"), "CONTENT_LENGTH": "3"}

    assert seen_behind(given)["wsgi.input"] is given["wsgi.input"]


def test_no_more_than_the_limit_and_a_byte_is_read(settings: Settings) -> None:
    settings.API_MAX_BODY = 10
    given = environ_of(b"x" * 1000)

    assert seen_behind(given)["CONTENT_LENGTH"] == "11"
    assert given["wsgi.input"].tell() == 11


def test_an_upload_of_an_app_is_not_read_beforehand(settings: Settings) -> None:
    settings.APP_UPLOAD_MAX = 1000
    given = {**environ_of(b"x" * 5000), "PATH_INFO": "/api/v2/tenant-apps"}

    seen = seen_behind(given)

    assert seen["wsgi.input"] is given["wsgi.input"]
    assert given["wsgi.input"].tell() == 0
    assert seen["CONTENT_LENGTH"] == str(1000 + FORM_OVERHEAD)


@pytest.fixture
def _transaction_kept() -> Iterator[None]:
    """As Django's test client does: a request begins with closing connections, ours holds the test's transaction."""
    request_started.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)


def call(api: ApiClient, body: bytes) -> tuple[str, dict[str, Any]]:
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in api.headers.items()}
    statuses: list[str] = []
    answer = application({**environ_of(body), **headers}, lambda status, told: statuses.append(status))
    return statuses[0], json.loads(b"".join(answer))


@pytest.mark.usefixtures("_transaction_kept")
def test_a_chunked_command_is_taken(api: ApiClient, tenant: Tenant) -> None:
    body = {"command_type": "DEVICE", "devices": [str(DeviceFactory(tenant=tenant).pk)], "command": "LOCK"}

    status, answer = call(api, json.dumps(body).encode())

    assert status == "201 Created"
    assert answer["content"]["devices"] == body["devices"]


@pytest.mark.usefixtures("_transaction_kept")
def test_a_chunked_body_of_another_tenants_device_is_refused(api: ApiClient, other_tenant: Tenant) -> None:
    body = {"command_type": "DEVICE", "devices": [str(DeviceFactory(tenant=other_tenant).pk)], "command": "LOCK"}

    status, answer = call(api, json.dumps(body).encode())

    assert status == "400 Bad Request"
    assert "invalid device id" in answer["message"]


@pytest.mark.usefixtures("_transaction_kept")
def test_a_chunked_body_that_is_too_large_is_413(api: ApiClient, settings: Settings) -> None:
    settings.API_MAX_BODY = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    status, answer = call(api, b" " * 5000)

    assert status.startswith("413")
    assert answer["message"] == "The request body is larger than 1000 bytes."
