"""Which warnings were given that a credential is about to expire, so that each is given once."""

from django.db import models
from django.utils import timezone

from tenants.models.tenant import Tenant


class ExpiryWarning(models.Model):
    """One step (60, 30, 14, 7, 1 or 0 days before the end) of one end of one credential.

    A renewed credential has another end, and warnings of its own. Its e-mail is claimed before it is sent: two workers
    send one, and one that a killed worker left unsent is sent by the next.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, related_name="expiry_warnings")
    kind = models.CharField(max_length=32, editable=False)
    object_id = models.CharField(max_length=64, editable=False)
    name = models.CharField(max_length=255, blank=True, editable=False)
    expires_at = models.DateTimeField(editable=False)
    days = models.SmallIntegerField(editable=False, help_text="The step: days before the end, 0 once it is over.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    mail_claimed_at = models.DateTimeField(null=True, editable=False)
    mail_done_at = models.DateTimeField(null=True, editable=False, help_text="Sent, or not to be sent.")
    mail_outcome = models.CharField(max_length=255, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id", "expires_at", "days"], name="expiry_warning_once")
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(mail_done_at=None), name="expiry_warning_unmailed")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.days} days"
