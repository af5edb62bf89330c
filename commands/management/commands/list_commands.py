import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from commands.catalogue import CATALOGUE, NAMES
from commands.catalogue import Command as Listed
from commands.catalogue.page import commands_page
from commands.catalogue.reference import (
    android_words,
    apple_systems,
    apple_words,
    arguments,
    facts,
    time_out_words,
)
from devices.models import Platform


class Command(BaseCommand):
    help = "Lists the API's commands: what they do and take, and which devices carry them out."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "commands",
            nargs="*",
            metavar="COMMAND",
            help="Everything about these commands, LOCK for instance; without, a line on each.",
        )
        parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
        parser.add_argument("--output", type=Path, metavar="FILE", help="Write to this file.")
        parser.add_argument("--check", type=Path, metavar="FILE", help="Fail unless this file says just the same.")

    def handle(self, *args: Any, **options: Any) -> None:
        text = FORMATS[options["format"]](_chosen(options["commands"]), bool(options["commands"]))
        if options["check"]:
            _compare(options["check"], text)
        elif options["output"]:
            options["output"].write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")


def _chosen(names: list[str]) -> list[Listed]:
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise CommandError(f"no such command: {', '.join(unknown)}. `manage.py list_commands` lists them.")
    return [CATALOGUE[name] for name in names or NAMES]


def _compare(file: Path, text: str) -> None:
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        raise CommandError(f"{file} does not say what the catalogue says: `make docs` writes it anew.")


def _text(commands: list[Listed], in_full: bool) -> str:
    if in_full:
        return "\n".join("".join(f"{line}\n" for line in _block(command)) for command in commands)
    rows = [("COMMAND", "APPLE", "WHAT IT DOES"), *(_line(command) for command in commands)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}\n" for row in rows)


def _line(command: Listed) -> tuple[str, str, str]:
    carried = command.supports(Platform.APPLE)
    systems = [system.split()[0] for part in apple_systems(command) for system in part] if carried else ["–"]
    supervised = ["supervised"] if carried and command.apple_needs.supervised else []
    return command.name, " ".join(systems + supervised), command.description


def _block(command: Listed) -> Iterator[str]:
    yield command.name
    yield f"  {command.description}"
    if command.details:
        yield f"  {command.details}"
    for argument in arguments(command):
        marks = ["required" if argument.required else "optional", argument.rule, "secret" if argument.secret else ""]
        yield f"  {argument.name}: {argument.kind}, {', '.join(filter(None, marks))}. {argument.meaning}"
    yield f"  {apple_words(command)}"
    yield f"  {android_words(command)}"
    yield f"  Time-out: {time_out_words(command)}."


def _markdown(commands: list[Listed], in_full: bool) -> str:
    return commands_page(commands)


def _json(commands: list[Listed], in_full: bool) -> str:
    return json.dumps([facts(command) for command in commands], indent=2, ensure_ascii=False) + "\n"


FORMATS = {"text": _text, "markdown": _markdown, "json": _json}
