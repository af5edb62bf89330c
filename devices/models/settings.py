"""The settings a device last reported: the API's "device state"."""

from django.db import models

from devices.models.device import Device


class DeviceSettings(models.Model):
    class GpsState(models.TextChoices):
        HIGH_ACCURACY = "LOCATION_MODE_HIGH_ACCURACY"
        SENSORS_ONLY = "LOCATION_MODE_SENSORS_ONLY"
        BATTERY_SAVING = "LOCATION_MODE_BATTERY_SAVING"
        OFF = "LOCATION_MODE_OFF"
        ON = "LOCATION_MODE_ON"

    class RotationState(models.TextChoices):
        AUTO = "AUTO"
        PORTRAIT_ONLY = "PORTRAIT_ONLY"
        LANDSCAPE_ONLY = "LANDSCAPE_ONLY"
        INVERTED_PORTRAIT_ONLY = "INVERTED_PORTRAIT_ONLY"
        INVERTED_LANDSCAPE_ONLY = "INVERTED_LANDSCAPE_ONLY"

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="settings")
    gps_state = models.CharField(max_length=32, choices=GpsState, blank=True)
    wifi_state = models.BooleanField(null=True, blank=True)
    adb_enabled = models.BooleanField(null=True, blank=True)
    adb_timeout = models.IntegerField(null=True, blank=True)
    remote_adb_enabled = models.BooleanField(null=True, blank=True)
    remote_adb_ip = models.CharField(max_length=64, blank=True)
    remote_adb_port = models.IntegerField(null=True, blank=True)
    audio_settings = models.JSONField(default=dict, blank=True)
    rotation_state = models.CharField(max_length=32, choices=RotationState, blank=True)
    bluetooth_state = models.BooleanField(null=True, blank=True)
    brightness_scale = models.PositiveSmallIntegerField(null=True, blank=True)
    screen_off_timeout = models.IntegerField(null=True, blank=True, help_text="Milliseconds; -1 is never")
    use_only_saved_ap = models.BooleanField(null=True, blank=True)
    lost_mode = models.BooleanField(null=True, blank=True, help_text="Locked down, on Apple devices")
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        verbose_name_plural = "device settings"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(brightness_scale__isnull=True) | models.Q(brightness_scale__lte=100),
                name="device_settings_brightness_percent",
            )
        ]

    def __str__(self) -> str:
        return f"Settings of {self.device_id}"
