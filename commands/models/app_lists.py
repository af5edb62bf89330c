"""What the profiles that our commands put on an Apple device say about its apps."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from devices.models import Device


class AppleAppLists(models.Model):
    """As the device last acknowledged them; the next command of the kind adds to these."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="apple_app_lists")
    allowed = ArrayField(
        models.CharField(max_length=255), default=list, blank=True, help_text="If any, only these show"
    )
    blocked = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    notifications = models.JSONField(default=dict, blank=True, help_text="Allowed or not, by bundle identifier")
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        verbose_name_plural = "Apple app lists"

    def __str__(self) -> str:
        return f"App lists of {self.device_id}"
