"""The keys of Apple's restrictions and passcode payloads, and what kind of value each takes.

https://developer.apple.com/documentation/devicemanagement/restrictions and
https://developer.apple.com/documentation/devicemanagement/passcode. Which keys need supervision or a version is the
device's to judge: it ignores those that it cannot follow.
"""

from collections.abc import Mapping
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


YES_NO = _words(
    """
    allowAccountModification allowActivityContinuation allowAddingGameCenterFriends allowAirDrop
    allowAirPlayIncomingRequests allowAirPrint allowAirPrintCredentialsStorage allowAirPrintiBeaconDiscovery
    allowAppCellularDataModification allowAppClips allowAppInstallation allowAppleIntelligenceReport
    allowApplePersonalizedAdvertising allowAppRemoval allowAppsToBeHidden allowAppsToBeLocked
    allowARDRemoteManagementModification allowAssistant allowAssistantUserGeneratedContent allowAssistantWhileLocked
    allowAutoCorrection allowAutoDim allowAutomaticAppDownloads allowAutomaticScreenSaver allowAutoUnlock
    allowBluetoothModification allowBluetoothSharingModification allowBookstore allowBookstoreErotica
    allowCallRecording allowCamera allowCellularPlanModification allowChat allowCloudAddressBook allowCloudBackup
    allowCloudBookmarks allowCloudCalendar allowCloudDesktopAndDocuments allowCloudDocumentSync allowCloudFreeform
    allowCloudKeychainSync allowCloudMail allowCloudNotes allowCloudPhotoLibrary allowCloudPrivateRelay
    allowCloudReminders allowContentCaching allowContinuousPathKeyboard allowDefaultBrowserModification
    allowDefaultCallingAppModification allowDefaultMessagingAppModification allowDefinitionLookup
    allowDeviceNameModification allowDeviceSleep allowDiagnosticSubmission allowDiagnosticSubmissionModification
    allowDictation allowEnablingRestrictions allowEnterpriseAppTrust allowEnterpriseBookBackup
    allowEnterpriseBookMetadataSync allowEraseContentAndSettings allowESIMModification allowESIMOutgoingTransfers
    allowExplicitContent allowExternalIntelligenceIntegrations allowExternalIntelligenceIntegrationsSignIn
    allowFileSharingModification allowFilesNetworkDriveAccess allowFilesUSBDriveAccess allowFindMyDevice
    allowFindMyFriends allowFindMyFriendsModification allowFingerprintForUnlock allowFingerprintModification
    allowGameCenter allowGenmoji allowGlobalBackgroundFetchWhenRoaming allowHostPairing allowImagePlayground
    allowImageWand allowInAppPurchases allowInternetSharingModification allowiPhoneMirroring allowiPhoneWidgetsOnMac
    allowiTunes allowiTunesFileSharing allowKeyboardShortcuts allowLiveVoicemail allowLocalUserCreation
    allowLockScreenControlCenter allowLockScreenNotificationsView allowLockScreenTodayView allowMailPrivacyProtection
    allowMailSmartReplies allowMailSummary allowManagedAppsCloudSync allowManagedToWriteUnmanagedContacts
    allowMarketplaceAppInstallation allowMediaSharingModification allowMultiplayerGaming allowMusicService allowNews
    allowNFC allowNotesTranscription allowNotesTranscriptionSummary allowNotificationsModification
    allowOpenFromManagedToUnmanaged allowOpenFromUnmanagedToManaged allowOTAPKIUpdates allowPairedWatch
    allowPassbookWhileLocked allowPasscodeModification allowPasswordAutoFill allowPasswordProximityRequests
    allowPasswordSharing allowPersonalHotspotModification allowPersonalizedHandwritingResults allowPhotoStream
    allowPodcasts allowPredictiveKeyboard allowPrinterSharingModification allowProximitySetupToNewDevice
    allowRadioService allowRapidSecurityResponseInstallation allowRapidSecurityResponseRemoval allowRCSMessaging
    allowRemoteAppleEventsModification allowRemoteAppPairing allowRemoteScreenObservation allowRosettaUsageAwareness
    allowSafari allowSafariHistoryClearing allowSafariPrivateBrowsing allowSafariSummary allowSatelliteConnection
    allowScreenShot allowSharedDeviceTemporarySession allowSharedStream allowSpellCheck allowSpotlightInternetResults
    allowStartupDiskModification allowSystemAppRemoval allowTimeMachineBackup allowUIAppInstallation
    allowUIConfigurationProfileInstallation allowUniversalControl allowUnmanagedToReadManagedContacts
    allowUnpairedExternalBootToRecovery allowUntrustedTLSPrompt allowUSBRestrictedMode allowVideoConferencing
    allowVideoConferencingRemoteControl allowVisualIntelligenceSummary allowVoiceDialing allowVPNCreation
    allowWallpaperModification allowWebDistributionAppInstallation allowWritingTools forceAirDropUnmanaged
    forceAirPlayIncomingRequestsPairingPassword forceAirPlayOutgoingRequestsPairingPassword
    forceAirPrintTrustedTLSRequirement forceAssistantProfanityFilter forceAuthenticationBeforeAutoFill
    forceAutomaticDateAndTime forceBypassScreenCaptureAlert forceClassroomAutomaticallyJoinClasses
    forceClassroomRequestPermissionToLeaveClasses forceClassroomUnpromptedAppAndDeviceLock
    forceClassroomUnpromptedScreenObservation forceDelayedAppSoftwareUpdates forceDelayedMajorSoftwareUpdates
    forceDelayedSoftwareUpdates forceEncryptedBackup forceITunesStorePasswordEntry forceLimitAdTracking
    forceOnDeviceOnlyDictation forceOnDeviceOnlyTranslation forcePreserveESIMOnErase forceWatchWristDetection
    forceWiFiPowerOn forceWiFiToAllowedNetworksOnly forceWiFiWhitelisting requireManagedPasteboard safariAllowAutoFill
    safariAllowJavaScript safariAllowPopups safariForceFraudWarning
    """
)
TEXT_LISTS = _words(
    """
    allowedCameraRestrictionBundleIDs allowedExternalIntelligenceWorkspaceIDs allowListedAppBundleIDs
    autonomousSingleAppModePermittedAppIDs blacklistedAppBundleIDs blockedAppBundleIDs deniedICCIDsForiMessageFaceTime
    deniedICCIDsForRCS ratingAppsExemptedBundleIDs whitelistedAppBundleIDs
    """
)
DELAY, RATING = (1, 90), (0, 1000)  # days; levels
NUMBERS: Mapping[str, tuple[int, int]] = {  # least, most
    "enforcedFingerprintTimeout": (0, 2**31 - 1),  # seconds
    "enforcedSoftwareUpdateDelay": DELAY,
    "enforcedSoftwareUpdateMajorOSDeferredInstallDelay": DELAY,
    "enforcedSoftwareUpdateMinorOSDeferredInstallDelay": DELAY,
    "enforcedSoftwareUpdateNonOSDeferredInstallDelay": DELAY,
    "ratingApps": RATING,
    "ratingMovies": RATING,
    "ratingTVShows": RATING,
}
COOKIES = (0, 1, 1.5, 2)
REGIONS = frozenset({"us", "au", "ca", "de", "fr", "ie", "jp", "nz", "gb"})
PASSCODE_YES_NO = frozenset({"allowSimple", "changeAtNextAuth", "forcePIN", "requireAlphanumeric"})
PASSCODE_NUMBERS: Mapping[str, tuple[int, int]] = {
    "maxFailedAttempts": (2, 11),
    "maxGracePeriod": (0, 2**31 - 1),  # minutes
    "maxInactivity": (0, 60),  # minutes; 15 is the most that iPhones and iPads take
    "maxPINAgeInDays": (0, 730),
    "minComplexChars": (0, 4),
    "minLength": (0, 16),
    "minutesUntilFailedLoginReset": (0, 2**31 - 1),
    "pinHistory": (1, 50),
}


def restriction_fault(key: str, value: Any) -> str:
    """What is wrong with it; empty if nothing is."""
    if key in TEXT_LISTS:
        return "" if _is_text_list(value) else "must be a list of texts"
    if key == "safariAcceptCookies":
        return "" if _is_number(value) and value in COOKIES else "must be 0, 1, 1.5 or 2"
    if key == "ratingRegion":
        return "" if isinstance(value, str) and value in REGIONS else f"must be one of {', '.join(sorted(REGIONS))}"
    return _fault(value, key in YES_NO, NUMBERS.get(key), "restriction")


def passcode_fault(key: str, value: Any) -> str:
    return _fault(value, key in PASSCODE_YES_NO, PASSCODE_NUMBERS.get(key), "passcode rule")


def _fault(value: Any, is_yes_no: bool, limits: tuple[int, int] | None, kind: str) -> str:
    if is_yes_no:
        return "" if isinstance(value, bool) else "must be true or false"
    if limits is None:
        return f"is no {kind} of Apple's"
    least, most = limits
    fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    return "" if fits else f"must be a whole number from {least} to {most}"


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
