"""What devices should be: blueprints, their immutable versions, and the images these name."""

import uuid

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from tenants.models import Tenant
from tenants.sealing import SealedField


class Blueprint(models.Model):
    """The same through all its versions; `name` is the latest one's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="blueprints", db_index=False)
    name = models.CharField(max_length=255)
    latest_version = models.ForeignKey(
        "devices.BlueprintVersion",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="Draft or published",
    )
    published_version = models.ForeignKey(
        "devices.BlueprintVersion",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The one that devices converge to",
    )
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                name="blueprint_name_once_per_tenant",
                violation_error_message="Another blueprint of this tenant has this name.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at", "id"], name="blueprint_list")]

    def __str__(self) -> str:
        return self.name


class BlueprintVersion(models.Model):
    """What a blueprint said at one time. Never changed: saving makes another.

    A draft counts up the minor number, publishing the major one: 0.1, 0.2, 1.0, 1.1, 2.0.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    blueprint = models.ForeignKey(Blueprint, on_delete=models.CASCADE, related_name="versions", db_index=False)
    version_number = models.PositiveIntegerField()
    minor_version_number = models.PositiveIntegerField()
    publish = models.BooleanField(default=False)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    comments = models.TextField(blank=True)
    settings = models.JSONField(default=dict, help_text="By platform; secret values masked")
    secret_settings = SealedField(help_text="JSON of the secret values, by their paths")
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-version_number", "-minor_version_number"]
        constraints = [
            models.UniqueConstraint(  # also lists a blueprint's versions
                fields=["blueprint", "version_number", "minor_version_number"], name="blueprint_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    @property
    def number(self) -> str:
        return f"{self.version_number}.{self.minor_version_number}"


class BlueprintImage(models.Model):
    """A wallpaper or a web clip's icon; versions name it by its id, so it is kept once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=32)
    image = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sha256"], name="blueprint_image_once_per_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.content_type} {self.sha256[:8]}"
