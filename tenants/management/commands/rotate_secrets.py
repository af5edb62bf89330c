from argparse import ArgumentTypeError
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.progress import Progress
from tenants.services.secrets import BATCH, KeyUse, Unopened, rotate_secrets, uses_of_keys

LISTED = 1000  # values that do not open


class Command(BaseCommand):
    help = """Seals every secret in the database anew that does not lie under the first of ENCRYPTION_KEYS, and says
    which keys of the list are not needed any more. May run while the server runs; may be stopped and started again."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only open the values and say how many they are.")
        parser.add_argument("--batch", type=_rows, default=BATCH, help=f"Rows of a transaction at most, else {BATCH}.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.missed = 0
        try:
            done = self._rotate(options)
            uses = uses_of_keys()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write("Would be sealed anew:" if options["dry_run"] else "Sealed anew:")
        for table, values in sorted(done.items()):
            self.stdout.write(f"  {table}: {_values(values)}")
        self.stdout.write(f"  {_values(done.total())} in all, under the key '{uses[0].key_id}'")
        self.stdout.write("Where the values lie now:")
        for use in uses:
            self.stdout.write(f"  {_told(use)}")
        if self.missed:
            raise CommandError(f"{_values(self.missed)} do not open and were left as they are; see above.")

    def _rotate(self, options: dict[str, Any]) -> Any:
        self.progress, self.total = Progress(self.stdout), 0
        try:
            return rotate_secrets(
                batch=options["batch"], dry_run=options["dry_run"], told=self._tell, missed=self._tell_missed
            )
        except KeyboardInterrupt:
            raise CommandError(f"Stopped after {_values(self.total)}; run it again to go on.") from None
        finally:
            self.progress.clear()

    def _tell(self, table: str, values: int) -> None:
        self.total += values
        self.progress.show(f"{table}: {_values(self.total)} …")

    def _tell_missed(self, value: Unopened) -> None:
        self.missed += 1
        if self.missed > LISTED:
            return
        self.progress.clear()
        self.stderr.write(f"Does not open: {value.table}.{value.column} of row {value.row_id}: {value.reason}.")
        if self.missed == LISTED:
            self.stderr.write("More are counted, and not listed.")


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"


def _told(use: KeyUse) -> str:
    if not use.key_id:
        return f"(damaged): {_values(use.values)}"
    place = f"'{use.key_id}': {_values(use.values)}"
    if not use.is_known:
        return f"{place}; this key is not in ENCRYPTION_KEYS"
    if use.is_removable:
        return f"{place}; may be removed from ENCRYPTION_KEYS"
    return f"{place}; seals" if use.seals else f"{place}; still needed"


def _rows(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError(f"{text} is not a number of rows from 1 to 10,000")
    return int(text)
