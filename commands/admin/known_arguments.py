"""A command that another page of the console has chosen already, with the arguments that it knows.

Links carry them in their query (`?command=INSTALL&known-app_version=…&tenant=…`), the pages of sending in hidden
fields.
"""

from typing import Any

from django.http import HttpRequest

from commands.admin.send_targets import posted_under
from commands.catalogue import CATALOGUE, Command
from config.api.fields import parse_id

PREFIX = "known"


def chosen_before(request: HttpRequest) -> Command | None:
    """None: the user is still to choose one."""
    data = _data(request)
    return CATALOGUE.get(data.get("command", "")) if known_fields(request) else None


def known_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """As they are sent on, the tenant that they are of with them."""
    data = _data(request)
    known = posted_under(PREFIX, data)
    tenant = parse_id(data.get("tenant", "")) if known else None
    return [*known, ("tenant", str(tenant))] if tenant else known


def known_arguments(command: Command, request: HttpRequest) -> dict[str, str]:
    """Those that the command has, and that are no secret."""
    names = set(command.Arguments().fields) - command.secret_arguments
    told = {name.removeprefix(f"{PREFIX}-"): value for name, value in posted_under(PREFIX, _data(request))}
    return {name: value for name, value in told.items() if name in names}


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else request.GET
