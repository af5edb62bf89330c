"""PUT: Apple's signed certificate, the renewal of it, and everything that is not it."""

import base64
import datetime as dt
import os
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from pytest_django import Settings

from tenants.models import ApnsCertificate, AuditEvent, Tenant
from tests.conftest import ApiClient
from tests.factories.apns_certificates import (
    APPLE_ID,
    DAY,
    TOPIC,
    certificate,
    push_certificate,
    upload,
    waiting_certificate,
)
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.devices import DeviceFactory
from tests.factories.pki import device, key_pem, rsa_key

LIST = "/api/tenant/v0/apnscertificates/"
DER = serialization.Encoding.DER


@pytest.fixture
def row(tenant: Tenant) -> ApnsCertificate:
    return waiting_certificate(tenant)


def put(api: ApiClient, row: ApnsCertificate, file: bytes | str | None, **fields: Any) -> Any:
    form = upload(file, **fields)
    return api.put(f"{LIST}{row.pk}/", form.body, content_type=form.content_type)


def enrol(tenant: Tenant, number: int = 1, topic: str = TOPIC) -> None:
    for _ in range(number):
        AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), topic=topic)


def snapshot() -> Any:
    return list(ApnsCertificate.objects.order_by("pk").values()), AuditEvent.objects.count()


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, DER], ids=["PEM", "DER"])
def test_the_certificate_completes_its_request(
    admin_api: ApiClient, row: ApnsCertificate, encoding: serialization.Encoding
) -> None:
    signed = certificate()

    response = put(admin_api, row, signed.public_bytes(encoding))

    assert response.status_code == 200
    content = response.json()["content"]
    assert (content["state"], content["apple_id"], content["updated_by"]) == ("COMPLETED", APPLE_ID, "caller-1")
    assert content["meta"]["topic"] == TOPIC
    assert dt.datetime.fromisoformat(content["meta"]["cert_expiry_on"]) == signed.not_valid_after_utc
    assert dt.datetime.fromisoformat(content["meta"]["cert_created_at"]) == signed.not_valid_before_utc
    row.refresh_from_db()
    assert row.certificate == signed.public_bytes(serialization.Encoding.PEM).decode()
    audit = AuditEvent.objects.get(action="apns_certificate.completed")
    assert audit.details == {"topic": TOPIC, "apple_id": APPLE_ID, "forced": False}


def web_page() -> bytes:
    return b"<!DOCTYPE html><html><body>Sign in with your Apple Account</body></html>"


def vpp_token() -> bytes:
    return base64.b64encode(b'{"token": "SECRET", "expDate": "2030-01-01T00:00:00+0000", "orgName": "Acme"}')


def key_store() -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"push", rsa_key("push"), certificate(), None, serialization.NoEncryption()
    )


def private_key() -> bytes:
    return key_pem(rsa_key("push")).encode()


def truncated_pem() -> bytes:
    return push_certificate().encode()[:700]


def truncated_der() -> bytes:
    return certificate().public_bytes(DER)[:500]


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "an empty file"),
    "private key": (private_key, "a private key"),
    "key store": (key_store, "PKCS#12"),
    "web page": (web_page, "web page"),
    "VPP token": (vpp_token, ".vpptoken"),
    "DEP token": (lambda: b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nMIAG", ".p7m"),
    "another certificate": (lambda: device().der, "made for another key"),
    "truncated PEM": (truncated_pem, "damaged"),
    "truncated DER": (truncated_der, "damaged"),
    "noise": (lambda: os.urandom(10_000), "not a PEM or DER certificate"),
    "ten megabytes of noise": (lambda: os.urandom(10 * 1024 * 1024 - 2000), "too large"),
    "deep ASN.1": (lambda: b"\x30\x80" * 30_000, "not a PEM or DER certificate"),
    "a length without an end": (lambda: b"\x30\x84\xff\xff\xff\xff" * 100, "not a PEM or DER certificate"),
    "deep JSON": (lambda: base64.b64encode(b"[" * 40_000), "not a PEM or DER certificate"),
    "expired": (lambda: push_certificate(begins=-30 * DAY, ends=-DAY).encode(), "Renew it at Apple"),
    "not yet valid": (lambda: push_certificate(begins=DAY).encode(), "is valid from"),
    "no topic": (lambda: push_certificate(topic=None).encode(), "no com.apple.mgmt topic"),
    "topic of an app": (lambda: push_certificate(topic="com.example.app").encode(), "no com.apple.mgmt topic"),
    "odd topic": (lambda: push_certificate(topic="com.apple.mgmt.\0").encode(), "no com.apple.mgmt topic"),
}


