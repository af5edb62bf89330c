"""What a token's role allows on the API."""

import pytest

from commands.models import CommandRequest, CommandStatus
from devices.models import Device
from tenants.models import AuditEvent, Role, Tenant
from tests.api.calls import READS, WRITES, belongings_of, call
from tests.api.seed import Operation
from tests.conftest import ApiClient
from tests.factories.tenants import token_for


def test_a_viewer_reads(viewer_api: ApiClient, tenant: Tenant) -> None:
    owned = belongings_of(tenant)

    answers = {str(seed): call(viewer_api, seed, owned).status_code for seed in READS}

    assert answers == dict.fromkeys(map(str, READS), 200)


def test_a_viewer_does_not_write(viewer_api: ApiClient, tenant: Tenant) -> None:
    owned = belongings_of(tenant)

    answers = {str(seed): call(viewer_api, seed, owned) for seed in WRITES}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(map(str, WRITES), 403)
    assert {name: answer.json()["message"] for name, answer in answers.items()} == {
        str(seed): f"This operation needs the role {seed.role}; the token's is viewer." for seed in WRITES
    }
    assert CommandRequest.objects.count() == 1
    assert CommandStatus.objects.get().state == "Command Queued"
    assert Device.objects.get().state == 1
    assert not AuditEvent.objects.filter(actor_kind="api").exists()


@pytest.mark.parametrize("seed", WRITES, ids=str)
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_operators_write_all_but_credentials_and_admins_all(
    api: ApiClient, tenant: Tenant, seed: Operation, role: Role
) -> None:
    token = token_for(tenant, role)[1]

    response = call(api, seed, belongings_of(tenant), headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == (seed.statuses[0] if role.allows(Role(seed.role)) else 403)


def test_a_viewer_learns_nothing_about_other_tenants(viewer_api: ApiClient, other_tenant: Tenant) -> None:
    theirs = belongings_of(other_tenant)

    answers = {str(seed): call(viewer_api, seed, theirs).status_code for seed in WRITES}

    assert answers == dict.fromkeys(map(str, WRITES), 403)
