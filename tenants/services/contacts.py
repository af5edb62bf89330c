"""Writes about whom a tenant's warnings go to."""

from django.core.exceptions import ValidationError
from django.db import transaction

from config.api.errors import BadRequest, NotFound
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant, TenantContact

MOST = 20  # of a tenant: more are a mailing list's business


@transaction.atomic
def add_contact(*, tenant: Tenant, email: str, actor: Actor, name: str = "") -> TenantContact:
    """BadRequest for what is no e-mail address, for one that the tenant has already, and for one too many."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # two at once count and compare in turn
    contact = TenantContact(
        tenant=tenant, email=email.strip(), name=" ".join(name.split()), created_by=actor.name[:150]
    )
    _check(contact)
    contact.save(force_insert=True)
    audit.record(actor=actor, action="contact.added", subject=contact, details={"email": contact.email})
    return contact


@transaction.atomic
def remove_contact(*, contact: TenantContact, actor: Actor) -> None:
    """NotFound if somebody else was faster."""
    row = TenantContact.objects.select_for_update().filter(pk=contact.pk).first()
    if row is None:
        raise NotFound("This contact has been removed already.")
    audit.record(actor=actor, action="contact.removed", subject=row, details={"email": row.email})
    row.delete()


def _check(contact: TenantContact) -> None:
    try:
        contact.full_clean()
    except ValidationError as error:
        raise BadRequest(" ".join(error.messages), content=error.message_dict) from None
    if not (contact.email.isprintable() and contact.name.isprintable()):
        raise BadRequest("The name and the e-mail address of a contact must not hold control characters.")
    if TenantContact.objects.filter(tenant=contact.tenant).count() >= MOST:
        raise BadRequest(f"A tenant has at most {MOST} contacts. Use the address of a mailing list instead.")
