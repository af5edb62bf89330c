"""Whom the warnings of a tenant go to: the service, the command line, the console."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.api.errors import BadRequest, NotFound
from tenants.models import AuditEvent, Membership, Role, Tenant, TenantContact
from tenants.selectors import recipients_of, without_recipients
from tenants.services.contacts import MOST, add_contact, remove_contact
from tests.factories.console import member, superuser
from tests.factories.tenants import ACTOR, TenantFactory, UserFactory
from tests.factories.threads import all_at_once

LIST = "/admin/tenants/tenantcontact/"
ADD = f"{LIST}add/"


def contact(tenant: Tenant, email: str = "it@example.org") -> TenantContact:
    return add_contact(tenant=tenant, email=email, actor=ACTOR)


def admin_of(tenant: Tenant, email: str, *, role: Role = Role.ADMIN, **fields: object) -> None:
    Membership.objects.create(user=UserFactory(email=email, **fields), tenant=tenant, role=role)


def emails(tenant: Tenant) -> list[str]:
    return list(TenantContact.objects.filter(tenant=tenant).values_list("email", flat=True))


# The service ---------------------------------------------------------------------------------------------------------
def test_adding_and_removing_is_audited(tenant: Tenant, other_tenant: Tenant) -> None:
    row = add_contact(tenant=tenant, email=" it@example.org ", name="The\n IT", actor=ACTOR)
    contact(other_tenant)
    remove_contact(contact=row, actor=ACTOR)

    assert (row.email, row.name) == ("it@example.org", "The IT")
    assert (emails(tenant), emails(other_tenant)) == ([], ["it@example.org"])
    events = AuditEvent.objects.filter(tenant_id=tenant.pk).order_by("id")
    assert [(event.action, event.details) for event in events] == [
        ("contact.added", {"email": "it@example.org"}),
        ("contact.removed", {"email": "it@example.org"}),
    ]


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b",
        "a@example.org, b@example.org",
        "a@example.org\nBcc: b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "A <a@example.org>",
        '"a\x0bb"@example.org',
        '"a\x01b"@example.org',
        f"{'a' * 250}@example.org",
    ],
)
def test_refuses_what_is_no_address(tenant: Tenant, email: str) -> None:
    with pytest.raises(BadRequest):
        contact(tenant, email)

    assert not TenantContact.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_address_is_there_once_per_tenant_in_whatever_case(tenant: Tenant, other_tenant: Tenant) -> None:
    contact(tenant)
    contact(other_tenant)

    with pytest.raises(BadRequest, match="has a contact with this e-mail address already"):
        contact(tenant, "IT@Example.org")

    assert emails(tenant) == ["it@example.org"]


def test_a_tenant_has_no_more_contacts_than_a_mailing_list_is_for(tenant: Tenant, other_tenant: Tenant) -> None:
    for number in range(MOST):
        contact(tenant, f"{number}@example.org")

    with pytest.raises(BadRequest, match="mailing list"):
        contact(tenant)
    assert contact(other_tenant).pk


def test_removing_twice_is_not_found(tenant: Tenant) -> None:
    row = contact(tenant)
    remove_contact(contact=row, actor=ACTOR)

    with pytest.raises(NotFound):
        remove_contact(contact=row, actor=ACTOR)


@pytest.mark.django_db(transaction=True)
def test_the_same_address_twice_at_once_is_one_contact() -> None:
    ours = TenantFactory(name="Ours")
    refused: list[str] = []

    def add() -> None:
        try:
            contact(ours)
        except BadRequest as error:
            refused.append(error.message)

    all_at_once(*[add] * 4)

    assert emails(ours) == ["it@example.org"]
    assert len(refused) == 3


# Who hears -----------------------------------------------------------------------------------------------------------
def test_the_contacts_of_a_tenant_hear_and_nobody_else(tenant: Tenant, other_tenant: Tenant) -> None:
    contact(tenant, "b@example.org")
    contact(tenant, "a@example.org")
    contact(other_tenant, "theirs@example.org")
    admin_of(tenant, "admin@example.org")

    assert recipients_of(tenant) == ["a@example.org", "b@example.org"]


def test_without_contacts_its_active_console_admins_hear(tenant: Tenant, other_tenant: Tenant) -> None:
    admin_of(tenant, "admin@example.org")
    admin_of(tenant, "ADMIN@example.org")
    admin_of(tenant, "")
    admin_of(tenant, "broken\nBcc: x@example.org")
    admin_of(tenant, "operator@example.org", role=Role.OPERATOR)
    admin_of(tenant, "gone@example.org", is_active=False)
    admin_of(tenant, "outside@example.org", is_staff=False)
    admin_of(other_tenant, "theirs@example.org")

    assert [email.lower() for email in recipients_of(tenant)] == ["admin@example.org"]


def test_of_the_installation_active_superusers_hear(tenant: Tenant) -> None:
    contact(tenant)
    admin_of(tenant, "admin@example.org")
    UserFactory(is_superuser=True, email="root@example.org")
    UserFactory(is_superuser=True, email="")
    UserFactory(is_superuser=True, is_active=False, email="gone@example.org")

    assert recipients_of(None) == ["root@example.org"]


def test_tells_the_tenants_of_which_nobody_would_hear_in_two_queries(tenant: Tenant, other_tenant: Tenant) -> None:
    silent, without_address, foreign = TenantFactory(), TenantFactory(), TenantFactory()
    contact(tenant)
    admin_of(other_tenant, "admin@example.org")
    admin_of(without_address, "")
    tenants = [tenant, other_tenant, silent, without_address]

    with CaptureQueriesContext(connection) as queries:
        found = without_recipients([each.pk for each in tenants])

    assert found == {silent.pk, without_address.pk}
    assert found == {each.pk for each in tenants if not recipients_of(each)}
    assert foreign.pk not in found
    assert len(queries) == 2


# The command line ----------------------------------------------------------------------------------------------------
def command(*arguments: str) -> str:
    out = StringIO()
    call_command("add_contact", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_command_takes_the_tenants_name_or_id(tenant: Tenant, other_tenant: Tenant) -> None:
    assert command("Ours", "a@example.org", "--name", "Ada") == "a@example.org will hear of what expires at Ours."
    command(str(tenant.pk), "b@example.org")

    assert emails(tenant) == ["a@example.org", "b@example.org"]
    assert emails(other_tenant) == []
    assert set(AuditEvent.objects.values_list("actor_kind", flat=True)) == {"command line"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Nobody's", "a@example.org"], "No tenant has the id or the name"),
        (["00000000-0000-0000-0000-000000000000", "a@example.org"], "No tenant has the id or the name"),
        (["Ours", "nobody"], "valid email address"),
    ],
)
def test_the_command_says_what_is_wrong(tenant: Tenant, arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        command(*arguments)

    assert not TenantContact.objects.exists()


# The console ---------------------------------------------------------------------------------------------------------
def test_an_admin_adds_a_contact(tenant: Tenant, other_tenant: Tenant) -> None:
    answer = member(tenant, Role.ADMIN).post(
        ADD, {"tenant": tenant.pk, "email": "it@example.org", "name": "IT"}, follow=True
    )

    assert "it@example.org will hear of what expires." in answer.content.decode()
    assert (emails(tenant), emails(other_tenant)) == (["it@example.org"], [])
    assert AuditEvent.objects.get(action="contact.added").actor_kind == "console"


def test_an_admin_cannot_add_one_to_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    answer = member(tenant, Role.ADMIN).post(ADD, {"tenant": other_tenant.pk, "email": "it@example.org", "name": ""})

    assert "not one of the available choices" in answer.content.decode()
    assert not TenantContact.objects.exists()


@pytest.mark.parametrize("email", ["nobody", "it@example.org\nBcc: x@example.org", "IT@example.org"])
def test_the_form_says_what_is_wrong_and_keeps_the_rest(tenant: Tenant, email: str) -> None:
    contact(tenant)

    answer = member(tenant, Role.ADMIN).post(ADD, {"tenant": tenant.pk, "email": email, "name": "kept words"})

    page = answer.content.decode()
    assert "kept words" in page
    assert "valid email address" in page or "has a contact with this e-mail address already" in page
    assert emails(tenant) == ["it@example.org"]


def test_removing_asks_first(tenant: Tenant, other_tenant: Tenant) -> None:
    row = contact(tenant)
    contact(other_tenant)
    client = member(tenant, Role.ADMIN)

    assert "Remove it@example.org?" in client.get(f"{LIST}{row.pk}/remove/").content.decode()
    assert emails(tenant) == ["it@example.org"]
    answer = client.post(f"{LIST}{row.pk}/remove/", follow=True)

    assert "1 removed." in answer.content.decode()
    assert (emails(tenant), emails(other_tenant)) == ([], ["it@example.org"])


def test_removes_selected_contacts_of_its_own_tenants_only(tenant: Tenant, other_tenant: Tenant) -> None:
    rows = [contact(tenant), contact(other_tenant)]
    chosen = {"action": "remove_selected", "_selected_action": [str(row.pk) for row in rows]}

    answer = member(tenant, Role.ADMIN).post(LIST, chosen, follow=True)

    assert "1 removed." in answer.content.decode()
    assert (emails(tenant), emails(other_tenant)) == ([], ["it@example.org"])


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_only_see_who_hears(tenant: Tenant, role: Role) -> None:
    row = contact(tenant)
    client = member(tenant, role)

    assert "it@example.org" in client.get(LIST).content.decode()
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {"tenant": tenant.pk, "email": "x@example.org"}).status_code == 403
    assert client.post(f"{LIST}{row.pk}/remove/").status_code == 404
    client.post(LIST, {"action": "remove_selected", "_selected_action": [str(row.pk)]})
    assert emails(tenant) == ["it@example.org"]


def test_a_superuser_sees_and_removes_those_of_every_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    contact(tenant, "ours@example.org")
    row = contact(other_tenant, "theirs@example.org")
    client = superuser()

    page = client.get(LIST).content.decode()
    assert "ours@example.org" in page
    assert "theirs@example.org" in page
    client.post(f"{LIST}{row.pk}/remove/")
    assert (emails(tenant), emails(other_tenant)) == (["ours@example.org"], [])


def test_the_history_of_a_contact_is_in_the_audit_log(tenant: Tenant) -> None:
    row = contact(tenant)

    answer = member(tenant, Role.ADMIN).get(f"{LIST}{row.pk}/history/", follow=True)

    assert "contact.added" in answer.content.decode()
