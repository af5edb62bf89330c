from devices.models.app import InstalledApp
from devices.models.blueprint import Blueprint, BlueprintImage, BlueprintVersion
from devices.models.convergence import AppliedSetting, DeviceInventory, DriftReport
from devices.models.device import Device, DeviceState, Platform
from devices.models.group import DeviceGroup
from devices.models.heartbeat import Heartbeat
from devices.models.profile import DeviceProfile
from devices.models.settings import DeviceSettings

__all__ = [
    "AppliedSetting",
    "Blueprint",
    "BlueprintImage",
    "BlueprintVersion",
    "Device",
    "DeviceGroup",
    "DeviceInventory",
    "DeviceProfile",
    "DeviceSettings",
    "DeviceState",
    "DriftReport",
    "Heartbeat",
    "InstalledApp",
    "Platform",
]
