"""What a tenant bought at Apple (Apps and Books, VPP): a location with its token, and the licences in it.

https://developer.apple.com/documentation/devicemanagement/app-and-book-management
"""

import uuid

from django.db import models
from django.utils import timezone

from tenants.models import Tenant, VppToken
from tenants.sealing import SealedField

UNKNOWN_UID = "token:"  # how the uid of a location begins that Apple was not asked about yet
UNLIMITED = 2**31 - 1  # the count of licences of an asset without a limit


class VppLocation(models.Model):
    """Where licences lie. Its token is renewed each year and then another row; the location stays the same.

    With the token it hangs on, a location goes, its licences and assignments too.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="vpp_locations")
    token = models.OneToOneField(VppToken, on_delete=models.CASCADE, related_name="location")
    uid = models.CharField(max_length=64, editable=False, help_text="Apple's id of it; `token:…` until Apple told it")
    name = models.CharField(max_length=255, blank=True, editable=False)
    country = models.CharField(max_length=2, blank=True, editable=False)
    problem = models.CharField(max_length=255, blank=True, editable=False, help_text="Why nothing is done with it")
    problem_at = models.DateTimeField(null=True, editable=False)
    needs_token = models.BooleanField(default=False, editable=False, help_text="Apple takes the token no more")
    trouble = models.CharField(max_length=255, blank=True, editable=False, help_text="Of the last try; it goes on")
    take_over = models.BooleanField(default=False, editable=False, help_text="Claim it, whoever else has it")
    notification_secret = SealedField()  # what Apple sends along with notifications
    sync_due_at = models.DateTimeField(default=timezone.now, null=True, editable=False)
    sync_claimed_at = models.DateTimeField(null=True, editable=False, help_text="A worker is at it since")
    synced_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = "VPP location"
        constraints = [models.UniqueConstraint(fields=["tenant", "uid"], name="vpp_location_once_per_tenant")]
        indexes = [models.Index(fields=["sync_due_at"], name="vpp_location_due")]  # beat's sweep

    def __str__(self) -> str:
        return self.name or self.uid


class VppLicence(models.Model):
    """One product of a location. Free ones are counted from the assignments, not added up and down."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    location = models.ForeignKey(VppLocation, on_delete=models.CASCADE, related_name="licences")
    adam_id = models.CharField(max_length=20, editable=False)
    pricing_param = models.CharField(max_length=8, editable=False, help_text="STDQ or PLUS")
    product_type = models.CharField(max_length=16, blank=True, editable=False, help_text="App or Book")
    total_count = models.PositiveIntegerField(default=0, editable=False)
    assigned_count = models.PositiveIntegerField(default=0, editable=False)
    available_count = models.PositiveIntegerField(default=0, editable=False)
    retired_count = models.PositiveIntegerField(default=0, editable=False)
    is_device_assignable = models.BooleanField(default=True, editable=False)
    is_revocable = models.BooleanField(default=True, editable=False)
    supported_platforms = models.JSONField(default=list, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["adam_id"]
        verbose_name = "VPP licence"
        constraints = [
            models.UniqueConstraint(fields=["location", "adam_id", "pricing_param"], name="vpp_licence_once")
        ]
        indexes = [models.Index(fields=["tenant", "adam_id"], name="vpp_licence_of_app")]  # the list of the API

    def __str__(self) -> str:
        return f"{self.adam_id} ({self.pricing_param})"


class VppNotification(models.Model):
    """Which of Apple's notifications were taken: they are repeated. Written with what they changed."""

    location = models.ForeignKey(VppLocation, on_delete=models.CASCADE, related_name="+")
    notification_id = models.CharField(max_length=64, editable=False)
    kind = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["location", "notification_id"], name="vpp_notification_once")]
        indexes = [models.Index(fields=["received_at"], name="vpp_notification_age")]  # dropping old ones

    def __str__(self) -> str:
        return self.notification_id


class VppServiceConfig(models.Model):
    """Apple's service configuration: addresses, limits of a batch, error texts. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    document = models.JSONField(default=dict, editable=False)
    fetched_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="vpp_service_config_is_one")]

    def __str__(self) -> str:
        return f"Service configuration of {self.fetched_at:%Y-%m-%d}"
