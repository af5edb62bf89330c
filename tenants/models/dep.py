"""The token with which Apple lets a tenant's devices enrol by themselves (automated device enrolment, DEP)."""

import uuid

from django.db import models
from django.utils import timezone

from tenants.models.tenant import Tenant
from tenants.sealing import SealedField


class DepToken(models.Model):
    """A key pair for Apple to encrypt a token to, and the token once it was uploaded."""

    class State(models.TextChoices):
        CSR_GENERATED = "CSR_GENERATED"
        COMPLETED = "COMPLETED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="dep_tokens")
    state = models.CharField(max_length=16, choices=State, default=State.CSR_GENERATED)
    token_name = models.CharField(max_length=128, blank=True)
    private_key = SealedField(null=False)  # PEM
    certificate = models.TextField(editable=False, help_text="PEM; what Apple encrypts to")
    consumer_key = SealedField()
    consumer_secret = SealedField()
    access_token = SealedField()
    access_secret = SealedField()
    server_key = models.CharField(
        max_length=64, blank=True, editable=False, help_text="SHA-256 of the consumer key: the same MDM server at Apple"
    )
    token_expiry_on = models.DateTimeField(null=True, editable=False)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "DEP token"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="CSR_GENERATED")
                | models.Q(
                    consumer_key__isnull=False,
                    consumer_secret__isnull=False,
                    access_token__isnull=False,
                    access_secret__isnull=False,
                    token_expiry_on__isnull=False,
                ),
                name="dep_completed_has_token",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="dep_of_tenant")]  # the list of the API

    def __str__(self) -> str:
        return self.token_name or f"Public key of {self.created_at:%Y-%m-%d}"
