"""The certificate authority that gives a tenant's devices their identities and signs its profiles."""

import uuid

from django.db import models
from django.utils import timezone

from tenants.models.tenant import Tenant
from tenants.sealing import SealedField


class DeviceAuthority(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="device_authority")
    certificate = models.TextField(editable=False, help_text="PEM")
    private_key = SealedField(null=False)  # PEM
    signer_certificate = models.TextField(editable=False, help_text="PEM; signs profiles")
    signer_private_key = SealedField(null=False)  # PEM
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "device authorities"

    def __str__(self) -> str:
        return f"Authority of {self.tenant_id}"
