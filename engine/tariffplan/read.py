"""From files to tables: what lies in a folder or a zip file, which sheet each file is, and its rows in today's columns.

Nothing here judges what cells say (engine.tariffplan.check); it only finds out what is a row. Every function is pure but for reading
files, so that a plan can be read in another thread or process.
"""

from __future__ import annotations

import errno
import io
import lzma
import os
import zipfile
import zlib
from array import array
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from engine.errors import Fault
from engine.limits import (
    PLAN_BYTES,
    PLAN_CELL_CHARACTERS,
    PLAN_FAULTS,
    PLAN_FILES,
    PLAN_FOLDER_DEPTH,
    PLAN_FOLDERS,
    PLAN_LINES,
    PLAN_NOTES,
    PLAN_ROWS,
    PLAN_ZIP_RATIO,
)
from engine.tariffplan.csvtext import is_separator, parse, places, split_lines
from engine.tariffplan.faults import Faults
from engine.tariffplan.sheet import Layout, Sheet
from engine.tariffplan.sheets import ALL_SHEETS, BY_FILE

COMMA: Final = ","
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a plan: its path inside the plan's folder, and its content."""

    name: str
    data: bytes


class Table:
    """The rows of one sheet from one source, cells in today's columns; behind them the cells of old columns that are still used."""

    sheet: Sheet
    source: str
    cells: list[list[str]]
    lines: array[int]  # where each row begins; empty for rows that come from no file
    _text: str
    _separator: str
    _split: list[str]
    _layout: Layout | None

    def __init__(self, sheet: Sheet, source: str, cells: list[list[str]]) -> None:
        self.sheet = sheet
        self.source = source
        self.cells = cells
        self.lines = array("L")
        self._text = ""
        self._separator = COMMA
        self._split = []
        self._layout = None

    def written(self, text: str, separator: str, lines: array[int], layout: Layout | None) -> None:
        """Says where the rows stand, for `fault` to name places."""
        self._text = text
        self._separator = separator
        self.lines = lines
        self._layout = layout

    @property
    def older(self) -> bool:
        """Whether the sheet was written in an older layout."""
        return self._layout is not None

    def fault(self, row: int, column: int, message: str, suggestion: str = "") -> Fault:
        """Something wrong with a cell (column as in the sheet)."""
        if not self.lines:
            return Fault(self.source, 0, 0, message, suggestion)
        if self._layout is not None:
            column = self._layout.picks[column]
        found = places(self._text_lines(), self.lines[row], self._separator)
        line, character = found[min(column, len(found) - 1)]
        return Fault(self.source, line, character, message, suggestion)

    def _text_lines(self) -> list[str]:
        if not self._split:
            self._split = split_lines(self._text)
        return self._split


@dataclass(slots=True)
class Plan:
    """What was read: tables by the name of their sheet, in the order of their files."""

    tables: dict[str, list[Table]] = field(default_factory=dict)
    faults: Faults = field(default_factory=lambda: Faults(PLAN_FAULTS))
    warnings: Faults = field(default_factory=lambda: Faults(PLAN_NOTES))
    notices: Faults = field(default_factory=lambda: Faults(PLAN_NOTES))

    def of(self, name: str) -> list[Table]:
        """The tables of a sheet."""
        return self.tables.get(name, [])

    def counts(self) -> dict[str, int]:
        """Rows by sheet, for the sheets that have any."""
        found = {sheet.name: sum(len(table.cells) for table in self.of(sheet.name)) for sheet in ALL_SHEETS}
        return {name: count for name, count in found.items() if count}


# -- files ---------------------------------------------------------------------------------------------------------------


