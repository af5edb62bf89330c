"""Apps on a disk that all web and worker processes share."""

import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.core.files.storage import FileSystemStorage

PART = ".part"  # what is being written


class LocalWriting:
    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(path.name + PART)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def write(self, data: bytes) -> None:
        self._handle.write(data)

    def finish(self) -> None:
        """Safe on the disk, name included, so that no row tells of a file that a power cut took."""
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        self._part.rename(self._path)
        _sync_folder(self._path.parent)

    def abandon(self) -> None:
        with suppress(OSError):
            self._handle.close()
        self._part.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)


class LocalAppStorage(FileSystemStorage):
    def create(self, name: str) -> LocalWriting:
        return LocalWriting(Path(self.path(name)))

    def read(self, name: str) -> IO[bytes]:
        return Path(self.path(name)).open("rb")

    def delete(self, name: str) -> None:
        path = Path(self.path(name))
        path.unlink(missing_ok=True)
        path.with_name(path.name + PART).unlink(missing_ok=True)

    def link(self, name: str, *, seconds: int, file_name: str, content_type: str) -> None:
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
