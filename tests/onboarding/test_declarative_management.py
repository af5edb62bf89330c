"""Declarative management over check-in: tokens, the list, declarations, and what the device reports of them."""

from typing import Any

import orjson
from django.http import HttpResponse

from commands.apple.declarations import Declaration, declaration_set
from commands.apple.declared import EMPTY, declaration_problems, replace_declarations
from commands.models import AppleDeclarations
from commands.services.enrolments import block_enrolment
from onboarding.simulation.apple_device import SimulatedAppleDevice
from tests.factories.apple import CONNECT, check_in, issued
from tests.factories.fleet import row_of
from tests.factories.tenants import ACTOR

TEST = Declaration("org.example.test", "com.apple.configuration.management.test", {"Echo": "one"})
CHANGED = Declaration(TEST.identifier, TEST.type, {"Echo": "two"})


def ask(device: SimulatedAppleDevice, endpoint: object, **fields: Any) -> HttpResponse:
    return check_in(device, "DeclarativeManagement", Endpoint=endpoint, **fields)


def answer(response: HttpResponse) -> Any:
    assert (response.status_code, response["Content-Type"]) == (200, "application/json"), response.content
    return orjson.loads(response.content)


def fetched(device: SimulatedAppleDevice, declaration: Declaration = TEST) -> HttpResponse:
    return ask(device, f"declaration/configuration/{declaration.identifier}")


def declare(device: SimulatedAppleDevice, *configurations: Declaration) -> AppleDeclarations:
    return replace_declarations(row_of(device).pk, declaration_set(configurations))


def stored(device: SimulatedAppleDevice) -> AppleDeclarations:
    return AppleDeclarations.objects.get(device=row_of(device))


def report(device: SimulatedAppleDevice, content: Any) -> HttpResponse:
    return ask(device, "status", Data=content if isinstance(content, bytes) else orjson.dumps(content))


def about(declaration: Declaration, **more: Any) -> dict[str, Any]:
    """A report on one configuration."""
    told = {"identifier": declaration.identifier, "server-token": declaration.server_token, **more}
    return {"StatusItems": {"management": {"declarations": {"configurations": [told]}}}, "Errors": []}


# --- what a device is told ------------------------------------------------------------------------------------


def test_a_device_is_told_its_own_set(device: SimulatedAppleDevice, other_device: SimulatedAppleDevice) -> None:
    row = declare(device, TEST)

    tokens = answer(ask(device, "tokens"))["SyncTokens"]
    items = answer(ask(device, "declaration-items"))

    assert tokens["DeclarationsToken"] == items["DeclarationsToken"] == row.token
    assert items["Declarations"]["Configurations"] == [
        {"Identifier": TEST.identifier, "ServerToken": TEST.server_token}
    ]
    assert answer(fetched(device)) == TEST.document()
    assert answer(ask(device, "declaration/activation/org.muster.activation"))["Payload"] == {
        "StandardConfigurations": [TEST.identifier]
    }
    assert answer(ask(other_device, "tokens"))["SyncTokens"]["DeclarationsToken"] == EMPTY
    assert fetched(other_device).status_code == 404


def test_the_tokens_stay_while_nothing_changes(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)
    before = answer(ask(device, "tokens"))
    declare(device, TEST)

    assert answer(ask(device, "tokens")) == before


def test_without_declarations_the_empty_set_is_served(device: SimulatedAppleDevice) -> None:
    items = answer(ask(device, "declaration-items"))

    assert items["DeclarationsToken"] == EMPTY
    assert set(items["Declarations"]) == {"Activations", "Assets", "Configurations", "Management"}
    assert not any(items["Declarations"].values())


def test_a_declaration_that_is_not_there_is_not_found(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)

    for endpoint in ("declaration/asset/org.example.test", "declaration/configuration/org.example.none"):
        assert ask(device, endpoint).status_code == 404, endpoint


