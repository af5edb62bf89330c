from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.selectors import tenant_by_id_or_name
from tenants.services.contacts import add_contact


class Command(BaseCommand):
    help = "Adds somebody who is written to before a certificate or a token of the tenant expires."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="Its id or its name.")
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="For people; only the address is written to.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contact = add_contact(
                tenant=tenant_by_id_or_name(options["tenant"]),
                email=options["email"],
                name=options["name"],
                actor=command_line_actor(),
            )
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{contact.email} will hear of what expires at {contact.tenant.name}.")
