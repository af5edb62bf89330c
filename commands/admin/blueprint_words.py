"""What a version of a blueprint says, in words: a piece per group of settings, secrets masked."""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps_domain.models import StoreApp, TenantApp, TenantAppVersion, VendorApp, VendorAppVersion
from commands.blueprints.schema import GROUPS
from config.api.fields import parse_id
from devices.models import BlueprintVersion
from tenants.admin import display
from tenants.sealing import MASK

PLATFORMS = {"ios": "iPhone and iPad", "android": "Android", "linux": "Linux", "windows": "Windows"}
POLICIES = {  # words, kind of label, what it means
    "ALWAYS APPLY": ("always", "info", "Applied by every converge"),
    "PROVISION ONLY": (
        "provisioning only",
        "warning",
        "Applied at enrolment, at a move into a group, or when asked for",
    ),
    "IGNORE": ("ignored", "neutral", "Left as the device has it"),
}
ACRONYMS = {
    "nfc": "NFC", "url": "URL", "urls": "URLs", "id": "id", "os": "OS", "wifi": "Wi-Fi", "sms": "SMS", "adb": "ADB",
    "usb": "USB", "ssid": "SSID", "afw": "Android for Work", "timezone": "time zone",
    "datetime": "date and time", "siri": "Siri", "pac": "PAC", "ip": "IP", "json": "JSON",
    "esper": "Esper", "android": "Android", "google": "Google", "ussd": "USSD", "mac": "MAC", "dns": "DNS",
    "bluetooth": "Bluetooth", "vpp": "VPP", "ca": "CA", "eap": "EAP", "edgebox": "Edgebox",
}  # fmt: skip
WHOLE = {  # names of settings that say little by themselves
    "app_id": "App",
    "app_version_id": "Version",
    "app_type": "Kind of app",
    "base64_app_config": "Managed configuration",
    "apply_policy": "Applied",
}
VALUES = {  # of settings whose values are codes
    "app_type": {
        "VPP": "store app",
        "TENANT_IOS": "our own",
        "ESPER_IOS": "published",
        "PRELOADED": "comes with the system",
    },
    "apply_policy": {key: words for key, (words, _, _) in POLICIES.items()},
}
IMAGES = ("wallpaper_id", "icon_id")
STEPS = re.compile(r"\[[^\]]*\]|[^.\[\]]+")  # of a path; what is in brackets may hold dots
LISTED = 20  # entries of a list in one piece
TEXT = 300  # characters of one value
Facts = list[tuple[str, Any]]


@dataclass(frozen=True)
class Piece:
    """One group of settings."""

    key: str
    title: str
    policy: SafeString | str
    facts: Facts
    ignored: bool = False


@dataclass(frozen=True)
class Platform:
    key: str
    title: str
    pieces: list[Piece]


def in_words(version: BlueprintVersion | None) -> list[Platform]:
    """The platforms that it says anything about."""
    settings = version.settings if version else {}
    names = Names(version) if version else Names()
    return [
        Platform(key, title, [_piece(key, group, value, names) for group, value in _in_order(key, settings[key])])
        for key, title in PLATFORMS.items()
        if settings.get(key)
    ]


