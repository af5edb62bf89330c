"""Files in the storage: kept, given up, and swept when whoever wrote them died."""

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps_domain.models import StoredFile, TenantAppVersion
from apps_domain.services.files import (
    FileWriter,
    delete_doomed_file,
    discard_file,
    discarding,
    doom_file,
    keep_file,
    store_file,
    sweep_files,
)
from apps_domain.storage import app_storage
from apps_domain.tasks.files import sweep_app_files
from config.api.errors import Conflict, PayloadTooLarge
from tenants.models import Tenant
from tests.factories.tenant_apps import TenantAppFactory, TenantAppVersionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]
LONG_AGO = dt.timedelta(hours=2)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def stored(data: bytes = b"12345") -> StoredFile:
    return store_file(chunks=[data], suffix=".ipa", limit=100).row


def test_what_is_stored_is_read_again(folder: Path) -> None:
    made = store_file(chunks=[b"123", b"", b"45"], suffix=".ipa", limit=5)

    assert (made.row.state, made.row.size) == ("writing", 5)
    assert made.row.name.endswith(f"{made.row.pk}.ipa")
    with app_storage().read(made.row.name) as file:
        file.seek(3)
        assert file.read() == b"45"
    assert (folder / made.row.name).stat().st_mode & 0o777 == 0o600


def test_an_empty_file_has_one_hash() -> None:
    assert len(store_file(chunks=[], suffix="", limit=5).chunk_hashes["sha256s"]) == 1


def test_too_much_leaves_nothing(folder: Path) -> None:
    with pytest.raises(PayloadTooLarge):
        store_file(chunks=[b"123", b"456"], suffix=".ipa", limit=5)

    assert not StoredFile.objects.exists()
    assert files_in(folder) == []


def test_a_file_is_there_only_as_a_whole(folder: Path) -> None:
    writer = FileWriter(suffix=".ipa", limit=10)
    writer.write(b"123")

    with pytest.raises(FileNotFoundError):
        app_storage().read(writer.row.name)
    writer.abandon()
    writer.abandon()


def test_who_died_while_writing_is_swept(folder: Path) -> None:
    writer = FileWriter(suffix=".ipa", limit=10)
    writer.write(b"123")
    assert sweep_files() == 0

    StoredFile.objects.update(changed_at=timezone.now() - LONG_AGO)
    sweep_app_files()

    assert not StoredFile.objects.exists()
    assert files_in(folder) == []
    writer.abandon()


def test_who_died_before_the_version_is_swept(folder: Path) -> None:
    stored()
    StoredFile.objects.update(changed_at=timezone.now() - LONG_AGO)

    assert sweep_files() == 1
    assert files_in(folder) == []


def test_a_slow_writer_shows_that_it_lives() -> None:
    writer = FileWriter(suffix=".ipa", limit=10)
    writer.row.changed_at = timezone.now() - LONG_AGO
    StoredFile.objects.update(changed_at=writer.row.changed_at)

    writer.write(b"1")

    assert sweep_files() == 0
    writer.abandon()


def test_what_is_kept_is_never_swept(folder: Path, tenant: Tenant) -> None:
    row = stored()
    keep_file(file=row)
    TenantAppVersionFactory(TenantAppFactory(tenant), file=row)
    StoredFile.objects.update(changed_at=timezone.now() - LONG_AGO)

    assert sweep_files() == 0
    discard_file(file=row)
    assert len(files_in(folder)) == 1


def test_what_was_swept_is_not_kept() -> None:
    row = stored()
    doom_file(file_id=row.pk)

    with pytest.raises(Conflict, match="Upload it again"):
        keep_file(file=row)


def test_a_failure_gives_up_what_was_stored(folder: Path) -> None:
    row = stored()

    with pytest.raises(RuntimeError), discarding(None, row):
        raise RuntimeError

    assert not StoredFile.objects.exists()
    assert files_in(folder) == []


def test_deleting_twice_does_no_harm(folder: Path) -> None:
    row = stored()
    doom_file(file_id=row.pk)
    (folder / row.name).unlink()

    delete_doomed_file(row.pk)
    delete_doomed_file(row.pk)

    assert not StoredFile.objects.exists()


def test_a_storage_that_fails_is_asked_again(folder: Path, settings: Settings) -> None:
    row = stored()
    doom_file(file_id=row.pk)
    path = folder / row.name
    path.unlink()
    path.mkdir()

    assert sweep_files() == 1
    assert StoredFile.objects.get().state == "doomed"

    path.rmdir()
    sweep_files()
    assert not StoredFile.objects.exists()


def test_files_of_a_tenant_that_is_gone_are_found(tenant: Tenant, other_tenant: Tenant) -> None:
    ours, theirs = (TenantAppVersionFactory(TenantAppFactory(each)) for each in (tenant, other_tenant))
    StoredFile.objects.update(changed_at=timezone.now() - LONG_AGO)
    TenantAppVersion.objects.filter(pk=ours.pk).delete()

    sweep_files()

    assert list(StoredFile.objects.values_list("pk", flat=True)) == [theirs.file_id]
