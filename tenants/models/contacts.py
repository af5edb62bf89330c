"""The people of a tenant who are told by e-mail what needs somebody."""

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from tenants.models.tenant import Tenant


class TenantContact(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=128, blank=True)
    email = models.EmailField(verbose_name="e-mail")
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["email"]
        verbose_name = "contact"
        constraints = [
            models.UniqueConstraint(
                "tenant",
                Lower("email"),
                name="contact_once_per_tenant",
                violation_error_message="This tenant has a contact with this e-mail address already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email
