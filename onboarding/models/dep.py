"""What Apple's device assignment service (DEP) says, and what we want of it.

https://developer.apple.com/documentation/devicemanagement/device-assignment
"""

import uuid

from django.db import models
from django.utils import timezone

from devices.models import Device, DeviceGroup
from onboarding.models.enrolment import new_link_token
from tenants.models import Tenant


class DepProfile(models.Model):
    """How devices set themselves up when they are switched on. One of a tenant's is for all that have no other.

    Apple calls it a profile too; it knows ours by a uuid of its own for each server (`DepProfileDefinition`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="dep_profiles")
    name = models.CharField(max_length=125, help_text="As Apple is told it")  # Apple takes no longer one
    token = models.CharField(
        max_length=64, unique=True, default=new_link_token, editable=False, help_text="Of the enrolment URL"
    )
    is_default = models.BooleanField(default=False, help_text="For devices that were given no other")
    group = models.ForeignKey(
        DeviceGroup, on_delete=models.SET_NULL, null=True, blank=True, help_text="Where its devices land"
    )
    show_setup_items = models.JSONField(default=list, blank=True, help_text="Panes that are shown; none: all skipped")
    auto_advance_setup = models.BooleanField(default=True, help_text="Apple TVs and Macs set up by themselves")
    is_supervised = models.BooleanField(default=True)
    is_mandatory = models.BooleanField(default=True, help_text="Nobody can skip enrolment")
    is_mdm_removable = models.BooleanField(default=False, help_text="Whoever has the device can remove management")
    allow_pairing = models.BooleanField(default=True, help_text="It may be paired with other computers")
    await_device_configured = models.BooleanField(
        default=True, help_text="The set-up assistant waits for the first converge"
    )
    language = models.CharField(max_length=16, blank=True, help_text="ISO 639-1, such as en; for auto-advance")
    region = models.CharField(max_length=16, blank=True, help_text="ISO 3166-1, such as US; for auto-advance")
    department = models.CharField(max_length=125, blank=True)
    support_phone_number = models.CharField(max_length=50, blank=True)
    support_email_address = models.EmailField(max_length=250, blank=True)
    minimum_os_version = models.CharField(
        max_length=32, blank=True, help_text="iPhones and iPads that are older update before they enrol"
    )
    minimum_macos_version = models.CharField(
        max_length=32, blank=True, help_text="Macs that are older update before they enrol"
    )
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = "DEP profile"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_default=True), name="dep_profile_one_default"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DepServer(models.Model):
    """An MDM server in Apple Business Manager whose token a tenant has; the tokens of later years are the same one's.

    A worker that reads it or assigns for it holds a claim, which runs out if it is not renewed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="dep_servers")
    server_key = models.CharField(max_length=64, editable=False, help_text="As on its tokens")
    name = models.CharField(max_length=255, blank=True, editable=False, help_text="At Apple")
    account = models.JSONField(default=dict, editable=False, help_text="Apple's account detail, without people")
    profile = models.ForeignKey(
        DepProfile,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="servers",
        help_text="For its devices; without one, the tenant's default",
    )
    cursor = models.TextField(blank=True, editable=False, help_text="Saved once all before it is stored")
    cursor_at = models.DateTimeField(null=True, editable=False)
    fetch_began_at = models.DateTimeField(
        null=True, editable=False, help_text="Of the full list that is being read; none: changes are"
    )
    problem = models.CharField(max_length=255, blank=True, editable=False, help_text="What somebody must mend")
    problem_code = models.CharField(max_length=64, blank=True, editable=False, help_text="Apple's word for it")
    problem_at = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(max_length=255, blank=True, editable=False, help_text="Of the last try; it goes on")
    sync_due_at = models.DateTimeField(default=timezone.now, editable=False)
    assign_due_at = models.DateTimeField(null=True, editable=False, help_text="Profiles are to be assigned")
    claimed_at = models.DateTimeField(null=True, editable=False, help_text="A worker is at it since")
    synced_at = models.DateTimeField(null=True, editable=False)
    sync = models.ForeignKey(
        "DepSync",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="servers",
        help_text="Which took it up last",
    )
    token_seen_at = models.DateTimeField(
        null=True, editable=False, help_text="When the token was changed that made it due last"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = "DEP server"
        constraints = [models.UniqueConstraint(fields=["tenant", "server_key"], name="dep_server_once_per_tenant")]
        indexes = [
            models.Index(fields=["sync_due_at"], name="dep_server_to_sync"),  # beat
            models.Index(  # beat
                fields=["assign_due_at"], condition=models.Q(assign_due_at__isnull=False), name="dep_server_to_assign"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Server of {self.created_at:%Y-%m-%d}"


class DepProfileDefinition(models.Model):
    """A profile as one of Apple's servers knows it. Defined anew, under another uuid, when what it says changed."""

    profile = models.ForeignKey(DepProfile, on_delete=models.CASCADE, related_name="definitions")
    server = models.ForeignKey(DepServer, on_delete=models.CASCADE, related_name="definitions")
    profile_uuid = models.CharField(max_length=128, blank=True, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False, help_text="SHA-256 of what Apple was told")
    problem = models.CharField(max_length=255, blank=True, editable=False, help_text="Why Apple did not take it")
    defined_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "server"], name="dep_profile_once_per_server")]

    def __str__(self) -> str:
        return self.profile_uuid or "Not defined yet"


