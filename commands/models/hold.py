"""Commands that wait for a licence before their device may have them."""

from django.db import models
from django.utils import timezone

from commands.models.status import CommandStatus
from tenants.models import Tenant


class LicenceHold(models.Model):
    """The row of the queue is kept far in the future until the licence is assigned, or cannot be."""

    status = models.OneToOneField(CommandStatus, on_delete=models.CASCADE, primary_key=True, related_name="hold")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    serial = models.CharField(max_length=128, blank=True, editable=False)
    adam_id = models.CharField(max_length=20, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.adam_id} for {self.serial}"
