"""Apps of ours that are on a device: kept from installs and from what the device lists."""

import uuid

from django.db import models
from django.utils import timezone

from devices.models import Device
from tenants.models import Tenant
from tenants.sealing import SealedField


class AppType(models.TextChoices):
    VPP = "VPP"
    TENANT_IOS = "TENANT_IOS"
    ESPER_IOS = "ESPER_IOS"


class DeviceApp(models.Model):
    """`app_id` and `app_version_id` are those of StoreApp, TenantApp or VendorApp, as `app_type` says.

    They are no foreign keys: a device still has an app whose last version was deleted here.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="apps", db_index=False)
    app_type = models.CharField(max_length=16, choices=AppType, editable=False)
    app_id = models.UUIDField(editable=False)
    app_version_id = models.UUIDField(null=True, editable=False, help_text="None: a version that is not known here")
    bundle_id = models.CharField(max_length=255, editable=False)
    version = models.CharField(max_length=64, blank=True, editable=False, help_text="As the device tells it")
    app_config = SealedField(help_text="Managed configuration that it was installed with: a property list")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["device", "bundle_id"], name="device_app_once")]
        indexes = [
            models.Index(fields=["tenant", "app_id", "device"], name="device_app_of_app"),  # who has an app
            models.Index(fields=["tenant", "app_version_id", "device"], name="device_app_of_version"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id} on {self.device_id}"
