"""API tokens: made once, shown once, stored as a digest."""

import datetime as dt
import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from config.api.errors import NotFound
from tenants import audit
from tenants.actors import Actor
from tenants.models import ApiToken, Role, Tenant
from tenants.zones import require_zone

SCHEME = "mst"
PREFIX_LENGTH = len(SCHEME) + 9
USE_RESOLUTION = dt.timedelta(minutes=1)  # `last_used_at` is written at most this often


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


@transaction.atomic
def create_api_token(
    *,
    tenant: Tenant | None,
    role: Role,
    actor: Actor,
    name: str = "",
    time_zone: str = "",
    expires_at: dt.datetime | None = None,
) -> tuple[ApiToken, str]:
    """The row and the token's text, which cannot be had again. Without a tenant: a gateway token.

    BadRequest for an unknown zone; without one, schedules are meant in the tenant's.
    """
    if time_zone:
        require_zone(time_zone)
    prefix = f"{SCHEME}_{secrets.token_hex(4)}"
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        tenant=tenant,
        role=role,
        name=name,
        time_zone=time_zone,
        prefix=prefix,
        digest=digest_of(text),
        created_by=actor.name,
        expires_at=expires_at,
    )
    token.full_clean()
    token.save(force_insert=True)
    details = {"prefix": prefix, "role": role, "gateway": tenant is None}
    audit.record(actor=actor, action="api_token.created", subject=token, tenant=tenant, details=details)
    return token, text


@transaction.atomic
def revoke_api_token(*, prefix: str, actor: Actor) -> ApiToken:
    """Revoking twice changes nothing. NotFound for an unknown prefix."""
    token = ApiToken.objects.select_for_update(of=("self",)).filter(prefix=prefix).first()
    if token is None:
        shown = prefix[:PREFIX_LENGTH]  # somebody may have pasted a whole token
        raise NotFound(f"No API token has the prefix {shown!r}.")
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor, action="api_token.revoked", subject=token, tenant=token.tenant, details={"prefix": prefix}
        )
    return token


def find_api_token(text: str) -> ApiToken | None:
    """The usable token with this text."""
    token = ApiToken.objects.select_related("tenant").filter(digest=digest_of(text)).first()
    return token if token is not None and token.is_usable else None


def note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USE_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
