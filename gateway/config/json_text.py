"""CGRateS's JSON as values with offsets: comments, trailing commas and *env:NAME are allowed; the later of two equal names counts.

A recursive descent with a bounded depth over one compiled token pattern each for space, texts, numbers and words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from gateway.config.limits import MAX_DEPTH, MAX_NUMBER_DIGITS
from gateway.config.source import Entry, Environment, Node, NodeValue, UnreadableError

_SPACE: Final = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TEXT: Final = re.compile(r'"([^"\\\n]*(?:\\[^\n][^"\\\n]*)*)"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r"\*env:[A-Za-z_][A-Za-z0-9_]*|[^\s,:\[\]{}\"/]{1,40}")
_ESCAPE: Final = re.compile(r'\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|["\\/bfnrt]|.)', re.DOTALL)
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}

Told = Callable[[int, str], None]


def read_json(text: str, environment: Environment, told: Told) -> Node:
    """The root value of a text. UnreadableError where it cannot be read; `told` hears of what CGRateS passes over in silence."""
    reader = _Reader(text, environment, told)
    root = reader.value(0)
    reader.skip()
    if reader.at < len(text):
        told(reader.at, "what follows the end of the configuration is passed over")
    return root


class _Reader:
    __slots__ = ("at", "environment", "text", "told")

    def __init__(self, text: str, environment: Environment, told: Told) -> None:
        self.text = text
        self.at = 0
        self.environment = environment
        self.told = told

    def skip(self) -> str:
        """Pass over space and comments; the character after it, empty at the end."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None, "the pattern of space matches everywhere"
        self.at = match.end()
        if self.text.startswith("/*", self.at):
            raise UnreadableError(self.at, "a comment that does not end: */ is missing")
        return self.text[self.at : self.at + 1]

    def value(self, depth: int) -> Node:
        """The value that comes next."""
        if depth > MAX_DEPTH:
            raise UnreadableError(self.at, f"lists and tables are nested deeper than {MAX_DEPTH}")
        first = self.skip()
        start = self.at
        if first == "{":
            return Node(self.table(depth), start)
        if first == "[":
            return Node(self.items(depth), start)
        if first == '"':
            raw = self.quoted()
            if "*env:" in raw:
                return Node(self.environment.expand(raw, start), start, expanded=True)
            return Node(raw, start)
        if not first:
            raise UnreadableError(start, "the text ends where a value is expected")
        return self.bare(start)

    def quoted(self) -> str:
        match = _TEXT.match(self.text, self.at)
        if match is None:
            raise UnreadableError(self.at, 'a text that does not end on its line: " is missing')
        start = self.at
        self.at = match.end()
        raw = match.group(1)
        return raw if "\\" not in raw else unescape(raw, start + 1)

    def bare(self, start: int) -> Node:
        """A number, true, false, null, or *env:NAME outside of quotes."""
        number = _NUMBER.match(self.text, start)
        if number is not None:
            self.at = number.end()
            return Node(number_of(number, start), start)
        word = _WORD.match(self.text, start)
        if word is None:
            raise UnreadableError(start, f"a value is expected, not {self.text[start]!r}")
        self.at = word.end()
        if word.group().startswith("*env:"):
            return Node(self.from_environment(word.group()[5:], start), start, expanded=True)
        if word.group() not in _WORDS:
            raise UnreadableError(start, "a value is expected; texts stand in quotes")
        return Node(_WORDS[word.group()], start)

    def from_environment(self, name: str, start: int) -> NodeValue:
        text = self.environment.value(name, start)
        number = _NUMBER.fullmatch(text)
        if number is not None:
            return number_of(number, start)
        return _WORDS.get(text, text)

    def items(self, depth: int) -> list[Node]:
        self.at += 1
        found: list[Node] = []
        while self.skip() != "]":
            found.append(self.value(depth + 1))
            self.comma("]")
        self.at += 1
        return found

    def table(self, depth: int) -> dict[str, Entry]:
        self.at += 1
        found: dict[str, Entry] = {}
        while (first := self.skip()) != "}":
            if first != '"':
                raise UnreadableError(self.at, "a name in quotes is expected" if first else "the text ends inside of a table: } is missing")
            start = self.at
            name = self.quoted()
            if self.skip() != ":":
                raise UnreadableError(self.at, f'":" is expected after the name "{name}"')
            self.at += 1
            node = self.value(depth + 1)
            if name in found:
                self.told(start, f'"{name}" stands twice in this table; the later one counts')
            found[name] = Entry(start, node)
            self.comma("}")
        self.at += 1
        return found

    def comma(self, end: str) -> None:
        following = self.skip()
        if following == ",":
            self.at += 1
        elif following != end:
            raise UnreadableError(self.at, f'"," or "{end}" is expected')


def number_of(match: re.Match[str], start: int) -> int | Decimal:
    """A matched number; whole ones are int."""
    if match.end() - match.start() > MAX_NUMBER_DIGITS:
        raise UnreadableError(start, f"a number of more than {MAX_NUMBER_DIGITS} characters")
    if match.group(1) or match.group(2):
        try:
            return Decimal(match.group())
        except ArithmeticError:
            raise UnreadableError(start, "a number that is too large") from None
    return int(match.group())


def unescape(raw: str, start: int) -> str:
    """A text with its escapes resolved. `start`: the offset of its first character."""

    def resolve(match: re.Match[str]) -> str:
        escape = match.group(1)
        if escape in _ESCAPES:
            return _ESCAPES[escape]
        if len(escape) < 5:
            raise UnreadableError(start + match.start(), f"JSON has no escape \\{escape}; a backslash is written \\\\")
        first = int(escape[1:5], 16)
        if len(escape) == 5:
            return chr(first) if not 0xD800 <= first < 0xE000 else "\ufffd"
        return chr(0x10000 + ((first - 0xD800) << 10) + int(escape[7:11], 16) - 0xDC00)

    return _ESCAPE.sub(resolve, raw)
