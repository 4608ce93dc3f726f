"""Files over defaults: tables merge by name, lists of tables with an id merge by it, everything else is replaced whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from engine.usage import parse_duration
from gateway.config.check import parse_size
from gateway.config.kinds import (
    APPLIANCE,
    Anything,
    Conns,
    Duration,
    Fields,
    Group,
    Kind,
    Map,
    Number,
    Objects,
    Raw,
    Section,
    Size,
    Texts,
    Usage,
    Value,
    default_of,
)
from gateway.config.options import SECTIONS


class Values(Mapping[str, Value]):
    """Every section, complete: the layers of the files over the defaults of a column. A section is put together when it is asked for.

    `base` are whole sections that stand in place of their defaults.
    """

    __slots__ = ("_found", "base", "column", "layers")

    def __init__(self, layers: list[dict[str, Value]], column: str, base: Mapping[str, Value] | None = None) -> None:
        self.layers = layers
        self.column = column
        self.base = base or {}
        self._found: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        if name not in self._found:
            section = SECTIONS[name]
            value = self.base[name] if name in self.base else section_default(section, self.column)
            for layer in self.layers:
                if name in layer:
                    value = merge(section.kind, value, layer[name], self.column)
            self._found[name] = value
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SECTIONS)

    def __contains__(self, name: object) -> bool:
        return name in SECTIONS

    def __len__(self) -> int:
        return len(SECTIONS)


def section_default(section: Section, column: str) -> Value:
    """A section without any file."""
    own = section.appliance if column == APPLIANCE else None
    default = section.default if own is None else own
    return fill(section.kind, default if default is not None else {}, column)


def fill(kind: Kind, raw: Raw, column: str) -> Value:
    """A default of the table as a checked value; members that it does not name have their own defaults."""
    match kind:
        case Group():
            given = raw if isinstance(raw, dict) else {}
            if kind.sparse:
                return {option.name: fill(option.kind, given[option.name], column) for option in kind.options if option.name in given}
            return {option.name: fill(option.kind, given.get(option.name, default_of(option, column)), column) for option in kind.options}
        case Duration() | Usage() if isinstance(raw, str):
            return parse_duration(raw)
        case Size() if isinstance(raw, str):
            return parse_size(raw)
        case Number() if isinstance(raw, str):
            return Decimal(raw)
        case Map() if isinstance(raw, dict):
            return {name: fill(kind.value, value, column) for name, value in raw.items()}
        case Objects() if isinstance(raw, tuple):
            return [fill(kind.group, item, column) for item in raw]
        case Texts() | Conns() | Fields() | Anything():
            return thawed(raw)
        case _:
            return thawed(raw)


def thawed(raw: Raw) -> Value:
    """A default as lists and tables of its own."""
    if isinstance(raw, tuple):
        return [thawed(item) for item in raw]
    if isinstance(raw, dict):
        return {name: thawed(value) for name, value in raw.items()}
    return raw


def merge(kind: Kind, base: Value, new: Value, column: str) -> Value:
    """What a file says over what stood before."""
    match kind:
        case Group() if isinstance(new, dict) and not kind.sparse:
            before = base if isinstance(base, dict) else fill(kind, {}, column)
            assert isinstance(before, dict), "a group is filled with a table"
            merged = dict(before)
            for option in kind.options:
                if option.name in new:
                    merged[option.name] = merge(option.kind, merged.get(option.name), new[option.name], column)
            return merged
        case Map() if isinstance(new, dict):
            merged = dict(base) if isinstance(base, dict) else {}
            for name, value in new.items():
                merged[name] = merge(kind.value, merged.get(name), value, column)
            return merged
        case Objects() if isinstance(new, list):
            return merge_objects(kind, base, new, column)
        case _:
            return new


def merge_objects(kind: Objects, base: Value, new: list[Value], column: str) -> Value:
    """Lists of tables: replaced whole, or by name where the kind has a key; a new one begins as a copy of the model."""
    if not kind.key:
        return [merge(kind.group, None, item, column) for item in new]
    merged = list(base) if isinstance(base, list) else []
    index = {item[kind.key]: number for number, item in enumerate(merged) if isinstance(item, dict)}
    for item in new:
        name = item.get(kind.key) if isinstance(item, dict) else None
        if name is not None and name in index:
            merged[index[name]] = merge(kind.group, merged[index[name]], item, column)
            continue
        model = merged[index[kind.model]] if kind.model in index else None
        if name is not None:
            index[name] = len(merged)
        unnamed: Value = {kind.key: "", **item} if isinstance(item, dict) else item
        merged.append(merge(kind.group, model, unnamed, column))
    return merged