def _in_order(platform: str, groups: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """As the editor has them."""
    order = {key: number for number, key in enumerate(GROUPS.get(platform, {}))}
    return sorted(groups.items(), key=lambda pair: order.get(pair[0], len(order)))


def _piece(platform: str, key: str, value: Any, names: "Names") -> Piece:
    """Lists have no policy, and groups of parts one each."""
    policy = value.get("apply_policy") if isinstance(value, dict) else None
    group = GROUPS.get(platform, {}).get(key)
    facts = list(facts_of(_sorted(value, group().fields if group else {}), names))
    return Piece(key, group_title(platform, key), policy_label(policy) if policy else "", facts, policy == "IGNORE")


def _sorted(value: Any, fields: Mapping[str, Any]) -> Any:
    """The database keeps no order of keys; people see them as the schema has them."""
    if isinstance(value, list):
        return [_sorted(entry, fields) for entry in value]
    if not isinstance(value, dict):
        return value
    order = {name: number for number, name in enumerate(fields)}
    keys = sorted(value, key=lambda key: (order.get(key, len(order)), key))
    return {key: _sorted(value[key], getattr(fields.get(key), "fields", {})) for key in keys}


def group_title(platform: str, key: str) -> str:
    group = GROUPS.get(platform, {}).get(key)
    return group.title if group else title_of(key)


def policy_label(policy: str | None) -> SafeString | str:
    words, kind, meaning = POLICIES.get(policy or "ALWAYS APPLY", (policy, "neutral", ""))
    return display.label(words, kind, meaning)


def title_of(key: str) -> str:
    """`web_content_settings` as `Web content`."""
    return words_of(re.sub(r"_settings?$", "", key))


def setting_words(path: str, platform: str = "ios", names: "Names | None" = None) -> str:
    """`camera_settings.allow_camera_access` as `Camera: allow camera access`."""
    key, *rest = STEPS.findall(path) or [path]
    title = group_title(platform, key)
    below = [_step(word, names) for word in rest]
    shown = " ".join(words for words in below if words.lower() != title.lower())
    return f"{title}: {shown}" if shown else title


def _step(word: str, names: "Names | None") -> str:
    """Of a path; what is in brackets is an entry's own name."""
    if not word.startswith("["):
        return _lower(words_of(word))
    return names.app(word[1:-1]) if names else word[1:-1]


def _lower(words: str) -> str:
    """Acronyms and names stay as they are."""
    return words if words.split(" ")[0] in ACRONYMS.values() else words[:1].lower() + words[1:]


def told(value: Any) -> SafeString | str:
    """A value by itself, in words."""
    if value is None:
        return display.EMPTY
    if value == MASK:
        return display.label("kept secret", "neutral")
    if isinstance(value, bool):
        return display.yes_no(value)
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        more = [f"and {len(value) - LISTED} more"] if len(value) > LISTED else []
        return display.lines([*value[:LISTED], *more])
    if isinstance(value, dict | list):
        return display.json_block(value)
    text = str(value)
    return text if len(text) <= TEXT else f"{text[:TEXT]} …"


def words_of(key: str) -> str:
    """`url_blocklist` as `URL blocklist`. Apple's own keys (`allowCamera`) stay as they are."""
    if key in WHOLE:
        return WHOLE[key]
    words = [ACRONYMS.get(word, word) for word in key.split("_")]
    if len(words) == 1 and not key.islower():
        return key
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def facts_of(value: Any, names: "Names", prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Names and values, those of nested groups after the name of their group."""
    if isinstance(value, list):
        yield from _entries(value, names)
        return
    for key, item in value.items() if isinstance(value, dict) else ():
        if key == "apply_policy":
            if prefix:
                yield f"{prefix}", policy_label(item)
        elif isinstance(item, dict) and key not in ("managed_config", "customized_json"):
            yield from facts_of(item, names, f"{prefix} {words_of(key).lower()}".strip().capitalize())
        elif item not in (None, "", []):
            yield f"{prefix}: {_lower(words_of(key))}" if prefix else words_of(key), shown(key, item, names)


def _entries(entries: list[Any], names: "Names") -> Iterable[tuple[str, Any]]:
    for entry in entries[:LISTED]:
        yield names.entry(entry), in_lines(_rest(entry, names))
    if len(entries) > LISTED:
        yield f"and {len(entries) - LISTED} more", ""


def in_lines(facts: Iterable[tuple[str, Any]]) -> SafeString:
    return display.lines([format_html("{}: {}", name, words) for name, words in facts])


def _rest(entry: Any, names: "Names") -> Iterable[tuple[str, Any]]:
    hidden = ("app_id", "app_version_id", "wifi_network_id", "ssid", "label", "state", "icon_id")
    yield from facts_of({key: item for key, item in entry.items() if key not in hidden}, names)


def shown(key: str, value: Any, names: "Names") -> Any:
    """A value for people."""
    if key in IMAGES and parse_id(str(value)):
        return image(value)
    if key in VALUES and value in VALUES[key]:
        return VALUES[key][value]
    return names.app(value) if key == "app_id" else told(value)


def image(image_id: object) -> SafeString:
    address = reverse("admin:devices_blueprint_image", args=[image_id])
    return format_html('<img class="mu-thumb" src="{}" alt="the image" loading="lazy">', address)


class Names:
    """Of the apps that versions name, asked of the database once."""

    def __init__(self, *versions: BlueprintVersion) -> None:
        self.apps = {key: name for version in versions for key, name in _apps(version).items()}
        self.versions = {key: name for version in versions for key, name in _app_versions(version).items()}

    def app(self, app_id: object) -> str:
        return self.apps.get(str(app_id), str(app_id))

    def entry(self, entry: Any) -> str:
        """What an entry of a list is called."""
        if not isinstance(entry, dict):
            return str(entry)
        if "app_id" in entry:
            version = self.versions.get(str(entry.get("app_version_id")), "")
            return f"{self.app(entry['app_id'])} {version}".strip()
        for key in ("ssid", "label", "name", "destination_path", "profile_id"):
            if entry.get(key):
                return str(entry[key])
        return str(next(iter(entry.values()), ""))


def _ids(version: BlueprintVersion, key: str) -> set[uuid.UUID]:
    entries = [
        entry
        for platform in version.settings.values()
        if isinstance(platform, Mapping)
        for entry in [*(platform.get("apps") or []), platform.get("kiosk_app") or {}]
    ]
    return {known for entry in entries if (known := parse_id(str(entry.get(key) or ""))) is not None}


def _apps(version: BlueprintVersion) -> dict[str, str]:
    ids = _ids(version, "app_id")
    if not ids:
        return {}
    ours = {str(app.pk): app.app_name for app in TenantApp.objects.filter(tenant=version.tenant_id, pk__in=ids)}
    vendor = {str(app.pk): app.app_name for app in VendorApp.objects.filter(pk__in=ids)}
    store = {
        str(app.pk): app.name or app.apple_app_id
        for app in StoreApp.objects.filter(tenant=version.tenant_id, pk__in=ids)
    }
    return {**vendor, **ours, **store}


def _app_versions(version: BlueprintVersion) -> dict[str, str]:
    ids = _ids(version, "app_version_id")
    if not ids:
        return {}
    ours = TenantAppVersion.objects.filter(app__tenant=version.tenant_id, pk__in=ids)
    vendor = VendorAppVersion.objects.filter(pk__in=ids)
    return {str(row.pk): row.version_name for row in [*vendor, *ours]}
