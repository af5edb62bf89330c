"""What the route of published apps takes and answers."""

from typing import Any

from rest_framework import serializers

from apps_domain.downloads import download_url
from apps_domain.models import VendorApp, VendorAppVersion
from tenants.models import Tenant


class VendorAppListInput(serializers.Serializer[Any]):
    package_name = serializers.CharField(required=False)


class VendorAppOutput(serializers.Serializer[Any]):
    tenant_id = serializers.UUIDField(help_text="The caller's")
    app_version_id = serializers.UUIDField()
    app_id = serializers.UUIDField()
    package_name = serializers.CharField(help_text="Package name, or bundle identifier")
    app_sha256_hash = serializers.CharField()
    signature_hash = serializers.CharField(
        allow_null=True, help_text="SHA-256 of the signer's certificate; Android only"
    )
    architecture = serializers.ChoiceField(choices=VendorAppVersion.Architecture.choices)
    app_download_url = serializers.URLField(help_text="Signed; good for a time")
    version_code = serializers.CharField(allow_null=True, help_text="Android only")
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()


def vendor_app_document(version: VendorAppVersion, tenant: Tenant) -> dict[str, Any]:
    is_android = version.app.platform == VendorApp.Platform.ANDROID
    return {
        "tenant_id": tenant.pk,
        "app_version_id": version.pk,
        "app_id": version.app_id,
        "package_name": version.app.package_name,
        "app_sha256_hash": version.file.sha256,
        "signature_hash": version.signature_hash if is_android else None,
        "architecture": version.architecture,
        "app_download_url": download_url(version, tenant=tenant),
        "version_code": version.build_number if is_android else None,
        "created_by": version.created_by,
        "created_at": version.created_at,
    }
