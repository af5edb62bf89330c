"""Devices that are known before they come: which blueprint, group and alias a serial number, UDID or IMEI gets."""

import uuid

from django.db import models
from django.utils import timezone

from devices.models import Blueprint, Device, DeviceGroup, Platform
from tenants.models import Tenant


class SeamlessUpload(models.Model):
    """What was handed in at once: a file, or a body. Its rows are worked off one slice after the other."""

    class Source(models.TextChoices):
        API = "API", "API: identifiers"
        API_FILE = "API_FILE", "API: file"
        CONSOLE = "CONSOLE", "Console"
        COMMAND_LINE = "COMMAND_LINE", "Command line"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="seamless_uploads")
    source = models.CharField(max_length=16, choices=Source)
    file_name = models.CharField(max_length=255, blank=True, editable=False)
    passed_over = models.JSONField(default=list, editable=False, help_text="Titles of columns that mean nothing here")
    row_count = models.PositiveIntegerField(default=0, editable=False)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False, help_text="All its rows are SUCCESS or FAILED")

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(  # what is to be worked off
                fields=["created_at"], condition=models.Q(ended_at__isnull=True), name="seamless_upload_open"
            )
        ]

    def __str__(self) -> str:
        return self.file_name or f"{self.get_source_display()}, {self.created_at:%Y-%m-%d %H:%M}"


class IdentifierKind(models.IntegerChoices):
    """`unique_id_type`: a number where it comes in, its name where it goes out."""

    IMEI = 1, "IMEI"
    SERIAL = 2, "SERIAL"
    UUID = 3, "UUID"


class SeamlessRow(models.Model):
    """A line of a file, or one identifier of a body, and what became of it."""

    class Status(models.TextChoices):
        IN_QUEUE = "IN_QUEUE"
        IN_PROGRESS = "IN_PROGRESS"
        SUCCESS = "SUCCESS"
        FAILED = "FAILED"

    OPEN = (Status.IN_QUEUE, Status.IN_PROGRESS)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    upload = models.ForeignKey(SeamlessUpload, on_delete=models.CASCADE, related_name="rows", db_index=False)
    line = models.PositiveIntegerField(editable=False, help_text="In the file, its header being 1")
    cells = models.JSONField(default=dict, editable=False, help_text="As they were read, by the names of the columns")
    assigned_blueprint_id = models.UUIDField(null=True, editable=False)
    group_id = models.UUIDField(null=True, editable=False)
    alias = models.CharField(max_length=255, blank=True, editable=False)
    unique_ids = models.CharField(max_length=1024, blank=True, editable=False)
    unique_id_type = models.PositiveSmallIntegerField(
        choices=IdentifierKind, default=IdentifierKind.SERIAL, editable=False
    )
    platform = models.CharField(max_length=16, choices=Platform, default=Platform.APPLE, editable=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.IN_QUEUE)
    meta = models.JSONField(null=True, editable=False, help_text="`reason` and `code` of a failure")
    created_at = models.DateTimeField(default=timezone.now, editable=False, help_text="Of its upload")
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["line", "id"]
        constraints = [models.UniqueConstraint(fields=["upload", "line"], name="seamless_row_once_per_upload")]
        indexes = [
            models.Index(fields=["upload", "status", "line"], name="seamless_row_of_status"),  # work, filters, counts
            models.Index(  # the list without an upload
                fields=["tenant", "-created_at", "upload", "line"], name="seamless_row_of_tenant"
            ),
        ]

    def __str__(self) -> str:
        return f"Line {self.line}: {self.unique_ids}"


class SeamlessRegistration(models.Model):
    """What the device gets that comes with one of its identifiers. Given once; a later row makes it due again.

    Without a blueprint of its own the device is to have that of its group.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="seamless_registrations")
    row = models.ForeignKey(SeamlessRow, on_delete=models.SET_NULL, null=True, related_name="+", editable=False)
    blueprint = models.ForeignKey(Blueprint, on_delete=models.SET_NULL, null=True, related_name="+")
    group = models.ForeignKey(DeviceGroup, on_delete=models.SET_NULL, null=True, related_name="+")
    alias = models.CharField(max_length=255, blank=True)
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, related_name="+", editable=False)
    applied_at = models.DateTimeField(null=True, editable=False, help_text="The device has it; none: not come yet")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-updated_at", "id"]

    def __str__(self) -> str:
        return str(self.pk)


class SeamlessIdentifier(models.Model):
    """One identifier of a registration, in the one spelling it is compared in (upper case; IMEIs are digits)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    registration = models.ForeignKey(SeamlessRegistration, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.PositiveSmallIntegerField(choices=IdentifierKind)
    value = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind", "value"], name="seamless_identifier_once_per_tenant")
        ]

    def __str__(self) -> str:
        return self.value
