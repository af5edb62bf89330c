import time
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.exceptions import ValidationError

from commands.catalogue import NAMES
from commands.models import CommandRequest
from commands.models.status import DELIVERABLE, State
from commands.selectors import command_request_stats
from commands.serializers import CommandRequestInput
from commands.services.requests import create_command_request
from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.selectors import get_tenant

LOOK_EVERY = 0.5  # seconds
WAITING = {state.value for state in (*DELIVERABLE, State.SCHEDULED)}


class Command(BaseCommand):
    help = "Sends a command to devices or groups, as POST /api/commands/v0/commands/ does, and prints the request's id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "command", choices=NAMES, metavar="COMMAND", help="A command of the API, LOCK for instance."
        )
        parser.add_argument("--tenant", required=True, help="The tenant's id.")
        parser.add_argument("--device", action="append", default=[], help="A device's id; may be given several times.")
        parser.add_argument("--group", action="append", default=[], help="A group's id; may be given several times.")
        parser.add_argument("--args", dest="arguments", default="{}", help="The command's arguments as JSON.")
        parser.add_argument("--wait", type=float, metavar="SECONDS", help="Wait for the devices and print the stats.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            request = _create(options)
        except ValidationError as error:
            raise CommandError(_sentence(error.detail)) from None
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(str(request.pk))
        if options["wait"] is not None:
            self._wait(request, options["wait"])

    def _wait(self, request: CommandRequest, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not _is_over(request) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
        for row in command_request_stats(request):
            self.stdout.write(f"{row['total']:>7}  {row['state']}")
        if not _is_over(request):
            raise CommandError(f"Not all devices have answered after {seconds:g} seconds.")


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
            "command_args": arguments,
        }
    )
    checked.is_valid(raise_exception=True)
    return create_command_request(
        tenant=get_tenant(options["tenant"]), actor=command_line_actor(), **checked.validated_data
    )


def _sentence(detail: Any) -> str:
    return (
        "; ".join(f"{field}: {problem}" for field, problem in detail.items())
        if isinstance(detail, dict)
        else str(detail)
    )


def _is_over(request: CommandRequest) -> bool:
    request.refresh_from_db(fields=["fanned_out_at"])
    open_rows = any(row["state"] in WAITING for row in command_request_stats(request))
    return request.fanned_out_at is not None and not open_rows
