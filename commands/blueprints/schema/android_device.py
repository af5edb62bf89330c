"""What people may do with an Android device."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from commands.blueprints.schema.base import Group, PolicyGroup, StrictPolicy, StrictPolicyGroup
from commands.blueprints.schema.fields import Flag, FreeObject, OneOf, Text, Whole
from commands.blueprints.schema.plain import shown

AUDIENCES = ("NONE", "USER", "ADMIN", "BOTH")


class AndroidDeviceMode(PolicyGroup):
    """Whether the device shows one app only, or several."""

    title = "Device mode"

    device_mode = OneOf(("KIOSK", "MULTI APP"), required=False, help_text="KIOSK: one app only")


class AndroidLauncher(StrictPolicyGroup):
    """Whose home screen the device shows."""

    title = "Home screen"

    launcher = OneOf(("ESPER", "DEFAULT"), help_text="ESPER: the agent's. DEFAULT: the device's own")


class AndroidAdb(StrictPolicyGroup):
    """Whether the debugging bridge is reachable."""

    title = "Debugging bridge"

    allow_adb = Flag(help_text="false: no adb")


class AndroidSafeBoot(StrictPolicyGroup):
    """Whether the device starts in safe mode when asked to."""

    title = "Safe mode"

    allow_safe_boot = Flag(help_text="false: never in safe mode")


class AndroidFactoryReset(StrictPolicyGroup):
    """Whether people may erase the device."""

    title = "Factory reset"

    allow_factory_reset = Flag(help_text="false: not from the settings")


class AndroidLockScreen(StrictPolicyGroup):
    """What unlocking takes."""

    title = "Lock screen"

    password_quality = OneOf(
        ("NONE", "ALPHABETIC", "NUMERIC", "ALPHANUMERIC", "COMPLEX", "BIOMETRIC_WEAK"),
        help_text="What a password must at least consist of",
    )
    minimum_password_length = Whole(0, 64, required=False, allow_null=True, help_text="Least number of characters")
    allow_keyguard = Flag(help_text="false: no lock screen")


class AndroidScreenshot(PolicyGroup):
    """Whether the screen may be photographed."""

    title = "Screenshots"

    allow_screenshot = Flag(required=False, help_text="false: no screenshots")


class AndroidNotificationBar(PolicyGroup):
    """Whether the notification bar opens."""

    title = "Notification bar"

    allow_notification_bar = Flag(required=False, help_text="false: it does not open")


class AndroidCamera(PolicyGroup):
    """Whether the camera works."""

    title = "Camera"

    allow_camera_access = Flag(required=False, help_text="false: no camera")


class AndroidLocation(PolicyGroup):
    """Whether the device finds out where it is."""

    title = "Location"

    allow_location = Flag(required=False, help_text="false: it does not")


class AndroidExternalDevice(PolicyGroup):
    """Whether storage can be plugged in."""

    title = "External storage"

    allow_external_device_mount = Flag(required=False, help_text="false: it is not mounted")


class AndroidFileTransfer(PolicyGroup):
    """Whether files can be fetched by cable."""

    title = "File transfer"

    allow_file_transfer = Flag(required=False, help_text="false: they cannot")


class AndroidEdgebox(PolicyGroup):
    """Whether the device keeps downloads for its neighbours."""

    title = "Edge box"

    allow_esper_edgebox = Flag(required=False, help_text="true: it does")


class AndroidSettingsApp(PolicyGroup):
    """Whether people may open the settings of Android."""

    title = "Settings of Android"

    allow_android_settings_app = Flag(help_text="false: they cannot be opened")


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "enum": list(AUDIENCES)}})
class Audiences(FreeObject):
    """Settings by name, and who sees them."""

    def to_internal_value(self, data: Any) -> dict[Any, Any]:
        told = super().to_internal_value(data)
        one_of = f"must be one of {', '.join(AUDIENCES)}."
        faults = {shown(key): [one_of] for key, who in told.items() if not isinstance(who, str) or who not in AUDIENCES}
        if faults or len(told) > 100:
            raise serializers.ValidationError(faults or "takes 100 settings at most.")
        return told


class AndroidEsperSettings(PolicyGroup):
    """The agent's own settings app: who sees which setting in it."""

    title = "Settings of the agent"

    allow_dock = Flag(required=False, help_text="Whether the dock is shown")
    admin_mode_password = Text(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Kept secret: answers show `********`, which may be sent back to keep it",
    )
    allow_esper_settings_app = Flag(required=False, help_text="Whether the app is shown at all")
    settings = Audiences(help_text="Such as flashlight, wifi, reboot: each NONE, USER, ADMIN or BOTH")


class AndroidCustomJson(PolicyGroup):
    """Anything the agent understands beyond these groups."""

    title = "Custom settings"

    customized_json = FreeObject(help_text="An object, handed on as it is")


class AccountAddition(StrictPolicy):
    """Whether accounts for work can be added."""

    allow_afw_account_addition = Flag(help_text="false: they cannot")


class PersonalAccounts(StrictPolicy):
    """How many personal accounts the device takes."""

    personal_accounts_limit_value = Whole(0, 1000, help_text="So many at most")


class PlayStore(StrictPolicy):
    """Whether Google's store opens."""

    allow_playstore = Flag(help_text="false: it does not")


class Assistant(StrictPolicy):
    """Whether Google's assistant answers."""

    allow_google_assistant = Flag(help_text="false: it does not")


class ResetProtection(StrictPolicy):
    """Whose account unlocks a device that was reset."""

    google_id = Text(help_text="Id of the Google account")
    email = Text(help_text="Its address")


class AndroidGoogleServices(Group):
    """Google's services. Each part says by itself when it is applied."""

    title = "Google services"

    afw_account_settings = AccountAddition(help_text="Accounts for work")
    personal_accounts_settings = PersonalAccounts(help_text="Personal accounts")
    play_store_settings = PlayStore(help_text="Google's store")
    google_assitant_settings = Assistant(help_text="Google's assistant; spelt as in the contract")
    factory_reset_protection_settings = ResetProtection(help_text="Protection after a reset")
