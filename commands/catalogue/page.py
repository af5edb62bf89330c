"""docs/commands.md, out of the catalogue."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from commands.catalogue.base import Command
from commands.catalogue.examples import example_arguments
from commands.catalogue.reference import (
    ANDROID,
    NO_ANDROID,
    SYSTEMS,
    Argument,
    android_words,
    apple_words,
    arguments,
    carried,
    needs,
    time_out_words,
)
from devices.models import Platform

LINE, SHOWN = 120, 40  # characters
HEAD = """\
# Commands

<!-- `make docs` writes this page out of commands/catalogue: change it there. -->

The commands of `POST /api/commands/v0/commands/`, of `manage.py send_command` and of the console.
[Integrators](integrators.md) says how one is sent and how its progress is read; `manage.py list_commands` prints the
same facts, with `--format json` for programs.

Arguments travel in `command_args`. Missing and wrong ones are answered with 400 and named; unknown ones are ignored.
Values of secret arguments are stored encrypted and shown nowhere. The time-out runs from delivery: a device that has
not answered by then is `Command TimeOut`, and a late answer still counts.

## Devices

**yes**: devices of this system carry out the command. A version is the lowest that does; *supervised* devices only,
where it says so. **–**: the command is not delivered, and the device's status is `Command Failure` with the reason.
"""


def commands_page(commands: Iterable[Command]) -> str:
    """Sorted by name: it is a page to look things up in."""
    ordered = sorted(commands, key=lambda command: command.name)
    sections = ["\n".join(_section(command)) for command in ordered]
    return "\n".join(
        [HEAD, *_on_android(ordered), *_matrix(ordered), "", "## Each command", "", "\n\n".join(sections), ""]
    )


def _on_android(commands: Iterable[Command]) -> Iterator[str]:
    if not any(carried(command, ANDROID) for command in commands):
        yield f"Android: – throughout, because {NO_ANDROID}.\n"


def _matrix(commands: Iterable[Command]) -> Iterator[str]:
    yield _row("command", *SYSTEMS, "on Apple devices")
    yield _row(*["---"] * (len(SYSTEMS) + 2))
    for command in commands:
        cells = [_cell(command, system) for system in SYSTEMS]
        yield _row(f"[{command.name}](#{command.name.lower()})", *cells, _carriage(command))


def _cell(command: Command, system: str) -> str:
    return (needs(command, system) or "yes") if carried(command, system) else "–"


def _carriage(command: Command) -> str:
    return command.apple_how if command.supports(Platform.APPLE) else command.why_not_apple


def _section(command: Command) -> Iterator[str]:
    yield f"### {command.name}\n\n{command.description}\n"
    if command.details:
        yield f"{command.details}\n"
    yield from _arguments(list(arguments(command)))
    example = example_arguments(command)
    if example:
        yield f"```json\n{_json({name: _shortened(value) for name, value in example.items()})}\n```\n"
    yield f"- {apple_words(command)}"
    if carried(command, ANDROID):
        yield f"- {android_words(command)}"
    yield f"- Time-out: {time_out_words(command)}."


def _arguments(found: list[Argument]) -> Iterator[str]:
    if not found:
        yield "It takes no arguments.\n"
        return
    yield _row("argument", "type", "required", "range", "meaning")
    yield _row(*["---"] * 5)
    for argument in found:
        meaning = f"{argument.meaning}; secret" if argument.secret else argument.meaning
        required = "yes" if argument.required else "no"
        yield _row(f"`{argument.name}`", argument.kind, required, argument.rule or "–", meaning)
    yield ""


def _shortened(value: Any) -> Any:
    return f"{value[:SHOWN]}…" if isinstance(value, str) and len(value) > LINE else value


def _json(value: Any) -> str:
    """In one line, if it is a short one."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) < LINE else json.dumps(value, ensure_ascii=False, indent=2)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
