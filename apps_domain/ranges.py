"""Parts of a file, as `Range` asks for them. Source: RFC 9110, sections 13.1.5 and 14.2."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.IGNORECASE)


class UnsatisfiableError(ValueError):
    """No part of the file is what was asked for."""


@dataclass(frozen=True)
class Part:
    start: int
    stop: int  # behind the last byte

    @property
    def size(self) -> int:
        return self.stop - self.start


def wanted_part(header: str, *, size: int, if_range: str, tag: str) -> Part | None:
    """None: the whole file. So it is for several ranges, malformed ones, and when the caller's copy is another one."""
    asked = _ONE.fullmatch(header)
    if asked is None or (if_range and if_range != tag) or not (asked[1] or asked[2]):
        return None
    if not asked[1]:  # the last so many bytes
        count = min(int(asked[2]), size)
        if not count:
            raise UnsatisfiableError
        return Part(size - count, size)
    start, last = int(asked[1]), int(asked[2] or size - 1)
    if asked[2] and last < start:
        return None
    if start >= size:
        raise UnsatisfiableError
    return Part(start, min(last + 1, size))
