"""Tests of every operation call as an admin, who may write everywhere."""

import pytest

from tenants.models import Role, Tenant
from tests.conftest import ApiClient, Commit
from tests.factories.tenants import token_for


@pytest.fixture
def api(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    """An admin of our tenant."""
    return ApiClient(tenant, token_for(tenant, Role.ADMIN)[1], django_capture_on_commit_callbacks)


@pytest.fixture
def gateway_api(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    """An admin that may act for any tenant; the headers name ours."""
    return ApiClient(tenant, token_for(None, Role.ADMIN)[1], django_capture_on_commit_callbacks)
