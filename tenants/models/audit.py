"""Who wrote what, from where. Append-only: a trigger refuses updates and deletes."""

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    class ActorKind(models.TextChoices):
        API = "api", "API token"
        CONSOLE = "console", "Console user"
        COMMAND_LINE = "command line", "Command line"
        DEVICE = "device", "Device"
        SYSTEM = "system", "System"

    at = models.DateTimeField(default=timezone.now, editable=False)
    tenant_id = models.UUIDField(null=True, editable=False)  # no foreign key: the log outlives the tenant
    actor_kind = models.CharField(max_length=16, choices=ActorKind, editable=False)
    actor = models.CharField(max_length=200, editable=False)
    source = models.CharField(max_length=64, blank=True, editable=False, help_text="Address or host it came from.")
    action = models.CharField(max_length=64, editable=False)
    object_type = models.CharField(max_length=64, editable=False)
    object_id = models.CharField(max_length=64, editable=False)
    request_id = models.CharField(max_length=64, blank=True, editable=False)
    details = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["tenant_id", "-at"], name="audit_of_tenant"),  # the console's log of one tenant
            models.Index(fields=["object_type", "object_id"], name="audit_of_object"),  # the history of one object
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
