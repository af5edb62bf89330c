"""The catalogue in people's words: what each command takes, and which devices can carry it."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from commands.catalogue.base import EVERY_OS, Command
from commands.catalogue.schemas import Schema, arguments_schema
from devices.models import Device, Platform

ANDROID = Device.Os.ANDROID.value
SYSTEMS = (*(str(os) for os in EVERY_OS), ANDROID)
NO_ANDROID = "no channel carries commands to Android devices"
UNITS = ((dt.timedelta(days=1), "day"), (dt.timedelta(hours=1), "hour"), (dt.timedelta(minutes=1), "minute"))


@dataclass(frozen=True)
class Argument:
    name: str  # that of a key inside an argument: `argument.key`
    kind: str  # "string", "integer", "`SHOW`, `HIDE` or `DISABLE`"
    rule: str  # "1 to 100", "at most 255 characters"; empty if there is none
    required: bool
    secret: bool
    meaning: str


def arguments(command: Command) -> Iterator[Argument]:
    yield from _arguments(arguments_schema(command))


def _arguments(schema: Schema, prefix: str = "") -> Iterator[Argument]:
    for name, told in schema["properties"].items():
        yield Argument(
            name=f"{prefix}{name}",
            kind=kind(told),
            rule=rule(told),
            required=name in schema.get("required", ()),
            secret=told.get("writeOnly", False),
            meaning=told.get("description", ""),
        )
        inner = next((each for each in (told, *told.get("oneOf", ())) if "properties" in each), None)
        if inner:
            yield from _arguments(inner, f"{prefix}{name}.")


def kind(schema: Schema) -> str:
    if "oneOf" in schema:
        kinds = dict.fromkeys(kind(each) for each in schema["oneOf"] if each["type"] != "string")
        as_text = any(each["type"] == "string" for each in schema["oneOf"])
        return " or ".join(kinds) + (", also as text" if as_text else "")
    if "enum" in schema and schema["type"] == "string":
        return alternatives([f"`{value}`" for value in schema["enum"]])
    formats = {"uuid": "UUID", "uri": "URL", "ipv4": "IPv4 address", "byte": "base64", "date-time": "date and time"}
    plain = str(schema.get("type", "any JSON"))
    return formats.get(schema.get("format", ""), "list" if plain == "array" else plain)


def rule(schema: Schema) -> str:
    """The range that a schema tells besides its kind."""
    if "oneOf" in schema:
        return " or ".join(dict.fromkeys(filter(None, map(rule, schema["oneOf"]))))
    if "enum" in schema and schema["type"] != "string":
        return alternatives([str(value) for value in schema["enum"]])
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{least} to {most}"
    if least is not None:
        return f"at least {least}"
    if most is not None:
        return f"at most {most}"
    return f"at most {schema['maxLength']:,} characters" if "maxLength" in schema else ""


def alternatives(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def time_out_words(command: Command) -> str:
    for unit, word in UNITS:
        if command.time_out % unit == dt.timedelta(0):
            number = command.time_out // unit
            return f"{number} {word}{'' if number == 1 else 's'}"
    return str(command.time_out)


def carried(command: Command, system: str) -> bool:
    if system == ANDROID:
        return command.supports(Platform.ANDROID)
    return command.supports(Platform.APPLE) and system in command.apple_needs.since


def needs(command: Command, system: str) -> str:
    """What a device of that system needs to carry it: `14.0+, supervised`; empty if nothing."""
    if system == ANDROID or not carried(command, system):
        return ""
    supervised = "supervised" if command.apple_needs.supervision(system) else ""
    return ", ".join(filter(None, (_since(command.apple_needs.since, system), supervised)))


def apple_words(command: Command) -> str:
    """What it travels as and to which Apple devices, or why it does not; one or two sentences."""
    if not command.supports(Platform.APPLE):
        return f"Apple: refused. {command.why_not_apple}".strip()
    how = f"{command.apple_how}, " if command.apple_how else ""
    supervised, others = apple_systems(command)
    whom = [f"supervised devices with {', '.join(supervised)}"] if supervised else []
    return f"Apple: {how}for {', and for '.join([*whom, *([', '.join(others)] if others else [])])}."


def apple_systems(command: Command) -> tuple[list[str], list[str]]:
    """`iOS 14.0+` for each system that can do it: where only supervised devices can, and the others."""
    since = command.apple_needs.since
    words = {system: " ".join(filter(None, (system, _since(since, system)))) for system in SYSTEMS if system in since}
    supervised = [word for system, word in words.items() if command.apple_needs.supervision(system)]
    return supervised, [word for word in words.values() if word not in supervised]


def android_words(command: Command) -> str:
    return "Android: carried." if command.supports(Platform.ANDROID) else f"Android: refused, because {NO_ANDROID}."


def _since(since: Mapping[str, str], system: str) -> str:
    """The lowest version, `14.0+`; empty if any will do."""
    version = since.get(system, "0")
    return "" if version == "0" else f"{version}+"


def facts(command: Command) -> dict[str, Any]:
    """Everything about a command, for programs."""
    return {
        "name": command.name,
        "description": command.description,
        "details": command.details,
        "arguments": arguments_schema(command),
        "secret_arguments": sorted(command.secret_arguments),
        "time_out": int(command.time_out.total_seconds()),
        "systems": {
            system: {"carried": carried(command, system), "needs": needs(command, system)} for system in SYSTEMS
        },
        "apple": apple_words(command),
        "android": android_words(command),
    }
