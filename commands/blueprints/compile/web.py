"""Web clips, and the filter of what the browser may open. Apple TVs have neither.

https://developer.apple.com/documentation/devicemanagement/webclip: supervised or not.
https://developer.apple.com/documentation/devicemanagement/webcontentfilter: the built-in filter takes a supervised
device; the keys have other names since iOS 14.5. A URL on the list of those allowed shuts out all others.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from commands.apple.profiles import Payload
from commands.blueprints.compile.parts import (
    PROVISION_ONLY,
    Field,
    ProfilePart,
    Settings,
    Target,
    built_profile,
    policy_of,
)
from devices.models import BlueprintImage
from devices.versions import is_older

WEB_CLIP, WEB_FILTER = "com.apple.webClip.managed", "com.apple.webcontent-filter"
CLIPS_KEY, FILTER_KEY = "web_clips", "web_content"
RENAMED_IN = "14.5"
Icons = Mapping[str, bytes]
CLIP_FIELDS = ("url", "icon_id", "is_full_screen", "is_removable", "target_bundle_id")


def web_clips(ios: Settings, target: Target) -> list[ProfilePart]:
    """One profile for all of them."""
    clips = ios.get("web_clips") or []
    if not clips:
        return []
    icons = _icons(clips, target.tenant_id)
    return [
        ProfilePart(
            key=CLIPS_KEY,
            title="Web clips",
            fields=tuple(field for clip in clips for field in _clip_fields(clip)),
            impossible="Apple TVs have no web clips." if target.is_tv else "",
            profile=built_profile(CLIPS_KEY, "Web clips", [_clip(clip, icons) for clip in clips], target),
        )
    ]


def _icons(clips: list[dict[str, Any]], tenant_id: uuid.UUID) -> Icons:
    ids = [clip["icon_id"] for clip in clips if clip.get("icon_id")]
    rows = BlueprintImage.objects.filter(pk__in=ids, tenant_id=tenant_id) if ids else ()
    return {str(row.pk): bytes(row.image) for row in rows}


def _clip(clip: dict[str, Any], icons: Icons) -> Payload:
    settings: dict[str, Any] = {
        "Label": clip["label"],
        "URL": clip["url"],
        "FullScreen": bool(clip.get("is_full_screen")),
        "IsRemovable": clip.get("is_removable", True),
    }
    if icon := icons.get(str(clip.get("icon_id"))):
        settings |= {"Icon": icon, "Precomposed": True}
    if target := clip.get("target_bundle_id"):
        settings["TargetApplicationBundleIdentifier"] = target
    return WEB_CLIP, settings


def _clip_fields(clip: dict[str, Any]) -> list[Field]:
    path = f"web_clips[{clip['label']}]"
    return [Field(f"{path}.{key}", clip[key]) for key in CLIP_FIELDS if clip.get(key) not in (None, "")]


def web_content(ios: Settings, target: Target) -> list[ProfilePart]:
    group = ios.get("web_content_settings")
    if not group:
        return []
    blocked, allowed = group.get("url_blocklist") or [], group.get("url_allowlist") or []
    settings = _filter(blocked, allowed, is_old=is_older(target.os_version, RENAMED_IN))
    return [
        ProfilePart(
            key=FILTER_KEY,
            title="Web content",
            fields=(
                Field("web_content_settings.url_blocklist", blocked, []),
                Field("web_content_settings.url_allowlist", allowed, []),
            ),
            is_for_provisioning=policy_of(group) == PROVISION_ONLY,
            needs_supervision=True,
            impossible="Apple TVs have no web browser to filter." if target.is_tv and settings else "",
            profile=built_profile(FILTER_KEY, "Web content", [(WEB_FILTER, settings)] if settings else [], target),
        )
    ]


def _filter(blocked: list[str], allowed: list[str], *, is_old: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if blocked:
        settings["BlacklistedURLs" if is_old else "DenyListURLs"] = blocked
    if allowed:
        bookmarks = [{"URL": url, "Title": url} for url in allowed]
        settings["WhitelistedBookmarks" if is_old else "AllowListBookmarks"] = bookmarks
    return {"FilterType": "BuiltIn", "AutoFilterEnabled": False, **settings} if settings else {}
