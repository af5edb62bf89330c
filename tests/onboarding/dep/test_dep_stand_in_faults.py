"""What can go wrong at the stand-in when it is told to, how it is told, and what it keeps."""

import datetime as dt
import http.client
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from onboarding.simulation.apple_cms import read_signed
from onboarding.simulation.dep import DepStandIn, MdmServer, kept_authority, running_dep, trusted_file
from onboarding.simulation.dep.authority import Kind
from tenants.token_files import read_dep_token
from tests.factories.apple_tokens import dep_identity
from tests.factories.dep import Caller, factory
from tests.factories.fleet import key_number
from tests.factories.pki import pem

LISTED = {"cursor", "more_to_follow", "fetched_until", "devices"}


@pytest.mark.parametrize("body", ["T_C_NOT_SIGNED", '"T_C_NOT_SIGNED"', "ACCESS_DENIED", '"EXPIRED_CURSOR"'])
def test_answers_an_error_by_whatever_words(dep: DepStandIn, opened: Caller, body: str) -> None:
    dep.misbehave(endpoint="account", status=403, body=body)

    assert opened.ask("GET", "/account")[:2] == (403, body)
    assert opened.post("/server/devices", {})[0] == 200


def test_terms_and_denials_are_the_servers_own(dep: DepStandIn, opened: Caller, mdm_server: MdmServer) -> None:
    other = Caller(dep, dep.add_server())
    mdm_server.denied = {"define"}
    assert opened.post("/profile", {})[:2] == (403, "ACCESS_DENIED")
    mdm_server.accepts_terms = False

    assert opened.ask("GET", "/account")[:2] == (403, "T_C_NOT_SIGNED")
    assert opened.ask("GET", "/session", headers=opened.sign())[:2] == (403, "T_C_NOT_SIGNED")
    assert other.open()


def test_says_when_to_come_back_in_seconds_or_as_a_date(dep: DepStandIn, opened: Caller) -> None:
    dep.misbehave(status=429, retry_after="120", times=1)
    assert opened.ask("GET", "/account")[2]["Retry-After"] == "120"
    dep.misbehave(status=503, retry_date=3600.0)
    status, _body, headers = opened.ask("GET", "/account")

    later = parsedate_to_datetime(headers["Retry-After"]) - parsedate_to_datetime(headers["Date"])
    assert status == 503
    assert dt.timedelta(minutes=59) < later < dt.timedelta(minutes=61)


def test_hits_so_many_requests_after_so_many(dep: DepStandIn, opened: Caller) -> None:
    dep.misbehave(endpoint="account", status=500, after=1, times=2)

    assert [opened.ask("GET", "/account")[0] for _ in range(4)] == [200, 500, 500, 200]


def test_refuses_in_the_words_of_oauth(dep: DepStandIn, caller: Caller) -> None:
    dep.misbehave(endpoint="session", problem="token_revoked")

    assert caller.ask("GET", "/session", headers=caller.sign())[:2] == (401, "oauth_problem=token_revoked")


def test_answers_a_page_of_somebody_elses_or_half_of_its_own(dep: DepStandIn, opened: Caller) -> None:
    dep.misbehave(endpoint="account", html=True)
    assert "<html>" in opened.ask("GET", "/account")[1]
    dep.misbehave(endpoint="account", garbled=True)
    with pytest.raises(ValueError, match="Unterminated|Expecting"):
        opened.ask("GET", "/account")


@pytest.mark.parametrize("fault", ["drop", "lose"])
def test_does_not_answer_whether_or_not_it_did_what_was_asked(
    dep: DepStandIn, opened: Caller, mdm_server: MdmServer, fault: str
) -> None:
    mdm_server.add("A")
    dep.misbehave(endpoint="disown", **{fault: True})

    with pytest.raises((http.client.HTTPException, ConnectionError)):
        opened.post("/devices/disown", {"devices": ["A"]})
    assert ("A" in mdm_server.devices) == (fault == "drop")


def test_any_answer_may_bring_another_session(dep: DepStandIn, opened: Caller) -> None:
    before = opened.session
    dep.misbehave(endpoint="account", new_session=True, times=1)

    assert opened.ask("GET", "/account")[0] == 200
    assert opened.session != before
    assert opened.ask("GET", "/account")[0] == 200


def test_a_page_may_be_stuck(dep: DepStandIn, opened: Caller, mdm_server: MdmServer) -> None:
    cursor = opened.post("/server/devices", {})[1]["cursor"]
    dep.misbehave(endpoint="sync", stuck=True)

    told = opened.post("/devices/sync", {"cursor": cursor})[1]

    assert (told["cursor"], told["more_to_follow"]) == (cursor, True)


def test_a_page_may_repeat_itself_and_hold_what_is_no_device(
    dep: DepStandIn, opened: Caller, mdm_server: MdmServer
) -> None:
    cursor = opened.post("/server/devices", {})[1]["cursor"]
    mdm_server.add("A")
    mdm_server.record("modified", mdm_server.devices["A"], at=0.0, model="iPhone of old")
    dep.misbehave(endpoint="sync", repeat=True, odd=True)

    told = opened.post("/devices/sync", {"cursor": cursor})[1]

    assert set(told) == LISTED
    words = [each for each in told["devices"] if isinstance(each, dict) and each.get("serial_number") == "A"]
    assert [each["op_date"][:4] for each in words] == [words[0]["op_date"][:4], "2014", "1970", "2014"]
    assert None in told["devices"]


