"""What `manage.py check --deploy` asks of this room: whether the storage of apps can be written."""

import os
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.files.storage.handler import InvalidStorageError

from apps_domain.storage import app_storage
from apps_domain.storage.local import LocalAppStorage


def apps_storage(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Of S3-compatible storage only that its library is there: asking it would take the network."""
    try:
        storage = app_storage()
    except (ImportError, InvalidStorageError) as error:
        hint = "Install requirements/s3.txt in place of requirements/base.txt, or unset APPS_STORAGE_S3_BUCKET."
        return [Error(f"Apps cannot be kept in S3-compatible storage: {error}.", hint=hint, id="apps_domain.E001")]
    if isinstance(storage, LocalAppStorage) and not _may_write(Path(storage.location)):
        hint = "Set APPS_STORAGE_DIR or MUSTER_VAR to a folder that the server may write."
        return [Error(f"Apps cannot be kept in {storage.location}.", hint=hint, id="apps_domain.E002")]
    return []


def _may_write(folder: Path) -> bool:
    """The folder, or the first above it that is there, and in which it will be made."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
