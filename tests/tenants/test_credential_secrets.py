"""Nothing private of what Apple gave leaves: no answer, page, log, audit row, or table holds it in clear."""

import base64
import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from django.db import connection
from django.test import Client
from pytest_django import Settings

from commands.services.apns_certificates import import_certificate
from config.api.errors import BadRequest
from tenants.models import ApnsCertificate, AuditEvent, DepToken, Role, Tenant, VppToken
from tests.api.seed import DEP_TOKENS, VPP_TOKENS
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
from tests.factories.apple_tokens import SECRETS, VPP_FIELDS, DepTokenFactory, dep_identity, form, p7m, vpptoken
from tests.factories.console import member, superuser
from tests.factories.pki import key_pem, rsa_key
from tests.factories.sealing import lose_key
from tests.factories.tenants import ACTOR

APNS = "/api/tenant/v0/apnscertificates/"
IMPORTED = "push imported"
MOST_PAGES = 200
PRIVATE_WORDS = [*SECRETS, "CK_planted-other", "PRIVATE KEY"]
_LINK = re.compile(r'(?:href|action)="([\w/?=&;.:-]+)"')
Told = Iterator[str]


def hidden() -> list[str]:
    """The planted secrets in every spelling in which they might come out."""
    plain = [word.encode() for word in PRIVATE_WORDS]
    for key in (rsa_key("push"), rsa_key(IMPORTED), dep_identity().key):
        plain.append(str(key.private_numbers().p).encode())
        plain.append(hex(key.private_numbers().p)[2:].encode())
        plain += [line.encode() for line in key_pem(key).splitlines()[14:20]]  # of its private half
    return [each.decode() for secret in plain for each in (secret, secret.hex().encode(), *_in_base64(secret))]


def _in_base64(secret: bytes) -> list[bytes]:
    """What of it shows in base64, wherever in a longer text it stands."""
    shifted = [base64.b64encode(b"x" * shift + secret)[4:-4][:40] for shift in range(3)]
    return [each for each in shifted if len(each) > 10]


@pytest.fixture
def api(admin_api: ApiClient) -> ApiClient:
    return admin_api


def everything_over_the_api(api: ApiClient, tenant: Tenant) -> Told:
    """Tokens and certificates come in, are refused, renewed, listed."""
    apns, dep = waiting_certificate(tenant), DepTokenFactory(tenant)
    private_key = key_pem(rsa_key("push")).encode()
    answers: list[Any] = [api.post(path, {}) for path in (APNS, DEP_TOKENS)]
    wrong = (private_key, p7m()[:-300], p7m(access_secret=None), vpptoken()[:-8], vpptoken(expDate="2020-01-01"))
    others = (p7m(consumer_key="CK_planted-other"), p7m(access_token_expiry="2020-01-01T00:00:00Z"), p7m(), vpptoken())
    for file in (
        *wrong,
        p7m(),
        vpptoken(),
        *others,
        push_certificate().encode(),
        push_certificate(topic=None).encode(),
    ):
        answers.append(api.put(f"{DEP_TOKENS}{dep.pk}/", **form(file=file, token_name="Acme")))
        answers.append(api.post(VPP_TOKENS, **form(filename=file)))
        sent = upload(file)
        answers.append(api.put(f"{APNS}{apns.pk}/", sent.body, content_type=sent.content_type))
    answers += [api.get(path) for path in (APNS, f"{APNS}{apns.pk}/", DEP_TOKENS, f"{DEP_TOKENS}{dep.pk}/", VPP_TOKENS)]
    assert {answer.status_code for answer in answers} == {200, 201, 400}
    for answer in answers:
        yield answer.content.decode() + str(answer.headers)


def certificates_from_elsewhere(tenant: Tenant) -> Told:
    key = key_pem(rsa_key(IMPORTED)).encode()
    ours = certificate(key=rsa_key(IMPORTED)).public_bytes(serialization.Encoding.PEM)
    for file, key_file in ((b"none", key), (key, ours), (ours, key[:-200]), (ours, key)):
        try:
            import_certificate(tenant=tenant, certificate_file=file, key_file=key_file, apple_id=APPLE_ID, actor=ACTOR)
        except BadRequest as refusal:
            yield refusal.message


