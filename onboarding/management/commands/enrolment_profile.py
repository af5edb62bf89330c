import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.api.errors import ApplicationError
from onboarding.services.enrolment_profiles import issue_enrolment_profile, newest_open_profile
from tenants.actors import command_line_actor
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "Writes an enrolment profile, good for one device, as its link's page would give it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, help="The id of the tenant.")
        parser.add_argument("--profile", default="", help="The link's name; the newest open one if not given.")
        parser.add_argument("--unsigned", action="store_true", help="As a plain property list, for tools.")
        parser.add_argument("--out", type=Path, help="The file to write; standard output if not given.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            profile = newest_open_profile(tenant=get_tenant(options["tenant"]), name=options["profile"])
            content = issue_enrolment_profile(
                profile=profile, signed=not options["unsigned"], actor=command_line_actor()
            )
        except ApplicationError as error:
            raise CommandError(error.message) from None
        if options["out"] is None:
            sys.stdout.buffer.write(content)
            return
        try:
            options["out"].touch(mode=0o600)  # it holds a secret
            options["out"].write_bytes(content)
        except OSError as error:
            raise CommandError(f"Cannot write {options['out']}: {error.strerror}.") from None
