"""The stand-in of Apple's device assignment, asked by a client that is not ours."""

import time

import pytest

from onboarding.simulation.dep import DepStandIn, ListedDevice, MdmServer
from onboarding.simulation.dep.oauth import Credentials, signature
from tests.factories.dep import Caller


def test_signs_as_the_example_of_the_standard() -> None:
    told = {
        "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_token": "nnch734d00sl2jdk",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1191242096",
        "oauth_nonce": "kllo9940pd9333jh",
        "oauth_version": "1.0",
    }
    key = Credentials("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")

    made = signature("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original", told, key)

    assert made == "tR3+Ty81lMeYAr/Fid0kMTYa/WM="


@pytest.mark.parametrize(
    ("changes", "status", "problem"),
    [
        ({"consumer_key": "CK_unknown"}, 401, "consumer_key_unknown"),
        ({"token": "AT_another"}, 401, "token_rejected"),
        ({"timestamp": str(int(time.time()) - 3600)}, 401, "timestamp_refused"),
        ({"timestamp": "soon"}, 401, "timestamp_refused"),
        ({"nonce": ""}, 400, "parameter_absent"),
        ({"callback": "oob"}, 400, "parameter_rejected"),
        ({"signature_method": "PLAINTEXT"}, 400, "signature_method_rejected"),
        ({"version": "2.0"}, 400, "version_rejected"),
    ],
)
def test_names_what_is_wrong_with_a_signature(
    caller: Caller, changes: dict[str, str], status: int, problem: str
) -> None:
    assert caller.ask("GET", "/session", headers=caller.sign(**changes))[:2] == (status, f"oauth_problem={problem}")


def test_refuses_a_signature_by_another_secret(caller: Caller, mdm_server: MdmServer) -> None:
    caller.credentials = Credentials(
        mdm_server.consumer_key, "CS_wrong", mdm_server.credentials.access_token, "AS_wrong"
    )

    status, answer, headers = caller.ask("GET", "/session", headers=caller.sign())

    assert (status, answer) == (401, "oauth_problem=signature_invalid")
    assert 'oauth_problem="signature_invalid"' in headers["WWW-Authenticate"]


def test_takes_a_nonce_once(caller: Caller) -> None:
    signed = caller.sign()

    assert caller.ask("GET", "/session", headers=signed)[0] == 200
    assert caller.ask("GET", "/session", headers=signed)[:2] == (401, "oauth_problem=nonce_used")


def test_a_token_ends_in_its_time_and_when_a_new_one_is_downloaded(caller: Caller, mdm_server: MdmServer) -> None:
    mdm_server.expires_at = 0.0
    assert caller.ask("GET", "/session", headers=caller.sign())[1] == "oauth_problem=token_expired"
    mdm_server.renew_token()
    assert caller.ask("GET", "/session", headers=caller.sign())[1] == "oauth_problem=token_rejected"


def test_a_session_ends_in_its_time_and_an_unknown_one_is_forbidden(opened: Caller, dep: DepStandIn) -> None:
    dep.end_sessions()
    assert opened.ask("GET", "/account")[:2] == (401, "EXPIRED_TOKEN")
    opened.session = "made up"
    assert opened.ask("GET", "/account")[:2] == (403, "FORBIDDEN")


def test_a_session_token_changes_and_the_old_one_ends(dep: DepStandIn, opened: Caller) -> None:
    dep.session_requests = 1
    first = opened.session

    assert opened.ask("GET", "/account")[0] == 200
    second, opened.session = opened.session, first
    assert second != first
    assert opened.ask("GET", "/account")[:2] == (403, "FORBIDDEN")
    opened.session = second
    assert opened.ask("GET", "/account")[0] == 200


def test_wants_to_know_who_asks(dep: DepStandIn, opened: Caller) -> None:
    dep.blocked_agents = {"python-"}

    assert opened.ask("GET", "/account", headers={"User-Agent": ""})[:2] == (400, "USER_AGENT_MISSING")
    assert opened.ask("GET", "/account", headers={"User-Agent": "python-x/1"})[:2] == (400, "USER_AGENT_INVALID")


