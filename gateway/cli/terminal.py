"""What commands print: JSON, tables of any answer, a line of progress on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import IO

import msgspec

from engine.errors import Fault
from gateway.cli.limits import MAX_LAST_RULE, MAX_SHOWN_DEPTH

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SPACE = "  "


def json_text(value: object) -> str:
    """JSON for people: indented, numbers as they came."""
    return msgspec.json.format(_ENCODER.encode(value), indent=2).decode()


def fault_rows(faults: Iterable[Fault]) -> list[dict[str, object]]:
    """Faults as JSON."""
    return [asdict(fault) for fault in faults]


def show(value: object, *, as_json: bool) -> None:
    """Prints an answer: JSON, or the table that fits it."""
    print(json_text(value) if as_json else "\n".join(lines_of(value)))


def lines_of(value: object) -> list[str]:
    """An answer as lines: a list of objects is a table with a heading, an object a path and a value per line, else the value itself."""
    if isinstance(value, Mapping):
        rows = [(path, text) for path, text in flat(value)]
        return table(rows) or ["(empty)"]
    if isinstance(value, list):
        if value and all(isinstance(item, Mapping) for item in value):
            return _object_table(value)
        return [cell(item) for item in value] or ["(none)"]
    return [cell(value)]


def flat(value: object, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every plain value below an object or list, with the path to it: BalanceMap.*monetary[0].Value."""
    if isinstance(value, Mapping) and value and depth < MAX_SHOWN_DEPTH:
        for name, item in value.items():
            yield from flat(item, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list) and value and depth < MAX_SHOWN_DEPTH:
        for index, item in enumerate(value):
            yield from flat(item, f"{path}[{index}]", depth + 1)
    else:
        yield path, cell(value)


def cell(value: object) -> str:
    """A value on one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return value if value.isprintable() else _ENCODER.encode(value).decode()
    if isinstance(value, int):
        return str(value)
    return _ENCODER.encode(value).decode()


def _object_table(items: Sequence[Mapping[str, object]]) -> list[str]:
    """One row per object, one column per plain field; what no object has a value for is left out."""
    rows = [dict(flat(item)) for item in items]
    names = [
        name for name in dict.fromkeys(name for row in rows for name in row) if any(row.get(name, "-") not in ("-", "") for row in rows)
    ]
    return table([names, *([row.get(name, "-") for name in names] for row in rows)], heading=True)


def table(rows: Sequence[Sequence[str]], *, heading: bool = False) -> list[str]:
    """Columns as wide as their widest cell; numbers stand right; a heading is underlined."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    body = rows[1:] if heading else rows
    right = [bool(body) and all(_is_number(row[at]) for row in body) for at in range(len(widths))]
    texts = [line_of(row, widths, right) for row in rows]
    if heading:
        widths[-1] = min(widths[-1], MAX_LAST_RULE)
        texts.insert(1, _SPACE.join("-" * width for width in widths))
    return texts


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Prints rows, the first one their heading: drawn on a terminal, where long cells are folded; in plain columns elsewhere."""
    if not sys.stdout.isatty():
        print("\n".join(table(rows, heading=True)))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        shown.add_column(Text(name), overflow="fold")
    for row in rows[1:]:
        shown.add_row(*(Text(text) for text in row))
    Console().print(shown)


def line_of(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    """A line of a table whose columns are that wide."""
    return _SPACE.join(
        text.rjust(width) if flush else text.ljust(width) for text, width, flush in zip(cells, widths, right, strict=True)
    ).rstrip()


def plain_json(value: object) -> str:
    """JSON on one line."""
    return _ENCODER.encode(value).decode()


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit() or text == "-"


@contextmanager
def progress(what: str, stream: IO[str] = sys.stderr) -> Iterator[Callable[[int, int], None]]:
    """Shows on a terminal that something long is going on, and for how long; nothing elsewhere.

    What it gives is told how much is done and how much there is, where that is known.
    """
    if not stream.isatty():
        yield _nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _nothing(done: int, total: int) -> None:
    """What is told where nobody looks."""
