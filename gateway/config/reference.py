"""The configuration as ConfigSv1.GetConfig of CGRateS answers it: its options only, its way of writing durations, its oddities.

Recorded in recordings/api/core.json; what is not recorded follows the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Final

from engine.usage import format_duration
from gateway.config.kinds import Duration, Group, Kind, Map, Objects, Option, Secret, Size, Texts, Usage, Value
from gateway.config.options import SECTIONS
from gateway.config.options.nastemplates import NAS_TEMPLATES
from gateway.config.render import BY_TIME, MASK, masked, size_text
from gateway.config.tree import Tree

TEMPLATES: Final = "templates"


class Shown(Enum):
    """How an option is written where it is not as its kind says."""

    HIDDEN = "left out"
    UNLESS_EMPTY = "left out where it is empty"
    EMPTY = "a zero duration is an empty text"
    SECONDS = "a zero duration is 0s"
    NANOSECONDS = "a duration is a number"
    NULL = "null where it is unset"


ODD: Final[Mapping[tuple[str, ...], Shown]] = {
    ("general", "min_call_duration"): Shown.HIDDEN,
    ("general", "max_call_duration"): Shown.HIDDEN,
    ("resources", "store_interval"): Shown.EMPTY,
    ("stats", "store_interval"): Shown.EMPTY,
    ("thresholds", "store_interval"): Shown.EMPTY,
    ("thresholds", "sessions_conns"): Shown.UNLESS_EMPTY,
    ("thresholds", "apiers_conns"): Shown.UNLESS_EMPTY,
    ("trends", "store_interval"): Shown.EMPTY,
    ("rankings", "store_interval"): Shown.EMPTY,
    ("ips", "store_interval"): Shown.SECONDS,
    ("ips", "string_indexed_fields"): Shown.NULL,
    ("ips", "opts", "*ttl"): Shown.NANOSECONDS,
    ("resources", "opts", "*usageTTL"): Shown.NANOSECONDS,
}
RENAMED: Final[Mapping[tuple[str, ...], str]] = {("dispatchers", "prevent_loops"): "prevent_loop"}


def to_reference_json(tree: Tree, sections: Iterable[str] | None = None) -> dict[str, object]:
    """The named sections, or all that CGRateS has, as plain JSON values; secrets masked. KeyError for a name that is no section of it."""
    names = [name for name in SECTIONS if not SECTIONS[name].own] if sections is None else list(sections)
    found: dict[str, object] = {}
    for name in names:
        if SECTIONS[name].own:
            raise KeyError(name)
        value = tree.values[name]
        if name == TEMPLATES and isinstance(value, dict):  # its templates only, and those of files
            value = {one: rows for one, rows in value.items() if one not in NAS_TEMPLATES or not tree.is_default((name, one))}
        found[name] = shown(SECTIONS[name].kind, value, (name,))
    return found


def shown(kind: Kind, value: Value, path: tuple[str, ...]) -> object:
    """A value as CGRateS writes it."""
    match kind:
        case Group() if isinstance(value, dict):
            return group(kind, value, path)
        case Map() if isinstance(value, dict):
            return {name: shown(kind.value, item, (*path, name)) for name, item in value.items()}
        case Objects() if isinstance(value, list):
            return [shown(kind.group, item, path) for item in value]
        case Texts() if kind.secret and isinstance(value, list):
            return [MASK for _ in value]
        case Secret():
            return MASK if value else ""
        case Duration() if isinstance(value, int):
            return duration(value, ODD.get(path))
        case Usage() if isinstance(value, int):
            return format_duration(value) if path[-1] in BY_TIME else str(value)
        case Size() if isinstance(value, int):
            return size_text(value)
        case _:
            return number(value)


def group(kind: Group, value: dict[str, Value], path: tuple[str, ...]) -> dict[str, object]:
    """A table of options by the names that CGRateS answers."""
    found: dict[str, object] = {}
    for option in kind.options:
        inner = (*path, option.name)
        if is_shown(option, value.get(option.name), ODD.get(inner)):
            found[RENAMED.get(inner, option.name)] = shown(option.kind, value.get(option.name), inner)
    return found


def is_shown(option: Option, value: Value, how: Shown | None) -> bool:
    """Whether an option is answered at all."""
    if option.own or how is Shown.HIDDEN or (how is Shown.UNLESS_EMPTY and not value):
        return False
    return value is not None or how is Shown.NULL


def duration(ns: int, how: Shown | None) -> object:
    """A duration: 0 without a unit, or as Go prints it."""
    if how is Shown.NANOSECONDS:
        return ns
    if ns != 0:
        return format_duration(ns)
    return "" if how is Shown.EMPTY else "0s" if how is Shown.SECONDS else "0"


def number(value: Value) -> object:
    """Decimals as CGRateS's floats: whole ones without a point; texts without passwords."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [number(item) for item in value]
    if isinstance(value, dict):
        return {name: number(item) for name, item in value.items()}
    return value
