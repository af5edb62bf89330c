"""The mail of a real worker, and of one that is killed while it sends."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django import Settings

from tenants.models import ExpiryWarning, Tenant
from tenants.services.contacts import add_contact
from tenants.tasks import warn_of_expiry
from tests.factories.expiry import apns_ending, dep_ending, outcomes
from tests.factories.mail_server import MailServer, running_mail_server
from tests.factories.tenants import ACTOR
from tests.factories.waiting import until
from tests.integration.conftest import StartWorker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail_server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """One that the environment of workers names."""
    with running_mail_server(settings) as server:
        monkeypatch.setenv("EMAIL_HOST", "127.0.0.1")
        monkeypatch.setenv("EMAIL_PORT", str(server.port))
        monkeypatch.setenv("EMAIL_SECURITY", "none")
        yield server


def test_a_worker_killed_while_it_sends_leaves_the_message_to_the_next(
    mail_server: MailServer, start_worker: StartWorker, tenant: Tenant, other_tenant: Tenant
) -> None:
    for each, email in ((tenant, "it@ours.example"), (other_tenant, "it@theirs.example")):
        add_contact(tenant=each, email=email, actor=ACTOR)
    apns_ending(tenant, 5)
    dep_ending(tenant, 20)
    first = start_worker()
    killed: list[bool] = []

    def kill() -> str:
        if killed:
            return ""
        first.kill()
        killed.append(True)
        return "451 4.3.0 The sender is gone"

    mail_server.before_answer = kill
    warn_of_expiry.delay()
    until(lambda: bool(killed), seconds=30)
    claimed = ExpiryWarning.objects.filter(mail_claimed_at__isnull=False, mail_done_at=None).count()
    assert (claimed, mail_server.mails) == (2, [])

    ExpiryWarning.objects.update(mail_claimed_at=timezone.now() - dt.timedelta(minutes=16))
    start_worker()
    warn_of_expiry.delay()
    until(lambda: outcomes(tenant) == ["sent to 1 address"] * 2, seconds=30)

    assert [mail.addresses for mail in mail_server.mails] == [["it@ours.example"]]
    assert outcomes(other_tenant) == []
