"""What Apple's tokens hold is in no answer, log, audit row or page of the console; at rest it is sealed."""

import base64
from typing import Any

import pytest
from django.db import connection

from tenants.models import AuditEvent, DepToken, Role, Tenant, VppToken
from tests.api.seed import DEP_TOKENS, VPP_TOKENS
from tests.conftest import ApiClient, Commit
from tests.factories.apple_tokens import SECRETS, DepTokenFactory, form, p7m, vpptoken
from tests.factories.console import superuser
from tests.factories.tenants import token_for


@pytest.fixture
def told(
    tenant: Tenant,
    django_capture_on_commit_callbacks: Commit,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> str:
    """Everything that was said while tokens came in, were refused, and were shown."""
    caplog.set_level("DEBUG")
    admin = ApiClient(tenant, token_for(tenant, Role.ADMIN)[1], django_capture_on_commit_callbacks)
    row = DepTokenFactory(tenant)
    path = f"{DEP_TOKENS}{row.pk}/"
    answers: list[Any] = [admin.post(DEP_TOKENS, {})]
    expired = {"access_token_expiry": "2020-01-01T00:00:00Z"}
    for file in (
        p7m(),
        p7m(consumer_key="CK_other"),
        p7m(**expired),
        vpptoken(),
        p7m()[:-300],
        p7m(access_secret=None),
    ):
        answers.append(admin.put(path, **form(file=file, token_name="Acme")))
    for file in (vpptoken(), vpptoken(), vpptoken(expDate="2020-01-01"), vpptoken()[:-8], p7m()):
        answers.append(admin.post(VPP_TOKENS, **form(filename=file)))
    answers += [admin.get(each) for each in (DEP_TOKENS, path, VPP_TOKENS)]
    assert [DepToken.objects.filter(state="COMPLETED").count(), VppToken.objects.count()] == [1, 1]
    console = superuser()
    pages = ["deptoken/", f"deptoken/{row.pk}/change/", "vpptoken/", f"vpptoken/{VppToken.objects.get().pk}/change/"]
    answers += [console.get(f"/admin/tenants/{page}") for page in [*pages, "auditevent/"]]
    answers.append(admin.delete(f"{VPP_TOKENS}{VppToken.objects.get().pk}"))
    assert {answer.status_code for answer in answers} == {200, 201, 204, 400}
    said = [answer.content.decode() + str(answer.headers) for answer in answers]
    rows = [str(event) for event in AuditEvent.objects.values()]
    assert len(rows) >= 4
    return "\n".join([*said, *rows, caplog.text, *capfd.readouterr()])


def test_no_secret_is_told(told: str) -> None:
    hidden = [*SECRETS, "CK_other", *(base64.b64encode(each.encode()).decode()[:12] for each in SECRETS)]

    assert "deptoken" in told
    assert [secret for secret in [*hidden, vpptoken().decode()[:40], "PRIVATE KEY"] if secret in told] == []


def test_the_tables_hold_no_secret_in_clear(told: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_deptoken WHERE state = 'COMPLETED'")
        stored = b"".join(
            bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
            for value in cursor.fetchone()
        )

    assert b"planted" not in stored
    assert b"PRIVATE KEY" not in stored
