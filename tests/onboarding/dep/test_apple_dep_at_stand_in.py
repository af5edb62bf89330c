"""The client and the stand-in, each by Apple's pages, understand one another."""

import time
from collections.abc import Iterator

import pytest
import time_machine

from onboarding.clients.apple_dep import DepCredentials, DepService, open_service
from onboarding.clients.dep_answers import Assigned, Listed
from onboarding.clients.dep_errors import DepError, Kind
from onboarding.simulation.dep import DepStandIn, ListedDevice, MdmServer

PROFILE = {"profile_name": "Ours", "url": "https://mdm.example.com/mdm/ade/x", "skip_setup_items": ["Siri"]}


@pytest.fixture
def service(dep: DepStandIn, mdm_server: MdmServer) -> Iterator[DepService]:
    told = {name: value for name, value in mdm_server.token.items() if name != "access_token_expiry"}
    with open_service(dep.url, DepCredentials(**told)) as opened:
        yield opened


def kind_of(service: DepService, cursor: str) -> Kind:
    with pytest.raises(DepError) as error:
        service.sync(cursor)
    return error.value.kind


def test_the_account(mdm_server: MdmServer, service: DepService) -> None:
    account = service.account()

    assert (account.server_name, account.server_uuid) == (mdm_server.name, mdm_server.uuid)
    assert account.org_name == mdm_server.organisation


def test_all_devices_page_by_page_and_then_the_changes(mdm_server: MdmServer, service: DepService) -> None:
    mdm_server.stock(5)

    first = service.fetch(limit=3)
    second = service.fetch(first.cursor, limit=3)
    mdm_server.add(ListedDevice("NEW", "Mac"))
    mdm_server.remove("DEP000000000")
    changes = service.sync(second.cursor)

    assert (len(first.devices), first.more, len(second.devices), second.more) == (3, True, 2, False)
    assert [(each.serial, each.op_type) for each in changes.devices] == [("NEW", "added"), ("DEP000000000", "deleted")]
    new = changes.devices[0]
    assert (new.os, new.device_family, new.profile_status, new.op_at is not None) == ("OSX", "Mac", "empty", True)
    assert changes.more is False
    assert service.sync(changes.cursor).devices == []


def test_cursors_that_do_not_serve(mdm_server: MdmServer, service: DepService) -> None:
    mdm_server.stock(1)
    done = service.fetch().cursor

    assert kind_of(service, "rubbish") is Kind.CURSOR_INVALID
    assert kind_of(service, "") is Kind.CURSOR_INVALID
    with pytest.raises(DepError) as exhausted:
        service.fetch(done)
    assert exhausted.value.kind is Kind.CURSOR_EXHAUSTED
    with time_machine.travel(time.time() + 8 * 86_400):
        assert kind_of(service, done) is Kind.CURSOR_EXPIRED


def test_sessions_end_and_their_tokens_change(dep: DepStandIn, mdm_server: MdmServer, service: DepService) -> None:
    service.account()
    dep.end_sessions()
    service.account()
    dep.misbehave(endpoint="account", new_session=True)
    service.account()
    dep.behave()
    service.account()
    mdm_server.sessions.clear()
    service.account()

    assert dep.counters["session"] == 3  # at first, when it had ended, when it was forgotten
    assert dep.counters["account"] == 7


def test_a_profile_from_its_definition_to_its_removal(mdm_server: MdmServer, service: DepService) -> None:
    mdm_server.add("A", "B", "C")
    mdm_server.tell_result("THROTTLED", "B")
    mdm_server.retry_after_seconds = 77

    uuid = service.define(PROFILE)

    assert service.profile(uuid) == {"profile_uuid": uuid, **PROFILE}
    assert service.assign(uuid, ["A", "B", "ELSEWHERE"]) == {
        "A": Assigned("SUCCESS", None),
        "B": Assigned("THROTTLED", 77),
        "ELSEWHERE": Assigned("NOT_ACCESSIBLE", None),
    }
    found = service.details(["A", "C", "ELSEWHERE"])
    assert isinstance(found["A"], Listed)
    assert isinstance(found["C"], Listed)
    assert (found["A"].profile_uuid, found["A"].profile_status) == (uuid, "assigned")
    assert (found["C"].profile_status, isinstance(found["ELSEWHERE"], str)) == ("empty", True)
    assert service.remove(uuid, ["A"]) == {"A": "SUCCESS"}
    assert mdm_server.devices["A"].profile_status == "removed"
    assert service.disown(["C"]) == {"C": "SUCCESS"}
    assert "C" not in mdm_server.devices


def test_a_profile_that_is_not_known(service: DepService) -> None:
    with pytest.raises(DepError) as unknown:
        service.assign("0" * 32, ["A"])
    assert unknown.value.kind is Kind.GONE


@pytest.mark.parametrize("changes", [{"profile_name": "x" * 126}, {"profile_name": ""}, {"url": "ftp://x"}])
def test_a_profile_that_is_not_taken(service: DepService, changes: dict[str, str]) -> None:
    with pytest.raises(DepError) as refused:
        service.define({**PROFILE, **changes})
    assert refused.value.kind is Kind.OURS
    assert refused.value.code.startswith("CONFIG_")


def test_terms_a_revoked_token_and_a_token_that_has_ended(
    dep: DepStandIn, mdm_server: MdmServer, service: DepService
) -> None:
    mdm_server.accepts_terms = False
    assert kind_of(service, "x") is Kind.TERMS
    mdm_server.accepts_terms = True
    mdm_server.denied.add("sync")
    assert kind_of(service, "x") is Kind.DENIED
    mdm_server.expires_at = 0.0
    mdm_server.sessions.clear()
    assert kind_of(service, "x") is Kind.TOKEN
    mdm_server.renew_token()
    assert kind_of(service, "x") is Kind.TOKEN


def test_our_name_is_not_blocked(dep: DepStandIn, service: DepService) -> None:
    dep.blocked_agents = {"python", "httpx", "Go-http-client"}

    assert service.account().server_name
