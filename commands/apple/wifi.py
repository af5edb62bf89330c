"""The argument `wifi_access_points` as Apple's Wi-Fi payload.

The published API gives the argument no inner shape, so common names are taken, in any case, with or without `_`.
https://developer.apple.com/documentation/devicemanagement/wifi
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from commands.apple.profiles import MadeProfile

SSID = ("ssid", "wifissid", "name", "networkname")
PASSWORD = ("password", "passphrase", "wifiphrase", "wifipassword", "wifipassphrase", "psk", "presharedkey", "key")
SECURITY = ("security", "securitytype", "wifisecurity", "wifisecuritytype", "encryption", "encryptiontype", "authtype")
HIDDEN = ("hidden", "ishidden", "hiddennetwork", "hiddenssid")
PROXY_HOST = ("proxyhost", "proxyserver")
PROXY_PORT = ("proxyport", "proxyserverport")
PROXY_PAC = ("proxypacurl", "pacurl")
WIFI = "com.apple.wifi.managed"
LISTS = ("wifiaccesspoints", "accesspoints", "networks", "aps")
ENCRYPTION = {
    **dict.fromkeys(("none", "open", "nopass"), "None"),
    **dict.fromkeys(("any", "auto", "psk"), "Any"),
    "wep": "WEP",
    **dict.fromkeys(("wpa", "wpapsk", "wpapersonal", "wpawpa2", "wpawpa2psk"), "WPA"),
    **dict.fromkeys(("wpa2", "wpa2psk", "wpa2personal", "wpa2wpa3"), "WPA2"),
    **dict.fromkeys(("wpa3", "wpa3sae", "wpa3psk", "wpa3personal", "sae"), "WPA3"),
}
MAX_SSID = 32  # octets
WPA_PASSWORD = re.compile(r"[\x20-\x7e]{8,63}|[0-9A-Fa-f]{64}")  # IEEE 802.11, annex J.4: a phrase, or the key itself
EXPECTED = (
    "For an Apple device wifi_access_points must be a network or a list of them, each with `ssid` and, if needed, "
    "`password`, `security` (NONE, WEP, WPA, WPA2 or WPA3), `hidden`, `proxy_host` and `proxy_port`, `proxy_pac_url`"
)


@dataclass(frozen=True)
class AccessPoint:
    ssid: str
    encryption: str  # Apple's EncryptionType
    password: str = ""
    hidden: bool = False
    proxy_host: str = ""
    proxy_port: int = 0
    proxy_pac_url: str = ""
    auto_join: bool = True

    @property
    def purpose(self) -> str:
        return _purpose(self.ssid)

    def payload(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "SSID_STR": self.ssid,
            "HIDDEN_NETWORK": self.hidden,
            "AutoJoin": self.auto_join,
            "EncryptionType": self.encryption,
        }
        if self.password:
            settings["Password"] = self.password
        if self.proxy_host:
            settings |= {"ProxyType": "Manual", "ProxyServer": self.proxy_host, "ProxyServerPort": self.proxy_port}
        elif self.proxy_pac_url:
            settings |= {"ProxyType": "Auto", "ProxyPACURL": self.proxy_pac_url}
        return settings


def _purpose(ssid: str) -> str:
    """One profile for each network, told apart by a digest: its name may hold any characters."""
    return f"wifi.{hashlib.sha256(ssid.encode()).hexdigest()[:16]}"


def removal_of(ssid: str) -> MadeProfile:
    return MadeProfile(_purpose(ssid), f"Wi-Fi: {ssid}")


def read_access_points(told: Any) -> list[AccessPoint]:
    """ValueError says what is wrong with the argument; it never repeats a password."""
    points = [_access_point(entry) for entry in _entries(told)]
    return list({point.ssid: point for point in points}.values())


def read_names(told: Any) -> list[str]:
    """The networks' names alone; plain texts are names too."""
    names = [_ssid(entry) if isinstance(entry, str) else _ssid(_found(_plain(entry), SSID)) for entry in _entries(told)]
    return list(dict.fromkeys(names))


def _entries(told: Any) -> list[Any]:
    if isinstance(told, list):
        return told
    entry = _plain(told)
    listed = _found(entry, LISTS)
    return listed if isinstance(listed, list) and listed and _found(entry, SSID) is None else [told]


def _plain(entry: Any) -> dict[str, Any]:
    """Its keys without case and separators."""
    if not isinstance(entry, dict):
        raise ValueError(f"{EXPECTED}.")
    return {"".join(filter(str.isalnum, key)).lower(): value for key, value in entry.items()}


def _found(entry: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if entry.get(name) not in (None, "")), None)


def _ssid(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{EXPECTED}: a network has no ssid.")
    if len(value.encode()) > MAX_SSID or "\0" in value:
        raise ValueError(f"The ssid {value[:40]!r} is longer than {MAX_SSID} bytes, or no text.")
    return value


def _access_point(told: Any) -> AccessPoint:
    entry = _plain(told)
    ssid = _ssid(_found(entry, SSID))
    password = _found(entry, PASSWORD) or ""
    if not isinstance(password, str):
        raise ValueError(f"The password of {ssid} must be a text.")
    return AccessPoint(
        ssid=ssid,
        encryption=_encryption(ssid, _found(entry, SECURITY), password),
        password=password,
        hidden=str(_found(entry, HIDDEN)).lower() in ("true", "1", "yes"),
        **_proxy(ssid, entry),
    )


def _encryption(ssid: str, security: Any, password: str) -> str:
    if security is None:
        return "Any" if password else "None"
    name = "".join(filter(str.isalnum, str(security))).lower()
    if name not in ENCRYPTION:
        raise ValueError(
            f"The security {str(security)[:40]!r} of {ssid} is not NONE, WEP, WPA, WPA2 or WPA3. For networks with "
            "certificates or user names send INSTALL_PROFILE."
        )
    encryption = ENCRYPTION[name]
    if (encryption == "None") == bool(password):
        rule = "takes no password" if password else f"needs a password for {encryption}"
        raise ValueError(f"The network {ssid} {rule}.")
    if encryption in ("WPA", "WPA2") and not WPA_PASSWORD.fullmatch(password):
        raise ValueError(f"The password of {ssid} must have 8 to 63 plain characters for {encryption}.")
    return encryption


def _proxy(ssid: str, entry: dict[str, Any]) -> dict[str, Any]:
    host, pac = _found(entry, PROXY_HOST), _found(entry, PROXY_PAC)
    if host is None:
        return {"proxy_pac_url": str(pac)} if pac is not None else {}
    port = str(_found(entry, PROXY_PORT) or "")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"The proxy of {ssid} needs a proxy_port from 1 to 65535.")
    return {"proxy_host": str(host), "proxy_port": int(port)}
