"""The hardware of a simulated device, drawn from a seed: the same seed and index always give the same device."""

import hashlib
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from onboarding.simulation.apple_models import (
    IPHONES_AND_IPADS,
    OsFamily,
    OsRelease,
    Product,
    find_model,
    find_release,
    releases_of,
    version_numbers,
)

# Letters and digits of Apple's randomised serial numbers: no vowels, no letters that look like digits.
_SERIAL_ALPHABET = "CDFGHJKLMNPQRTVWXY0123456789"
_PLACES = ("Reception", "Warehouse", "Till", "Workshop", "Sales", "Classroom", "Ward", "Kitchen")
_SUPERVISED_SHARE = 0.75
_ZONES = ("Europe/Berlin", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Kolkata")
_NOT_UPDATED_SHARE = 0.15  # of the devices that can run the older release
_NOT_UPDATED = "16.6.1"
_CAME_WITH_NEWER = frozenset({"iPhone 15"})


@dataclass(frozen=True)
class Hardware:
    """What does not change in a device's life, and what it leaves the factory with."""

    udid: str
    serial: str
    name: str
    product: Product
    os: OsRelease
    imei: str
    """15 digits, or an empty string for a device without cellular."""
    wifi_mac: str
    bluetooth_mac: str
    capacity_gb: int
    used_share: float
    battery_level: float
    is_supervised: bool
    time_zone: str
    """The IANA name of where it is first used."""

    @property
    def os_family(self) -> OsFamily:
        return self.product.os_family

    def runs(self, since: Mapping[OsFamily, str]) -> bool:
        """Whether its system is one of those named, in that version or a later one."""
        lowest = since.get(self.os_family)
        return lowest is not None and version_numbers(self.os.version) >= version_numbers(lowest)

    def updated(self, release: OsRelease) -> "Hardware":
        return replace(self, os=release)


def draw_hardware(*, seed: str, index: int, model: str = "", os_version: str = "", time_zone: str = "") -> Hardware:
    """The device number ``index`` (from 0) of the fleet named ``seed``: iPhones and iPads of several releases.

    ``model`` (a name in ``MODELS``), ``os_version`` and ``time_zone`` replace what would be drawn.
    Raises UnknownModel.
    """
    dice, later_dice = random.Random(f"{seed}/{index}"), random.Random(f"{seed}/{index}/later")
    product = find_model(model) if model else IPHONES_AND_IPADS[index % len(IPHONES_AND_IPADS)]
    udid = _udid(product, dice)
    serial = "".join(dice.choices(_SERIAL_ALPHABET, k=10))
    name = f"{dice.choice(_PLACES)} {product.name} {index + 1:02d}"
    release = dice.choice(releases_of(product))
    not_updated = later_dice.random() < _NOT_UPDATED_SHARE and not model and product.name not in _CAME_WITH_NEWER
    drawn_zone = later_dice.choice(_ZONES)
    if os_version or not_updated:
        release = find_release(product, os_version or _NOT_UPDATED)
    return Hardware(
        udid=udid,
        serial=serial,
        name=name,
        product=product,
        os=release,
        imei=_imei(product.tac, dice) if product.has_cellular else "",
        wifi_mac=_mac(dice),
        bluetooth_mac=_mac(dice),
        capacity_gb=dice.choice(product.capacities),
        used_share=round(dice.uniform(0.15, 0.8), 3),
        battery_level=round(dice.uniform(0.35, 1.0), 2),
        is_supervised=dice.random() < _SUPERVISED_SHARE,
        time_zone=time_zone or drawn_zone,
    )


def eas_identifier(hardware: Hardware) -> str:
    """The Exchange ActiveSync identifier: 32 capital letters and digits."""
    return hashlib.sha256(hardware.udid.encode("ascii")).hexdigest()[:32].upper()


def _udid(product: Product, dice: random.Random) -> str:
    """Of a Mac a UUID, of the others their chip's number and their own."""
    number = dice.getrandbits(64)
    if product.os_family == "macOS":
        return str(uuid.UUID(int=(number << 64) | dice.getrandbits(64), version=5)).upper()
    return f"{product.chip}-{number:016X}"


def _imei(tac: str, dice: random.Random) -> str:
    digits = tac + "".join(dice.choices("0123456789", k=6))
    return digits + _luhn_digit(digits)


def _luhn_digit(digits: str) -> str:
    """The check digit that completes the digits (ISO/IEC 7812-1)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _mac(dice: random.Random) -> str:
    """A locally administered address, so it meets no real device's."""
    octets = [0xF2, *(dice.getrandbits(8) for _ in range(5))]
    return ":".join(f"{octet:02x}" for octet in octets)
