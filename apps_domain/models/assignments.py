"""Which device has which licence, and what Apple was asked about it.

WANTED -> SENT -> ASSIGNED; UNWANTED -> RELEASING -> gone. FAILED says why. Each move is a compare-and-set.
"""

import uuid

from django.db import models
from django.utils import timezone

from apps_domain.models.licences import VppLocation
from tenants.models import Tenant


class VppEvent(models.Model):
    """A request that Apple took for later: how it went comes by notification, or is asked for."""

    class Kind(models.TextChoices):
        ASSOCIATE = "associate"
        DISASSOCIATE = "disassociate"

    class State(models.TextChoices):
        PENDING = "pending"
        COMPLETE = "complete"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    location = models.ForeignKey(VppLocation, on_delete=models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=64, editable=False, help_text="Apple's")
    kind = models.CharField(max_length=16, choices=Kind, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING, editable=False)
    reason = models.CharField(max_length=255, blank=True, editable=False)
    check_at = models.DateTimeField(null=True, editable=False, help_text="When to ask Apple, if it said nothing")
    checks = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["location", "event_id"], name="vpp_event_once")]
        indexes = [
            models.Index(fields=["check_at"], condition=models.Q(state="pending"), name="vpp_event_to_check"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class VppAssignment(models.Model):
    class State(models.TextChoices):
        WANTED = "wanted"  # Apple is to be asked
        SENT = "sent"  # Apple was asked, and works on it
        ASSIGNED = "assigned"
        UNWANTED = "unwanted"  # Apple is to take it back
        RELEASING = "releasing"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    location = models.ForeignKey(VppLocation, on_delete=models.CASCADE, related_name="assignments")
    adam_id = models.CharField(max_length=20, editable=False)
    pricing_param = models.CharField(max_length=8, editable=False)
    serial = models.CharField(max_length=64, blank=True, editable=False)
    client_user_id = models.CharField(max_length=255, blank=True, editable=False, help_text="Of one made elsewhere")
    state = models.CharField(max_length=16, choices=State, editable=False)
    event = models.ForeignKey(VppEvent, on_delete=models.SET_NULL, null=True, related_name="assignments")
    reason = models.CharField(max_length=255, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    not_before = models.DateTimeField(default=timezone.now, editable=False, help_text="Of the next attempt")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "VPP assignment"
        constraints = [
            models.UniqueConstraint(
                fields=["location", "adam_id", "pricing_param", "serial", "client_user_id"], name="vpp_assignment_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "serial", "adam_id"], name="vpp_assignment_of_device"),  # an install
            models.Index(  # what a worker has to send
                fields=["location", "not_before"],
                condition=models.Q(state__in=["wanted", "unwanted"]),
                name="vpp_assignment_to_send",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.adam_id} for {self.serial or self.client_user_id}: {self.state}"
