"""The enrolment page and the profile that it offers."""

import datetime as dt
import plistlib
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from onboarding.models import EnrolmentChallenge, EnrolmentProfile
from onboarding.services.enrolment_profiles import create_enrolment_profile, revoke_enrolment_profile
from tenants.crypto import cms
from tenants.models import ApnsCertificate, DeviceAuthority, Tenant
from tests.factories import pki
from tests.factories.fleet import TOPIC, download, ready_to_enrol
from tests.factories.tenants import ACTOR, with_authority


def page(link: EnrolmentProfile) -> Any:
    return Client().get(f"/mdm/enrol/{link.token}")


def profile_response(link: EnrolmentProfile) -> Any:
    return Client().get(f"/mdm/enrol/{link.token}/profile.mobileconfig")


def contents(link: EnrolmentProfile) -> dict[str, Any]:
    """The profile's dictionary, and its payloads by type."""
    profile: dict[str, Any] = plistlib.loads(cms.verify_signed(download(link)).content)
    return {**profile, **{payload["PayloadType"]: payload for payload in profile["PayloadContent"]}}


# --- the page -----------------------------------------------------------------------------------------------------


def test_the_page_offers_the_profile_and_a_code_to_scan(link: EnrolmentProfile) -> None:
    response = page(link)

    text = response.content.decode()
    assert response.status_code == 200
    assert f"http://testserver/mdm/enrol/{link.token}/profile.mobileconfig" in text
    assert "<svg" in text
    assert link.tenant.name in text


def test_the_page_needs_nothing_from_elsewhere_and_is_kept_nowhere(link: EnrolmentProfile) -> None:
    response = page(link)

    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert b"<script" not in response.content


def test_a_tenants_name_is_shown_as_text(link: EnrolmentProfile) -> None:
    Tenant.objects.filter(pk=link.tenant_id).update(name="<b>Ours</b>")

    assert b"<b>Ours" not in page(link).content


def test_the_page_mints_no_challenge(link: EnrolmentProfile) -> None:
    page(link)

    assert not EnrolmentChallenge.objects.exists()


@pytest.mark.parametrize("token", ["unknown", "x" * 65, "a%20b", "%00", "%F0%9F%92%A9"])
@pytest.mark.parametrize("tail", ["", "/profile.mobileconfig"])
def test_an_unknown_link_is_not_found(link: EnrolmentProfile, token: str, tail: str) -> None:
    assert Client().get(f"/mdm/enrol/{token}{tail}").status_code == 404


@pytest.mark.parametrize("answer", [page, profile_response])
def test_a_revoked_link_is_not_found(link: EnrolmentProfile, answer: Any) -> None:
    revoke_enrolment_profile(profile=link, actor=ACTOR)

    response = answer(link)
    assert response.status_code == 404
    assert b"not valid any more" in response.content


@pytest.mark.parametrize("answer", [page, profile_response])
def test_an_expired_link_is_not_found(link: EnrolmentProfile, answer: Any) -> None:
    EnrolmentProfile.objects.filter(pk=link.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))

    assert answer(link).status_code == 404


@pytest.mark.parametrize("answer", [page, profile_response])
def test_without_an_apns_certificate_nobody_can_enrol(tenant: Tenant, answer: Any) -> None:
    with_authority(tenant)
    link = create_enrolment_profile(tenant=tenant, name="Early", actor=ACTOR)

    response = answer(link)
    assert response.status_code == 409
    assert b"APNs certificate" in response.content
    assert not EnrolmentChallenge.objects.exists()


def test_an_expired_apns_certificate_is_none(link: EnrolmentProfile) -> None:
    ApnsCertificate.objects.update(cert_expiry_on=timezone.now())

    assert page(link).status_code == profile_response(link).status_code == 409


# --- the profile --------------------------------------------------------------------------------------------------


def test_every_download_has_a_challenge_of_its_own(link: EnrolmentProfile) -> None:
    challenges = {contents(link)["com.apple.security.scep"]["PayloadContent"]["Challenge"] for _ in range(3)}

    assert len(challenges) == 3


def test_a_challenge_is_stored_as_its_digest(link: EnrolmentProfile) -> None:
    challenge = contents(link)["com.apple.security.scep"]["PayloadContent"]["Challenge"]

    row = EnrolmentChallenge.objects.get()
    assert challenge not in (row.digest, str(row.pk))
    assert row.expires_at - timezone.now() < dt.timedelta(hours=24, minutes=1)


def test_the_profile_is_for_devices_and_not_for_caches(link: EnrolmentProfile) -> None:
    response = profile_response(link)

    assert response["Content-Type"] == "application/x-apple-aspen-config"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE"])
def test_only_a_get_downloads_it(link: EnrolmentProfile, method: str) -> None:
    assert Client().generic(method, f"/mdm/enrol/{link.token}/profile.mobileconfig").status_code == 405
    assert not EnrolmentChallenge.objects.exists()


@pki.needs_openssl
def test_openssl_verifies_the_signature(link: EnrolmentProfile, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(DeviceAuthority.objects.get(tenant=link.tenant).certificate)
    arguments = ["cms", "-verify", "-binary", "-inform", "DER", "-CAfile", "ca.pem", "-purpose", "any"]

    verified = pki.openssl(*arguments, folder=tmp_path, stdin=download(link))

    assert plistlib.loads(verified)["PayloadType"] == "Configuration"


def test_a_configured_certificate_signs_instead_of_the_tenants_own(link: EnrolmentProfile, settings: Settings) -> None:
    public = pki.identity("public.example")
    settings.PROFILE_SIGNING_CERTIFICATE = pki.pem(public.certificate)
    settings.PROFILE_SIGNING_KEY = pki.key_pem(public.key)

    assert cms.verify_signed(download(link)).certificate == public.certificate


def test_the_mdm_payload_has_what_devices_need(link: EnrolmentProfile) -> None:
    mdm = contents(link)["com.apple.mdm"]

    assert (mdm["ServerURL"], mdm["CheckInURL"]) == ("http://testserver/mdm/connect", "http://testserver/mdm/checkin")
    assert (mdm["Topic"], mdm["SignMessage"], mdm["CheckOutWhenRemoved"]) == (TOPIC, True, True)
    assert mdm["IdentityCertificateUUID"] == contents(link)["com.apple.security.scep"]["PayloadUUID"]
    assert mdm["ServerCapabilities"] == ["com.apple.mdm.bootstraptoken"]


def test_the_scep_payload_asks_for_what_we_issue(link: EnrolmentProfile) -> None:
    scep = contents(link)["com.apple.security.scep"]["PayloadContent"]

    assert scep["URL"] == f"http://testserver/mdm/scep/{link.tenant_id}"
    assert (scep["Key Type"], scep["Keysize"], scep["Key Usage"]) == ("RSA", 2048, 5)


def test_profiles_of_one_tenant_replace_one_another(link: EnrolmentProfile) -> None:
    first, second = contents(link), contents(link)

    assert first["PayloadIdentifier"] == second["PayloadIdentifier"]
    assert first["PayloadUUID"] == second["PayloadUUID"]


def test_profiles_of_two_tenants_stand_side_by_side(link: EnrolmentProfile, other_tenant: Tenant) -> None:
    ours, theirs = contents(link), contents(ready_to_enrol(other_tenant))

    assert ours["PayloadIdentifier"] != theirs["PayloadIdentifier"]
    assert ours["com.apple.mdm"]["PayloadUUID"] != theirs["com.apple.mdm"]["PayloadUUID"]
