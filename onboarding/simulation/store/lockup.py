"""Records in the form of Apple's look-up, and their icons.

https://developer.apple.com/documentation/devicemanagement/getting-app-and-book-information-legacy
"""

import struct
import zlib
from typing import Any

from onboarding.simulation.store.catalogue import AppRecord

ICON_SIZE = 128


def lockup(app: AppRecord, *, country: str, base_url: str) -> dict[str, Any]:
    """One record; what the app has not is left out."""
    page = f"https://apps.apple.com/{country}/app/id{app.id}"
    record: dict[str, Any] = {
        "id": app.id,
        "kind": app.kind,
        "name": app.name,
        "nameRaw": app.name,
        "artistName": app.developer,
        "bundleId": app.bundle_id,
        "url": page,
        "shortUrl": page,
        "genreNames": list(app.genres),
        "deviceFamilies": list(app.families),
        "offers": [_offer(app)],
        "releaseDate": "2019-04-30",
    }
    if app.description is not None:
        record["description"] = {"standard": app.description}
    if app.minimum_os is not None:
        record["minimumOSVersion"] = app.minimum_os
    if app.updated is not None:
        record["latestVersionReleaseDate"] = app.updated
    if app.has_icon:
        record["artwork"] = {"width": 1024, "height": 1024, "url": f"{base_url}/icons/{app.id}/{{w}}x{{h}}{{c}}.{{f}}"}
    return {**record, **app.extras}


def _offer(app: AppRecord) -> dict[str, Any]:
    offer: dict[str, Any] = {
        "type": "get" if app.price == 0 else "buy",
        "price": app.price,
        "priceFormatted": f"${app.price:.2f}",
        "version": {"display": app.version, "externalId": int(app.id) % 1_000_000},
        "assets": [] if app.size is None else [{"flavor": app.kind, "size": app.size}],
    }
    if app.pricing is not None:
        price = int(app.price * 1000)
        offer["buyParams"] = (
            f"productType=C&price={price}&salableAdamId={app.id}&pricingParameters={app.pricing}&pg=default"
        )
    return offer


def icon(app: AppRecord) -> bytes:
    """A square of one colour with a lighter bar across it, as PNG."""
    plain, bar = bytes(app.colour), bytes(min(part + 70, 255) for part in app.colour)
    bar_rows = range(ICON_SIZE * 2 // 5, ICON_SIZE * 3 // 5)
    rows = b"".join(b"\0" + (bar if row in bar_rows else plain) * ICON_SIZE for row in range(ICON_SIZE))
    head = struct.pack(">IIBBBBB", ICON_SIZE, ICON_SIZE, 8, 2, 0, 0, 0)
    parts = [_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
