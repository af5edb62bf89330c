"""What names a device before it comes, in the one spelling it is compared in."""

import re
from enum import IntEnum

EXPONENT = re.compile(r"[+-]?\d+([.,]\d+)?E\+?\d+", re.IGNORECASE)
SERIAL = re.compile(r"[A-Z0-9](?:[A-Z0-9._/-]{0,62}[A-Z0-9])?")
UDID = re.compile(r"(?=.{16,64}\Z)[0-9A-F]+(?:-[0-9A-F]+)*")
IMEI_GROUPS = re.compile(r"[\s-]")
NOT_DIGITS = re.compile(r"[^0-9]")
IMEI_DIGITS = 15
SHOWN = 40
ADVICE = (
    "looks like a number that Excel has shortened. Format the column as text, enter the numbers again and save the "
    "file as CSV"
)


class Kind(IntEnum):
    """As `unique_id_type` numbers them."""

    IMEI = 1
    SERIAL = 2
    UUID = 3


Identifier = tuple[Kind, str]
PRECEDENCE = (Kind.SERIAL, Kind.UUID, Kind.IMEI)  # which of a device's identifiers says most about which one it is


class InvalidIdentifierError(ValueError):
    """What is wrong with it, as the end of a sentence that begins with its name."""


def read_identifier(kind: Kind, value: str) -> str:
    """As it is compared. InvalidIdentifierError says what is wrong with it."""
    return READERS[kind](value.strip())


def _read_imei(value: str) -> str:
    digits = IMEI_GROUPS.sub("", value)
    if not digits.isdecimal() or not digits.isascii():
        _refuse_exponent(value)
        raise InvalidIdentifierError(f"{shown(value)} is not an IMEI: those are 15 digits")
    if len(digits) != IMEI_DIGITS:
        raise InvalidIdentifierError(f"{shown(value)} has {len(digits)} digits; an IMEI has 15")
    if not passes_luhn(digits):
        raise InvalidIdentifierError(f"{shown(value)} is mistyped: its last digit does not fit the others")
    return digits


def _read_serial(value: str) -> str:
    serial = value.upper()
    if not value.isascii() or not SERIAL.fullmatch(serial):  # other letters may have capitals that are ASCII
        _refuse_exponent(value)
        raise InvalidIdentifierError(
            f"{shown(value)} is not a serial number: those are at most 64 letters and digits, with - . _ / between them"
        )
    return serial


def _read_udid(value: str) -> str:
    udid = value.upper()
    if not value.isascii() or not UDID.fullmatch(udid):
        _refuse_exponent(value)
        raise InvalidIdentifierError(
            f"{shown(value)} is not a UDID: those are 16 to 64 digits and letters up to F, with hyphens between"
        )
    return udid


READERS = {Kind.IMEI: _read_imei, Kind.SERIAL: _read_serial, Kind.UUID: _read_udid}


def _refuse_exponent(value: str) -> None:
    if EXPONENT.fullmatch(value):
        raise InvalidIdentifierError(f"{shown(value)} {ADVICE}")


def shown(value: str) -> str:
    """Of somebody's text, as much as a sentence bears."""
    return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}…")


def passes_luhn(digits: str) -> bool:
    """Whether the check digit, which is the last one, fits."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(value - 9 if value > 9 else value for value in doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def told_by_device(*, serial: str = "", udid: str = "", imeis: tuple[str, ...] = ()) -> list[Identifier]:
    """What a device says of itself, the most telling first. What is unusable is left out: it cannot have been named."""
    digits = (NOT_DIGITS.sub("", imei) for imei in imeis)
    found = [
        (Kind.SERIAL, serial.strip().upper()),
        (Kind.UUID, udid.strip().upper()),
        *((Kind.IMEI, imei) for imei in digits if len(imei) == IMEI_DIGITS),
    ]
    return list(dict.fromkeys((kind, value) for kind, value in found if value))
