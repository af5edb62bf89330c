"""The content token with which a tenant assigns the apps it bought at Apple (VPP)."""

from django.db import models
from django.utils import timezone

from tenants.models.tenant import Tenant
from tenants.sealing import SealedField


class VppToken(models.Model):
    """Its id is an integer, as the documented path of its removal wants; it is drawn before the row is saved."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="vpp_tokens")
    key = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the token, by which it is known again")
    token = SealedField(null=False)  # the file as Apple gave it, base64: what Apple's service takes
    org_name = models.CharField(max_length=255, blank=True, editable=False)
    token_expiry_on = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "VPP token"
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="vpp_once_per_tenant")]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="vpp_of_tenant")]  # the list of the API

    def __str__(self) -> str:
        return self.org_name or f"Token {self.pk}"
