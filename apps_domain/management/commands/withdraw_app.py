from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps_domain.selectors.vendor_apps import get_vendor_version
from apps_domain.services.vendor_apps import withdraw_version
from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.selectors import find_tenant


class Command(BaseCommand):
    help = "Withdraws a version of a published app: from tenants, or altogether. Devices that have it keep it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="The version's id, as publish_app printed it.")
        parser.add_argument(
            "--tenant",
            action="append",
            default=[],
            dest="tenants",
            metavar="ID|NAME",
            help="From whom; may be given again. Without it the version is deleted.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = get_vendor_version(options["version"])
            tenants = [find_tenant(each) for each in options["tenants"]]
            withdraw_version(version=version, tenants=tenants, actor=command_line_actor())
        except ApplicationError as error:
            raise CommandError(error.message) from None
        whom = f" from {', '.join(tenant.name for tenant in tenants)}" if tenants else ""
        self.stdout.write(f"{version.app.package_name} {version} is withdrawn{whom}.")
