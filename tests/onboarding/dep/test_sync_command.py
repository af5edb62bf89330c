"""`manage.py sync_dep`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from onboarding.models import DepSync
from onboarding.services.dep.syncing import syncs_to_work_off, work_off
from onboarding.simulation.dep import DepStandIn, MdmServer
from tenants.models import DepToken, Tenant
from tests.factories.apple_tokens import CompletedDepTokenFactory
from tests.factories.dep import token_of


def run(*words: str) -> str:
    out = StringIO()
    call_command("sync_dep", *words, stdout=out)
    return out.getvalue()


def test_reads_a_tenants_list_and_tells(
    tenant: Tenant, other_tenant: Tenant, dep: DepStandIn, mdm_server: MdmServer, dep_token: DepToken
) -> None:
    token_of(other_tenant, dep.add_server())
    mdm_server.add("A", "B")
    mdm_server.tell_result("FAILED", "B")

    assert run("--tenant", "Ours").splitlines() == [
        "Ours: COMPLETE: 2 added, 0 changed, 0 removed, 1 given their profile",
        "  B: Apple could not assign the profile.",
    ]

    assert set(DepSync.objects.values_list("tenant__name", "status")) == {("Ours", "COMPLETE")}


def test_reads_all_of_the_list_when_told_so(mdm_server: MdmServer, dep_token: DepToken) -> None:
    mdm_server.add("A", "B")
    run()
    mdm_server.remove("A", told=False)

    assert "0 removed" in run()
    assert "1 removed" in run("--all")


def test_says_which_tenant_could_not_be_read(
    tenant: Tenant, other_tenant: Tenant, mdm_server: MdmServer, dep_token: DepToken
) -> None:
    CompletedDepTokenFactory(other_tenant, days=-1)
    out = StringIO()

    with pytest.raises(CommandError, match="1 of 2 could not be read"):
        call_command("sync_dep", stdout=out)

    first, second, reason = out.getvalue().splitlines()
    assert first.startswith("Ours: SUCCESS")
    assert second.startswith("Theirs: FAILURE")
    assert "Download a new token" in reason


def test_who_breaks_it_off_leaves_the_rest_to_the_next_worker(
    mdm_server: MdmServer, dep_token: DepToken, dep: DepStandIn
) -> None:
    class Impatient(StringIO):
        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> int:
            if "1 added" in text:
                raise KeyboardInterrupt
            return super().write(text)

    mdm_server.add("A")

    with pytest.raises(CommandError, match="workers go on"):
        call_command("sync_dep", stdout=Impatient())

    (left,) = syncs_to_work_off()
    work_off(left)
    assert DepSync.objects.get().status == "SUCCESS"
    assert (dep.counters["fetch"], dep.counters["assign"]) == (1, 1)


@pytest.mark.parametrize(
    ("words", "told"),
    [([], "no DEP token"), (["--tenant", "x"], "No tenant"), (["--tenant", "Ours"], "no DEP token to sync")],
)
def test_says_what_is_missing(tenant: Tenant, words: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*words)
