"""Commands that bring apps to a device, remove them, or change what they hold and may do."""

import datetime as dt
from typing import Any, ClassVar

from rest_framework import serializers

from commands.catalogue.app_restrictions import PackageArguments
from commands.catalogue.base import Command, Delivery
from commands.catalogue.fields import PackageName
from commands.catalogue.needs import needs
from config.api.fields import OneOfField
from devices.services.apple_inventory import forget_app

INSTALL_TIME = dt.timedelta(hours=24)


class StoreAppArguments(serializers.Serializer[Any]):
    app_id = serializers.RegexField(r"^[0-9]{1,20}$", help_text="Apple's id of the app, digits")
    bundle_identifier = PackageName(help_text="The app's bundle identifier")


class Install(Command):
    """Installs an uploaded version of an app."""

    name = "INSTALL"
    time_out = INSTALL_TIME
    why_not_apple = "This server keeps no uploaded app versions, so it has none to install."

    class Arguments(serializers.Serializer[Any]):
        app_version = serializers.UUIDField(help_text="Id of an uploaded app version")

        def to_internal_value(self, data: Any) -> dict[str, Any]:
            return {"app_version": str(super().to_internal_value(data)["app_version"])}


class Uninstall(Command):
    """Removes an app and its data from the device.

    On Apple an app that this server installed; on supervised devices since iOS 26 any.
    https://developer.apple.com/documentation/devicemanagement/remove-application-command
    """

    name = "UNINSTALL"
    time_out = INSTALL_TIME
    Arguments: ClassVar[type[serializers.Serializer[Any]]] = PackageArguments
    apple_needs = needs(ios="5.0", tvos="10.2", macos="11.0")
    apple_how = "RemoveApplication"
    app_argument: ClassVar[str] = "package_name"

    def apple(self, delivery: Delivery) -> dict[str, Any]:
        return {"RequestType": "RemoveApplication", "Identifier": delivery.args[self.app_argument]}

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        forget_app(delivery.device_id, delivery.args[self.app_argument])

    def keeps_result(self) -> bool:
        return False


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


class VppAppInstall(Command):
    """Installs an app from Apple's store with one of the tenant's licences."""

    name = "VPP_APP_INSTALL"
    time_out = INSTALL_TIME
    Arguments = StoreAppArguments
    why_not_apple = "This server keeps no app licences of the tenant, so it has none to assign."
