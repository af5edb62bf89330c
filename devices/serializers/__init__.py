from devices.serializers.device import DeviceOutput
from devices.serializers.documents import device_document, heartbeat_document
from devices.serializers.filters import DeviceListInput, HeartbeatListInput
from devices.serializers.state import DeviceStateOutput, HeartbeatOutput

__all__ = [
    "DeviceListInput",
    "DeviceOutput",
    "DeviceStateOutput",
    "HeartbeatListInput",
    "HeartbeatOutput",
    "device_document",
    "heartbeat_document",
]
