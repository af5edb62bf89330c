"""One table of devices for both platforms; the field names are the API's (device object of the device routes)."""

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT
from django.db.models.functions import Upper
from django.utils import timezone

from devices.models.blueprint import Blueprint, BlueprintVersion
from devices.models.group import DeviceGroup
from tenants.models import Tenant


class Platform(models.TextChoices):
    ANDROID = "ANDROID", "Android"
    APPLE = "APPLE", "Apple"


class DeviceState(models.IntegerChoices):
    UNSPECIFIED = 0, "Unspecified"
    ACTIVE = 1, "Active"
    DISABLED = 20, "Disabled"
    PROVISIONING_BEGIN = 30, "Provisioning begins"
    GOOGLE_PLAY_CONFIGURATION = 40, "Google Play configuration"
    POLICY_APPLICATION_IN_PROGRESS = 50, "Applying policies"
    INACTIVE = 60, "Inactive"
    WIPE_IN_PROGRESS = 70, "Wipe in progress"
    ONBOARDING_IN_PROGRESS = 80, "Onboarding in progress"
    ONBOARDING_FAILED = 90, "Onboarding failed"
    ONBOARDED = 100, "Onboarded"
    AFW_ACCOUNT_ADDED = 110, "Android for Work account added"
    APPS_INSTALLED = 120, "Apps installed"
    BRANDING_PROCESSED = 130, "Branding processed"
    PERMISSION_POLICY_PROCESSED = 140, "Permission policy processed"
    DEVICE_POLICY_PROCESSED = 150, "Device policy processed"
    DEVICE_SETTINGS_PROCESSED = 160, "Device settings processed"
    SECURITY_POLICY_PROCESSED = 170, "Security policy processed"
    PHONE_POLICY_PROCESSED = 180, "Phone policy processed"
    CUSTOM_SETTINGS_PROCESSED = 190, "Custom settings processed"
    REGISTERED = 200, "Registered"


APPLE_STATES = (0, 1, 20, 70, 80, 90, 100, 200)

# What `search` looks through, one line per value so that a match never spans two of them: name, serial, imei and model
# of every device; udid of Apple ones; iccid, phone number, brand, wifi, manufacturer and hardware of Android ones.
SEARCH_TEXT_SQL = """
lower(
    name || chr(10) || alias || chr(10) || serial || chr(10) ||
    coalesce(network_info->>'imei1', '') || chr(10) || coalesce(network_info->>'imei2', '') || chr(10) ||
    coalesce(hardware_info->>'model', '') || chr(10) ||
    CASE WHEN platform = 'APPLE' THEN udid ELSE
        coalesce(network_info->>'iccid1', '') || chr(10) || coalesce(network_info->>'iccid2', '') || chr(10) ||
        coalesce(network_info->>'phone_number_1', '') || chr(10) ||
        coalesce(network_info->>'phone_number_2', '') || chr(10) ||
        coalesce(hardware_info->>'brand', '') || chr(10) || coalesce(hardware_info->>'manufacturer', '') || chr(10) ||
        coalesce(hardware_info->>'hardware', '') || chr(10) ||
        coalesce(network_info->>'wifi_mac_address', '') || chr(10) ||
        coalesce(network_stats->'wifi_network_info'->>'wifi_ssid', '')
    END
)
"""


