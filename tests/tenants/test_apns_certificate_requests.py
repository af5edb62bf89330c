"""POST, and reading what there is: what Apple's portal is given."""

import base64
import datetime as dt
import plistlib
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from pytest_django import Settings

from tenants.checks import vendor_certificate
from tenants.models import ApnsCertificate, AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.apns_certificates import TOPIC, push_certificate, upload, waiting_certificate
from tests.factories.pki import Identity, ec_key, identity, key_pem, needs_openssl, openssl, pem, rsa_key

LIST = "/api/tenant/v0/apnscertificates/"
ROOT = identity("Vendor root", ca=True)
MIDDLE = identity("Vendor intermediate", issuer=ROOT, ca=True)
VENDOR = identity("MDM vendor", issuer=MIDDLE)


def chain(*identities: Identity) -> str:
    return "".join(pem(each.certificate) for each in identities)


@pytest.fixture
def _vendor(settings: Settings) -> None:
    settings.MDM_VENDOR_CERTIFICATE = chain(VENDOR, MIDDLE, ROOT)
    settings.MDM_VENDOR_KEY = key_pem(VENDOR.key)


def test_without_a_vendor_the_request_itself_is_answered(admin_api: ApiClient, tenant: Tenant) -> None:
    response = admin_api.post(LIST, {})

    row = ApnsCertificate.objects.get()
    assert response.status_code == 200
    assert response.headers["X-Push-Certificate-Request"] == "unsigned"
    assert response.headers["Location"] == f"{LIST}{row.pk}/"
    assert response.headers["X-Resource-Id"] == str(row.pk)
    assert response.headers["Content-Disposition"] == 'attachment; filename="Muster_Push_Certificate_Request.csr"'
    csr = x509.load_pem_x509_csr(response.content)
    assert csr.is_signature_valid
    assert isinstance(csr.public_key(), rsa.RSAPublicKey)
    assert (row.tenant, row.state, row.created_by) == (tenant, "CSR_GENERATED", "caller-1")
    assert AuditEvent.objects.get(action="apns_certificate.requested").object_id == str(row.pk)
    assert admin_api.get(response.headers["Location"]).json()["content"]["state"] == "CSR_GENERATED"


@needs_openssl
@pytest.mark.usefixtures("_vendor")
def test_with_a_vendor_the_portals_file_is_answered(admin_api: ApiClient, tmp_path: Path) -> None:
    response = admin_api.post(LIST, {})

    assert response.headers["X-Push-Certificate-Request"] == "vendor-signed"
    assert response.headers["Content-Disposition"].endswith('.plist"')
    xml = base64.b64decode(response.content, validate=True)
    assert xml.startswith(b"<?xml")
    document = plistlib.loads(xml)
    assert set(document) == {"PushCertRequestCSR", "PushCertCertificateChain", "PushCertSignature"}
    assert document["PushCertCertificateChain"] == chain(VENDOR, MIDDLE, ROOT)
    assert max(map(len, document["PushCertCertificateChain"].splitlines())) == 64
    der = base64.b64decode(document["PushCertRequestCSR"], validate=True)
    stored = x509.load_pem_x509_csr(ApnsCertificate.objects.get().signing_request.encode())
    assert der == stored.public_bytes(serialization.Encoding.DER)
    public = VENDOR.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "vendor.pem").write_bytes(public)
    (tmp_path / "signature").write_bytes(base64.b64decode(document["PushCertSignature"], validate=True))
    told = openssl("dgst", "-sha256", "-verify", "vendor.pem", "-signature", "signature", folder=tmp_path, stdin=der)
    assert told == b"Verified OK\n"
    assert b"self-signature verify OK" in openssl(
        "req", "-inform", "DER", "-verify", "-noout", folder=tmp_path, stdin=der, check=False
    )


