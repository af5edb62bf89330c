"""What a simulated device says about itself: answers to DeviceInformation and SecurityInfo."""

from typing import Any

from onboarding.simulation.apple_hardware import Hardware, eas_identifier
from onboarding.simulation.apple_state import DeviceState


def device_information(hardware: Hardware, state: DeviceState) -> dict[str, Any]:
    """Every query the device knows, with its answer. Queries that do not apply to it are not in it.

    Capacities are in GB, the battery level from 0.0 to 1.0.
    """
    facts: dict[str, Any] = {
        "UDID": hardware.udid,
        "SerialNumber": hardware.serial,
        "DeviceName": state.name,
        "OSVersion": hardware.os.version,
        "BuildVersion": hardware.os.build,
        "SupplementalBuildVersion": hardware.os.build,
        "ModelName": hardware.product.family,
        "Model": hardware.product.model,
        "ModelNumber": f"{hardware.product.model}LL/A",
        "ProductName": hardware.product.product,
        "DeviceCapacity": float(hardware.capacity_gb),
        "AvailableDeviceCapacity": round(hardware.capacity_gb * (1 - hardware.used_share), 2),
        "BatteryLevel": state.battery_level,
        "WiFiMAC": hardware.wifi_mac,
        "BluetoothMAC": hardware.bluetooth_mac,
        "EASDeviceIdentifier": eas_identifier(hardware),
        "IsSupervised": state.is_supervised,
        "IsMultiUser": False,
        "IsDeviceLocatorServiceEnabled": False,
        "IsActivationLockEnabled": False,
        "IsDoNotDisturbInEffect": False,
        "IsCloudBackupEnabled": False,
        "IsMDMLostModeEnabled": False,
        "IsNetworkTethered": False,
        "AwaitingConfiguration": False,
        "AppAnalyticsEnabled": False,
        "DiagnosticSubmissionEnabled": False,
        "iTunesStoreAccountIsActive": False,
        "TimeZone": "Etc/UTC",
        "CellularTechnology": 0,
        "OrganizationInfo": {},
        "MDMOptions": {},
    }
    if hardware.product.has_cellular:
        facts |= _cellular_information(hardware)
    if state.management:
        facts["PushToken"] = state.management.push_token
    return facts


def _cellular_information(hardware: Hardware) -> dict[str, Any]:
    spaced = f"{hardware.imei[:2]} {hardware.imei[2:8]} {hardware.imei[8:14]} {hardware.imei[14:]}"
    return {
        "IMEI": spaced,
        "CellularTechnology": 3,  # GSM and CDMA
        "ModemFirmwareVersion": "3.20.05",
        "CarrierSettingsVersion": "59.0",
        "DataRoamingEnabled": False,
        "VoiceRoamingEnabled": False,
        "IsRoaming": False,
        "PersonalHotspotEnabled": False,
        "ServiceSubscriptions": [
            {"Slot": "CTSubscriptionSlotOne", "IMEI": spaced, "IsDataPreferred": False, "IsVoicePreferred": False}
        ],
    }


def security_information(state: DeviceState) -> dict[str, Any]:
    """The value of SecurityInfo."""
    return {
        "HardwareEncryptionCaps": 3,  # blocks and files
        "PasscodePresent": state.passcode_set,
        "PasscodeCompliant": True,
        "PasscodeCompliantWithProfiles": True,
        "ManagementStatus": {"IsUserEnrollment": False},
    }