def test_a_wrong_file_is_named_and_nothing_changes(admin_api: ApiClient, row: ApnsCertificate) -> None:
    before = snapshot()

    for name, (make, reason) in WRONG.items():
        response = put(admin_api, row, make())

        assert response.status_code == 400, name
        message = response.json()["message"]
        assert message.startswith("invalid APNs certificate: "), name
        assert reason in message, name
        assert "SECRET" not in message
        assert len(message) < 400, name
        assert snapshot() == before, name


def test_the_request_given_back_is_named(admin_api: ApiClient, row: ApnsCertificate) -> None:
    response = put(admin_api, row, row.signing_request)

    assert response.status_code == 400
    assert "a certificate signing request" in response.json()["message"]


@pytest.mark.parametrize("given", [None, "", "  ", "x" * 255, "a\0b"], ids=ascii)
def test_an_apple_id_that_is_none_is_400(admin_api: ApiClient, row: ApnsCertificate, given: str | None) -> None:
    response = put(admin_api, row, push_certificate(), apple_id=given)

    assert response.status_code == 400
    assert response.json()["message"].startswith("apple_id: ")
    row.refresh_from_db()
    assert row.state == "CSR_GENERATED"


def test_a_form_without_a_file_is_400(admin_api: ApiClient, row: ApnsCertificate) -> None:
    response = put(admin_api, row, None)

    assert response.status_code == 400
    assert list(response.json()["content"]) == ["file"]


def test_a_form_that_is_no_form_is_400(admin_api: ApiClient, row: ApnsCertificate) -> None:
    broken = admin_api.put(f"{LIST}{row.pk}/", b"nonsense", content_type="multipart/form-data; boundary=x")
    unbounded = admin_api.put(f"{LIST}{row.pk}/", b"nonsense", content_type="multipart/form-data")
    as_json = admin_api.put(f"{LIST}{row.pk}/", {"apple_id": APPLE_ID})

    assert [each.status_code for each in (broken, unbounded, as_json)] == [400, 400, 415]


def test_a_form_that_is_too_large_is_413(admin_api: ApiClient, row: ApnsCertificate, settings: Settings) -> None:
    settings.API_MAX_BODY = 1000

    response = put(admin_api, row, push_certificate())

    assert response.status_code == 413
    assert response.json()["message"] == "The request body is larger than 1000 bytes."


def test_the_same_file_again_changes_nothing(admin_api: ApiClient, row: ApnsCertificate) -> None:
    file = push_certificate()
    put(admin_api, row, file)
    before = snapshot()

    response = put(admin_api, row, file)

    assert response.status_code == 200
    assert response.json()["content"]["state"] == "COMPLETED"
    assert snapshot() == before


def test_the_same_file_again_starts_pushing_that_apple_had_stopped(admin_api: ApiClient, row: ApnsCertificate) -> None:
    file = push_certificate()
    put(admin_api, row, file)
    ApnsCertificate.objects.update(topic_stopped_at="2026-01-01T00:00:00Z", topic_stopped_reason="BadCertificate")

    assert put(admin_api, row, file).status_code == 200

    row.refresh_from_db()
    assert (row.topic_stopped_at, row.topic_stopped_reason) == (None, "")


