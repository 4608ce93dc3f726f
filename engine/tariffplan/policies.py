"""Policy profiles of a plan without faults. Most are made by the sheet alone: fields of one name, read by the type of their column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from engine.fields.making import value_parts
from engine.profiles import policies as book
from engine.profiles.policies import KINDS
from engine.tariffplan.cells import checks, read_duration, read_flag, read_integer, read_interval, read_number
from engine.tariffplan.merge import Item, merged, texts_of
from engine.tariffplan.read import Plan
from engine.tariffplan.sheet import DECIMAL, DURATION, FLAG, IN_FIELD, INTEGER, INTERVAL, NUMBER, Column, Sheet
from engine.tariffplan.sheets import SHEETS
from engine.times import Zone

_TYPES: Final[Mapping[str, Any]] = MappingProxyType({kind.name: kind.type for kind in KINDS})
POLICY_SHEETS: Final = tuple(sheet for sheet in SHEETS if sheet.kind in _TYPES)

_OLD_TYPES: Final[Mapping[str, str]] = MappingProxyType({"*string_prefix": "*prefix", "*rsr_fields": "*rsr"})


def profiles(plan: Plan, sheet: Sheet, zone: Zone, now_ns: int) -> list[tuple[str, object]]:
    """The items of one policy sheet with their ids, `<Tenant>:<ID>`."""
    rows = (row for table in plan.of(sheet.name) for row in _today(sheet, table.older, table.cells))
    make = _MAKERS.get(sheet.name, _plain)
    reader = Reader(zone, now_ns)
    return [(key, make(sheet, item, reader)) for key, item in merged(sheet, rows).items()]


def columns_of(name: str) -> list[tuple[str, str]]:
    """The columns of a policy sheet: name and type."""
    return [(column.name, column.type) for column in _sheet(name).columns]


def _sheet(name: str) -> Sheet:
    return next(one for one in POLICY_SHEETS if one.name == name)


def profile_of_row(name: str, cells: list[str], zone: Zone, now_ns: int) -> tuple[str, str, object]:
    """The item that one row of a policy sheet makes: its kind, its id, itself. ValueError for a cell that cannot be read."""
    sheet = _sheet(name)
    readers = checks(zone, now_ns)
    for column, cell in zip(sheet.columns, cells, strict=True):
        try:
            readers.get(column.type, str)(cell)
        except ValueError as fault:
            raise ValueError(f"{column.name}: {fault}") from None
    ((key, item),) = merged(sheet, [cells]).items()
    try:
        return sheet.kind, key, _MAKERS.get(sheet.name, _plain)(sheet, item, Reader(zone, now_ns))
    except msgspec.ValidationError as fault:
        raise ValueError(str(fault)) from None


def _today(sheet: Sheet, older: bool, cells: list[list[str]]) -> list[list[str]]:
    """Rows as they are written today: an old filter names a field of the event where today's has its path."""
    if not older or sheet.name != "Filters":
        return cells
    return [
        [*row[:2], _OLD_TYPES.get(row[2], row[2]), f"~*req.{row[3]}" if row[3] and row[3][0] not in "~*" else row[3], *row[4:]]
        for row in cells
    ]


class Reader:
    """Reads a cell as its column's type wants it in a struct of the engine."""

    def __init__(self, zone: Zone, now_ns: int) -> None:
        self._zone = zone
        self._now_ns = now_ns

    def value(self, column: Column, cell: str | list[str]) -> object:
        """A list that is empty is an empty list: sheets cannot leave one out."""
        if isinstance(cell, list):
            return tuple(cell)
        if column.type in (NUMBER, DECIMAL):
            return read_number(cell)
        if column.type == INTEGER:
            return read_integer(cell)
        if column.type == FLAG:
            return read_flag(cell)
        if column.type == DURATION:
            return read_duration(cell)
        if column.type == INTERVAL:
            return self.interval(cell)
        return cell

    def interval(self, cell: str) -> book.ActivationInterval | None:
        """An activation interval; None for an empty cell."""
        found = read_interval(cell, self._zone, self._now_ns)
        return None if found is None else book.ActivationInterval(*found)

    def fields(self, sheet: Sheet, item: Item) -> dict[str, object]:
        """The item's own fields."""
        return {column.field: self.value(column, item.fields[column.field]) for column in sheet.columns if not column.group}

    def elements(self, sheet: Sheet, item: Item) -> list[dict[str, object]]:
        """The elements of its group; a list inside one that is empty was left out."""
        columns = [column for column in sheet.columns if column.group]
        found = [{column.field: self.value(column, fields[column.field]) for column in columns} for fields in item.elements]
        return [{name: None if value == () else value for name, value in element.items()} for element in found]


def _plain(sheet: Sheet, item: Item, reader: Reader) -> object:
    fields = reader.fields(sheet, item)
    if sheet.group:
        fields[sheet.group] = reader.elements(sheet, item)
    made: object = msgspec.convert(fields, _TYPES[sheet.kind])
    return made


def _filter(sheet: Sheet, item: Item, reader: Reader) -> object:
    fields = reader.fields(sheet, item)
    fields["Rules"] = reader.elements(sheet, item)
    return msgspec.convert(fields, book.Filter)


def _attributes(sheet: Sheet, item: Item, reader: Reader) -> object:
    fields = reader.fields(sheet, item)
    fields["Attributes"] = [
        {**element, "Value": [{"Rules": part} for part in value_parts(str(element["Value"]))]} for element in reader.elements(sheet, item)
    ]
    return msgspec.convert(fields, book.AttributeProfile)


def _charger(sheet: Sheet, item: Item, reader: Reader) -> object:
    fields = reader.fields(sheet, item)
    fields["AttributeIDs"] = inline_joined(item.texts("AttributeIDs"))
    return msgspec.convert(fields, book.ChargerProfile)


def inline_joined(names: list[str]) -> list[str]:
    """Attribute ids, neighbours that are written out joined: `*constant:A:x;*constant:B:y` is one profile with two attributes."""
    found: list[str] = []
    inline = False
    for name in names:
        if name.startswith("*") and inline:
            found[-1] += IN_FIELD + name
        else:
            found.append(name)
        inline = name.startswith("*")
    return found


def _dispatcher(sheet: Sheet, item: Item, reader: Reader) -> object:
    fields = reader.fields(sheet, item)
    fields["StrategyParams"] = parameters(item.texts("StrategyParams"))
    hosts = zip(reader.elements(sheet, item), item.elements, strict=True)
    fields["Hosts"] = [{**host, "Params": parameters(texts_of(texts, "Params"))} for host, texts in hosts]
    return msgspec.convert(fields, book.DispatcherProfile)


def parameters(texts: list[str]) -> dict[str, object]:
    """Parameters by their name, `name:value`, or by their place."""
    found: dict[str, object] = {}
    for place, text in enumerate(texts):
        name, colon, value = text.partition(":")
        found[name if colon else str(place)] = value if colon else text
    return found


def _host(sheet: Sheet, item: Item, reader: Reader) -> object:
    fields = {name.removeprefix("Conn."): value for name, value in reader.fields(sheet, item).items()}
    return msgspec.convert(fields, book.DispatcherHost)


_MAKERS: Final[Mapping[str, Callable[[Sheet, Item, Reader], object]]] = MappingProxyType(
    {
        "Filters": _filter,
        "Attributes": _attributes,
        "Chargers": _charger,
        "DispatcherProfiles": _dispatcher,
        "DispatcherHosts": _host,
    }
)
