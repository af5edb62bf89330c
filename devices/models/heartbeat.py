"""When a device was last seen. A narrow table of its own: every contact writes it, nothing else."""

from django.db import models
from django.utils import timezone

from devices.models.device import Device
from tenants.models import Tenant


class Heartbeat(models.Model):
    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="heartbeat")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="heartbeats", db_index=False)
    last_seen = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-last_seen", "device"]
        indexes = [
            models.Index(fields=["tenant", "-last_seen", "device"], name="heartbeat_list"),  # heartbeats between bounds
        ]

    def __str__(self) -> str:
        return f"{self.device_id} seen {self.last_seen:%Y-%m-%d %H:%M:%S}"
