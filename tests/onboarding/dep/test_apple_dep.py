"""The client of device assignment, against answers over a socket: Apple's, odd ones, and hostile ones."""

import datetime as dt
import json
import tomllib
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.conf import settings

from onboarding.clients import apple_dep
from onboarding.clients.apple_dep import DepService, open_service
from onboarding.clients.dep_answers import Assigned, Listed
from onboarding.clients.dep_errors import DepError, Kind
from tests.factories.scripted_dep import CREDENTIALS, ScriptedDep, running_scripted_dep

CURSOR = "MDowOjE0OTk="
NOTHING_NEW = {"cursor": CURSOR, "more_to_follow": False, "devices": []}
WHEN = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)


@pytest.fixture
def apple() -> Iterator[ScriptedDep]:
    with running_scripted_dep() as dep:
        yield dep


@pytest.fixture
def service(apple: ScriptedDep) -> Iterator[DepService]:
    with open_service(apple.url, CREDENTIALS) as opened:
        yield opened


def failing(service: DepService) -> DepError:
    with pytest.raises(DepError) as error:
        service.sync(CURSOR)
    return error.value


def test_the_session_is_begun_by_a_signed_request(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/devices/sync", NOTHING_NEW)

    service.sync(CURSOR)
    service.sync(CURSOR)

    begun, *others = apple.asked
    told = begun.headers["authorization"]
    assert (begun.method, begun.path) == ("GET", "/session")
    assert told.startswith('OAuth realm="ADM"')
    assert 'oauth_signature_method="HMAC-SHA1"' in told
    assert 'oauth_consumer_key="CK_key"' in unquote(told)
    assert "secret" not in told
    assert [each.headers["x-adm-auth-session"] for each in others] == ["session-1"] * 2
    assert not any("authorization" in each.headers for each in others)


def test_every_request_says_who_asks_and_in_which_version(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/account", {"server_name": "Ours"})

    service.account()

    version = tomllib.loads(Path(settings.BASE_DIR, "pyproject.toml").read_text())["project"]["version"]
    for each in apple.asked:
        assert each.headers["x-server-protocol-version"] == apple_dep.PROTOCOL_VERSION
        assert int(each.headers["x-server-protocol-version"]) >= 10  # THROTTLED, and for how long
        assert version.startswith(each.headers["user-agent"].removeprefix("Muster/"))


@pytest.mark.parametrize(("status", "body"), [(401, b""), (403, b'"FORBIDDEN"'), (403, b" FORBIDDEN\n")])
def test_a_forgotten_session_is_begun_anew_once(
    apple: ScriptedDep, service: DepService, status: int, body: bytes
) -> None:
    apple.say("/devices/sync", NOTHING_NEW)
    apple.say("/devices/sync", body, status)
    apple.say("/devices/sync", NOTHING_NEW)
    service.sync(CURSOR)

    assert service.sync(CURSOR).cursor == CURSOR

    assert apple.sessions == 2
    assert [each.headers["x-adm-auth-session"] for each in apple.calls("/devices/sync")] == [
        "session-1", "session-1", "session-2",
    ]  # fmt: skip


def test_a_session_that_is_refused_for_ever_is_not_begun_for_ever(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/devices/sync", NOTHING_NEW)
    apple.say("/devices/sync", b'"FORBIDDEN"', 403)
    service.sync(CURSOR)

    assert failing(service).kind is Kind.THEIRS

    assert apple.sessions == 2
    assert len(apple.calls("/devices/sync")) == 3


@pytest.mark.parametrize(
    ("body", "kind"), [(b'"T_C_NOT_SIGNED"', Kind.TERMS), (b"ACCESS_DENIED", Kind.DENIED), (b"other", Kind.OURS)]
)
def test_other_refusals_begin_no_session(apple: ScriptedDep, service: DepService, body: bytes, kind: Kind) -> None:
    apple.say("/devices/sync", NOTHING_NEW)
    apple.say("/devices/sync", body, 403)
    service.sync(CURSOR)

    error = failing(service)

    assert (error.kind, error.status, error.retryable) == (kind, 403, False)
    assert apple.sessions == 1


def test_any_answer_may_replace_the_session(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/devices/sync", NOTHING_NEW, X_ADM_Auth_Session="second")
    apple.say("/devices/sync", b'"INVALID_CURSOR"', 400, X_ADM_Auth_Session="third")
    apple.say("/devices/sync", NOTHING_NEW, X_ADM_Auth_Session="")
    apple.say("/devices/sync", NOTHING_NEW)

    service.sync(CURSOR)
    failing(service)
    service.sync(CURSOR)
    service.sync(CURSOR)

    used = [each.headers["x-adm-auth-session"] for each in apple.calls("/devices/sync")]
    assert used == ["session-1", "second", "third", "third"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (403, b'"T_C_NOT_SIGNED"', Kind.TERMS, "T_C_NOT_SIGNED"),
        (403, b"\n T_C_NOT_SIGNED \n", Kind.TERMS, "T_C_NOT_SIGNED"),
        (403, b"token_expired", Kind.TOKEN, "token_expired"),
        (403, b'"token_rejected"', Kind.TOKEN, "token_rejected"),
        (401, b"oauth_problem=signature_invalid", Kind.TOKEN, "signature_invalid"),
        (401, b"", Kind.TOKEN, ""),
        (401, b"timestamp_refused", Kind.CLOCK, "timestamp_refused"),
        (400, b"EXPIRED_CURSOR", Kind.CURSOR_EXPIRED, "EXPIRED_CURSOR"),
        (400, b'"INVALID_CURSOR"', Kind.CURSOR_INVALID, "INVALID_CURSOR"),
        (400, b'"CURSOR_REQUIRED"', Kind.CURSOR_INVALID, "CURSOR_REQUIRED"),
        (400, b'"EXHAUSTED_CURSOR"', Kind.CURSOR_EXHAUSTED, "EXHAUSTED_CURSOR"),
        (400, b'"MALFORMED_REQUEST_BODY"', Kind.OURS, "MALFORMED_REQUEST_BODY"),
        (404, b'"NOT_FOUND"', Kind.GONE, "NOT_FOUND"),
        (400, b"<html>ACCESS_DENIED</html>", Kind.OURS, ""),
        (403, b"<html>ACCESS_DENIED</html>", Kind.THEIRS, ""),
        (429, b"", Kind.FLOOD, ""),
        (503, b"", Kind.THEIRS, ""),
        (500, b"\x00\xff\xfe", Kind.THEIRS, ""),
        (302, b"", Kind.THEIRS, ""),
        (200, b"<html>Please log in.</html>", Kind.THEIRS, ""),
        (200, b'"T_C_NOT_SIGNED"', Kind.THEIRS, ""),
        (200, b"[]", Kind.THEIRS, ""),
    ],
)
def test_errors_are_told_by_their_words(
    apple: ScriptedDep, service: DepService, status: int, body: bytes, kind: Kind, code: str
) -> None:
    apple.say("/devices/sync", body, status)

    error = failing(service)

    assert (error.kind, error.code, error.status) == (kind, code, status)
    assert error.retryable is (kind in {Kind.THEIRS, Kind.FLOOD})
    assert CREDENTIALS.consumer_secret not in error.message


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_comes_in_seconds_or_as_a_date(apple: ScriptedDep, service: DepService, status: int) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90)
    apple.say("/devices/sync", b"", status, Retry_After="120")
    apple.say("/devices/sync", b"", status, Retry_After=format_datetime(later, usegmt=True))
    apple.say("/devices/sync", b"", status, Retry_After="99999999")
    apple.say("/devices/sync", b"", 429, Retry_After="soon")

    first, second, third, fourth = failing(service), failing(service), failing(service), failing(service)

    assert (first.kind, first.retry_after) == (Kind.FLOOD, 120)
    assert second.retry_after is not None
    assert 80 <= second.retry_after <= 91
    assert third.retry_after == 24 * 3600
    assert (fourth.kind, fourth.retry_after) == (Kind.FLOOD, None)


def test_a_wrong_clock_is_not_taken_for_a_bad_token(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/session", b"", 401, Date=format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(hours=2), usegmt=True))

    error = failing(service)

    assert error.kind is Kind.CLOCK
    assert "120 minutes off Apple's" in error.message


def test_a_bad_token_is_one_while_the_clock_is_right(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/session", b"", 401, Date=format_datetime(dt.datetime.now(dt.UTC), usegmt=True))

    assert failing(service).kind is Kind.TOKEN


@pytest.mark.parametrize("token", [None, 7, "", "two\nlines", "ümlaut", "x" * 9000])
def test_a_session_that_cannot_be_named_is_trouble_at_apples(
    apple: ScriptedDep, service: DepService, token: object
) -> None:
    apple.say("/session", {"auth_session_token": token})

    assert failing(service).kind is Kind.THEIRS

    assert len(apple.asked) == 1


def test_nobody_there_is_trouble_on_the_way(apple: ScriptedDep) -> None:
    with open_service("http://127.0.0.1:9", CREDENTIALS) as service:
        assert failing(service).kind is Kind.THEIRS


def test_an_answer_that_does_not_end_is_cut_short(
    apple: ScriptedDep, service: DepService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apple_dep, "MAX_BYTES", 1000)
    apple.say("/devices/sync", b" " * 1001)

    assert "too long" in failing(service).message


def test_an_answer_that_takes_for_ever_is_given_up(
    apple: ScriptedDep, service: DepService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apple_dep, "MAX_SECONDS", -1.0)
    apple.say("/devices/sync", NOTHING_NEW)

    assert "takes too long" in failing(service).message


def test_every_request_has_a_time_out(service: DepService) -> None:
    timeout = service._client.timeout
    assert None not in (timeout.connect, timeout.read, timeout.write, timeout.pool)


def test_a_page_is_read_in_full(apple: ScriptedDep, service: DepService) -> None:
    entry = {
        "serial_number": "C8TJ500QF1MN",
        "model": "IPAD",
        "description": "IPAD WI-FI 16GB",
        "color": "black",
        "asset_tag": "1",
        "device_family": "iPad",
        "os": "iPadOS",
        "device_assigned_by": "facilitator@example.com",
        "device_assigned_date": "2026-11-23T10:00:00Z",
        "profile_status": "pushed",
        "profile_uuid": "88FC4E378FEC4021B6C2",
        "profile_assign_time": "2026-11-23T11:00:00+01:00",
        "profile_push_time": "2026-11-23T10:00:00",
        "op_type": "added",
        "op_date": "2026-11-23T10:00:00.000Z",
        "something_new": {"of": "Apple's"},
    }
    apple.say(
        "/server/devices",
        {"devices": [entry], "cursor": CURSOR, "more_to_follow": True, "fetched_until": "2026-11-23T10:00:00Z"},
    )

    page = service.fetch()

    assert (page.cursor, page.more, page.fetched_until) == (CURSOR, True, WHEN)
    assert page.devices == [
        Listed(
            serial="C8TJ500QF1MN",
            model="IPAD",
            description="IPAD WI-FI 16GB",
            color="black",
            asset_tag="1",
            device_family="iPad",
            os="iPadOS",
            device_assigned_by="facilitator@example.com",
            device_assigned_at=WHEN,
            profile_status="pushed",
            profile_uuid="88FC4E378FEC4021B6C2",
            profile_assigned_at=WHEN,
            profile_pushed_at=WHEN,
            op_type="added",
            op_at=WHEN,
        )
    ]
    assert apple.calls("/server/devices")[0].body == {"limit": 1000}


def test_the_cursor_and_a_bounded_limit_are_sent(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/devices/sync", NOTHING_NEW)
    apple.say("/server/devices", NOTHING_NEW)

    service.sync(CURSOR, limit=5)
    service.fetch(CURSOR, limit=5000)

    assert apple.calls("/devices/sync")[0].body == {"limit": 5, "cursor": CURSOR}
    assert apple.calls("/server/devices")[0].body == {"limit": 1000, "cursor": CURSOR}


def test_odd_entries_are_left_out_and_long_texts_cut(apple: ScriptedDep, service: DepService) -> None:
    odd: list[object] = [
        None,
        7,
        "x",
        [],
        {},
        {"serial_number": None},
        {"serial_number": "  "},
        {"serial_number": "S" * 129},
    ]
    odd += [{"serial_number": "two\nlines"}, {"serial_number": "straße"}, {"serial_number": "É1"}]
    kept = {"serial_number": " GOOD ", "model": "m" * 999, "color": 7, "asset_tag": "a\0b", "os": ["iOS"]}
    kept |= {"op_date": "yesterday", "op_type": "exploded", "profile_assign_time": 12}
    kept |= {"device_assigned_date": "0001-01-01T00:00:00+14:00"}
    apple.say("/devices/sync", {**NOTHING_NEW, "devices": [*odd, kept], "more_to_follow": "yes"})

    page = service.sync(CURSOR)

    assert [each.serial for each in page.devices] == ["GOOD"]
    one = page.devices[0]
    assert (len(one.model), one.color, one.asset_tag, one.os) == (255, "", "ab", "")
    assert (one.op_at, one.op_type, one.profile_assigned_at, one.device_assigned_at) == (None, "", None, None)
    assert page.more is False


@pytest.mark.parametrize("cursor", [None, "", 7, "x" * 10_001, "a\0b"])
def test_a_page_without_a_cursor_is_not_taken(apple: ScriptedDep, service: DepService, cursor: object) -> None:
    apple.say("/devices/sync", {**NOTHING_NEW, "cursor": cursor})

    assert failing(service).kind is Kind.THEIRS


def test_a_long_cursor_is_kept_whole(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/devices/sync", {**NOTHING_NEW, "cursor": "c" * 1000})

    assert service.sync(CURSOR).cursor == "c" * 1000


def test_results_are_told_by_device(apple: ScriptedDep, service: DepService) -> None:
    told = {"A": "SUCCESS", "B": "NOT_ACCESSIBLE", "C": "FAILED", "D": "THROTTLED", "E": None, "F": 7}
    apple.say("/profile/devices", {"profile_uuid": "P", "devices": told, "retry_after_seconds": 90})

    assert service.assign("P", ["A", "B", "C", "D", "E", "F"]) == {
        "A": Assigned("SUCCESS", None),
        "B": Assigned("NOT_ACCESSIBLE", None),
        "C": Assigned("FAILED", None),
        "D": Assigned("THROTTLED", 90),
    }
    asked = apple.calls("/profile/devices")[0]
    assert (asked.method, asked.body) == ("POST", {"profile_uuid": "P", "devices": list("ABCDEF")})


@pytest.mark.parametrize("wait", [None, -1, "60", True, 1e99])
def test_an_odd_wait_is_none(apple: ScriptedDep, service: DepService, wait: object) -> None:
    told = {"devices": {"A": "THROTTLED"}, "retry_after_seconds": wait}
    apple.say("/profile/devices", json.dumps(told).encode())

    assert service.assign("P", ["A"]) == {"A": Assigned("THROTTLED", None)}


def test_details_tell_of_each_device_or_why_not(apple: ScriptedDep, service: DepService) -> None:
    told = {"A": {"response_status": "SUCCESS", "model": "iPhone"}, "B": {"response_status": "NOT_FOUND"}, "C": 1}
    apple.say("/devices", {"devices": told})

    found = service.details(["A", "B", "C"])

    assert isinstance(found["A"], Listed)
    assert (found["A"].serial, found["A"].model) == ("A", "iPhone")
    assert found["B"] == "NOT_FOUND"
    assert "C" not in found


def test_a_profile_is_defined_and_asked_for(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/profile", {"profile_uuid": "88FC", "devices": {}})
    apple.say("/profile", {"profile_uuid": "88FC", "profile_name": "Ours"})
    apple.say("/profile", {"devices": {}})

    assert service.define({"profile_name": "Ours"}) == "88FC"
    assert service.profile("88 FC")["profile_name"] == "Ours"
    with pytest.raises(DepError) as nameless:
        service.define({"profile_name": "Ours"})

    defined, asked, _ = apple.calls("/profile")
    assert (defined.method, defined.body) == ("POST", {"profile_name": "Ours"})
    assert (asked.method, asked.path) == ("GET", "/profile?profile_uuid=88+FC")
    assert nameless.value.kind is Kind.THEIRS


@pytest.mark.parametrize("written", ["88fc4e37-8fec-4021-b6c2-0123456789ab", "88FC4E378FEC4021B6C20123456789AB"])
def test_a_profile_is_known_again_however_its_uuid_is_written(
    apple: ScriptedDep, service: DepService, written: str
) -> None:
    apple.say("/profile", {"profile_uuid": written})
    apple.say("/devices/sync", {**NOTHING_NEW, "devices": [{"serial_number": "A", "profile_uuid": written}]})

    assert service.define({}) == service.sync(CURSOR).devices[0].profile_uuid == "88FC4E378FEC4021B6C20123456789AB"


def test_devices_are_removed_and_disowned(apple: ScriptedDep, service: DepService) -> None:
    apple.say("/profile/devices", {"devices": {"A": "SUCCESS"}})
    apple.say("/devices/disown", {"devices": {"A": "NOT_ACCESSIBLE"}})

    assert service.remove("P", ["A"]) == {"A": "SUCCESS"}
    assert service.disown(["A"]) == {"A": "NOT_ACCESSIBLE"}

    removed = apple.calls("/profile/devices")[0]
    assert (removed.method, removed.body) == ("DELETE", {"profile_uuid": "P", "devices": ["A"]})
    assert apple.calls("/devices/disown")[0].method == "POST"


def test_the_account_leaves_people_out(apple: ScriptedDep, service: DepService) -> None:
    apple.say(
        "/account",
        {"server_name": "Ours", "server_uuid": "U", "org_name": "Example", "admin_id": "a@example.com", "org_id": 7},
    )

    account = service.account()

    assert (account.server_name, account.org_name, account.org_id) == ("Ours", "Example", "")
    assert "a@example.com" not in json.dumps(account.document())


def test_credentials_do_not_show_themselves() -> None:
    assert "secret" not in repr(CREDENTIALS)
    assert "AT_token" not in repr(CREDENTIALS)
