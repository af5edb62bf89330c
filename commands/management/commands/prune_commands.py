import datetime as dt
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from commands.services.retention import count_prunable, prune_commands, prune_converges
from config.progress import Progress


class Command(BaseCommand):
    help = """Deletes the rows of commands that ended long ago, as beat does every hour; their requests go on counting
    them. May be stopped and started again at any time."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=_days,
            metavar="DAYS",
            help="Since their last change; else COMMAND_RETENTION_DAYS.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say how many rows that is.")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["older_than"] or settings.COMMAND_RETENTION_DAYS
        if not days:
            raise CommandError("COMMAND_RETENTION_DAYS is 0, which keeps rows for ever: say --older-than DAYS.")
        age = dt.timedelta(days=days)
        if options["dry_run"]:
            self.stdout.write(f"{count_prunable(older_than=age):,} rows ended more than {days} days ago.")
            return
        self.stdout.write(f"{self._prune(age):,} rows deleted that ended more than {days} days ago.")
        if converges := prune_converges(older_than=age):
            self.stdout.write(f"{converges:,} converges deleted that ended then.")

    def _prune(self, age: dt.timedelta) -> int:
        progress, total = Progress(self.stdout), 0

        def count(rows: int) -> None:
            nonlocal total
            total += rows
            progress.show(f"{total:,} rows deleted …")

        try:
            return prune_commands(older_than=age, told=count)
        except KeyboardInterrupt:
            return total
        finally:
            progress.clear()


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is not a number of days from 1")
    return int(text)
