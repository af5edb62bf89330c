"""The body of POST commands/ in the API's document: one schema per command, told apart by `command`."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentIdentity, ResolvedComponent
from drf_spectacular.utils import Direction, OpenApiExample

from commands.catalogue import CATALOGUE, Command
from commands.catalogue.examples import example_arguments
from commands.catalogue.reference import apple_words
from commands.catalogue.schemas import Schema, arguments_schema

SHARED = "CommandTargets"
EXAMPLE_DEVICE = "8f14e45f-ceea-467f-9a36-dedd4bea2543"


class CommandBodies(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """`oneOf` the commands, each of them its own name and arguments beside what all share: targets and schedule."""

    target_class = "commands.serializers.CommandRequestInput"

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        shared = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]
        for name in ("command", "command_args"):
            del shared["properties"][name]
        shared["required"] = [name for name in shared["required"] if name != "command"]
        shared["description"] = "Which devices, and when."
        base = _registered(auto_schema, SHARED, shared)
        bodies = {name: _body(auto_schema, command, base) for name, command in CATALOGUE.items()}
        mapping = {name: body["$ref"] for name, body in bodies.items()}
        return {
            "oneOf": list(bodies.values()),
            "discriminator": {"propertyName": "command", "mapping": mapping},
            "required": ["command_type", "command"],
        }


def _body(auto_schema: AutoSchema, command: Command, base: Schema) -> Schema:
    described = " ".join(filter(None, (command.description, command.details, apple_words(command))))
    schema: Schema = {
        "type": "object",
        "properties": {
            "command": {"type": "string", "enum": [command.name], "description": described},
            "command_args": _arguments(auto_schema, command),
        },
        "required": ["command"],
    }
    if "required" in arguments_schema(command):
        schema["required"].append("command_args")
    whole = {"allOf": [schema, base], "description": described}
    return _registered(auto_schema, f"{component_words(command)}Command", whole)


def _arguments(auto_schema: AutoSchema, command: Command) -> Schema:
    schema = arguments_schema(command)
    if not schema["properties"]:
        return {"type": "object", "nullable": True, "description": "Takes no arguments; may be left out."}
    reference = _registered(auto_schema, f"{component_words(command)}Arguments", schema)
    return reference if "required" in schema else {"allOf": [reference], "nullable": True}


def component_words(command: Command) -> str:
    """`SET_APP_STATE` as components are named: `SetAppState`."""
    return "".join(word.capitalize() for word in command.name.split("_"))


def _registered(auto_schema: AutoSchema, name: str, schema: Schema) -> Schema:
    """The reference to a component of this name."""
    identity = ComponentIdentity(name)  # type: ignore[no-untyped-call]
    component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, identity)  # type: ignore[no-untyped-call]
    auto_schema.registry.register_on_missing(component)
    return dict(component.ref)


def example_body(command: Command) -> dict[str, Any]:
    arguments = example_arguments(command)
    body: dict[str, Any] = {"command_type": "DEVICE", "devices": [EXAMPLE_DEVICE], "command": command.name}
    return {**body, "command_args": arguments} if arguments else body


COMMAND_EXAMPLES = [
    OpenApiExample(
        component_words(command),
        summary=name,
        description=command.description,
        value=example_body(command),
        request_only=True,
    )
    for name, command in CATALOGUE.items()
]
