from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from commands.services.apns_certificates import import_certificate
from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "Takes an APNs certificate and its key that were made elsewhere, and prints its topic."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, help="The tenant's id.")
        parser.add_argument("--certificate", type=Path, required=True, help="Apple's certificate, PEM or DER.")
        parser.add_argument("--key", type=Path, required=True, help="Its private key, PEM, without a passphrase.")
        parser.add_argument("--apple-id", required=True, help="The Apple Account it was made with.")

        parser.add_argument("--force", action="store_true", help="Also when its topic is not that of the devices.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            certificate = import_certificate(
                tenant=get_tenant(options["tenant"]),
                certificate_file=options["certificate"].read_bytes(),
                key_file=options["key"].read_bytes(),
                apple_id=options["apple_id"],
                actor=command_line_actor(),
                force=options["force"],
            )
        except OSError as error:
            raise CommandError(f"Cannot read {error.filename}: {error.strerror}.") from None
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(certificate.topic)
