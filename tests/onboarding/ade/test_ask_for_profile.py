"""A device in its set-up assistant asks for its enrolment profile."""

import datetime as dt
import plistlib

import pytest
from structlog.testing import capture_logs

from devices.models import Device
from onboarding.models import DepDevice, DepProfile, EnrolmentChallenge
from onboarding.services.enrolment_profiles import digest_of
from tenants.crypto.cms import verify_signed
from tenants.models import ApnsCertificate, AuditEvent, DeviceAuthority, Tenant
from tests.factories.ade import DepDeviceFactory, DepProfileFactory, ask, machine_info, signed
from tests.factories.fleet import ready_to_enrol
from tests.factories.pki import ec_key, identity


def refused(profile: DepProfile | str, message: bytes, status: int, words: str) -> None:
    """With these words, to the device and in the log; nothing was handed out, and nothing makes a device unenrol."""
    with capture_logs() as logs:
        answer = ask(profile, message)
    assert (answer.status_code, answer["Content-Type"]) == (status, "text/plain; charset=utf-8")
    assert words.lower() in answer.content.decode().lower()
    assert [(each["event"], each["status"]) for each in logs] == [("ade_refused", status)]
    assert words.lower() in logs[0]["reason"].lower()
    assert not EnrolmentChallenge.objects.exists()
    assert not Device.objects.filter(dep_profile_status="pushed").exists()


def test_gets_the_signed_profile_with_a_challenge_for_it_alone(profile: DepProfile, listed: DepDevice) -> None:
    answer = ask(profile, machine_info("C02ABC123"))

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-apple-aspen-config")
    assert answer["Cache-Control"] == "no-store"
    payloads = plistlib.loads(verify_signed(answer.content).content)["PayloadContent"]
    secret = next(each["PayloadContent"]["Challenge"] for each in payloads if "scep" in each["PayloadType"])
    challenge = EnrolmentChallenge.objects.get(digest=digest_of(secret))
    assert (challenge.tenant, challenge.dep_profile, challenge.serial) == (profile.tenant, profile, "C02ABC123")


def test_is_noted_as_pushed_and_recorded(profile: DepProfile, listed: DepDevice, tenant: Tenant) -> None:
    with capture_logs() as logs:
        ask(profile, machine_info("C02ABC123"), REMOTE_ADDR="198.51.100.7")

    device = Device.objects.get(pk=listed.device_id)
    assert (device.dep_profile_status, device.dep_profile_push_time is not None) == ("pushed", True)
    assert device.device_source == Device.Source.ABM
    entry = AuditEvent.objects.get(action="device.profile_handed_out")
    assert (entry.tenant_id, entry.details["serial"]) == (tenant.pk, "C02ABC123")
    assert [each["event"] for each in logs] == ["ade_profile_handed_out"]
    assert profile.token not in str(logs)


@pytest.mark.parametrize(("told", "then"), [("assigned", "pushed"), ("removed", "removed")])
def test_apples_list_says_so_too_before_it_is_read_again(
    profile: DepProfile, listed: DepDevice, told: str, then: str
) -> None:
    """Unless Apple has taken the profile away meanwhile: then the device is to be given it again."""
    DepDevice.objects.update(profile_status=told)

    ask(profile, machine_info("C02ABC123"))

    listed.refresh_from_db()
    assert (listed.profile_status, listed.profile_pushed_at is not None) == (then, then == "pushed")


