from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps_domain.selectors.vendor_apps import get_vendor_version
from apps_domain.services.vendor_apps import release_version
from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.selectors import find_tenant


class Command(BaseCommand):
    help = "Publishes a version for further tenants, without its file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="The version's id, as publish_app printed it.")
        parser.add_argument(
            "--tenant",
            action="append",
            default=[],
            dest="tenants",
            metavar="ID|NAME",
            help="For whom; may be given again. Without it, for all tenants.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = get_vendor_version(options["version"])
            tenants = [find_tenant(each) for each in options["tenants"]]
            release_version(version=version, tenants=tenants, actor=command_line_actor())
        except ApplicationError as error:
            raise CommandError(error.message) from None
        whom = ", ".join(tenant.name for tenant in tenants) or "all tenants"
        self.stdout.write(f"{version.app.package_name} {version} is published for {whom}.")
