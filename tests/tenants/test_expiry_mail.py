"""Warnings by e-mail, through a real mail server on this machine."""

import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.mail import send_mail
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from config.mail import NOT_SET_UP
from tenants.models import ApnsCertificate, DepToken, ExpiryWarning, Membership, Role, Tenant
from tenants.services.contacts import add_contact
from tenants.services.expiry_warnings import give_warnings, mail_warnings
from tenants.tasks import warn_of_expiry
from tests.factories.expiry import apns_ending, dep_ending, events, outcomes, vpp_ending
from tests.factories.mail_server import MailServer, free_port, running_mail_server, with_login
from tests.factories.pki import identity, pem
from tests.factories.tenants import ACTOR, TenantFactory, UserFactory
from tests.factories.threads import all_at_once

HOUR = dt.timedelta(hours=1)
IT = "it@ours.example"
THEIRS = "it@theirs.example"


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with running_mail_server(settings) as running:
        yield running


@pytest.fixture
def contacts(tenant: Tenant, other_tenant: Tenant) -> None:
    add_contact(tenant=tenant, email=IT, actor=ACTOR)
    add_contact(tenant=other_tenant, email=THEIRS, actor=ACTOR)


def later(*, by: dt.timedelta = HOUR) -> None:
    """Every claim and every warning becomes so much older."""
    for row in ExpiryWarning.objects.all():
        row.created_at -= by
        row.mail_claimed_at = row.mail_claimed_at and row.mail_claimed_at - by
        row.save()


# Who is told what ----------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("contacts")
def test_each_tenant_is_told_of_its_own_in_one_message_and_once(
    tenant: Tenant, other_tenant: Tenant, server: MailServer
) -> None:
    apns_ending(tenant, 5, topic="com.apple.mgmt.ours")
    dep_ending(tenant, 20)
    vpp_ending(tenant, 50)
    dep_ending(other_tenant, 12)

    warn_of_expiry.delay()
    later()
    warn_of_expiry.delay()

    assert sorted(mail.addresses for mail in server.mails) == [[IT], [THEIRS]]
    (ours,), (theirs,) = server.to(IT), server.to(THEIRS)
    assert ours.message["Subject"] == "[Muster] Ours: 3 certificates and tokens expire, the first in 5 days"
    assert theirs.message["Subject"] == "[Muster] Theirs: DEP token expires in 12 days"
    for text in (ours.text, ours.html):
        assert all(word in text for word in ("com.apple.mgmt.ours", "Ours ABM", "Ours Org"))
        assert "Theirs" not in text
    for text in (theirs.text, theirs.html):
        assert "Theirs ABM" in text
        assert "Ours" not in text
    assert outcomes(tenant) == ["sent to 1 address"] * 3
    assert outcomes(other_tenant) == ["sent to 1 address"]
    assert not ExpiryWarning.objects.filter(mail_done_at=None).exists()


@pytest.mark.usefixtures("contacts")
def test_the_message_says_when_it_ends_what_happens_then_and_what_to_do(tenant: Tenant, server: MailServer) -> None:
    row = apns_ending(tenant, 5)

    warn_of_expiry.delay()

    (mail,) = server.mails
    assert row.cert_expiry_on is not None
    page = f"http://testserver/admin/tenants/apnscertificate/{row.pk}/change/"
    for text in (" ".join(mail.text.split()), " ".join(mail.html.split())):
        assert "expires in 5 days" in text
        assert f"{row.cert_expiry_on:%Y-%m-%d %H:%M} UTC" in text
        assert "commands wait until a device makes contact by itself" in text
        assert "https://identity.apple.com/pushcert" in text
        assert "with the same Apple Account as the last time" in text
        assert page in text
        assert "http://testserver/admin/tenants/tenantcontact/" in text
    assert "\n1. Open the page" in mail.text
    assert "\n   its renewal.\n2. Sign in at https://identity.apple.com/pushcert" in mail.text
    assert [line for line in mail.text.splitlines() if len(line) > 80 and "http" not in line] == []
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["From"] == "Muster <muster@here.example>"