def test_asks_again_and_gets_another_challenge(profile: DepProfile, listed: DepDevice) -> None:
    message = signed(machine_info("C02ABC123"))

    answers = [ask(profile, message) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert EnrolmentChallenge.objects.filter(serial="C02ABC123", used_at=None).count() == 2


def test_may_write_its_serial_in_small_letters(profile: DepProfile, listed: DepDevice) -> None:
    assert ask(profile, machine_info("c02abc123")).status_code == 200
    assert EnrolmentChallenge.objects.get().serial == "C02ABC123"


@pytest.mark.parametrize("binary", [False, True])
def test_may_send_either_form_of_property_list(profile: DepProfile, listed: DepDevice, binary: bool) -> None:
    form = plistlib.FMT_BINARY if binary else plistlib.FMT_XML
    assert ask(profile, signed(plistlib.dumps(machine_info("C02ABC123"), fmt=form))).status_code == 200


def test_is_refused_when_the_list_has_it_no_more(profile: DepProfile, listed: DepDevice) -> None:
    DepDevice.objects.update(removed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    refused(profile, signed(machine_info("C02ABC123")), 403, "C02ABC123 is not in Apple's list")


def test_is_refused_when_the_list_never_had_it(profile: DepProfile, listed: DepDevice) -> None:
    refused(profile, signed(machine_info("C02ABC124")), 403, "C02ABC124 is not in Apple's list")


def test_is_refused_by_another_organisations_profile(
    profile: DepProfile, listed: DepDevice, other_tenant: Tenant
) -> None:
    ready_to_enrol(other_tenant)
    refused(DepProfileFactory(other_tenant), signed(machine_info("C02ABC123")), 403, "is not in Apple's list")


def test_gets_the_profile_of_the_tenant_whose_token_it_has(
    profile: DepProfile, listed: DepDevice, other_tenant: Tenant
) -> None:
    ready_to_enrol(other_tenant)
    theirs = DepDeviceFactory(other_tenant, "C02ABC123")

    assert ask(DepProfileFactory(other_tenant), machine_info("C02ABC123")).status_code == 200

    assert EnrolmentChallenge.objects.get().tenant == other_tenant
    assert list(Device.objects.filter(dep_profile_status="pushed")) == [theirs.device]


@pytest.mark.parametrize("token", ["x" * 32, "x" * 65, "..", "%00"])
def test_is_refused_with_an_unknown_token(profile: DepProfile, listed: DepDevice, token: str) -> None:
    refused(token, signed(machine_info("C02ABC123")), 404, "no enrolment by this address")


def test_is_refused_when_the_profile_was_deleted(profile: DepProfile, listed: DepDevice) -> None:
    token = profile.token
    profile.delete()
    refused(token, signed(machine_info("C02ABC123")), 404, "no enrolment by this address")


def test_is_put_off_while_there_is_no_apns_certificate(profile: DepProfile, listed: DepDevice) -> None:
    ApnsCertificate.objects.all().delete()
    refused(profile, signed(machine_info("C02ABC123")), 503, "no valid APNs certificate")
    assert ask(profile, machine_info("C02ABC123"))["Retry-After"] == "300"


def test_is_put_off_when_the_tenants_authority_is_lost(profile: DepProfile, listed: DepDevice) -> None:
    DeviceAuthority.objects.all().delete()
    assert ask(profile, machine_info("C02ABC123")).status_code == 503
    assert not EnrolmentChallenge.objects.exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
def test_posts(profile: DepProfile, listed: DepDevice, method: str) -> None:
    answer = ask(profile, machine_info("C02ABC123"), method=method)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_stranger_is_refused(profile: DepProfile, listed: DepDevice) -> None:
    stranger = identity(
        "Stranger", issuer=identity("Other CA", ca=True, key=ec_key("Other CA")), key=ec_key("Stranger")
    )
    refused(profile, signed(machine_info("C02ABC123"), signer=stranger), 403, "no issuer of Apple devices vouches")


DEEP = b"<plist><dict>" + b"<key>SERIAL</key><dict>" * 100 + b"</dict>" * 100 + b"</dict></plist>"
BILLION = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><plist><dict><key>SERIAL</key><string>&a;</string></dict></plist>'


@pytest.mark.parametrize(
    "message",
    [b"", b"\x30\x80", b"\x30\x80" * 1000, b"\x30\x84\x7f\xff\xff\xff" + b"\0" * 64, b"<plist><dict/></plist>"],
)
def test_what_is_no_signed_message_is_said_so(profile: DepProfile, listed: DepDevice, message: bytes) -> None:
    refused(profile, message, 400, "malformed")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no property list", "property list"),
        (DEEP, "nested too deeply"),
        (BILLION, "malformed XML"),
        (b"bplist00" + b"\xff" * 40, "binary property list"),
        (plistlib.dumps(["C02ABC123"]), "does not hold a dictionary"),
        (plistlib.dumps({"UDID": "U"}), "carries no SERIAL"),
        (plistlib.dumps({"SERIAL": ["C02ABC123"]}), "carries no SERIAL"),
        (plistlib.dumps({"SERIAL": " "}), "carries no SERIAL"),
    ],
)
def test_what_is_no_machine_info_is_said_so(profile: DepProfile, listed: DepDevice, content: bytes, words: str) -> None:
    refused(profile, signed(content), 400, words)


def test_a_signature_that_does_not_hold_is_said_so(profile: DepProfile, listed: DepDevice) -> None:
    refused(profile, signed(machine_info("C02ABC123"), claimed_digest=b"\0" * 32), 400, "not what was signed")


def test_a_huge_message_is_not_read(profile: DepProfile, listed: DepDevice) -> None:
    refused(profile, b"\x30" * (64 * 1024 + 1), 413, "too large")
    assert ask(profile, b"", CONTENT_LENGTH=str(10**9)).status_code == 413


def test_long_words_and_odd_values_do_no_harm(profile: DepProfile, tenant: Tenant) -> None:
    DepDeviceFactory(tenant, "S" * 128)
    odd = machine_info("S" * 200, UDID=7, PRODUCT={"x": 1}, VERSION=None, OS_VERSION="9" * 500, LANGUAGE=[1])
    assert ask(profile, odd).status_code == 200


def test_the_device_of_another_platform_in_the_tenant_is_left_alone(profile: DepProfile, tenant: Tenant) -> None:
    phone = Device.objects.create(tenant=tenant, platform="ANDROID", serial="C02ABC123")
    refused(profile, signed(machine_info("C02ABC123")), 403, "is not in Apple's list")
    assert Device.objects.get() == phone