def every_page_of(client: Client, *starts: str) -> Told:
    """The console as one sees who follows every link; nothing is sent off."""
    waiting, seen = list(starts), set(starts)
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        response = client.get(address)
        assert response.status_code in {200, 302, 400, 403, 404, 405}, address
        text = b"".join(response) if response.streaming else response.content
        yield f"{address} {response.headers} {text.decode(errors='replace')}"
        for link in map(html.unescape, _LINK.findall(text.decode(errors="replace"))):
            path = urljoin(address, link)
            if _is_of_credentials(path) and path not in seen:
                seen.add(path)
                waiting.append(path)
    assert not waiting


def _is_of_credentials(address: str) -> bool:
    parts = urlsplit(address)
    known = ("/admin/tenants/apnscertificate/", "/admin/tenants/deptoken/", "/admin/tenants/vpptoken/")
    if parts.netloc or "o=" in parts.query or "_changelist" in parts.query:  # the same in another order
        return False
    return parts.path.startswith((*known, "/admin/tenants/auditevent/"))


def pages(client: Client) -> Told:
    lists = [f"/admin/tenants/{name}/" for name in ("apnscertificate", "deptoken", "vpptoken", "auditevent")]
    searches = [f"{path}?q={word}" for path in lists for word in ("planted", "PRIVATE")]
    return every_page_of(client, "/admin/", *lists, *searches)


def what_does_not_open(api: ApiClient, client: Client, settings: Settings) -> Told:
    """Answers after the key of what is stored was lost, for users and for developers, and the pages of these."""
    dep, apns = DepToken.objects.filter(state="COMPLETED").get(), ApnsCertificate.objects.filter(topic=TOPIC).first()
    assert apns is not None
    lose_key(settings)
    for settings.DEBUG in (False, True):
        sent = upload(push_certificate(ends=400 * DAY))
        answers = [
            api.put(f"{DEP_TOKENS}{dep.pk}/", **form(file=p7m(), token_name="Acme")),
            api.put(f"{APNS}{apns.pk}/", sent.body, content_type=sent.content_type),
        ]
        assert [answer.status_code for answer in answers] == [500, 500]
        yield from (answer.content.decode() for answer in answers)
    yield from every_page_of(client, *(f"/admin/tenants/{path}/" for path in ("deptoken", "apnscertificate")))
    settings.DEBUG = False


def tables() -> Told:
    """Every table of the database, as `COPY` writes it: bytes in hexadecimal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            with cursor.copy(f'COPY "{name}" TO STDOUT') as rows:
                yield b"".join(bytes(row) for row in rows).decode()


def leaks(told: Iterator[str]) -> list[tuple[str, str]]:
    """Each secret that is found, with what stands before it."""
    secrets, text = hidden(), "\n".join(told)
    assert len(text) > 5000
    return [(secret, text[max(text.find(secret) - 200, 0) : text.find(secret)]) for secret in secrets if secret in text]


def test_the_spellings_are_found() -> None:
    line = key_pem(rsa_key("push")).splitlines()[15]

    assert leaks(iter([f"{'.' * 5000} {VPP_FIELDS['token']} {line}"]))
    assert leaks(iter(["." * 5000, base64.b64encode(b"ab" + SECRETS[0].encode() + b"more").decode()]))
    assert leaks(iter(["." * 5000, SECRETS[0].encode().hex()]))


def test_nothing_private_is_told_or_stored_in_clear(
    api: ApiClient,
    tenant: Tenant,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", "django.db.backends")
    connection.force_debug_cursor = True  # statements and their values are logged too
    said = [*everything_over_the_api(api, tenant), *certificates_from_elsewhere(tenant)]
    connection.force_debug_cursor = False
    assert all(said)
    completed = [model.objects.filter(state="COMPLETED").count() for model in (ApnsCertificate, DepToken)]
    assert [*completed, VppToken.objects.count()] == [2, 1, 1]
    root = superuser()
    for client in (root, member(tenant, Role.ADMIN)):
        said += pages(client)
    said += what_does_not_open(api, root, settings)
    audited = [str(event) for event in AuditEvent.objects.values()]
    logged = caplog.text

    assert len(audited) >= 5
    assert "INSERT INTO" in logged
    assert leaks(iter([*said, *audited, logged, *capfd.readouterr()])) == []

    stored = list(tables())

    assert any(TOPIC in text for text in stored)
    assert leaks(iter(stored)) == []
