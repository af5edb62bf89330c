"""DEP tokens over HTTP: a key pair, the upload of what Apple encrypted to it, and its renewal."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tenants.models import AuditEvent, DepToken, Role, Tenant
from tests.api.seed import DEP_TOKENS
from tests.conftest import ApiClient, Commit
from tests.factories.apple_tokens import (
    DEP_FIELDS,
    CompletedDepTokenFactory,
    DepTokenFactory,
    dep_identity,
    dep_text,
    enveloped,
    form,
    p7m,
    smime,
    vpptoken,
)
from tests.factories.asn1 import indefinite, integer, octets, oid, pieces, raw_parts, tlv
from tests.factories.pki import Identity, key_pem, needs_openssl, openssl, pem, signing_request
from tests.factories.tenants import token_for
from tests.factories.threads import all_at_once

NAMES = ["consumer_key", "consumer_secret", "access_token", "access_secret"]


@pytest.fixture
def admin(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    return ApiClient(tenant, token_for(tenant, Role.ADMIN)[1], django_capture_on_commit_callbacks)


def upload(api: ApiClient, row: DepToken, file: bytes, name: str = "Acme ABM", **more: Any) -> Any:
    return api.put(f"{DEP_TOKENS}{row.pk}/", **form(file=file, token_name=name, **more))


def refused(api: ApiClient, row: DepToken, file: bytes) -> str:
    """What the refusal says; nothing has changed."""
    before = DepToken.objects.filter(pk=row.pk).values().get()
    response = upload(api, row, file)

    assert response.status_code == 400, response.content
    assert DepToken.objects.filter(pk=row.pk).values().get() == before
    assert not AuditEvent.objects.filter(actor_kind="api").exists()
    message: str = response.json()["message"]
    assert len(message) < 400
    return message


def test_makes_a_key_pair_and_answers_its_certificate(admin: ApiClient, tenant: Tenant) -> None:
    response = admin.post(DEP_TOKENS, {})

    row = DepToken.objects.get()
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="Muster_Public_Key.pem"'
    assert response.headers["Location"] == f"{DEP_TOKENS}{row.pk}/"
    assert response.headers["X-Resource-Id"] == str(row.pk)
    certificate = x509.load_pem_x509_certificate(response.content)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert certificate.issuer == certificate.subject
    assert (row.tenant, row.state, row.created_by) == (tenant, "CSR_GENERATED", "caller-1")
    assert AuditEvent.objects.get(action="dep_token.requested").object_id == str(row.pk)


@pytest.mark.parametrize("body", [None, {}, {"unknown": 1}], ids=["none", "empty", "unknown key"])
def test_the_body_of_a_new_key_pair_may_be_absent(admin: ApiClient, body: Any) -> None:
    assert admin.post(DEP_TOKENS, body).status_code == 200


@pytest.mark.parametrize("body", ["[]", "{", "1"])
def test_a_body_that_is_no_object_makes_no_key_pair(admin: ApiClient, body: str) -> None:
    assert admin.post(DEP_TOKENS, body).status_code == 400
    assert not DepToken.objects.exists()


def test_what_apple_encrypts_to_a_new_key_completes_it(admin: ApiClient) -> None:
    made = admin.post(DEP_TOKENS, {})
    theirs = Identity(x509.load_pem_x509_certificate(made.content), None)

    response = admin.put(made.headers["Location"], **form(file=smime(enveloped(dep_text(), theirs)), token_name="Acme"))

    row = DepToken.objects.get()
    assert response.status_code == 200
    assert response.json()["content"] == admin.get(made.headers["Location"]).json()["content"]
    assert response.json()["content"]["meta"] == {"token_expiry_on": "2099-11-23T06:36:41Z"}
    assert (row.state, row.token_name, row.updated_by) == ("COMPLETED", "Acme", "caller-1")
    assert {name: getattr(row, name).decode() for name in NAMES} == {name: DEP_FIELDS[name] for name in NAMES}
    assert AuditEvent.objects.get(action="dep_token.completed").details["token_name"] == "Acme"


def test_lists_latest_first_and_by_state(admin: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    DepTokenFactory(other_tenant)
    completed, waiting = CompletedDepTokenFactory(tenant), DepTokenFactory(tenant)

    content = admin.get(DEP_TOKENS).json()["content"]
    assert [each["id"] for each in content["results"]] == [str(waiting.pk), str(completed.pk)]
    assert (content["count"], content["prev"], content["next"]) == (2, None, None)
    assert content["results"][0]["meta"] == {}
    for state, row in (("COMPLETED", completed), ("CSR_GENERATED", waiting)):
        found = admin.get(DEP_TOKENS, query={"state": state}).json()["content"]["results"]
        assert [each["id"] for each in found] == [str(row.pk)]
    assert admin.get(DEP_TOKENS, query={"state": "READY"}).status_code == 400


def test_a_token_of_another_tenant_is_not_found(admin: ApiClient, other_tenant: Tenant) -> None:
    theirs = DepTokenFactory(other_tenant)

    assert admin.get(f"{DEP_TOKENS}{theirs.pk}/").status_code == 404
    assert upload(admin, theirs, p7m()).status_code == 404
    assert admin.put(f"{DEP_TOKENS}{uuid.uuid4()}/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == "CSR_GENERATED"


def test_operators_read_and_do_not_write(api: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)

    assert api.get(DEP_TOKENS).status_code == 200
    assert api.post(DEP_TOKENS, {}).status_code == 403
    assert upload(api, row, p7m()).status_code == 403
    assert DepToken.objects.get().state == "CSR_GENERATED"


# Forms of the file ----------------------------------------------------------------------------------------------------
def streamed(der: bytes) -> bytes:
    """The same message as streaming encoders write it: indefinite lengths, content in pieces."""
    body = raw_parts(raw_parts(der)[1])[0]
    version, recipients, enclosed = raw_parts(body)
    kind, algorithm, content = raw_parts(enclosed)
    text = content[4 if content[1] == 0x82 else 3 :]
    return indefinite(
        0x30,
        oid("1.2.840.113549.1.7.3"),
        indefinite(
            0xA0, indefinite(0x30, version, recipients, indefinite(0x30, kind, algorithm, pieces(text, tag=0xA0)))
        ),
    )


DER = enveloped(dep_text(), dep_identity())
LINES = smime(DER).split(b"\r\n\r\n", 1)[1]
FORMS = {
    "CRLF": smime(DER),
    "LF": smime(DER, end="\n"),
    "indefinite lengths": smime(streamed(DER)),
    "DER": DER,
    "DER behind headers": smime(DER).split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n" + DER,
    "base64 alone": LINES,
    "base64 on one line": LINES.replace(b"\r\n", b""),
    "PEM": b"-----BEGIN PKCS7-----\n" + LINES + b"-----END PKCS7-----\n",
    "byte order mark": b"\xef\xbb\xbf" + smime(DER),
    "text without headers": smime(enveloped(dep_text().split(b"\r\n\r\n", 1)[1], dep_identity())),
    "JSON alone": smime(enveloped(dep_text().split(b"\r\n")[4], dep_identity())),
}


def test_takes_the_file_in_every_form(admin: ApiClient, tenant: Tenant) -> None:
    for name, file in FORMS.items():
        row = DepTokenFactory(tenant)

        assert upload(admin, row, file).status_code == 200, name
        row.refresh_from_db()
        assert row.consumer_secret.decode() == DEP_FIELDS["consumer_secret"], name
        row.delete()


@needs_openssl
@pytest.mark.parametrize("cipher", ["des3", "aes-128-cbc", "aes-256-cbc"])
def test_takes_what_openssl_encrypts(admin: ApiClient, tenant: Tenant, tmp_path: Path, cipher: str) -> None:
    dep_identity().write(tmp_path, "ours")

    for form_ in ("SMIME", "DER", "PEM"):
        row = DepTokenFactory(tenant)
        words = ["cms", "-encrypt", f"-{cipher}", "-binary", "-outform", form_, "ours.pem"]
        assert upload(admin, row, openssl(*words, folder=tmp_path, stdin=dep_text())).status_code == 200, form_
        row.delete()


# Wrong files ----------------------------------------------------------------------------------------------------------
OURS = dep_identity()
PKCS12 = tlv(0x30, integer(3), tlv(0x30, oid("1.2.840.113549.1.7.1"), tlv(0xA0, octets(b"x" * 300))))
NESTED = b"\x30\x80" * 50_000
BOMB = tlv(0x30, oid("1.2.840.113549.1.7.3"), tlv(0xA0, tlv(0x30, *[b"\x02\x01\0"] * 40_000)))
WRONG = {
    "nothing": (b"", "an empty file"),
    "blanks": (b" \r\n ", "an empty file"),
    "VPP token": (vpptoken(), "VPP content token"),
    "certificate": (pem(OURS.certificate).encode(), "a certificate"),
    "certificate, DER": (OURS.der, "a certificate"),
    "CSR": (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "signing request"),
    "CSR, DER": (signing_request(OURS.key, challenge=None).public_bytes(Encoding.DER), "signing request"),
    "private key": (key_pem(OURS.key).encode(), "a private key"),
    "PKCS#12": (PKCS12, "PKCS#12"),
    "web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "plist": (b"<?xml version='1.0'?><plist/>", "XML"),
    "decrypted": (b'{"consumer_key": "CK_planted-consumer-key"}', "JSON"),
    "noise": (bytes(range(256)) * 40, "no encrypted message"),
    "text": (b"hello", "no encrypted message"),
    "nested": (NESTED, "no encrypted message"),
    "nested, base64": (smime(NESTED), "no encrypted message"),
    "bomb": (BOMB, "no encrypted message"),
    "headers alone": (b"Content-Type: application/pkcs7-mime\r\n\r\n", "no encrypted message"),
    "headers without end": (b"Content-Type: application/pkcs7-mime\r\n", "no encrypted message"),
}


def test_a_wrong_file_is_named(admin: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)

    messages = {name: refused(admin, row, file) for name, (file, _) in WRONG.items()}

    assert {name: told for name, (_, told) in WRONG.items() if told not in messages[name]} == {}
    for name, message in messages.items():
        assert message.startswith("invalid DEP token: "), name
        assert ".p7m" in message, name


@pytest.mark.parametrize("form_", ["CRLF", "DER", "indefinite lengths"])
def test_a_truncated_file_is_refused(admin: ApiClient, tenant: Tenant, form_: str) -> None:
    row, file = DepTokenFactory(tenant), FORMS[form_].rstrip()

    for share in (1, 5, 20, 40, 60, 80, 90, 97, 99):
        refused(admin, row, file[: len(file) * share // 100])


def test_a_file_for_another_record_says_so(admin: ApiClient, tenant: Tenant) -> None:
    DepTokenFactory(tenant, name="another key")

    message = refused(admin, DepTokenFactory(tenant), p7m("another key"))

    assert "another public key than this record's" in message


def test_a_file_for_another_key_under_the_same_name_is_refused(admin: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant, private_key=key_pem(dep_identity("another key").key))

    assert "damaged" in refused(admin, row, p7m())


UNUSABLE: list[Any] = [None, "", " ", 5, {}, ["x"], "a\0b", "x" * 5000]


@pytest.mark.parametrize("field", list(DEP_FIELDS))
def test_a_token_without_a_usable_field_names_it(admin: ApiClient, tenant: Tenant, field: str) -> None:
    row = DepTokenFactory(tenant)

    for value in UNUSABLE:
        assert field in refused(admin, row, p7m(**{field: value})), value


def test_an_end_that_has_passed_or_is_none_is_refused(admin: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)

    for moment in ("2020-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "soon", "2099-02-30"):
        message = refused(admin, row, p7m(access_token_expiry=moment))

        assert re.search("it expired on 2020-01-01|is not a date", message), moment


NO_OBJECT = ["[]", "null", "{", '{"a":' * 5000, "[" * 100_000, '{"consumer_key": "\\ud800"}', "\xed\xa0\x80"]


def test_a_message_without_a_json_object_is_refused(admin: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)

    for text in NO_OBJECT:
        assert "no JSON object" in refused(admin, row, p7m(document=text)), text[:12]


@pytest.mark.parametrize("parts", [{}, {"token_name": "x"}, {"file": p7m()}, {"file": "text", "token_name": "x"}])
def test_a_form_without_its_parts_names_what_is_missing(
    admin: ApiClient, tenant: Tenant, parts: dict[str, Any]
) -> None:
    row = DepTokenFactory(tenant)

    response = admin.put(f"{DEP_TOKENS}{row.pk}/", **form(**parts))

    assert response.status_code == 400
    assert set(response.json()["content"]) <= {"file", "token_name"}


@pytest.mark.parametrize("name", ["", "  ", "x" * 129, "a\0b"])
def test_a_name_that_cannot_be_stored_is_refused(admin: ApiClient, tenant: Tenant, name: str) -> None:
    row = DepTokenFactory(tenant)

    assert upload(admin, row, p7m(), name).status_code == 400


def test_a_body_that_is_no_form_is_415(admin: ApiClient, tenant: Tenant) -> None:
    assert admin.put(f"{DEP_TOKENS}{DepTokenFactory(tenant).pk}/", {"file": "x"}).status_code == 415


def test_ten_megabytes_of_noise_are_refused(admin: ApiClient, tenant: Tenant) -> None:
    row = DepTokenFactory(tenant)

    assert upload(admin, row, b"\x30\x80" * (5 * 1024 * 1024)).status_code == 413
    assert "too large" in refused(admin, row, b"A" * (9 * 1024 * 1024))


# Renewal --------------------------------------------------------------------------------------------------------------
def test_a_renewed_token_takes_the_place_of_the_old_one(admin: ApiClient, tenant: Tenant) -> None:
    row = CompletedDepTokenFactory(tenant)

    response = upload(admin, row, p7m(access_token="AT_new", access_token_expiry="2100-01-01T00:00:00Z"))

    row.refresh_from_db()
    assert response.json()["content"]["meta"] == {"token_expiry_on": "2100-01-01T00:00:00Z"}
    assert row.access_token == b"AT_new"
    assert AuditEvent.objects.filter(action="dep_token.renewed").count() == 1


def test_a_token_of_another_server_is_refused_unless_forced(admin: ApiClient, tenant: Tenant) -> None:
    row = CompletedDepTokenFactory(tenant)
    file = p7m(consumer_key="CK_other")

    message = refused(admin, row, file)
    assert "consumer_key" in message
    assert "CK_" not in message

    assert upload(admin, row, file, force="true").status_code == 200
    row.refresh_from_db()
    assert row.consumer_key == b"CK_other"
    assert AuditEvent.objects.get(action="dep_token.renewed").details["forced"] is True


@pytest.mark.django_db(transaction=True)
def test_of_two_uploads_at_once_one_server_wins(django_capture_on_commit_callbacks: Commit) -> None:
    tenant = Tenant.objects.create(name="At once")
    text = token_for(tenant, Role.ADMIN)[1]
    row = DepTokenFactory(tenant)
    answers: list[int] = []

    def put(consumer_key: str) -> None:
        client = ApiClient(tenant, text, django_capture_on_commit_callbacks)
        told = form(file=p7m(consumer_key=consumer_key), token_name=consumer_key)
        path = f"{DEP_TOKENS}{row.pk}/"
        answer: Any = client.client.generic("PUT", path, told["body"], told["content_type"], headers=client.headers)
        answers.append(answer.status_code)

    all_at_once(lambda: put("CK_one"), lambda: put("CK_two"))

    row.refresh_from_db()
    assert sorted(answers) == [200, 400]
    assert row.consumer_key.decode() == row.token_name
    assert AuditEvent.objects.filter(action__startswith="dep_token.").count() == 1
