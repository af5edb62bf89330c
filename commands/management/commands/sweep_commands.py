from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError

from commands.services.sweeps import SWEEPS

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = """Does once, here and now, what beat and worker do for commands all the time: hands out requests, turns
    windows, ends what was cancelled, times out, wakes devices. Safe beside them, and needs no broker."""

    def handle(self, *args: Any, **options: Any) -> None:
        failed = []
        for words, sweep in SWEEPS.items():
            try:
                self.stdout.write(f"{sweep():>9,}  {words}")
            except Exception as error:
                log.exception("sweep_failed", sweep=words)
                failed.append(f"{words}: {error}")
                self.stdout.write(f"{'failed':>9}  {words}: {error}")
        if failed:
            raise CommandError(f"{len(failed)} of {len(SWEEPS)} sweeps failed; the others are done.")
