"""The wrapping of the tokens that Apple's portals hand out as `.p7m` files.

The file is an S/MIME message (RFC 8551): a few MIME headers, an empty line, the CMS message in base64. What it decrypts
to has MIME headers again, and its text stands between `-----BEGIN MESSAGE-----` and `-----END MESSAGE-----`. Source of
both forms: github.com/micromdm/nanodep, tokenpki/parse.go.
"""

import base64
import re

BEGIN, END = b"-----BEGIN MESSAGE-----", b"-----END MESSAGE-----"
_SEQUENCE = b"\x30"
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,60}:")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_PEM_LINE = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----")


class SmimeError(ValueError):
    """The file is neither an S/MIME message nor one without its headers."""


def cms_message(file: bytes) -> bytes:
    """The CMS message in a file: with MIME headers or without, in base64 (PEM too) or as it is."""
    body = without_headers(file)
    if body.startswith(_SEQUENCE):
        return body
    try:
        message = base64.b64decode(b"".join(_PEM_LINE.sub(b"", body).split()), validate=True)
    except ValueError:
        raise SmimeError("the file is not base64") from None
    if not message.startswith(_SEQUENCE):
        raise SmimeError("the base64 text holds no CMS message")
    return message


def enclosed_text(content: bytes) -> bytes:
    """The text of a decrypted message."""
    body = without_headers(content)
    _, found, rest = body.partition(BEGIN)
    return (rest.partition(END)[0] if found else body).strip()


def without_headers(text: bytes) -> bytes:
    """What follows the first empty line, if the text begins with a header."""
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not _HEADER.match(text):
        return text
    empty = _EMPTY_LINE.search(text)
    return text[empty.end() :].lstrip(b" \t\r\n") if empty else b""
