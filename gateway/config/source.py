"""A configuration file as values that know where they stand: what the readers of both formats make and the checks look at."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from engine.errors import Fault
from gateway.config.limits import MAX_NAME_TO_COMPARE

JSON: Final = "json"
TOML: Final = "toml"
OVERRIDE: Final = "override"

ENVIRONMENT_NAME: Final = re.compile(r"\*env:([A-Za-z_][A-Za-z0-9_]*)")


class Source:
    """A named text and its format; offsets count characters."""

    __slots__ = ("_starts", "format", "name", "text")

    def __init__(self, name: str, text: str, form: str) -> None:
        self.name = name
        self.text = text
        self.format = form
        self._starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1; (0, 0) for a text that has no lines worth naming."""
        if self.format == OVERRIDE or offset < 0:
            return 0, 0
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def fault(self, offset: int, message: str, suggestion: str = "") -> Fault:
        """A fault at an offset."""
        line, column = self.place(offset)
        return Fault(self.name, line, column, message, suggestion)


NodeValue: TypeAlias = "bool | int | Decimal | str | list[Node] | dict[str, Entry] | None"


class Node:
    """A value and the offset where it begins; `expanded`: some of it came from the environment."""

    __slots__ = ("expanded", "offset", "value")

    def __init__(self, value: NodeValue, offset: int, *, expanded: bool = False) -> None:
        self.value = value
        self.offset = offset
        self.expanded = expanded


class Entry:
    """A member of a table: its value and the offset of its name."""

    __slots__ = ("node", "offset")

    def __init__(self, offset: int, node: Node) -> None:
        self.offset = offset
        self.node = node


class UnreadableError(Exception):
    """A text that cannot be read any further."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


class Environment:
    """Puts the values of *env:NAME in. A name that is not set is told to `missing` with its offset and the nearest name."""

    __slots__ = ("_missing", "_values")

    def __init__(self, values: Mapping[str, str], missing: Callable[[int, str, str], None]) -> None:
        self._values = values
        self._missing = missing

    def expand(self, text: str, offset: int) -> str:
        """The text with every *env:NAME in it replaced; what is not set becomes nothing."""
        return ENVIRONMENT_NAME.sub(lambda match: self.value(match.group(1), offset), text)

    def value(self, name: str, offset: int) -> str:
        """The value of one name."""
        found = self._values.get(name)
        if found is None:
            self._missing(offset, name, nearest(name, self._values))
            return ""
        return found


def nearest(name: str, known: Mapping[str, object] | tuple[str, ...] | list[str]) -> str:
    """The known name that is most like an unknown one, or an empty text."""
    if len(name) > MAX_NAME_TO_COMPARE:
        return ""
    from difflib import get_close_matches

    folded = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), list(folded), 1, 0.6)
    return folded[found[0]] if found else ""


def kind_of(node: Node) -> str:
    """What a value is, in an operator's words."""
    value = node.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return f"the number {value}"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return "null"