@pytest.mark.usefixtures("contacts")
def test_nothing_secret_is_in_the_message(tenant: Tenant, server: MailServer) -> None:
    apns_ending(tenant, 5)
    dep_ending(tenant, 5)
    vpp_ending(tenant, 5)

    warn_of_expiry.delay()

    (mail,) = server.mails
    assert "Ours ABM" in mail.text
    assert not any(word in mail.message.as_string() for word in ("planted", "apns-private-key", "BEGIN"))


def test_all_contacts_get_one_message_and_admins_only_without_contacts(
    tenant: Tenant, other_tenant: Tenant, server: MailServer
) -> None:
    for email in (IT, "second@ours.example"):
        add_contact(tenant=tenant, email=email, actor=ACTOR)
    for each, email in ((tenant, "admin@ours.example"), (other_tenant, "admin@theirs.example")):
        Membership.objects.create(user=UserFactory(email=email), tenant=each, role=Role.ADMIN)
        apns_ending(each, 5)

    warn_of_expiry.delay()

    assert sorted(mail.addresses for mail in server.mails) == [["admin@theirs.example"], [IT, "second@ours.example"]]
    assert (outcomes(tenant), outcomes(other_tenant)) == (["sent to 2 addresses"], ["sent to 1 address"])


def test_superusers_are_told_of_the_installations_certificates(
    tenant: Tenant, server: MailServer, settings: Settings
) -> None:
    UserFactory(is_superuser=True, email="root@here.example")
    apns_ending(tenant, 300)
    soon = timezone.now() + dt.timedelta(days=5)
    settings.MDM_VENDOR_CERTIFICATE = pem(identity("Vendor", not_after=soon).certificate)

    warn_of_expiry.delay()

    (mail,) = server.mails
    assert mail.addresses == ["root@here.example"]
    assert mail.message["Subject"] == "[Muster] This installation: MDM vendor certificate expires in 4 days"
    assert "MDM_VENDOR_CERTIFICATE_FILE" in mail.text
    assert outcomes(None) == ["sent to 1 address"]


