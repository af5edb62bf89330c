"""How an Apple device gets in: a link to an enrolment profile, a one-time challenge in it, an identity for it."""

import secrets
import uuid

from django.db import models
from django.utils import timezone

from commands.models import AppleEnrolment
from devices.models import DeviceGroup
from tenants.models import Tenant


def new_link_token() -> str:
    return secrets.token_urlsafe(24)


class EnrolmentProfile(models.Model):
    """A tenant's enrolment link. Every download of its profile gets a challenge of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="enrolment_profiles")
    name = models.CharField(max_length=128)
    token = models.CharField(max_length=64, unique=True, default=new_link_token, editable=False)
    group = models.ForeignKey(
        DeviceGroup, on_delete=models.SET_NULL, null=True, blank=True, help_text="Where its devices land"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class EnrolmentChallenge(models.Model):
    """The secret in one downloaded profile: good for one certificate. Stored as its SHA-256."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    profile = models.ForeignKey(EnrolmentProfile, on_delete=models.CASCADE, null=True, related_name="challenges")
    renews = models.ForeignKey(
        AppleEnrolment, on_delete=models.CASCADE, null=True, related_name="+", help_text="The enrolment it renews"
    )
    dep_profile = models.ForeignKey(
        "onboarding.DepProfile", on_delete=models.SET_NULL, null=True, related_name="+", help_text="Asked for in set-up"
    )
    serial = models.CharField(max_length=128, blank=True, editable=False, help_text="Of the one device it is good for")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"Challenge of {self.created_at:%Y-%m-%d %H:%M}"


class IdentityCertificate(models.Model):
    """A certificate that a tenant's authority issued to a device."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="identity_certificates")
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    serial_number = models.CharField(max_length=64, editable=False)
    subject = models.CharField(max_length=500, editable=False)
    certificate = models.TextField(editable=False, help_text="PEM")
    transaction_id = models.CharField(max_length=255, blank=True, editable=False)
    challenge = models.OneToOneField(
        EnrolmentChallenge, on_delete=models.SET_NULL, null=True, related_name="identity", editable=False
    )
    renews = models.ForeignKey(
        AppleEnrolment, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Known before Authenticate"
    )
    enrolment = models.ForeignKey(
        AppleEnrolment,
        on_delete=models.CASCADE,
        null=True,
        related_name="identities",
        editable=False,
        help_text="Whose identity it is or was; never another one's",
    )
    not_after = models.DateTimeField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.subject
