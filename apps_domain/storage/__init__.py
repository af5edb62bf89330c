"""Where apps and icons are kept: `STORAGES["apps"]` of the settings, on a disk or in S3-compatible storage.

Files have names that nobody chose, are written once, and never changed.
"""

from typing import IO, Protocol, cast

from django.core.files.storage import storages


class Writing(Protocol):
    """A new file. There is none under its name before `finish`."""

    def write(self, data: bytes) -> None: ...

    def finish(self) -> None:
        """When it returns, the file is there to stay."""

    def abandon(self) -> None:
        """Nothing is left of it. Also after an error, and more than once."""


class AppStorage(Protocol):
    def create(self, name: str) -> Writing: ...

    def read(self, name: str) -> IO[bytes]:
        """For reading and seeking, in little memory. FileNotFoundError if there is none."""

    def delete(self, name: str) -> None:
        """With whatever an unfinished `create` has left. Does nothing if there is nothing."""

    def link(self, name: str, *, seconds: int, file_name: str, content_type: str) -> str | None:
        """An address that serves the file for so long; None if we are to serve it ourselves."""


def app_storage() -> AppStorage:
    return cast("AppStorage", storages["apps"])
