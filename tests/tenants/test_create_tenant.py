"""manage.py create_tenant NAME [--id UUID] [--store-country CC]"""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tenants.models import AuditEvent, DeviceAuthority, Tenant
from tests.factories.tenants import TenantFactory

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> str:
    out = StringIO()
    call_command("create_tenant", *arguments, stdout=out)
    return out.getvalue().strip()


def test_prints_the_id_of_the_tenant_it_made() -> None:
    tenant = Tenant.objects.get(pk=create("Shops"))

    assert (tenant.name, tenant.time_zone, tenant.store_country) == ("Shops", "UTC", "us")


def test_takes_the_country_of_its_store() -> None:
    assert Tenant.objects.get(pk=create("Shops", "--store-country", "DE")).store_country == "de"


def test_takes_the_id_it_is_given() -> None:
    wanted = str(uuid.uuid4())

    assert create("Shops", "--id", wanted.upper()) == wanted
    assert str(Tenant.objects.get().pk) == wanted


def test_the_tenant_has_an_authority_whose_keys_are_sealed() -> None:
    create("Shops")

    authority = DeviceAuthority.objects.get(tenant__name="Shops")
    stored = DeviceAuthority.objects.values_list("private_key", flat=True).get()
    assert authority.private_key.startswith(b"-----BEGIN")
    assert b"BEGIN" not in bytes(stored)


def test_the_audit_log_says_who_made_it() -> None:
    tenant_id = create("Shops")

    event = AuditEvent.objects.get()
    assert (event.action, str(event.tenant_id), event.object_id) == ("tenant.created", tenant_id, tenant_id)
    assert event.actor_kind == "command line"
    assert event.actor
    assert event.source


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Taken"], "already exists"),
        ([""], "cannot be blank"),
        (["x" * 129], "at most 128 characters"),
        (["New", "--id", "nonsense"], "invalid UUID value"),
        ([], "required: name"),
        (["New", "--store-country", "deu"], "Two lower-case letters|at most 2 characters"),
        (["New", "--store-country", "1!"], "Two lower-case letters"),
    ],
    ids=str,
)
def test_an_error_is_one_sentence_and_changes_nothing(arguments: list[str], message: str) -> None:
    TenantFactory(name="Taken")

    with pytest.raises(CommandError, match=message):
        create(*arguments)

    assert Tenant.objects.count() == 1
    assert not AuditEvent.objects.exists()


def test_an_id_is_not_taken_over() -> None:
    tenant = TenantFactory(name="First")

    with pytest.raises(CommandError, match="already exists"):
        create("Second", "--id", str(tenant.pk))

    tenant.refresh_from_db()
    assert tenant.name == "First"
