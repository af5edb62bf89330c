"""A form with an app in it: the file goes to the storage while it arrives, whatever its size.

The rest of the API takes small forms into memory (`config.api.parsers`), since those hold secrets; apps hold none.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.request import Request

from apps_domain.reading.zip_directory import NO_ARCHIVE
from apps_domain.services.files import FileWriter, Stored, discard_file
from config.api.errors import ApplicationError, BadRequest, PayloadTooLarge
from config.uploads import FORM_OVERHEAD

FIELD = "file"
SUFFIXES = (".ipa", ".apk")
PIECE = 256 * 1024


class StoredUpload(UploadedFile):  # type: ignore[type-arg]
    """A file of a form that is in the storage already."""

    def __init__(self, stored: Stored, name: str) -> None:
        super().__init__(None, name=name, size=stored.row.size)
        self.stored = stored

    def close(self) -> None:
        """There is nothing open."""


class AppUploadHandler(FileUploadHandler):
    """Stores the part `file`; other files of the form are passed over.

    What is refused is read to its end nevertheless: a caller who is still sending would not see the answer.
    `suffix`: of the stored file; empty for that of the sent one.
    """

    chunk_size = PIECE

    def __init__(self, *, suffix: str) -> None:
        super().__init__()
        self._suffix = suffix
        self._writer: FileWriter | None = None
        self._stored: Stored | None = None
        self._refusal: ApplicationError | None = None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.field_name != FIELD or self._refusal:
            return
        try:
            if self._writer is None:
                self._writer = self._begin(raw_data)
            self._writer.write(raw_data)
        except ApplicationError as error:
            self._refusal = error
            self.abandon()

    def _begin(self, beginning: bytes) -> FileWriter:
        if self._stored:
            raise BadRequest(f"{FIELD}: the form holds several files. Send one.")
        if not beginning.startswith(b"PK"):
            raise BadRequest(f"The app was not stored. {NO_ARCHIVE}")
        return FileWriter(suffix=self._suffix or self._own_suffix(), limit=settings.APP_UPLOAD_MAX)

    def _own_suffix(self) -> str:
        name = str(self.file_name).lower()
        found = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")
        if not found:
            raise BadRequest(f"The app was not stored. Its name must end in {' or '.join(SUFFIXES)}.")
        return found

    def file_complete(self, file_size: int) -> StoredUpload | None:
        if self.field_name != FIELD:
            return None
        if self._refusal:
            raise self._refusal
        if self._writer is None:
            raise BadRequest(f"{FIELD}: the file is empty.")
        self._stored, self._writer = self._writer.finish(), None
        return StoredUpload(self._stored, str(self.file_name))

    def require_end(self) -> None:
        """Django takes a form that breaks off in a file for one without it."""
        if self._writer:
            raise BadRequest("The upload broke off. Send it again.")

    def abandon(self) -> None:
        """Gives up what the form has brought so far."""
        writer, stored = self._writer, self._stored
        self._writer = self._stored = None
        if writer:
            writer.abandon()
        if stored:
            discard_file(file=stored.row)


def take_form(request: HttpRequest, *, suffix: str = ".ipa") -> None:
    """Reads a browser's form, before anything else asks for what is in it."""
    refuse_large_form(request.META)
    handler = AppUploadHandler(suffix=suffix)
    request.upload_handlers = [handler]
    try:
        len(request.POST)
        handler.require_end()
    except BaseException:
        handler.abandon()
        raise


@contextmanager
def discarding_upload(request: Request | HttpRequest) -> Iterator[None]:
    """Gives the form's file up when the view refuses the form, or what is in it."""
    try:
        yield
    except BaseException:
        discard_upload(request)
        raise


def discard_upload(request: Request | HttpRequest) -> None:
    """The form's file, unless a version has it."""
    for upload in request.FILES.values():
        if isinstance(upload, StoredUpload):
            discard_file(file=upload.stored.row)


def refuse_large_form(meta: Mapping[str, Any]) -> None:
    """Before anything of it is read."""
    told = str(meta.get("CONTENT_LENGTH") or "0")
    if told.isdecimal() and int(told) > settings.APP_UPLOAD_MAX + FORM_OVERHEAD:
        raise PayloadTooLarge(f"The file is larger than {settings.APP_UPLOAD_MAX} bytes.")


class AppFormParser(MultiPartParser):
    """A form whose part `file` is a StoredUpload. Whoever reads it keeps that file or discards it."""

    suffix = ".ipa"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        assert parser_context is not None  # the framework always tells
        request = parser_context["request"]
        refuse_large_form(request.META)
        handler = AppUploadHandler(suffix=self.suffix)
        request.upload_handlers = [handler]
        try:
            form = super().parse(stream, media_type, parser_context)
            handler.require_end()
            return form
        except BaseException:
            with suppress(OSError):
                handler.abandon()
            raise
