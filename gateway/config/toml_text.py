"""TOML as values with offsets.

The standard library's reader decides what a text means and what is wrong with it; it keeps no positions. A second pass, which may
count on the text being right, walks it again and notes where every name and value begins.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import Any, Final, TypeAlias

from gateway.config.limits import MAX_DEPTH, MAX_NAME_PARTS, MAX_NUMBER_DIGITS
from gateway.config.source import Entry, Environment, Node, UnreadableError

Path: TypeAlias = tuple[str | int, ...]

_SPACE: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANK: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL)
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_LONG_NAME: Final = re.compile(rf"""(?<![A-Za-z0-9_.-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_NAME_PARTS}}}""")
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def read_toml(text: str, environment: Environment) -> Node:
    """The root table of a text. UnreadableError where it is wrong."""
    text = text.replace("\r\n", "\n")
    marks: dict[Path, tuple[int, int]] = {}
    if (name := _LONG_NAME.search(text)) is not None:
        raise UnreadableError(name.start(), f"a name of more than {MAX_NAME_PARTS} parts")
    try:
        root = tomllib.loads(text, parse_float=Decimal)
        _Marker(text, marks).document()
    except tomllib.TOMLDecodeError as fault:
        raise _placed(text, str(fault)) from None
    except RecursionError:
        raise UnreadableError(0, f"lists and tables are nested deeper than {MAX_DEPTH}") from None
    except (ValueError, ArithmeticError):  # a number that Python refuses to read
        raise UnreadableError(0, f"a number of more than {MAX_NUMBER_DIGITS} characters") from None
    return _Builder(marks, environment).node(root, (), 0)


def _placed(text: str, message: str) -> UnreadableError:
    place = _PLACE.search(message)
    if place is None:
        return UnreadableError(0, message)
    words = message[: place.start()]
    if place.group(1) is None:
        return UnreadableError(len(text), words)
    lines = text.split("\n")
    return UnreadableError(sum(len(line) + 1 for line in lines[: int(place.group(1)) - 1]) + int(place.group(2)) - 1, words)


class _Builder:
    """Puts values and offsets together; what has no mark stands where the table around it begins."""

    __slots__ = ("environment", "marks")

    def __init__(self, marks: dict[Path, tuple[int, int]], environment: Environment) -> None:
        self.marks = marks
        self.environment = environment

    def node(self, value: Any, path: Path, around: int) -> Node:
        offset = self.marks.get(path, (around, around))[1]
        if len(path) > MAX_DEPTH:
            raise UnreadableError(offset, f"lists and tables are nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            entries: dict[str, Entry] = {}
            for name, member in value.items():
                inner = (*path, name)
                entries[name] = Entry(self.marks.get(inner, (offset, offset))[0], self.node(member, inner, offset))
            return Node(entries, offset)
        if isinstance(value, list):
            return Node([self.node(item, (*path, index), offset) for index, item in enumerate(value)], offset)
        if isinstance(value, str):
            if "*env:" in value:
                return Node(self.environment.expand(value, offset), offset, expanded=True)
            return Node(value, offset)
        if isinstance(value, bool):
            return Node(value, offset)
        if isinstance(value, int | Decimal):
            if (isinstance(value, int) and abs(value) >= 10**MAX_NUMBER_DIGITS) or len(str(value)) > MAX_NUMBER_DIGITS:
                raise UnreadableError(offset, f"a number of more than {MAX_NUMBER_DIGITS} characters")
            return Node(value, offset)
        return Node(value.isoformat(), offset)  # dates and times are texts to every option


class _Marker:
    """Notes (offset of the name, offset of the value) of every path in a text that is known to be right."""

    __slots__ = ("at", "counts", "marks", "text")

    def __init__(self, text: str, marks: dict[Path, tuple[int, int]]) -> None:
        self.text = text
        self.at = 0
        self.marks = marks
        self.counts: dict[Path, int] = {}

    def document(self) -> None:
        prefix: Path = ()
        while self.skip() < len(self.text):
            if self.text.startswith("[[", self.at):
                prefix = self.header(2)
            elif self.text[self.at] == "[":
                prefix = self.header(1)
            else:
                self.member(prefix)

    def skip(self) -> int:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def header(self, brackets: int) -> Path:
        """A [table] or [[table]] line; the path that its members stand under."""
        start = self.at
        self.at += brackets
        names = self.key()
        self.at += brackets
        path: Path = ()
        for name, _ in names[:-1]:
            path = (*path, name)
            self.marks.setdefault(path, (start, start))
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        path = (*path, names[-1][0])
        self.marks.setdefault(path, (start, start))
        if brackets == 2:
            number = self.counts.get(path, 0)
            self.counts[path] = number + 1
            path = (*path, number)
            self.marks[path] = (start, start)
        return path

    def key(self) -> list[tuple[str, int]]:
        """The names of a dotted key with their offsets; the next character is the one after it and its blanks."""
        names: list[tuple[str, int]] = []
        while True:
            self.blank()
            start = self.at
            match = _BARE_KEY.match(self.text, start) or _STRING.match(self.text, start)
            assert match is not None, "a text that was read has a name here"
            self.at = match.end()
            raw = match.group()
            names.append((_unquoted(raw), start))
            self.blank()
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def member(self, prefix: Path) -> None:
        """name = value"""
        names = self.key()
        self.at += 1
        self.skip()
        path = prefix
        for name, start in names:
            path = (*path, name)
            self.marks.setdefault(path, (start, self.at))
        self.value(path)

    def value(self, path: Path) -> None:
        first = self.text[self.at]
        if first == "[":
            self.items(path)
        elif first == "{":
            self.table(path)
        else:
            match = (_STRING if first in "\"'" else _SCALAR).match(self.text, self.at)
            assert match is not None, "a text that was read has a value here"
            self.at = match.end()

    def items(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.text[self.skip()] != "]":
            inner = (*path, index)
            self.marks[inner] = (self.at, self.at)
            self.value(inner)
            index += 1
            if self.text[self.skip()] == ",":
                self.at += 1
        self.at += 1

    def table(self, path: Path) -> None:
        self.at += 1
        while self.text[self.skip()] != "}":
            self.member(path)
            if self.text[self.skip()] == ",":
                self.at += 1
        self.at += 1


def _unquoted(raw: str) -> str:
    if raw[0] not in "\"'":
        return raw
    if raw[0] == "'" or "\\" not in raw:
        return raw[1:-1]
    return str(tomllib.loads(f"name = {raw}")["name"])
