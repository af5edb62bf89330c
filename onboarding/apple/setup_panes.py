"""The panes of Apple's set-up assistant, by the keys that skip them.

https://github.com/apple/device-management/blob/release/other/skipkeys.yaml, and Apple's page on SkipKeys. Two names of
the API are in neither, AccessibilityAppearance and LiquidGlass: Apple is told them as they are.
"""

from collections.abc import Iterable

# As the API names them, which are Apple's keys.
PANES = (
    "AccessibilityAppearance", "ActionButton", "Android", "Appearance", "AppleID", "AppStore", "Biometric",
    "CameraButton", "DeviceToDeviceMigration", "Diagnostics", "DisplayTone", "EnableLockdownMode",
    "HomeButtonSensitivity", "iMessageAndFaceTime", "Intelligence", "Keyboard", "LiquidGlass", "Location",
    "MessagingActivationUsingPhoneNumber", "Multitasking", "OnBoarding", "OSShowcase", "Passcode", "Payment", "Privacy",
    "Restore", "RestoreCompleted", "Safety", "SafetyAndHandling", "ScreenTime", "ScreenSaver", "SIMSetup", "Siri",
    "SoftwareUpdate", "SpokenLanguage", "TapToSetup", "TermsOfAddress", "TOS", "TVHomeScreenSync", "TVProviderSignIn",
    "TVRoom", "UpdateCompleted", "WatchMigration", "Welcome", "Zoom",
)  # fmt: skip
# Apple's, which the API has no names for: the console shows them.
FURTHER_PANES = (
    "Accessibility", "AdditionalPrivacySettings", "FileVault", "iCloudDiagnostics", "iCloudStorage", "Tips",
    "UnlockWithWatch", "Wallpaper", "WebContentFiltering",
)  # fmt: skip
ALL_PANES = (*PANES, *FURTHER_PANES)


def skipped(shown: Iterable[str]) -> list[str]:
    """The keys of all panes but these."""
    kept = set(shown)
    return [pane for pane in ALL_PANES if pane not in kept]
