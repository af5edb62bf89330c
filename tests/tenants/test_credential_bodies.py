"""Bodies that are not what the credential routes take."""

from typing import Any

import pytest

from tenants.models import ApnsCertificate, DepToken, Tenant, VppToken
from tests.api.seed import DEP_TOKENS, VPP_TOKENS
from tests.conftest import ApiClient
from tests.factories.apns_certificates import push_certificate, upload, waiting_certificate
from tests.factories.apple_tokens import DepTokenFactory, form, p7m, vpptoken

APNS = "/api/tenant/v0/apnscertificates/"


@pytest.mark.parametrize("path", [APNS, DEP_TOKENS])
@pytest.mark.parametrize("body", ["[]", "{", "1", "null", "[" * 100_000], ids=lambda body: body[:4])
def test_a_body_that_is_no_object_makes_no_key_pair(admin_api: ApiClient, path: str, body: str) -> None:
    assert admin_api.post(path, body).status_code == 400
    assert not ApnsCertificate.objects.exists()
    assert not DepToken.objects.exists()


@pytest.mark.parametrize("path", [APNS, DEP_TOKENS])
@pytest.mark.parametrize("body", [None, {}, {"unknown": 1}], ids=["none", "empty", "unknown key"])
def test_an_object_or_no_body_makes_one(admin_api: ApiClient, path: str, body: Any) -> None:
    assert admin_api.post(path, body).status_code == 200


@pytest.mark.parametrize("path", [APNS, DEP_TOKENS])
def test_a_form_makes_no_key_pair(admin_api: ApiClient, path: str) -> None:
    assert admin_api.post(path, "a=1", content_type="application/x-www-form-urlencoded").status_code == 415
    assert not ApnsCertificate.objects.exists()
    assert not DepToken.objects.exists()


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "base64", "rot13", "unheard-of", "utf-16"])
def test_no_charset_of_a_form_breaks_it(admin_api: ApiClient, tenant: Tenant, charset: str) -> None:
    """Python has codecs of names that no form is in."""
    apns = upload(b"no certificate", apple_id="é@example.org")
    bodies: list[tuple[str, str, Any]] = [
        ("put", f"{APNS}{waiting_certificate(tenant).pk}/", {"body": apns.body, "content_type": apns.content_type}),
        ("put", f"{DEP_TOKENS}{DepTokenFactory(tenant).pk}/", form(file=p7m()[:100], token_name="é")),
        ("post", VPP_TOKENS, form(filename=vpptoken()[:20])),
    ]

    for method, path, told in bodies:
        content_type = told["content_type"].replace("; charset=utf-8", "") + f"; charset={charset}"
        response = admin_api.request(method, path, told["body"], content_type=content_type)

        assert response.status_code == 400, (path, response.content)
    assert not VppToken.objects.exists()


@pytest.mark.parametrize("text", ["two\nlines", "a\r\nBcc: b", "\x1b[31m", "a\x85b"], ids=repr)
def test_a_name_is_one_line(admin_api: ApiClient, tenant: Tenant, text: str) -> None:
    apns, dep = waiting_certificate(tenant), DepTokenFactory(tenant)
    sent = upload(push_certificate(), apple_id=text)

    answers = [
        admin_api.put(f"{APNS}{apns.pk}/", sent.body, content_type=sent.content_type),
        admin_api.put(f"{DEP_TOKENS}{dep.pk}/", **form(file=p7m(), token_name=text)),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [set(answer.json()["content"]) for answer in answers] == [{"apple_id"}, {"token_name"}]
    assert {each.state for each in (ApnsCertificate.objects.get(), DepToken.objects.get())} == {"CSR_GENERATED"}
