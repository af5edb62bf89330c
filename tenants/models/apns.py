"""The certificate with which Apple lets a tenant wake its devices."""

import uuid

from django.db import models
from django.utils import timezone

from tenants.models.tenant import Tenant
from tenants.sealing import SealedField


class ApnsCertificate(models.Model):
    class State(models.TextChoices):
        CSR_GENERATED = "CSR_GENERATED"
        COMPLETED = "COMPLETED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="apns_certificates")
    state = models.CharField(max_length=16, choices=State, default=State.CSR_GENERATED)
    apple_id = models.CharField(max_length=254, blank=True)
    private_key = SealedField(null=False)  # PEM
    signing_request = models.TextField(editable=False, help_text="PEM")
    certificate = models.TextField(blank=True, editable=False, help_text="PEM")
    topic = models.CharField(max_length=255, blank=True, editable=False)
    cert_created_at = models.DateTimeField(null=True, editable=False)
    cert_expiry_on = models.DateTimeField(null=True, editable=False)
    topic_stopped_at = models.DateTimeField(null=True, editable=False, help_text="Apple refused it; pushing stopped.")
    topic_stopped_reason = models.CharField(max_length=128, blank=True, editable=False)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "APNs certificate"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="CSR_GENERATED") | ~models.Q(topic="") & ~models.Q(certificate=""),
                name="apns_completed_has_certificate",
            )
        ]
        indexes = [models.Index(fields=["topic", "-cert_expiry_on"], name="apns_of_topic")]  # the one to push with

    def __str__(self) -> str:
        return self.topic or f"CSR of {self.created_at:%Y-%m-%d}"
