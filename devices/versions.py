"""Comparing versions of operating systems."""

import re

_NUMBERS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}")


def is_older(version: str, than: str) -> bool:
    """Whether `16.7` is older than `17`; what cannot be read is not older."""
    mine, other = _numbers(version), _numbers(than)
    if not mine or not other:
        return False
    length = max(len(mine), len(other))
    return _filled(mine, length) < _filled(other, length)


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version.strip())
    return tuple(int(number) for number in found[0].split(".")) if found else ()


def _filled(numbers: tuple[int, ...], length: int) -> tuple[int, ...]:
    return numbers + (0,) * (length - len(numbers))
