"""Tenants, who may act for them over the API, and who may see them in the console."""

import uuid

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone


class Role(models.TextChoices):
    """What a token or a console user may do; each role may all that the ones before it may."""

    VIEWER = "viewer", "Viewer: reads"
    OPERATOR = "operator", "Operator: devices and commands"
    ADMIN = "admin", "Admin: credentials and tokens too"

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)

    def allows(self, needed: "Role") -> bool:
        return self.rank >= needed.rank


class Tenant(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=128, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Zone of schedules whose device names none.")
    store_country = models.CharField(
        max_length=2,
        default="us",
        validators=[RegexValidator(r"^[a-z]{2}$", "Two lower-case letters, such as us or de (ISO 3166-1).")],
        help_text="Country of Apple's store in which its apps are looked up.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A bearer token, stored as its SHA-256. Without a tenant it is a gateway's and may act for any."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="api_tokens")
    name = models.CharField(max_length=128, blank=True)
    role = models.CharField(max_length=16, choices=Role)
    time_zone = models.CharField(max_length=64, blank=True, help_text="Zone of its schedules; blank is the tenant's.")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=models.Q(role__in=Role.values), name="api_token_role_known")]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.role})"

    @property
    def is_gateway(self) -> bool:
        return self.tenant_id is None

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class Membership(models.Model):
    """A console user's place in a tenant. Superusers need none: they see every tenant."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.VIEWER)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant"], name="membership_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant} as {self.role}"
