"""`~*cfg`: the options of the configuration as fields read them. Durations read as such; secrets cannot be read."""

from __future__ import annotations

from decimal import Decimal

from engine.fields.path import Path, Source
from engine.fields.values import MISSING, Duration
from gateway.config.kinds import Duration as DurationKind
from gateway.config.kinds import Fields, Group, Kind, Map, Objects, Secret, Texts
from gateway.config.options import SECTIONS
from gateway.config.tree import Tree
from gateway.processors.limits import MAX_SETTINGS_READ


class Settings(Source):
    """A whole configuration, looked at option by option; what was read once is kept."""

    _tree: Tree
    _read: dict[Path, object]

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._read = {}

    def read(self, path: Path, at: int) -> object:
        asked = path[at:]
        found = self._read.get(asked)
        if found is None:
            found = self._looked_up(asked)
            if len(self._read) < MAX_SETTINGS_READ:
                self._read[asked] = found
        return found

    def _looked_up(self, path: Path) -> object:
        section = SECTIONS.get(path[0])
        if section is None:
            return MISSING
        kind: Kind | None = section.kind
        value: object = self._tree.values[path[0]]
        for step in path[1:]:
            kind, value = _inside(kind, value, step)
            if value is MISSING:
                return MISSING
        return _plain(kind, value)


def _inside(kind: Kind | None, value: object, step: str) -> tuple[Kind | None, object]:
    """What a step leads to: a member of a table, of a list by `[n]` or by its id."""
    if isinstance(value, dict):
        inner: Kind | None = None
        if isinstance(kind, Group):
            option = kind.find(step)
            inner = None if option is None else option.kind
        elif isinstance(kind, Map):
            inner = kind.value
        return inner, value.get(step, MISSING)
    if isinstance(value, list):
        return kind.group if isinstance(kind, Objects) else kind, _member(kind, value, step)
    return None, MISSING


def _member(kind: Kind | None, values: list[object], step: str) -> object:
    number = step[1:-1]
    if step[0] == "[" and number.isdecimal() and len(number) < 10:
        return values[int(number)] if int(number) < len(values) else MISSING
    if isinstance(kind, Objects) and kind.key:
        for value in values:
            if isinstance(value, dict) and value.get(kind.key) == step:
                return value
    return MISSING


def _plain(kind: Kind | None, value: object) -> object:
    """A value as fields read it; MISSING for a secret, and for a table or list in which one could be."""
    if value is None or isinstance(kind, Secret) or (isinstance(kind, Texts) and kind.secret):
        return MISSING
    if isinstance(kind, DurationKind) and isinstance(value, int):
        return Duration(value)
    if isinstance(value, str | bool | int | Decimal):
        return value if kind is not None else MISSING
    return value if isinstance(kind, Texts | Fields) else MISSING
