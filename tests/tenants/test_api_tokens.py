"""manage.py create_api_token and revoke_api_token"""

import datetime as dt
import uuid
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tenants.models import ApiToken, AuditEvent, Role, Tenant
from tests.conftest import ApiClient
from tests.factories.tenants import token_for

DEVICES = "/api/device/v0/devices/"
NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.mark.parametrize("role", Role.values)
def test_prints_a_token_of_the_tenant_that_works_at_once(api: ApiClient, tenant: Tenant, role: str) -> None:
    text = run("create_api_token", "--tenant", str(tenant.pk), "--role", role, "--name", "gate")

    row = ApiToken.objects.get(name="gate")
    assert (row.tenant, row.role, row.expires_at, row.is_gateway) == (tenant, role, None, False)
    assert api.get(DEVICES, headers={"Authorization": f"Bearer {text}"}).status_code == 200


def test_prints_a_gateway_token_that_works_for_every_tenant(
    api: ApiClient, tenant: Tenant, other_tenant: Tenant
) -> None:
    text = run("create_api_token", "--gateway", "--role", "viewer")

    for each in (tenant, other_tenant):
        headers = {"Authorization": f"Bearer {text}", "X-Tenant-Id": str(each.pk)}
        assert api.get(DEVICES, headers=headers).status_code == 200


def test_a_token_ends_after_its_days(api: ApiClient, tenant: Tenant) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        text = run("create_api_token", "--tenant", str(tenant.pk), "--role", "viewer", "--days", "30")
        headers = {"Authorization": f"Bearer {text}"}

        clock.move_to(NOW + dt.timedelta(days=30, seconds=-1))
        assert api.get(DEVICES, headers=headers).status_code == 200
        clock.move_to(NOW + dt.timedelta(days=30))
        assert api.get(DEVICES, headers=headers).status_code == 401


def test_a_token_may_have_a_time_zone(tenant: Tenant) -> None:
    run("create_api_token", "--tenant", str(tenant.pk), "--role", "operator", "--time-zone", "Asia/Kolkata")
    run("create_api_token", "--tenant", str(tenant.pk), "--role", "operator")

    assert set(ApiToken.objects.values_list("time_zone", flat=True)) == {"Asia/Kolkata", ""}


def test_every_token_is_another(tenant: Tenant) -> None:
    texts = {run("create_api_token", "--tenant", str(tenant.pk), "--role", "viewer") for _ in range(3)}

    assert len(texts) == len({text.rsplit("_", 1)[1] for text in texts}) == 3
    assert all(len(text) > 50 for text in texts)


def test_making_and_revoking_are_in_the_audit_log_without_the_token(tenant: Tenant) -> None:
    text = run("create_api_token", "--tenant", str(tenant.pk), "--role", "viewer")
    row = ApiToken.objects.get()
    run("revoke_api_token", row.prefix)

    created, revoked = AuditEvent.objects.order_by("id")
    assert (created.action, revoked.action) == ("api_token.created", "api_token.revoked")
    for event in (created, revoked):
        assert (event.actor_kind, event.tenant_id, event.object_id) == ("command line", tenant.pk, str(row.pk))
        assert event.details["prefix"] == row.prefix
        assert text not in str(event.details)
    assert created.details == {"prefix": row.prefix, "role": "viewer", "gateway": False}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--role", "viewer"], "one of the arguments --tenant --gateway is required"),
        (["--tenant", "x", "--gateway", "--role", "viewer"], "not allowed with argument"),
        (["--gateway"], "required: --role"),
        (["--gateway", "--role", "root"], "invalid choice: 'root'"),
        (["--tenant", "x", "--role", "viewer"], "No tenant has the id x."),
        (["--tenant", str(uuid.UUID(int=1)), "--role", "viewer"], "No tenant has the id 00000000"),
        (["--gateway", "--role", "viewer", "--time-zone", "Mars/Base"], "'Mars/Base' is not a time zone"),
        (["--gateway", "--role", "viewer", "--days", "0"], "--days must be at least 1 "),
        (["--gateway", "--role", "viewer", "--days", "-3"], "--days must be at least 1 "),
        (["--gateway", "--role", "viewer", "--days", "soon"], "invalid int value"),
        (["--gateway", "--role", "viewer", "--days", "999999999"], "--days"),
        (["--gateway", "--role", "viewer", "--name", "x" * 129], "at most 128 characters"),
    ],
    ids=lambda value: str(value)[:60],
)
@pytest.mark.django_db
def test_an_error_is_one_sentence_and_makes_nothing(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("create_api_token", *arguments)

    assert not ApiToken.objects.exists()
    assert not AuditEvent.objects.exists()


def test_revoking_twice_is_revoking_once(tenant: Tenant) -> None:
    row, _ = token_for(tenant)

    assert run("revoke_api_token", row.prefix) == run("revoke_api_token", row.prefix) == f"Revoked {row.prefix}."

    assert AuditEvent.objects.filter(action="api_token.revoked").count() == 1


def test_an_unknown_prefix_is_an_error(tenant: Tenant) -> None:
    row, text = token_for(tenant)

    for prefix in ("mst_00000000", "", text):
        with pytest.raises(CommandError, match="No API token has the prefix"):
            run("revoke_api_token", prefix)

    row.refresh_from_db()
    assert row.revoked_at is None


def test_an_error_does_not_repeat_a_whole_token(tenant: Tenant) -> None:
    """Who pastes the token where its prefix belongs finds it in no log."""
    _, text = token_for(tenant)

    with pytest.raises(CommandError) as caught:
        run("revoke_api_token", text)

    assert text not in str(caught.value)


@pytest.mark.parametrize("role", ["root", ""])
def test_the_database_knows_the_roles(tenant: Tenant, role: str) -> None:
    row, _ = token_for(tenant)

    with pytest.raises(IntegrityError, match="api_token_role_known"), transaction.atomic():
        ApiToken.objects.filter(pk=row.pk).update(role=role)


def test_two_tokens_cannot_share_a_digest_or_a_prefix(tenant: Tenant) -> None:
    (first, _), (second, _) = token_for(tenant), token_for(tenant)

    for field in ("digest", "prefix"):
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiToken.objects.filter(pk=second.pk).update(**{field: getattr(first, field)})
