"""The Apple products a fleet can hold, and the system releases they run."""

from dataclasses import dataclass
from typing import Literal

OsFamily = Literal["iOS", "iPadOS", "tvOS", "macOS"]


class UnknownModel(ValueError):
    """No product of that name; the message lists the known ones."""


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
    os_family: OsFamily = "iOS"
    releases: tuple[str, ...] = ()
    """The versions it is found with; none named: any of its family."""

    @property
    def has_cellular(self) -> bool:
        return bool(self.tac)


@dataclass(frozen=True)
class OsRelease:
    version: str
    build: str


IPHONES_AND_IPADS = (
    Product("iPhone 15", "iPhone", "iPhone15,4", "MTP13", "00008120", "35123456", (128, 256)),
    Product("iPhone 14", "iPhone", "iPhone14,7", "MPVA3", "00008110", "35684512", (128, 256, 512)),
    Product("iPhone 13", "iPhone", "iPhone14,5", "MLPG3", "00008110", "35745819", (128, 256)),
    Product("iPhone SE", "iPhone", "iPhone14,6", "MMXN3", "00008110", "35407115", (64, 128)),
    Product("iPad", "iPad", "iPad12,1", "MK2L3", "00008030", "", (64, 256), "iPadOS"),
    Product("iPad Air", "iPad", "iPad13,16", "MM9E3", "00008103", "", (64, 256), "iPadOS"),
    Product("iPad Pro", "iPad", "iPad14,4", "MNXE3", "00008112", "35920406", (128, 256, 512), "iPadOS"),
)
OTHERS = (
    Product("iPhone 6", "iPhone", "iPhone7,2", "MG472", "00007000", "35203906", (16, 64), "iOS", ("12.5.7",)),
    Product("iPhone 7", "iPhone", "iPhone9,3", "MN8G2", "00008010", "35384908", (32, 128), "iOS", ("13.7", "15.8.3")),
    Product("iPhone 17", "iPhone", "iPhone18,3", "MG6A4", "00008150", "35910512", (256, 512), "iOS", ("26.0.1",)),
    Product("Apple TV 4K", "Apple TV", "AppleTV14,1", "MN873", "00008110", "", (64, 128), "tvOS"),
    Product("Mac mini", "Mac", "Mac14,3", "MMFJ3", "00008112", "", (256, 512), "macOS"),
)
MODELS = {product.name: product for product in (*IPHONES_AND_IPADS, *OTHERS)}

_CURRENT_IOS = (
    OsRelease("17.6.1", "21G93"),
    OsRelease("17.7", "21H16"),
    OsRelease("18.1", "22B83"),
    OsRelease("18.2", "22C152"),
    OsRelease("18.3.1", "22D72"),
)
_OTHER_IOS = (
    OsRelease("12.5.7", "16H81"),
    OsRelease("13.7", "17H35"),
    OsRelease("14.8.1", "18H107"),
    OsRelease("15.8.3", "19H386"),
    OsRelease("16.6.1", "20G81"),
    OsRelease("26.0.1", "23A355"),
)
_RELEASES: dict[OsFamily, tuple[OsRelease, ...]] = {
    "iOS": _CURRENT_IOS,
    "iPadOS": _CURRENT_IOS,
    "tvOS": (OsRelease("17.6.1", "21M80"), OsRelease("18.3", "22K557")),
    "macOS": (OsRelease("14.6.1", "23G93"), OsRelease("15.3.1", "24D70")),
}


def releases_of(product: Product) -> tuple[OsRelease, ...]:
    """What the product is found with."""
    if product.releases:
        return tuple(find_release(product, version) for version in product.releases)
    return _RELEASES[product.os_family]


def find_model(name: str) -> Product:
    """Raises UnknownModel."""
    try:
        return MODELS[name]
    except KeyError:
        raise UnknownModel(f"There is no model “{name}”; known are {', '.join(sorted(MODELS))}.") from None


def find_release(product: Product, version: str) -> OsRelease:
    """The release with its true build number; an unknown version gets one that no device has."""
    known = (*_RELEASES[product.os_family], *(_OTHER_IOS if product.os_family in ("iOS", "iPadOS") else ()))
    return next((release for release in known if release.version == version), OsRelease(version, "0A000"))


def version_numbers(version: str) -> tuple[int, ...]:
    """Compares as versions do: 9.3.2 comes before 12.0. What is no number counts as 0."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
