"""What `tollwire cdrs` and `tollwire sessions` share: columns that are chosen, rows that are written as they come, asking again."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.cli.limits import MIN_INTERVAL_SECONDS
from gateway.cli.outcome import UsageError
from gateway.cli.terminal import cell, flat, line_of, plain_json

Row = Mapping[str, object]

TABLE: Final = "table"
JSON: Final = "json"
CSV: Final = "csv"


def form_arguments(parser: argparse.ArgumentParser, *, with_csv: bool) -> None:
    """Declares how rows are printed, and of which columns."""
    forms = [TABLE, JSON, *([CSV] if with_csv else [])]
    parser.add_argument("--format", choices=forms, default=TABLE, help="a table, JSON with an object a line, or CSV (table)")
    parser.add_argument("--json", action="store_const", const=JSON, dest="format", help="the same as --format json")
    parser.add_argument("--fields", metavar="A,B,...", help="the columns, such as Account,Cost,ExtraFields.Colour")


def follow_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares how often it is asked for news."""
    parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="how often news are asked for with --follow (1)")


def interval_of(options: argparse.Namespace) -> float:
    """Seconds between two questions. UsageError where they are too few."""
    if not options.interval >= MIN_INTERVAL_SECONDS:
        raise UsageError(f"--interval must be at least {MIN_INTERVAL_SECONDS}")
    seconds: float = options.interval
    return seconds


class Writer:
    """Prints rows as they come. The columns of a table are as wide as what came so far: they may grow, they never shrink."""

    def __init__(self, form: str, columns: Sequence[str], numbers: frozenset[str] = frozenset()) -> None:
        """`numbers` are the columns that stand right."""
        self._form = form
        self._columns = list(columns)
        self._right = [name in numbers for name in columns]
        self._widths: list[int] = []
        self._csv = csv.writer(sys.stdout, lineterminator="\n")

    def write(self, rows: Sequence[Row]) -> None:
        """Prints rows, the heading before the first ones."""
        if self._form == JSON:
            for row in rows:
                print(plain_json(row))
        else:
            cells = [self._cells(row) for row in rows]
            if self._form == CSV:
                self._csv.writerows([*([] if self._widths else [self._columns]), *cells])
                self._widths = [1]
            else:
                self._table(cells)
        sys.stdout.flush()

    def _cells(self, row: Row) -> list[str]:
        """The columns of a row: its own values, or what lies inside them by a path with dots."""
        if all(name in row for name in self._columns):
            return [cell(row[name]) for name in self._columns]
        inside = dict(flat(row))
        return [cell(row[name]) if name in row else inside.get(name, "") for name in self._columns]

    def _table(self, rows: list[list[str]]) -> None:
        first = not self._widths
        lines = [*([self._columns] if first else []), *rows]
        for at in range(len(self._columns)):
            width = max((len(line[at]) for line in lines), default=0)
            if first:
                self._widths.append(width)
            else:
                self._widths[at] = max(self._widths[at], width)
        if first:
            print(line_of(self._columns, self._widths, self._right))
            print(line_of(["-" * width for width in self._widths], self._widths, self._right))
        for line in rows:
            print(line_of(line, self._widths, self._right))


def columns_of(options: argparse.Namespace, usual: Sequence[str], known: Iterable[str]) -> list[str]:
    """The columns that were asked for, in their own letter case; the usual ones where none were. UsageError for one that is none."""
    if not options.fields:
        return list(usual)
    names = {name.lower(): name for name in known}
    found = []
    for given in options.fields.split(","):
        head, dot, rest = given.strip().partition(".")
        if head.lower() not in names:
            raise UsageError(f"{given.strip()!r} is no field; there are {', '.join(names.values())}")
        found.append(f"{names[head.lower()]}{dot}{rest}")
    return found
