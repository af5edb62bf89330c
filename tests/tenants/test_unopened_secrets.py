"""Secrets that do not open, since their key is missing: callers and console users are told so, and nothing changes."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.utils.html import escape
from pytest_django import Settings

from tenants.checks import encryption_keys
from tenants.models import ApnsCertificate, AuditEvent, DepToken, Role, Tenant
from tests.api.seed import APNS, DEP_TOKENS
from tests.conftest import ApiClient
from tests.factories.apns_certificates import APPLE_ID, push_certificate, upload, waiting_certificate
from tests.factories.apple_tokens import CompletedDepTokenFactory, DepTokenFactory, form, p7m
from tests.factories.console import member
from tests.factories.sealing import key, lose_key

TOLD = (
    "A stored secret of this record cannot be opened: the key 'dev' is not in ENCRYPTION_KEYS. "
    "Nothing was changed; ask the operator."
)


def is_told(answer: Any) -> None:
    assert answer.status_code == 500
    assert answer.json() == {"code": 500, "message": TOLD, "content": {}}


def test_the_caller_who_completes_a_certificate_is_told(
    admin_api: ApiClient, tenant: Tenant, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    row = waiting_certificate(tenant)
    lose_key(settings)
    form = upload(push_certificate())

    is_told(admin_api.put(f"{APNS}{row.pk}/", form.body, content_type=form.content_type))

    after = ApnsCertificate.objects.get(pk=row.pk)
    assert (after.state, after.certificate) == (ApnsCertificate.State.CSR_GENERATED, "")
    assert not AuditEvent.objects.filter(actor_kind="api").exists()
    assert f"tenants_apnscertificate.private_key.{row.pk}" in caplog.text
    assert "secret_not_opened" in caplog.text


@pytest.mark.parametrize("make", [DepTokenFactory, CompletedDepTokenFactory])
def test_the_caller_who_uploads_a_token_is_told(
    admin_api: ApiClient, tenant: Tenant, settings: Settings, make: Any
) -> None:
    row = make(tenant)
    before = DepToken.objects.filter(pk=row.pk).values().get()
    lose_key(settings)

    is_told(admin_api.put(f"{DEP_TOKENS}{row.pk}/", **form(file=p7m(), token_name="ABM")))

    assert DepToken.objects.filter(pk=row.pk).values().get() == before


def test_only_the_record_with_the_lost_key_is_affected(
    admin_api: ApiClient, tenant: Tenant, other_tenant: Tenant, settings: Settings
) -> None:
    waiting_certificate(tenant)
    waiting_certificate(other_tenant)
    settings.ENCRYPTION_KEYS = key("other")
    fresh = waiting_certificate(tenant)
    form = upload(push_certificate())

    assert admin_api.put(f"{APNS}{fresh.pk}/", form.body, content_type=form.content_type).status_code == 200
    assert len(admin_api.get(APNS).json()["content"]["results"]) == 2


@pytest.mark.parametrize("page", ["apnscertificate", "deptoken"])
def test_lists_and_pages_of_the_console_stay_open(tenant: Tenant, settings: Settings, page: str) -> None:
    row = waiting_certificate(tenant) if page == "apnscertificate" else CompletedDepTokenFactory(tenant)
    lose_key(settings)
    browser: Client = member(tenant, Role.ADMIN)

    assert browser.get(f"/admin/tenants/{page}/").status_code == 200
    assert browser.get(f"/admin/tenants/{page}/{row.pk}/change/").status_code == 200


def test_the_console_says_it_at_the_form(tenant: Tenant, settings: Settings) -> None:
    row = waiting_certificate(tenant)
    lose_key(settings)
    file = SimpleUploadedFile("push.pem", push_certificate().encode())

    page = f"/admin/tenants/apnscertificate/{row.pk}/change/"
    answer = member(tenant, Role.ADMIN).post(page, {"file": file, "apple_id": APPLE_ID})

    assert answer.status_code == 400
    assert escape(TOLD) in answer.content.decode()
    assert ApnsCertificate.objects.filter(pk=row.pk, state="CSR_GENERATED").exists()


# --- keys that are none, found at the start ---------------------------------------------------------------------------


def test_good_keys_pass_the_check(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = f"{key('2027')}, {key('2026')}"

    assert encryption_keys(None) == []


@pytest.mark.parametrize("keys", ["", "hunter2", "a:hunter2", f"{key('a')},{key('a')}"])
def test_every_command_says_that_the_keys_are_none(settings: Settings, keys: str) -> None:
    settings.ENCRYPTION_KEYS = keys

    with pytest.raises(SystemCheckError) as caught:
        call_command("check", stderr=io.StringIO())

    told = str(caught.value)
    assert "(tenants.E002) ENCRYPTION_KEYS" in told
    assert "hunter2" not in told
    assert key("a").partition(":")[2] not in told