BROKEN = {
    "no key": (chain(VENDOR, MIDDLE, ROOT), "", "MDM_VENDOR_KEY_FILE is not set"),
    "no certificate": ("", key_pem(VENDOR.key), "MDM_VENDOR_CERTIFICATE_FILE is not set"),
    "noise": ("noise", key_pem(VENDOR.key), "the certificate file is not PEM"),
    "noise for a key": (chain(VENDOR, MIDDLE, ROOT), "noise", "the key file is not a PEM private key"),
    "another key": (chain(VENDOR, MIDDLE, ROOT), key_pem(ROOT.key), "the key is not that of the first"),
    "elliptic key": (chain(VENDOR, MIDDLE, ROOT), key_pem(ec_key("vendor")), "the key is not an RSA key"),
    "no root": (chain(VENDOR, MIDDLE), key_pem(VENDOR.key), "does not end with a root"),
    "a gap": (chain(VENDOR, ROOT), key_pem(VENDOR.key), "must be followed by that of its issuer"),
    "expired": (
        chain(
            identity("Old", issuer=ROOT, key=VENDOR.key, not_after=dt.datetime(2021, 1, 1, tzinfo=dt.UTC)),
            ROOT,
        ),
        key_pem(VENDOR.key),
        "valid until 2021-01-01 only",
    ),
    "passphrase": (
        chain(VENDOR, MIDDLE, ROOT),
        VENDOR.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        ).decode(),
        "has a passphrase",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_vendor_that_cannot_sign_is_named_and_nothing_is_made(
    admin_api: ApiClient, settings: Settings, name: str
) -> None:
    settings.MDM_VENDOR_CERTIFICATE, settings.MDM_VENDOR_KEY, reason = BROKEN[name]

    response = admin_api.post(LIST, {})

    assert response.status_code == 400
    assert reason in response.json()["message"]
    assert "ask the operator" in response.json()["message"]
    assert "BEGIN" not in response.json()["message"]
    assert not ApnsCertificate.objects.exists()
    assert not AuditEvent.objects.filter(actor_kind="api").exists()
    assert [message.id for message in vendor_certificate(None)] == ["tenants.E001"]


@pytest.mark.usefixtures("_vendor")
def test_the_deployment_check_is_content_with_a_good_vendor() -> None:
    assert vendor_certificate(None) == []


def test_the_deployment_check_is_content_without_a_vendor() -> None:
    assert vendor_certificate(None) == []


def listed(api: ApiClient, query: str = "") -> dict[str, Any]:
    content: dict[str, Any] = api.get(f"{LIST}{query}").json()["content"]
    return content


def test_a_waiting_one_has_no_meta_and_a_completed_one_has(admin_api: ApiClient, tenant: Tenant) -> None:
    row = waiting_certificate(tenant)
    [waiting] = listed(admin_api)["results"]
    form = upload(push_certificate())
    admin_api.put(f"{LIST}{row.pk}/", form.body, content_type=form.content_type)

    [completed] = listed(admin_api)["results"]

    assert set(completed) - set(waiting) == {"meta"}
    assert (waiting["apple_id"], waiting["state"]) == ("", "CSR_GENERATED")
    assert set(completed["meta"]) == {"topic", "cert_created_at", "cert_expiry_on"}
    assert completed["meta"]["topic"] == TOPIC
    assert admin_api.get(f"{LIST}{row.pk}/").json()["content"] == completed


def test_the_list_filters_by_state_and_has_pages(admin_api: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    waiting_certificate(other_tenant)
    rows = [waiting_certificate(tenant) for _ in range(3)]
    form = upload(push_certificate())
    admin_api.put(f"{LIST}{rows[0].pk}/", form.body, content_type=form.content_type)

    assert [row["id"] for row in listed(admin_api)["results"]] == [str(row.pk) for row in reversed(rows)]
    assert [row["id"] for row in listed(admin_api, "?state=COMPLETED")["results"]] == [str(rows[0].pk)]
    assert listed(admin_api, "?state=CSR_GENERATED")["count"] == 2
    page = listed(admin_api, "?limit=1&offset=1")
    assert (page["count"], len(page["results"])) == (3, 1)
    assert "offset=2" in page["next"]
    assert "offset=0" in page["previous"]


def test_a_state_that_there_is_not_is_400(admin_api: ApiClient) -> None:
    response = admin_api.get(f"{LIST}?state=DONE")

    assert response.status_code == 400
    assert response.json()["message"] == "state: 'DONE' is not one of CSR_GENERATED, COMPLETED."


def test_a_key_is_in_no_answer_audit_row_or_log(
    admin_api: ApiClient, viewer_api: ApiClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    made = admin_api.post(LIST, {})
    row = ApnsCertificate.objects.get()
    key = serialization.load_pem_private_key(row.private_key, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    form = upload(push_certificate(key=key))
    answers = [
        made,
        admin_api.put(f"{LIST}{row.pk}/", form.body, content_type=form.content_type),
        viewer_api.get(LIST),
        viewer_api.get(f"{LIST}{row.pk}/"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    seen = b"".join(answer.content for answer in answers).decode() + caplog.text + "".join(capfd.readouterr())
    seen += str(list(AuditEvent.objects.values()))
    lines = bytes(row.private_key).decode().splitlines()[1:-1]
    assert "PRIVATE KEY" not in seen
    assert not [line for line in lines if line in seen]


def test_a_key_is_stored_sealed(admin_api: ApiClient) -> None:
    admin_api.post(LIST, {})

    with connection.cursor() as cursor:
        cursor.execute("SELECT private_key FROM tenants_apnscertificate")
        assert b"PRIVATE KEY" not in bytes(cursor.fetchone()[0])


def test_rsa_keys_of_two_requests_differ(admin_api: ApiClient) -> None:
    first, second = (x509.load_pem_x509_csr(admin_api.post(LIST, {}).content) for _ in range(2))

    assert first.public_key() != second.public_key()
    assert first.public_key() != rsa_key("push").public_key()
