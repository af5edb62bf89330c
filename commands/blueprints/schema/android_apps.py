"""Apps and files of Android devices."""

from typing import Any

from rest_framework import serializers

from commands.blueprints.schema.base import Group, PolicyGroup, Settings, StrictPolicyGroup
from commands.blueprints.schema.fields import BundleId, Flag, FreeObject, OneOf, Text


class AndroidLocalAppInstall(StrictPolicyGroup):
    """Whether people may install apps by themselves."""

    title = "Installing apps by hand"

    allow_local_app_install = Flag(help_text="false: they cannot")


class AndroidAppUninstall(StrictPolicyGroup):
    """Whether people may remove apps."""

    title = "Removing apps by hand"

    allow_app_uninstallation = Flag(help_text="false: they cannot")


class AndroidAppPermissions(StrictPolicyGroup):
    """What happens when an app asks for a permission."""

    title = "App permissions"

    permission_policy = OneOf(
        ("ALLOW AUTOMATICALLY", "DENY", "ASK USER"), help_text="Granted, refused, or the user is asked"
    )


class AndroidApp(Group):
    """Apps that the device has."""

    title = "Apps"
    is_list = True

    app_id = Text(help_text="Id of the app")
    app_version_id = Text(help_text="Id of its version")
    package_name = BundleId(help_text="Such as com.example.app")
    installation_rule = OneOf(
        ("POST PROVISIONING", "DURING PROVISIONING"), help_text="Whether it comes while the device is set up, or after"
    )
    state = OneOf(("SHOW", "HIDE", "DISABLE", "LAUNCHABLE_BUT_HIDDEN"), help_text="How it is on the device")
    managed_config = FreeObject(required=False, help_text="What the app is told")
    type = OneOf(("PRELOADED", "ENTERPRISE", "PLAYSTORE"), help_text="Where it comes from")
    auto_update_mode = OneOf(
        ("autoUpdateDefault", "autoUpdateHighPriority", "autoUpdatePostponed"),
        help_text="When Google's store updates it",
    )


class AndroidFile(Group):
    """Files that the device gets."""

    title = "Files"
    is_list = True

    file_id = Text(help_text="Id of the file")
    destination_path = Text(max_length=1024, help_text="Where it goes on the device")


class AndroidStrictApps(PolicyGroup):
    """Whether apps that the blueprint does not name are taken off the device."""

    title = "Strict app synchronisation"

    allow_strict_app_synchronization = Flag(required=False, help_text="true: they are")


class AppInOrder(Settings):
    """One place on the home screen."""

    type = OneOf(("SINGLE_APP",), required=False, help_text="What stands there")
    name = Text(required=False, help_text="Package name of the app")


class AndroidAppOrder(PolicyGroup):
    """The order of apps on the home screen."""

    title = "Order of apps"

    app_order_list: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=AppInOrder(), required=False, max_length=500, help_text="From the first to the last"
    )
