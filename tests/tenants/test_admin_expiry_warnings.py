"""The console's list of the warnings that were given."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from config.mail import NOT_SET_UP
from tenants.models import ExpiryWarning, Role, Tenant
from tenants.services.expiry_warnings import give_warnings, warn_of_expiry
from tests.factories.console import Furnished, member, superuser
from tests.factories.expiry import apns_ending, vpp_ending
from tests.factories.pki import identity, pem

LIST = "/admin/tenants/expirywarning/"


def test_tells_what_ends_and_what_became_of_the_mail(tenant: Tenant, other_tenant: Tenant, settings: Settings) -> None:
    settings.EMAIL_BACKEND = NOT_SET_UP
    certificate = apns_ending(tenant, 5)
    apns_ending(other_tenant, 5)

    client = member(tenant, Role.VIEWER)
    warn_of_expiry()
    page = client.get(LIST).content.decode()

    assert f"/admin/tenants/apnscertificate/{certificate.pk}/change/" in page
    assert "7 days before" in page
    assert ">e-mail is not set up (EMAIL_HOST)</span>" in page
    assert str(other_tenant.pk) not in page


def test_tells_what_is_not_sent_yet(tenant: Tenant) -> None:
    vpp_ending(tenant, -1)
    give_warnings()
    client = member(tenant, Role.VIEWER)
    assert "not sent yet" in client.get(LIST).content.decode()

    ExpiryWarning.objects.update(mail_claimed_at=timezone.now())
    listed = client.get(LIST).content.decode()
    page = client.get(f"{LIST}{ExpiryWarning.objects.get().pk}/change/").content.decode()

    assert "tried just now" in listed
    assert ">over</span>" in listed
    assert "not sent yet" in page


def test_the_installations_are_for_superusers(tenant: Tenant, settings: Settings) -> None:
    settings.MDM_VENDOR_CERTIFICATE = pem(identity("Vendor", not_after=timezone.now()).certificate)
    give_warnings()

    assert "CN=Vendor" in superuser().get(LIST).content.decode()
    assert "CN=Vendor" not in member(tenant, Role.ADMIN).get(LIST).content.decode()


@pytest.mark.parametrize("verb", ["add", "delete"])
def test_nobody_changes_it(tenant: Tenant, verb: str) -> None:
    ours = Furnished(tenant)
    path = f"{LIST}add/" if verb == "add" else f"{LIST}{ours.warning.pk}/delete/"

    assert superuser().post(path, {"post": "yes"}).status_code == 403
    assert ExpiryWarning.objects.count() == 1


def test_the_list_asks_the_same_for_one_and_for_many(tenant: Tenant) -> None:
    client, asked = superuser(), []
    for number in range(3):
        apns_ending(tenant, 5, topic=f"com.apple.mgmt.{number}")
        give_warnings()
        with CaptureQueriesContext(connection) as queries:
            page = client.get(LIST).content.decode()
        asked.append(len(queries))

    assert page.count("7 days before") == 3
    assert asked[1] == asked[2]