def test_without_any_address_the_outcome_says_so(
    tenant: Tenant, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    apns_ending(tenant, 5)

    warn_of_expiry.delay()

    assert server.mails == []
    assert outcomes(tenant)[0].startswith("no address")
    assert events(caplog, "expiry_mail_done")[0]["outcome"].startswith("no address")


def test_without_any_superusers_address_the_outcome_says_so(server: MailServer, settings: Settings, db: None) -> None:
    soon = timezone.now() + dt.timedelta(days=5)
    settings.MDM_VENDOR_CERTIFICATE = pem(identity("Vendor", not_after=soon).certificate)

    warn_of_expiry.delay()

    assert (server.mails, outcomes(None)) == ([], ["no address: no superuser has an e-mail address"])


@pytest.mark.usefixtures("contacts")
def test_without_a_mail_server_the_outcome_says_so(tenant: Tenant, settings: Settings) -> None:
    settings.EMAIL_BACKEND = NOT_SET_UP
    apns_ending(tenant, 5)

    warn_of_expiry.delay()

    assert outcomes(tenant) == ["e-mail is not set up (EMAIL_HOST)"]
    assert ExpiryWarning.objects.filter(mail_done_at=None).count() == 0


@pytest.mark.usefixtures("contacts")
def test_what_was_renewed_or_deleted_meanwhile_is_not_sent(
    tenant: Tenant, other_tenant: Tenant, server: MailServer
) -> None:
    renewed, deleted, kept = dep_ending(tenant, 5), apns_ending(tenant, 5), vpp_ending(tenant, 5)
    dep_ending(other_tenant, 5)
    give_warnings()
    DepToken.objects.filter(pk=renewed.pk).update(token_expiry_on=timezone.now() + dt.timedelta(days=300))
    deleted.delete()
    mail_warnings()

    (ours,) = server.to(IT)
    assert str(kept) in ours.text
    assert "ABM" not in ours.text
    assert "com.apple.mgmt" not in ours.text
    assert sorted(outcomes(tenant)) == [*["replaced or deleted before it was sent"] * 2, "sent to 1 address"]
    assert outcomes(other_tenant) == ["sent to 1 address"]


@pytest.mark.usefixtures("contacts")
def test_an_unsent_step_and_the_next_one_are_one_paragraph(tenant: Tenant, server: MailServer) -> None:
    row = apns_ending(tenant, 5)
    give_warnings()
    now = timezone.now() + dt.timedelta(hours=20)
    ApnsCertificate.objects.filter(pk=row.pk).update(cert_expiry_on=now)
    ExpiryWarning.objects.update(expires_at=now)
    give_warnings()
    mail_warnings()

    (mail,) = server.mails
    assert mail.message["Subject"] == "[Muster] Ours: APNs certificate expires in less than a day"
    assert mail.text.count("What to do:") == 1
    assert outcomes(tenant) == ["sent to 1 address"] * 2


# Hostile names -------------------------------------------------------------------------------------------------------
HOSTILE = "Evil\r\nBcc: victim@example.org\r\n\r\n<b>Hello</b>\x00\x0b\x1b\u202e\u2028end"


@pytest.mark.parametrize("where", ["tenant", "token", "organisation"])
@pytest.mark.usefixtures("contacts")
def test_names_stay_on_their_line_and_are_not_markup(tenant: Tenant, server: MailServer, where: str) -> None:
    name = HOSTILE.replace("\x00", "")  # PostgreSQL stores none
    Tenant.objects.filter(pk=tenant.pk).update(name=name if where == "tenant" else "Ours")
    dep_ending(tenant, 5, token_name=name if where == "token" else "ABM")
    vpp_ending(tenant, 5, org_name=name if where == "organisation" else "Org")

    warn_of_expiry.delay()

    (mail,) = server.mails
    assert mail.addresses == [IT]
    assert mail.message["To"] == IT
    assert mail.message["Bcc"] is None
    assert set(mail.message.keys()) == {
        *("Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"),
        *({"X-Peer", "X-MailFrom", "X-RcptTo"} & set(mail.message.keys())),
    }
    assert "Evil Bcc: victim@example.org <b>Hello</b>" in mail.text
    assert "<b>" not in mail.html
    assert not any(mark in mail.text + mail.html for mark in ("\x0b", "\x1b", "\u202e", "\u2028"))


# When it does not get through ----------------------------------------------------------------------------------------
@pytest.mark.usefixtures("contacts")
def test_a_server_that_is_away_gets_it_later(
    tenant: Tenant, other_tenant: Tenant, server: MailServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    apns_ending(tenant, 5)
    apns_ending(other_tenant, 5)
    settings.EMAIL_PORT = free_port()
    warn_of_expiry.delay()

    (failure,) = events(caplog, "expiry_mail_failed")  # the second tenant is not tried at a server that is away
    assert failure["reason"].startswith("ConnectionRefusedError")
    assert outcomes(tenant) + outcomes(other_tenant) == ["", ""]

    settings.EMAIL_PORT = server.port
    later()
    warn_of_expiry.delay()

    assert sorted(mail.addresses for mail in server.mails) == [[IT], [THEIRS]]
    assert outcomes(tenant) + outcomes(other_tenant) == ["sent to 1 address"] * 2


@pytest.mark.parametrize("answer", ["451 4.3.0 Try again later", "554 5.7.1 Looks like spam"])
@pytest.mark.usefixtures("contacts")
def test_a_message_that_is_refused_is_tried_again_with_the_same_id_and_others_get_theirs(
    tenant: Tenant, other_tenant: Tenant, server: MailServer, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    apns_ending(tenant, 5)
    dep_ending(other_tenant, 5)
    server.answer = answer
    warn_of_expiry.delay()
    warn_of_expiry.delay()  # at once: what was tried a moment ago waits

    failures = events(caplog, "expiry_mail_failed")
    assert {failure["tenant"] for failure in failures} == {str(tenant.pk), str(other_tenant.pk)}
    assert len(failures) == 2
    assert {failure["reason"] for failure in failures} == {f"SMTPDataError: {answer}"}

    server.answer = ""
    later()
    warn_of_expiry.delay()

    assert len(server.mails) == 2
    assert outcomes(tenant) == ["sent to 1 address"]


@pytest.mark.usefixtures("contacts")
def test_an_address_that_is_refused_does_not_keep_the_others_from_theirs(tenant: Tenant, server: MailServer) -> None:
    add_contact(tenant=tenant, email="gone@ours.example", actor=ACTOR)
    server.refuses = {"gone@ours.example"}
    apns_ending(tenant, 5)

    warn_of_expiry.delay()

    assert [mail.addresses for mail in server.mails] == [[IT]]
    assert outcomes(tenant) == ["sent to 1 address, 1 refused by the mail server"]


@pytest.mark.usefixtures("contacts")
def test_after_seven_days_it_is_given_up_and_the_reason_stays(
    tenant: Tenant, other_tenant: Tenant, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuses = {IT}
    apns_ending(tenant, 5)
    dep_ending(other_tenant, 5)
    warn_of_expiry.delay()
    later(by=dt.timedelta(days=6, hours=23))
    warn_of_expiry.delay()
    assert outcomes(tenant) == [""]

    later(by=2 * HOUR)
    warn_of_expiry.delay()
    later(by=HOUR)
    warn_of_expiry.delay()

    assert outcomes(tenant)[0].startswith("given up after 7 days: SMTPRecipientsRefused")
    assert len(events(caplog, "expiry_mail_failed")) == 3
    assert [event["level"] for event in events(caplog, "expiry_mail_given_up")] == ["error"]
    assert outcomes(other_tenant) == ["sent to 1 address"]
    assert [mail.addresses for mail in server.mails] == [[THEIRS]]


@pytest.mark.usefixtures("contacts")
def test_a_message_on_which_the_server_hangs_up_does_not_keep_the_others_waiting(
    tenant: Tenant, other_tenant: Tenant, server: MailServer
) -> None:
    first, second = sorted((tenant, other_tenant), key=lambda each: each.pk)
    server.refuses = {IT if first == tenant else THEIRS}
    server.hangs_up = True
    apns_ending(first, 5)
    apns_ending(second, 5)

    for _ in range(2):
        warn_of_expiry.delay()
        later()

    assert (outcomes(first), outcomes(second)) == ([""], ["sent to 1 address"])


# Several runs, and killed ones ---------------------------------------------------------------------------------------
@pytest.mark.usefixtures("contacts")
def test_what_a_killed_worker_had_claimed_is_sent_when_the_claim_is_old(tenant: Tenant, server: MailServer) -> None:
    apns_ending(tenant, 5)
    give_warnings()
    claimed = timezone.now() - dt.timedelta(minutes=14)
    ExpiryWarning.objects.update(mail_claimed_at=claimed)

    warn_of_expiry.delay()
    assert server.mails == []
    later(by=dt.timedelta(minutes=2))
    warn_of_expiry.delay()

    assert [mail.addresses for mail in server.mails] == [[IT]]


@pytest.mark.usefixtures("contacts")
def test_a_worker_killed_after_the_servers_yes_sends_it_again_under_the_same_id(
    tenant: Tenant, server: MailServer
) -> None:
    apns_ending(tenant, 5)
    dep_ending(tenant, 5)
    warn_of_expiry.delay()
    ExpiryWarning.objects.update(mail_done_at=None, mail_outcome="")
    later()
    warn_of_expiry.delay()

    first, second = server.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message["Message-ID"].endswith("@testserver>")


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_send_each_message_once(server: MailServer) -> None:
    tenants = [TenantFactory() for _ in range(3)]
    for number, each in enumerate(tenants):
        add_contact(tenant=each, email=f"{number}@example.org", actor=ACTOR)
        apns_ending(each, 5)
        dep_ending(each, 20)

    all_at_once(*[warn_of_expiry] * 4)

    assert sorted(mail.addresses for mail in server.mails) == [[f"{number}@example.org"] for number in range(3)]
    assert [outcomes(each) for each in tenants] == [["sent to 1 address"] * 2] * 3


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_server_is_spoken_to(server: MailServer) -> None:
    tenant = TenantFactory()
    add_contact(tenant=tenant, email=IT, actor=ACTOR)
    apns_ending(tenant, 5)
    connections: list[tuple[str, int]] = []

    def look() -> str:
        all_at_once(lambda: connections.extend(states_of_other_connections()))
        return ""

    server.before_answer = look
    warn_of_expiry()

    assert connections == [("idle", 1)]
    assert outcomes(tenant) == ["sent to 1 address"]


def states_of_other_connections() -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY state"
        )
        return [(str(state), int(count)) for state, count in cursor.fetchall()]


# The mail server's own ways ------------------------------------------------------------------------------------------
@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server called localhost, whose issuer this process trusts."""
    authority = identity("Mail CA", ca=True)
    server = identity("localhost", issuer=authority, hosts=["localhost"])
    authority.write(tmp_path, "ca")
    server.write(tmp_path, "server")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    return context


@pytest.mark.usefixtures("contacts")
def test_logs_in_after_starttls(
    tenant: Tenant, settings: Settings, certificate: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    apns_ending(tenant, 5)
    with running_mail_server(settings, **with_login(certificate)) as server:
        settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "localhost", True
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "muster", "planted-mail-password"
        warn_of_expiry.delay()

    (mail,) = server.mails
    assert (mail.login, mail.encrypted) == ("muster", True)
    assert "planted-mail-password" not in caplog.text


@pytest.mark.usefixtures("contacts")
def test_speaks_tls_from_the_start(tenant: Tenant, settings: Settings, certificate: ssl.SSLContext) -> None:
    apns_ending(tenant, 5)
    with running_mail_server(settings, ssl_context=certificate) as server:
        settings.EMAIL_HOST, settings.EMAIL_USE_SSL = "localhost", True
        warn_of_expiry.delay()

    assert [mail.addresses for mail in server.mails] == [[IT]]
    assert outcomes(tenant) == ["sent to 1 address"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"EMAIL_HOST_PASSWORD": "planted-wrong-password"}, "SMTPAuthenticationError: 535"),
        ({"EMAIL_HOST_USER": ""}, "SMTPSenderRefused: 530"),
        ({"EMAIL_HOST": "127.0.0.1"}, "SSLCertVerificationError"),
        ({"EMAIL_USE_TLS": False, "EMAIL_HOST_USER": ""}, "SMTPSenderRefused: 530"),
    ],
)
@pytest.mark.usefixtures("contacts")
def test_a_login_or_a_certificate_that_is_wrong_is_told_without_the_password(
    tenant: Tenant,
    settings: Settings,
    certificate: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
    changed: dict[str, object],
    reason: str,
) -> None:
    caplog.set_level("DEBUG")
    apns_ending(tenant, 5)
    with running_mail_server(settings, **with_login(certificate)) as server:
        settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "localhost", True
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "muster", "planted-mail-password"
        for name, value in changed.items():
            setattr(settings, name, value)
        warn_of_expiry.delay()

    (failure,) = events(caplog, "expiry_mail_failed")
    assert failure["reason"].startswith(reason)
    assert "planted" not in str([each for each in caplog.messages if "aiosmtpd" not in each and "AUTH" not in each])
    assert server.mails == []
    assert outcomes(tenant) == [""]


@pytest.mark.usefixtures("contacts")
def test_a_sender_that_is_no_address_is_told(
    tenant: Tenant, server: MailServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEFAULT_FROM_EMAIL = "Muster\nBcc: x@example.org <muster@here.example>"
    apns_ending(tenant, 5)

    warn_of_expiry.delay()

    (failure,) = events(caplog, "expiry_mail_failed")
    assert failure["reason"].startswith("ValueError: Invalid address")
    assert server.mails == []


def test_djangos_own_mail_goes_the_same_way(server: MailServer, db: None) -> None:
    sent = send_mail("Subject", "Body", None, ["a@example.org"])

    assert (sent, [mail.addresses for mail in server.mails]) == (1, [["a@example.org"]])
