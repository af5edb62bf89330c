"""Which groups of settings there are, by platform and key, in the order in which people see them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from commands.blueprints.schema import (
    android_apps,
    android_device,
    android_looks,
    android_radios,
    ios_apps,
    ios_device,
    ios_networks,
    ios_rules,
    ios_system,
)
from commands.blueprints.schema.base import Group, Settings, kind_of

IOS: dict[str, type[Group]] = {
    "apps": ios_apps.IosApp,
    "kiosk_app": ios_apps.IosKioskApp,
    "device_mode_settings": ios_device.IosDeviceMode,
    "wifi_networks": ios_networks.IosWifiNetwork,
    "web_clips": ios_apps.IosWebClip,
    "restrictions_settings": ios_rules.IosRestrictions,
    "passcode_settings": ios_rules.IosPasscode,
    "camera_settings": ios_device.IosCamera,
    "screenshot_settings": ios_device.IosScreenshot,
    "siri_settings": ios_device.IosSiri,
    "bluetooth_settings": ios_device.IosBluetooth,
    "nfc_settings": ios_device.IosNfc,
    "tethering_settings": ios_device.IosTethering,
    "local_app_install_settings": ios_device.IosLocalAppInstall,
    "app_uninstall_settings": ios_device.IosAppUninstall,
    "hide_preloaded_apps_settings": ios_device.IosHidePreloadedApps,
    "factory_reset_settings": ios_device.IosFactoryReset,
    "web_content_settings": ios_rules.IosWebContent,
    "wallpaper_settings": ios_system.IosWallpaper,
    "device_name_settings": ios_system.IosDeviceName,
    "timezone_settings": ios_system.IosTimezone,
    "time_date_settings": ios_device.IosTimeDate,
    "os_update_settings": ios_system.IosOsUpdate,
    "defer_os_updates": ios_device.IosDeferOsUpdates,
    "custom_device_level_profile_settings": ios_rules.IosCustomProfile,
    "provisioning_profiles": ios_apps.IosProvisioningProfile,
}
ANDROID: dict[str, type[Group]] = {
    "device_mode_settings": android_device.AndroidDeviceMode,
    "launcher_settings": android_device.AndroidLauncher,
    "local_app_install_settings": android_apps.AndroidLocalAppInstall,
    "app_uninstall_settings": android_apps.AndroidAppUninstall,
    "app_permission_policy_settings": android_apps.AndroidAppPermissions,
    "wifi_settings": android_radios.AndroidWifi,
    "bluetooth_settings": android_radios.AndroidBluetooth,
    "sms_settings": android_radios.AndroidSms,
    "nfc_settings": android_radios.AndroidNfc,
    "incoming_numbers_settings": android_radios.AndroidIncomingNumbers,
    "outgoing_numbers_settings": android_radios.AndroidOutgoingNumbers,
    "ethernet_settings": android_radios.AndroidEthernet,
    "adb_settings": android_device.AndroidAdb,
    "safe_boot_settings": android_device.AndroidSafeBoot,
    "factory_reset_settings": android_device.AndroidFactoryReset,
    "screen_timeout_settings": android_looks.AndroidScreenTimeout,
    "lock_screen_settings": android_device.AndroidLockScreen,
    "brightness_settings": android_looks.AndroidBrightness,
    "screen_orientation_settings": android_looks.AndroidOrientation,
    "screenshot_settings": android_device.AndroidScreenshot,
    "notification_bar_settings": android_device.AndroidNotificationBar,
    "wallpaper_settings": android_looks.AndroidWallpaper,
    "esper_settings_apps_settings": android_device.AndroidEsperSettings,
    "android_settings_app_settings": android_device.AndroidSettingsApp,
    "customized_device_level_json_settings": android_device.AndroidCustomJson,
    "google_services_settings": android_device.AndroidGoogleServices,
    "external_device_settings": android_device.AndroidExternalDevice,
    "usb_tethering_settings": android_radios.AndroidUsbTethering,
    "file_transfer_settings": android_device.AndroidFileTransfer,
    "camera_settings": android_device.AndroidCamera,
    "location_settings": android_device.AndroidLocation,
    "sound_settings": android_looks.AndroidSound,
    "system_updates_settings": android_looks.AndroidSystemUpdates,
    "time_date_settings": android_looks.AndroidTimeDate,
    "timezone_settings": android_looks.AndroidTimezone,
    "language_settings": android_looks.AndroidLanguage,
    "strict_wifi_synchronization_settings": android_radios.AndroidStrictWifi,
    "strict_app_synchronization_settings": android_apps.AndroidStrictApps,
    "apps": android_apps.AndroidApp,
    "files": android_apps.AndroidFile,
    "wifi_networks": android_radios.AndroidWifiNetwork,
    "saved_ap_settings": android_radios.AndroidSavedAp,
    "mac_address_randomization_settings": android_radios.AndroidMacRandomization,
    "esper_edgebox_settings": android_device.AndroidEdgebox,
    "app_layout_setting": android_looks.AndroidAppLayout,
    "app_order_setting": android_apps.AndroidAppOrder,
}
GROUPS: dict[str, dict[str, type[Group]]] = {"ios": IOS, "android": ANDROID}


class PlatformSettings(Settings):
    """The groups of one platform; one that is null counts as absent."""

    groups: ClassVar[Mapping[str, type[Group]]]

    def get_fields(self) -> Any:
        return {key: group.field() for key, group in self.groups.items()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in attrs.items() if value is not None}


class IosSettings(PlatformSettings):
    groups = IOS

    def to_internal_value(self, data: Any) -> Any:
        """The contract's kiosk app has no required field: an empty one is none."""
        if isinstance(data, dict) and data.get("kiosk_app") == {}:
            data = {key: value for key, value in data.items() if key != "kiosk_app"}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        told = super().validate(attrs)
        mode = told.get("device_mode_settings", {})
        in_kiosk = mode.get("device_mode") == "KIOSK" and mode.get("apply_policy") != "IGNORE"
        if in_kiosk and "kiosk_app" not in told:
            raise serializers.ValidationError({"kiosk_app": ["is needed for the device mode KIOSK."]})
        for key, name in (("wifi_networks", "ssid"), ("wifi_networks", "wifi_network_id"), ("web_clips", "label")):
            _require_once(told, key, name)
        return told


