"""Screen, sound, language and clock of Android devices."""

from commands.blueprints.schema.base import Group, Policy, PolicyGroup, Settings, StrictPolicyGroup
from commands.blueprints.schema.fields import Flag, OneOf, Text, Whole

POSITIONS = ("BOTTOM_LEFT", "BOTTOM_RIGHT", "TOP_LEFT", "TOP_RIGHT")
TEXT_SIZES = ("SMALL_TEXT", "MEDIUM_TEXT", "LARGE_TEXT", "DEFAULT_TEXT", "CUSTOM_TEXT")
CUSTOM = "Where the size is custom, 20 to 100"
PART = "When and how loud"
VOLUME = "0 to 100"


class AndroidScreenTimeout(StrictPolicyGroup):
    """When the screen turns off."""

    title = "Screen time-out"

    screentimeout_value = Whole(-1, 2**31 - 1, help_text="Milliseconds; -1: never")


class AndroidBrightness(PolicyGroup):
    """How bright the screen is."""

    title = "Brightness"

    brightness_value = Text(required=False, help_text="A number as text, 0 to 100")


class AndroidOrientation(PolicyGroup):
    """Which way the screen turns."""

    title = "Screen orientation"

    orientation_type = OneOf(
        ("PORTRAIT", "LANDSCAPE", "INVERTED PORTRAIT", "INVERTED LANDSCAPE", "AUTO"),
        required=False,
        help_text="AUTO: as the device is held",
    )


class Wallpaper(Settings):
    """A picture."""

    wallpaper_id = Text(required=False, help_text="Id of the picture")


class HomeScreen(Policy):
    """The wallpaper behind the icons."""

    portrait = Wallpaper(required=False, help_text="Upright")
    landscape = Wallpaper(required=False, help_text="Across")


class LockScreen(Policy):
    """The wallpaper behind the clock."""

    portrait = Wallpaper(required=False, help_text="Upright")


class AndroidWallpaper(Group):
    """The pictures behind the icons and the clock."""

    title = "Wallpaper"

    homescreen = HomeScreen(required=False, help_text="Behind the icons")
    lockscreen = LockScreen(required=False, help_text="Behind the clock")


class Alarm(Policy):
    """Of alarms."""

    alarm_volume = Whole(0, 100, required=False, help_text=VOLUME)


class Music(Policy):
    """Of music and videos."""

    music_volume = Whole(0, 100, required=False, help_text=VOLUME)


class Ringtone(Policy):
    """Of calls."""

    ringtone_volume = Whole(0, 100, required=False, help_text=VOLUME)


class Notification(Policy):
    """Of notices."""

    notification_volume = Whole(0, 100, required=False, help_text=VOLUME)


class VoiceCall(Policy):
    """Of voices in calls."""

    voice_call_volume = Whole(0, 100, required=False, help_text=VOLUME)


class AndroidSound(Group):
    """How loud things are. Each part says by itself when it is applied."""

    title = "Sound"

    alarm_settings = Alarm(required=False, help_text=PART)
    music_settings = Music(required=False, help_text=PART)
    ringtone_settings = Ringtone(required=False, help_text=PART)
    notification_settings = Notification(required=False, help_text=PART)
    voice_call_settings = VoiceCall(required=False, help_text=PART)


class AndroidSystemUpdates(PolicyGroup):
    """When new versions of the system are installed."""

    title = "System updates"

    system_update_policy_type = OneOf(
        ("UPDATE AUTOMATICALLY", "POSTPONE INSTALLATION", "WINDOWED INSTALLATION", "DISABLE UPDATE", "DEFAULT UPDATE"),
        required=False,
        help_text="At once, after 30 days, in a window of each day, never, or as the device likes",
    )
    maintenance_start = Text(required=False, allow_blank=True, help_text="When the window opens")
    maintenance_end = Text(required=False, allow_blank=True, help_text="When it closes")


class AndroidTimeDate(PolicyGroup):
    """Whether people may set the clock."""

    title = "Time and date"

    allow_edit_time_date = Flag(required=False, help_text="false: they cannot")


class AndroidTimezone(PolicyGroup):
    """The time zone."""

    title = "Time zone"

    timezone = Text(required=False, help_text="Such as Europe/Berlin")


class AndroidLanguage(PolicyGroup):
    """The language of the device."""

    title = "Language"

    device_locale = Text(required=False, help_text="Such as en_US")


class AndroidAppLayout(PolicyGroup):
    """How the agent's home screen looks."""

    title = "Layout of the home screen"

    brand_logo_position = OneOf(POSITIONS, required=False, help_text="Where the logo is")
    device_name_position = OneOf(POSITIONS, required=False, help_text="Where the device's name is")
    app_icon_size = OneOf(
        ("SMALL_ICON", "MEDIUM_ICON", "LARGE_ICON", "DEFAULT_ICON", "CUSTOM_ICON"),
        required=False,
        help_text="Of the icons",
    )
    app_name_size = OneOf(TEXT_SIZES, required=False, help_text="Of the names of apps")
    device_name_size = OneOf(TEXT_SIZES, required=False, help_text="Of the device's name")
    device_alias_size = OneOf(TEXT_SIZES, required=False, help_text="Of the device's alias")
    device_name_and_id_display_policy = OneOf(
        ("NONE", "DEFAULT", "DEVICE_ID_ONLY", "ALIAS_NAME_ONLY", "DEVICE_ID_AND_ALIAS_NAME"),
        required=False,
        help_text="What is shown of them",
    )
    custom_app_icon_size = Whole(20, 100, required=False, help_text=CUSTOM)
    custom_device_name_size = Whole(20, 100, required=False, help_text=CUSTOM)
    custom_device_alias_size = Whole(20, 100, required=False, help_text=CUSTOM)
    custom_app_name_size = Whole(20, 100, required=False, help_text=CUSTOM)
