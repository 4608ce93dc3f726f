"""Rows that make one item, put together: what the sheets table says about elements, keys and lists, in text still.

What makes JSON or an engine's struct of an item gives the texts their types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.tariffplan.sheet import FLAG, IN_FIELD, INTEGER, LIST, NUMBER, Column, Sheet

Fields = dict[str, str | list[str]]


@dataclass(slots=True)
class Item:
    """The item's own fields, and what its group holds: elements, or plain values."""

    fields: Fields
    elements: list[Fields] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    by_key: dict[tuple[str, ...], Fields] = field(default_factory=dict)  # elements that have keys

    def text(self, name: str) -> str:
        return text_of(self.fields, name)

    def texts(self, name: str) -> list[str]:
        return texts_of(self.fields, name)


def text_of(fields: Fields, name: str) -> str:
    """A field that holds text."""
    value = fields[name]
    assert isinstance(value, str), f"{name} is no text"
    return value


def texts_of(fields: Fields, name: str) -> list[str]:
    """A field that holds a list."""
    value = fields[name]
    assert isinstance(value, list), f"{name} is no list"
    return value


def item_key(sheet: Sheet, row: list[str]) -> str:
    """The id under which the item of a row is kept: its tag, or its key columns parted by colons."""
    return ":".join(row[place] for place in sheet.keys)


def merged(sheet: Sheet, rows: Iterable[list[str]]) -> dict[str, Item]:
    """The items of a sheet by their key, in the order in which they first came."""
    own = [(place, column) for place, column in enumerate(sheet.columns) if not column.group]
    inner = [(place, column) for place, column in enumerate(sheet.columns) if column.group]
    types = {column.field: column for _, column in inner}
    plain = len(inner) == 1 and not inner[0][1].field
    found: dict[str, Item] = {}
    for row in rows:
        key = item_key(sheet, row)
        item = found.get(key)
        if item is None:
            item = found[key] = Item({column.field: [] if column.type == LIST else "" for _, column in own})
        _add_fields(item, own, row)
        if plain:
            item.values.append(row[inner[0][0]])
        elif inner:
            for fields in _elements_of(sheet, inner, row):
                _add_element(sheet, item, fields, types)
    return found


def _add_fields(item: Item, own: list[tuple[int, Column]], row: list[str]) -> None:
    for place, column in own:
        cell = row[place]
        if not cell:
            continue
        value = item.fields[column.field]
        if isinstance(value, list):
            _add_names(value, cell.split(IN_FIELD))
        elif not value or not _says_nothing(column, cell):
            item.fields[column.field] = cell


def _says_nothing(column: Column, cell: str) -> bool:
    """Whether a cell leaves what earlier rows said: zero and false count as not written."""
    return column.type in (NUMBER, INTEGER, FLAG) and (cell in _FALSE or not cell.strip("0."))


_FALSE = frozenset(("f", "F", "FALSE", "false", "False"))


def _add_names(names: list[str], more: list[str]) -> None:
    known = set(names)
    for name in more:
        if name not in known:
            known.add(name)
            names.append(name)


def _elements_of(sheet: Sheet, inner: list[tuple[int, Column]], row: list[str]) -> Iterator[Fields]:
    """The elements that a row describes: one, or one for each name when the element is named by a list."""
    fields: Fields = {column.field: _values(column, row[place]) for place, column in inner}
    names = fields.get(sheet.element_if)
    if not isinstance(names, list):
        yield fields
        return
    for name in names:
        own: Fields = {field: list(value) if isinstance(value, list) else value for field, value in fields.items()}
        own[sheet.element_if] = name
        yield own


def _values(column: Column, cell: str) -> str | list[str]:
    if column.type != LIST:
        return cell
    return cell.split(IN_FIELD) if cell else []


def _add_element(sheet: Sheet, item: Item, fields: Fields, types: dict[str, Column]) -> None:
    if sheet.element_if and not fields[sheet.element_if]:
        return
    if not sheet.element_keys:
        item.elements.append(fields)
        return
    key = tuple(IN_FIELD.join(value) if isinstance(value, list) else value for value in map(fields.__getitem__, sheet.element_keys))
    known = item.by_key.get(key)
    if known is None:
        item.by_key[key] = fields
        item.elements.append(fields)
        return
    for name, value in fields.items():
        before = known[name]
        if isinstance(before, list) and isinstance(value, list):
            _add_names(before, value)
        elif isinstance(value, str) and value and not (before and _says_nothing(types[name], value)):
            known[name] = value
