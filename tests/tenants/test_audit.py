"""The audit log can only be added to."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tenants import audit
from tenants.actors import Actor, Kind
from tenants.models import AuditEvent, Tenant

JO = Actor(Kind.CONSOLE, "jo", "10.0.0.7")


@pytest.fixture
def event(tenant: Tenant) -> AuditEvent:
    audit.record(actor=JO, action="tenant.renamed", subject=tenant, tenant=tenant, details={"name": "new"})
    return AuditEvent.objects.get()


def test_an_event_says_who_did_what_to_which_object_from_where(event: AuditEvent, tenant: Tenant) -> None:
    assert (event.actor_kind, event.actor, event.source) == ("console", "jo", "10.0.0.7")
    assert (event.action, event.object_type, event.object_id) == ("tenant.renamed", "tenant", str(tenant.pk))
    assert (event.tenant_id, event.details) == (tenant.pk, {"name": "new"})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenants_auditevent SET actor = 'nobody'",
        "UPDATE tenants_auditevent SET at = now()",
        "DELETE FROM tenants_auditevent",
        "INSERT INTO tenants_auditevent SELECT * FROM tenants_auditevent ON CONFLICT (id) DO UPDATE SET actor = 'x'",
    ],
)
def test_the_database_refuses_to_change_or_delete(event: AuditEvent, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEvent.objects.get().actor == "jo"


def test_the_models_refuse_too(event: AuditEvent) -> None:
    event.actor = "nobody"
    for change in (event.save, event.delete, AuditEvent.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_the_log_outlives_the_tenant(event: AuditEvent, tenant: Tenant) -> None:
    tenant_id = tenant.pk
    tenant.delete()

    assert AuditEvent.objects.get().tenant_id == tenant_id


def test_a_write_that_fails_leaves_no_event(tenant: Tenant) -> None:
    with transaction.atomic():
        audit.record(actor=JO, action="tenant.renamed", subject=tenant)
        transaction.set_rollback(True)

    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["x" * 5000, "", "é" * 300, "日本" * 200], ids=len)
def test_any_length_of_name_fits(tenant: Tenant, name: Any) -> None:
    audit.record(actor=Actor(Kind.API, name, "s" * 500, "p" * 500), action="x", subject=tenant)

    assert len(AuditEvent.objects.get().actor) <= 200
