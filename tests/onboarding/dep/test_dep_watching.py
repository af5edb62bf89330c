"""What operators watch: figures, and credentials with what Apple said of them."""

import contextlib
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from onboarding.models import DepServer
from tenants.models import DepToken, Tenant
from tests.factories.apple_tokens import CompletedDepTokenFactory
from tests.factories.dep_rows import DepDeviceFactory, DepServerFactory
from tests.factories.metrics import figures


def credentials() -> list[dict[str, Any]]:
    out = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("check_credentials", "--json", stdout=out)
    rows: list[dict[str, Any]] = json.loads(out.getvalue())["credentials"]
    return rows


def test_figures_of_servers_and_devices(tenant: Tenant, other_tenant: Tenant, server: DepServer) -> None:
    troubled = DepServerFactory(tenant, name="Troubled", trouble="Apple's service cannot be reached.")
    never = DepServerFactory(other_tenant, name="Never", problem="Somebody has to agree to the new terms.")
    DepServerFactory(tenant, name="Without a token", problem="There is no token of this MDM server any more.")
    for each in (troubled, never):
        CompletedDepTokenFactory(each.tenant, server_key=each.server_key)
    DepDeviceFactory(server, assigned_uuid="P"), DepDeviceFactory(server), DepDeviceFactory(troubled)
    DepDeviceFactory(server, removed_at=timezone.now())

    synced = figures("muster_dep_sync_timestamp_seconds", by=("tenant", "server_id"))
    assert server.synced_at is not None
    assert synced["Ours", str(server.pk)] == pytest.approx(server.synced_at.timestamp())
    assert synced["Theirs", str(never.pk)] == 0
    assert figures("muster_dep_server_troubled", by=("server",)) == {str(server): 0, "Troubled": 1, "Never": 1}
    assert figures("muster_dep_devices", by=("tenant",)) == {"Ours": 3, "Theirs": 0}
    assert figures("muster_dep_devices_unassigned", by=("tenant",)) == {"Ours": 2, "Theirs": 0}


def test_without_a_server_there_are_no_figures(tenant: Tenant) -> None:
    for name in ("muster_dep_sync_timestamp_seconds", "muster_dep_devices"):
        assert figures(name) == {}


def test_a_token_that_apple_wants_something_mended_for_is_critical(
    server: DepServer, dep_token: DepToken, other_tenant: Tenant
) -> None:
    DepServerFactory(other_tenant, server_key=server.server_key, problem="Not ours.")
    assert [(row["id"], row["result"], row["remark"]) for row in credentials()] == [(str(dep_token.pk), "OK", "")]

    DepServer.objects.filter(pk=server.pk).update(problem="Somebody has to agree to the new terms.")

    (row,) = credentials()
    assert (row["result"], row["remark"]) == ("CRITICAL", "Somebody has to agree to the new terms.")
