"""What the routes of a tenant's own apps take and answer."""

from typing import Any

from rest_framework import serializers

from apps_domain.downloads import download_url, icon_url
from apps_domain.models import AppType, TenantApp, TenantAppVersion
from config.api.fields import OneOfField
from tenants.models import Tenant

DESCRIPTION_MAX = 10_000


class TenantAppUploadInput(serializers.Serializer[Any]):
    """The page does not mark the parts as required; without a file there is nothing to store."""

    platform = OneOfField(choices=TenantApp.Platform.values, required=False)
    file = serializers.FileField(required=False, help_text="The .ipa file")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "file" not in attrs:
            raise serializers.ValidationError({"file": ["Send the .ipa file as this part of the form."]})
        return attrs


class TenantAppListInput(serializers.Serializer[Any]):
    platform = OneOfField(choices=TenantApp.Platform.values, required=False)
    package_name = serializers.CharField(required=False)
    app_name = serializers.CharField(required=False)


class VersionListInput(serializers.Serializer[Any]):
    app_name = serializers.CharField(required=False)


class VersionUpdateInput(serializers.Serializer[Any]):
    description = serializers.CharField(required=False, allow_blank=True, max_length=DESCRIPTION_MAX)


class TenantAppOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    platform = serializers.ChoiceField(choices=TenantApp.Platform.choices)
    tenant_id = serializers.UUIDField()
    package_name = serializers.CharField(help_text="Bundle identifier")
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    updated_at = serializers.DateTimeField()
    updated_by = serializers.CharField()


class UploadedAppOutput(TenantAppOutput):
    version_id = serializers.UUIDField(help_text="The version that this upload made")
    app_name = serializers.CharField()


class VersionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    app_id = serializers.UUIDField()
    app_type = serializers.ChoiceField(choices=[AppType.TENANT_IOS.value])
    tenant_id = serializers.UUIDField()
    app_name = serializers.CharField()
    app_icon_url = serializers.URLField(allow_null=True, help_text="Good for a time")
    release_notes = serializers.CharField()
    description = serializers.CharField()
    file_size_in_kb = serializers.IntegerField()
    device_family = serializers.ListField(child=serializers.CharField())
    version_name = serializers.CharField(help_text="CFBundleShortVersionString")
    build_number = serializers.CharField(help_text="CFBundleVersion")
    min_sdk_version = serializers.CharField(help_text="Lowest iOS version")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    updated_by = serializers.CharField()


class VersionDetailOutput(VersionOutput):
    app_download_url = serializers.URLField(help_text="Signed; good for a time")
    app_sha256_hash = serializers.CharField()


def tenant_app_document(app: TenantApp) -> dict[str, Any]:
    return {
        "id": app.pk,
        "platform": app.platform,
        "tenant_id": app.tenant_id,
        "package_name": app.package_name,
        "created_at": app.created_at,
        "created_by": app.created_by,
        "updated_at": app.updated_at,
        "updated_by": app.updated_by,
    }


def uploaded_app_document(version: TenantAppVersion) -> dict[str, Any]:
    return {**tenant_app_document(version.app), "version_id": version.pk, "app_name": version.app_name}


def version_document(version: TenantAppVersion, tenant: Tenant) -> dict[str, Any]:
    return {
        "id": version.pk,
        "app_id": version.app_id,
        "app_type": AppType.TENANT_IOS.value,
        "tenant_id": version.tenant_id,
        "app_name": version.app_name,
        "app_icon_url": icon_url(version, tenant=tenant),
        "release_notes": version.release_notes,
        "description": version.description,
        "file_size_in_kb": -(-version.file.size // 1024),
        "device_family": version.device_family,
        "version_name": version.version_name,
        "build_number": version.build_number,
        "min_sdk_version": version.min_os_version,
        "created_at": version.created_at,
        "updated_at": version.updated_at,
        "created_by": version.created_by,
        "updated_by": version.updated_by,
    }


def version_detail(version: TenantAppVersion, tenant: Tenant) -> dict[str, Any]:
    told = {
        "app_download_url": download_url(version, tenant=tenant),
        "app_sha256_hash": version.file.sha256,
    }
    return {**version_document(version, tenant), **told}
