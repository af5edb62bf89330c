"""Apps that the operator publishes for tenants ("Esper apps" in the API): for all of them, or for those chosen."""

import uuid

from django.db import models
from django.utils import timezone

from apps_domain.models.builds import Build
from tenants.models import Tenant


class VendorApp(models.Model):
    class Platform(models.TextChoices):
        APPLE = "APPLE"
        ANDROID = "ANDROID"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    platform = models.CharField(max_length=16, choices=Platform, editable=False)
    package_name = models.CharField(max_length=255, editable=False)
    app_name = models.CharField(max_length=255, editable=False, help_text="Of the version published last")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["app_name", "id"]
        verbose_name = "published app"
        constraints = [models.UniqueConstraint(fields=["platform", "package_name"], name="vendor_app_once")]

    def __str__(self) -> str:
        return self.app_name


class VendorAppVersion(Build):
    class Architecture(models.TextChoices):
        X86 = "x86"
        X86_64 = "x86_64"
        ARMEABI = "armeabi"
        ARM64_V8A = "arm64_v8a"
        ARMEABI_V7A = "armeabi_v7a"
        UNIVERSAL = "universal"

    app = models.ForeignKey(VendorApp, on_delete=models.CASCADE, related_name="versions")
    architecture = models.CharField(max_length=16, choices=Architecture, default=Architecture.UNIVERSAL, editable=False)
    signature_hash = models.CharField(max_length=64, blank=True, editable=False, help_text="SHA-256 of an APK's signer")

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["app", "version_name", "build_number", "architecture"], name="vendor_app_version_once"
            )
        ]


class VendorAppRelease(models.Model):
    """For whom a version is published; without a tenant: for all of them."""

    version = models.ForeignKey(VendorAppVersion, on_delete=models.CASCADE, related_name="releases")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "tenant"], name="vendor_app_release_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.tenant or 'all tenants'}"
