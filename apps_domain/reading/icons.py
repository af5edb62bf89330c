"""App icons: Apple's optimised PNG files turned into ordinary ones, and every icon written anew by ourselves.

What Xcode packs is no PNG as others read it: a chunk `CgBI` stands first, the pixels are compressed without zlib's
header, blue and red are swapped, and colours are multiplied by their alpha. Apple does not document it; it is told at
https://iphonedev.wiki/CgBI_file_format and seen in apps.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator

from PIL import Image

MAX_BYTES = 8 * 1024 * 1024
MAX_SIDE = 2048
LARGEST = 512  # pixels of what is kept
MAGIC = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}  # by PNG's colour type: RGB, RGBA


class NoIconError(ValueError):
    """Not an image that can be shown."""


def normal_icon(data: bytes) -> bytes:
    """An ordinary PNG file of at most LARGEST pixels a side. NoIconError if it is no image within bounds."""
    width, height = icon_size(data)
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        raise NoIconError(f"{width} x {height} pixels")
    optimised = data[12:16] == b"CgBI"
    image = _opened(_ordinary(data) if optimised else data)
    if optimised and image.mode == "RGBA":
        image = Image.frombytes("RGBa", image.size, image.tobytes()).convert("RGBA")
    return _written(image)


def normal_webp(data: bytes) -> bytes:
    """The same of a WebP file, which Android apps have."""
    return _written(_opened(data, "WEBP"))


def _written(image: Image.Image) -> bytes:
    image.thumbnail((LARGEST, LARGEST))
    out = io.BytesIO()
    Image.frombytes(image.mode, image.size, image.tobytes()).save(out, "PNG")  # pixels only: no texts, no profiles
    return out.getvalue()


def icon_size(data: bytes) -> tuple[int, int]:
    """Width and height, as the file says."""
    header = next((body for kind, body in _chunks(data[:64]) if kind == b"IHDR"), b"")
    if len(header) < 13:
        raise NoIconError("no PNG file")
    width, height = struct.unpack(">2L", header[:8])
    return width, height


def _opened(data: bytes, kind: str = "PNG") -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=[kind])
            if max(image.size) > MAX_SIDE:
                raise NoIconError(f"{image.width} x {image.height} pixels")
            image.load()
    except Exception as error:  # Pillow stumbles over broken files in more ways than it tells
        raise NoIconError(str(error)) from error
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGBA")


def _ordinary(data: bytes) -> bytes:
    chunks = list(_chunks(data))
    header = next((body for kind, body in chunks if kind == b"IHDR"), b"")
    width, height, depth, colours, _, _, interlaced = struct.unpack(">2L5B", header[:13])
    channels = _CHANNELS.get(colours)
    if depth != 8 or channels is None or interlaced:
        raise NoIconError("an optimised image of a rare kind")
    rows = _inflated(b"".join(body for kind, body in chunks if kind == b"IDAT"), height * (1 + width * channels))
    packed = zlib.compress(_swapped(rows, width * channels, channels), 1)
    return MAGIC + b"".join(_chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")))


def _inflated(data: bytes, size: int) -> bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        rows = unpacker.decompress(data, size)
    except zlib.error as error:
        raise NoIconError(str(error)) from error
    if len(rows) != size:
        raise NoIconError("pixels are missing")
    return rows


def _swapped(rows: bytes, row_size: int, channels: int) -> bytes:
    """Red and blue in each other's place. PNG's filters work on each channel by itself, so they stay as they are."""
    out = bytearray(rows)
    for start in range(1, len(out), row_size + 1):
        end = start + row_size
        out[start:end:channels], out[start + 2 : end : channels] = (
            rows[start + 2 : end : channels],
            rows[start:end:channels],
        )
    return bytes(out)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body, as far as the data goes. Checksums are left to whoever opens the image."""
    if not data.startswith(MAGIC):
        raise NoIconError("no PNG file")
    at = len(MAGIC)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">L", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
