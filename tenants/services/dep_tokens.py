"""The life of a tenant's DEP token: a key pair, then what Apple encrypted to it, and again every year."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.db import transaction
from django.utils import timezone

from config.api.errors import BadRequest
from tenants import audit
from tenants.actors import Actor
from tenants.models import DepToken, Tenant
from tenants.token_files import DepCredentials, read_dep_token

KEY_LIFE = dt.timedelta(days=3650)  # Apple asks for no end; the token itself lasts a year


def create_dep_token(*, tenant: Tenant, actor: Actor) -> DepToken:
    """A new key pair, whose certificate goes to Apple."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    row = DepToken(
        tenant=tenant,
        private_key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate=_self_signed(tenant, key).public_bytes(serialization.Encoding.PEM).decode(),
        created_by=actor.name,
        updated_by=actor.name,
    )
    with transaction.atomic():
        row.full_clean()
        row.save(force_insert=True)
        audit.record(actor=actor, action="dep_token.requested", subject=row)
    return row


def _self_signed(tenant: Tenant, key: rsa.RSAPrivateKey) -> x509.Certificate:
    now = timezone.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{tenant.name} DEP token"[:64])])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + KEY_LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


@transaction.atomic
def complete_dep_token(*, token: DepToken, file: bytes, token_name: str, actor: Actor, force: bool = False) -> DepToken:
    """Apple's token for a record, for the first time or a renewed one.

    BadRequest when it cannot be read with this record's key, has expired, or, unless forced, comes from another server
    at Apple than the one before it.
    """
    row = DepToken.objects.select_for_update().get(pk=token.pk)
    renewal = row.state == DepToken.State.COMPLETED
    key = serialization.load_pem_private_key(row.private_key, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    found = read_dep_token(file, certificate=x509.load_pem_x509_certificate(row.certificate.encode()), key=key)
    changed = renewal and row.consumer_key != found.secrets["consumer_key"].encode()
    if changed and not force:
        raise BadRequest(
            "invalid DEP token: its consumer_key is not that of the token it would replace, so it is of another MDM "
            "server at Apple, with other devices. Upload the token of the same server, make a new DEP token for the "
            "other one, or send force=true to replace it."
        )
    _take(row, found, token_name, actor)
    details = {"token_name": token_name, "expires": found.expires_at.isoformat(), "forced": changed}
    action = "dep_token.renewed" if renewal else "dep_token.completed"
    audit.record(actor=actor, action=action, subject=row, details=details)
    return row


def _take(row: DepToken, found: DepCredentials, token_name: str, actor: Actor) -> None:
    for name, value in found.secrets.items():
        setattr(row, name, value)
    row.token_expiry_on = found.expires_at
    row.token_name = token_name
    row.state = DepToken.State.COMPLETED
    row.updated_by = actor.name
    row.full_clean()
    row.save(
        update_fields=[*found.secrets, "token_expiry_on", "token_name", "state", "updated_by", "updated_at"],
    )
