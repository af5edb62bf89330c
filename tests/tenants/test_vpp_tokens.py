"""VPP tokens over HTTP: stored, listed, removed."""

import base64
import hashlib
import json
from typing import Any

import pytest

from tenants.models import AuditEvent, Role, Tenant, VppToken
from tests.api.seed import VPP_TOKENS
from tests.conftest import ApiClient, Commit
from tests.factories.apple_tokens import VPP_FIELDS, VppTokenFactory, dep_identity, form, p7m, vpptoken
from tests.factories.devices import DeviceFactory
from tests.factories.pki import key_pem, pem
from tests.factories.tenants import token_for
from tests.factories.threads import all_at_once


@pytest.fixture
def admin(tenant: Tenant, django_capture_on_commit_callbacks: Commit) -> ApiClient:
    return ApiClient(tenant, token_for(tenant, Role.ADMIN)[1], django_capture_on_commit_callbacks)


def upload(api: ApiClient, file: bytes) -> Any:
    return api.post(VPP_TOKENS, **form(filename=file))


def refused(api: ApiClient, file: bytes) -> str:
    """What the refusal says; nothing is stored."""
    response = upload(api, file)

    assert response.status_code == 400, response.content
    assert not VppToken.objects.exists()
    assert not AuditEvent.objects.filter(actor_kind="api").exists()
    message: str = response.json()["message"]
    assert len(message) < 400
    return message


def test_stores_a_token_and_tells_its_end_and_organisation(admin: ApiClient, tenant: Tenant) -> None:
    response = upload(admin, vpptoken())

    row = VppToken.objects.get()
    content = response.json()["content"]
    assert response.status_code == 201
    assert content["id"] == row.pk
    assert content["tenant_id"] == str(tenant.pk)
    assert content["key"] == hashlib.sha256(VPP_FIELDS["token"].encode()).hexdigest()
    assert content["meta"] == {"org_name": "Example Org", "token_expiry_on": "2099-06-24T15:50:50Z"}
    assert (content["created_by"], content["updated_by"]) == ("caller-1", "caller-1")
    assert row.token == vpptoken()
    assert AuditEvent.objects.get(action="vpp_token.created").object_id == str(row.pk)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_takes_base64_in_lines(admin: ApiClient, end: str) -> None:
    text = vpptoken().decode()
    lines = end.join(text[at : at + 64] for at in range(0, len(text), 64)) + end

    assert upload(admin, lines.encode()).status_code == 201
    assert VppToken.objects.get().token == vpptoken()


