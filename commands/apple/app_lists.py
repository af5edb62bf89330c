"""What our profiles on an Apple device say about its apps, and what they will say after one more command.

Apple has no command for one app: a profile holds the whole list, so each command sends the list as last acknowledged
with its own change. Doing it twice changes nothing.
"""

import uuid
from dataclasses import dataclass, replace

from commands.apple.profiles import RESTRICTIONS, MadeProfile
from commands.models import AppleAppLists
from devices.models import DeviceProfile

NOTIFICATIONS = "com.apple.notificationsettings"


@dataclass(frozen=True)
class AppLists:
    allowed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    notifications: tuple[tuple[str, bool], ...] = ()

    def with_blocked(self, app: str, *, blocked: bool) -> "AppLists":
        return replace(self, blocked=_changed(self.blocked, app, listed=blocked))

    def with_allowed(self, app: str, *, allowed: bool) -> "AppLists":
        return replace(self, allowed=_changed(self.allowed, app, listed=allowed))

    def with_notifications(self, app: str, *, enabled: bool) -> "AppLists":
        return replace(self, notifications=tuple(sorted({**dict(self.notifications), app: enabled}.items())))


def _changed(apps: tuple[str, ...], app: str, *, listed: bool) -> tuple[str, ...]:
    others = {each for each in apps if each != app}
    return tuple(sorted(others | {app} if listed else others))


def restrictions_profile(lists: AppLists) -> MadeProfile:
    """https://developer.apple.com/documentation/devicemanagement/restrictions: blockedAppBundleIDs and
    allowListedAppBundleIDs, since iOS and tvOS 15; before (iOS 9.3, tvOS 11) they had the other names.
    """
    settings: dict[str, list[str]] = {}
    if lists.blocked:
        settings["blockedAppBundleIDs"] = settings["blacklistedAppBundleIDs"] = list(lists.blocked)
    if lists.allowed:
        settings["allowListedAppBundleIDs"] = settings["whitelistedAppBundleIDs"] = list(lists.allowed)
    return MadeProfile("apps", "Apps that may be used", ((RESTRICTIONS, settings),) if settings else ())


def notifications_profile(lists: AppLists) -> MadeProfile:
    """https://developer.apple.com/documentation/devicemanagement/notifications

    An app that is not listed keeps what its user chose; one that is listed is enforced either way.
    """
    items = [{"BundleIdentifier": app, "NotificationsEnabled": enabled} for app, enabled in lists.notifications]
    payloads = ((NOTIFICATIONS, {"NotificationSettings": items}),) if items else ()
    return MadeProfile("notifications", "Notifications of apps", payloads)


def lists_of(device_id: uuid.UUID) -> AppLists:
    """What was acknowledged, as far as the profile that says it is still on the device."""
    row = AppleAppLists.objects.filter(device_id=device_id).first()
    if row is None:
        return AppLists()
    profiles = [restrictions_profile(AppLists()).identifier, notifications_profile(AppLists()).identifier]
    told = DeviceProfile.objects.filter(device_id=device_id, identifier__in=profiles)
    held = set(told.values_list("identifier", flat=True))
    apps = AppLists(allowed=tuple(row.allowed), blocked=tuple(row.blocked)) if profiles[0] in held else AppLists()
    notifications = tuple(sorted(row.notifications.items())) if profiles[1] in held else ()
    return replace(apps, notifications=notifications)


def keep_lists(device_id: uuid.UUID, lists: AppLists) -> None:
    """As the device has just acknowledged them."""
    if lists == AppLists():
        forget_lists(device_id)
        return
    told = {"allowed": list(lists.allowed), "blocked": list(lists.blocked), "notifications": dict(lists.notifications)}
    AppleAppLists.objects.update_or_create(device_id=device_id, defaults=told)


def forget_lists(device_id: uuid.UUID) -> None:
    """The profiles left the device with its management."""
    AppleAppLists.objects.filter(device_id=device_id).delete()
