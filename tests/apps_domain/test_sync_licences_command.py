"""`manage.py sync_licences`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps_domain.models import VppLicence, VppLocation
from onboarding.simulation.vpp import Asset, Library
from tenants.models import AuditEvent, Tenant
from tests.factories.licences import LocationFactory


def run(*words: str) -> str:
    out = StringIO()
    call_command("sync_licences", *words, stdout=out)
    return out.getvalue()


def test_reads_a_tenants_licences(
    tenant: Tenant, other_tenant: Tenant, location: VppLocation, library: Library
) -> None:
    theirs = LocationFactory(other_tenant)
    library.own(Asset("1"), Asset("2"))
    library.assign("1", "A")

    assert run("--tenant", "Ours") == "Ours, Ours at Apple: 2 licences, 1 assignments\n"

    assert VppLicence.objects.count() == 2
    assert AuditEvent.objects.filter(action="vpp_location.sync_requested").count() == 1
    assert VppLocation.objects.get(pk=theirs.pk).synced_at == theirs.synced_at


def test_tells_why_one_cannot_be_read(location: VppLocation, library: Library) -> None:
    library.mdm_info = {"id": "other", "name": "Another MDM", "metadata": "-"}

    with pytest.raises(CommandError, match="1 of 1 could not be read"):
        run()
    assert "Another MDM" in VppLocation.objects.get().problem

    assert "0 licences" in run("--tenant", "Ours", "--take-over")
    assert library.mdm_info["name"] == "Muster"


@pytest.mark.parametrize(
    ("words", "told"),
    [([], "no VPP token"), (["--tenant", "x"], "No tenant"), (["--take-over"], "whose locations")],
)
def test_says_what_is_missing(db: None, words: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*words)
