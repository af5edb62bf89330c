"""Apps of Apple's store as a tenant looked them up: Apple's record, kept, under ids of ours that never change."""

import uuid

from django.db import models
from django.utils import timezone

from tenants.models import Tenant


class StoreApp(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="store_apps")
    apple_app_id = models.CharField(max_length=20, editable=False, help_text="Apple's id, digits (adamId, trackId)")
    country = models.CharField(max_length=2, editable=False, help_text="Of the store it was found in, lower case")
    bundle_id = models.CharField(max_length=255, blank=True, editable=False)
    name = models.CharField(max_length=255, blank=True, editable=False)
    developer = models.CharField(max_length=255, blank=True, editable=False)
    icon_url = models.URLField(max_length=500, blank=True, editable=False)
    itunes_url = models.URLField(max_length=500, blank=True, editable=False)
    genres = models.JSONField(default=list, editable=False)
    device_families = models.JSONField(default=list, editable=False)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, editable=False)
    size = models.BigIntegerField(null=True, editable=False, help_text="Bytes")
    minimum_os_version = models.CharField(max_length=32, blank=True, editable=False)
    description = models.TextField(blank=True, editable=False)
    pricing_param = models.CharField(max_length=8, blank=True, editable=False)
    updated_in_store_at = models.DateTimeField(null=True, editable=False)
    current_version = models.ForeignKey(
        "StoreAppVersion", on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    refreshed_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When Apple answered last; None: never asked, only ids are known",
    )
    refresh_not_before = models.DateTimeField(
        null=True, editable=False, help_text="Until then a worker is at it, or waits after a failure"
    )
    refresh_wanted_at = models.DateTimeField(
        null=True, editable=False, help_text="A caller was served this record when it was old"
    )
    missing_since = models.DateTimeField(null=True, editable=False, help_text="Apple's store lists it no more")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "apple_app_id"], name="store_app_once_per_tenant")]
        indexes = [
            models.Index(fields=["tenant", "bundle_id"], name="store_app_of_bundle"),  # what a device reports
            models.Index(fields=["refreshed_at"], name="store_app_age"),  # the sweep for old ones
        ]

    def __str__(self) -> str:
        return self.name or self.apple_app_id


class StoreAppVersion(models.Model):
    """A version that the store showed at some time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app = models.ForeignKey(StoreApp, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=64, editable=False)
    seen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-seen_at"]
        constraints = [models.UniqueConstraint(fields=["app", "version"], name="store_app_version_once")]

    def __str__(self) -> str:
        return self.version
