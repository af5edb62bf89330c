"""The declarations that an Apple device is to have, and what it said of them."""

from django.db import models
from django.utils import timezone

from devices.models import Device


class AppleDeclarations(models.Model):
    """One set per device, changed by converges only.

    The set before is kept, as a device may still be fetching it when the next one is made.
    """

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="declarations")
    token = models.CharField(max_length=64, blank=True, help_text="DeclarationsToken of the set")
    declarations = models.JSONField(default=list, help_text="Identifier, Type, ServerToken, Payload of each")
    previous = models.JSONField(default=list)
    changed_at = models.DateTimeField(default=timezone.now)
    seen_token = models.CharField(max_length=64, blank=True, help_text="The token it last asked for")
    status = models.JSONField(default=dict, help_text="Status items as the device reported them, merged")
    reported_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "Apple declarations"

    def __str__(self) -> str:
        return f"Declarations of {self.device_id}"
