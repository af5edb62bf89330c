from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.services.tokens import revoke_api_token


class Command(BaseCommand):
    help = "Revokes the API token with this prefix (mst_ and the eight characters after it, as the console shows it)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prefix")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = revoke_api_token(prefix=options["prefix"], actor=command_line_actor())
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"Revoked {token.prefix}.")