class DepDevice(models.Model):
    """A device in Apple's list. The columns up to `seen_at` are Apple's word; times are Apple's too."""

    class Result(models.TextChoices):
        SUCCESS = "SUCCESS"
        NOT_ACCESSIBLE = "NOT_ACCESSIBLE"
        FAILED = "FAILED"
        THROTTLED = "THROTTLED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    server = models.ForeignKey(DepServer, on_delete=models.CASCADE, related_name="devices", db_index=False)
    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="dep_device")
    serial = models.CharField(max_length=128, editable=False)
    model = models.CharField(max_length=255, blank=True, editable=False)
    description = models.CharField(max_length=255, blank=True, editable=False)
    color = models.CharField(max_length=64, blank=True, editable=False)
    asset_tag = models.CharField(max_length=128, blank=True, editable=False)
    device_family = models.CharField(max_length=32, blank=True, editable=False)
    os = models.CharField(max_length=32, blank=True, editable=False)
    device_assigned_by = models.CharField(max_length=255, blank=True, editable=False)
    device_assigned_at = models.DateTimeField(null=True, editable=False)
    profile_status = models.CharField(max_length=16, blank=True, editable=False)
    profile_uuid = models.CharField(max_length=128, blank=True, editable=False)
    profile_assigned_at = models.DateTimeField(null=True, editable=False)
    profile_pushed_at = models.DateTimeField(null=True, editable=False)
    op_type = models.CharField(max_length=16, blank=True, editable=False)
    op_at = models.DateTimeField(null=True, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False, help_text="It left the server")
    seen_at = models.DateTimeField(default=timezone.now, editable=False, help_text="When the page was read it is from")

    own_profile = models.ForeignKey(
        DepProfile,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="devices",
        help_text="Instead of its server's or the tenant's",
    )
    assigned_uuid = models.CharField(max_length=128, blank=True, editable=False, help_text="Which of ours Apple took")
    assign_result = models.CharField(max_length=16, choices=Result, blank=True, editable=False)
    assign_reason = models.CharField(max_length=255, blank=True, editable=False)
    assign_tries = models.PositiveSmallIntegerField(default=0, editable=False, help_text="Without success, in a row")
    assign_not_before = models.DateTimeField(null=True, editable=False)
    assign_tried_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["serial"]
        verbose_name = "DEP device"
        constraints = [
            models.UniqueConstraint(  # also finds the device that asks for its enrolment profile
                fields=["tenant", "serial"],
                name="dep_device_once_per_tenant",
            )
        ]
        indexes = [
            models.Index(fields=["server", "seen_at"], name="dep_device_of_server"),  # what a full list has no more
            models.Index(  # what is to be assigned
                fields=["server", "assigned_uuid"],
                condition=models.Q(removed_at__isnull=True),
                name="dep_device_assigned",
            ),
        ]

    def __str__(self) -> str:
        return self.serial


class DepSync(models.Model):
    """A reading of those of a tenant's servers that are due (`DepServer.sync_due_at`). One at a time per tenant."""

    class Status(models.TextChoices):
        QUEUED = "QUEUED"
        INPROGRESS = "INPROGRESS"
        COMPLETE = "COMPLETE", "COMPLETE: some devices failed"
        FAILURE = "FAILURE"
        SUCCESS = "SUCCESS"

    OPEN = (Status.QUEUED, Status.INPROGRESS)

    class Cause(models.TextChoices):
        CALLER = "CALLER"
        SCHEDULE = "SCHEDULE"
        TOKEN = "TOKEN", "A token was uploaded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="dep_syncs")
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    cause = models.CharField(max_length=16, choices=Cause, default=Cause.CALLER)
    failure_reason = models.TextField(blank=True, editable=False)
    added = models.PositiveIntegerField(default=0, editable=False)
    modified = models.PositiveIntegerField(default=0, editable=False)
    deleted = models.PositiveIntegerField(default=0, editable=False)
    assigned = models.PositiveIntegerField(default=0, editable=False, help_text="Devices that were given a profile")
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = "DEP sync"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(status__in=["QUEUED", "INPROGRESS"]), name="dep_sync_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "id"], name="dep_sync_list"),  # the list of the API
            models.Index(fields=["ended_at"], name="dep_sync_age"),  # dropping old ones
        ]

    def __str__(self) -> str:
        return f"Sync of {self.created_at:%Y-%m-%d %H:%M}"


class DepSyncFailure(models.Model):
    """What a sync could not do for one device."""

    sync = models.ForeignKey(DepSync, on_delete=models.CASCADE, related_name="failures")
    serial = models.CharField(max_length=128, editable=False)
    reason = models.CharField(max_length=255, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["sync", "serial"], name="dep_sync_failure_once")]

    def __str__(self) -> str:
        return f"{self.serial}: {self.reason}"
