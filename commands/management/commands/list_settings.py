from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from commands.blueprints.schema.page import settings_reference

MARK = "<!-- `make docs` writes the rest of this page out of commands/blueprints/schema: change it there. -->\n"


class Command(BaseCommand):
    help = "Lists the settings that blueprints take, group by group, as docs/blueprints.md has them."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, metavar="FILE", help="Write to this file, from its mark on.")
        parser.add_argument("--check", type=Path, metavar="FILE", help="Fail unless this file says just the same.")

    def handle(self, *args: Any, **options: Any) -> None:
        text = settings_reference()
        if options["check"]:
            _compare(options["check"], text)
        elif options["output"]:
            options["output"].write_text(f"{_written_by_hand(options['output'])}{MARK}\n{text}", encoding="utf-8")
        else:
            self.stdout.write(text, ending="")


def _written_by_hand(file: Path) -> str:
    """What stands before the mark."""
    page = file.read_text(encoding="utf-8") if file.is_file() else ""
    if MARK not in page:
        raise CommandError(f"{file} has no line that says where the settings begin: {MARK}")
    return page.split(MARK)[0]


def _compare(file: Path, text: str) -> None:
    page = file.read_text(encoding="utf-8") if file.is_file() else ""
    if page.partition(MARK)[2].strip() != text.strip():
        raise CommandError(f"{file} does not say what the schema says: `make docs` writes it anew.")
