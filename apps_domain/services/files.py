"""Files in the storage: written, kept by a version, given up, swept.

The row comes first and goes last, so a process that dies between any two lines leaves a row by which the sweep finds
the file: WRITING -> KEPT in the transaction of the version that has it, -> DOOMED when nothing needs it any more.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps_domain.models import StoredFile, TenantAppVersion, VendorAppVersion
from apps_domain.storage import app_storage
from config.api.errors import Conflict, PayloadTooLarge

log = structlog.get_logger(__name__)

CHUNK = 10 * 1024 * 1024  # bytes for each hash of Apple's manifest; a device fetches such a part again when it is wrong
SIGN_OF_LIFE = dt.timedelta(minutes=1)
DEAD = dt.timedelta(hours=1)  # without a sign of life nobody writes any more
SWEEP_SLICE = 200
State = StoredFile.State


@dataclass(frozen=True)
class Stored:
    """A file that is in the storage as a whole, and that no version has yet."""

    row: StoredFile
    chunk_hashes: dict[str, Any]  # as `Build.chunk_hashes` keeps them


class FileWriter:
    """Writes a new file piece by piece, hashing on the way. Never in a transaction: the sweep must see its row."""

    def __init__(self, *, suffix: str, limit: int) -> None:
        key = uuid.uuid4()
        self.row = StoredFile.objects.create(id=key, name=f"{key.hex[:2]}/{key}{suffix}")
        self._limit, self.size = limit, 0
        self._whole, self._chunk, self._chunks = hashlib.sha256(), hashlib.sha256(), list[str]()
        self._writing = app_storage().create(self.row.name)

    def write(self, data: bytes) -> None:
        """PayloadTooLarge beyond the limit."""
        if self.size + len(data) > self._limit:
            raise PayloadTooLarge(f"The file is larger than {self._limit} bytes.")
        self._writing.write(data)
        self._whole.update(data)
        self._hash_chunks(data)
        self._show_life()

    def finish(self) -> Stored:
        if self.size % CHUNK or not self.size:
            self._chunks.append(self._chunk.hexdigest())
        self._writing.finish()
        self.row.size, self.row.sha256, self.row.changed_at = self.size, self._whole.hexdigest(), timezone.now()
        self.row.save(update_fields=["size", "sha256", "changed_at"])
        return Stored(self.row, {"size": CHUNK, "sha256s": self._chunks})

    def abandon(self) -> None:
        """Nothing is left, also after an error."""
        self._writing.abandon()
        StoredFile.objects.filter(pk=self.row.pk, state=State.WRITING).delete()

    def _hash_chunks(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            part = view[: CHUNK - self.size % CHUNK]
            self._chunk.update(part)
            self.size += len(part)
            view = view[len(part) :]
            if self.size % CHUNK == 0:
                self._chunks.append(self._chunk.hexdigest())
                self._chunk = hashlib.sha256()

    def _show_life(self) -> None:
        now = timezone.now()
        if now - self.row.changed_at > SIGN_OF_LIFE:
            self.row.changed_at = now
            StoredFile.objects.filter(pk=self.row.pk, state=State.WRITING).update(changed_at=now)


def store_file(*, chunks: Iterable[bytes], suffix: str, limit: int) -> Stored:
    """A whole file. Whoever calls keeps it with `keep_file`, or gives it up with `discard_file`."""
    writer = FileWriter(suffix=suffix, limit=limit)
    try:
        for chunk in chunks:
            writer.write(chunk)
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise


def keep_file(*, file: StoredFile) -> None:
    """In the transaction of the version that has it. Conflict if the sweep took it for one that died."""
    now = timezone.now()
    if StoredFile.objects.filter(pk=file.pk, state=State.WRITING).update(state=State.KEPT, changed_at=now) != 1:
        raise Conflict("The upload took too long, and its file was removed. Upload it again.")
    file.state, file.changed_at = State.KEPT, now


@contextmanager
def discarding(*files: StoredFile | None) -> Iterator[None]:
    """Gives files up when what follows fails, those that were not kept."""
    try:
        yield
    except BaseException:
        for file in files:
            if file is not None:
                discard_file(file=file)
        raise


def discard_file(*, file: StoredFile) -> None:
    """At once, if nothing keeps it. Not in a transaction."""
    if StoredFile.objects.filter(pk=file.pk, state=State.WRITING).update(state=State.DOOMED):
        delete_doomed_file(file.pk)


def doom_file(*, file_id: uuid.UUID) -> None:
    """In the transaction that takes it from its version; the sweep deletes it after that."""
    StoredFile.objects.filter(pk=file_id).update(state=State.DOOMED, changed_at=timezone.now())


def delete_doomed_file(file_id: uuid.UUID) -> None:
    """Safe to run twice, also at once. A storage that does not answer leaves the row to the next sweep."""
    row = StoredFile.objects.filter(pk=file_id, state=State.DOOMED).first()
    if row is None:
        return
    try:
        app_storage().delete(row.name)
    except Exception as error:  # each kind of storage has its own; none of them is the caller's fault
        log.warning("stored_file_not_deleted", file=row.name, error=str(error)[:500])
        return
    row.delete()


_HELD = Exists(TenantAppVersion.objects.filter(Q(file=OuterRef("pk")) | Q(icon=OuterRef("pk")))) | Exists(
    VendorAppVersion.objects.filter(Q(file=OuterRef("pk")) | Q(icon=OuterRef("pk")))
)


def sweep_files() -> int:
    """Deletes what processes that died have left, what was given up, and what went with its tenant.

    How many files it was.
    """
    left = StoredFile.objects.filter(changed_at__lt=timezone.now() - DEAD)
    left.filter(state=State.WRITING).update(state=State.DOOMED)
    left.filter(~_HELD, state=State.KEPT).update(state=State.DOOMED)
    doomed = StoredFile.objects.filter(state=State.DOOMED).order_by("changed_at").values_list("pk", flat=True)
    ids = list(doomed[:SWEEP_SLICE])
    for file_id in ids:
        delete_doomed_file(file_id)
    return len(ids)
