import math
import os
import shutil
import sys
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from config.api.errors import ApplicationError
from config.progress import Progress
from devices.selectors import named_blueprint, named_group
from onboarding.models import SeamlessRow, SeamlessUpload
from onboarding.seamless.columns import ACCEPTED
from onboarding.selectors.seamless import counts_of
from onboarding.services.seamless.failures import failed_rows_csv
from onboarding.services.seamless.uploads import create_upload
from onboarding.services.seamless.working import work_slice
from tenants.actors import command_line_actor
from tenants.models import Tenant
from tenants.selectors import tenant_by_id_or_name

LOOK_EVERY = 0.5  # seconds
WIDTH = 30
NAMED = 10  # failed rows that are shown
STANDARD_INPUT = Path("-")
Status = SeamlessRow.Status


class Command(BaseCommand):
    help = f"""Takes in a CSV file of devices that are expected, as POST /api/v2/seamless/upload does, and prints the
    id of the upload. Columns: {ACCEPTED}. In a terminal, or with --wait, it works the rows off, shows how far it is,
    and tells which failed; then it ends with 1 if any did. Else workers do that. Ctrl-C leaves the rest to them."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="A CSV file, of any size; - is the standard input.")
        parser.add_argument("--tenant", required=True, help="Its id or name.")
        parser.add_argument("--blueprint", type=uuid.UUID, metavar="ID", help="The blueprint for rows that name none.")
        parser.add_argument("--group", type=uuid.UUID, metavar="ID", help="The group for rows that name none.")
        parser.add_argument("--failed", type=Path, metavar="FILE", help="Write the failed rows there, to be mended.")
        waiting = parser.add_mutually_exclusive_group()
        waiting.add_argument(
            "--wait", nargs="?", type=float, const=math.inf, metavar="SECONDS", help="Until all rows have ended."
        )
        waiting.add_argument("--no-wait", action="store_true", help="Leave the rows to the workers.")

    def handle(self, *args: Any, **options: Any) -> None:
        upload = self._taken_in(options)
        self.stdout.write(str(upload.pk))
        if upload.passed_over:
            self.stderr.write(f"Columns that mean nothing here were passed over: {', '.join(upload.passed_over)}.")
        shown = self.stdout.isatty() and not options["no_wait"]
        if options["wait"] is None and not shown and not options["failed"]:
            return
        try:
            self._work_off(upload, time.monotonic() + (math.inf if options["wait"] is None else options["wait"]))
        except KeyboardInterrupt:
            self.stderr.write("\nThe rows that are left are worked off by the workers.")
        self._tell(upload, options["failed"])

    def _taken_in(self, options: dict[str, Any]) -> SeamlessUpload:
        try:
            tenant = tenant_by_id_or_name(options["tenant"])
            with _opened(options["file"]) as file:
                return create_upload(
                    tenant=tenant,
                    actor=command_line_actor(),
                    file=file,
                    file_name=os.fsencode(options["file"].name).decode(errors="replace"),
                    source=SeamlessUpload.Source.COMMAND_LINE,
                    **_defaults(tenant, options),
                )
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror or error}.") from None
        except ApplicationError as error:
            raise CommandError(error.message) from None

    def _work_off(self, upload: SeamlessUpload, deadline: float) -> None:
        """Beside the workers, so that none is needed."""
        progress = Progress(self.stdout)
        try:
            while time.monotonic() < deadline:
                more = work_slice(upload.pk)
                progress.show(_bar(counts_of(upload), upload.row_count))
                if not more:
                    if not SeamlessUpload.objects.filter(pk=upload.pk, ended_at=None).exists():
                        return
                    time.sleep(LOOK_EVERY)  # a worker is at it
        finally:
            progress.clear()

    def _tell(self, upload: SeamlessUpload, path: Path | None) -> None:
        counts = counts_of(upload)
        for status in Status:
            if counts.get(status):
                self.stdout.write(f"{counts[status]:>7}  {status}")
        failed = SeamlessRow.objects.filter(upload=upload, status=Status.FAILED)
        for row in failed.order_by("line")[:NAMED]:
            self.stdout.write(f"         line {row.line}: {(row.meta or {}).get('reason', '')}")
        if path and failed:
            _write_failed(upload, path)
            self.stdout.write(f"The failed rows are in {path}.")
        left = sum(counts.get(status, 0) for status in SeamlessRow.OPEN)
        if left:
            raise CommandError(f"{left} rows still wait.")
        if counts.get(Status.FAILED):
            raise CommandError(f"{counts[Status.FAILED]} of {upload.row_count} rows failed.")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """It is read more than once, so that what comes through a pipe is copied first."""
    with ExitStack() as stack:
        file: IO[bytes] = sys.stdin.buffer if path == STANDARD_INPUT else stack.enter_context(path.open("rb"))
        if not file.seekable():
            copy = stack.enter_context(TemporaryFile())
            shutil.copyfileobj(file, copy)
            file = copy
        yield file


def _write_failed(upload: SeamlessUpload, path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(failed_rows_csv(upload))
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def _defaults(tenant: Tenant, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "blueprint": named_blueprint(tenant, options["blueprint"]),
        "group": named_group(tenant, options["group"]),
    }


def _bar(counts: dict[str, int], total: int) -> str:
    """`[######----] 600 of 1000 rows: 590 SUCCESS, 10 FAILED`"""
    ended = sum(counts.get(status, 0) for status in (Status.SUCCESS, Status.FAILED))
    filled = WIDTH * ended // total if total else 0
    words = ", ".join(f"{counts[status]} {status}" for status in Status if counts.get(status))
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {ended} of {total} rows: {words}"
