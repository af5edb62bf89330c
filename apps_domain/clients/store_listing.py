"""A record of Apple's store, read without trust in its types: what is missing or odd is left out."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, urlsplit

ICON_SIZE = 512
MAX_LIST = 50
MAX_PRICE = Decimal(10) ** 10
MAX_SIZE = 2**63
DESCRIPTION_LENGTH = 20_000  # the store takes 4,000 characters
PLACEHOLDER = re.compile(r"\{([whcf])\}")  # of an image's address: width, height, crop, format


@dataclass(frozen=True, slots=True)
class StoreListing:
    """An app as the store of one country lists it. Empty or None: the store does not say."""

    country: str
    name: str
    bundle_id: str
    developer: str
    version: str
    icon_url: str
    itunes_url: str
    genres: list[str]
    device_families: list[str]
    price: Decimal | None
    size: int | None
    minimum_os_version: str
    description: str
    pricing_param: str
    updated_in_store_at: dt.datetime | None


def read_listing(record: dict[str, Any], *, country: str) -> StoreListing:
    offer = _first(record.get("offers"))
    return StoreListing(
        country=country,
        name=_text(record.get("name"), 255),
        bundle_id=_text(record.get("bundleId"), 255),
        developer=_text(record.get("artistName"), 255),
        version=_text(_inner(offer, "version", "display"), 64),
        icon_url=_icon(record.get("artwork")),
        itunes_url=_url(record.get("url")),
        genres=_texts(record.get("genreNames")),
        device_families=_texts(record.get("deviceFamilies")),
        price=_price(offer.get("price")),
        size=_size(offer.get("assets")),
        minimum_os_version=_text(record.get("minimumOSVersion"), 32),
        description=_text(_inner(record, "description", "standard"), DESCRIPTION_LENGTH),
        pricing_param=_pricing_param(offer.get("buyParams")),
        updated_in_store_at=_moment(record.get("latestVersionReleaseDate") or record.get("releaseDate")),
    )


def _first(value: Any) -> dict[str, Any]:
    return next((each for each in value if isinstance(each, dict)), {}) if isinstance(value, list) else {}


def _inner(record: dict[str, Any], outer: str, inner: str) -> Any:
    found = record.get(outer)
    return found.get(inner) if isinstance(found, dict) else None


def _text(value: Any, most: int) -> str:
    """At most so many characters; PostgreSQL keeps no NUL, and UTF-8 no half of a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "ignore").decode().strip()[:most]


def _texts(value: Any) -> list[str]:
    found = (_text(each, 100) for each in value[:MAX_LIST]) if isinstance(value, list) else ()
    return [each for each in found if each]


def _url(value: Any) -> str:
    """Web addresses only: the console makes links of them."""
    text = _text(value, 1000)
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc and len(text) <= 500 else ""


def _icon(artwork: Any) -> str:
    """One image to be had in any size, or a list of images of which the largest is taken."""
    if isinstance(artwork, list):
        artwork = max((each for each in artwork if isinstance(each, dict)), key=_width, default=None)
    if not isinstance(artwork, dict):
        return ""
    values = {"w": str(ICON_SIZE), "h": str(ICON_SIZE), "c": "bb", "f": "png"}
    return _url(PLACEHOLDER.sub(lambda found: values[found[1]], _text(artwork.get("url"), 1000)))


def _width(image: dict[str, Any]) -> int:
    return _number(image.get("width")) or 0


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_SIZE else None


def _price(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        price = Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:  # not a number, endless, or too long
        return None
    return price if price.is_finite() and 0 <= price < MAX_PRICE else None


def _size(assets: Any) -> int | None:
    """Of the largest: there is one for each kind of system."""
    found: Iterable[Any] = assets if isinstance(assets, list) else ()
    sizes = [_number(each.get("size")) for each in found if isinstance(each, dict)]
    return max((size for size in sizes if size is not None), default=None)


def _pricing_param(buy_params: Any) -> str:
    """`STDQ` or `PLUS`, out of `productType=C&price=0&pricingParameters=STDQ&…`."""
    found = parse_qs(_text(buy_params, 2000)).get("pricingParameters", [])
    return found[0][:8] if found else ""


def _moment(value: Any) -> dt.datetime | None:
    """`2018-08-28T15:55:21Z`, `2018-08-28` or `Aug 28, 2018`, as Apple writes in different places."""
    text = _text(value, 40)
    for read in (dt.datetime.fromisoformat, lambda each: dt.datetime.strptime(each, "%b %d, %Y")):  # noqa: DTZ007
        try:
            found = read(text)
            return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
        except (ValueError, OverflowError):
            continue
    return None