def test_a_token_file_is_one_that_an_operator_can_upload(dep: DepStandIn, mdm_server: MdmServer) -> None:
    ours = dep_identity()
    before = mdm_server.credentials

    status, file = order(dep, "POST", "/control/token", pem(ours.certificate).encode())
    told = read_dep_token(file, certificate=ours.certificate, key=ours.key)

    assert status == 200
    assert told.secrets["consumer_key"] == mdm_server.consumer_key == before.consumer_key
    assert told.secrets["access_token"] == mdm_server.credentials.access_token != before.access_token
    assert order(dep, "POST", "/control/token", b"no key")[0] == 400


def order(dep: DepStandIn, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(dep.host, dep.port, timeout=10)
    connection.request(method, path, body)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/control/faults", b'{"endpoint": "nothing"}'),
        ("/control/faults", b'{"status": "high"}'),
        ("/control/faults", b'{"colour": 1}'),
        ("/control/server", b'{"uuid": "mine"}'),
        ("/control/nothing", b"{}"),
        ("/control/stock?server=unknown", b'{"number": 1}'),
        ("/control/stock", b"[]"),
    ],
)
def test_an_order_that_makes_no_sense_changes_nothing(
    dep: DepStandIn, mdm_server: MdmServer, path: str, body: bytes
) -> None:
    assert order(dep, "POST", path, body)[0] == 400
    assert (dep.faults, mdm_server.devices) == ([], {})


def test_can_be_ordered_about_over_http(dep: DepStandIn, opened: Caller, mdm_server: MdmServer) -> None:
    opened.ask("PUT", "/control/faults", {"endpoint": "account", "status": 500})
    assert opened.ask("GET", "/account")[0] == 500
    opened.ask("DELETE", "/control/faults")
    assert opened.ask("GET", "/account")[0] == 200
    opened.post("/control/devices", {"serial": "NEW", "device_family": "iPad"})
    opened.post("/control/stock", {"number": 2})
    opened.post("/control/results", {"result": "THROTTLED", "serials": ["NEW"]})
    opened.post("/control/remove", {"serials": ["DEP000000000"]})
    state = opened.post("/control/server", {"name": "Another", "denied": ["sync"]})[1]["servers"][0]

    assert (state["name"], state["number_of_devices"], state["denied"]) == ("Another", 2, ["sync"])
    assert mdm_server.result_for("NEW") == "THROTTLED"
    assert mdm_server.credentials.access_secret not in str(state)


def test_devices_can_be_bought_and_time_can_pass(opened: Caller, mdm_server: MdmServer) -> None:
    opened.post("/control/devices", {"devices": [{"serial": "M1", "device_family": "Mac"}, {"serial": "P1"}]})
    assert [each.os for each in mdm_server.devices.values()] == ["OSX", "iOS"]
    for number in (1, 3):
        opened.post("/control/fleet", {"number": number, "seed": "mine"})
    assert [each.device_family for each in mdm_server.devices.values()][2:] == ["iPhone", "iPad", "AppleTV"]
    opened.post("/control/sessions")
    assert opened.ask("GET", "/account")[:2] == (401, "EXPIRED_TOKEN")
    opened.post("/control/clock", {"seconds": 3600})
    assert opened.ask("GET", "/session", headers=opened.sign())[:2] == (401, "oauth_problem=timestamp_refused")


def test_keeps_its_servers_between_two_runs(tmp_path: Path) -> None:
    path = tmp_path / "dep.json"
    with running_dep(state_file=path) as first:
        server = first.add_server()
        server.add("A", "B")
        caller = Caller(first, server)
        caller.open()
        uuid = caller.post("/profile", {"profile_name": "P", "url": "https://x.example", "devices": ["A"]})[1]
        cursor = caller.post("/server/devices", {})[1]["cursor"]
        server.remove("B")
    with running_dep(state_file=path) as second:
        again = Caller(second, second.servers[0])
        again.open()
        [word] = again.post("/devices/sync", {"cursor": cursor})[1]["devices"]

        assert (word["op_type"], word["serial_number"]) == ("deleted", "B")
        assert again.ask("GET", "/devices/A/profile")[1]["profile_uuid"] == uuid["profile_uuid"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["plain", "sha1", "expired", "intermediate", "ecdsa"])
def test_vouches_for_devices(kind: Kind) -> None:
    authority = factory(kind)
    identity = authority.identity("SERIAL", key=None if kind == "ecdsa" else key_number(1))

    signed = read_signed(identity.sign(b"told"))

    assert (signed.content, signed.signer) == (b"told", identity.certificate)
    issuer = signed.certificates[1]
    if kind == "sha1":
        assert identity.certificate.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.5"
    else:
        identity.certificate.verify_directly_issued_by(issuer)
    trusted = x509.load_pem_x509_certificate(authority.trusted_pem.encode())
    assert (trusted == issuer) == (kind != "intermediate")
    issuer.verify_directly_issued_by(authority.above)


def test_gives_a_device_its_certificate_and_keeps_its_authority(tmp_path: Path) -> None:
    key = key_number(1).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with running_dep(authority=kept_authority(tmp_path)) as dep:
        caller = Caller(dep, dep.add_server())
        told: dict[str, Any] = caller.post("/devices/S1/certificate", {"public_key": key})[1]

        assert caller.post("/devices/S1/certificate", {})[0] == 400
    again = kept_authority(tmp_path)
    leaf = x509.load_pem_x509_certificate(told["certificates"][0].encode())
    leaf.verify_directly_issued_by(again.issuer)
    assert trusted_file(tmp_path).read_text() == again.trusted_pem
