import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.api.errors import ApplicationError
from config.progress import Progress
from onboarding.models import DepSync
from onboarding.services.dep.servers import tenants_with_tokens
from onboarding.services.dep.sync_requests import request_sync
from onboarding.services.dep.syncing import work_off
from tenants.actors import command_line_actor
from tenants.models import Tenant
from tenants.selectors import tenant_by_id_or_name

PAUSE = 1.0  # seconds between two looks at what another worker does


class Command(BaseCommand):
    help = (
        "Read a tenant's devices, or all tenants', at Apple (DEP) now, give them their profiles, and tell the result."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="Its id or name; without it: all that have a DEP token.")
        parser.add_argument(
            "--all", action="store_true", help="Read Apple's whole list instead of what changed since the last time."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenants = [tenant_by_id_or_name(options["tenant"])] if options["tenant"] else list(tenants_with_tokens())
            if not tenants:
                raise CommandError("There is no DEP token: upload one first.")
            done = [self._sync(tenant, anew=options["all"]) for tenant in tenants]
        except ApplicationError as error:
            raise CommandError(error.message) from None
        except KeyboardInterrupt:
            raise CommandError("Broken off: the workers go on with what was begun.") from None
        if failed := sum(sync.status == DepSync.Status.FAILURE for sync in done):
            raise CommandError(f"{failed} of {len(done)} could not be read.")

    def _sync(self, tenant: Tenant, *, anew: bool) -> DepSync:
        """The tenant's open sync, ended: by us, or by the worker who has it."""
        sync = request_sync(tenant=tenant, actor=command_line_actor(), anew=anew)
        progress = Progress(self.stdout)
        try:
            while True:
                work_off(sync.pk, lambda: progress.show(f"{tenant}: {_counts(sync)}"))
                sync.refresh_from_db()
                if sync.status not in DepSync.OPEN:
                    break
                progress.show(f"{tenant}: {_counts(sync)}; another worker is at it")
                time.sleep(PAUSE)
        finally:
            progress.clear()
        self.stdout.write(f"{tenant}: {sync.status}: {_counts(sync)}, {sync.assigned:,} given their profile")
        for line in sync.failure_reason.splitlines():
            self.stdout.write(f"  {line}")
        for failure in sync.failures.all():
            self.stdout.write(f"  {failure}")
        return sync


def _counts(sync: DepSync) -> str:
    now = DepSync.objects.get(pk=sync.pk)
    return f"{now.added:,} added, {now.modified:,} changed, {now.deleted:,} removed"
