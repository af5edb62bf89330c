"""A device's place in the Apple channel: who it is by certificate, and how to wake it."""

import uuid

from django.db import models
from django.utils import timezone

from devices.models import Device
from tenants.models import Tenant
from tenants.sealing import SealedField


class AppleEnrolment(models.Model):
    """One channel of one enrolled device.

    The device channel carries commands. A Mac's user channels are kept beside it (their tokens differ) and get none.
    Pushed to and given commands only while `enabled_at` is set: Authenticate clears it, TokenUpdate sets it.
    """

    class Channel(models.TextChoices):
        DEVICE = "device"
        USER = "user"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="+", db_index=False
    )  # a constraint's leads
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="apple_enrolments")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.DEVICE)
    enrolment_id = models.CharField(max_length=255, help_text="UDID or EnrollmentID; user channels add :<user id>")
    user_id = models.CharField(max_length=255, blank=True)
    user_name = models.CharField(max_length=255, blank=True)
    topic = models.CharField(max_length=255, blank=True)

    certificate_sha256 = models.CharField(max_length=64, blank=True, help_text="The pinned identity")
    push_token = SealedField()
    push_magic = SealedField()
    unlock_token = SealedField()
    bootstrap_token = SealedField()
    awaiting_configuration = models.BooleanField(null=True, help_text="It waits in the set-up assistant")
    release_sent_at = models.DateTimeField(null=True, help_text="When it was last told that it is configured")

    authenticated_at = models.DateTimeField(null=True)
    enabled_at = models.DateTimeField(null=True)
    blocked_at = models.DateTimeField(null=True, help_text="Told to remove its management at the next contact")
    checked_out_at = models.DateTimeField(null=True)
    token_updates = models.PositiveIntegerField(default=0, help_text="TokenUpdates since Authenticate")

    wake_at = models.DateTimeField(null=True, help_text="When to push next; null while nothing waits for the device")
    pushed_at = models.DateTimeField(null=True, help_text="Last push that Apple took")
    push_failures = models.PositiveSmallIntegerField(default=0, help_text="In a row")
    push_token_dead_at = models.DateTimeField(null=True)
    push_error = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "enrolment_id"], name="apple_enrolment_id_once_per_tenant"),
            models.UniqueConstraint(
                fields=["device"], condition=models.Q(channel="device"), name="apple_enrolment_one_device_channel"
            ),
            models.UniqueConstraint(  # also finds the enrolment of a connecting device
                fields=["certificate_sha256"],
                condition=models.Q(channel="device") & ~models.Q(certificate_sha256=""),
                name="apple_enrolment_certificate_once",
            ),
        ]
        indexes = [
            models.Index(  # the devices to push now
                fields=["wake_at"], condition=models.Q(wake_at__isnull=False), name="apple_enrolment_to_wake"
            ),
            models.Index(  # those that wait in the set-up assistant
                fields=["enabled_at"],
                condition=models.Q(awaiting_configuration=True, enabled_at__isnull=False),
                name="apple_enrolment_awaiting",
            ),
        ]

    def __str__(self) -> str:
        return self.enrolment_id

    @property
    def is_enabled(self) -> bool:
        return self.enabled_at is not None

    @property
    def is_authenticated(self) -> bool:
        return self.authenticated_at is not None
