"""The hardware of a simulated device, drawn from a seed: the same seed and index always give the same device."""

import hashlib
import random
from dataclasses import dataclass

# Letters and digits of Apple's randomised serial numbers: no vowels, no letters that look like digits.
_SERIAL_ALPHABET = "CDFGHJKLMNPQRTVWXY0123456789"
_PLACES = ("Reception", "Warehouse", "Till", "Workshop", "Sales", "Classroom", "Ward", "Kitchen")
_SUPERVISED_SHARE = 0.75


@dataclass(frozen=True)
class Product:
    """One model: its marketing name, family, order number, chip id (first part of a UDID), TAC and capacities in GB."""

    name: str
    family: str
    product: str
    model: str
    chip: str
    tac: str
    capacities: tuple[int, ...]

    @property
    def has_cellular(self) -> bool:
        return bool(self.tac)


@dataclass(frozen=True)
class OsRelease:
    version: str
    build: str


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


_PRODUCTS = (
    Product("iPhone 15", "iPhone", "iPhone15,4", "MTP13", "00008120", "35123456", (128, 256)),
    Product("iPhone 14", "iPhone", "iPhone14,7", "MPVA3", "00008110", "35684512", (128, 256, 512)),
    Product("iPhone 13", "iPhone", "iPhone14,5", "MLPG3", "00008110", "35745819", (128, 256)),
    Product("iPhone SE", "iPhone", "iPhone14,6", "MMXN3", "00008110", "35407115", (64, 128)),
    Product("iPad", "iPad", "iPad12,1", "MK2L3", "00008030", "", (64, 256)),
    Product("iPad Air", "iPad", "iPad13,16", "MM9E3", "00008103", "", (64, 256)),
    Product("iPad Pro", "iPad", "iPad14,4", "MNXE3", "00008112", "35920406", (128, 256, 512)),
)
_RELEASES = (
    OsRelease("17.6.1", "21G93"),
    OsRelease("17.7", "21H16"),
    OsRelease("18.1", "22B83"),
    OsRelease("18.2", "22C152"),
    OsRelease("18.3.1", "22D72"),
)


def draw_hardware(*, seed: str, index: int) -> Hardware:
    """The device number ``index`` (from 0) of the fleet named ``seed``."""
    dice = random.Random(f"{seed}/{index}")
    product = _PRODUCTS[index % len(_PRODUCTS)]
    return Hardware(
        udid=f"{product.chip}-{dice.getrandbits(64):016X}",
        serial="".join(dice.choices(_SERIAL_ALPHABET, k=10)),
        name=f"{dice.choice(_PLACES)} {product.name} {index + 1:02d}",
        product=product,
        os=dice.choice(_RELEASES),
        imei=_imei(product.tac, dice) if product.has_cellular else "",
        wifi_mac=_mac(dice),
        bluetooth_mac=_mac(dice),
        capacity_gb=dice.choice(product.capacities),
        used_share=round(dice.uniform(0.15, 0.8), 3),
        battery_level=round(dice.uniform(0.35, 1.0), 2),
        is_supervised=dice.random() < _SUPERVISED_SHARE,
    )


def eas_identifier(hardware: Hardware) -> str:
    """The Exchange ActiveSync identifier: 32 capital letters and digits."""
    return hashlib.sha256(hardware.udid.encode("ascii")).hexdigest()[:32].upper()


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
