from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps_domain.models import VppLocation
from apps_domain.services.licence_locations import find_new_tokens, request_sync, take_over_location
from apps_domain.services.licence_sending import send_licences
from apps_domain.services.licence_sync import sync_location
from config.api.errors import ApplicationError
from tenants.actors import command_line_actor
from tenants.selectors import tenant_by_id_or_name


class Command(BaseCommand):
    help = "Read the licences of a tenant, or of all, at Apple (Apps and Books) now, and tell what came of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="Its id or name; without it: all tenants.")
        parser.add_argument(
            "--take-over",
            action="store_true",
            help="Claim the tenant's locations at Apple although another device-management server has them.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["take_over"] and not options["tenant"]:
            raise CommandError("Say whose locations to take over: --tenant.")
        find_new_tokens()
        rows = VppLocation.objects.select_related("tenant").order_by("tenant__name", "name", "id")
        if options["tenant"]:
            try:
                rows = rows.filter(tenant=tenant_by_id_or_name(options["tenant"]))
            except ApplicationError as error:
                raise CommandError(error.message) from None
        locations = list(rows)
        if not locations:
            raise CommandError("There is no VPP token: upload one first.")
        bad = [location for location in locations if not self._sync(location, take_over=options["take_over"])]
        if bad:
            raise CommandError(f"{len(bad)} of {len(locations)} could not be read.")

    def _sync(self, location: VppLocation, *, take_over: bool) -> bool:
        """Whether it was read, or need not be."""
        actor = command_line_actor()
        if take_over:
            take_over_location(location=location, actor=actor)
        else:
            request_sync(location=location, actor=actor)
        read = sync_location(location.pk)
        now = VppLocation.objects.filter(token=location.token_id).first()
        told = "removed meanwhile" if now is None else now.problem or now.trouble or self._counts(now, read=read)
        self.stdout.write(f"{location.tenant}, {now or location}: {told}")
        return read

    def _counts(self, location: VppLocation, *, read: bool) -> str:
        if not read:
            return "another worker is reading it"
        sent = send_licences(location.pk)
        asked = f"; {sent} requests sent" if sent else ""
        return f"{location.licences.count()} licences, {location.assignments.count()} assignments{asked}"
