"""Enrolment from the command line."""

import plistlib
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from onboarding.models import EnrolmentProfile
from onboarding.services.enrolment_profiles import revoke_enrolment_profile
from onboarding.simulation.apple_profile import read_profile
from tenants.models import AuditEvent, Tenant
from tests.factories.fleet import ready_to_enrol, row_of, simulated
from tests.factories.tenants import ACTOR


def test_a_created_link_is_printed_and_works(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_enrolment_link", "Lobby iPads", "--tenant", str(tenant.pk), "--days", "7")

    link = EnrolmentProfile.objects.get(tenant=tenant)
    assert capsys.readouterr().out.strip() == f"http://testserver/mdm/enrol/{link.token}"
    assert (link.name, link.is_open) == ("Lobby iPads", True)
    assert AuditEvent.objects.get(action="enrolment_profile.created").tenant_id == tenant.pk


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--tenant", str(uuid.UUID(int=1))], ["--tenant", "no id"]])
def test_a_link_with_a_wrong_argument_is_not_created(tenant: Tenant, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_enrolment_link", "Lobby", "--tenant", str(tenant.pk), *arguments)

    assert not EnrolmentProfile.objects.exists()


def test_a_profile_for_tools_is_a_plain_property_list(
    link: EnrolmentProfile, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    call_command("enrolment_profile", "--tenant", str(link.tenant_id), "--unsigned")

    assert plistlib.loads(capfdbinary.readouterr().out)["PayloadType"] == "Configuration"
    event = AuditEvent.objects.get(action="enrolment_profile.issued")
    assert (event.tenant_id, event.details) == (link.tenant_id, {"signed": False})


def test_a_device_enrols_with_the_written_profile(link: EnrolmentProfile, tmp_path: Path) -> None:
    out = tmp_path / "profile.mobileconfig"

    call_command("enrolment_profile", "--tenant", str(link.tenant_id), "--profile", link.name, "--out", str(out))

    assert read_profile(out.read_bytes()).signers
    assert out.stat().st_mode & 0o077 == 0
    device = simulated()
    device.enrol(out.read_bytes())
    assert row_of(device).tenant_id == link.tenant_id


def test_no_profile_comes_of_another_tenants_link(link: EnrolmentProfile, other_tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="no open enrolment link"):
        call_command("enrolment_profile", "--tenant", str(other_tenant.pk), "--profile", link.name)


def test_no_profile_comes_of_a_revoked_link(link: EnrolmentProfile) -> None:
    revoke_enrolment_profile(profile=link, actor=ACTOR)

    with pytest.raises(CommandError, match="no open enrolment link"):
        call_command("enrolment_profile", "--tenant", str(link.tenant_id))


def test_a_profile_that_cannot_be_written_is_one_clear_sentence(link: EnrolmentProfile, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("enrolment_profile", "--tenant", str(link.tenant_id), "--out", str(tmp_path / "no" / "file"))


def test_a_tenant_without_an_apns_certificate_has_no_profiles(tenant: Tenant, other_tenant: Tenant) -> None:
    ready_to_enrol(other_tenant)
    call_command("create_enrolment_link", "Lobby", "--tenant", str(tenant.pk))

    with pytest.raises(CommandError, match="APNs"):
        call_command("enrolment_profile", "--tenant", str(tenant.pk))
