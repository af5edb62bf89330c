"""DEP tokens of one MDM server at Apple: renewed in the same or a new record, not by an older one or in two tenants."""

from typing import Any

import pytest

from config.api.errors import NotFound
from tenants.credentials import Kind, credentials_in_use
from tenants.models import AuditEvent, DepToken, Role, Tenant
from tenants.services.dep_tokens import complete_dep_token, delete_dep_token
from tests.api.seed import DEP_TOKENS
from tests.conftest import ApiClient, Commit
from tests.factories.apple_tokens import DepTokenFactory, form, p7m
from tests.factories.tenants import ACTOR, token_for
from tests.factories.threads import all_at_once

LATER, EARLIER = "2098-01-01T00:00:00Z", "2097-01-01T00:00:00Z"


def upload(api: ApiClient, row: DepToken, *, force: bool = False, **fields: Any) -> Any:
    told = form(file=p7m(**fields), token_name="Acme ABM", **({"force": "true"} if force else {}))
    return api.put(f"{DEP_TOKENS}{row.pk}/", **told)


def caller(tenant: Tenant, commit: Commit) -> ApiClient:
    return ApiClient(tenant, token_for(tenant, Role.ADMIN)[1], commit)


def ends(row: DepToken) -> str:
    row.refresh_from_db()
    return f"{row.token_expiry_on:%Y}" if row.token_expiry_on else ""


def test_an_older_token_of_the_same_server_is_refused_unless_forced(admin_api: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)
    upload(admin_api, row, access_token_expiry=LATER)

    refused = upload(admin_api, row, access_token_expiry=EARLIER)

    assert refused.status_code == 400
    assert "it ends on 2097-01-01" in refused.json()["message"]
    assert "on 2098-01-01, so it is older" in refused.json()["message"]
    assert ends(row) == "2098"
    assert upload(admin_api, row, access_token_expiry=EARLIER, force=True).status_code == 200
    assert ends(row) == "2097"
    assert AuditEvent.objects.get(action="dep_token.renewed").details["forced"] is True


def test_an_older_token_is_refused_by_a_new_record_too(admin_api: ApiClient, tenant: Tenant) -> None:
    upload(admin_api, DepTokenFactory(tenant), access_token_expiry=LATER)
    new = DepTokenFactory(tenant)

    assert "so it is older" in upload(admin_api, new, access_token_expiry=EARLIER).json()["message"]
    assert ends(new) == ""


def test_the_same_token_may_be_uploaded_again(admin_api: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)

    assert [upload(admin_api, row, access_token_expiry=LATER).status_code for _ in range(2)] == [200, 200]


def test_a_new_record_of_the_same_server_replaces_the_old_one(admin_api: ApiClient, tenant: Tenant) -> None:
    old, new = DepTokenFactory(tenant), DepTokenFactory(tenant)
    upload(admin_api, old, access_token_expiry=EARLIER)

    assert upload(admin_api, new, access_token_expiry=LATER).status_code == 200

    assert [each.object_id for each in credentials_in_use([tenant.pk])] == [str(new.pk)]
    assert ends(old) == "2097"


def test_records_of_different_servers_are_both_in_use(admin_api: ApiClient, tenant: Tenant) -> None:
    first, second = DepTokenFactory(tenant), DepTokenFactory(tenant)
    upload(admin_api, first, access_token_expiry=LATER)

    assert upload(admin_api, second, access_token_expiry=EARLIER, consumer_key="CK_other").status_code == 200

    in_use = [each for each in credentials_in_use([tenant.pk]) if each.kind == Kind.DEP]
    assert {each.object_id for each in in_use} == {str(first.pk), str(second.pk)}


def test_a_server_of_another_tenant_is_refused_unless_forced(
    admin_api: ApiClient, tenant: Tenant, other_tenant: Tenant, django_capture_on_commit_callbacks: Commit
) -> None:
    theirs = DepTokenFactory(other_tenant)
    upload(caller(other_tenant, django_capture_on_commit_callbacks), theirs, access_token_expiry=EARLIER)
    ours = DepTokenFactory(tenant)

    refused = upload(admin_api, ours, access_token_expiry=LATER)

    assert refused.status_code == 400
    assert "in use elsewhere in this installation" in refused.json()["message"]
    for leak in (other_tenant.name, str(other_tenant.pk), str(theirs.pk), "2097"):
        assert leak not in refused.content.decode()
    assert ends(ours) == ""
    assert upload(admin_api, ours, access_token_expiry=LATER, force=True).status_code == 200
    assert (ends(ours), ends(theirs)) == ("2098", "2097")


@pytest.mark.parametrize("expiry", ["2020-01-01T00:00:00Z", None])
def test_a_server_that_another_tenant_uses_no_more_is_taken(
    admin_api: ApiClient, tenant: Tenant, other_tenant: Tenant, expiry: str | None
) -> None:
    ours = DepTokenFactory(tenant)
    upload(admin_api, ours)
    ours.refresh_from_db()
    DepTokenFactory(other_tenant, server_key=ours.server_key, token_expiry_on=expiry)

    assert upload(admin_api, ours).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_tenants_at_once_one_gets_the_server(django_capture_on_commit_callbacks: Commit) -> None:
    callers = []
    for name in ("One", "Two"):
        tenant = Tenant.objects.create(name=name)
        callers.append((caller(tenant, django_capture_on_commit_callbacks), DepTokenFactory(tenant)))
    answers: list[int] = []

    def put(api: ApiClient, row: DepToken) -> None:
        told = form(file=p7m(), token_name="Acme ABM")
        path = f"{DEP_TOKENS}{row.pk}/"
        answer: Any = api.client.generic("PUT", path, told["body"], told["content_type"], headers=api.headers)
        answers.append(answer.status_code)

    all_at_once(*(lambda api=api, row=row: put(api, row) for api, row in callers))

    assert sorted(answers) == [200, 400]
    assert DepToken.objects.filter(state="COMPLETED").count() == 1


def test_a_record_that_is_deleted_meanwhile_is_not_found(tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)
    stale = DepToken.objects.get(pk=row.pk)
    row.delete()

    with pytest.raises(NotFound):
        complete_dep_token(token=stale, file=p7m(), token_name="x", actor=ACTOR)
    with pytest.raises(NotFound):
        delete_dep_token(token=stale, actor=ACTOR)
    assert not AuditEvent.objects.filter(action__startswith="dep_token").exists()
