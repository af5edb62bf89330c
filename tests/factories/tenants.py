"""Tenants and their callers."""

import secrets
import uuid
from functools import lru_cache
from itertools import count
from typing import Any

from django.contrib.auth.models import User

from tenants.actors import Actor, Kind
from tenants.models import ApiToken, DeviceAuthority, Role, Tenant
from tenants.services.authority import create_device_authority
from tenants.services.tokens import SCHEME, digest_of

ACTOR = Actor(Kind.SYSTEM, "tests")


_numbers = count(1)


def TenantFactory(**fields: Any) -> Tenant:
    """Without an authority: RSA keys are slow. `with_authority` gives it one."""
    return Tenant.objects.create(**{"name": f"Tenant {next(_numbers)}", **fields})


def UserFactory(**fields: Any) -> User:
    """A console user with the password `secret`."""
    user = User(**{"username": f"user{next(_numbers)}", "is_staff": True, **fields})
    user.set_password("secret")
    user.save()
    return user


@lru_cache(maxsize=1)
def _authority_material() -> tuple[str, bytes, str, bytes]:
    """One set of keys for all tests of a process."""
    tenant = Tenant(id=uuid.uuid4(), name="Keys")
    tenant.save()
    row = create_device_authority(tenant=tenant)
    material = (row.certificate, bytes(row.private_key), row.signer_certificate, bytes(row.signer_private_key))
    tenant.delete()
    return material


def with_authority(tenant: Tenant) -> DeviceAuthority:
    """Gives the tenant an authority (its certificate names no tenant in particular: the keys are shared)."""
    certificate, key, signer, signer_key = _authority_material()
    return DeviceAuthority.objects.create(
        tenant=tenant,
        certificate=certificate,
        private_key=key,
        signer_certificate=signer,
        signer_private_key=signer_key,
    )


def token_for(tenant: Tenant | None, role: Role = Role.OPERATOR) -> tuple[ApiToken, str]:
    """The row and its text, as `create_api_token` makes them, without its checks and its record for the audit."""
    prefix = f"{SCHEME}_{secrets.token_hex(4)}"
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiToken(tenant=tenant, role=role, prefix=prefix, digest=digest_of(text), created_by=ACTOR.name)
    row.save(force_insert=True)
    return row, text
