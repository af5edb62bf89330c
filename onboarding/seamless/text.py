"""From the bytes of a file to its text, whatever program wrote it."""

import codecs
from io import BufferedIOBase, TextIOWrapper
from typing import IO

from onboarding.seamless.errors import UnusableFileError

PIECE = 256 * 1024
SAMPLE = 4096
# The longer mark first: that of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NO_TEXT = (
    (b"PK\x03\x04", "an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a compressed file"),
)
SAVE_AS = "Save the table as CSV UTF-8 and upload that"


def open_text(file: IO[bytes]) -> TextIOWrapper:
    """The text from its beginning, any line end as \\n. UnusableFileError if it is none."""
    encoding = encoding_of(file)
    file.seek(0)
    return TextIOWrapper(_Kept(file), encoding=encoding, newline=None)


def encoding_of(file: IO[bytes]) -> str:
    """By its mark; else UTF-16 if every other byte is zero, UTF-8 if it is valid, Windows-1252 if not."""
    file.seek(0)
    sample = file.read(SAMPLE)
    kind = next((kind for start, kind in NO_TEXT if sample.startswith(start)), "")
    if kind:
        raise UnusableFileError(f"The file is {kind}, not CSV. {SAVE_AS}.")
    for encoding in _candidates(sample):
        if _decodes(file, encoding):
            return encoding
    raise UnusableFileError(f"The file is no text: its characters cannot be read. {SAVE_AS}.")


def _candidates(sample: bytes) -> tuple[str, ...]:
    marked = next((encoding for mark, encoding in MARKS if sample.startswith(mark)), "")
    if marked:
        return (marked,)
    even, odd = sample[::2], sample[1::2]
    if odd and odd.count(0) > len(odd) * 0.4 and even.count(0) < len(even) * 0.1:
        return ("utf-16-le",)
    if even and even.count(0) > len(even) * 0.4 and odd.count(0) < len(odd) * 0.1:
        return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _decodes(file: IO[bytes], encoding: str) -> bool:
    """Piece by piece: the text is never in memory as a whole."""
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


class _Kept(BufferedIOBase):
    """A file that stays open when the text over it is let go."""

    name = "upload"

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._file.read(-1 if size is None else size)

    def read1(self, size: int = -1) -> bytes:
        return self._file.read(size)
