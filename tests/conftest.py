"""Fixtures of every test: two tenants, and callers of the API for them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tenants.models import Role, Tenant
from tests.factories.tenants import TenantFactory, token_for

Commit = Callable[..., AbstractContextManager[list[Any]]]


class ApiClient:
    """A caller of the REST API; what a request enqueues after its commit runs at once."""

    def __init__(self, tenant: Tenant, token: str, on_commit: Commit) -> None:
        self.client = Client(raise_request_exception=False)
        self.on_commit = on_commit
        self.headers = {
            "Authorization": f"Bearer {token}",
            "X-Tenant-Id": str(tenant.pk),
            "X-Caller-Id": "caller-1",
            "X-SCAPI-Private-URL": "http://private.example",
        }

    def request(self, method: str, path: str, body: Any = None, *, without: str = "", **headers: str) -> Any:
        told = {name: value for name, value in {**self.headers, **headers}.items() if name != without}
        call = getattr(self.client, method)
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        with self.on_commit(execute=True):
            return call(path, headers=told, **more)

    def get(self, path: str, **options: Any) -> Any:
        return self.request("get", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("post", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("put", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.request("delete", path, **options)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


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
def other_api(other_tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    """An operator of the other tenant."""
    return ApiClient(other_tenant, token_for(other_tenant)[1], django_capture_on_commit_callbacks)
