import time
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.exceptions import ValidationError

from commands.catalogue import NAMES
from commands.management.progress import bar
from commands.models import CommandRequest, ScheduleSlot
from commands.models.status import OPEN
from commands.selectors import command_request_stats
from commands.serializers import CommandRequestInput
from commands.services.requests import create_command_request
from config.api.errors import ApplicationError
from config.api.exception_handler import as_application_error
from config.progress import Progress
from tenants.actors import command_line_actor
from tenants.selectors import get_tenant
from tenants.zones import require_zone

LOOK_EVERY = 0.5  # seconds
WAITING = {state.value for state in OPEN}
SCHEDULE_OPTIONS = {
    "name": "name",
    "start": "start_datetime",
    "end": "end_datetime",
    "time_type": "time_type",
    "window_start": "window_start_time",
    "window_end": "window_end_time",
}


class Command(BaseCommand):
    help = """Sends a command to devices or groups, as POST /api/commands/v0/commands/ does, and prints the id of the
    request. In a terminal it shows the progress until all rows have ended; Ctrl-C ends that, not the command."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "command", choices=NAMES, metavar="COMMAND", help="A command of the API, LOCK for instance."
        )
        parser.add_argument("--tenant", required=True, help="The tenant's id.")
        parser.add_argument("--device", action="append", default=[], help="A device's id; may be given several times.")
        parser.add_argument("--group", action="append", default=[], help="A group's id; may be given several times.")
        parser.add_argument("--device-type", help="active, inactive or all (default).")
        parser.add_argument("--args", dest="arguments", default="{}", help="The command's arguments as JSON.")
        self._add_schedule(parser)
        waiting = parser.add_mutually_exclusive_group()
        waiting.add_argument("--wait", type=float, metavar="SECONDS", help="Wait no longer, then print the stats.")
        waiting.add_argument("--no-wait", action="store_true", help="Do not wait for the devices.")

    def _add_schedule(self, parser: CommandParser) -> None:
        group = parser.add_argument_group("schedule")
        group.add_argument("--schedule", help="IMMEDIATE (default), WINDOW or RECURRING.")
        group.add_argument("--name", help="A label for people.")
        group.add_argument("--start", metavar="DATETIME", help="Not before, 2026-03-01T08:00:00Z for instance.")
        group.add_argument("--end", metavar="DATETIME", help="Not after.")
        group.add_argument("--time-type", help="Whose clock counts: console (default) or device.")
        group.add_argument("--time-zone", default="", help="Of the console's clock; the tenant's by default.")
        group.add_argument("--window-start", metavar="HH:MM", help="By that clock; of --start by default.")
        group.add_argument("--window-end", metavar="HH:MM", help="By that clock; of --end by default.")
        group.add_argument("--days", metavar="DAY,DAY…", help="Monday,Friday for instance; all by default. RECURRING.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            request = _create(options)
        except ValidationError as error:
            raise CommandError(as_application_error(error).message) from None
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(str(request.pk))
        if options["wait"] is not None or (self.stdout.isatty() and not options["no_wait"]):
            self._wait(request, options["wait"])

    def _wait(self, request: CommandRequest, seconds: float | None) -> None:
        try:
            is_over = self._show(request, None if seconds is None else time.monotonic() + seconds)
        except KeyboardInterrupt:
            self.stderr.write("\nThe command goes on. Cancel it, if it shall not, on its page in the console.")
            is_over = True
        for row in command_request_stats(request):
            self.stdout.write(f"{row['total']:>7}  {row['state']}")
        if not is_over:
            raise CommandError(f"Not all devices have answered after {seconds:g} seconds.")

    def _show(self, request: CommandRequest, deadline: float | None) -> bool:
        """Until every row has ended (true) or the time is up."""
        progress = Progress(self.stdout)
        try:
            while not _is_over(request):
                progress.show(bar(command_request_stats(request)))
                if deadline is not None and time.monotonic() >= deadline:
                    return False
                time.sleep(LOOK_EVERY)
        finally:
            progress.clear()
        return True


def _create(options: dict[str, Any]) -> CommandRequest:
    devices, groups = options["device"], options["group"]
    try:
        arguments = orjson.loads(options["arguments"])
    except orjson.JSONDecodeError as error:
        raise CommandError(f"--args is not JSON: {error}.") from None
    kind = "DYNAMIC" if devices and groups else "GROUP" if groups else "DEVICE"
    checked = CommandRequestInput(
        data={
            "command": options["command"],
            "command_type": kind,
            "devices": devices,
            "groups": groups,
            "device_type": options["device_type"],
            "command_args": arguments,
            "schedule": options["schedule"],
            "schedule_args": _schedule_args(options),
        }
    )
    checked.is_valid(raise_exception=True)
    if options["time_zone"]:
        require_zone(options["time_zone"])
    return create_command_request(
        tenant=get_tenant(options["tenant"]),
        actor=command_line_actor(),
        time_zone=options["time_zone"],
        **checked.validated_data,
    )


def _schedule_args(options: dict[str, Any]) -> dict[str, Any]:
    given = {key: options[option] for option, key in SCHEDULE_OPTIONS.items() if options[option] is not None}
    if options["days"] is not None:
        given["days"] = [day.strip() for day in options["days"].split(",") if day.strip()]
    if given and options["schedule"] in (None, CommandRequest.Schedule.IMMEDIATE):
        raise CommandError("These options need --schedule WINDOW or --schedule RECURRING.")
    return given


def _is_over(request: CommandRequest) -> bool:
    request.refresh_from_db(fields=["fanned_out_at", "cancelled_at"])
    if request.fanned_out_at is None and request.cancelled_at is None:
        return False
    if any(row["state"] in WAITING for row in command_request_stats(request)):
        return False
    to_come = request.slots.filter(due_at__isnull=False).exclude(phase=ScheduleSlot.Phase.OPEN)
    return request.cancelled_at is not None or not to_come.exists()
