"""What a caller asked for: one command, its arguments, its targets, its schedule."""

import uuid
from typing import Any

import orjson
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from tenants.models import Tenant
from tenants.sealing import SealedField


class CommandRequest(models.Model):
    class CommandType(models.TextChoices):
        DEVICE = "DEVICE"
        GROUP = "GROUP"
        DYNAMIC = "DYNAMIC"

    class DeviceType(models.TextChoices):
        ACTIVE = "active"
        INACTIVE = "inactive"
        ALL = "all"

    class Schedule(models.TextChoices):
        IMMEDIATE = "IMMEDIATE"
        WINDOW = "WINDOW"
        RECURRING = "RECURRING"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="command_requests", db_index=False)
    command_type = models.CharField(max_length=16, choices=CommandType)
    devices = ArrayField(models.UUIDField(), default=list, blank=True)
    groups = ArrayField(models.UUIDField(), default=list, blank=True)
    device_type = models.CharField(max_length=16, choices=DeviceType, default=DeviceType.ALL)
    command = models.CharField(max_length=64)
    command_args = models.JSONField(default=dict, blank=True, help_text="Secret ones masked")
    secret_args = SealedField(help_text="JSON of the secret arguments")
    schedule = models.CharField(max_length=16, choices=Schedule, default=Schedule.IMMEDIATE)
    schedule_args = models.JSONField(default=dict, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="The caller's, in which its schedule is meant")
    ends_at = models.DateTimeField(null=True, editable=False, help_text="End of its schedule")
    reason = models.TextField(blank=True)
    is_internal = models.BooleanField(default=False, help_text="Issued by the platform, not by a caller")
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    fan_out_cursor = models.UUIDField(null=True, editable=False, help_text="The last device that has its row")
    fanned_out_at = models.DateTimeField(null=True, editable=False)
    prepared_at = models.DateTimeField(null=True, editable=False, help_text="When a worker had fetched what it needs")
    prepare_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    refusal = models.TextField(blank=True, editable=False, help_text="Why no device can be given it")
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_by = models.CharField(max_length=150, blank=True, default="", db_default="", editable=False)
    cancel_finished_at = models.DateTimeField(
        null=True, editable=False, help_text="When the last of its waiting rows had been cancelled"
    )
    archived_counts = models.JSONField(default=dict, editable=False, help_text="Rows already deleted, by state")
    pruned_at = models.DateTimeField(null=True, editable=False, help_text="When the last of its rows was deleted")

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(command_type__in=["DEVICE", "GROUP", "DYNAMIC"]), name="command_request_type_known"
            ),
            models.CheckConstraint(
                condition=models.Q(schedule__in=["IMMEDIATE", "WINDOW", "RECURRING"]),
                name="command_request_schedule_known",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "id"], name="command_request_list"),
            models.Index(fields=["tenant", "command", "-created_at"], name="command_request_of_command"),
            GinIndex(fields=["devices"], name="command_request_devices"),  # filter `devices`
            GinIndex(fields=["groups"], name="command_request_groups"),  # filter `groups`
            models.Index(  # the sweep for requests whose fan-out was cut off
                fields=["created_at"], condition=models.Q(fanned_out_at__isnull=True), name="command_request_unfanned"
            ),
            models.Index(  # the sweep for time zones that joined a schedule
                fields=["ends_at"], condition=~models.Q(schedule="IMMEDIATE"), name="command_request_schedules"
            ),
            models.Index(  # the sweep for cancelled requests whose rows still wait
                fields=["cancelled_at"],
                condition=models.Q(cancelled_at__isnull=False, cancel_finished_at__isnull=True),
                name="command_request_cancelling",
            ),
            models.Index(  # the walk of the retention
                fields=["created_at"], condition=models.Q(pruned_at__isnull=True), name="command_request_unpruned"
            ),
        ]

    def all_arguments(self) -> dict[str, Any]:
        """The arguments with the secret ones opened, for delivery."""
        return {**self.command_args, **(orjson.loads(self.secret_args) if self.secret_args else {})}

    def __str__(self) -> str:
        return f"{self.command} {self.created_at:%Y-%m-%d %H:%M}"