class AndroidSettings(PlatformSettings):
    groups = ANDROID


@extend_schema_field({"type": "object", "additionalProperties": False, "nullable": True})
class NoSettings(serializers.Field[None, Any, None, Any]):
    """A platform that this server does not manage: null, or an empty object."""

    def to_internal_value(self, data: Any) -> None:
        if data != {} or not isinstance(data, dict):
            raise serializers.ValidationError(
                f"is not managed by this server; null or {{}} is taken, not {kind_of(data)}."
            )


class BlueprintSettings(Settings):
    """What devices should be, by platform. A group that is absent leaves the device alone."""

    ios = IosSettings(required=False, allow_null=True, help_text="iPhones and iPads")
    android = AndroidSettings(
        required=False, allow_null=True, help_text="Android devices: checked and kept, not carried out yet"
    )
    linux = NoSettings(required=False, allow_null=True, help_text="Nothing: null or {}")
    windows = NoSettings(required=False, allow_null=True, help_text="Nothing: null or {}")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in attrs.items() if value is not None}


def _require_once(settings: dict[str, Any], key: str, name: str) -> None:
    seen: set[str] = set()
    for index, entry in enumerate(settings.get(key, ())):
        value = entry.get(name)
        if value in seen:
            raise serializers.ValidationError({key: [{}] * index + [{name: ["stands in the list twice."]}]})
        seen |= {value} - {None}
