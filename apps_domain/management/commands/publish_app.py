from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps_domain.services.files import store_file
from apps_domain.services.vendor_apps import Words, publish_version
from apps_domain.uploads import SUFFIXES
from config.api.errors import ApplicationError
from config.progress import Progress
from tenants.actors import command_line_actor
from tenants.selectors import find_tenant

PIECE = 1024 * 1024


class Command(BaseCommand):
    help = "Publishes an app for tenants, who see it beside their own, and prints the id of its version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="An .ipa or .apk file.")
        parser.add_argument(
            "--tenant",
            action="append",
            default=[],
            dest="tenants",
            metavar="ID|NAME",
            help="For whom; may be given again. Without it, for all tenants.",
        )
        parser.add_argument("--description", default="", help="What the version is.")
        parser.add_argument("--release-notes", default="", help="What is new in it.")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise CommandError(f"{path} is neither an .ipa nor an .apk file.")
        try:
            tenants = [find_tenant(each) for each in options["tenants"]]
            with path.open("rb") as file:
                stored = store_file(chunks=self._pieces(file, path), suffix=suffix, limit=settings.APP_UPLOAD_MAX)
            version = publish_version(
                stored=stored,
                tenants=tenants,
                actor=command_line_actor(),
                words=Words(options["description"], options["release_notes"]),
            )
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}.") from None
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(str(version.pk))

    def _pieces(self, file: IO[bytes], path: Path) -> Iterator[bytes]:
        progress, size = Progress(self.stderr), max(path.stat().st_size, 1)
        try:
            while piece := file.read(PIECE):
                yield piece
                progress.show(f"{file.tell() * 100 // size} % of {size // PIECE} MiB")
        finally:
            progress.clear()
