"""Commands that ask a device about itself."""

import datetime as dt
from typing import Any

from apps_domain.services.device_app_lists import reconcile_device_apps
from commands.catalogue.base import Command, Delivery
from commands.catalogue.verdicts import Answer, NextStep, Succeeded, Verdict
from devices.services.apple_inventory import record_installed_apps, record_managed_apps, record_security_info
from devices.services.apple_reports import record_device_information, record_profile_list

QUERIES = [
    "UDID", "SerialNumber", "DeviceName", "OSVersion", "BuildVersion", "ModelName", "Model", "ProductName",
    "DeviceCapacity", "AvailableDeviceCapacity", "BatteryLevel", "CellularTechnology", "IMEI", "MEID",
    "ModemFirmwareVersion", "IsSupervised", "ICCID", "BluetoothMAC", "WiFiMAC", "EthernetMAC", "PhoneNumber",
    "CurrentCarrierNetwork", "SIMCarrierNetwork", "ServiceSubscriptions", "AwaitingConfiguration", "TimeZone",
    "IsMDMLostModeEnabled",
]  # fmt: skip


APP_KEYS = ["BundleSize", "Name", "ShortVersion", "Version"]  # the others take the device time


class DeviceInformation(Command):
    """Asks the device about itself: system, model, storage, battery, networks, apps, profiles, security.

    Five questions in a row; only the first must be answered, the others as far as the device can just now.
    https://developer.apple.com/documentation/devicemanagement/get-device-information-command,
    get-installed-application-list-command, get-profile-list-command, get-security-info-command,
    get-managed-application-list-command
    """

    name = "DEVICE_INFORMATION"
    time_out = dt.timedelta(minutes=10)
    apple_how = "DeviceInformation, InstalledApplicationList, ProfileList, SecurityInfo, ManagedApplicationList"
    judged = True

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return QUESTIONS[delivery.step]

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        if delivery.step == 0 and not answer.is_acknowledged:
            return super().judge(delivery, answer)
        after = delivery.step + 1
        return NextStep(after, optional=True) if after < len(QUESTIONS) else Succeeded()

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        TAKERS[delivery.step](delivery, report)


def _take_information(delivery: Delivery, report: dict[str, Any]) -> None:
    if isinstance(answers := report.get("QueryResponses"), dict):
        record_device_information(delivery.device, answers)


def _take_apps(delivery: Delivery, report: dict[str, Any]) -> None:
    if isinstance(apps := report.get("InstalledApplicationList"), list):
        record_installed_apps(delivery.device_id, apps)
        reconcile_device_apps(delivery.device_id)


def _take_profiles(delivery: Delivery, report: dict[str, Any]) -> None:
    if isinstance(profiles := report.get("ProfileList"), list):
        record_profile_list(delivery.device_id, profiles, managed_only=False)


def _take_security(delivery: Delivery, report: dict[str, Any]) -> None:
    if isinstance(security := report.get("SecurityInfo"), dict):
        record_security_info(delivery.device_id, security)


def _take_managed_apps(delivery: Delivery, report: dict[str, Any]) -> None:
    if isinstance(apps := report.get("ManagedApplicationList"), dict):
        record_managed_apps(delivery.device_id, apps)
        reconcile_device_apps(delivery.device_id)


QUESTIONS: tuple[dict[str, Any], ...] = (
    {"RequestType": "DeviceInformation", "Queries": QUERIES},
    {"RequestType": "InstalledApplicationList", "Items": APP_KEYS},
    {"RequestType": "ProfileList"},
    {"RequestType": "SecurityInfo"},
    {"RequestType": "ManagedApplicationList"},
)
TAKERS = (
    _take_information,
    _take_apps,
    _take_profiles,
    _take_security,
    _take_managed_apps,
)  # of the answers, in the same order
