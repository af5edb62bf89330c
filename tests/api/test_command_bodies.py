"""The bodies of POST commands/ in the OpenAPI document: one per command, and they tell what the server takes."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from commands.catalogue import CATALOGUE
from commands.catalogue.examples import EXAMPLES
from tenants.models import Tenant
from tests.api.seed_commands import COMMANDS
from tests.commands.profiles import profile
from tests.conftest import ApiClient
from tests.contract import document
from tests.factories.arguments import SAMPLES, TAKEN
from tests.factories.builds import AppVersionFactory
from tests.factories.devices import DeviceFactory

REQUESTS = "/api/commands/v0/commands/"
ARGUMENTS = {**SAMPLES, "INSTALL_PROFILE": {"profile": profile()}, **{name: kept for name, _, kept in TAKEN if kept}}


def content() -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][REQUESTS]["post"]["requestBody"]["content"]["application/json"]
    return found


def components() -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"]
    return found


def followed(reference: str) -> dict[str, Any]:
    found: dict[str, Any] = components()[reference.removeprefix("#/components/schemas/")]
    return found


def mapping() -> dict[str, str]:
    found: dict[str, str] = followed(content()["schema"]["$ref"])["discriminator"]["mapping"]
    return found


@cache
def validator(reference: str) -> Any:
    """In JSON schema's words: `nullable` is a type beside the others."""
    told = json.loads(json.dumps({"$ref": reference, "components": document()["components"]}), object_hook=_nullable)
    return jsonschema.Draft4Validator(told, format_checker=jsonschema.FormatChecker(["uuid", "ipv4"]))


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]} if schema.pop("nullable", None) is True else schema


def body(command: str, args: Any) -> dict[str, Any]:
    shared = {"command_type": "DEVICE", "devices": ["8f14e45f-ceea-467f-9a36-dedd4bea2543"]}
    return {**shared, "command": command, "command_args": args}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        yield from node.get("mapping", {}).values() if "propertyName" in node else ()
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from references(child)


def test_every_reference_leads_to_a_component() -> None:
    known = {f"#/components/{kind}/{name}" for kind, named in document()["components"].items() for name in named}

    assert set(references(document())) <= known


def test_each_command_is_told_apart_by_its_name() -> None:
    schema = followed(content()["schema"]["$ref"])

    assert list(mapping()) == COMMANDS
    assert [each["$ref"] for each in schema["oneOf"]] == list(mapping().values())
    assert schema["discriminator"]["propertyName"] == "command"
    assert mapping()["SET_APP_STATE"] == "#/components/schemas/SetAppStateCommand"


def test_the_arguments_that_the_server_takes_fit_their_schema() -> None:
    whole = validator(content()["schema"]["$ref"])
    taken = [body(command, ARGUMENTS[command]) for command in COMMANDS]

    assert [each for each in taken if not validator(mapping()[each["command"]]).is_valid(each)] == []
    assert [each for each in taken if not whole.is_valid(each)] == []


def test_broken_arguments_do_not_fit() -> None:
    for command in COMMANDS:
        required = components().get(f"{command.title().replace('_', '')}Arguments", {}).get("required", [])
        args = ARGUMENTS[command]
        broken = [[], *({**args, name: []} for name in args)]
        broken += [{name: value for name, value in args.items() if name != missing} for missing in required]

        taken = [each for each in broken if validator(mapping()[command]).is_valid(body(command, each))]
        assert (command, taken) == (command, [])


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("SET_BRIGHTNESS_SCALE", {"brightness_value": 101}),
        ("SET_BRIGHTNESS_SCALE", {"brightness_value": 0}),
        ("SET_SCREEN_OFF_TIMEOUT", {"screen_off_timeout": 0}),
        ("SET_SCREEN_OFF_TIMEOUT", {"screen_off_timeout": 1_800_001}),
        ("SET_APP_STATE", {"package_name": "com.example.pos", "app_state": "GONE"}),
        ("SET_DEVICE_LANGUAGE", {"locale": "german"}),
        ("UNINSTALL", {"package_name": "not a package"}),
        ("BEEP_DEVICE", {"duration": 9}),
        ("BEEP_DEVICE", {"duration": "soon"}),
        ("INSTALL", {"app_version": "1.2.3"}),
        ("ADD_WIFI_AP", {"wifi_access_points": {}}),
        ("RESET_LOCKSCREEN_PASSWORD", {"new_lockscreen_password": ""}),
    ],
    ids=str,
)
def test_values_out_of_range_do_not_fit(command: str, args: dict[str, Any]) -> None:
    assert not validator(mapping()[command]).is_valid(body(command, args))


@pytest.mark.parametrize("wrong", ["EXPLODE", "lock", None, 7], ids=repr)
def test_an_unknown_command_fits_nothing(wrong: Any) -> None:
    assert not validator(content()["schema"]["$ref"]).is_valid(body(wrong, {}))


def test_the_examples_of_the_document_are_taken(api: ApiClient, tenant: Tenant) -> None:
    AppVersionFactory(tenant, id=EXAMPLES["app_version"])
    examples = {each["summary"]: each["value"] for each in content()["examples"].values()}

    for command in COMMANDS:
        validator(mapping()[command]).validate(examples[command])

        answer = api.post(REQUESTS, {**examples[command], "devices": [str(DeviceFactory(tenant=tenant).pk)]})

        assert answer.status_code == 201, (command, answer.content)


def test_each_command_says_what_it_does_and_each_argument_what_it_is() -> None:
    silent = [name for name, command in CATALOGUE.items() if not command.description.endswith(".")]
    named = {name: schema["properties"] for name, schema in components().items() if name.endswith("Arguments")}
    mute = [f"{name}.{key}" for name, fields in named.items() for key, field in fields.items() if not _tells(field)]

    assert (silent, mute) == ([], [])


def _tells(field: dict[str, Any]) -> bool:
    return bool(field.get("description")) and "example" in field


def test_commands_without_arguments_say_so() -> None:
    lock = followed(mapping()["LOCK"])["allOf"][0]

    assert lock["required"] == ["command"]
    assert "no arguments" in lock["properties"]["command_args"]["description"]


def test_secret_arguments_are_write_only() -> None:
    marked = {
        (name, key)
        for name, schema in components().items()
        if name.endswith("Arguments")
        for key, field in schema["properties"].items()
        if field.get("writeOnly")
    }

    assert marked == {
        ("AddWifiApArguments", "wifi_access_points"),
        ("InstallArguments", "base64_app_config"),
        ("InstallProfileArguments", "profile"),
        ("RemoveWifiApArguments", "wifi_access_points"),
        ("ResetLockscreenPasswordArguments", "new_lockscreen_password"),
        ("VppAppInstallArguments", "base64_app_config"),
    }
    assert components()["ResetLockscreenPasswordArguments"]["properties"]["new_lockscreen_password"]["format"] == (
        "password"
    )
