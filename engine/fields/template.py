"""Value templates: parts joined by `;`, each text as it stands or a field (`~*req.Account`), searched, replaced and converted.

    ~*req.Destination:s/^00(\\d+)$/+$1/;@;~*opts.*realm{*strip:*suffix:*char:.}

A part in backticks may hold semicolons. `<...>` inside a part is put in first, and the part read again: `~*req.<~*req.Which>`.
Everything that can be decided is decided when the template is parsed; each text is parsed once (the cache is bounded).
Syntax of CGRateS, reference agents.md section 0; a replacement is the whole result, and what it does not match is left as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from engine.errors import RequestError, server_error
from engine.fields.converter import Converter
from engine.fields.converters import converters_of
from engine.fields.path import Path, split_path
from engine.fields.patterns import Pattern
from engine.fields.values import MISSING, FieldNotFoundError, value_text
from engine.fields.view import View
from engine.limits import (
    MAX_REPLACEMENTS,
    MAX_SHARED_CHARACTERS,
    MAX_TEMPLATE_CHARACTERS,
    MAX_TEMPLATE_DEPTH,
    MAX_TEMPLATE_PARTS,
    MAX_VALUE_CHARACTERS,
    TEMPLATE_CACHE,
)

DYNAMIC: Final = "~"
INNER_SEPARATOR: Final = ";"
_GROUP: Final = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)


class Part:
    """A part of a template."""

    def value(self, view: View) -> object:
        """The value, MISSING when the field is not there. ValueError when a converter cannot use it."""
        raise NotImplementedError

    def text(self, view: View) -> str | None:
        """The value as text, None when the field is not there."""
        value = self.value(view)
        return None if value is MISSING else value_text(value)


class Constant(Part):
    """Text as it stands."""

    constant: str

    def __init__(self, constant: str) -> None:
        self.constant = constant

    def value(self, view: View) -> object:
        return self.constant

    def text(self, view: View) -> str | None:
        return self.constant


class Field(Part):
    """What a path leads to."""

    path: Path

    def __init__(self, path: Path) -> None:
        self.path = path

    def value(self, view: View) -> object:
        return view.lookup(self.path)


class Replacement:
    """`s/expression/template/`; `$1`, `${1}` and `${name}` in the template are groups of the expression."""

    pattern: Pattern
    pieces: list[tuple[bool, str]]  # (is a group, its name or the text)

    def __init__(self, expression: str, template: str) -> None:
        self.pattern = Pattern(expression)
        self.pieces = []
        position = 0
        for match in _GROUP.finditer(template):
            self.pieces.append((False, template[position : match.start()]))
            name = match.group(1) or match.group(2)
            self.pieces.append((True, name) if name else (False, "$"))
            position = match.end()
        self.pieces.append((False, template[position:]))

    def apply(self, text: str) -> str:
        groups = self.pattern.groups(text)
        if groups is None:
            return text
        texts = [groups.get(piece, "") if is_group else piece for is_group, piece in self.pieces]
        _check_size(sum([len(piece) for piece in texts]))
        return "".join(texts)


class Changed(Part):
    """Another part, replaced and converted."""

    origin: Part
    replacements: list[Replacement]
    converters: list[Converter]

    def __init__(self, origin: Part, replacements: list[Replacement], converters: list[Converter]) -> None:
        self.origin = origin
        self.replacements = replacements
        self.converters = converters

    def value(self, view: View) -> object:
        value = self.origin.value(view)
        if value is MISSING:
            return value
        if self.replacements:
            text = value_text(value)
            for replacement in self.replacements:
                text = replacement.apply(text)
            value = text
        for converter in self.converters:
            value = converter.convert(value, view)
            if isinstance(value, str):
                _check_size(len(value))
        return value


class Woven(Part):
    """A part of which a piece is known only when an event is there."""

    before: str
    inner: Template
    after: str
    depth: int

    def __init__(self, before: str, inner: Template, after: str, depth: int) -> None:
        self.before = before
        self.inner = inner
        self.after = after
        self.depth = depth

    def value(self, view: View) -> object:
        inner = self.inner.find(view)
        if inner is None:
            return MISSING
        text = self.before + inner + self.after
        _check_length(text)
        return _part_of(text, self.depth + 1).value(view)


class Template:
    """A parsed value template; equal texts share one."""

    source: str
    parts: list[Part]

    def __init__(self, source: str, parts: list[Part]) -> None:
        self.source = source
        self.parts = parts

    @staticmethod
    def parse(text: str, separator: str = INNER_SEPARATOR) -> Template:
        """The template of a text; an empty text gives one without parts. ValueError, in CGRateS's words, when it cannot be read."""
        return _template_of(text, separator)

    @staticmethod
    def single(text: str) -> Template:
        """The template of one part, in which the separator and backticks are text like any other: elements and values of filters."""
        return _single_of(text)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same text for every event."""
        return all(isinstance(part, Constant) for part in self.parts)

    def find(self, view: View) -> str | None:
        """The text, None when a field that it needs is not there. ValueError when a converter cannot use what it finds."""
        if len(self.parts) == 1:
            return self.parts[0].text(view)
        texts: list[str] = []
        size = 0
        for part in self.parts:
            text = part.text(view)
            if text is None:
                return None
            texts.append(text)
            size += len(text)
        _check_size(size)
        return "".join(texts)

    def text(self, view: View) -> str:
        """The text. FieldNotFoundError when a field that it needs is not there, ValueError when a converter cannot use what it finds."""
        text = self.find(view)
        if text is None:
            raise FieldNotFoundError
        return text

    def value(self, view: View) -> object:
        """The value itself of a template of one part, else the text; MISSING when a field that it needs is not there."""
        if len(self.parts) == 1:
            return self.parts[0].value(view)
        text = self.find(view)
        return MISSING if text is None else text

    def read(self, view: View) -> str:
        """The text; RequestError (NOT_FOUND, SERVER_ERROR) for what API clients are told when there is none."""
        try:
            text = self.find(view)
        except ValueError as error:
            raise server_error(str(error)) from None
        if text is None:
            raise RequestError("NOT_FOUND")
        return text


# -- parsing -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=TEMPLATE_CACHE)
def _template_of(text: str, separator: str) -> Template:
    if not text:
        return Template(text, [])
    _check_length(text)
    return Template(text, [_part_of(part, 0) for part in split_parts(text, separator)])


@lru_cache(maxsize=TEMPLATE_CACHE)
def _single_of(text: str) -> Template:
    _check_length(text)
    return Template(text, [_part_of(text, 0)])


def _check_length(text: str) -> None:
    if len(text) > MAX_TEMPLATE_CHARACTERS:
        raise ValueError(f"a value of more than {MAX_TEMPLATE_CHARACTERS} characters: <{text[:40]}...>")


def _check_size(characters: int) -> None:
    """What replacements and converters make grows by the power of their number: it ends somewhere."""
    if characters > MAX_VALUE_CHARACTERS:
        raise ValueError(f"a value of more than {MAX_VALUE_CHARACTERS} characters")


def split_parts(text: str, separator: str) -> list[str]:
    """The parts of a template. Backticks quote the separator, and so do `<~` and `>`. ValueError for a backtick alone."""
    if not separator:
        return [text]
    parts: list[str] = []
    for piece, quoted in _quoted_pieces(text):
        if quoted:
            parts.append(piece)
        else:
            parts.extend(_split_outside_angles(piece, separator))
    found = [part for part in parts if part]
    if len(found) > MAX_TEMPLATE_PARTS:
        raise ValueError(f"a value of more than {MAX_TEMPLATE_PARTS} parts: <{text[:40]}...>")
    return found


def _quoted_pieces(text: str) -> list[tuple[str, bool]]:
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        raise ValueError("Unclosed unspilit syntax")
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces)]


def _split_outside_angles(text: str, separator: str) -> list[str]:
    parts: list[str] = []
    start = position = 0
    while position < len(text):
        if text.startswith("<~", position):
            end = text.find(">", position)
            position = end + 1 if end >= 0 else position + 2
        elif text.startswith(separator, position):
            parts.append(text[start:position])
            start = position = position + len(separator)
        else:
            position += 1
    parts.append(text[start:])
    return parts


def _part_of(text: str, depth: int) -> Part:
    if not text:
        return Constant("")
    start = _angle(text)
    end = text.find(">", start) if start >= 0 else -1
    if end >= 0 and depth < MAX_TEMPLATE_DEPTH:
        inner = Template(text, [_part_of(part, depth + 1) for part in split_parts(text[start + 1 : end], INNER_SEPARATOR)])
        return Woven(text[:start], inner, text[end + 1 :], depth)
    return _plain_part(text) if depth == 0 or len(text) > MAX_SHARED_CHARACTERS else _shared_part(text)


def _angle(text: str) -> int:
    """Where something is to be put in; the name of a group in an expression, `(?P<name>...)`, is not such a place."""
    start = text.find("<")
    while start >= 0 and (text.endswith("(?P", 0, start) or text.endswith("(?", 0, start)):
        start = text.find("<", start + 1)
    return start


@lru_cache(maxsize=TEMPLATE_CACHE)
def _shared_part(text: str) -> Part:
    return _plain_part(text)


def _plain_part(text: str) -> Part:
    rule = text
    converters: list[Converter] = []
    start = rule.find("{*")
    if start >= 0:
        if not rule.endswith("}"):
            raise ValueError(f"invalid converter terminator in rule: <{text}>")
        converters = converters_of(rule[start + 1 : -1])
        rule = rule[:start]
    if not rule.startswith(DYNAMIC) or rule == DYNAMIC:
        constant = Constant(rule)
        return Changed(constant, [], converters) if converters else constant
    rules = rule[1:].split(":s/")
    replacements = [_replacement(one) for one in rules[1:]]
    if len(replacements) > MAX_REPLACEMENTS:
        raise ValueError(f"a value of more than {MAX_REPLACEMENTS} replacements: <{text[:40]}...>")
    field = Field(split_path(rules[0]))
    return Changed(field, replacements, converters) if replacements or converters else field


def _replacement(rule: str) -> Replacement:
    """`expression/template/`: the last two slashes that no backslash stands before; what follows them does not count."""
    end = _slash(rule, len(rule))
    middle = _slash(rule, end) if end > 0 else -1
    if middle <= 0:
        raise ValueError(f"not enough members in Search&Replace, ruleStr: <{rule}>, matches: []")
    return Replacement(rule[:middle], rule[middle + 1 : end])


def _slash(rule: str, before: int) -> int:
    place = rule.rfind("/", 0, before)
    while place > 0 and rule[place - 1] == "\\":
        place = rule.rfind("/", 0, place)
    return place