def test_a_completed_one_takes_a_newer_certificate_of_its_key_and_topic(
    admin_api: ApiClient, row: ApnsCertificate
) -> None:
    put(admin_api, row, push_certificate(ends=30 * DAY))
    newer = push_certificate(ends=400 * DAY)

    assert put(admin_api, row, newer).status_code == 200

    row.refresh_from_db()
    assert row.certificate == newer


@pytest.mark.parametrize("force", ["false", "true"])
def test_a_completed_one_takes_neither_an_older_one_nor_another_topic(
    admin_api: ApiClient, row: ApnsCertificate, force: str
) -> None:
    put(admin_api, row, push_certificate())
    before = snapshot()

    older = put(admin_api, row, push_certificate(ends=30 * DAY), force=force)
    other = put(admin_api, row, push_certificate(topic=f"{TOPIC}.other"), force=force)

    assert (older.status_code, other.status_code) == (400, 400)
    assert "no later than the one that is stored" in older.json()["message"]
    assert "Make a new request (POST) for another topic" in other.json()["message"]
    assert snapshot() == before


def test_a_renewal_by_a_new_request_keeps_its_topic(admin_api: ApiClient, tenant: Tenant, row: ApnsCertificate) -> None:
    put(admin_api, row, push_certificate())
    renewal = waiting_certificate(tenant, "push 2")

    response = put(admin_api, renewal, push_certificate(key=rsa_key("push 2")), apple_id=APPLE_ID.upper())

    assert response.status_code == 200
    assert ApnsCertificate.objects.filter(state="COMPLETED", topic=TOPIC).count() == 2


def test_another_topic_is_refused_with_the_number_of_devices_unless_forced(
    admin_api: ApiClient, tenant: Tenant, other_tenant: Tenant, row: ApnsCertificate
) -> None:
    put(admin_api, row, push_certificate())
    enrol(tenant, 2)
    enrol(other_tenant)
    renewal = waiting_certificate(tenant, "push 2")
    file = push_certificate(key=rsa_key("push 2"), topic=f"{TOPIC}.other")
    before = snapshot()

    refused = put(admin_api, renewal, file)

    assert refused.status_code == 400
    assert "2 devices are enrolled under the old topic" in refused.json()["message"]
    assert "would have to enrol again" in refused.json()["message"]
    assert snapshot() == before
    assert put(admin_api, renewal, file, force="true").status_code == 200
    assert AuditEvent.objects.filter(action="apns_certificate.completed", details__forced=True).count() == 1


def test_the_topic_of_enrolled_devices_counts_without_a_certificate(
    admin_api: ApiClient, tenant: Tenant, row: ApnsCertificate
) -> None:
    enrol(tenant, topic=f"{TOPIC}.old")

    response = put(admin_api, row, push_certificate())

    assert response.status_code == 400
    assert "1 device is enrolled under the old topic" in response.json()["message"]


def test_another_apple_id_is_refused_with_the_number_of_devices_unless_forced(
    admin_api: ApiClient, tenant: Tenant, row: ApnsCertificate
) -> None:
    put(admin_api, row, push_certificate())
    enrol(tenant)
    renewal = waiting_certificate(tenant, "push 2")
    file = push_certificate(key=rsa_key("push 2"))

    refused = put(admin_api, renewal, file, apple_id="somebody@example.org")

    assert refused.status_code == 400
    assert f"was made with {APPLE_ID}" in refused.json()["message"]
    assert list(refused.json()["content"]) == ["apple_id"]
    assert "1 device is enrolled" in refused.json()["message"]
    assert put(admin_api, renewal, file, apple_id="somebody@example.org", force="true").status_code == 200


def test_the_other_tenants_topic_is_no_rule_here(
    admin_api: ApiClient, other_tenant: Tenant, row: ApnsCertificate
) -> None:
    other = waiting_certificate(other_tenant, topic=f"{TOPIC}.theirs", state="COMPLETED", certificate="PEM")
    enrol(other_tenant, topic=other.topic)

    assert put(admin_api, row, push_certificate()).status_code == 200
    assert put(admin_api, other, push_certificate()).status_code == 404
