"""One command on one device. The row is the device's queue: there is no second one.

State names are the API's. `MOVES` is the whole table of allowed moves; every move is a compare-and-set.
"""

import uuid

from django.db import models
from django.utils import timezone

from commands.models.request import CommandRequest
from commands.models.slot import ScheduleSlot
from devices.models import Device
from tenants.models import Tenant


class State(models.TextChoices):
    QUEUED = "Command Queued"
    INITIATED = "Command Initiated"
    ACKNOWLEDGED = "Command Acknowledged"
    IN_PROGRESS = "Command In Progress"
    TIMEOUT = "Command TimeOut"
    SUCCESS = "Command Success"
    FAILURE = "Command Failure"
    SCHEDULED = "Command Scheduled"
    CANCELLED = "Command Cancelled"


MOVES: dict[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.QUEUED, State.CANCELLED, State.TIMEOUT}),
    State.QUEUED: frozenset({State.INITIATED, State.CANCELLED, State.SCHEDULED, State.TIMEOUT, State.FAILURE}),
    State.INITIATED: frozenset(
        {State.ACKNOWLEDGED, State.IN_PROGRESS, State.SUCCESS, State.FAILURE, State.TIMEOUT, State.QUEUED}
    ),
    State.ACKNOWLEDGED: frozenset({State.IN_PROGRESS, State.SUCCESS, State.FAILURE, State.TIMEOUT}),
    State.IN_PROGRESS: frozenset({State.SUCCESS, State.FAILURE, State.TIMEOUT}),
    State.TIMEOUT: frozenset({State.SUCCESS, State.FAILURE}),  # a late report
    State.SUCCESS: frozenset(),
    State.FAILURE: frozenset(),
    State.CANCELLED: frozenset(),
}
OPEN = tuple(state for state in MOVES if MOVES[state] and state is not State.TIMEOUT)  # not ended yet
FINAL = frozenset(state for state, moves in MOVES.items() if not moves)
AWAITING = (State.INITIATED, State.ACKNOWLEDGED, State.IN_PROGRESS)  # the device has it and owes an answer
DELIVERABLE = (State.QUEUED, *AWAITING)  # offered until a final answer
CANCELLABLE = tuple(state for state, moves in MOVES.items() if State.CANCELLED in moves)


def sources_of(target: State) -> tuple[State, ...]:
    """The states from which a row may move to `target`."""
    return tuple(state for state, moves in MOVES.items() if target in moves)


class CommandStatus(models.Model):
    State = State

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Indexes below begin with each of the three, so none has one of its own.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    request = models.ForeignKey(CommandRequest, on_delete=models.CASCADE, related_name="statuses", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="command_statuses", db_index=False)
    slot = models.ForeignKey(
        ScheduleSlot, on_delete=models.SET_NULL, null=True, related_name="statuses", db_index=False
    )  # the partial index below serves what asks for it
    occurrence = models.PositiveIntegerField(default=0, help_text="Number of a recurring request's slot")
    state = models.CharField(max_length=24, choices=State)
    reason = models.TextField(blank=True)
    not_before = models.DateTimeField(help_text="Queue order; never delivered earlier")
    closes_at = models.DateTimeField(null=True, help_text="Never delivered later: the end of its window")
    expires_at = models.DateTimeField(null=True, help_text="When we stop waiting for the device's answer")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Deliveries since the device's last answer")
    requeues = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Times it was queued again after it failed"
    )
    step = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Of a command that takes several")
    ends_recurrence = models.BooleanField(
        default=False, db_default=False, help_text="Cancelled ahead: no further slot for this device"
    )
    sent_at = models.DateTimeField(null=True)
    not_now_at = models.DateTimeField(null=True, help_text="Set while the device has put it off")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name_plural = "command statuses"
        constraints = [
            models.UniqueConstraint(  # also serves the rows of one request
                fields=["request", "device", "occurrence"], name="command_status_once_per_device_and_slot"
            ),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="command_status_state_known"),
        ]
        indexes = [
            models.Index(  # the next command of a device; the sweep for devices to wake
                fields=["device", "not_before", "id"],
                condition=models.Q(state__in=DELIVERABLE),
                name="command_status_queue",
            ),
            models.Index(  # the sweep for answers that are overdue
                fields=["expires_at"], condition=models.Q(state__in=AWAITING), name="command_status_overdue"
            ),
            models.Index(  # what is left in a window when it closes
                fields=["slot"],
                condition=models.Q(state__in=OPEN, slot__isnull=False),
                name="command_status_of_slot",
            ),
            models.Index(  # those that could not be given the command at all
                fields=["request"],
                condition=models.Q(state=State.FAILURE, sent_at__isnull=True),
                name="command_status_refused",
            ),
            models.Index(  # devices that somebody took out of a recurrence
                fields=["request", "device"],
                condition=models.Q(ends_recurrence=True),
                name="command_status_ends_recurrence",
            ),
            models.Index(fields=["tenant", "-created_at", "id"], name="command_status_list"),
            models.Index(fields=["tenant", "state", "-created_at", "id"], name="command_status_of_state"),
            models.Index(fields=["device", "-created_at", "id"], name="command_status_of_device"),
            models.Index(  # the list of one request, and its stats as an index-only aggregate
                fields=["request", "-created_at", "id"], include=["state"], name="command_status_of_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} on {self.device_id}"


class CommandResult(models.Model):
    """What the device answered, kept RESULT_RETENTION_DAYS for support."""

    status = models.OneToOneField(CommandStatus, on_delete=models.CASCADE, primary_key=True, related_name="result")
    payload = models.JSONField(default=dict)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="command_result_age")]  # dropping old ones

    def __str__(self) -> str:
        return f"Result of {self.status_id}"
