import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.models import Role
from tenants.selectors import get_tenant
from tenants.services.tokens import create_api_token

MOST_DAYS = 100 * 365


class Command(BaseCommand):
    help = "Creates an API token and prints it; it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--tenant", help="The id of the tenant it belongs to.")
        whose.add_argument("--gateway", action="store_true", help="A token that may act for any tenant.")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="", help="A label for people.")
        parser.add_argument("--time-zone", default="", help="Zone of its schedules, Europe/Berlin; else the tenant's.")
        parser.add_argument("--days", type=int, help="Days until it expires; never if not given.")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days must be at least 1 and at most {MOST_DAYS}.")
        try:
            _, text = create_api_token(
                tenant=get_tenant(options["tenant"]) if options["tenant"] else None,
                role=Role(options["role"]),
                name=options["name"],
                time_zone=options["time_zone"],
                expires_at=timezone.now() + dt.timedelta(days=days) if days else None,
                actor=command_line_actor(),
            )
        except ApplicationError as error:
            raise CommandError(error.message) from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(text)
