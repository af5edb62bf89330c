"""An iOS app as Xcode exports it (.ipa): what it is, who signed it, and its icon.

Source: Apple's "Information Property List" and "Placing content in a bundle".
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from apps_domain.reading.errors import UnreadableAppError
from apps_domain.reading.executables import HEAD, is_encrypted
from apps_domain.reading.icons import MAX_BYTES as MAX_ICON
from apps_domain.reading.icons import NoIconError, icon_size, normal_icon
from apps_domain.reading.profiles import MAX_BYTES as MAX_PROFILE
from apps_domain.reading.profiles import Signing, read_profile
from apps_domain.reading.zips import Archive
from config import plist

MAX_INFO = 1024 * 1024
MAX_ICONS = 40  # files that are looked at
FAMILIES = {1: "iphone", 2: "ipad", 3: "appletv", 4: "watch", 6: "mac", 7: "vision"}
STORE_APP = (
    "This app was downloaded from the App Store and is encrypted for its buyer, so it runs nowhere else. Devices get "
    "it from Apple by a licence (Apps and Books). To distribute your own app, export it from Xcode for Enterprise or "
    "Ad Hoc and upload that .ipa file."
)
_DIGITS = frozenset(map(str, FAMILIES))
_BUNDLE_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")
_STORE_TRACES = ("com.apple.iTunesStore.downloadInfo", "appleId", "apple-id")


@dataclass(frozen=True)
class Ipa:
    bundle_id: str
    name: str
    version: str  # CFBundleShortVersionString; may be empty
    build: str  # CFBundleVersion
    min_os_version: str
    device_family: tuple[str, ...]
    signing: Signing | None  # None: the app has no provisioning profile
    icon: bytes | None  # an ordinary PNG file


def read_ipa(file: IO[bytes]) -> Ipa:
    """Reads a few small parts of the file, which can be sought in. UnreadableAppError if it is no app for devices."""
    archive = Archive(file)
    folder = _app_folder(archive)
    info = _info(archive, folder)
    _refuse_store_app(archive, folder, info)
    _refuse_simulator_app(info)
    profile = f"{folder}embedded.mobileprovision"
    return Ipa(
        bundle_id=_bundle_id(info),
        name=_name(info),
        version=_short(info, "CFBundleShortVersionString", 64, needed=False),
        build=_short(info, "CFBundleVersion", 64),
        min_os_version=_short(info, "MinimumOSVersion", 32, needed=False),
        device_family=_families(info),
        signing=read_profile(archive.read(profile, limit=MAX_PROFILE)) if profile in archive.entries else None,
        icon=_icon(archive, folder, info),
    )


def _app_folder(archive: Archive) -> str:
    """`Payload/<name>.app/`, of which there is one."""
    parts = (name.split("/", 2) for name in archive.entries if name.startswith("Payload/"))
    found = {f"Payload/{part[1]}/" for part in parts if len(part) > 2 and part[1].endswith(".app")}
    if len(found) == 1:
        return found.pop()
    if found:
        raise UnreadableAppError(f"The archive holds {len(found)} apps in its folder Payload. Upload them one by one.")
    raise UnreadableAppError(_no_app(archive.entries))


def _no_app(names: Iterable[str]) -> str:
    tops = {name.split("/", 1)[0] for name in names}
    if "AndroidManifest.xml" in tops:
        return "This is an Android app (.apk). Only iOS apps (.ipa) can be uploaded here."
    if any(top.endswith(".xcarchive") for top in tops):
        return "This is an Xcode archive. Export it in Xcode's Organizer (Distribute App), and upload the .ipa file."
    if any(top.endswith(".app") for top in tops):
        return "This is a packed .app folder. Export the app in Xcode (Distribute App), and upload the .ipa file."
    return "The archive has no folder Payload with an app in it, so it is no .ipa file."


def _info(archive: Archive, folder: str) -> dict[str, Any]:
    name = f"{folder}Info.plist"
    if name not in archive.entries:
        raise UnreadableAppError("The app has no Info.plist. Export it again, and upload that file.")
    try:
        return plist.loads(archive.read(name, limit=MAX_INFO), max_bytes=MAX_INFO)
    except plist.PlistError as error:
        raise UnreadableAppError(f"The app's Info.plist cannot be read: {error}.") from None


def _refuse_store_app(archive: Archive, folder: str, info: dict[str, Any]) -> None:
    program = f"{folder}{info.get('CFBundleExecutable')}"
    encrypted = program in archive.entries and is_encrypted(archive.head(program, size=HEAD))
    keys = any(name.startswith(f"{folder}SC_Info/") for name in archive.entries)
    if encrypted or keys or _bought(archive):
        raise UnreadableAppError(STORE_APP)


def _bought(archive: Archive) -> bool:
    """By what the store puts beside the app. Xcode's own exports may have such a file too, without a buyer in it."""
    if "iTunesMetadata.plist" not in archive.entries:
        return False
    try:
        metadata = plist.loads(archive.read("iTunesMetadata.plist", limit=MAX_INFO), max_bytes=MAX_INFO)
    except (plist.PlistError, UnreadableAppError):
        return False
    return any(name in metadata for name in _STORE_TRACES)


