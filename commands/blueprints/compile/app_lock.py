"""Single-app mode: the device shows its kiosk app and nothing else.

https://developer.apple.com/documentation/devicemanagement/applock: supervised devices; others refuse the profile, so it
is not handed to them, and the step says so. A device takes one such profile only, so that of the command SET_KIOSK_APP
has to go first. A device that is locked to an app it does not have is of no use: without the app nothing is locked.
"""

from typing import Any

from commands.blueprints.compile.apps import Known, reference
from commands.blueprints.compile.parts import (
    PROVISION_ONLY,
    Field,
    ProfilePart,
    Settings,
    Target,
    built_profile,
    policy_of,
)
from commands.blueprints.plan import Stage

APP_LOCK = "com.apple.app.lock"
KEY = "app_lock"
MODE = "device_mode_settings.device_mode"
MULTI_APP = "MULTI APP"


def app_lock(ios: Settings, target: Target, known: Known) -> list[ProfilePart]:
    group = ios.get("device_mode_settings")
    mode = (group or {}).get("device_mode")
    if not group or not mode:
        return []
    kiosk_app = ios.get("kiosk_app") or {}
    bundle_id = _bundle_id(kiosk_app, ios, known) if mode == "KIOSK" else ""
    fields = [Field(MODE, mode, MULTI_APP)]
    if mode == "KIOSK":
        fields.append(Field("kiosk_app.app_id", bundle_id or kiosk_app.get("app_id")))
    payloads = [(APP_LOCK, {"App": {"Identifier": bundle_id}})] if bundle_id else []
    return [
        ProfilePart(
            key=KEY,
            title=f"Single-app mode: {bundle_id}"[:255] if bundle_id else "Single-app mode",
            fields=tuple(fields),
            stage=Stage.LOCK,
            is_for_provisioning=policy_of(group) == PROVISION_ONLY,
            needs_supervision=True,
            needs_app=bundle_id if kiosk_app.get("app_type") != "PRELOADED" else "",
            impossible="The kiosk app is not known on this server." if mode == "KIOSK" and not bundle_id else "",
            profile=built_profile(KEY, "Single-app mode", payloads, target),
        )
    ]


def _bundle_id(kiosk_app: dict[str, Any], ios: Settings, known: Known) -> str:
    """Of a preloaded app its id is it; another one is among `apps`, which say its version."""
    if not kiosk_app:
        return ""
    told = (kiosk_app["app_type"], str(kiosk_app["app_id"]))
    if told[0] == "PRELOADED":
        return told[1]
    for entry in ios.get("apps") or ():
        app = known.get(reference(entry))
        names = {str(entry["app_id"]), *((app.adam_id, app.app_id) if app else ())}
        if app and entry["app_type"] == told[0] and told[1] in names:
            return app.bundle_id
    return ""