class PlanError(Exception):
    """A plan that is no plan at all: a folder or zip file that cannot be opened. `text` is what API clients read."""

    text: str

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def folder_sources(folder: str) -> tuple[list[Source], list[Fault]]:
    """The files of a folder and of all folders in it, and what is wrong with them. Raises PlanError when there is no such folder."""
    if not _is_folder(folder):
        raise PlanError("INVALID_PATH")
    sources: list[Source] = []
    faults: list[Fault] = []
    size = 0
    for path in _csv_files(folder, faults):
        name = _readable(os.path.relpath(path, folder))
        try:
            size += os.path.getsize(path)
            if size > PLAN_BYTES:
                faults.append(Fault(name, 0, 0, f"the files of a plan may have {PLAN_BYTES} bytes together"))
                break
            if not os.path.isfile(path):  # a pipe would keep us waiting
                raise OSError(errno.EINVAL, "no file")
            with open(path, "rb") as file:
                sources.append(Source(name, file.read(PLAN_BYTES + 1)))
        except OSError as wrong:
            faults.append(Fault(name, 0, 0, f"cannot be read: {wrong.strerror}"))
    return sources, faults


def folder_size(folder: str, enough: int) -> int:
    """The bytes of the files that `folder_sources` would read, counted up to `enough`; 0 where there is no such folder."""
    size = 0
    for path in _csv_files(folder, []) if _is_folder(folder) else ():
        if size >= enough:
            break
        with suppress(OSError):  # it is said when it is read
            size += os.path.getsize(path)
    return size


def _is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)
    except ValueError:  # half a surrogate pair
        return False


def _csv_files(folder: str, faults: list[Fault]) -> list[str]:
    """The paths of .csv files, each folder's own before those of the folders in it, in lexical order."""
    found: list[str] = []
    for looked, (place, folders, files) in enumerate(os.walk(folder)):
        folders.sort()
        if looked >= PLAN_FOLDERS:
            faults.append(Fault(_readable(os.path.relpath(place, folder)), 0, 0, f"a plan may have {PLAN_FOLDERS} folders"))
            break
        depth = os.path.relpath(place, folder).count(os.sep) + 1
        if depth >= PLAN_FOLDER_DEPTH and folders:
            faults.append(Fault(_readable(os.path.relpath(place, folder)), 0, 0, f"folders may lie {PLAN_FOLDER_DEPTH} deep"))
            folders.clear()
        found += [os.path.join(place, name) for name in sorted(files) if name.endswith(".csv")]
        if len(found) > PLAN_FILES:
            faults.append(Fault(_readable(os.path.relpath(place, folder)), 0, 0, f"a plan may have {PLAN_FILES} files"))
            return found[:PLAN_FILES]
    return found


def _readable(path: str) -> str:
    """A path as text that can be written anywhere: bytes that are no UTF-8 replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def zip_size(data: bytes) -> int:
    """The bytes of the files that `zip_sources` would unpack, as the zip file says it; it unpacks no more. 0 for what is no zip file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(entry.file_size for entry in archive.infolist() if entry.filename.endswith(".csv"))
    except _NO_ZIP:
        return 0


def zip_sources(data: bytes) -> tuple[list[Source], list[Fault]]:
    """The .csv files of a zip file, in its order. Raises PlanError when it is none."""
    sources: list[Source] = []
    size = 0
    if zip_size(data) > PLAN_ZIP_RATIO * len(data):
        return sources, [Fault("zip", 0, 0, f"a plan may have {PLAN_ZIP_RATIO} times the bytes of its zip file")]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.is_dir() or not entry.filename.endswith(".csv"):
                    continue
                if len(sources) >= PLAN_FILES:
                    return sources, [Fault(entry.filename, 0, 0, f"a plan may have {PLAN_FILES} files")]
                with archive.open(entry) as file:
                    content = file.read(PLAN_BYTES - size + 1)
                size += len(content)
                if size > PLAN_BYTES:
                    return sources, [Fault(entry.filename, 0, 0, f"the files of a plan may have {PLAN_BYTES} bytes together")]
                sources.append(Source(entry.filename, content))
    except _NO_ZIP:
        raise PlanError("zip: not a valid zip file") from None
    return sources, []


_NO_ZIP: Final = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
"""What zipfile raises for data that is no zip file, or one that it cannot unpack."""


# -- sheets --------------------------------------------------------------------------------------------------------------


