"""The windows of scheduled requests, one by one."""

from django.db import models

from commands.models.request import CommandRequest


class ScheduleSlot(models.Model):
    """One window of one request in one time zone.

    `due_at` is its whole plan, as a timer: announced at once, opened at `opens_at`, closed at `closes_at`, then null.
    Its rows are made and ended in slices; `cursor` is the last device of the slice before.
    """

    class Phase(models.TextChoices):
        ANNOUNCING = "announcing"  # rows in Command Scheduled are being made
        WAITING = "waiting"
        OPENING = "opening"  # rows are being queued
        OPEN = "open"
        CLOSING = "closing"  # what is left is being ended
        CLOSED = "closed"

    request = models.ForeignKey(CommandRequest, on_delete=models.CASCADE, related_name="slots", db_index=False)
    zone = models.CharField(max_length=64)
    number = models.PositiveIntegerField(help_text="Counts local days; rows of a recurring request carry it")
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    phase = models.CharField(max_length=16, choices=Phase, default=Phase.ANNOUNCING)
    due_at = models.DateTimeField(null=True, help_text="When it needs work next; null when it is over")
    cursor = models.UUIDField(null=True, editable=False)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["opens_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["request", "zone", "number"], name="schedule_slot_once"),
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")), name="schedule_slot_forwards"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="schedule_slot_due"),
        ]

    def __str__(self) -> str:
        return f"{self.opens_at:%Y-%m-%d %H:%M} to {self.closes_at:%Y-%m-%d %H:%M} UTC"
