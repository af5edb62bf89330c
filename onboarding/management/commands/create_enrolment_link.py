import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.api.errors import ApplicationError
from onboarding.services.enrolment_profiles import create_enrolment_profile
from onboarding.views.enrolment import enrolment_url
from tenants.actors import command_line_actor
from tenants.selectors import get_tenant


class Command(BaseCommand):
    help = "Creates an enrolment link for Apple devices and prints it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="A label for people.")
        parser.add_argument("--tenant", required=True, help="The id of the tenant whose devices it enrols.")
        parser.add_argument("--days", type=int, help="Days until it expires; never if not given.")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days must be at least 1.")
        try:
            tenant = get_tenant(options["tenant"])
        except ApplicationError as error:
            raise CommandError(error.message) from None
        link = create_enrolment_profile(
            tenant=tenant,
            name=options["name"],
            expires_at=timezone.now() + dt.timedelta(days=days) if days else None,
            actor=command_line_actor(),
        )
        self.stdout.write(enrolment_url(link.token))
