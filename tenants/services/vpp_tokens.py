"""A tenant's VPP tokens: stored and removed. What Apple says about their licences is read elsewhere."""

import re

from django.db import IntegrityError, connection, transaction

from config.api.errors import BadRequest, NotFound
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant, VppToken
from tenants.token_files import read_vpp_token

INTEGER = re.compile(r"[0-9]{1,18}")
KNOWN = "invalid VPP token: this token is stored already; a renewed one comes from Apple as a new file."


@transaction.atomic
def create_vpp_token(*, tenant: Tenant, file: bytes, actor: Actor) -> VppToken:
    """BadRequest when the file is none, has expired, or is known in this tenant."""
    found = read_vpp_token(file)
    if VppToken.objects.filter(tenant=tenant, key=found.digest).exists():
        raise BadRequest(KNOWN)
    row = VppToken(
        id=_next_id(),
        tenant=tenant,
        key=found.digest,
        token=found.text,
        org_name=found.org_name,
        token_expiry_on=found.expires_at,
        created_by=actor.name,
        updated_by=actor.name,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # somebody else was faster
        raise BadRequest(KNOWN) from None
    details = {"org_name": found.org_name, "expires": found.expires_at.isoformat()}
    audit.record(actor=actor, action="vpp_token.created", subject=row, details=details)
    return row


@transaction.atomic
def delete_vpp_token(*, tenant: Tenant, token_id: str, actor: Actor) -> None:
    """NotFound when there is none, or none any more. Devices stay as they are."""
    mine = VppToken.objects.select_for_update().filter(tenant=tenant)
    row = mine.filter(pk=int(token_id)).first() if INTEGER.fullmatch(token_id) else None
    if row is None:
        raise NotFound("No VPP token has this id.")
    audit.record(actor=actor, action="vpp_token.deleted", subject=row, details={"org_name": row.org_name})
    row.delete()


def _next_id() -> int:
    """Sealing binds the token to its row's id, which therefore must be known before the row is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [VppToken._meta.db_table])
        return int(cursor.fetchone()[0])