def test_what_was_promised_is_served_until_the_new_list_is_read(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)
    ask(device, "declaration-items")
    declare(device, CHANGED)

    assert answer(fetched(device)) == TEST.document()
    ask(device, "declaration-items")
    assert answer(fetched(device)) == CHANGED.document()


def test_a_declaration_that_just_left_the_set_can_still_be_fetched(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)
    declare(device)

    assert answer(fetched(device)) == TEST.document()
    declare(device, Declaration("org.example.new", TEST.type, {}))
    assert fetched(device).status_code == 404


def test_reading_the_tokens_is_noted_and_turns_the_device_declarative(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    declare(device, TEST)
    assert (stored(device).seen_token, row_of(device).is_ddm_enabled) == ("", False)

    ask(device, "tokens")

    assert (stored(device).seen_token, row_of(device).is_ddm_enabled) == (stored(device).token, True)
    assert not row_of(other_device).is_ddm_enabled


# --- who may ask ----------------------------------------------------------------------------------------------


def test_users_of_the_device_are_declared_nothing(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)
    user = {"UserID": "U-1", "UserShortName": "pat"}

    assert answer(ask(device, "tokens", **user))["SyncTokens"]["DeclarationsToken"] == EMPTY
    assert answer(ask(device, "declaration-items", **user))["Declarations"]["Configurations"] == []
    assert ask(device, "declaration/configuration/org.example.test", **user).status_code == 404
    assert ask(device, "status", Data=b"{}", **user).status_code == 200
    assert (stored(device).status, stored(device).seen_token) == ({}, "")


def test_another_devices_id_is_refused(device: SimulatedAppleDevice, other_device: SimulatedAppleDevice) -> None:
    declare(device, TEST)

    for endpoint in ("tokens", "declaration-items", "declaration/configuration/org.example.test", "status"):
        assert ask(other_device, endpoint, UDID=device.udid).status_code == 403
    assert stored(device).seen_token == ""


def test_an_identity_without_an_enrolment_is_refused(device: SimulatedAppleDevice, link: Any) -> None:
    response = check_in(issued(link), "DeclarativeManagement", Endpoint="tokens", UDID=device.udid)

    assert response.status_code == 403


def test_a_blocked_device_is_told_to_go(device: SimulatedAppleDevice) -> None:
    block_enrolment(device=row_of(device), actor=ACTOR)

    assert ask(device, "tokens").status_code == 401


def test_is_served_at_either_url(device: SimulatedAppleDevice) -> None:
    for path in ("/mdm/checkin", CONNECT):
        response = check_in(device, "DeclarativeManagement", path=path, Endpoint="tokens")

        assert response.status_code == 200, path


def test_an_endpoint_of_no_sense_is_malformed(device: SimulatedAppleDevice) -> None:
    assert check_in(device, "DeclarativeManagement").status_code == 400

    for endpoint in ("", "nonsense", "declaration", "declaration//x", "declaration/asset/", 7):
        assert ask(device, endpoint).status_code == 400, endpoint


def test_with_its_enrolment_a_device_loses_its_declarations(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    for each in (device, other_device):
        declare(each, TEST)
        ask(each, "tokens")

    check_in(device, "CheckOut")

    assert list(AppleDeclarations.objects.values_list("device", flat=True)) == [row_of(other_device).pk]
    assert [row_of(each).is_ddm_enabled for each in (device, other_device)] == [False, True]
    assert ask(device, "tokens").status_code == 403


# --- what a device reports ------------------------------------------------------------------------------------


def test_a_report_is_kept_with_its_reasons(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)
    reason = {"code": "Error.No", "description": "Not here", "details": {"Identifier": "x"}}

    response = report(device, about(TEST, valid="invalid", active=False, reasons=[reason]))

    assert (response.status_code, response.content) == (200, b"")
    assert stored(device).reported_at is not None
    assert declaration_problems(row_of(device)) == [
        (TEST.identifier, "The declaration was refused by the device: Not here (Error.No)")
    ]


def test_a_further_report_adds_and_a_full_one_replaces(device: SimulatedAppleDevice) -> None:
    state = {"softwareupdate": {"install-state": "downloading"}}
    report(device, about(TEST, valid="valid", active=True))
    report(device, {"StatusItems": state, "Errors": []})
    assert set(stored(device).status) == {"management.declarations", "softwareupdate.install-state", "errors"}

    report(device, {"StatusItems": state, "Errors": [], "FullReport": True})
    assert set(stored(device).status) == {"softwareupdate.install-state", "errors"}


def test_errors_are_kept_until_the_item_is_told(device: SimulatedAppleDevice) -> None:
    item = "softwareupdate.install-state"
    report(device, {"StatusItems": {}, "Errors": [{"StatusItem": item, "Reasons": [{"Code": "Error.Not"}]}]})
    assert stored(device).status["errors"] == {item: ["Error.Not"]}

    report(device, {"StatusItems": {}, "Errors": []})
    assert stored(device).status["errors"] == {item: ["Error.Not"]}
    report(device, {"StatusItems": {"softwareupdate": {"install-state": "none"}}})
    assert stored(device).status["errors"] == {}


def test_an_updated_device_tells_its_new_system(
    device: SimulatedAppleDevice, other_device: SimulatedAppleDevice
) -> None:
    before = row_of(other_device).os_version
    system = {"operating-system": {"version": "26.1", "build-version": "23B85"}}

    report(device, {"StatusItems": {"device": system}, "Errors": []})

    row = row_of(device)
    assert (row.os_version, row.software_info["os_version"], row.software_info["os_build_number"]) == (
        "26.1",
        "26.1",
        "23B85",
    )
    assert row_of(other_device).os_version == before


def test_a_system_that_cannot_be_is_not_believed(device: SimulatedAppleDevice) -> None:
    before = row_of(device).os_version

    for version in ("", "latest", "0.1", "27.1\n", "999.1", 18, "17.4", ["18"], {"a": 1}, "1" * 300):
        response = report(device, {"StatusItems": {"device": {"operating-system": {"version": version}}}})

        assert (response.status_code, row_of(device).os_version) == (200, before), version


def test_what_is_no_report_is_malformed(device: SimulatedAppleDevice) -> None:
    for content in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b'{"a": "' + b"x" * 2**20):
        assert report(device, content).status_code == 400, content[:20]
        assert not AppleDeclarations.objects.filter(device=row_of(device)).exclude(status={}).exists()


HOSTILE: list[Any] = [
    {},
    {"StatusItems": None, "Errors": None},
    {"StatusItems": [], "Errors": {}},
    {"StatusItems": {"management": []}, "Errors": [1, None, {}]},
    {"StatusItems": {"management": {"declarations": {"configurations": [None, 1, {}, {"identifier": {"a": 1}}]}}}},
    {"StatusItems": {"management": {"declarations": {"configurations": {"valid": []}}}}},
    {"StatusItems": {"softwareupdate": {"failure-reason": {"count": 1e999, "reason": "\0"}}}},
    {"StatusItems": {"softwareupdate": {"install-state": {"a": 1}, "pending-version": "\0"}}},
    {"StatusItems": {"management": {"declarations": {"configurations": [{"reasons": [{"code": []}, 7]}] * 5000}}}},
]


def test_odd_reports_break_nothing(device: SimulatedAppleDevice) -> None:
    declare(device, TEST)

    for content in HOSTILE:
        AppleDeclarations.objects.filter(device=row_of(device)).update(status={})
        assert report(device, content).status_code == 200, content
        assert declaration_problems(row_of(device)) == [], content
        assert len(orjson.dumps(stored(device).status)) < 100_000


def test_data_of_another_kind_is_malformed(device: SimulatedAppleDevice) -> None:
    assert ask(device, "status", Data=[1]).status_code == 400
