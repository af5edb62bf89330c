"""The configuration profiles a device reports as installed."""

from django.db import models

from devices.models.device import Device


class DeviceProfile(models.Model):
    """One profile on one device, as its last profile list told; never the profile's contents."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="profiles")
    identifier = models.CharField(max_length=255)
    uuid = models.CharField(max_length=128, blank=True)
    display_name = models.CharField(max_length=255, blank=True)
    organization = models.CharField(max_length=255, blank=True)
    description = models.TextField(blank=True)
    version = models.IntegerField(null=True, blank=True)
    is_managed = models.BooleanField(default=False, help_text="Installed by this server")
    is_encrypted = models.BooleanField(default=False)
    has_removal_passcode = models.BooleanField(default=False)
    removal_disallowed = models.BooleanField(default=False)
    payloads = models.JSONField(default=list, blank=True, help_text="Type, identifier and name of each payload")
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["identifier"]
        constraints = [
            models.UniqueConstraint(fields=["device", "identifier"], name="device_profile_once_per_device"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.identifier
