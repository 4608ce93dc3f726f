"""What a row of the table of sheets (engine.tariffplan.sheets) is made of.

A sheet is written as text, one line per column. A line of a column gives its name, its type, where its value stands in the offline
item that API clients write (`Routes[].ID`: in the elements of the list Routes), and what it means.

Types say how a cell is read. `id` must not be empty. In JSON `number`, `integer` and `flag` are numbers and booleans, `list` and
`interval` a list and a struct; everything else is text: `decimal` and `switch` hold a number and a boolean as text, `numbers` and
`names` several values parted by `;`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ID: Final = "id"
TEXT: Final = "text"
NUMBER: Final = "number"
INTEGER: Final = "integer"
FLAG: Final = "flag"
DECIMAL: Final = "decimal"
SWITCH: Final = "switch"
DURATION: Final = "duration"
TIME: Final = "time"
INTERVAL: Final = "interval"
CLOCK: Final = "clock"
NUMBERS: Final = "numbers"
NAMES: Final = "names"
LIST: Final = "list"
TYPES: Final = (ID, TEXT, NUMBER, INTEGER, FLAG, DECIMAL, SWITCH, DURATION, TIME, INTERVAL, CLOCK, NUMBERS, NAMES, LIST)

IN_FIELD: Final = ";"  # parts the values inside a cell


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `field` is its name in the offline item, or in the elements of the item's list `group`."""

    name: str
    type: str
    group: str
    field: str
    about: str


@dataclass(frozen=True, slots=True)
class Layout:
    """An older form of a sheet. `picks` are the old places of today's columns, and behind them of old columns that are still used.

    Told by its number of columns; when that is today's too, by `header`, a word of the comment above the rows.
    """

    columns: tuple[str, ...]
    picks: tuple[int, ...]
    header: str = ""

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns that have no meaning any more."""
        return tuple(name for place, name in enumerate(self.columns) if place not in self.picks)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A row of the table.

    Rows with the same key make one item. Each is an element of the item's list `group` (if it has one): always a new one, or, when
    `element_keys` name fields, a new one only if these differ; rows in which `element_if` is empty bring no element. Of other fields
    the last row counts that says something (not zero, not false); lists gather what all rows say.
    """

    name: str
    kind: str
    about: str
    columns: tuple[Column, ...]
    group: str = ""
    element_if: str = ""
    element_keys: tuple[str, ...] = ()
    extras: tuple[tuple[str, object], ...] = ()  # fields of the element that only JSON has, with their values
    layouts: tuple[Layout, ...] = ()
    old: bool = False

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def keys(self) -> tuple[int, ...]:
        """The places of the columns that name an item."""
        return tuple(place for place, column in enumerate(self.columns) if column.type == ID)

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def place(self, name: str) -> int:
        """Where the column of that name stands."""
        return self.header.index(name)


def _columns(text: str) -> tuple[Column, ...]:
    found = []
    for line in text.strip().splitlines():
        name, kind, path, about = line.split(None, 3)
        assert kind in TYPES, f"{name}: {kind} is no type"
        group, nested, field = path.partition("[].")
        if path.endswith("[]"):
            group, nested, field = path[:-2], "[].", ""
        found.append(Column(name, kind, group if nested else "", field if nested else path, about))
    return tuple(found)


def sheet(name: str, kind: str, about: str, text: str, *, keyed: str = "", needs: str = "", layouts: tuple[Layout, ...] = ()) -> Sheet:
    """A row of today's table. `keyed` and `needs` are the element's keys and its `element_if`."""
    columns = _columns(text)
    groups = {column.group for column in columns if column.group}
    assert len(groups) <= 1, f"{name} has more than one list of elements"
    group = groups.pop() if groups else ""
    return Sheet(name, kind, about, columns, group, needs, tuple(keyed.split()), _EXTRAS.get(name, ()), layouts)


def old_sheet(name: str, about: str, text: str) -> Sheet:
    """A sheet that today's engine has no more; the columns as `Name type`, their fields are their names."""
    columns = [part.split() for part in text.split(",")]
    return Sheet(name, f"old_{_snake(name)}", about, tuple(Column(word, kind, "", word, "") for word, kind in columns), old=True)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def older(today: str, columns: str, renamed: str = "", header: str = "") -> Layout:
    """An older layout: both lists of names parted by commas; `renamed` says `Today=Old` where a column had another name.

    Old columns that are still used stand at the end of today's.
    """
    names = tuple(columns.split(","))
    other = dict(pair.split("=") for pair in renamed.split())
    return Layout(names, tuple(names.index(other.get(name, name)) for name in today.split(",")), header)


_EXTRAS: Final[Mapping[str, tuple[tuple[str, object], ...]]] = MappingProxyType(
    {
        "DestinationRates": (("Rate", None),),
        "Actions": (("BalanceUuid", ""),),
        "ActionTriggers": (("Id", ""),),
    }
)
