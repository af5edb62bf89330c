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
    name = "INSTALL"
    time_out = INSTALL_TIME

    class Arguments(serializers.Serializer[Any]):
        app_version = serializers.UUIDField(help_text="Id of an uploaded app version")

        def to_internal_value(self, data: Any) -> dict[str, Any]:
            return {"app_version": str(super().to_internal_value(data)["app_version"])}


class Uninstall(Command):
    name = "UNINSTALL"
    time_out = INSTALL_TIME
    Arguments = PackageArguments


class ClearAppData(Command):
    name = "CLEAR_APP_DATA"
    Arguments = PackageArguments


class SetAppState(Command):
    name = "SET_APP_STATE"

    class Arguments(PackageArguments):
        app_state = serializers.ChoiceField(["SHOW", "HIDE", "DISABLE"])


class SetAppPermission(Command):
    name = "SET_APP_PERMISSION"

    class Arguments(PackageArguments):
        permission = PackageName(help_text="Android's name of the permission")
        grant_state = serializers.ChoiceField(
            ["PERMISSION_GRANT_STATE_DEFAULT", "PERMISSION_GRANT_STATE_DENIED", "PERMISSION_GRANT_STATE_GRANTED"]
        )


class SetAppNotifications(Command):
    name = "SET_APP_NOTIFICATIONS"

    class Arguments(PackageArguments):
        app_notifications_state = serializers.ChoiceField(["ENABLED", "DISABLED"])


class AddToWhitelist(Command):
    name = "ADD_TO_WHITELIST"
    Arguments = PackageArguments


class RemoveFromWhitelist(Command):
    name = "REMOVE_FROM_WHITELIST"
    Arguments = PackageArguments


class SetKioskApp(Command):
    name = "SET_KIOSK_APP"
    Arguments = PackageArguments


class SetMultiAppMode(Command):
    name = "SET_MULTI_APP_MODE"


class VppAppInstall(Command):
    name = "VPP_APP_INSTALL"
    time_out = INSTALL_TIME
    Arguments = StoreAppArguments


class AppleAppUninstall(Command):
    name = "APPLE_APP_UNINSTALL"
    time_out = INSTALL_TIME
    Arguments = StoreAppArguments
