import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.services.tenants import DEFAULT_COUNTRY, create_tenant


class Command(BaseCommand):
    help = "Creates a tenant with its device authority and prints its id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--id", type=uuid.UUID, dest="tenant_id", help="The tenant's UUID; made up if not given.")
        parser.add_argument(
            "--store-country", default=DEFAULT_COUNTRY, help="Country of Apple's store for its apps (default: us)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = create_tenant(
                name=options["name"],
                tenant_id=options["tenant_id"],
                store_country=options["store_country"],
                actor=command_line_actor(),
            )
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(str(tenant.pk))
