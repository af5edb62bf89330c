"""Commands that ask a device about itself."""

import datetime as dt
from typing import Any

from commands.catalogue.base import Command, Delivery
from devices.services.apple_reports import record_device_information

QUERIES = [
    "UDID", "SerialNumber", "DeviceName", "OSVersion", "BuildVersion", "ModelName", "Model", "ProductName",
    "DeviceCapacity", "AvailableDeviceCapacity", "BatteryLevel", "CellularTechnology", "IMEI", "MEID",
    "ModemFirmwareVersion", "IsSupervised", "ICCID", "BluetoothMAC", "WiFiMAC", "EthernetMAC", "PhoneNumber",
    "CurrentCarrierNetwork", "SIMCarrierNetwork", "ServiceSubscriptions", "AwaitingConfiguration", "TimeZone",
]  # fmt: skip


class DeviceInformation(Command):
    """Asks the device about itself: system, model, storage, battery, networks."""

    name = "DEVICE_INFORMATION"
    time_out = dt.timedelta(minutes=10)

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "DeviceInformation", "Queries": QUERIES}

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        answers = report.get("QueryResponses")
        if isinstance(answers, dict):
            record_device_information(delivery.device, answers)
