"""What a request asks of the attributes room: options of its event, else those of the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from engine.fields.values import go_quoted, value_text
from engine.limits import MAX_ATTRIBUTE_RUNS

CONTEXT: Final = "*context"
SUBSYSTEM: Final = "*subsys"
PROFILE_IDS: Final = "*attrProfileIDs"
PROCESS_RUNS: Final = "*attrProcessRuns"
PROFILE_RUNS: Final = "*attrProfileRuns"
IGNORE_FILTERS: Final = "*attrProfileIgnoreFilters"
DEFAULT_CONTEXT: Final = "*default"

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass
class Defaults:
    """What counts where a request says nothing."""

    profile_ids: tuple[str, ...] = ()
    process_runs: int = 1
    profile_runs: int = 0  # 0: no limit
    ignore_filters: bool = False


class Asked:
    """`profile_ids` empty: those that match. `process_runs` profiles follow each other, each `profile_runs` times at most (0: any)."""

    context: str
    profile_ids: tuple[str, ...]
    process_runs: int
    profile_runs: int
    ignore_filters: bool

    def __init__(self, context: str, profile_ids: tuple[str, ...], process_runs: int, profile_runs: int, ignore_filters: bool) -> None:
        self.context = context
        self.profile_ids = profile_ids
        self.process_runs = process_runs
        self.profile_runs = profile_runs
        self.ignore_filters = ignore_filters


def asked(options: Mapping[str, object], defaults: Defaults, context: str = "", ids: Sequence[str] | None = None) -> Asked:
    """What the options of an event ask for. ValueError, in the words of the field, for one that is of another kind.

    `context` is that of the room that asks, for options that name none; `ids` go before those that the options name.
    """
    runs = _count(options, PROCESS_RUNS, defaults.process_runs)
    if runs > MAX_ATTRIBUTE_RUNS:
        raise ValueError(f"{PROCESS_RUNS} is {runs}, at most {MAX_ATTRIBUTE_RUNS} are allowed")
    given = options.get(CONTEXT)
    return Asked(
        value_text((given or context) if context else given) or DEFAULT_CONTEXT,
        _texts(options, PROFILE_IDS, defaults.profile_ids) if ids is None else tuple(ids),
        runs,
        _count(options, PROFILE_RUNS, defaults.profile_runs),
        _flag(options, IGNORE_FILTERS, defaults.ignore_filters),
    )


def _texts(options: Mapping[str, object], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, list | tuple):
        raise ValueError(f"cannot convert field: {value_text(value)} to []string")
    return tuple(value_text(one) for one in value)


def _count(options: Mapping[str, object], name: str, default: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, str):
        if not _INTEGER.match(value):
            raise ValueError(f"strconv.ParseInt: parsing {go_quoted(value)}: invalid syntax")
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"cannot convert field: {value_text(value)} to int")
    return int(value)


def _flag(options: Mapping[str, object], name: str, default: bool) -> bool:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return value > 0
    text = value_text(value)
    if text in _TRUE:
        return True
    if text in _FALSE or not text:
        return False
    raise ValueError(f"strconv.ParseBool: parsing {go_quoted(text)}: invalid syntax")
