"""Enrolment links in the console."""

import plistlib

from onboarding.models import EnrolmentChallenge, EnrolmentProfile
from tenants.models import AuditEvent, Role, Tenant
from tests.factories.console import apns_certificate, member
from tests.factories.devices import DeviceGroupFactory
from tests.factories.tenants import with_authority

LINKS = "/admin/onboarding/enrolmentprofile/"


def link(tenant: Tenant) -> EnrolmentProfile:
    return EnrolmentProfile.objects.create(tenant=tenant, name="Front desk")


def test_an_operator_opens_a_link_and_sees_it(tenant: Tenant) -> None:
    group = DeviceGroupFactory(tenant=tenant)
    form = {"tenant": str(tenant.pk), "name": "Front desk", "group": str(group.pk)}

    answer = member(tenant).post(f"{LINKS}add/", form, follow=True)

    made = EnrolmentProfile.objects.get()
    page = answer.content.decode()
    assert (made.name, made.group, made.tenant) == ("Front desk", group, tenant)
    assert f"http://testserver/mdm/enrol/{made.token}" in page
    assert "<svg" in page
    assert AuditEvent.objects.get().action == "enrolment_profile.created"


def test_a_group_of_another_tenant_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = DeviceGroupFactory(tenant=other_tenant)
    form = {"tenant": str(tenant.pk), "name": "Front desk", "group": str(foreign.pk)}

    assert "not one of the available choices" in member(tenant).post(f"{LINKS}add/", form).content.decode()
    assert not EnrolmentProfile.objects.exists()


def test_an_operator_downloads_the_unsigned_profile(tenant: Tenant) -> None:
    with_authority(tenant)
    apns_certificate(tenant)
    made = link(tenant)

    answer = member(tenant).get(f"{LINKS}{made.pk}/download_unsigned/")

    kinds = [payload["PayloadType"] for payload in plistlib.loads(answer.content)["PayloadContent"]]
    assert kinds == ["com.apple.security.scep", "com.apple.mdm"]
    assert "no-store" in answer["Cache-Control"]
    assert EnrolmentChallenge.objects.filter(profile=made).count() == 1
    assert AuditEvent.objects.get().action == "enrolment_profile.downloaded_unsigned"


def test_without_a_certificate_the_download_says_why_not(tenant: Tenant) -> None:
    answer = member(tenant).get(f"{LINKS}{link(tenant).pk}/download_unsigned/", follow=True)

    assert "no valid APNs certificate" in answer.content.decode()
    assert not EnrolmentChallenge.objects.exists()


def test_revoking_asks_first_and_closes_the_link(tenant: Tenant) -> None:
    made, client = link(tenant), member(tenant)

    assert "stops working at once" in client.get(f"{LINKS}{made.pk}/revoke/").content.decode()
    page = client.post(f"{LINKS}{made.pk}/revoke/", follow=True).content.decode()

    made.refresh_from_db()
    assert made.revoked_at is not None
    assert made.token not in page
    assert "/download_unsigned/" not in page
    assert "revoked or expired" in client.get(f"{LINKS}{made.pk}/download_unsigned/", follow=True).content.decode()


def test_a_viewer_sees_no_links(tenant: Tenant) -> None:
    made, client = link(tenant), member(tenant, Role.VIEWER)

    assert client.get(LINKS).status_code == 403
    assert client.get(f"{LINKS}{made.pk}/download_unsigned/").status_code == 404
    assert client.post(f"{LINKS}{made.pk}/revoke/").status_code == 404
