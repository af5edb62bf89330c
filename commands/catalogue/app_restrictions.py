"""Which apps may be used, and how: shown, hidden, the only one, with or without notifications."""

import abc
from typing import Any

from rest_framework import serializers

from commands.apple.app_lists import AppLists, keep_lists, lists_of, notifications_profile, restrictions_profile
from commands.apple.profiles import MadeProfile
from commands.catalogue.base import Delivery
from commands.catalogue.fields import PackageName
from commands.catalogue.needs import needs
from commands.catalogue.profile_command import ProfileCommand
from config.api.fields import OneOfField

KIOSK = "kiosk"  # purpose of the profile that SET_KIOSK_APP installs and SET_MULTI_APP_MODE removes
RESTRICTED = needs(ios="9.3", tvos="11.0", supervised=True)
LOCKED = needs(ios="6.0", tvos="10.2", supervised=True)


class PackageArguments(serializers.Serializer[Any]):
    package_name = PackageName()


class AppListsCommand(ProfileCommand):
    """Changes one app's place in the lists that our profile holds."""

    already = "The device restricts none of its apps by this server's command."

    @abc.abstractmethod
    def changed(self, lists: AppLists, args: dict[str, Any]) -> AppLists:
        """The lists after this command."""

    def wanted(self, delivery: Delivery) -> MadeProfile:
        return restrictions_profile(self.changed(lists_of(delivery.device_id), delivery.args))

    def on_success(self, delivery: Delivery, report: dict[str, Any]) -> None:
        lists = self.changed(lists_of(delivery.device_id), delivery.args)
        super().on_success(delivery, report)
        keep_lists(delivery.device_id, lists)


class SetAppState(AppListsCommand):
    """Shows, hides or disables an app.

    On Apple HIDE and DISABLE are the same: they put the app on the list of those that neither show nor start, and SHOW
    takes it off again.
    """

    name = "SET_APP_STATE"
    apple_needs = RESTRICTED
    apple_how = "InstallProfile (com.apple.applicationaccess: blockedAppBundleIDs)"

    class Arguments(PackageArguments):
        app_state = OneOfField(["SHOW", "HIDE", "DISABLE"], help_text="What becomes of the app")

    def changed(self, lists: AppLists, args: dict[str, Any]) -> AppLists:
        return lists.with_blocked(args["package_name"], blocked=args["app_state"] != "SHOW")


class AddToWhitelist(AppListsCommand):
    """Puts an app on the device's list of allowed apps.

    On Apple that list is exclusive: with the first app on it, every other app disappears.
    """

    name = "ADD_TO_WHITELIST"
    Arguments = PackageArguments
    apple_needs = RESTRICTED
    apple_how = "InstallProfile (com.apple.applicationaccess: allowListedAppBundleIDs)"

    def changed(self, lists: AppLists, args: dict[str, Any]) -> AppLists:
        return lists.with_allowed(args["package_name"], allowed=True)


class RemoveFromWhitelist(AppListsCommand):
    """Takes an app off the device's list of allowed apps.

    On Apple the app disappears, unless it was the last on the list: then all apps are back.
    """

    name = "REMOVE_FROM_WHITELIST"
    Arguments = PackageArguments
    apple_needs = RESTRICTED
    apple_how = "InstallProfile (com.apple.applicationaccess: allowListedAppBundleIDs), RemoveProfile with the last app"

    def changed(self, lists: AppLists, args: dict[str, Any]) -> AppLists:
        return lists.with_allowed(args["package_name"], allowed=False)


class SetAppNotifications(AppListsCommand):
    """Allows or forbids an app's notifications."""

    name = "SET_APP_NOTIFICATIONS"
    apple_needs = needs(ios="9.3", macos="10.15", supervised=True)
    apple_how = "InstallProfile (com.apple.notificationsettings)"

    class Arguments(PackageArguments):
        app_notifications_state = OneOfField(["ENABLED", "DISABLED"], help_text="Whether the app may notify")

    def changed(self, lists: AppLists, args: dict[str, Any]) -> AppLists:
        enabled = args["app_notifications_state"] == "ENABLED"
        return lists.with_notifications(args["package_name"], enabled=enabled)

    def wanted(self, delivery: Delivery) -> MadeProfile:
        return notifications_profile(self.changed(lists_of(delivery.device_id), delivery.args))


class SetKioskApp(ProfileCommand):
    """Keeps the device in a single app.

    The app must be on the device already. https://developer.apple.com/documentation/devicemanagement/applock
    """

    name = "SET_KIOSK_APP"
    Arguments = PackageArguments
    apple_needs = LOCKED
    apple_how = "InstallProfile (com.apple.app.lock)"

    def wanted(self, delivery: Delivery) -> MadeProfile:
        app = delivery.args["package_name"]
        lock = ("com.apple.app.lock", {"App": {"Identifier": app}})
        return MadeProfile(KIOSK, f"Single-app mode: {app}", (lock,))


class SetMultiAppMode(ProfileCommand):
    """Ends the single-app mode, so that other apps can be used again."""

    name = "SET_MULTI_APP_MODE"
    apple_needs = LOCKED
    apple_how = "RemoveProfile (that of SET_KIOSK_APP)"
    already = "The device was not in the single-app mode of SET_KIOSK_APP."

    def wanted(self, delivery: Delivery) -> MadeProfile:
        return MadeProfile(KIOSK, "Single-app mode")
