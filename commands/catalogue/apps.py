"""Commands about apps."""

import datetime as dt
from typing import Any

from rest_framework import serializers

from commands.catalogue.base import Command
from commands.catalogue.fields import PackageName

INSTALL_TIME = dt.timedelta(hours=24)


class PackageArguments(serializers.Serializer[Any]):
    package_name = PackageName()


class StoreAppArguments(serializers.Serializer[Any]):
    app_id = serializers.RegexField(r"^\d{1,20}$", help_text="Apple's id of the app, digits")
    bundle_identifier = PackageName(help_text="The app's bundle identifier")


class Install(Command):
    """Installs an uploaded version of an app."""

    name = "INSTALL"
    time_out = INSTALL_TIME

    class Arguments(serializers.Serializer[Any]):
        app_version = serializers.UUIDField(help_text="Id of an uploaded app version")

        def to_internal_value(self, data: Any) -> dict[str, Any]:
            return {"app_version": str(super().to_internal_value(data)["app_version"])}


class Uninstall(Command):
    """Removes an app and its data from the device."""

    name = "UNINSTALL"
    time_out = INSTALL_TIME
    Arguments = PackageArguments


class ClearAppData(Command):
    """Deletes everything an app has stored on the device."""

    name = "CLEAR_APP_DATA"
    Arguments = PackageArguments


class SetAppState(Command):
    """Shows, hides or disables an app."""

    name = "SET_APP_STATE"

    class Arguments(PackageArguments):
        app_state = serializers.ChoiceField(["SHOW", "HIDE", "DISABLE"], help_text="What becomes of the app")


class SetAppPermission(Command):
    """Grants or denies an app one of the permissions that it asks the user for."""

    name = "SET_APP_PERMISSION"

    class Arguments(PackageArguments):
        permission = PackageName(help_text="Android's name of the permission")
        grant_state = serializers.ChoiceField(
            ["PERMISSION_GRANT_STATE_DEFAULT", "PERMISSION_GRANT_STATE_DENIED", "PERMISSION_GRANT_STATE_GRANTED"],
            help_text="Denied, granted, or as the user decides",
        )


class SetAppNotifications(Command):
    """Allows or forbids an app's notifications."""

    name = "SET_APP_NOTIFICATIONS"

    class Arguments(PackageArguments):
        app_notifications_state = serializers.ChoiceField(
            ["ENABLED", "DISABLED"], help_text="Whether the app may notify"
        )


class AddToWhitelist(Command):
    """Puts an app on the device's list of allowed apps."""

    name = "ADD_TO_WHITELIST"
    Arguments = PackageArguments


class RemoveFromWhitelist(Command):
    """Takes an app off the device's list of allowed apps."""

    name = "REMOVE_FROM_WHITELIST"
    Arguments = PackageArguments


class SetKioskApp(Command):
    """Keeps the device in a single app."""

    name = "SET_KIOSK_APP"
    Arguments = PackageArguments


class SetMultiAppMode(Command):
    """Ends the single-app mode, so that other apps can be used again."""

    name = "SET_MULTI_APP_MODE"


class VppAppInstall(Command):
    """Installs an app from Apple's store with one of the tenant's licences."""

    name = "VPP_APP_INSTALL"
    time_out = INSTALL_TIME
    Arguments = StoreAppArguments


class AppleAppUninstall(Command):
    """Removes an app that this server installed."""

    name = "APPLE_APP_UNINSTALL"
    time_out = INSTALL_TIME
    Arguments = StoreAppArguments
