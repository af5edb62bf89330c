"""manage.py check_credentials"""

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tenants.models import ApnsCertificate, DepToken, DeviceAuthority, Tenant
from tests.factories.apns_certificates import TOPIC, push_certificate, waiting_certificate
from tests.factories.apple_tokens import CompletedDepTokenFactory, DepTokenFactory, VppTokenFactory
from tests.factories.commands import AppleEnrolmentFactory
from tests.factories.devices import DeviceFactory
from tests.factories.pki import identity, key_pem, pem, rsa_key
from tests.factories.sealing import key, lose_key
from tests.factories.tenants import TenantFactory, with_authority

DAY = dt.timedelta(days=1)
OTHER_TOPIC = "com.apple.mgmt.External.other"


def check(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    out = io.StringIO()
    try:
        call_command("check_credentials", *arguments, stdout=out, stderr=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def told(*arguments: str) -> list[dict[str, Any]]:
    """What the program-readable answer lists; its exit code fits."""
    code, out = check("--json", *arguments)
    answer = json.loads(out)
    assert code == {"OK": 0, "WARNING": 1, "CRITICAL": 2}[answer["result"]]
    assert answer["result"] == max((row["result"] for row in answer["credentials"]), key=SEVERITY.index, default="OK")
    rows: list[dict[str, Any]] = answer["credentials"]
    return rows


SEVERITY = ["OK", "WARNING", "CRITICAL"]


def completed(tenant: Tenant, *, days: float = 200, topic: str = TOPIC, **fields: Any) -> ApnsCertificate:
    """A certificate whose key fits; it ends in so many days."""
    made = {"certificate": push_certificate(topic=topic), "topic": topic, "state": "COMPLETED"}
    return waiting_certificate(tenant, **{**made, "cert_expiry_on": timezone.now() + days * DAY, **fields})


def enrolled(tenant: Tenant, topic: str = TOPIC, **fields: Any) -> None:
    AppleEnrolmentFactory(device=DeviceFactory(tenant=tenant), topic=topic, **fields)


def test_without_any_credential_there_is_nothing_to_do(db: None) -> None:
    code, out = check()

    assert (code, out.splitlines()[0]) == (0, "CREDENTIALS OK - nothing to do; 0 looked at")


def test_it_lists_what_is_in_use_by_its_end_and_what_waits(tenant: Tenant, other_tenant: Tenant) -> None:
    with_authority(tenant)
    certificate = completed(tenant, days=200.5)
    token = CompletedDepTokenFactory(tenant)
    content = VppTokenFactory(other_tenant, token_expiry_on=timezone.now() + 100.5 * DAY)
    waiting, pending = waiting_certificate(other_tenant), DepTokenFactory(other_tenant)
    enrolled(tenant)

    rows = told()

    shown = [(row["kind"], row["tenant"], row["id"], row["name"], row["days_left"]) for row in rows]
    assert shown[:2] == [
        ("vpp_token", "Theirs", str(content.pk), "Theirs Org", 100),
        ("apns_certificate", "Ours", str(certificate.pk), TOPIC, 200),
    ]
    assert shown[2][:4] == ("dep_token", "Ours", str(token.pk), "Ours ABM")
    assert shown[3:] == [
        ("apns_certificate", "Theirs", str(waiting.pk), "", None),
        ("dep_token", "Theirs", str(pending.pk), "", None),
    ]
    assert [row["result"] for row in rows] == ["OK"] * 5
    today = f"{timezone.now():%Y-%m-%d}"
    remarks = [
        "",
        "1 device is enrolled under it",
        "",
        *[f"Waits for the upload of what Apple gives, since {today}"] * 2,
    ]
    assert [row["remark"] for row in rows] == remarks


def test_the_table_is_for_people(tenant: Tenant) -> None:
    completed(tenant, days=30.5)
    enrolled(tenant)

    code, out = check()

    first, headings, row = out.splitlines()
    assert (code, first) == (1, "CREDENTIALS WARNING - 1 within 60 days of the end; 1 looked at")
    assert headings.split() == ["kind", "tenant", "name", "expires", "days", "remark"]
    ends = f"{timezone.now() + 30.5 * DAY:%Y-%m-%d}"
    assert row == f"WARNING  APNs certificate  Ours    {TOPIC}  {ends}  30    Renew it; 1 device is enrolled under it"


@pytest.mark.parametrize(
    ("days", "within", "result"),
    [
        (60.5, "60", "OK"),
        (59.5, "60", "WARNING"),
        (0.5, "60", "WARNING"),
        (-0.5, "60", "CRITICAL"),
        (-0.5, "0", "CRITICAL"),
        (0.5, "0", "OK"),
        (100, "365", "WARNING"),
    ],
)
@pytest.mark.parametrize("kind", ["certificate", "dep", "vpp"])
def test_the_result_tells_what_ends_within_the_time(
    tenant: Tenant, other_tenant: Tenant, days: float, within: str, result: str, kind: str
) -> None:
    ends = timezone.now() + days * DAY
    if kind == "certificate":
        completed(tenant, days=days)
    elif kind == "dep":
        DepToken.objects.filter(pk=CompletedDepTokenFactory(tenant).pk).update(token_expiry_on=ends)
    else:
        VppTokenFactory(tenant, token_expiry_on=ends)
    completed(other_tenant, days=1000)

    row = told("--within", within)[0]

    assert (row["tenant"], row["result"]) == ("Ours", result)
    assert row["remark"].startswith({"OK": "", "WARNING": "Renew it", "CRITICAL": "It is over: renew it"}[result])


def test_the_worst_counts(tenant: Tenant, other_tenant: Tenant) -> None:
    completed(tenant, days=-1)
    completed(other_tenant, days=30)
    VppTokenFactory(tenant)

    code, out = check()

    assert code == 2
    line = "CREDENTIALS CRITICAL - 1 over or not to be used, 1 within 60 days of the end; 3 looked at"
    assert out.splitlines()[0] == line


def test_what_another_one_has_replaced_does_not_matter_any_more(tenant: Tenant) -> None:
    completed(tenant, days=-10)
    completed(tenant, days=300)

    assert [row["result"] for row in told()] == ["OK"]


def test_a_certificate_that_apple_refuses_is_of_no_use(tenant: Tenant) -> None:
    completed(tenant, topic_stopped_at=timezone.now(), topic_stopped_reason="BadCertificate")

    (row,) = told()

    assert row["result"] == "CRITICAL"
    assert row["remark"].startswith("Apple refuses it (BadCertificate)")


def test_an_ended_certificate_that_nobody_needs_may_be_deleted(tenant: Tenant) -> None:
    completed(tenant, days=-1)

    assert told()[0]["remark"] == ("It is over: renew it; no device is enrolled under it: it may be deleted instead")


def test_devices_that_no_certificate_can_wake_are_counted(tenant: Tenant, other_tenant: Tenant) -> None:
    completed(tenant, topic=OTHER_TOPIC)
    completed(other_tenant)  # of the same topic, but not theirs
    nobody: dict[str, Any] = {"enabled_at": None}
    for each, fields in ((tenant, {}), (tenant, {}), (tenant, nobody), (other_tenant, {})):
        enrolled(each, **fields)

    row = told()[-1]

    assert (row["result"], row["tenant"], row["name"], row["id"]) == ("CRITICAL", "Ours", TOPIC, None)
    assert row["remark"] == (
        "There is no APNs certificate of this topic; 2 devices are enrolled under it and cannot be woken"
    )


# --- secrets and keys ------------------------------------------------------------------------------------------------


def test_secrets_that_do_not_open_are_named(tenant: Tenant, other_tenant: Tenant, settings: Settings) -> None:
    completed(tenant), waiting_certificate(tenant)
    CompletedDepTokenFactory(tenant), DepTokenFactory(tenant), VppTokenFactory(tenant), with_authority(tenant)
    lose_key(settings)
    completed(other_tenant)

    rows = told()

    lost = "a secret of it does not open: the key 'dev' is not in ENCRYPTION_KEYS"
    ours = sorted((row["kind"], row["remark"]) for row in rows if row["tenant"] == "Ours")
    assert ours == [
        ("apns_certificate", f"Make a new one, and delete this: {lost}"),
        ("apns_certificate", f"{lost}; no device is enrolled under it: it may be deleted instead"),
        ("dep_token", f"Make a new one, and delete this: {lost}"),
        ("dep_token", lost),
        ("device_authority", f"Devices cannot enrol: {lost}"),
        ("vpp_token", lost),
    ]
    assert {row["result"] for row in rows if row["tenant"] == "Ours"} == {"CRITICAL"}
    assert [row["result"] for row in rows if row["tenant"] == "Theirs"] == ["OK"]


@pytest.mark.parametrize("column", ["consumer_key", "consumer_secret", "access_token", "access_secret"])
def test_each_secret_of_a_token_is_tried(tenant: Tenant, column: str) -> None:
    row = CompletedDepTokenFactory(tenant)
    DepToken.objects.filter(pk=row.pk).update(**{column: b"\x01\x03devdamaged, and long enough"})

    assert told()[0]["remark"] == "a secret of it does not open: the sealed value belongs elsewhere or is damaged"


def test_a_key_that_does_not_fit_its_certificate_is_found(tenant: Tenant) -> None:
    completed(tenant, certificate=push_certificate(key=rsa_key("another")))
    DepTokenFactory(tenant, certificate=pem(identity("another").certificate))
    row = with_authority(tenant)
    DeviceAuthority.objects.filter(pk=row.pk).update(signer_certificate=row.certificate)

    remarks = [row["remark"] for row in told()]

    misfit = "its key and its certificate do not fit together"
    assert remarks[0].startswith(misfit)
    assert remarks[1:] == [f"Make a new one, and delete this: {misfit}", f"Devices cannot enrol: {misfit}"]


@pytest.mark.parametrize("fields", [{"certificate": "PEM"}, {"private_key": b"no key"}], ids=str)
def test_what_cannot_be_read_is_said_to_be(tenant: Tenant, fields: dict[str, Any]) -> None:
    completed(tenant, **fields)

    assert told()[0]["remark"].startswith("its key or its certificate cannot be read")


def test_nothing_secret_is_shown(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    completed(tenant)
    CompletedDepTokenFactory(tenant)
    VppTokenFactory(tenant)
    waiting_certificate(tenant, private_key=b"planted-key")

    shown = "".join([check()[1], check("--json")[1], caplog.text])

    assert "planted" not in shown
    assert "PRIVATE" not in shown


# --- whose -----------------------------------------------------------------------------------------------------------


def test_one_tenant_is_chosen_by_name_or_id(tenant: Tenant, other_tenant: Tenant, settings: Settings) -> None:
    settings.PROFILE_SIGNING_CERTIFICATE = "no certificate"
    completed(tenant)
    completed(other_tenant, days=-1)
    enrolled(other_tenant, topic=OTHER_TOPIC)

    for word in (tenant.name, str(tenant.pk)):
        assert [row["tenant"] for row in told("--tenant", word)] == ["Ours"]


@pytest.mark.parametrize("word", ["Nobody", "0c1fd2b8-7d1c-44a3-b1a4-3f8a2bd1fd9f"])
def test_a_tenant_that_is_none_is_unknown(tenant: Tenant, word: str) -> None:
    assert check("--tenant", word) == (3, f"CREDENTIALS UNKNOWN - No tenant has the id or the name {word}.\n")


def test_a_name_cannot_forge_a_line(db: None) -> None:
    completed(TenantFactory(name="Evil\nCREDENTIALS OK\x1b[31m"))

    lines = check()[1].splitlines()

    assert len(lines) == 3
    assert "Evil CREDENTIALS OK [31m" in lines[2]


# --- the installation's own ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_the_certificate_that_signs_profiles_is_looked_at(settings: Settings) -> None:
    signer = identity("profiles")
    settings.PROFILE_SIGNING_CERTIFICATE, settings.PROFILE_SIGNING_KEY = pem(signer.certificate), key_pem(signer.key)

    (row,) = told()

    assert (row["kind"], row["tenant"], row["id"]) == (
        "profile_signing_certificate",
        None,
        "PROFILE_SIGNING_CERTIFICATE",
    )
    assert (row["result"], row["expires_at"]) == ("OK", "2040-01-01T00:00:00+00:00")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("certificate", "key", "remark"),
    [
        (pem(identity("profiles").certificate), key_pem(rsa_key("another")), "do not fit together"),
        (pem(identity("profiles").certificate), "", "cannot be read"),
        ("no certificate", key_pem(rsa_key("profiles")), "cannot be read"),
    ],
    ids=["another key", "no key", "no certificate"],
)
def test_a_signing_certificate_that_cannot_sign_is_found(
    settings: Settings, certificate: str, key: str, remark: str
) -> None:
    settings.PROFILE_SIGNING_CERTIFICATE, settings.PROFILE_SIGNING_KEY = certificate, key

    (row,) = told()

    assert (row["result"], row["id"]) == ("CRITICAL", "PROFILE_SIGNING_CERTIFICATE")
    assert remark in row["remark"]


@pytest.mark.usefixtures("db")
def test_a_vendor_certificate_that_cannot_sign_is_found(settings: Settings) -> None:
    settings.MDM_VENDOR_CERTIFICATE, settings.MDM_VENDOR_KEY = "no certificate", key_pem(rsa_key("vendor"))

    (row,) = told()

    assert (row["kind"], row["result"]) == ("mdm_vendor_certificate", "CRITICAL")
    assert row["remark"] == "the certificate file is not PEM, or damaged"


# --- what keeps it from finding out ----------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["", "hunter2"])
def test_malformed_keys_are_critical(tenant: Tenant, settings: Settings, keys: str) -> None:
    completed(tenant)
    settings.ENCRYPTION_KEYS = keys

    code, out = check()

    assert (code, out.startswith("CREDENTIALS CRITICAL - ENCRYPTION_KEYS "), "hunter2" in out) == (2, True, False)


def test_a_database_that_breaks_is_unknown(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tenants_apnscertificate RENAME TO gone")

    code, out = check()

    assert (code, out.count("\n")) == (3, 1)
    assert out.startswith("CREDENTIALS UNKNOWN - The database does not answer: ")


@pytest.mark.parametrize("days", ["-1", "x", "3651"])
def test_a_time_that_is_none_is_refused(days: str) -> None:
    with pytest.raises(CommandError, match="is not a number of days from 0 to 3650"):
        call_command("check_credentials", f"--within={days}")


def test_the_queries_do_not_grow_with_the_credentials(
    tenant: Tenant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for each in [tenant, *[TenantFactory() for _ in range(5)]]:
        completed(each)
        CompletedDepTokenFactory(each)
        VppTokenFactory(each)
        enrolled(each, topic=OTHER_TOPIC)

    with django_assert_max_num_queries(12):
        assert len(told()) == 24


def test_keys_of_the_list_are_not_needed_when_there_is_nothing_to_open(db: None, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = key("fresh")

    assert check()[0] == 0
