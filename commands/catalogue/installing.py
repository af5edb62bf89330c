"""What a device tells about an app that it is installing, in words.

That it took the command does not mean that the app is there. States and reasons:
https://developer.apple.com/documentation/devicemanagement/installapplicationresponse and managedapplicationlistresponse
"""

import datetime as dt
from typing import Any

FIRST_PAUSE = dt.timedelta(seconds=20)  # doubled after each look
LONGEST_PAUSE = dt.timedelta(minutes=15)
LOOKS = 25  # some five hours
LOOKS_WITHOUT = 6  # some twenty minutes in which the device says nothing of the app; a refusal is told once only

THERE = frozenset({"Managed", "UserInstalledApp"})
REFUSED = {
    "Failed": "The device could not install the app.",
    "UserRejected": "The user refused the app.",
    "UpdateRejected": "The user refused the update.",
    "ManagementRejected": "The user refused to let this server manage the app that is on the device already.",
    "NeedsRedemption": "The device wants a redemption code: no licence of the app is assigned to it.",
}
WAITS_FOR_USER = {
    "Prompting": "the user has not agreed to it yet",
    "PromptingForLogin": "the user has not signed in to the store yet",
    "PromptingForUpdate": "the user has not agreed to the update yet",
    "PromptingForUpdateLogin": "the user has not signed in to the store yet",
    "PromptingForManagement": "the user has not agreed yet to let this server manage the app",
}
# An earlier request for the app is under way, or it is there: the lists tell how it went.
HARMLESS_REASONS = frozenset({"AppAlreadyInstalled", "AppAlreadyQueued"})
REASONS = {
    "AppStoreDisabled": "The App Store is disabled on the device.",
    "CouldNotVerifyAppID": "The device could not verify the app's id at Apple.",
    "ManagementChangeNotSupported": "The app is on the device already, and this server cannot take over managing it.",
    "NotAnApp": "What the device was told to install is no app.",
    "NotSupported": "The device does not support the app.",
    "PurchaseMethodNotSupported": "The device does not support apps that are licensed to it.",
    "PurchaseMethodNotSupportedInMultiUser": "A Shared iPad does not support this way of licensing apps.",
}
# Apple's store needs a while to know of a new licence; with 506 it is busy. github.com/fleetdm/fleet, issue 36724
NOT_YET_LICENSED = frozenset({9610, 506})


def pause(look: int) -> dt.timedelta:
    """Before a look, the first being 0."""
    return min(FIRST_PAUSE * 2.0 ** min(look, 10), LONGEST_PAUSE)


def refusal(report: dict[str, Any]) -> str:
    """Why the device will not install it, in an answer that says more than its status; empty if it does not say so."""
    reason = report.get("RejectionReason")
    if isinstance(reason, str) and reason not in HARMLESS_REASONS:
        return REASONS.get(reason, f"The device refused to install the app ({reason[:60]}).")
    state = report.get("State")
    return REFUSED.get(state, "") if isinstance(state, str) else ""


def managed_state(report: dict[str, Any], bundle_id: str) -> str:
    """The app's state in a ManagedApplicationList, which is a dictionary; empty if it is not in there."""
    apps = report.get("ManagedApplicationList")
    told = apps.get(bundle_id) if isinstance(apps, dict) else None
    state = told.get("Status") if isinstance(told, dict) else None
    return state if isinstance(state, str) else ""


def is_listed(report: dict[str, Any], bundle_id: str) -> bool:
    """Whether an InstalledApplicationList has the app."""
    return bool(_entry(report, bundle_id))


def installed_entry(report: dict[str, Any], bundle_id: str) -> dict[str, Any]:
    """The app in an InstalledApplicationList; empty if it is not there, or not completely."""
    found = _entry(report, bundle_id)
    return found if found.get("Installing") is not True else {}


def _entry(report: dict[str, Any], bundle_id: str) -> dict[str, Any]:
    apps = report.get("InstalledApplicationList")
    entries = [app for app in apps if isinstance(app, dict)] if isinstance(apps, list) else []
    return next((app for app in entries if app.get("Identifier") == bundle_id), {})


def still_waiting(state: str) -> str:
    """A sentence for the row while the app is not there."""
    if state in WAITS_FOR_USER:
        return f"The app is not installed yet: {WAITS_FOR_USER[state]}."
    return f"The device is installing the app ({state})." if state else "The device is to install the app."


def given_away(state: str) -> str:
    """Why there is no use in waiting on when that is the state after LOOKS_WITHOUT looks; empty if there is."""
    if not state:
        return "The device neither has the app nor is installing it; its user may have refused it."
    return "The user has deleted the app." if state == "ManagedButUninstalled" else ""


def given_up(told: str) -> str:
    """The end of the waiting. `told`: the sentence for the row."""
    return f"The app was not installed within about five hours. The last that was known: {told}"
