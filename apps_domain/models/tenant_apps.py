"""Apps that a tenant uploaded: one per bundle identifier, with its versions."""

import uuid

from django.db import models
from django.utils import timezone

from apps_domain.models.builds import Build
from tenants.models import Tenant


class TenantApp(models.Model):
    class Platform(models.TextChoices):
        APPLE = "APPLE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="tenant_apps")
    platform = models.CharField(max_length=16, choices=Platform, default=Platform.APPLE, editable=False)
    package_name = models.CharField(max_length=255, editable=False, help_text="Bundle identifier")
    app_name = models.CharField(max_length=255, editable=False, help_text="Of the version uploaded last")
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "platform", "package_name"], name="tenant_app_once_per_tenant")
        ]
        indexes = [models.Index(fields=["tenant", "-created_at", "id"], name="tenant_app_list")]

    def __str__(self) -> str:
        return self.app_name


class TenantAppVersion(Build):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    app = models.ForeignKey(TenantApp, on_delete=models.CASCADE, related_name="versions")

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["app", "version_name", "build_number"], name="tenant_app_version_once")
        ]
