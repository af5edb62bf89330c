"""Bringing one device to the published version of its blueprint, and the commands that this takes."""

import uuid

from django.db import models
from django.utils import timezone

from commands.models.request import CommandRequest
from commands.models.status import CommandStatus
from devices.models import Blueprint, BlueprintVersion, Device
from tenants.models import Tenant


class Converge(models.Model):
    """What is to be done is found out when it begins, so it does only what differs then.

    A device's converges run one after the other. The row is the queue: a worker takes what is queued and due.
    """

    class Schedule(models.TextChoices):
        IMMEDIATE = "IMMEDIATE"
        WINDOW = "WINDOW"

    class Status(models.TextChoices):
        QUEUED = "QUEUED"
        PROCESSING = "PROCESSING"  # a worker compares
        IN_PROGRESS = "IN_PROGRESS"  # the device has commands to do
        SUCCESS = "SUCCESS"
        FAILURE = "FAILURE"

    BEGUN = (Status.PROCESSING, Status.IN_PROGRESS)
    OPEN = (Status.QUEUED, *BEGUN)

    class Cause(models.TextChoices):
        CALLER = "caller", "Asked for"
        COMMAND = "command", "Command"
        MOVE = "move", "Moved into a group"
        ENROLMENT = "enrolment", "Enrolment"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="converges", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="converges", db_index=False)
    blueprint = models.ForeignKey(Blueprint, on_delete=models.SET_NULL, null=True, related_name="+")
    blueprint_version = models.ForeignKey(BlueprintVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    converge_with_provision_option = models.BooleanField(default=False)
    reapply = models.BooleanField(default=False, help_text="Also what does not differ")
    cause = models.CharField(max_length=16, choices=Cause, default=Cause.CALLER)
    schedule_type = models.CharField(max_length=16, choices=Schedule, default=Schedule.IMMEDIATE)
    schedule_args = models.JSONField(default=dict, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="In which its window is meant")
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    reason = models.TextField(blank=True)
    stage = models.PositiveSmallIntegerField(default=0, help_text="The last whose commands were sent")
    not_before = models.DateTimeField(default=timezone.now, help_text="When it may begin")
    closes_at = models.DateTimeField(null=True, help_text="The end of its window")
    began_at = models.DateTimeField(null=True, editable=False, help_text="When it was last compared from the start")
    first_step = models.PositiveIntegerField(default=1, help_text="Those before it ended with an earlier window")
    command_status = models.OneToOneField(
        CommandStatus,
        on_delete=models.SET_NULL,
        null=True,
        related_name="converge",
        help_text="The row of a CONVERGE or UPDATE_BLUEPRINT command that it answers",
    )
    differences = models.JSONField(default=list, help_text="What differed when it began; secrets masked")
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["QUEUED", "PROCESSING", "IN_PROGRESS", "SUCCESS", "FAILURE"]),
                name="converge_status_known",
            ),
            models.UniqueConstraint(
                fields=["device"],
                condition=models.Q(status__in=["PROCESSING", "IN_PROGRESS"]),
                name="converge_one_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "id"], name="converge_list"),
            models.Index(fields=["device", "-created_at", "id"], name="converge_of_device"),
            models.Index(  # what a worker may begin with
                fields=["not_before"], condition=models.Q(status__in=["QUEUED", "PROCESSING"]), name="converge_due"
            ),
            models.Index(  # what may have come to its end
                fields=["updated_at"], condition=models.Q(status="IN_PROGRESS"), name="converge_running"
            ),
            models.Index(  # what failed lately; the retention
                fields=["ended_at"], condition=models.Q(ended_at__isnull=False), name="converge_ended"
            ),
            models.Index(  # whose window may be over
                fields=["closes_at"],
                condition=models.Q(status="IN_PROGRESS", closes_at__isnull=False),
                name="converge_closing",
            ),
            models.Index(  # which of a device's comes first; whether one is open
                fields=["device", "not_before", "id"],
                condition=models.Q(status__in=["QUEUED", "PROCESSING", "IN_PROGRESS"]),
                name="converge_open_of_device",
            ),
        ]

    def __str__(self) -> str:
        return f"Converge of {self.created_at:%Y-%m-%d %H:%M}"


class ConvergeStep(models.Model):
    """One command of a converge: an internal request of its own, for the one device."""

    request = models.OneToOneField(CommandRequest, on_delete=models.CASCADE, primary_key=True, related_name="step")
    converge = models.ForeignKey(Converge, on_delete=models.CASCADE, related_name="steps", db_index=False)
    number = models.PositiveIntegerField(help_text="Its place among all of the converge")
    stage = models.PositiveSmallIntegerField(help_text="Sent when those of the stage before have ended")
    part = models.CharField(max_length=255, help_text="Of the blueprint")
    title = models.CharField(max_length=255, help_text="What it is about, for people")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="What is remembered when it has succeeded")
    is_removal = models.BooleanField(default=False)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["converge", "number"], name="converge_step_once"),
        ]

    def __str__(self) -> str:
        return self.title
