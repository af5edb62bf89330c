"""Apps of tenants, as rows; their files are not in the storage."""

import uuid
from itertools import count
from typing import Any

from apps_domain.models import StoredFile, TenantApp, TenantAppVersion
from tenants.models import Tenant

_numbers = count(1)


def StoredFileFactory(suffix: str = ".ipa", **fields: Any) -> StoredFile:
    key = uuid.uuid4()
    made = {"id": key, "name": f"{key.hex[:2]}/{key}{suffix}", "state": "kept", "size": 5000, "sha256": key.hex * 2}
    return StoredFile.objects.create(**{**made, **fields})


def TenantAppFactory(tenant: Tenant, **fields: Any) -> TenantApp:
    number = next(_numbers)
    made = {"package_name": f"org.example.app{number}", "app_name": f"App {number}", "created_by": "maker"}
    return TenantApp.objects.create(**{"tenant": tenant, **made, **fields})


def TenantAppVersionFactory(app: TenantApp, **fields: Any) -> TenantAppVersion:
    made: dict[str, Any] = {
        "tenant": app.tenant,
        "app": app,
        "app_name": app.app_name,
        "version_name": "1.0",
        "build_number": str(next(_numbers)),
        "device_family": ["iphone"],
        "chunk_hashes": {"size": 10 * 1024 * 1024, "sha256s": ["0" * 64]},
    }
    if "file" not in fields:
        made["file"] = StoredFileFactory()
    return TenantAppVersion.objects.create(**{**made, **fields})
