"""Offline plans: items of sheets kept under a plan's name until somebody loads them, in the JSON shape of the API.

JSON of an item and rows of its sheet say the same; the sheets table says how. Numbers keep the digits they were written with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from engine.tariffplan.cells import read_duration, read_flag, read_integer, read_number
from engine.tariffplan.check import REFERENCES, Reference
from engine.tariffplan.kinds import OfflineItem
from engine.tariffplan.merge import Fields, Item, merged
from engine.tariffplan.read import Plan, Table
from engine.tariffplan.sheet import FLAG, IN_FIELD, INTEGER, INTERVAL, LIST, NUMBER, Column, Sheet
from engine.tariffplan.sheets import BY_NAME

LOAD_ID: Final = "LoadId"
LOADED_SHEETS: Final = frozenset(("RatingProfiles", "AccountActions"))  # whose items also belong to a load

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


def offline_id(sheet: Sheet, item: Mapping[str, object]) -> str:
    """What names an item inside its plan: `[LoadId:]` and the key columns of its sheet."""
    keys = [str(item[sheet.columns[place].field]) for place in sheet.keys]
    return ":".join(([str(item[LOAD_ID])] if sheet.name in LOADED_SHEETS else []) + keys)


# -- JSON ----------------------------------------------------------------------------------------------------------------


def encode_item(item: object) -> bytes:
    """JSON of an item, Decimals as numbers with all their digits."""
    return _ENCODER.encode(item)


def decode_item(body: bytes) -> dict[str, object]:
    """The item; numbers that are not whole are Decimals."""
    found = _DECODER.decode(body)
    assert isinstance(found, dict), "an offline item is an object"
    return found


# -- from rows to items --------------------------------------------------------------------------------------------------


def offline_items(plan: Plan, sheet: Sheet, tpid: str, load_id: str) -> list[OfflineItem]:
    """The items of a sheet's rows, as API clients would have set them. Cells must be what their columns hold."""
    found = []
    for item in merged(sheet, (row for table in plan.of(sheet.name) for row in table.cells)).values():
        shown = shown_item(sheet, tpid, load_id, item)
        found.append(OfflineItem(tpid, offline_id(sheet, shown), encode_item(shown)))
    return found


def shown_item(sheet: Sheet, tpid: str, load_id: str, item: Item) -> dict[str, object]:
    """An item in its JSON shape."""
    found: dict[str, object] = {"TPid": tpid}
    if sheet.name in LOADED_SHEETS:
        found[LOAD_ID] = load_id
    for column in sheet.columns:
        if column.group:
            found.setdefault(column.group, item.values if not column.field else [_element(sheet, one) for one in item.elements])
        else:
            _place(found, column.field, _shown(column, item.fields[column.field]))
    return found


def _element(sheet: Sheet, fields: Fields) -> dict[str, object]:
    own = {column.field: _shown(column, fields[column.field]) for column in sheet.columns if column.group}
    return {**own, **{name: value for name, value in sheet.extras if name not in own}}


def _place(found: dict[str, object], path: str, value: object) -> None:
    """Sets a field, or that of a struct inside: `Conn.Address`."""
    outer, dot, inner = path.partition(".")
    if not dot:
        found[outer] = value
        return
    struct = found.setdefault(outer, {})
    assert isinstance(struct, dict), f"{outer} is a struct"
    struct[inner] = value


def _shown(column: Column, cell: str | list[str]) -> object:
    if isinstance(cell, list):
        return cell
    if column.type == NUMBER:
        number = Decimal(read_number(cell))
        return int(number) if number == number.to_integral_value() else number
    if column.type == INTEGER:
        return read_integer(cell)
    if column.field in _COUNTED:
        return read_duration(cell)
    if column.type == FLAG:
        return read_flag(cell)
    if column.type == INTERVAL:
        first, _, last = cell.partition(IN_FIELD)
        return {"ActivationTime": first, "ExpiryTime": last} if cell else None
    return cell


_COUNTED: Final = frozenset(("Conn.MaxReconnectInterval", "Conn.ConnectTimeout", "Conn.ReplyTimeout"))
"""Durations that the API shows as numbers of ns."""


# -- from items to rows --------------------------------------------------------------------------------------------------


def offline_plan(sheet_items: Iterable[tuple[Sheet, Iterable[OfflineItem]]]) -> Plan:
    """Offline items as the tables of a plan, to be checked and loaded like files. Rows have no lines; the source is the sheet."""
    plan = Plan()
    for sheet, items in sheet_items:
        rows = [row for item in items for row in rows_of(sheet, decode_item(item.Body))]
        if rows:
            plan.tables[sheet.name] = [Table(sheet, "", rows)]
    return plan


def needed(plan: Plan, root: str) -> Plan:
    """The rows of one sheet, and of the other sheets only those that they need."""
    found = Plan()
    found.tables[root] = plan.of(root)
    waiting = [root]
    while waiting:
        name = waiting.pop()
        for reference in (*REFERENCES, *_USED):
            if reference.sheet == name and plan.of(reference.target):
                place = BY_NAME[name].place(reference.column)
                named = {part.removeprefix("!") for table in found.of(name) for row in table.cells for part in row[place].split(IN_FIELD)}
                if _take(plan, found, reference.target, named):
                    waiting.append(reference.target)
    return found


_USED: Final = (Reference("ActionTriggers", "ActionsTag", "Actions", "actions"),)


def _take(plan: Plan, found: Plan, name: str, tags: set[str]) -> bool:
    """Takes over the rows with these tags; True when there are more than before."""
    have = {row[0] for table in found.of(name) for row in table.cells}
    if tags <= have:
        return False
    rows = [row for table in plan.of(name) for row in table.cells if row[0] in tags or row[0] in have]
    found.tables[name] = [Table(BY_NAME[name], "", rows)]
    return not {row[0] for row in rows} <= have


def rows_of(sheet: Sheet, item: Mapping[str, object]) -> list[list[str]]:
    """The rows of an item: one for each element, its own fields in the first; keys in all of them."""
    elements = item.get(sheet.group) if sheet.group else None
    if not isinstance(elements, list) or not elements:
        elements = [None]
    keys = sheet.keys
    rows = []
    for number, element in enumerate(elements):
        row = []
        for place, column in enumerate(sheet.columns):
            if column.group:
                value = element.get(column.field) if isinstance(element, dict) else element if not column.field else None
            else:
                value = _value_at(item, column.field) if number == 0 or place in keys else None
            row.append(cell_text(column, value))
        rows.append(row)
    return rows


def _value_at(item: Mapping[str, object], path: str) -> object:
    outer, dot, inner = path.partition(".")
    value = item.get(outer)
    if not dot:
        return value
    return value.get(inner) if isinstance(value, dict) else None


def cell_text(column: Column, value: object) -> str:
    """A JSON value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if column.type == LIST and isinstance(value, list):
        return IN_FIELD.join(cell_text(column, one) for one in value)
    if column.type == INTERVAL and isinstance(value, dict):
        first, last = (str(value.get(name) or "") for name in ("ActivationTime", "ExpiryTime"))
        return f"{first}{IN_FIELD}{last}" if last else first
    return str(value)
