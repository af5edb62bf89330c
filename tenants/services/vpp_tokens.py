"""A tenant's VPP tokens: stored, renewed and removed. What Apple says about their licences is read elsewhere."""

import re
import uuid
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from config.api.errors import BadRequest, NeedsForce, NotFound
from tenants import audit
from tenants.actors import Actor
from tenants.models import Tenant, VppToken
from tenants.token_files import VPP_REFUSED, VppCredentials, read_vpp_token

log = structlog.get_logger(__name__)

INTEGER = re.compile(r"[0-9]{1,18}")
KNOWN = f"{VPP_REFUSED}: this token is stored already; a renewed one comes from Apple as a new file."


@transaction.atomic
def create_vpp_token(*, tenant: Tenant, file: bytes, actor: Actor) -> VppToken:
    """BadRequest when the file is none, has expired, or is known in this tenant."""
    found = _new(file, tenant.pk)
    row = VppToken(id=_next_id(), tenant=tenant, created_by=actor.name)
    _take(row, found, actor)
    _save(row, force_insert=True)
    _record("vpp_token.created", row, actor)
    return row


@transaction.atomic
def renew_vpp_token(*, token: VppToken, file: bytes, actor: Actor, force: bool = False) -> VppToken:
    """A new token in the place of an older one, which keeps its id and what hangs on it.

    BadRequest as for a first one; also, unless forced, when it is of another organisation or ends earlier.
    """
    row = _locked(VppToken.objects.filter(tenant_id=token.tenant_id, pk=token.pk))
    found = _new(file, row.tenant_id)
    refusal = _another_organisation(row, found) or _older(row, found)
    if refusal and not force:
        raise NeedsForce(refusal)
    _take(row, found, actor)
    _save(row, update_fields=["key", "token", "org_name", "token_expiry_on", "updated_by", "updated_at"])
    _record("vpp_token.renewed", row, actor, forced=bool(refusal))
    return row


@transaction.atomic
def delete_vpp_token(*, tenant: Tenant, token_id: str, actor: Actor) -> None:
    """NotFound when there is none, or none any more. Devices stay as they are."""
    mine = VppToken.objects.filter(tenant=tenant)
    row = _locked(mine.filter(pk=int(token_id)) if INTEGER.fullmatch(token_id) else mine.none())
    audit.record(actor=actor, action="vpp_token.deleted", subject=row, details={"org_name": row.org_name})
    row.delete()


def _locked(rows: QuerySet[VppToken]) -> VppToken:
    row = rows.select_for_update().first()
    if row is None:
        raise NotFound("No VPP token has this id.")
    return row


def _new(file: bytes, tenant_id: uuid.UUID) -> VppCredentials:
    found = read_vpp_token(file)
    if VppToken.objects.filter(tenant_id=tenant_id, key=found.digest).exists():
        raise BadRequest(KNOWN)
    return found


def _another_organisation(row: VppToken, found: VppCredentials) -> str:
    if row.org_name == found.org_name:
        return ""
    return (
        f"{VPP_REFUSED}: it is of the organisation {found.org_name!r}, and the one it would replace of "
        f"{row.org_name!r}, which has other licences. Upload the token of the same organisation and location, add "
        "this one beside it, or force this one if the organisation was only renamed."
    )


def _older(row: VppToken, found: VppCredentials) -> str:
    if found.expires_at >= row.token_expiry_on:
        return ""
    return (
        f"{VPP_REFUSED}: it ends on {found.expires_at:%Y-%m-%d}, before the one it would replace "
        f"({row.token_expiry_on:%Y-%m-%d}), so it is older. Download a new token at Apple, or force this one."
    )


def _take(row: VppToken, found: VppCredentials, actor: Actor) -> None:
    """The same token in another tenant is told the operator only.

    The documented route knows no force that would lift a refusal, and a location's next token is not known again.
    """
    row.key, row.token = found.digest, found.text
    row.org_name, row.token_expiry_on = found.org_name, found.expires_at
    row.updated_by = actor.name
    if VppToken.objects.filter(key=found.digest).exists():
        log.warning("vpp_token_in_two_tenants", tenant=str(row.tenant_id), token=row.pk, digest=found.digest)


def _save(row: VppToken, **how: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError:  # somebody else was faster
        raise BadRequest(KNOWN) from None


def _record(action: str, row: VppToken, actor: Actor, **more: Any) -> None:
    details = {"org_name": row.org_name, "expires": row.token_expiry_on.isoformat(), **more}
    audit.record(actor=actor, action=action, subject=row, details=details)


def _next_id() -> int:
    """Sealing binds the token to its row's id, which therefore must be known before the row is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [VppToken._meta.db_table])
        return int(cursor.fetchone()[0])
