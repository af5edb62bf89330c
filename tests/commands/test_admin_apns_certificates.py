"""The guided pages of APNs certificates: request, upload, refusals that ask for consent, renewal, deletion, import."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries, Settings

from tenants.models import ApnsCertificate, AuditEvent, Membership, Role, Tenant
from tests.factories.apns_certificates import APPLE_ID, TOPIC, push_certificate, waiting_certificate
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.console import apns_certificate, browser, member, superuser
from tests.factories.devices import DeviceFactory
from tests.factories.pki import key_pem, rsa_key
from tests.factories.tenants import UserFactory

LIST = "/admin/tenants/apnscertificate/"
REQUEST = f"{LIST}request_certificate/"
IMPORT = f"{LIST}import_key/"
OTHER_TOPIC = f"{TOPIC}.other"
BOX = '<input type="checkbox" name="force" value="'


def url(row: ApnsCertificate, page: str = "change") -> str:
    return f"{LIST}{row.pk}/{page}/"


def page_of(client: Client, row: ApnsCertificate, query: str = "") -> str:
    return client.get(f"{url(row)}{query}").content.decode()


def uploaded(client: Client, row: ApnsCertificate, file: bytes | str, apple_id: str = APPLE_ID, **more: str) -> Any:
    data = file.encode() if isinstance(file, str) else file
    told = {"file": SimpleUploadedFile("push.pem", data), "apple_id": apple_id, **more}
    return client.post(url(row), told, follow=True)


def text(answer: Any) -> str:
    content: str = answer.content.decode()
    return content


def box(answer: Any) -> str:
    """The value that ticking the box sends."""
    return text(answer).split(BOX)[1].split('"')[0]


def enrolled(tenant: Tenant, count: int, topic: str = TOPIC) -> None:
    for _ in range(count):
        AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), topic=topic)


@pytest.fixture
def admin_browser(tenant: Tenant) -> Client:
    return member(tenant, Role.ADMIN)


@pytest.fixture
def waiting(tenant: Tenant) -> ApnsCertificate:
    return waiting_certificate(tenant)


# A new request --------------------------------------------------------------------------------------------------------
def test_a_request_is_made_and_its_page_opens(admin_browser: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    offered = text(admin_browser.get(REQUEST))
    assert f'<input type="hidden" name="tenant" value="{tenant.pk}"' in offered
    assert "Theirs" not in offered

    answer = admin_browser.post(REQUEST, {"tenant": str(tenant.pk)}, follow=True)

    row = ApnsCertificate.objects.get()
    assert (row.tenant, row.state) == (tenant, "CSR_GENERATED")
    assert answer.redirect_chain == [(url(row), 302)]
    assert "Create a Certificate" in text(answer)
    assert AuditEvent.objects.get(action="apns_certificate.requested").actor_kind == "console"


def test_opening_the_page_makes_nothing(admin_browser: Client) -> None:
    admin_browser.get(REQUEST)

    assert not ApnsCertificate.objects.exists()


def test_whoever_is_admin_of_several_tenants_chooses(tenant: Tenant, other_tenant: Tenant) -> None:
    client = superuser()
    assert '<select name="tenant"' in text(client.get(REQUEST))
    assert client.post(REQUEST, {}).status_code == 400

    client.post(REQUEST, {"tenant": str(other_tenant.pk)})

    assert ApnsCertificate.objects.get().tenant == other_tenant


def test_only_tenants_of_which_one_is_admin_are_offered(tenant: Tenant, other_tenant: Tenant) -> None:
    user = UserFactory()
    Membership.objects.create(user=user, tenant=tenant, role=Role.ADMIN)
    Membership.objects.create(user=user, tenant=other_tenant, role=Role.OPERATOR)

    answer = browser(user).post(REQUEST, {"tenant": str(other_tenant.pk)})

    assert answer.status_code == 400
    assert "Select a valid choice" in text(answer)
    assert not ApnsCertificate.objects.exists()


def test_requests_that_wait_already_are_named(
    admin_browser: Client, waiting: ApnsCertificate, other_tenant: Tenant
) -> None:
    other = waiting_certificate(other_tenant)

    page = text(admin_browser.get(REQUEST))

    assert url(waiting) in page
    assert url(other) not in page


def test_without_a_usable_vendor_nothing_is_made(admin_browser: Client, tenant: Tenant, settings: Settings) -> None:
    settings.MDM_VENDOR_KEY = key_pem(rsa_key("vendor"))

    answer = admin_browser.post(REQUEST, {"tenant": str(tenant.pk)})

    assert answer.status_code == 400
    assert "MDM_VENDOR_CERTIFICATE_FILE is not set" in text(answer)
    assert not ApnsCertificate.objects.exists()


# The file for Apple ---------------------------------------------------------------------------------------------------
def test_the_request_is_downloaded_and_the_step_ticked(admin_browser: Client, waiting: ApnsCertificate) -> None:
    assert "mu-step-done" not in page_of(admin_browser, waiting)

    answer = admin_browser.get(url(waiting, "download"))

    assert answer["Content-Disposition"] == 'attachment; filename="Muster_Push_Certificate_Request.csr"'
    assert text(answer) == waiting.signing_request
    event = AuditEvent.objects.get(action="apns_certificate.request_downloaded")
    assert (event.object_id, event.tenant_id, event.details) == (
        str(waiting.pk),
        waiting.tenant_id,
        {"vendor_signed": False},
    )
    page = page_of(admin_browser, waiting)
    assert "mu-step-done" in page
    assert "send the file to an MDM vendor" in page


def test_downloading_takes_a_get_by_an_admin_of_the_tenant(
    admin_browser: Client, tenant: Tenant, other_tenant: Tenant, waiting: ApnsCertificate
) -> None:
    other = waiting_certificate(other_tenant)

    assert admin_browser.post(url(waiting, "download")).status_code == 405
    assert admin_browser.get(url(other, "download")).status_code == 404
    assert member(tenant).get(url(waiting, "download")).status_code == 404
    assert not AuditEvent.objects.filter(action="apns_certificate.request_downloaded").exists()


def test_a_vendor_that_cannot_sign_is_said_instead_of_a_download(
    admin_browser: Client, waiting: ApnsCertificate, settings: Settings
) -> None:
    settings.MDM_VENDOR_CERTIFICATE = "noise"

    page = page_of(admin_browser, waiting)
    answer = admin_browser.get(url(waiting, "download"), follow=True)

    assert "MDM_VENDOR_KEY_FILE is not set" in page
    assert url(waiting, "download") not in page
    assert "ask the operator to correct" in text(answer)


# Apple's certificate --------------------------------------------------------------------------------------------------
def test_apples_certificate_completes_the_request(
    admin_browser: Client, tenant: Tenant, waiting: ApnsCertificate
) -> None:
    enrolled(tenant, 2)

    answer = uploaded(admin_browser, waiting, push_certificate())

    waiting.refresh_from_db()
    assert (waiting.state, waiting.topic, waiting.apple_id) == ("COMPLETED", TOPIC, APPLE_ID)
    assert answer.redirect_chain == [(url(waiting), 302)]
    assert f"in use, until {waiting.cert_expiry_on:%Y-%m-%d}. Its topic has 2 enrolled devices." in text(answer)
    assert AuditEvent.objects.get(action="apns_certificate.completed").actor_kind == "console"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (key_pem(rsa_key("push")), "the file is a private key"),
        (b"", "The submitted file is empty"),
        (b"x" * 65_537, "such a file has no more than"),
        (push_certificate(key=rsa_key("another")), "it was made for another key"),
        (push_certificate(topic=None), "no com.apple.mgmt topic"),
    ],
    ids=["key", "empty", "large", "foreign", "no topic"],
)
def test_a_wrong_file_is_said_at_its_field_and_the_rest_is_kept(
    admin_browser: Client, waiting: ApnsCertificate, file: bytes | str, words: str
) -> None:
    answer = uploaded(admin_browser, waiting, file, "somebody@example.org")

    assert answer.status_code == 400
    assert words in text(answer)
    assert 'value="somebody@example.org"' in text(answer)
    assert BOX not in text(answer)
    assert "PRIVATE KEY" not in text(answer)
    waiting.refresh_from_db()
    assert waiting.state == "CSR_GENERATED"
    assert not AuditEvent.objects.filter(action="apns_certificate.completed").exists()


def test_the_apple_account_is_needed(admin_browser: Client, waiting: ApnsCertificate) -> None:
    answer = uploaded(admin_browser, waiting, push_certificate(), "")

    assert answer.status_code == 400
    assert "This field is required." in text(answer)


def test_a_file_larger_than_any_body_is_refused_and_never_on_disk(
    admin_browser: Client, waiting: ApnsCertificate, settings: Settings, tmp_path: Any
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100_000
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "missing")

    answer = uploaded(admin_browser, waiting, b"x" * 200_000)

    assert answer.status_code == 400
    assert "The file has 195.3" in text(answer)
    assert f'value="{APPLE_ID}"' in text(answer)


def test_another_topic_takes_a_tick_that_was_read(
    admin_browser: Client, tenant: Tenant, waiting: ApnsCertificate
) -> None:
    apns_certificate(tenant, topic=TOPIC, apple_id=APPLE_ID)
    enrolled(tenant, 3)
    assert BOX not in page_of(admin_browser, waiting)

    refused = uploaded(admin_browser, waiting, push_certificate(topic=OTHER_TOPIC), force="true")
    assert refused.status_code == 400
    assert "3 devices are enrolled under the old topic" in text(refused)
    waiting.refresh_from_db()
    assert waiting.state == "CSR_GENERATED"

    uploaded(admin_browser, waiting, push_certificate(topic=OTHER_TOPIC), force=box(refused))
    waiting.refresh_from_db()
    assert waiting.topic == OTHER_TOPIC
    assert AuditEvent.objects.get(action="apns_certificate.completed").details["forced"] is True


def test_consent_to_one_refusal_is_none_to_another(
    admin_browser: Client, tenant: Tenant, waiting: ApnsCertificate
) -> None:
    apns_certificate(tenant, topic=TOPIC, apple_id=APPLE_ID)
    first = uploaded(admin_browser, waiting, push_certificate(), "another@example.org")
    assert escape(f"was made with {APPLE_ID}, not with the one given") in text(first)

    second = uploaded(
        admin_browser, waiting, push_certificate(topic=OTHER_TOPIC), "another@example.org", force=box(first)
    )

    assert second.status_code == 400
    assert OTHER_TOPIC in text(second)
    assert box(second) != box(first)
    waiting.refresh_from_db()
    assert waiting.state == "CSR_GENERATED"


def test_what_somebody_else_completed_meanwhile_is_shown(admin_browser: Client, waiting: ApnsCertificate) -> None:
    theirs = push_certificate()
    uploaded(admin_browser, waiting, theirs)

    again = uploaded(admin_browser, waiting, theirs)
    other = uploaded(admin_browser, waiting, push_certificate(topic=OTHER_TOPIC))

    assert again.status_code == 200
    assert other.status_code == 400
    assert "with which this one was completed" in text(other)
    assert ">in use<" in text(other)


def test_what_somebody_else_deleted_meanwhile_is_said(
    admin_browser: Client, other_tenant: Tenant, waiting: ApnsCertificate
) -> None:
    other = waiting_certificate(other_tenant)
    admin_browser.post(url(waiting, "remove"))

    for gone in (waiting, other):
        answer = uploaded(admin_browser, gone, push_certificate())
        assert answer.redirect_chain == [(LIST, 302)]
        assert "Perhaps somebody has deleted it meanwhile." in text(answer)
    other.refresh_from_db()
    assert other.state == "CSR_GENERATED"


# Renewal --------------------------------------------------------------------------------------------------------------
def test_renewing_tells_topic_account_and_devices(admin_browser: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    row = apns_certificate(tenant, topic=TOPIC, apple_id=APPLE_ID, days=20)
    apns_certificate(tenant, topic=OTHER_TOPIC, apple_id="second@example.org")
    apns_certificate(other_tenant, topic=f"{TOPIC}.foreign", apple_id="foreign@example.org")
    enrolled(tenant, 2)
    assert "It expires in 19 days" in page_of(admin_browser, row)

    offered = admin_browser.get(url(row, "renew"), follow=True)
    made = admin_browser.post(offered.redirect_chain[0][0], {"tenant": str(tenant.pk)}, follow=True)

    new = ApnsCertificate.objects.get(state="CSR_GENERATED")
    assert new.tenant == tenant
    for words in (TOPIC, APPLE_ID, "Never press", "the 2 enrolled devices would have to enrol again"):
        assert words in text(made)
    assert f'value="{APPLE_ID}"' in text(made)
    for words in (OTHER_TOPIC, "second@example.org", "foreign"):
        assert words not in text(made)
    later = page_of(admin_browser, new)  # without the query that told which one
    assert OTHER_TOPIC in later
    assert "foreign" not in later


def test_a_topic_of_devices_counts_even_if_its_certificate_is_gone(
    admin_browser: Client, tenant: Tenant, waiting: ApnsCertificate
) -> None:
    enrolled(tenant, 1)

    page = page_of(admin_browser, waiting)

    assert TOPIC in page
    assert "It is not known here any more" in page


def test_the_renewed_one_is_linked_from_the_old(admin_browser: Client, tenant: Tenant) -> None:
    old = apns_certificate(tenant, topic=TOPIC, days=-1)
    assert "It expired" in page_of(admin_browser, old)
    new = apns_certificate(tenant, topic=TOPIC)

    page = page_of(admin_browser, old)

    assert ">replaced<" in page
    assert url(new) in page
    assert "It expired" not in page
    assert url(old, "renew") not in page
    assert url(new, "renew") in page_of(admin_browser, new)


def test_one_that_apple_refuses_replaces_nothing(admin_browser: Client, tenant: Tenant) -> None:
    old = apns_certificate(tenant, topic=TOPIC, days=100)
    refused = apns_certificate(
        tenant, topic=TOPIC, topic_stopped_at="2026-01-01T00:00:00Z", topic_stopped_reason="BadCertificate"
    )

    assert ">in use<" in page_of(admin_browser, old)
    assert "Apple refuses this certificate (BadCertificate)" in page_of(admin_browser, refused)


# Deletion -------------------------------------------------------------------------------------------------------------
def test_a_request_is_deleted_after_asking(admin_browser: Client, waiting: ApnsCertificate) -> None:
    asked = admin_browser.get(url(waiting, "remove"))
    assert "Its key is deleted with it" in text(asked)
    assert ApnsCertificate.objects.exists()

    answer = admin_browser.post(url(waiting, "remove"), follow=True)

    assert answer.redirect_chain == [(LIST, 302)]
    assert not ApnsCertificate.objects.exists()
    assert AuditEvent.objects.get(action="apns_certificate.deleted").actor_kind == "console"


def test_a_replaced_one_goes_without_a_tick(admin_browser: Client, tenant: Tenant) -> None:
    old = apns_certificate(tenant, topic=TOPIC, days=100)
    apns_certificate(tenant, topic=TOPIC)
    enrolled(tenant, 1)
    assert "so they notice nothing" in text(admin_browser.get(url(old, "remove")))

    admin_browser.post(url(old, "remove"))

    assert not ApnsCertificate.objects.filter(pk=old.pk).exists()


def test_one_that_devices_depend_on_is_deleted_only_by_a_tick(admin_browser: Client, tenant: Tenant) -> None:
    row = apns_certificate(tenant, topic=TOPIC)
    enrolled(tenant, 2)
    assert "2 enrolled devices" in text(admin_browser.get(url(row, "remove")))

    refused = admin_browser.post(url(row, "remove"))
    assert refused.status_code == 400
    assert "no other valid certificate can wake them" in text(refused)
    assert ApnsCertificate.objects.exists()

    admin_browser.post(url(row, "remove"), {"force": box(refused)})
    assert not ApnsCertificate.objects.exists()


# Import ---------------------------------------------------------------------------------------------------------------
def imported(client: Client, tenant: Tenant, certificate: str, key: str) -> Any:
    files = {"certificate": SimpleUploadedFile("a.pem", certificate.encode())}
    files["key"] = SimpleUploadedFile("a.key", key.encode())
    return client.post(IMPORT, {"tenant": str(tenant.pk), "apple_id": APPLE_ID, **files}, follow=True)


def test_a_certificate_is_imported_with_its_key(admin_browser: Client, tenant: Tenant) -> None:
    key = key_pem(rsa_key("elsewhere"))

    answer = imported(admin_browser, tenant, push_certificate(key=rsa_key("elsewhere")), key)

    row = ApnsCertificate.objects.get()
    assert (row.tenant, row.topic, row.state) == (tenant, TOPIC, "COMPLETED")
    assert row.private_key == key.encode()
    assert answer.redirect_chain == [(url(row), 302)]
    assert "PRIVATE KEY" not in text(answer)


def test_an_import_that_does_not_fit_makes_nothing(admin_browser: Client, tenant: Tenant, other_tenant: Tenant) -> None:
    key = key_pem(rsa_key("elsewhere"))
    refused = imported(admin_browser, tenant, push_certificate(), key)
    foreign = imported(admin_browser, other_tenant, push_certificate(key=rsa_key("elsewhere")), key)

    assert (refused.status_code, foreign.status_code) == (400, 400)
    assert "it was made for another key" in text(refused)
    assert "PRIVATE KEY" not in text(refused)
    assert not ApnsCertificate.objects.exists()


# Roles ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_others_than_admins_look_only(tenant: Tenant, waiting: ApnsCertificate, role: Role) -> None:
    client, row = member(tenant, role), apns_certificate(tenant)

    pages = [text(client.get(LIST)), page_of(client, waiting), page_of(client, row)]

    assert "waits for Apple" in pages[1]
    assert ">in use<" in pages[2]
    for page in pages:
        for word in ("request_certificate", "import_key", "/remove/", "/renew/", "/download/", 'type="file"'):
            assert word not in page
    assert uploaded(client, waiting, push_certificate()).status_code == 403
    assert {client.post(path).status_code for path in (REQUEST, IMPORT)} == {403}
    assert {client.get(path).status_code for path in (REQUEST, IMPORT)} == {403}
    for path in ("remove", "renew", "download"):
        assert client.post(url(row, path)).status_code == 404
    assert ApnsCertificate.objects.count() == 2


@pytest.mark.parametrize("page", ["remove", "renew", "download"])
def test_pages_of_the_other_tenants_certificate_are_not_found(
    admin_browser: Client, other_tenant: Tenant, page: str
) -> None:
    other = apns_certificate(other_tenant)

    assert admin_browser.get(url(other, page)).status_code == 404
    assert admin_browser.post(url(other, page)).status_code == 404
    assert ApnsCertificate.objects.filter(pk=other.pk).exists()


# The list -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 10])
def test_the_list_counts_devices_at_the_same_cost(
    tenant: Tenant, other_tenant: Tenant, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        apns_certificate(tenant, topic=f"{TOPIC}.{number}")
        apns_certificate(other_tenant, topic=f"{TOPIC}.{number}")
    enrolled(tenant, 3, f"{TOPIC}.0")
    client = superuser()
    client.get(LIST)

    with django_assert_num_queries(9):
        page = text(client.get(LIST))

    assert len(re.findall(r">\s*3\s*<", page)) == 1


def test_no_page_shows_a_key_or_a_certificate(admin_browser: Client, tenant: Tenant, waiting: ApnsCertificate) -> None:
    uploaded(admin_browser, waiting, push_certificate())

    for path in (LIST, url(waiting), url(waiting, "remove"), REQUEST, IMPORT):
        page = text(admin_browser.get(path))
        assert "PRIVATE KEY" not in page
        assert "BEGIN CERTIFICATE" not in page
