"""What a simulated device says about itself: answers to DeviceInformation and SecurityInfo.

Which key which system knows: ``mdm/commands/information.device.yaml`` and ``information.security.yaml`` of
github.com/apple/device-management.
"""

from typing import Any

from onboarding.simulation.apple_effects import Effects
from onboarding.simulation.apple_hardware import Hardware, eas_identifier
from onboarding.simulation.apple_models import OsFamily
from onboarding.simulation.apple_state import DeviceState

_NOT_ON_MACS_NOR_APPLE_TVS = frozenset(
    {
        "AppAnalyticsEnabled",
        "BatteryLevel",
        "CellularTechnology",
        "DiagnosticSubmissionEnabled",
        "EASDeviceIdentifier",
        "IsCloudBackupEnabled",
        "IsDeviceLocatorServiceEnabled",
        "IsDoNotDisturbInEffect",
        "IsMDMLostModeEnabled",
        "IsMultiUser",
        "IsNetworkTethered",
    }
)
_NOT_ON: dict[OsFamily, frozenset[str]] = {
    "iOS": frozenset(),
    "iPadOS": frozenset(),
    "tvOS": _NOT_ON_MACS_NOR_APPLE_TVS
    | {"AvailableDeviceCapacity", "DeviceCapacity", "IsActivationLockEnabled", "PushToken"},
    "macOS": _NOT_ON_MACS_NOR_APPLE_TVS,
}
_TELLS_TIME_ZONE: dict[OsFamily, str] = {"iOS": "14.0", "iPadOS": "14.0", "tvOS": "14.0"}
_TELLS_MANAGEMENT: dict[OsFamily, str] = {"iOS": "13.0", "iPadOS": "13.0", "tvOS": "13.0", "macOS": "10.13.2"}


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
        "IsMDMLostModeEnabled": state.lost_mode is not None,
        "IsNetworkTethered": False,
        "AwaitingConfiguration": state.awaiting_configuration,
        "AppAnalyticsEnabled": False,
        "DiagnosticSubmissionEnabled": False,
        "iTunesStoreAccountIsActive": False,
        "CellularTechnology": 0,
        "OrganizationInfo": state.organization_info,
        "MDMOptions": state.mdm_options,
    }
    if hardware.runs(_TELLS_TIME_ZONE):
        facts["TimeZone"] = state.time_zone
    if hardware.product.has_cellular:
        facts |= _cellular_information(hardware, state)
    if hardware.os_family == "macOS":
        facts |= {"HostName": state.host_name, "IsAppleSilicon": True, "SystemIntegrityProtectionEnabled": True}
    if state.management:
        facts["PushToken"] = state.management.push_token
    return {key: value for key, value in facts.items() if key not in _NOT_ON[hardware.os_family]}


def _cellular_information(hardware: Hardware, state: DeviceState) -> dict[str, Any]:
    spaced = f"{hardware.imei[:2]} {hardware.imei[2:8]} {hardware.imei[8:14]} {hardware.imei[14:]}"
    return {
        "IMEI": spaced,
        "CellularTechnology": 3,  # GSM and CDMA
        "ModemFirmwareVersion": "3.20.05",
        "CarrierSettingsVersion": "59.0",
        "DataRoamingEnabled": state.data_roaming,
        "VoiceRoamingEnabled": state.voice_roaming,
        "IsRoaming": False,
        "PersonalHotspotEnabled": state.personal_hotspot,
        "ServiceSubscriptions": [
            {"Slot": "CTSubscriptionSlotOne", "IMEI": spaced, "IsDataPreferred": False, "IsVoicePreferred": False}
        ],
    }


def security_information(hardware: Hardware, state: DeviceState) -> dict[str, Any]:
    """The value of SecurityInfo: of a Mac its disk, firewall and boot security, of the others their passcode."""
    facts = _mac_security(state) if hardware.os_family == "macOS" else _passcode_security(hardware, state)
    if hardware.runs(_TELLS_MANAGEMENT) and hardware.os_family != "macOS":
        facts["ManagementStatus"] = {"IsUserEnrollment": False}
    return facts


def _passcode_security(hardware: Hardware, state: DeviceState) -> dict[str, Any]:
    compliant = Effects(hardware, state).passcode_is_compliant
    return {
        "HardwareEncryptionCaps": 3,  # blocks and files
        "PasscodePresent": state.passcode_set,
        "PasscodeCompliant": compliant,
        "PasscodeCompliantWithProfiles": compliant,
    }


def _mac_security(state: DeviceState) -> dict[str, Any]:
    return {
        "FDE_Enabled": True,
        "FDE_HasPersonalRecoveryKey": True,
        "FDE_HasInstitutionalRecoveryKey": False,
        "SystemIntegrityProtectionEnabled": True,
        "FirewallSettings": {
            "FirewallEnabled": True,
            "BlockAllIncoming": False,
            "StealthMode": False,
            "Applications": [],
            "LoggingEnabled": True,
            "LoggingOption": "throttled",
        },
        "FirmwarePasswordStatus": {"PasswordExists": False, "ChangePending": False, "AllowOroms": False},
        "ManagementStatus": {
            "EnrolledViaDEP": state.is_supervised,
            "UserApprovedEnrollment": True,
            "IsUserEnrollment": False,
            "IsActivationLockManageable": state.is_supervised,
        },
        "SecureBoot": {"SecureBootLevel": "full", "ExternalBootLevel": "not supported"},
        "RemoteDesktopEnabled": False,
        "AuthenticatedRootVolumeEnabled": True,
        "BootstrapTokenAllowedForAuthentication": "allowed" if state.is_supervised else "disallowed",
    }
