"""API tokens in the console."""

import re

from tenants.models import ApiToken, AuditEvent, Role, Tenant
from tenants.services.tokens import find_api_token
from tests.factories.console import member, superuser
from tests.factories.tenants import token_for

ADD = "/admin/tenants/apitoken/add/"
LIST = "/admin/tenants/apitoken/"
TOKEN = re.compile(r"mst_[0-9a-f]{8}_[\w-]{30,}")


def form(tenant: Tenant | None, **more: str) -> dict[str, str]:
    return {"tenant": str(tenant.pk) if tenant else "", "name": "Tickets", "role": "operator", **more}


def test_a_new_token_is_shown_once(tenant: Tenant) -> None:
    client = member(tenant, Role.ADMIN)

    answer = client.post(ADD, form(tenant, expires_at_0="2099-01-01", expires_at_1="00:00:00"), follow=True)

    shown = TOKEN.findall(answer.content.decode())
    assert len(set(shown)) == 1
    token = find_api_token(shown[0])
    assert token is not None
    assert (token.tenant, token.name, token.role) == (tenant, "Tickets", "operator")
    assert TOKEN.findall(client.get(LIST).content.decode()) == []


def test_a_new_token_may_have_a_time_zone(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()
    client.post(ADD, form(tenant, time_zone="Asia/Kolkata"))
    client.post(ADD, form(other_tenant, time_zone=""))

    ours, theirs = ApiToken.objects.get(tenant=tenant), ApiToken.objects.get(tenant=other_tenant)
    assert (ours.time_zone, theirs.time_zone) == ("Asia/Kolkata", "")
    assert "Asia/Kolkata" in client.get(f"{LIST}{ours.pk}/change/").content.decode()
    assert "the tenant&#x27;s" in client.get(f"{LIST}{theirs.pk}/change/").content.decode()


def test_a_time_zone_that_does_not_exist_makes_no_token(tenant: Tenant) -> None:
    answer = member(tenant, Role.ADMIN).post(ADD, form(tenant, time_zone="Mars/Base"))

    assert "not one of the available choices" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_creating_a_token_is_audited_once(tenant: Tenant) -> None:
    member(tenant, Role.ADMIN).post(ADD, form(tenant))

    event = AuditEvent.objects.get(action="api_token.created")
    assert (event.actor_kind, event.tenant_id) == ("console", tenant.pk)


def test_an_admin_cannot_make_a_token_of_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    answer = member(tenant, Role.ADMIN).post(ADD, form(other_tenant))

    assert answer.status_code == 200
    assert "not one of the available choices" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_only_superusers_make_gateway_tokens(tenant: Tenant) -> None:
    refused = member(tenant, Role.ADMIN).post(ADD, form(None))
    superuser().post(ADD, form(None))

    assert "This field is required" in refused.content.decode()
    assert [token.is_gateway for token in ApiToken.objects.all()] == [True]


def test_operators_neither_see_nor_make_tokens(tenant: Tenant) -> None:
    token, _ = token_for(tenant)
    client = member(tenant)

    assert client.get(LIST).status_code == 403
    assert client.post(ADD, form(tenant)).status_code == 403
    assert client.post(f"{LIST}{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_revoking_asks_first(tenant: Tenant) -> None:
    token, text = token_for(tenant)
    client = member(tenant, Role.ADMIN)

    asked = client.get(f"{LIST}{token.pk}/revoke/")
    assert "cannot be undone" in asked.content.decode()
    assert find_api_token(text)

    answer = client.post(f"{LIST}{token.pk}/revoke/", follow=True)
    assert "1 revoked." in answer.content.decode()
    assert find_api_token(text) is None
    assert AuditEvent.objects.filter(action="api_token.revoked").count() == 1


def test_revokes_selected_tokens_and_says_how_many(tenant: Tenant) -> None:
    first, _ = token_for(tenant)
    second, _ = token_for(tenant)
    client = member(tenant, Role.ADMIN)
    client.post(f"{LIST}{first.pk}/revoke/")

    chosen = {"action": "revoke_selected", "_selected_action": [str(first.pk), str(second.pk)]}
    answer = client.post(LIST, chosen, follow=True)

    assert "1 revoked; 1 had been before." in answer.content.decode()
    assert not ApiToken.objects.filter(revoked_at__isnull=True).exists()


def test_a_token_cannot_be_edited(tenant: Tenant) -> None:
    token, _ = token_for(tenant)

    answer = member(tenant, Role.ADMIN).post(f"{LIST}{token.pk}/change/", form(tenant, role="admin"))

    assert answer.status_code == 403
    assert ApiToken.objects.get().role == "operator"
