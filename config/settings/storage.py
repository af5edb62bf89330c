"""Where uploaded apps are kept: on a disk, or in S3-compatible storage when a bucket is named."""

from pathlib import Path
from typing import Any

from config import env


def app_storage(folder: Path) -> dict[str, Any]:
    """`STORAGES["apps"]`; `folder` is the place on the disk unless another one is set."""
    bucket = env.text("APPS_STORAGE_S3_BUCKET")
    if not bucket:
        options: dict[str, Any] = {"location": env.text("APPS_STORAGE_DIR") or folder}
        return {"BACKEND": "apps_domain.storage.local.LocalAppStorage", "OPTIONS": options}
    options = {
        "bucket_name": bucket,
        "endpoint_url": env.text("APPS_STORAGE_S3_ENDPOINT_URL") or None,
        "public_url": env.text("APPS_STORAGE_S3_PUBLIC_URL") or None,
        "region_name": env.text("APPS_STORAGE_S3_REGION") or None,
        "location": env.text("APPS_STORAGE_S3_PREFIX"),
        "access_key": env.secret("APPS_STORAGE_S3_ACCESS_KEY") or None,
        "secret_key": env.secret("APPS_STORAGE_S3_SECRET_KEY") or None,
    }
    return {"BACKEND": "apps_domain.storage.s3.S3AppStorage", "OPTIONS": options}
