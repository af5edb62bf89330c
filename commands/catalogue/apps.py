"""Commands that bring apps to a device, remove them, or change what they hold and may do."""

import datetime as dt
from typing import Any, ClassVar

from rest_framework import serializers

from apps_domain.services.device_apps import forget_device_app, free_licence_of_app
from commands.apple.errors import APP_IS_NOT_MANAGED, has_error
from commands.catalogue.app_restrictions import PackageArguments
from commands.catalogue.base import Command, Delivery, Undeliverable
from commands.catalogue.fields import PackageName
from commands.catalogue.installing import is_listed
from commands.catalogue.needs import needs
from commands.catalogue.verdicts import Answer, Failed, NextStep, Succeeded, Verdict
from config.api.fields import OneOfField
from devices.models import DeviceProfile
from devices.services.apple_inventory import forget_app

INSTALL_TIME = dt.timedelta(hours=24)
LOCKED = "The device is still in the single-app mode that it was to leave first, perhaps with this app."


class StoreAppArguments(serializers.Serializer[Any]):
    app_id = serializers.RegexField(r"^[0-9]{1,20}$", help_text="Apple's id of the app, digits")
    bundle_identifier = PackageName(help_text="The app's bundle identifier")


class Uninstall(Command):
    """Removes an app and its data from the device.

    On Apple an app that this server installed; on supervised devices since iOS 26 any. A licence that the device had
    for it is free again. An app that is not there counts as removed.
    https://developer.apple.com/documentation/devicemanagement/remove-application-command
    """

    name = "UNINSTALL"
    time_out = INSTALL_TIME
    judged = True
    Arguments: ClassVar[type[serializers.Serializer[Any]]] = PackageArguments
    apple_needs = needs(ios="5.0", tvos="10.2", macos="11.0")
    apple_how = "RemoveApplication; InstalledApplicationList if the device does not manage the app"
    app_argument: ClassVar[str] = "package_name"

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        app = delivery.args[self.app_argument]
        if _is_locked(delivery):
            raise Undeliverable(LOCKED)
        if delivery.step == 0:
            return {"RequestType": "RemoveApplication", "Identifier": app}
        return {"RequestType": "InstalledApplicationList", "Identifiers": [app], "Items": ["Identifier", "Name"]}

    def judge(self, delivery: Delivery, answer: Answer) -> Verdict:
        if delivery.step == 0:
            unmanaged = not answer.is_acknowledged and has_error(answer.report, APP_IS_NOT_MANAGED)
            return NextStep(1) if unmanaged else super().judge(delivery, answer)
        if not answer.is_acknowledged:
            return super().judge(delivery, answer)
        if is_listed(answer.report, delivery.args[self.app_argument]):
            return Failed("The app is on the device, but this server does not manage it, so it cannot be removed.")
        return Succeeded("The app was not on the device.")

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        app = delivery.args[self.app_argument]
        if delivery.step and is_listed(report, app):
            return
        free_licence_of_app(device=delivery.device, bundle_id=app, adam_id=delivery.args.get("app_id"))
        forget_app(delivery.device_id, app)
        forget_device_app(delivery.device_id, app)

    def keeps_result(self) -> bool:
        return False


def _is_locked(delivery: Delivery) -> bool:
    """`unless_profile`: of a converge, which removes the app only when that profile is gone, or another."""
    profile = delivery.args.get("unless_profile")
    return profile is not None and DeviceProfile.objects.filter(device_id=delivery.device_id, **profile).exists()


class AppleAppUninstall(Uninstall):
    """Removes an app that this server installed."""

    name = "APPLE_APP_UNINSTALL"
    Arguments = StoreAppArguments
    app_argument = "bundle_identifier"


class ClearAppData(Command):
    """Deletes everything an app has stored on the device."""

    name = "CLEAR_APP_DATA"
    Arguments = PackageArguments
    why_not_apple = "Apple devices delete an app's data only with the app: send UNINSTALL and install it again."


class SetAppPermission(Command):
    """Grants or denies an app one of the permissions that it asks the user for."""

    name = "SET_APP_PERMISSION"
    why_not_apple = (
        "On iPhones and iPads only the user grants permissions; for Macs send INSTALL_PROFILE with a payload of the "
        "type com.apple.TCC.configuration-profile-policy."
    )

    class Arguments(PackageArguments):
        permission = PackageName(help_text="Android's name of the permission")
        grant_state = OneOfField(
            ["PERMISSION_GRANT_STATE_DEFAULT", "PERMISSION_GRANT_STATE_DENIED", "PERMISSION_GRANT_STATE_GRANTED"],
            help_text="Denied, granted, or as the user decides",
        )
