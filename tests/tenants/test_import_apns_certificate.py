"""manage.py import_apns_certificate"""

import uuid
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import CommandError, call_command

from onboarding.simulation.certificates import PushCredentials, StandInRoot
from tenants.models import ApnsCertificate, AuditEvent, Tenant

TOPIC = "com.apple.mgmt.External.imported"


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> PushCredentials:
    return StandInRoot(tmp_path_factory.mktemp("root")).new_push_credentials(topic=TOPIC)


@pytest.fixture
def files(tmp_path: Path, credentials: PushCredentials) -> tuple[Path, Path]:
    certificate, key = tmp_path / "push.pem", tmp_path / "push.key"
    certificate.write_bytes(credentials.certificate_pem)
    key.write_bytes(credentials.private_key_pem)
    return certificate, key


def take(tenant_id: object, certificate: Path, key: Path, *more: str) -> str:
    out = StringIO()
    words = ["--tenant", str(tenant_id), "--certificate", str(certificate), "--key", str(key)]
    call_command("import_apns_certificate", *words, "--apple-id", "it@example.com", *more, stdout=out)
    return out.getvalue().strip()


def test_takes_a_certificate_and_its_key(
    tenant: Tenant, other_tenant: Tenant, files: tuple[Path, Path], credentials: PushCredentials
) -> None:
    assert take(tenant.pk, *files) == TOPIC

    row = ApnsCertificate.objects.get()
    assert (row.tenant, row.state, row.apple_id) == (tenant, "COMPLETED", "it@example.com")
    assert b"PRIVATE KEY" in row.private_key
    assert AuditEvent.objects.filter(tenant_id=tenant.pk, action="apns_certificate.completed").count() == 1


def test_refuses_a_key_of_another_certificate(tenant: Tenant, files: tuple[Path, Path]) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    files[1].write_bytes(stranger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(CommandError, match="it was made for another key"):
        take(tenant.pk, *files)

    assert not ApnsCertificate.objects.exists()


def test_refuses_another_topic_unless_forced(
    tenant: Tenant, files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    take(tenant.pk, *files)
    stranger = StandInRoot(tmp_path_factory.mktemp("other")).new_push_credentials(topic=f"{TOPIC}.other")
    files[0].write_bytes(stranger.certificate_pem)
    files[1].write_bytes(stranger.private_key_pem)

    with pytest.raises(CommandError, match="would have to enrol again"):
        take(tenant.pk, *files)

    assert ApnsCertificate.objects.count() == 1
    assert take(tenant.pk, *files, "--force") == f"{TOPIC}.other"


def test_takes_the_renewal_of_a_topic(tenant: Tenant, files: tuple[Path, Path]) -> None:
    take(tenant.pk, *files)

    assert take(tenant.pk, *files) == TOPIC


def test_refuses_files_in_the_wrong_places(tenant: Tenant, files: tuple[Path, Path]) -> None:
    with pytest.raises(CommandError, match="not a PEM private key"):
        take(tenant.pk, files[1], files[0])


def test_names_an_unknown_tenant_and_an_unreadable_file(tenant: Tenant, files: tuple[Path, Path]) -> None:
    with pytest.raises(CommandError, match="No tenant has the id"):
        take(uuid.uuid4(), *files)
    with pytest.raises(CommandError, match="Cannot read .*absent"):
        take(tenant.pk, files[0].with_name("absent"), files[1])
