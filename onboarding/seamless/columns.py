"""The columns that a file may have, and the spellings they are known by."""

import re
import unicodedata
from collections.abc import Sequence

from onboarding.seamless.entries import kept
from onboarding.seamless.errors import UnusableFileError
from onboarding.seamless.identifiers import shown

COLUMNS: dict[str, tuple[str, ...]] = {
    "serial_number": ("serial",),
    "udid": ("uuid",),
    "imei1": ("imei",),
    "imei2": (),
    "blueprint_id": ("assigned_blueprint_id",),
    "group_id": (),
    "alias": (),
}
IDENTIFYING = ("serial_number", "udid", "imei1", "imei2")
ACCEPTED = ", ".join(" or ".join((name, *others)) for name, others in COLUMNS.items())
BETWEEN_WORDS = re.compile(r"[\s_-]+")


def _plain(text: str) -> str:
    """Case, spaces, hyphens and underscores make no difference; nor does what cannot be seen."""
    seen = (char for char in text if unicodedata.category(char) not in ("Cf", "Cc") or char.isspace())
    return BETWEEN_WORDS.sub("", "".join(seen)).lower()


SPELLINGS = {_plain(spelling): name for name, others in COLUMNS.items() for spelling in (name, *others)}


def column_of(title: str) -> str:
    """The column's name; empty if none is called so."""
    return SPELLINGS.get(_plain(title), "")


def read_header(titles: Sequence[str]) -> list[str]:
    """The columns' names in their order, empty for those that are passed over. UnusableFileError if it is no header."""
    names = [column_of(title) for title in titles]
    if not any(name in IDENTIFYING for name in names):
        told = ", ".join(shown(title) for title in titles[:6])
        raise UnusableFileError(
            f"The first line, {told}, names no column that tells which device a row is about. Accepted columns, at "
            f"least one of the first four, in any order and case: {ACCEPTED}."
        )
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice:
        titles_of = " and ".join(shown(title) for title, name in zip(titles, names, strict=True) if name == twice)
        raise UnusableFileError(f"The columns {titles_of} mean the same. Leave one of them out.")
    return names


def unknown_titles(titles: Sequence[str]) -> list[str]:
    """Of the columns that are passed over, those that somebody has given a title."""
    return [kept(title) for title in titles if kept(title) and not column_of(title)]
