import time
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, QuerySet
from django.utils import timezone

from commands.models import Converge
from commands.services.converges.creation import create_converges
from commands.services.converges.goals import goals_of
from config.api.fields import parse_id
from config.progress import Progress
from devices.models import Blueprint, Device, DeviceGroup, DeviceState
from devices.selectors import with_subgroups
from devices.standings import effective_blueprint_id
from tenants.actors import command_line_actor
from tenants.models import Tenant
from tenants.selectors import get_tenant

LOOK_EVERY = 0.5  # seconds
WIDTH = 30
Ids = list[uuid.UUID]


class Command(BaseCommand):
    help = """Brings devices to the latest published version of their blueprints, as POST /api/v2/converge does for one.
    In a terminal it shows the progress until all have ended; Ctrl-C ends that, not the converges."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, help="The tenant's id.")
        parser.add_argument("--device", action="append", default=[], help="A device's id; may be given several times.")
        parser.add_argument("--group", action="append", default=[], help="A group's id: its devices, and subgroups'.")
        parser.add_argument("--blueprint", action="append", default=[], help="A blueprint's id: all devices it is for.")
        parser.add_argument("--provision", action="store_true", help="Also what is for provisioning only.")
        parser.add_argument("--reapply", action="store_true", help="Also what does not differ.")
        waiting = parser.add_mutually_exclusive_group()
        waiting.add_argument("--wait", type=float, metavar="SECONDS", help="Wait no longer, then print how they stand.")
        waiting.add_argument("--no-wait", action="store_true", help="Do not wait for the devices.")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, began = get_tenant(options["tenant"]), timezone.now()
        ids = _targets(tenant, options)
        told = {"provision": options["provision"], "reapply": options["reapply"]}
        begun = create_converges(tenant=tenant, actor=command_line_actor(), device_ids=ids, **told)
        self._tell_refusals(set(ids) - set(begun), len(ids))
        rows = Converge.objects.filter(device_id__in=begun, created_at__gte=began, cause=Converge.Cause.CALLER)
        if options["wait"] is not None or (self.stdout.isatty() and not options["no_wait"]):
            self._wait(rows, options["wait"])
        else:
            self.stdout.write(f"{len(begun):,} converges were queued.")

    def _tell_refusals(self, refused: set[uuid.UUID], asked: int) -> None:
        if not refused:
            return
        reason = next(iter(goals_of(refused).values())).refusal
        told = f"{len(refused):,} of {asked:,} devices cannot converge: {reason}"
        if len(refused) == asked:
            raise CommandError(told)
        self.stderr.write(told)

    def _wait(self, rows: QuerySet[Converge], seconds: float | None) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        progress = Progress(self.stdout)
        try:
            while (counts := _counts(rows)).keys() & set(Converge.OPEN):
                progress.show(_bar(counts))
                if deadline is not None and time.monotonic() >= deadline:
                    break
                time.sleep(LOOK_EVERY)
        except KeyboardInterrupt:
            self.stderr.write("\nThe converges go on.")
        finally:
            progress.clear()
        self._tell_ends(rows, _counts(rows))

    def _tell_ends(self, rows: QuerySet[Converge], counts: dict[str, int]) -> None:
        for status, count in counts.items():
            self.stdout.write(f"{count:>7}  {status}")
        failed = rows.filter(status=Converge.Status.FAILURE).select_related("device").order_by("created_at")
        for row in failed[:10]:
            self.stdout.write(f"         {row.device}: {row.reason}")


def _targets(tenant: Tenant, options: dict[str, Any]) -> Ids:
    """CommandError names ids that are unknown, also if they are another tenant's."""
    devices = Device.objects.filter(tenant=tenant).order_by()
    here = devices.exclude(state=DeviceState.DISABLED)
    found = set(_known(devices, options["device"], "device"))
    if groups := _known(DeviceGroup.objects.filter(tenant=tenant), options["group"], "group"):
        found.update(here.filter(group__in=with_subgroups(tenant, groups)).values_list("pk", flat=True))
    if blueprints := _known(Blueprint.objects.filter(tenant=tenant), options["blueprint"], "blueprint"):
        inherited = here.annotate(effective=effective_blueprint_id()).filter(effective__in=blueprints)
        found.update(inherited.values_list("pk", flat=True))
    if not found:
        raise CommandError("That is no device: give --device, --group or --blueprint.")
    return sorted(found)


def _known(rows: QuerySet[Any], given: list[str], noun: str) -> Ids:
    ids = [parse_id(text) for text in given]
    known = set(rows.filter(pk__in=[each for each in ids if each]).values_list("pk", flat=True))
    unknown = [text for text, each in zip(given, ids, strict=True) if each not in known]
    if unknown:
        raise CommandError(f"invalid {noun} id: {', '.join(unknown)}")
    return sorted(known)


def _counts(rows: QuerySet[Converge]) -> dict[str, int]:
    return dict(rows.order_by("status").values_list("status").annotate(Count("pk")))


def _bar(counts: dict[str, int]) -> str:
    """`[######----] 6 of 10 devices: 4 IN_PROGRESS, 6 SUCCESS`"""
    total = sum(counts.values())
    ended = sum(count for status, count in counts.items() if status not in Converge.OPEN)
    filled = WIDTH * ended // total
    words = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {ended} of {total} devices: {words}"
