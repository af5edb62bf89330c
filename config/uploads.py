"""Uploaded files: in memory or not at all, since many of them are secrets."""

from io import BytesIO
from typing import Any, NoReturn

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler

from config.api.errors import PayloadTooLarge

FORM_OVERHEAD = 64 * 1024  # bytes of a form around its file


class LeftOut(InMemoryUploadedFile):
    """A file of a body that was too large: its name and size are known, its contents were let go."""

    def read(self, *args: Any) -> NoReturn:
        raise PayloadTooLarge("The file is too large to be taken.")


class MemoryOnly(MemoryFileUploadHandler):
    """Django's, but for bodies larger than FILE_UPLOAD_MAX_MEMORY_SIZE, which would go to a temporary file."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return super().receive_data_chunk(raw_data, start) if self.activated else None

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        if self.activated:
            return super().file_complete(file_size)
        told = (self.content_type, file_size, self.charset, self.content_type_extra)
        return LeftOut(BytesIO(), self.field_name, self.file_name, *told)
