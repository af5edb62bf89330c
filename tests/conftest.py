"""Fixtures of every test: two tenants, callers of the API for them, and a stand-in of Apple's store."""

import gc
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from hypothesis import settings as examples
from pytest_django import Settings

from onboarding.simulation.store import StoreStandIn, running_store
from tenants.models import Role, Tenant
from tests import template
from tests.contract import check_answer
from tests.factories.tenants import TenantFactory, token_for

Commit = Callable[..., AbstractContextManager[list[Any]]]

# How long an example takes depends on what else the machine does.
examples.register_profile("untimed", examples(examples.default, deadline=None))
examples.load_profile("untimed")


class ApiClient:
    """A caller of the REST API; what a request enqueues after its commit runs at once."""

    def __init__(self, tenant: Tenant | None, token: str, on_commit: Commit) -> None:
        self.client = Client(raise_request_exception=False)
        self.on_commit = on_commit
        self.headers = {
            "Authorization": f"Bearer {token}",
            "X-Tenant-Id": str(tenant.pk) if tenant else "",
            "X-Caller-Id": "caller-1",
            "X-SCAPI-Private-URL": "http://private.example",
        }

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        without: str = "",
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        query: dict[str, Any] | None = None,
    ) -> Any:
        """The answer, which is as documented. `body`: an object to send as JSON, or the text or bytes themselves."""
        told = {name: value for name, value in {**self.headers, **(headers or {})}.items() if name != without}
        data = body if isinstance(body, str | bytes) else b"" if body is None else json.dumps(body)
        with self.on_commit(execute=True):
            response = self.client.generic(method.upper(), path, data, content_type, headers=told, query_params=query)
        if method not in ("head", "options"):
            check_answer(method, path, response)
        return response

    def get(self, path: str, **options: Any) -> Any:
        return self.request("get", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("post", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("put", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.request("delete", path, **options)


def pytest_configure(config: pytest.Config) -> None:
    """A run with workers, which the first process starts, makes one database for all of them to copy."""
    gc.set_threshold(20_000, 20, 20)  # thousands of collected tests are looked through each time
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        stack = ExitStack()
        config.add_cleanup(stack.close)
        stack.enter_context(template.being_made(Path(stack.enter_context(TemporaryDirectory()))))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """pytest-django's, which comes before the worker's database is made."""
    if name := template.wait_for_it():
        connection.settings_dict["TEST"]["TEMPLATE"] = name


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Every test has keys of its own: processes of one run share the server."""
    prefix = uuid.uuid4().hex
    caches.settings["default"]["KEY_PREFIX"] = caches["default"].key_prefix = prefix


@pytest.fixture
def tenant(db: None) -> Tenant:
    return TenantFactory(name="Ours")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    return TenantFactory(name="Theirs")


@pytest.fixture
def api(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    """An operator of our tenant."""
    return ApiClient(tenant, token_for(tenant)[1], django_capture_on_commit_callbacks)


@pytest.fixture
def viewer_api(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    return ApiClient(tenant, token_for(tenant, Role.VIEWER)[1], django_capture_on_commit_callbacks)


@pytest.fixture
def gateway_api(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    """An operator that may act for any tenant; the headers name ours."""
    return ApiClient(tenant, token_for(None)[1], django_capture_on_commit_callbacks)


@pytest.fixture
def other_api(other_tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    """An operator of the other tenant."""
    return ApiClient(other_tenant, token_for(other_tenant)[1], django_capture_on_commit_callbacks)


@pytest.fixture(scope="session")
def _one_store() -> Iterator[StoreStandIn]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(_one_store: StoreStandIn, settings: Settings) -> StoreStandIn:
    """As it is at its start."""
    _one_store.reset()
    settings.STORE_URL = _one_store.url
    return _one_store