def _refuse_simulator_app(info: dict[str, Any]) -> None:
    platforms = info.get("CFBundleSupportedPlatforms")
    named = [*(platforms if isinstance(platforms, list) else []), info.get("DTPlatformName")]
    if any(isinstance(name, str) and "simulator" in name.lower() for name in named):
        raise UnreadableAppError(
            "This app was built for Xcode's simulator. Export it for devices, and upload that file."
        )


def _bundle_id(info: dict[str, Any]) -> str:
    value = info.get("CFBundleIdentifier")
    if not isinstance(value, str) or not _BUNDLE_ID.fullmatch(value):
        raise UnreadableAppError(
            "The app's Info.plist has no valid CFBundleIdentifier. Set it in Xcode and export again."
        )
    return value


def _name(info: dict[str, Any]) -> str:
    names = (info.get(key) for key in ("CFBundleDisplayName", "CFBundleName", "CFBundleExecutable"))
    texts = ("".join(filter(str.isprintable, name)).strip() for name in names if isinstance(name, str))
    return next((text for text in texts if text), _bundle_id(info))[:255]


def _short(info: dict[str, Any], key: str, most: int, *, needed: bool = True) -> str:
    value = info.get(key, "")
    text = str(value).strip() if isinstance(value, str | int) else ""
    if len(text) > most or not text.isprintable() or (needed and not text):
        raise UnreadableAppError(f"The app's Info.plist has no valid {key}. Set it in Xcode and export again.")
    return text


def _families(info: dict[str, Any]) -> tuple[str, ...]:
    """Without a list of them an app is for iPhones."""
    told = info.get("UIDeviceFamily", [1])
    numbers = told if isinstance(told, list) else [told]
    return tuple(dict.fromkeys(FAMILIES[each] for each in map(_whole, numbers) if each in FAMILIES))


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value in _DIGITS) else 0


def _icon(archive: Archive, folder: str, info: dict[str, Any]) -> bytes | None:
    """The largest of those that Info.plist names and that can be read; an app is taken without one as well."""
    for _, name in sorted(_sized(archive, _icon_files(archive, folder, info)), reverse=True):
        try:
            return normal_icon(archive.read(name, limit=MAX_ICON))
        except (UnreadableAppError, NoIconError):
            continue
    return None


def _sized(archive: Archive, names: Iterable[str]) -> Iterator[tuple[tuple[int, int], str]]:
    for name in names:
        with suppress(UnreadableAppError, NoIconError):
            yield icon_size(archive.head(name, size=64)), name


def _icon_files(archive: Archive, folder: str, info: dict[str, Any]) -> list[str]:
    """Names in Info.plist lack the scale, the device and often the ending: `AppIcon60x60` is `AppIcon60x60@2x.png`."""
    wanted = tuple(f"{folder}{name.removesuffix('.png')}" for name in _icon_names(info))
    found = (name for name in archive.entries if name.endswith(".png") and name.count("/") == 2)
    return [name for name in found if wanted and name.startswith(wanted)][:MAX_ICONS]


def _icon_names(info: dict[str, Any]) -> Iterator[str]:
    for key in ("CFBundleIcons", "CFBundleIcons~ipad"):
        icons = info.get(key)
        primary = icons.get("CFBundlePrimaryIcon") if isinstance(icons, dict) else None
        if isinstance(primary, dict):
            yield from _texts(primary.get("CFBundleIconFiles"))
    for key in ("CFBundleIconFiles", "CFBundleIconFiles~ipad"):
        yield from _texts(info.get(key))
    yield from _texts([info.get("CFBundleIconFile")])


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []
