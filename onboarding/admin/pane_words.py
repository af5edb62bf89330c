"""The panes of Apple's set-up assistant in plain words, in the order and the groups in which a form offers them."""

from collections.abc import Collection
from dataclasses import dataclass

from onboarding.apple.setup_panes import ALL_PANES


@dataclass(frozen=True)
class Pane:
    """`key`: Apple's name for it."""

    key: str
    title: str
    hint: str


GROUPS: tuple[tuple[str, tuple[Pane, ...]], ...] = (
    (
        "First steps",
        (
            Pane("Location", "Location services", "Whether apps may know where the device is"),
            Pane("Keyboard", "Keyboards", "Which keyboards there are"),
            Pane("SpokenLanguage", "Dictation languages", "Which languages are understood when spoken"),
            Pane("TermsOfAddress", "Form of address", "Feminine, masculine or neutral, in languages that differ"),
            Pane("SIMSetup", "Mobile plan", "Adding an eSIM or a phone number"),
            Pane("TOS", "Terms and conditions", "Apple's, to be agreed to"),
            Pane("SafetyAndHandling", "Safety and handling", "Apple's notice on handling the device"),
        ),
    ),
    (
        "Bringing data along",
        (
            Pane("Restore", "Restore", "From a backup, or from another computer"),
            Pane("DeviceToDeviceMigration", "From another device", "Straight from the old iPhone or iPad nearby"),
            Pane("Android", "From Android", "Offered beside restoring: data of an Android phone"),
            Pane("RestoreCompleted", "Restore completed", "What came along, once it did"),
            Pane("WatchMigration", "Apple Watch", "Moving a watch from the old iPhone"),
        ),
    ),
    (
        "Security and privacy",
        (
            Pane("Passcode", "Passcode", "Setting one; a blueprint can demand one afterwards"),
            Pane("Biometric", "Face ID or Touch ID", "Teaching the device a face or a finger"),
            Pane("Privacy", "Data and privacy", "Apple's notice on what it does with data"),
            Pane("AdditionalPrivacySettings", "More privacy settings", "On a Mac"),
            Pane("Diagnostics", "Diagnostics", "Whether reports go to Apple and to makers of apps"),
            Pane("iCloudDiagnostics", "iCloud diagnostics", "Whether Apple may analyse iCloud data; on a Mac"),
            Pane("EnableLockdownMode", "Lockdown Mode", "For people who expect targeted attacks"),
            Pane("FileVault", "FileVault", "Encrypting the disk of a Mac"),
            Pane("UnlockWithWatch", "Unlock with Apple Watch", "On a Mac"),
            Pane("Safety", "Emergency SOS", "Whom an iPhone calls in an emergency, and when"),
            Pane("ScreenTime", "Screen Time", "Reports and limits of what the device is used for"),
            Pane("WebContentFiltering", "Web content filter", "Keeping adult web sites out"),
        ),
    ),
    (
        "Apple's services",
        (
            Pane("AppleID", "Apple Account", "Signing in, and with it iCloud"),
            Pane("AppStore", "App Store", "On a Mac"),
            Pane("iCloudStorage", "Files in iCloud", "Keeping documents and desktop of a Mac there"),
            Pane("iMessageAndFaceTime", "iMessage and FaceTime", "By which addresses one is reached"),
            Pane("MessagingActivationUsingPhoneNumber", "iMessage by number", "Activating it with the phone number"),
            Pane("Payment", "Apple Pay", "Adding a card"),
            Pane("Siri", "Siri", "Turning it on, and teaching it a voice"),
            Pane("Intelligence", "Apple Intelligence", "Turning it on"),
        ),
    ),
    (
        "Look and handling",
        (
            Pane("Appearance", "Appearance", "Light or dark"),
            Pane("AccessibilityAppearance", "Accessible appearance", "Larger text, more contrast"),
            Pane("Accessibility", "Accessibility", "Aids for seeing, hearing and moving; on a Mac"),
            Pane("LiquidGlass", "Liquid Glass", "The look since version 26"),
            Pane("Wallpaper", "Wallpaper", "Which one the Mac shows"),
            Pane("DisplayTone", "True Tone", "Whether the display adapts to the light of the room"),
            Pane("Zoom", "Display zoom", "Standard or enlarged; on an iPhone"),
            Pane("HomeButtonSensitivity", "Home button", "How firmly it clicks; on older iPhones"),
            Pane("ActionButton", "Action button", "What the button at the side of an iPhone does"),
            Pane("CameraButton", "Camera Control", "How the camera's button of an iPhone behaves"),
            Pane("Multitasking", "Windows", "How an iPad arranges several apps"),
        ),
    ),
    (
        "Apple TV",
        (
            Pane("TapToSetup", "Set up with an iPhone", "Taking settings over from one nearby"),
            Pane("TVHomeScreenSync", "Same home screen", "On all Apple TVs of the account"),
            Pane("TVProviderSignIn", "TV provider", "Signing in there"),
            Pane("TVRoom", "Room", "Where the Apple TV stands"),
            Pane("ScreenSaver", "Screen saver", "Films from the air, and how often new ones are loaded"),
        ),
    ),
    (
        "Tours and updates",
        (
            Pane("Welcome", "Welcome", "The screen that says that all is ready"),
            Pane("OnBoarding", "What is new", "Screens that show new features"),
            Pane("OSShowcase", "Tour of macOS", "On a Mac"),
            Pane("Tips", "Tips", "On a Mac"),
            Pane("SoftwareUpdate", "Automatic updates", "Whether the device updates itself"),
            Pane("UpdateCompleted", "Update completed", "After an update of the system"),
        ),
    ),
)
TITLES = {pane.key: pane.title for _, panes in GROUPS for pane in panes}


def in_words(shown: Collection[str]) -> list[str]:
    """The titles of these panes, in the form's order; names that nobody knows as they are."""
    known = [title for key, title in TITLES.items() if key in shown]
    return known + sorted(key for key in shown if key not in TITLES)


def told_number(shown: Collection[str]) -> str:
    return f"{len(shown)} of {len(ALL_PANES)}" if shown else "none, all are skipped"
