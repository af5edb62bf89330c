"""Apps that come with iPhones and iPads, by their bundle identifiers.

https://support.apple.com/guide/deployment/depece748c41/web (Bundle IDs for native iPhone and iPad apps) and
https://github.com/joeblau/apple-bundle-identifiers. Settings and Phone are not among them: a device without these
cannot be set right, and cannot call for help. What a device does not have is harmless on the list.
"""

SAFARI = "com.apple.mobilesafari"
NAMES = """
    AppStore Bridge DocumentsApp Fitness Health Home Keynote Maps MobileAddressBook MobileSMS MobileStore Music Numbers
    Pages Passbook Photo-Booth TVRemote Translate VoiceMemos calculator camera clips compass facetime findmy freeform
    gamecenter iBooks iCloudDriveApp iMovie itunesu journal measure mobilecal mobilegarageband mobilemail
    mobileme.fmf1 mobileme.fmip1 mobilenotes mobilesafari mobileslideshow mobiletimer musicmemos news podcasts
    reminders shortcuts stocks store.Jolly tips tv videos weather
"""
PRELOADED = frozenset(f"com.apple.{name}" for name in NAMES.split())