class Device(models.Model):
    class Os(models.TextChoices):
        IOS = "iOS"
        IPADOS = "iPadOS"
        TVOS = "tvOS"
        MACOS = "macOS"
        ANDROID = "Android"

    class Source(models.TextChoices):
        ABM = "ABM", "Apple Business Manager"
        NON_ABM = "NON_ABM", "Other"

    class DepProfileStatus(models.TextChoices):
        EMPTY = "empty"
        ASSIGNED = "assigned"
        PUSHED = "pushed"
        REMOVED = "removed"

    class UpgradeStatus(models.TextChoices):
        """How it stands to its blueprint; see devices.standings."""

        UPGRADABLE = "UPGRADABLE"
        UPGRADE_INITIATED = "UPGRADE_INITIATED"
        UPGRADE_FAILED = "UPGRADE_FAILED"
        UPGRADED = "UPGRADED"
        NOT_UPGRADABLE = "NOT_UPGRADABLE"
        NOT_APPLICABLE = "NOT_APPLICABLE"

    class ConvergeStatus(models.TextChoices):
        NONE = "", "None"
        OPEN = "OPEN", "Open"
        FAILED = "FAILED", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="devices", db_index=False)
    platform = models.CharField(max_length=16, choices=Platform)
    os = models.CharField(max_length=16, choices=Os, blank=True)
    os_version = models.CharField(max_length=64, blank=True)
    state = models.PositiveSmallIntegerField(choices=DeviceState, default=DeviceState.UNSPECIFIED)
    name = models.CharField(max_length=255, blank=True)
    alias = models.CharField(max_length=255, blank=True)
    serial = models.CharField(max_length=128, blank=True)
    udid = models.CharField(max_length=128, blank=True)
    global_device_id = models.CharField(max_length=128, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="As the device reports it; blank if it does not")
    group = models.ForeignKey(DeviceGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="devices")

    hardware_info = models.JSONField(default=dict, blank=True)
    software_info = models.JSONField(default=dict, blank=True)
    network_info = models.JSONField(default=dict, blank=True)
    memory_info = models.JSONField(default=dict, blank=True)
    security_info = models.JSONField(default=dict, blank=True, help_text="Apple's SecurityInfo, as last reported")
    network_stats = models.JSONField(default=dict, blank=True)
    location_stats = models.JSONField(default=dict, blank=True)
    battery_level = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Percent")

    assigned_blueprint = models.ForeignKey(
        Blueprint,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Its own; without one, its group's counts",
    )
    current_blueprint = models.ForeignKey(
        Blueprint, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    current_blueprint_version = models.ForeignKey(
        BlueprintVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    converge_status = models.CharField(
        max_length=8,
        choices=ConvergeStatus,
        default=ConvergeStatus.NONE,
        db_default=ConvergeStatus.NONE,
        blank=True,
        help_text="Of its latest converge; blank if that succeeded or there was none",
    )

    device_source = models.CharField(max_length=16, choices=Source, blank=True)
    dep_profile = models.CharField(max_length=128, blank=True)
    dep_profile_status = models.CharField(max_length=16, choices=DepProfileStatus, blank=True)
    dep_profile_assign_time = models.DateTimeField(null=True, blank=True)
    dep_profile_push_time = models.DateTimeField(null=True, blank=True)
    enrolment_id = models.CharField(max_length=255, blank=True)
    enrolment_user_id = models.CharField(max_length=255, blank=True)
    is_supervised = models.BooleanField(null=True, blank=True)
    is_ddm_enabled = models.BooleanField(default=False)

    mqtt_topic = models.CharField(max_length=255, blank=True)
    fcm_id = models.CharField(max_length=255, blank=True)
    is_gms = models.BooleanField(null=True, blank=True)
    policy = models.JSONField(null=True, blank=True)
    template_name = models.CharField(max_length=255, blank=True)
    is_esper_managed = models.BooleanField(null=True, blank=True)
    managed_by = models.CharField(max_length=16, default="BLUEPRINT")

    is_seamless = models.BooleanField(default=False)
    onboarded_on = models.DateTimeField(null=True, blank=True)
    provisioned_on = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    search_text = models.GeneratedField(
        expression=RawSQL(SEARCH_TEXT_SQL, ()), output_field=models.TextField(), db_persist=True
    )

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "serial"],
                condition=~models.Q(serial=""),
                name="device_serial_once_per_tenant",
                violation_error_message="Another device of this tenant has this serial.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "udid"],
                condition=~models.Q(udid=""),
                name="device_udid_once_per_tenant",
                violation_error_message="Another device of this tenant has this UDID.",
            ),
            models.CheckConstraint(condition=models.Q(platform__in=Platform.values), name="device_platform_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=DeviceState.values)
                & (~models.Q(platform="APPLE") | models.Q(state__in=APPLE_STATES)),
                name="device_state_of_its_platform",
            ),
            models.CheckConstraint(
                condition=models.Q(battery_level__isnull=True) | models.Q(battery_level__lte=100),
                name="device_battery_level_percent",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "id"], name="device_list"),  # the list's default order
            models.Index(fields=["tenant", "state", "platform", "id"], name="device_of_state"),  # counts; the filters
            models.Index(fields=["tenant", "group", "state", "id"], name="device_in_group"),  # group filters, counts
            models.Index(fields=["tenant", "id"], name="device_slice"),  # fan-out walks a tenant's devices by id
            models.Index(fields=["tenant", "name", "id"], name="device_by_name"),  # ordering=name
            models.Index(Upper("udid"), "tenant", name="device_by_udid"),  # check-in and the `udid` filter
            models.Index(Upper("serial"), "tenant", name="device_by_serial"),  # the `serial` filter
            models.Index(  # which device an IMEI is of
                KT("network_info__imei1"),
                "tenant",
                condition=models.Q(network_info__has_key="imei1"),
                name="device_by_imei1",
            ),
            models.Index(
                KT("network_info__imei2"),
                "tenant",
                condition=models.Q(network_info__has_key="imei2"),
                name="device_by_imei2",
            ),
            models.Index(  # filter assigned_blueprint_id; whether a blueprint is in use
                fields=["assigned_blueprint", "id"],
                condition=models.Q(assigned_blueprint__isnull=False),
                name="device_of_blueprint",
            ),
            models.Index(  # filter current_blueprint_id
                fields=["current_blueprint", "id"],
                condition=models.Q(current_blueprint__isnull=False),
                name="device_at_blueprint",
            ),
            models.Index(  # filter current_blueprint_version_id
                fields=["current_blueprint_version", "id"],
                condition=models.Q(current_blueprint_version__isnull=False),
                name="device_at_blueprint_version",
            ),
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="device_search"),  # `search`
        ]

    def __str__(self) -> str:
        return self.alias or self.name or self.serial or str(self.pk)

    @property
    def is_apple(self) -> bool:
        return self.platform == Platform.APPLE
