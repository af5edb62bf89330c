"""How a device stands to its blueprint: what was put on it, when it last told what it has, and what differs."""

from django.db import models
from django.utils import timezone

from devices.models.blueprint import BlueprintVersion
from devices.models.device import Device
from tenants.models import Tenant


class AppliedSetting(models.Model):
    """One part of a blueprint that a device has confirmed.

    What it reports by itself (profiles, apps) counts first; this remembers what it cannot be asked for, such as its
    wallpaper, and what came by a blueprint and must go with it.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="applied_settings", db_index=False)
    part = models.CharField(max_length=255, help_text="Of the blueprint, such as `restrictions` or `app:com.example`")
    fingerprint = models.CharField(max_length=64, help_text="Of what it was given")
    details = models.JSONField(default=dict, help_text="What its removal needs, such as a profile's identifier")
    applied_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["part"]
        constraints = [
            models.UniqueConstraint(fields=["device", "part"], name="applied_setting_once_per_device"),
        ]

    def __str__(self) -> str:
        return self.part


class DeviceInventory(models.Model):
    """When the device last told each kind of thing about itself; null if it never did since it enrolled."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="inventory")
    information_at = models.DateTimeField(null=True)
    profiles_at = models.DateTimeField(null=True)
    apps_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True, help_text="When a command last changed what is known of these")
    asked_at = models.DateTimeField(null=True, help_text="When it was last asked to tell all of it anew")

    class Meta:
        verbose_name_plural = "device inventories"

    def __str__(self) -> str:
        return f"Inventory of {self.device_id}"


class DriftReport(models.Model):
    """What differed between a device and the published version of its blueprint when it was last looked at."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="drift")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    blueprint_version = models.ForeignKey(BlueprintVersion, on_delete=models.CASCADE, related_name="+")
    differences = models.JSONField(default=list, help_text="`setting`, `part`, `wanted`, `found`; secrets masked")
    count = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(  # the devices of a tenant that drifted
                fields=["tenant", "-count", "device"], condition=models.Q(count__gt=0), name="drift_report_of_tenant"
            ),
            models.Index(fields=["checked_at"], name="drift_report_age"),  # the longest unchecked first
        ]

    def __str__(self) -> str:
        return f"{self.count} differences on {self.device_id}"
