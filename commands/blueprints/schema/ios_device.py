"""What people may do with an iPhone or iPad: one switch for each group, carried by a restrictions profile."""

from commands.blueprints.schema.base import PolicyGroup, StrictPolicyGroup
from commands.blueprints.schema.fields import Flag, OneOf, Whole

RESTRICTIONS = "https://developer.apple.com/documentation/devicemanagement/restrictions"


class IosDeviceMode(PolicyGroup):
    """Whether the device shows one app only, or all of them. Needs supervision for KIOSK."""

    title = "Device mode"
    reference = "https://developer.apple.com/documentation/devicemanagement/applock"

    device_mode = OneOf(
        ("KIOSK", "MULTI APP"),
        default="MULTI APP",
        help_text="KIOSK: nothing but the app of `kiosk_app`, which must be given then. MULTI APP: all apps",
    )


class IosLocalAppInstall(StrictPolicyGroup):
    """Whether people may install apps by themselves. Needs supervision."""

    title = "Installing apps by hand"
    reference = RESTRICTIONS

    allow_local_app_install = Flag(help_text="false: no App Store; apps of this server are installed all the same")


class IosAppUninstall(StrictPolicyGroup):
    """Whether people may remove apps. Needs supervision."""

    title = "Removing apps by hand"
    reference = RESTRICTIONS

    allow_app_uninstallation = Flag(help_text="false: people cannot remove any app")


class IosBluetooth(StrictPolicyGroup):
    """Whether people may change the Bluetooth settings. Needs supervision and iOS 11."""

    title = "Bluetooth"
    reference = RESTRICTIONS

    edit_bluetooth = Flag(help_text="false: Bluetooth stays as it is, on or off")


class IosNfc(StrictPolicyGroup):
    """Whether NFC works. Needs supervision and iOS 14.2."""

    title = "NFC"
    reference = RESTRICTIONS

    allow_nfc = Flag(help_text="false: apps can neither read nor write NFC tags")


class IosFactoryReset(StrictPolicyGroup):
    """Whether people may erase the device. Needs supervision."""

    title = "Factory reset"
    reference = RESTRICTIONS

    allow_factory_reset = Flag(help_text="false: no “Erase All Content and Settings” on the device")


class IosScreenshot(PolicyGroup):
    """Whether the screen may be photographed and recorded. Without supervision too."""

    title = "Screenshots"
    reference = RESTRICTIONS

    allow_screenshot = Flag(default=True, help_text="false: no screenshots and no screen recordings")


class IosSiri(StrictPolicyGroup):
    """Whether Siri answers. Without supervision too."""

    title = "Siri"
    reference = RESTRICTIONS

    allow_siri = Flag(help_text="false: Siri is off")


class IosTethering(PolicyGroup):
    """Whether people may change the personal hotspot. Needs supervision and iOS 12.2."""

    title = "Personal hotspot"
    reference = RESTRICTIONS

    edit_hotspot = Flag(default=True, help_text="false: the hotspot stays as it is, on or off")


class IosCamera(PolicyGroup):
    """Whether the camera works. Needs supervision since iOS 13."""

    title = "Camera"
    reference = RESTRICTIONS

    allow_camera_access = Flag(default=True, help_text="false: no camera, and no video calls")


class IosHidePreloadedApps(PolicyGroup):
    """Whether the apps that come with the system are hidden. Needs supervision and iOS 9.3."""

    title = "Preloaded apps"
    reference = RESTRICTIONS

    hide_preloaded_apps = Flag(
        default=True,
        help_text="true: Apple's own apps are hidden, except those that `apps` names as PRELOADED, or a web clip needs",
    )


class IosTimeDate(PolicyGroup):
    """Whether the device sets its clock by itself. Needs supervision and iOS 12."""

    title = "Time and date"
    reference = RESTRICTIONS

    force_automatic_time_date = Flag(default=False, help_text="true: people cannot set the clock by hand")


class IosDeferOsUpdates(PolicyGroup):
    """How long people do not see new versions of the system. Needs supervision and iOS 11.3."""

    title = "Deferral of system updates"
    reference = RESTRICTIONS

    defer_os_updates_delay = Whole(0, 90, default=0, help_text="Days after Apple's release; 0: none")
