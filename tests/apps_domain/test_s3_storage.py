"""Apps in S3-compatible storage, against a real server of it (SeaweedFS)."""

from collections.abc import Iterator
from random import Random
from typing import Any

import httpx2
import pytest
from botocore.exceptions import ClientError
from django.conf import settings as now
from django.test import Client
from pytest_django import Settings

from apps_domain.models import StoredFile, TenantAppVersion
from apps_domain.services.files import FileWriter, sweep_files
from apps_domain.storage.s3 import PART, S3AppStorage
from tests.api.seed import APPS
from tests.conftest import ApiClient
from tests.factories.ipas import APP, ipa, packed, upload_form
from tests.factories.s3_server import BUCKET, needs_s3, running_s3

# With a database each: pytest-django runs those without one apart, and they would start a server of their own.
pytestmark = [pytest.mark.timeout(180), pytest.mark.django_db, needs_s3]
LARGE = Random(7).randbytes(5 * PART // 2)
TWO_PARTS = LARGE[: PART + 1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with running_s3(tmp_path_factory.mktemp("s3")) as options:
        yield options


@pytest.fixture(scope="module")
def kept(server: dict[str, Any]) -> S3AppStorage:
    """In a folder of the bucket."""
    return S3AppStorage(**server, location="muster")


@pytest.fixture
def storage(kept: S3AppStorage) -> Iterator[S3AppStorage]:
    """Empty."""
    yield kept
    for key in keys(kept):
        kept.client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def chosen(storage: S3AppStorage, server: dict[str, Any], settings: Settings) -> S3AppStorage:
    """The server keeps apps there."""
    apps = {"BACKEND": "apps_domain.storage.s3.S3AppStorage", "OPTIONS": {**server, "location": "muster"}}
    settings.STORAGES = {**now.STORAGES, "apps": apps}
    return storage


def keys(storage: S3AppStorage) -> list[str]:
    return [each["Key"] for each in storage.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def uploads(storage: S3AppStorage) -> list[str]:
    return [each["Key"] for each in storage.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]


def write(storage: S3AppStorage, name: str, data: bytes) -> None:
    writing = storage.create(name)
    for at in range(0, len(data), 1_000_000):
        writing.write(data[at : at + 1_000_000])
    writing.finish()


@pytest.mark.parametrize(
    "data", [b"", b"12345", LARGE, LARGE[: 2 * PART]], ids=["empty", "small", "large", "two parts"]
)
def test_what_is_written_is_read_again(storage: S3AppStorage, data: bytes) -> None:
    write(storage, "ab/x.ipa", data)

    with storage.read("ab/x.ipa") as file:
        assert file.read() == data
        file.seek(-3, 2)
        assert file.read() == data[-3:]
        file.seek(2)
        assert (file.read(3), file.tell()) == (data[2:5], min(5, max(len(data), 2)))
    assert keys(storage) == ["muster/ab/x.ipa"]
    assert uploads(storage) == []


def test_what_is_not_there_is_told(storage: S3AppStorage) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("ab/none.ipa")


def test_there_is_no_file_before_it_is_whole(storage: S3AppStorage) -> None:
    writing = storage.create("ab/x.ipa")
    writing.write(TWO_PARTS)

    assert keys(storage) == []
    assert uploads(storage) == ["muster/ab/x.ipa"]
    writing.abandon()
    writing.abandon()
    assert uploads(storage) == []


def test_deleting_takes_what_an_upload_left(storage: S3AppStorage) -> None:
    storage.create("ab/x.ipa").write(TWO_PARTS)
    write(storage, "ab/y.ipa", b"1")

    for _ in range(2):
        storage.delete("ab/x.ipa")
        storage.delete("ab/y.ipa")

    assert (keys(storage), uploads(storage)) == ([], [])


def test_an_address_serves_the_file_in_parts_and_only_signed(storage: S3AppStorage) -> None:
    write(storage, "ab/x.ipa", TWO_PARTS)
    url = storage.link("ab/x.ipa", seconds=60, file_name="Kiosk-1.ipa", content_type="application/octet-stream")

    whole = httpx2.get(url)
    part = httpx2.get(url, headers={"Range": "bytes=10-19"})

    assert (whole.status_code, whole.content) == (200, TWO_PARTS)
    assert whole.headers["Content-Disposition"] == 'attachment; filename="Kiosk-1.ipa"'
    assert (part.status_code, part.content) == (206, TWO_PARTS[10:20])
    assert httpx2.get(url.replace("X-Amz-Signature=", "X-Amz-Signature=0")).status_code == 403
    assert httpx2.get(url.split("?")[0]).status_code == 403


def test_an_address_may_name_another_host(server: dict[str, Any]) -> None:
    storage = S3AppStorage(**{**server, "public_url": "https://files.example.org"})

    url = storage.link("x", seconds=60, file_name="x", content_type="image/png")

    assert url.startswith(f"https://files.example.org/{BUCKET}/x?")


def test_a_wrong_account_is_an_error(server: dict[str, Any]) -> None:
    with pytest.raises(ClientError):
        write(S3AppStorage(**{**server, "secret_key": "wrong"}), "x", b"1")


def test_an_app_from_upload_to_download(api: ApiClient, chosen: S3AppStorage) -> None:
    file = ipa(files={f"{APP}noise": TWO_PARTS})

    made = api.post(APPS, **upload_form(file)).json()["content"]

    path = f"{APPS}/{made['id']}/versions/{made['version_id']}"
    version = api.get(path).json()["content"]
    link = Client().get(version["app_download_url"].removeprefix("http://testserver"))
    told = Client().head(version["app_download_url"].removeprefix("http://testserver"))
    assert (link.status_code, told.status_code) == (302, 200)
    assert told.headers["Content-Length"] == str(len(file))
    assert httpx2.get(link.headers["Location"]).content == file
    assert len(keys(chosen)) == 2

    api.delete(path)
    sweep_files()
    assert keys(chosen) == []


def test_what_is_refused_leaves_nothing(api: ApiClient, chosen: S3AppStorage) -> None:
    response = api.post(APPS, **upload_form(packed({"a": TWO_PARTS})))

    assert response.status_code == 400
    assert (keys(chosen), uploads(chosen)) == ([], [])
    assert not StoredFile.objects.exists()


def test_who_died_while_writing_is_swept(db: None, chosen: S3AppStorage) -> None:
    FileWriter(suffix=".ipa", limit=10**9).write(TWO_PARTS)
    assert len(uploads(chosen)) == 1
    StoredFile.objects.update(changed_at="2020-01-01T00:00:00Z")

    sweep_files()

    assert uploads(chosen) == []
    assert not StoredFile.objects.exists()


def test_a_storage_that_is_away_fails_the_upload_alone(
    api: ApiClient, chosen: S3AppStorage, server: dict[str, Any], settings: Settings
) -> None:
    away = {
        "BACKEND": "apps_domain.storage.s3.S3AppStorage",
        "OPTIONS": {**server, "endpoint_url": "http://127.0.0.1:1"},
    }
    settings.STORAGES = {**now.STORAGES, "apps": away}

    assert api.post(APPS, **upload_form(ipa())).status_code == 500
    assert not TenantAppVersion.objects.exists()
    assert not StoredFile.objects.filter(state="kept").exists()
