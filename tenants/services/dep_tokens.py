"""The life of a tenant's DEP token: a key pair, then what Apple encrypted to it, and again every year."""

import datetime as dt
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.db import connection, transaction
from django.utils import timezone

from config.api.errors import NeedsForce, NotFound
from tenants import audit
from tenants.actors import Actor
from tenants.models import DepToken, Tenant
from tenants.texts import require_one_line
from tenants.token_files import DEP_REFUSED, DepCredentials, read_dep_token

KEY_LIFE = dt.timedelta(days=3650)  # Apple asks for no end; the token itself lasts a year
PUBLIC_KEY_FILE = "Muster_Public_Key.pem"


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


@transaction.atomic
def download_public_key(*, token: DepToken, actor: Actor) -> str:
    """What goes to Apple, once more: PEM. NotFound when the record is gone."""
    row = _locked(token)
    audit.record(actor=actor, action="dep_token.key_downloaded", subject=row)
    return row.certificate


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

    BadRequest when it cannot be read with this record's key or has expired. Also, unless forced, when it comes from
    another server at Apple than the one before it, is older than one that is stored, or is another tenant's.
    """
    require_one_line(token_name=token_name)
    row = _locked(token)
    renewal = row.state == DepToken.State.COMPLETED
    certificate = x509.load_pem_x509_certificate(row.certificate.encode())
    found = read_dep_token(file, certificate=certificate, key=_private_key(row))
    server_key = server_key_of(found.secrets["consumer_key"])
    _one_at_a_time(server_key)
    refusal = _all_of(_another_server(row, found), _older(row, found, server_key), _of_somebody_else(row, server_key))
    if refusal and not force:
        raise NeedsForce(refusal)
    row.server_key = server_key
    _take(row, found, token_name, actor)
    details = {"token_name": token_name, "expires": found.expires_at.isoformat(), "forced": bool(refusal)}
    action = "dep_token.renewed" if renewal else "dep_token.completed"
    audit.record(actor=actor, action=action, subject=row, details=details)
    return row


@transaction.atomic
def delete_dep_token(*, token: DepToken, actor: Actor) -> None:
    """The key pair goes too. NotFound when it is gone already. Devices stay as they are."""
    row = _locked(token)
    audit.record(
        actor=actor, action="dep_token.deleted", subject=row, details={"token_name": row.token_name, "state": row.state}
    )
    row.delete()


def server_key_of(consumer_key: str) -> str:
    """By which an MDM server at Apple is known again; every token of it has the same consumer key."""
    return hashlib.sha256(consumer_key.encode()).hexdigest()


def _private_key(row: DepToken) -> rsa.RSAPrivateKey:
    """A key that we made and sealed ourselves: proving its primes again would cost more than reading the file."""
    key = serialization.load_pem_private_key(row.private_key, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _locked(token: DepToken) -> DepToken:
    row = DepToken.objects.select_for_update().filter(pk=token.pk).first()
    if row is None:
        raise NotFound("No DEP token has this id.")
    return row


def _one_at_a_time(server_key: str) -> None:
    """Until this transaction ends, uploads of the same server's tokens wait: to other records, of other tenants too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dep-server/{server_key}"])


def _all_of(*refusals: str) -> str:
    """Force lifts them all, so all of them are told."""
    first, *others = [refusal for refusal in refusals if refusal] or [""]
    return " ".join([first, *(f"Also, {other.removeprefix(f'{DEP_REFUSED}: ')}" for other in others)])


def _another_server(row: DepToken, found: DepCredentials) -> str:
    if row.consumer_key is None or row.consumer_key == found.secrets["consumer_key"].encode():
        return ""
    return (
        f"{DEP_REFUSED}: its consumer_key is not that of the token it would replace, so it is of another MDM server at "
        "Apple, with other devices. Upload the token of the same server, make a new DEP token for the other one, or "
        "force this one (force=true)."
    )


def _older(row: DepToken, found: DepCredentials, server_key: str) -> str:
    """Apple ends a server's token when the next one is downloaded, so the one that ends last is the one in force."""
    same = DepToken.objects.filter(tenant_id=row.tenant_id, server_key=server_key, token_expiry_on__gt=found.expires_at)
    newest = same.order_by("-token_expiry_on").values_list("token_expiry_on", flat=True).first()
    if newest is None:
        return ""
    return (
        f"{DEP_REFUSED}: it ends on {found.expires_at:%Y-%m-%d}, and the one that is stored of the same MDM server on "
        f"{newest:%Y-%m-%d}, so it is older, and Apple has ended it. Download a new token at Apple, or force this "
        "one (force=true)."
    )


def _of_somebody_else(row: DepToken, server_key: str) -> str:
    """Whoever holds the file has the server at Apple, so that it is in use here is told; never by whom."""
    others = DepToken.objects.exclude(tenant_id=row.tenant_id).filter(server_key=server_key)
    if not others.filter(token_expiry_on__gt=timezone.now()).exists():
        return ""
    return (
        f"{DEP_REFUSED}: this MDM server at Apple is in use elsewhere in this installation, and two who use one server "
        "take each other's devices. Add a server of its own at Apple, ask the operator to remove the other token, or "
        "take the server over by force (force=true)."
    )


def _take(row: DepToken, found: DepCredentials, token_name: str, actor: Actor) -> None:
    for name, value in found.secrets.items():
        setattr(row, name, value)
    row.token_expiry_on = found.expires_at
    row.token_name = token_name
    row.state = DepToken.State.COMPLETED
    row.updated_by = actor.name
    row.full_clean()
    plain = ("server_key", "token_expiry_on", "token_name", "state", "updated_by", "updated_at")
    row.save(update_fields=[*found.secrets, *plain])
