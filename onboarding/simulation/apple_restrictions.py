"""Which restrictions a device heeds, and what several of them amount to.

Source: ``mdm/profiles/com.apple.applicationaccess.yaml`` of github.com/apple/device-management (names, "supervised" and
"introduced" of each key), and "Restrictions" of Apple's protocol reference (unions and intersections).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_models import version_numbers


def _by_key(listed: Mapping[str, str]) -> dict[str, str]:
    """From versions with their keys to keys with their version."""
    return {key: version for version, keys in listed.items() for key in keys.split()}


# iOS and iPadOS. Keys that needed no supervision before iOS 13 are taken as they are since.
_SUPERVISED = _by_key(
    {
        "4.0": "allowAddingGameCenterFriends allowAppInstallation allowAppRemoval allowExplicitContent"
        " allowMultiplayerGaming allowSafari allowVideoConferencing allowiTunes safariAllowAutoFill",
        "5.0": "allowChat allowCloudDocumentSync forceAssistantProfanityFilter",
        "6.0": "allowBookstore allowGameCenter allowUIConfigurationProfileInstallation",
        "7.0": "allowAccountModification allowAirDrop allowAppCellularDataModification"
        " allowAssistantUserGeneratedContent allowFindMyFriendsModification allowHostPairing"
        " autonomousSingleAppModePermittedAppIDs",
        "8.0": "allowAutoCorrection allowDefinitionLookup allowEnablingRestrictions allowEraseContentAndSettings"
        " allowFingerprintModification allowPodcasts allowPredictiveKeyboard allowSpellCheck",
        "9.0": "allowAutomaticAppDownloads allowDeviceNameModification allowKeyboardShortcuts allowNews"
        " allowPairedWatch allowPasscodeModification allowUIAppInstallation allowWallpaperModification",
        "9.3": "allowDiagnosticSubmissionModification allowMusicService allowNotificationsModification"
        " allowRadioService blacklistedAppBundleIDs whitelistedAppBundleIDs",
        "10.3": "allowDictation forceWiFiWhitelisting",
        "11.0": "allowAirPrint allowAirPrintCredentialsStorage allowAirPrintiBeaconDiscovery"
        " allowBluetoothModification allowCellularPlanModification allowProximitySetupToNewDevice"
        " allowSystemAppRemoval allowVPNCreation forceAirPrintTrustedTLSRequirement"
        " forceAuthenticationBeforeAutoFill forceClassroomAutomaticallyJoinClasses"
        " forceClassroomUnpromptedAppAndDeviceLock forceClassroomUnpromptedScreenObservation",
        "11.3": "enforcedSoftwareUpdateDelay forceClassroomRequestPermissionToLeaveClasses forceDelayedSoftwareUpdates",
        "11.4.1": "allowUSBRestrictedMode",
        "12.0": "allowPasswordAutoFill allowPasswordProximityRequests allowPasswordSharing forceAutomaticDateAndTime",
        "12.1": "allowESIMModification",
        "12.2": "allowPersonalHotspotModification",
        "13.0": "allowContinuousPathKeyboard allowFilesUSBDriveAccess allowFindMyDevice allowFindMyFriends"
        " forceWiFiPowerOn",
        "13.1": "allowFilesNetworkDriveAccess",
        "13.4": "allowSharedDeviceTemporarySession",
        "14.0": "allowAppClips",
        "14.2": "allowNFC",
        "14.5": "allowUnpairedExternalBootToRecovery forceWiFiToAllowedNetworksOnly",
        "15.0": "allowCloudPrivateRelay allowListedAppBundleIDs blockedAppBundleIDs",
        "15.2": "allowMailPrivacyProtection",
        "16.0": "allowRapidSecurityResponseInstallation allowRapidSecurityResponseRemoval",
    }
)
_FOR_ALL = _by_key(
    {
        "4.0": "allowCamera allowGlobalBackgroundFetchWhenRoaming allowInAppPurchases allowScreenShot"
        " allowVoiceDialing forceEncryptedBackup ratingApps ratingMovies ratingRegion ratingTVShows"
        " safariAcceptCookies safariAllowJavaScript safariAllowPopups safariForceFraudWarning",
        "5.0": "allowAssistant allowAssistantWhileLocked allowCloudBackup allowPhotoStream allowUntrustedTLSPrompt",
        "6.0": "allowBookstoreErotica allowDiagnosticSubmission allowPassbookWhileLocked allowSharedStream"
        " forceITunesStorePasswordEntry",
        "7.0": "allowCloudKeychainSync allowFingerprintForUnlock allowLockScreenControlCenter"
        " allowLockScreenNotificationsView allowLockScreenTodayView allowOTAPKIUpdates"
        " allowOpenFromManagedToUnmanaged allowOpenFromUnmanagedToManaged forceLimitAdTracking"
        " forceAirPlayOutgoingRequestsPairingPassword",
        "8.0": "allowActivityContinuation allowEnterpriseBookBackup allowEnterpriseBookMetadataSync"
        " allowManagedAppsCloudSync allowSpotlightInternetResults forceWatchWristDetection",
        "9.0": "allowCloudPhotoLibrary allowEnterpriseAppTrust forceAirDropUnmanaged",
        "9.3": "allowRemoteScreenObservation",
        "12.0": "allowManagedToWriteUnmanagedContacts allowUnmanagedToReadManagedContacts",
        "14.0": "allowApplePersonalizedAdvertising",
        "14.5": "allowAutoUnlock forceOnDeviceOnlyDictation",
        "15.0": "forceOnDeviceOnlyTranslation requireManagedPasteboard",
    }
)
_ON_APPLE_TV = _by_key(
    {
        "10.2": "allowAirPlayIncomingRequests allowRemoteAppPairing",
        "11.0": "allowDeviceNameModification blacklistedAppBundleIDs whitelistedAppBundleIDs",
        "12.0": "allowPasswordProximityRequests",
        "12.2": "enforcedSoftwareUpdateDelay forceAutomaticDateAndTime forceDelayedSoftwareUpdates",
        "13.0": "allowDeviceSleep",
        "15.0": "allowListedAppBundleIDs blockedAppBundleIDs",
        "15.4": "allowAutomaticScreenSaver",
    }
)
_NOT_ON_A_MAC = frozenset(
    {
        "allowAppInstallation",
        "allowAppRemoval",
        "allowListedAppBundleIDs",
        "allowUIAppInstallation",
        "autonomousSingleAppModePermittedAppIDs",
        "blacklistedAppBundleIDs",
        "blockedAppBundleIDs",
        "forceAutomaticDateAndTime",
        "forceWiFiPowerOn",
        "forceWiFiToAllowedNetworksOnly",
        "forceWiFiWhitelisting",
        "whitelistedAppBundleIDs",
    }
)

_UNITED = ("blockedAppBundleIDs", "blacklistedAppBundleIDs")
_LARGEST = frozenset({"enforcedSoftwareUpdateDelay"})


def heeds(hardware: Hardware, *, is_supervised: bool, key: str) -> bool:
    """Whether the restriction has an effect on this device.

    A key that the tables do not know is newer than they are: as nearly all new ones it takes a supervised device.
    """
    if hardware.os_family == "macOS":
        return key not in _NOT_ON_A_MAC
    if hardware.os_family == "tvOS":
        since = _ON_APPLE_TV.get(key)
        return since is not None and is_supervised and _is_since(hardware, since)
    if key in _FOR_ALL:
        return _is_since(hardware, _FOR_ALL[key])
    return is_supervised and _is_since(hardware, _SUPERVISED.get(key, "0"))


def combined(payloads: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All restrictions of several payloads, each as strict as the strictest of them makes it."""
    gathered: dict[str, list[Any]] = {}
    for payload in payloads:
        for key, value in payload.items():
            if not key.startswith("Payload"):
                gathered.setdefault(key, []).append(value)
    return {key: _strictest(key, values) for key, values in gathered.items()}


def _strictest(key: str, values: list[Any]) -> Any:
    """Booleans: ``allow…`` is off, ``force…`` is on as soon as one says so. Lists: blocked ones add up, others meet."""
    if all(isinstance(value, bool) for value in values):
        return all(values) if key.startswith(("allow", "safariAllow")) else any(values)
    if all(isinstance(value, list) for value in values):
        sets = [set(map(str, value)) for value in values]
        return sorted(set.union(*sets) if key in _UNITED else set.intersection(*sets))
    if all(isinstance(value, int | float) for value in values):
        return max(values) if key in _LARGEST else min(values)
    return values[-1]


def _is_since(hardware: Hardware, version: str) -> bool:
    return version_numbers(hardware.os.version) >= version_numbers(version)
