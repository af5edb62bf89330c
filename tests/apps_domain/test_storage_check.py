"""What `manage.py check --deploy` says about the place where apps are kept."""

from pathlib import Path

from django.conf import settings as now
from pytest_django import Settings

from apps_domain.checks import apps_storage


def chosen(settings: Settings, backend: str, **options: object) -> list[str]:
    settings.STORAGES = {**now.STORAGES, "apps": {"BACKEND": backend, "OPTIONS": options}}
    return [str(told.id) for told in apps_storage(None)]


def test_a_folder_that_is_there_or_can_be_made(tmp_path: Path, settings: Settings) -> None:
    for folder in (tmp_path, tmp_path / "a" / "b"):
        assert chosen(settings, "apps_domain.storage.local.LocalAppStorage", location=folder) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").write_text("")

    for folder in (tmp_path / "file", tmp_path / "file" / "apps"):
        assert chosen(settings, "apps_domain.storage.local.LocalAppStorage", location=folder) == ["apps_domain.E002"]


def test_a_bucket_is_not_asked(settings: Settings) -> None:
    options = {"bucket_name": "apps", "endpoint_url": "http://127.0.0.1:1"}

    assert chosen(settings, "apps_domain.storage.s3.S3AppStorage", **options) == []


def test_a_library_that_is_missing(settings: Settings) -> None:
    assert chosen(settings, "apps_domain.storage.none.Storage") == ["apps_domain.E001"]
