"""The arguments of each command: what is checked, what is kept, what is secret."""

import base64
import plistlib
from typing import Any

import pytest
from django.db import connection

from commands.catalogue import CATALOGUE, MASK, NAMES
from commands.models import CommandRequest
from tenants.models import AuditEvent, Tenant
from tests.api.seed_commands import COMMANDS
from tests.commands.profiles import SECRET, profile
from tests.conftest import ApiClient
from tests.factories.devices import DeviceFactory

REQUESTS = "/api/commands/v0/commands/"
WITHOUT = ["LOCK", "REBOOT", "WIPE", "CLEAR_PASSCODE", "UPDATE_HEARTBEAT", "DEVICE_INFORMATION"]


@pytest.fixture
def device_id(tenant: Tenant) -> str:
    return str(DeviceFactory(tenant=tenant).pk)


def post(api: ApiClient, device_id: str, command: str, args: Any) -> Any:
    body = {"command_type": "DEVICE", "devices": [device_id], "command": command, "command_args": args}
    return api.post(REQUESTS, body)


def test_the_catalogue_holds_the_documented_commands_in_their_order() -> None:
    assert list(NAMES) == list(CATALOGUE) == COMMANDS


@pytest.mark.parametrize("command", WITHOUT)
@pytest.mark.parametrize("args", [{}, {"message": "hello", "is_converge": False}], ids=["none", "unknown"])
def test_commands_without_arguments_ignore_what_they_do_not_know(
    api: ApiClient, device_id: str, command: str, args: dict[str, Any]
) -> None:
    response = post(api, device_id, command, args)

    assert response.status_code == 201
    assert response.json()["content"]["command_args"] == {}


@pytest.mark.parametrize(
    ("value", "kept"), [(True, True), (False, False), ("true", True), ("0", False), (1, True)], ids=repr
)
def test_managed_only_is_a_boolean_however_it_is_written(
    api: ApiClient, device_id: str, value: Any, kept: bool
) -> None:
    response = post(api, device_id, "LIST_INSTALLED_PROFILES", {"managed_only": value})

    assert response.json()["content"]["command_args"] == {"managed_only": kept}


@pytest.mark.parametrize(
    ("command", "args", "message"),
    [
        ("LIST_INSTALLED_PROFILES", {"managed_only": "maybe"}, "command_args.managed_only: Must be a valid boolean."),
        ("LIST_INSTALLED_PROFILES", {"managed_only": []}, "command_args.managed_only: Must be a valid boolean."),
        ("REMOVE_PROFILE", {}, "command_args.profile_identifier: This field is required."),
        ("REMOVE_PROFILE", {"profile_identifier": None}, "command_args.profile_identifier: This field is required."),
        (
            "REMOVE_PROFILE",
            {"profile_identifier": " "},
            "command_args.profile_identifier: This field may not be blank.",
        ),
        ("REMOVE_PROFILE", {"profile_identifier": []}, "command_args.profile_identifier: Not a valid string."),
        ("REMOVE_PROFILE", {"profile_identifier": "x" * 256}, "command_args.profile_identifier: Ensure this field has"),
        ("INSTALL_PROFILE", {}, "command_args.profile: This field is required."),
        ("INSTALL_PROFILE", {"profile": ""}, "command_args.profile: This field may not be blank."),
        ("INSTALL_PROFILE", {"profile": {"a": 1}}, "command_args.profile: Not a valid string."),
        ("INSTALL_PROFILE", {"profile": "not base64!"}, "command_args.profile: must be the base64 of a configuration"),
        ("INSTALL_PROFILE", {"profile": "é"}, "command_args.profile: must be the base64 of a configuration profile."),
        ("INSTALL_PROFILE", {"profile": "aGVsbG8="}, "command_args.profile: is not a configuration profile: "),
        ("INSTALL_PROFILE", {"profile": "MIIBAAAA"}, "command_args.profile: is not a configuration profile: "),
        ("INSTALL_PROFILE", {"profile": profile(PayloadIdentifier=None)}, "command_args.profile: is not a configur"),
        (
            "INSTALL_PROFILE",
            {"profile": profile(PayloadUUID=7)},
            "command_args.profile: is not a configuration profile",
        ),
        ("INSTALL_PROFILE", {"profile": profile(PayloadType="x")}, "command_args.profile: is not a configuration"),
        (
            "INSTALL_PROFILE",
            {"profile": profile(Blob=b"x" * 2**20)},
            "command_args.profile: is larger than 1048576 byt",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_argument_is_400_and_named_with_its_rule(
    api: ApiClient, device_id: str, command: str, args: dict[str, Any], message: str
) -> None:
    response = post(api, device_id, command, args)

    assert response.status_code == 400
    assert response.json()["message"].startswith(message)
    assert list(response.json()["content"]) == ["command_args"]
    assert not CommandRequest.objects.exists()


@pytest.mark.parametrize("root", [[], "text", 7, True])
def test_a_property_list_that_is_no_dictionary_is_no_profile(api: ApiClient, device_id: str, root: Any) -> None:
    encoded = base64.b64encode(plistlib.dumps(root)).decode()

    response = post(api, device_id, "INSTALL_PROFILE", {"profile": encoded})

    assert response.status_code == 400
    assert "is not a configuration profile" in response.json()["message"]


def test_a_refused_profile_is_not_repeated_in_the_answer(api: ApiClient, device_id: str) -> None:
    response = post(api, device_id, "INSTALL_PROFILE", {"profile": profile(PayloadType="x")})

    assert_secret_free(response.content)


def assert_secret_free(text: bytes | str) -> None:
    shown = text if isinstance(text, bytes) else text.encode()
    for needle in (SECRET.encode(), base64.b64encode(SECRET.encode())[2:-4], profile()[40:80].encode()):
        assert needle not in shown


def test_a_profile_is_masked_in_every_answer(api: ApiClient, device_id: str) -> None:
    created = post(api, device_id, "INSTALL_PROFILE", {"profile": profile()})
    request_id = created.json()["content"]["id"]
    answers = [
        created,
        api.get(REQUESTS),
        api.get(f"{REQUESTS}{request_id}/"),
        api.get(f"{REQUESTS}{request_id}/stats/"),
    ]
    answers += [api.get("/api/commands/v0/status/"), api.get(f"/api/device/v0/devices/{device_id}/")]

    assert created.json()["content"]["command_args"] == {"profile": MASK}
    for answer in answers:
        assert_secret_free(answer.content)


def test_a_profile_is_encrypted_at_rest(api: ApiClient, device_id: str) -> None:
    post(api, device_id, "INSTALL_PROFILE", {"profile": profile()})

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(r)::text, r.secret_args FROM commands_commandrequest r")
        row, sealed = cursor.fetchone()
    assert_secret_free(row)
    assert_secret_free(bytes(sealed))
    assert CommandRequest.objects.get().all_arguments() == {"profile": profile()}


def test_a_profile_is_in_no_log_of_the_audit(api: ApiClient, device_id: str) -> None:
    post(api, device_id, "INSTALL_PROFILE", {"profile": profile()})

    assert_secret_free(str(list(AuditEvent.objects.values())))


def test_a_profile_is_not_logged(api: ApiClient, device_id: str, caplog: pytest.LogCaptureFixture) -> None:
    post(api, device_id, "INSTALL_PROFILE", {"profile": profile()})
    post(api, device_id, "INSTALL_PROFILE", {"profile": profile(PayloadType="x")})

    assert_secret_free(caplog.text)
