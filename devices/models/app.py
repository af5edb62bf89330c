"""The apps a device reports as installed."""

from django.db import models

from devices.models.device import Device


class InstalledApp(models.Model):
    """One app on one device, as its last list of installed apps told."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="installed_apps", db_index=False)
    identifier = models.CharField(max_length=255, help_text="Bundle identifier or package name")
    name = models.CharField(max_length=255, blank=True)
    version = models.CharField(max_length=64, blank=True, help_text="Of the build")
    short_version = models.CharField(max_length=64, blank=True, help_text="As people know it")
    bundle_size = models.BigIntegerField(null=True, blank=True, help_text="Bytes")
    is_managed = models.BooleanField(default=False, help_text="Installed by this server")
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["identifier"]
        constraints = [
            models.UniqueConstraint(fields=["device", "identifier"], name="installed_app_once_per_device"),
        ]

    def __str__(self) -> str:
        return self.name or self.identifier