def test_a_token_is_stored_once_in_a_tenant(admin: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    digest = hashlib.sha256(VPP_FIELDS["token"].encode()).hexdigest()
    VppTokenFactory(other_tenant, key=digest)

    assert upload(admin, vpptoken()).status_code == 201
    again = upload(admin, vpptoken(orgName="Renamed"))

    assert again.status_code == 400
    assert "stored already" in again.json()["message"]
    assert VppToken.objects.filter(tenant=tenant).count() == 1


def test_lists_latest_first_and_only_ours(admin: ApiClient, tenant: Tenant, other_tenant: Tenant) -> None:
    VppTokenFactory(other_tenant)
    first, second = VppTokenFactory(tenant), VppTokenFactory(tenant)

    content = admin.get(VPP_TOKENS).json()["content"]

    assert [each["id"] for each in content["results"]] == [second.pk, first.pk]
    assert (content["count"], content["previous"], content["next"]) == (2, None, None)


def test_a_removed_token_is_gone_and_devices_stay(admin: ApiClient, tenant: Tenant) -> None:
    DeviceFactory(tenant=tenant)
    row, kept = VppTokenFactory(tenant), VppTokenFactory(tenant)

    assert admin.delete(f"{VPP_TOKENS}{row.pk}").status_code == 204
    assert admin.delete(f"{VPP_TOKENS}{row.pk}").status_code == 404

    assert VppToken.objects.get() == kept
    assert tenant.devices.count() == 1
    assert AuditEvent.objects.get(action="vpp_token.deleted").object_id == str(row.pk)


def test_a_removed_token_may_be_stored_again(admin: ApiClient) -> None:
    first = upload(admin, vpptoken()).json()["content"]["id"]
    admin.delete(f"{VPP_TOKENS}{first}")

    again = upload(admin, vpptoken())

    assert again.status_code == 201
    assert again.json()["content"]["id"] != first


def test_a_token_of_another_tenant_is_not_found(admin: ApiClient, other_tenant: Tenant) -> None:
    theirs = VppTokenFactory(other_tenant)

    assert admin.delete(f"{VPP_TOKENS}{theirs.pk}").status_code == 404
    assert VppToken.objects.get() == theirs


def test_an_id_that_is_none_is_not_found(admin: ApiClient) -> None:
    for text in ("0", "-1", "x", "1.0", "9" * 18, "9" * 40, "１", "+1"):
        assert admin.delete(f"{VPP_TOKENS}{text}").status_code == 404, text


def test_operators_read_and_do_not_write(api: ApiClient, tenant: Tenant) -> None:
    row = VppTokenFactory(tenant)

    assert api.get(VPP_TOKENS).status_code == 200
    assert upload(api, vpptoken()).status_code == 403
    assert api.delete(f"{VPP_TOKENS}{row.pk}").status_code == 403
    assert VppToken.objects.get() == row


OURS = dep_identity()
NESTED = base64.b64encode(b'{"a":' * 20_000)
WRONG = {
    "nothing": (b"", "an empty file"),
    "DEP token": (p7m(), "a DEP server token (.p7m)"),
    "certificate": (pem(OURS.certificate).encode(), "a certificate"),
    "certificate, DER": (OURS.der, "a certificate"),
    "private key": (key_pem(OURS.key).encode(), "a private key"),
    "web page": (b"<html></html>", "web page"),
    "decoded": (base64.b64decode(vpptoken()), "a JSON text"),
    "noise": (bytes(range(256)) * 40, "is not JSON in base64"),
    "text": (b"hello", "is not JSON in base64"),
    "a list": (base64.b64encode(b"[]"), "is not JSON in base64"),
    "deep": (NESTED, "is not JSON in base64"),
    "DER of depth": (b"\x30\x80" * 50_000, "is not JSON in base64"),
    "twice": (base64.b64encode(vpptoken()), "is not JSON in base64"),
    "an empty object": (vpptoken(document={}), "token is missing"),
}


def test_a_wrong_file_is_named(admin: ApiClient) -> None:
    for name, (file, told) in WRONG.items():
        assert told in refused(admin, file), name


def test_a_truncated_file_is_refused(admin: ApiClient) -> None:
    for share in (1, 10, 30, 50, 70, 90, 97):
        refused(admin, vpptoken()[: len(vpptoken()) * share // 100])


UNUSABLE: list[Any] = [None, "", 5, {}, "a\0b", "x" * 5000]


@pytest.mark.parametrize("field", list(VPP_FIELDS))
def test_a_token_without_a_usable_field_names_it(admin: ApiClient, field: str) -> None:
    for value in UNUSABLE:
        assert field in refused(admin, vpptoken(**{field: value})), value


@pytest.mark.parametrize("moment", ["2020-06-24T15:50:50+0000", "2020-06-24", "never"])
def test_a_token_that_has_expired_is_refused(admin: ApiClient, moment: str) -> None:
    message = refused(admin, vpptoken(expDate=moment))

    assert "it expired on 2020-06-24" in message or "not a date" in message


def test_a_lone_surrogate_is_refused(admin: ApiClient) -> None:
    file = base64.b64encode(json.dumps({**VPP_FIELDS, "token": "\ud800"}).encode())

    refused(admin, file)


@pytest.mark.parametrize("parts", [{}, {"file": vpptoken()}, {"filename": "text"}])
def test_a_form_without_the_file_names_its_part(admin: ApiClient, parts: dict[str, Any]) -> None:
    response = admin.post(VPP_TOKENS, **form(**parts))

    assert response.status_code == 400
    assert set(response.json()["content"]) == {"filename"}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_body_that_is_no_form_is_415(admin: ApiClient, content_type: str) -> None:
    assert admin.post(VPP_TOKENS, b"{}", content_type=content_type).status_code == 415


@pytest.mark.parametrize("boundary", ["; boundary=x", "", "; boundary=" + "x" * 5000])
def test_a_broken_form_is_400(admin: ApiClient, boundary: str) -> None:
    for body in (b"", b"x" * 1000, b"--x\r\n", b"--x--", b"--x\r\nContent-Disposition: form-data\r\n"):
        answer = admin.post(VPP_TOKENS, body, content_type=f"multipart/form-data{boundary}")
        assert answer.status_code == 400, body[:10]


def test_ten_megabytes_of_noise_are_refused(admin: ApiClient) -> None:
    assert upload(admin, b"A" * (10 * 1024 * 1024)).status_code == 413
    assert "is not JSON in base64" in refused(admin, b"A" * (9 * 1024 * 1024))


@pytest.mark.django_db(transaction=True)
def test_of_two_uploads_at_once_one_is_stored(django_capture_on_commit_callbacks: Commit) -> None:
    tenant = Tenant.objects.create(name="At once")
    text = token_for(tenant, Role.ADMIN)[1]
    answers: list[int] = []

    def post() -> None:
        client = ApiClient(tenant, text, django_capture_on_commit_callbacks)
        told = form(filename=vpptoken())
        answer: Any = client.client.generic(
            "POST", VPP_TOKENS, told["body"], told["content_type"], headers=client.headers
        )
        answers.append(answer.status_code)

    all_at_once(post, post)

    assert sorted(answers) == [201, 400]
    assert VppToken.objects.count() == 1
    assert AuditEvent.objects.filter(action="vpp_token.created").count() == 1