def read_plan(sources: Iterable[Source], separator: str = COMMA) -> Plan:
    """The tables of all sources; files of other names are noticed and left. Everything that is no row is a fault of the plan."""
    plan = Plan()
    if not is_separator(separator):
        plan.faults.add(Fault("", 0, 0, f"a field separator is one character, no quote and no #: {separator[:10]!r}"))
        return plan
    rows = 0
    for source in sources:
        name = os.path.basename(source.name)
        sheet = BY_FILE.get(name)
        if sheet is None:
            plan.notices.add(Fault(source.name, 0, 0, "no sheet has this name: not read", plan.notices.nearest(name, BY_FILE)))
            continue
        table = _table(sheet, source, separator, plan)
        rows += len(table.cells)
        if rows > PLAN_ROWS:
            plan.faults.add(Fault(source.name, 0, 0, f"a plan may have {PLAN_ROWS} rows"))
            break
        if sheet.old and table.cells:
            plan.notices.add(Fault(source.name, 0, 0, f"a sheet of an older engine: checked and kept, not used. {sheet.about}"))
        plan.tables.setdefault(sheet.name, []).append(table)
    return plan


def _table(sheet: Sheet, source: Source, separator: str, plan: Plan) -> Table:
    text = _text(source, plan)
    if text.count("\n") > PLAN_LINES:
        plan.faults.add(Fault(source.name, PLAN_LINES, 0, f"a sheet may have {PLAN_LINES} lines"))
        text = ""
    rows = parse(text, separator)
    for problem in rows.problems:
        plan.faults.add(Fault(source.name, problem.line, problem.column, problem.message))
    layout = _layout(sheet, rows.cells, rows.comments)
    table = Table(sheet, source.name, rows.cells)
    table.written(text, separator, rows.lines, None)
    _check_widths(table, len(layout.columns) if layout else len(sheet.columns), plan)
    if len(text) > PLAN_CELL_CHARACTERS:
        _check_lengths(table, plan)
    if layout is not None:
        picks = layout.picks
        table.cells = [[row[pick] for pick in picks] for row in table.cells]
        table.written(text, separator, table.lines, layout)
        if table.cells and layout.dropped:
            words = ", ".join(layout.dropped)
            plan.notices.add(Fault(source.name, 0, 0, f"an older layout of {sheet.file}: not used are {words}"))
    return table


def _text(source: Source, plan: Plan) -> str:
    data = source.data.removeprefix(_BOM)
    try:
        return data.decode()
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        begin = data.rfind(b"\n", 0, wrong.start) + 1
        column = len(data[begin : wrong.start].decode("utf-8", "replace")) + 1
        plan.faults.add(Fault(source.name, line, column, "not UTF-8 text"))
        return data.decode("utf-8", "replace")


def _layout(sheet: Sheet, cells: list[list[str]], comments: list[str]) -> Layout | None:
    """The older layout that the sheet is written in, if it is: told by the first row, or by a word above it."""
    for layout in sheet.layouts:
        if layout.header:
            if any(layout.header in comment for comment in comments):
                return layout
        elif cells and len(cells[0]) == len(layout.columns):
            return layout
    return None


def _check_widths(table: Table, width: int, plan: Plan) -> None:
    """Leaves out the rows that have too many or too few cells; each is a fault."""
    if all(len(row) == width for row in table.cells):
        return
    kept, lines = [], array("L")
    for place, row in enumerate(table.cells):
        if len(row) == width:
            kept.append(row)
            lines.append(table.lines[place])
        elif plan.faults.full:
            plan.faults.more += 1
        else:
            columns = ", ".join(table.sheet.header)
            message = f"{len(row)} fields where {table.sheet.file} has {width}: {columns}"
            plan.faults.add(table.fault(place, min(len(row), width), message))
    table.cells, table.lines = kept, lines


def _check_lengths(table: Table, plan: Plan) -> None:
    for place, row in enumerate(table.cells):
        if sum(map(len, row)) <= PLAN_CELL_CHARACTERS:
            continue
        for column, cell in enumerate(row):
            if len(cell) > PLAN_CELL_CHARACTERS:
                plan.faults.add(table.fault(place, column, f"a cell may have {PLAN_CELL_CHARACTERS} characters"))
