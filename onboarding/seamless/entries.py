"""What the cells of a row say."""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from onboarding.seamless.errors import InvalidEntryError
from onboarding.seamless.identifiers import (
    PRECEDENCE,
    Identifier,
    InvalidIdentifierError,
    Kind,
    read_identifier,
    shown,
)

KINDS = {"serial_number": Kind.SERIAL, "udid": Kind.UUID, "imei1": Kind.IMEI, "imei2": Kind.IMEI}
MAX_ALIAS = 255
MAX_CELL = 512  # characters that are kept of a cell: more than any that can be taken has
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"  # some of them join emoji and letters, so that a name keeps them
UNSEEN = dict.fromkeys(map(ord, INVISIBLE))
AROUND = INVISIBLE + "".join(filter(str.isspace, map(chr, range(0x3001))))
AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)  # how a number is kept from being one in Excel
GUARDED = re.compile(r"'(?=[=+\-@\t\r])")  # what `guarded` puts before a formula
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[0-9][0-9.,]*(E[0-9]+)?", re.IGNORECASE)  # long ones are shortened, zeros before them lost


@dataclass(frozen=True)
class Entry:
    """Which device, by its identifiers from the most telling on, and what it gets."""

    identifiers: tuple[Identifier, ...]
    blueprint_id: uuid.UUID | None = None
    group_id: uuid.UUID | None = None
    alias: str = ""

    @property
    def kind(self) -> Kind:
        return self.identifiers[0][0]

    @property
    def unique_ids(self) -> str:
        """Those of its most telling kind, as a text."""
        return ",".join(value for kind, value in self.identifiers if kind == self.kind)


def read_entry(cells: Mapping[str, str]) -> Entry:
    """By the names of the columns. InvalidEntryError names all that is wrong."""
    problems: list[str] = []
    found = dict.fromkeys(_identifiers(cells, problems))
    blueprint_id = _id(cells, "blueprint_id", "invalid blueprint id", problems)
    group_id = _id(cells, "group_id", "invalid group id", problems)
    alias = _alias(cells, problems)
    if not found and not problems:
        problems.append(f"names no device: {', '.join(KINDS)} are empty")
    if problems:
        raise InvalidEntryError("; ".join(problems))
    ordered = sorted(found, key=lambda each: PRECEDENCE.index(each[0]))
    return Entry(tuple(ordered), blueprint_id, group_id, alias)


def _identifiers(cells: Mapping[str, str], problems: list[str]) -> list[Identifier]:
    found: list[Identifier] = []
    for name, kind in KINDS.items():
        value = _visible(cells.get(name, "")).lstrip("'")
        try:
            if value:
                found.append((kind, read_identifier(kind, value)))
        except InvalidIdentifierError as error:
            problems.append(f"{name} {error}")
    return found


def _id(cells: Mapping[str, str], name: str, complaint: str, problems: list[str]) -> uuid.UUID | None:
    text = _visible(cells.get(name, ""))
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        problems.append(f"{complaint} {shown(text)}")
        return None


def _alias(cells: Mapping[str, str], problems: list[str]) -> str:
    try:
        return read_alias(cells.get("alias", ""))
    except InvalidEntryError as error:
        problems.append(str(error))
        return ""


def read_alias(cell: str) -> str:
    """Line breaks count as spaces. InvalidEntryError says what is wrong with it."""
    alias = GUARDED.sub("", " ".join(plain(cell).split()), count=1)
    if len(alias) > MAX_ALIAS:
        raise InvalidEntryError(f"the alias has {len(alias)} characters; at most {MAX_ALIAS} are possible")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in alias):
        raise InvalidEntryError("the alias holds characters that cannot be shown")
    return alias


def plain(cell: str) -> str:
    """Without what cannot be seen around it, and without Excel's `="…"`."""
    text = cell.strip(AROUND)
    wrapped = AS_TEXT.fullmatch(text)
    return wrapped[1].strip(AROUND) if wrapped else text


def _visible(cell: str) -> str:
    """Nor within it."""
    return plain(cell.translate(UNSEEN))


def kept(cell: str) -> str:
    """As it is stored, and read again later: bounded, and without what cannot be stored."""
    return " ".join(plain(cell).split())[:MAX_CELL].replace("\0", "\ufffd")


def guarded(cell: str) -> str:
    """For a file that somebody opens in a spreadsheet: no cell of it is taken for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def guarded_identifier(cell: str) -> str:
    """Nor for a number, as which it would not come back as it was."""
    return f"'{cell}" if NUMBER.fullmatch(cell) else guarded(cell)
