"""From the text of a file to its records, each with the line it begins on. What is broken costs its own record only."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper

from onboarding.seamless.errors import UnusableFileError
from onboarding.seamless.identifiers import shown

MAX_LINE = 64 * 1024  # characters
MAX_LINES = 500_000  # blank ones too, which cost time and are no rows
DELIMITERS = (",", ";", "\t", "|")
SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)  # Excel's own first line
TOO_LONG = "field larger"
UNFINISHED = "unexpected end"


@dataclass(frozen=True)
class Record:
    """`problem`: why its cells could not be told apart."""

    line: int
    cells: list[str]
    problem: str = ""


class _LongLineError(Exception):
    """The line is passed over."""


class _Lines:
    """An iterator that goes on after it has raised."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        self.latest = ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if self.number > MAX_LINES:
            raise UnusableFileError(f"The file has more than {MAX_LINES:,} lines. Take blank ones out, or split it.")
        self.latest = line
        if len(line) >= MAX_LINE and not line.endswith("\n"):
            while line and not line.endswith("\n"):
                line = self._text.readline(MAX_LINE)
            raise _LongLineError
        return line


def separator_told(line: str) -> str:
    """The delimiter that a line of Excel's announces; empty if it is none of those."""
    found = SEPARATOR_LINE.fullmatch(line)
    return found[1] if found else ""


def read_records(text: TextIOWrapper, delimiter: str) -> Iterator[Record]:
    """All but blank ones. UnusableFileError for a quotation mark that is never closed: what follows it is lost."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        begin = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _LongLineError:
            yield Record(begin, [], f"the line is longer than {MAX_LINE} characters")
        except csv.Error as error:
            if TOO_LONG in str(error) or UNFINISHED in str(error):
                raise UnusableFileError(
                    f"A quotation mark that opens on line {begin} is not closed, so that the lines after it cannot be "
                    "told apart. Close it, or take it out."
                ) from None
            told = shown(lines.latest.strip())
            yield Record(begin, [], f"a quotation mark stands where none can: {told}; within quotes, write it twice")
        else:
            if any(cell.strip() for cell in cells) and not (begin == 1 and separator_told(delimiter.join(cells))):
                yield Record(begin, cells)