def test_fields_come_with_the_version_of_the_protocol(opened: Caller, mdm_server: MdmServer) -> None:
    mdm_server.add(ListedDevice("SERIAL1", "Mac"))

    old = opened.post("/server/devices", {}, version="1")[1]["devices"][0]
    new = opened.post("/server/devices", {})[1]["devices"][0]

    assert "device_family" not in old
    assert (new["device_family"], new["os"], new["profile_status"]) == ("Mac", "OSX", "empty")
    assert "org_id" not in opened.ask("GET", "/account", version="2")[1]
    assert opened.ask("GET", "/account")[1]["org_version"] == "v2"


def test_lists_all_devices_page_by_page_and_then_what_changed(opened: Caller, mdm_server: MdmServer) -> None:
    mdm_server.stock(5)
    first = opened.post("/server/devices", {"limit": 3})[1]
    mdm_server.add("LATE")
    mdm_server.remove("DEP000000004")
    second = opened.post("/server/devices", {"limit": 3, "cursor": first["cursor"]})[1]

    assert [each["serial_number"][-1] for each in first["devices"]] == ["0", "1", "2"]
    assert [each["serial_number"] for each in second["devices"]] == ["DEP000000003", "LATE"]
    assert (first["more_to_follow"], second["more_to_follow"]) == (True, False)
    exhausted = opened.post("/server/devices", {"cursor": second["cursor"]})
    assert exhausted[:2] == (400, "EXHAUSTED_CURSOR")
    changes = opened.post("/devices/sync", {"cursor": second["cursor"]})[1]
    assert [(each["op_type"], each["serial_number"]) for each in changes["devices"]] == [
        ("added", "LATE"),
        ("deleted", "DEP000000004"),
    ]
    nothing = opened.post("/devices/sync", {"cursor": changes["cursor"]})[1]
    assert (nothing["devices"], nothing["more_to_follow"]) == ([], False)


def test_a_sync_has_pages_too(opened: Caller, mdm_server: MdmServer) -> None:
    cursor = opened.post("/server/devices", {})[1]["cursor"]
    mdm_server.stock(3, told=True)

    first = opened.post("/devices/sync", {"cursor": cursor, "limit": 2})[1]
    second = opened.post("/devices/sync", {"cursor": first["cursor"], "limit": 2})[1]

    assert (len(first["devices"]), first["more_to_follow"]) == (2, True)
    assert (len(second["devices"]), second["more_to_follow"]) == (1, False)


def test_a_cursor_is_needed_and_has_to_be_known_and_young(
    dep: DepStandIn, opened: Caller, mdm_server: MdmServer
) -> None:
    cursor = opened.post("/server/devices", {})[1]["cursor"]
    assert len(cursor) > 128

    assert opened.post("/devices/sync", {})[:2] == (400, "CURSOR_REQUIRED")
    assert opened.post("/devices/sync", {"cursor": "made up"})[:2] == (400, "INVALID_CURSOR")
    assert opened.post("/devices/sync", {"cursor": cursor})[0] == 200
    mdm_server.uuid = "another"
    assert opened.post("/devices/sync", {"cursor": cursor})[:2] == (400, "INVALID_CURSOR")


def test_a_cursor_is_good_for_a_week(dep: DepStandIn, caller: Caller) -> None:
    caller.open()
    cursor = caller.post("/server/devices", {})[1]["cursor"]
    dep.clock_ahead = 8 * 86_400
    dep.session_seconds = 30 * 86_400
    status, answer, _headers = caller.ask("GET", "/session", headers=caller.sign(timestamp=str(int(dep.now()))))
    caller.session = answer["auth_session_token"]

    assert status == 200
    assert caller.post("/devices/sync", {"cursor": cursor})[:2] == (400, "EXPIRED_CURSOR")


def test_one_server_knows_nothing_of_another_ones_devices(
    dep: DepStandIn, opened: Caller, mdm_server: MdmServer
) -> None:
    other = dep.add_server()
    other.add("THEIRS")
    mdm_server.add("OURS")

    assert [each["serial_number"] for each in opened.post("/server/devices", {})[1]["devices"]] == ["OURS"]
    told = opened.post("/devices", {"devices": ["OURS", "THEIRS"]})[1]["devices"]
    assert (told["OURS"]["response_status"], told["THEIRS"]) == ("SUCCESS", {"response_status": "NOT_ACCESSIBLE"})
