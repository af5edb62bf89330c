"""A file of expected devices, row by row: what each says, or why it cannot be taken."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from onboarding.seamless.columns import COLUMNS, column_of, read_header, unknown_titles
from onboarding.seamless.entries import Entry, kept, plain, read_entry
from onboarding.seamless.errors import InvalidEntryError, UnusableFileError
from onboarding.seamless.identifiers import Kind, shown
from onboarding.seamless.records import DELIMITERS, MAX_LINE, Record, read_records, separator_told
from onboarding.seamless.text import open_text

MAX_ROWS = 200_000
NAMES = {Kind.IMEI: "IMEI", Kind.SERIAL: "serial number", Kind.UUID: "UDID"}


@dataclass(frozen=True)
class Line:
    """A row of a file: its `entry`, or the `problem` with it."""

    number: int
    cells: dict[str, str]
    entry: Entry | None
    problem: str = ""
    is_duplicate: bool = False


@dataclass(frozen=True)
class SeamlessFile:
    """`passed_over`: titles of columns that mean nothing here."""

    passed_over: list[str]
    lines: Iterator[Line]


def read_file(file: IO[bytes]) -> SeamlessFile:
    """Reads its header; the rows while they are asked for, in bounded memory. UnusableFileError, also half way."""
    delimiter = _delimiter(file)
    records = read_records(open_text(file), delimiter)
    header = next(records, None)
    if header is None:
        raise UnusableFileError("The file is empty.")
    if header.problem:
        raise UnusableFileError(f"The first line cannot be read: {header.problem}.")
    return SeamlessFile(unknown_titles(header.cells), _lines(read_header(header.cells), records))


def judged_lines(rows: Iterable[dict[str, str]]) -> Iterator[Line]:
    """Cells by the names of their columns, as if they were the rows of a file; the first is number 1."""
    judge = _Judge(tuple(COLUMNS))
    for number, cells in enumerate(rows, start=1):
        yield judge.line(Record(number, [cells.get(name, "") for name in COLUMNS]))


def _delimiter(file: IO[bytes]) -> str:
    """What Excel says it is, or the one by which most columns of the first line are known."""
    told = separator_told(open_text(file).readline(MAX_LINE))
    if told:
        return told if told in DELIMITERS else ","
    return max(DELIMITERS, key=lambda delimiter: _known_columns(file, delimiter))


def _known_columns(file: IO[bytes], delimiter: str) -> int:
    try:
        header = next(read_records(open_text(file), delimiter), None)
    except UnusableFileError:  # it may well be readable by another one
        return 0
    return sum(bool(column_of(title)) for title in header.cells) if header else 0


def _lines(columns: Sequence[str], records: Iterator[Record]) -> Iterator[Line]:
    judge = _Judge(columns)
    count = 0
    for record in records:
        count += 1
        if count > MAX_ROWS:
            raise UnusableFileError(f"The file has more than {MAX_ROWS:,} rows. Split it.")
        yield judge.line(record)
    if not count:
        raise UnusableFileError("The file has a header and no row below it.")


class _Judge:
    """Knows the columns, and what the rows before have named."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._seen: dict[Kind, dict[str, int]] = {kind: {} for kind in Kind}

    def line(self, record: Record) -> Line:
        cells = {
            name: kept(cell) for name, cell in zip(self._columns, record.cells, strict=False) if name and plain(cell)
        }
        problem = record.problem or self._shape_problem(record)
        if problem:
            return Line(record.line, cells, None, problem)
        try:
            entry = read_entry(dict(zip(self._columns, record.cells, strict=False)))
        except InvalidEntryError as error:
            return Line(record.line, cells, None, str(error))
        twice = self._duplicate(entry, record.line)
        return Line(record.line, cells, None if twice else entry, twice, bool(twice))

    def _shape_problem(self, record: Record) -> str:
        beyond = [cell.strip() for cell in record.cells[len(self._columns) :] if cell.strip()]
        if beyond:
            told = ", ".join(shown(cell) for cell in beyond[:3])
            return f"has {len(record.cells)} cells where the header has {len(self._columns)}: {told} is too much"
        if any("\0" in cell for cell in record.cells):
            return "holds a NUL character"
        return ""

    def _duplicate(self, entry: Entry, line: int) -> str:
        """Of a row that names an identifier again, nothing counts."""
        for kind, value in entry.identifiers:
            before = self._seen[kind].get(value)
            if before is not None:
                return f"the {NAMES[kind]} {value} is on line {before} already"
        for kind, value in entry.identifiers:
            self._seen[kind][value] = line
        return ""
