"""Callers who manage credentials."""

import pytest

from tenants.models import Role, Tenant
from tests.conftest import ApiClient, Commit
from tests.factories.tenants import token_for


@pytest.fixture
def admin_api(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    """An admin of our tenant."""
    return ApiClient(tenant, token_for(tenant, Role.ADMIN)[1], django_capture_on_commit_callbacks)
