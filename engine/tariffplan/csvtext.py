"""The text of one sheet as rows of cells, by the rules of Go's encoding/csv, which the plans that exist were written for.

Lines that begin with # are comments, empty lines count for nothing, a quote has no meaning inside a bare field and is an error there,
a quoted field may span lines. Lines and columns count characters from 1. A broken record is a problem of its own; reading goes on
with the next line, so that all problems of a sheet come out at once. What stands behind PLAN_COLUMNS cells is one more.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Final

from engine.limits import PLAN_COLUMNS

QUOTE: Final = '"'
COMMENT: Final = "#"
BARE_QUOTE: Final = 'bare " in non-quoted field'
LOOSE_QUOTE: Final = 'extraneous or missing " in quoted field'


@dataclass(frozen=True, slots=True)
class Problem:
    """A place that cannot be read."""

    line: int
    column: int
    message: str


@dataclass(slots=True)
class Rows:
    """The records of a text: `lines` says where each begins. `comments` are the lines above the first record."""

    cells: list[list[str]] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("L"))
    problems: list[Problem] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


def is_separator(text: str) -> bool:
    """Whether cells can be parted by it."""
    return len(text) == 1 and text not in '"\r\n#'


def parse(text: str, separator: str) -> Rows:
    """All records of the text."""
    rows = Rows()
    lines = split_lines(text)
    cells, starts = rows.cells, rows.lines
    number = 0
    total = len(lines)
    while number < total:
        line = lines[number]
        number += 1
        if not line:
            continue
        if line[0] == COMMENT:
            if not cells:
                rows.comments.append(line)
            continue
        if QUOTE not in line:
            cells.append(line.split(separator, PLAN_COLUMNS))
            starts.append(number)
            continue
        record = _Record(lines, number - 1, separator)
        if record.problem is None:
            cells.append(record.cells)
            starts.append(number)
            number = record.next_line
        else:
            rows.problems.append(record.problem)
    return rows


def split_lines(text: str) -> list[str]:
    """The physical lines, without the \\n or \\r\\n that ends them; a lone \\r ends none."""
    lines = text.split("\n")
    if "\r" in text:
        lines = [line[:-1] if line.endswith("\r") else line for line in lines]
    return lines


def places(lines: list[str], line: int, separator: str) -> list[tuple[int, int]]:
    """Where each field of the record that begins in that line begins itself, as (line, column); and where the record ends."""
    record = _Record(lines, line - 1, separator)
    return [*record.places, record.end]


class _Record:
    """One record that begins at lines[start], read character by character. `next_line` is the index of the line after it."""

    cells: list[str]
    places: list[tuple[int, int]]
    problem: Problem | None
    next_line: int
    end: tuple[int, int]

    def __init__(self, lines: list[str], start: int, separator: str) -> None:
        self.cells = []
        self.places = []
        self.problem = None
        self._lines = lines
        self._separator = separator
        self._line = start
        self._at = 0
        while self._field():
            if len(self.cells) > PLAN_COLUMNS:
                break
        self.end = (self._line + 1, len(lines[self._line]) + 1)
        self.next_line = self._line + 1

    def _field(self) -> bool:
        """Reads one field; True when another one follows."""
        self.places.append((self._line + 1, self._at + 1))
        line = self._lines[self._line]
        if line.startswith(QUOTE, self._at):
            return self._quoted()
        end = line.find(self._separator, self._at)
        cell = line[self._at :] if end < 0 else line[self._at : end]
        if QUOTE in cell:
            return self._wrong(self._line, self._at + cell.index(QUOTE), BARE_QUOTE)
        self.cells.append(cell)
        self._at = end + 1
        return end >= 0

    def _quoted(self) -> bool:
        opened = (self._line, self._at)
        self._at += 1
        parts = []
        while True:
            line = self._lines[self._line]
            end = line.find(QUOTE, self._at)
            if end < 0:
                parts.append(line[self._at :])
                if self._line + 1 >= len(self._lines):
                    self._line = opened[0]
                    return self._wrong(*opened, LOOSE_QUOTE)
                parts.append("\n")
                self._line += 1
                self._at = 0
                continue
            parts.append(line[self._at : end])
            after = line[end + 1 : end + 2]
            self._at = end + 2
            if after == QUOTE:
                parts.append(QUOTE)
            elif after in ("", self._separator):
                self.cells.append("".join(parts))
                return after != ""
            else:
                return self._wrong(self._line, end, LOOSE_QUOTE)

    def _wrong(self, line: int, column: int, message: str) -> bool:
        self.problem = Problem(line + 1, column + 1, message)
        return False
