from devices.models.app import InstalledApp
from devices.models.device import Device, DeviceState, Platform
from devices.models.group import DeviceGroup
from devices.models.heartbeat import Heartbeat
from devices.models.profile import DeviceProfile
from devices.models.settings import DeviceSettings

__all__ = [
    "Device",
    "DeviceGroup",
    "DeviceProfile",
    "DeviceSettings",
    "DeviceState",
    "Heartbeat",
    "InstalledApp",
    "Platform",
]
