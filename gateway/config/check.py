"""One file's values against the options table: each becomes a checked value or a fault, and keeps its place.

What one file says is partial: only what stands in it. merge.py puts files and defaults together.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Final, TypeAlias, assert_never

from msgspec import UNSET, UnsetType

from engine.usage import parse_duration
from gateway.config.formerly import TODAY
from gateway.config.kinds import (
    Address,
    Anything,
    Conns,
    Duration,
    Fields,
    Flag,
    Group,
    Kind,
    Map,
    Number,
    Objects,
    Secret,
    Section,
    Size,
    Text,
    Texts,
    TimeZone,
    Usage,
    Value,
    Whole,
    is_secret,
)
from gateway.config.limits import MAX_NUMBER_DIGITS, MAX_SHOWN
from gateway.config.options import SECTIONS
from gateway.config.options.parts import TEMPLATE
from gateway.config.report import Path, Report, dotted
from gateway.config.source import JSON, OVERRIDE, Entry, Node, Source, kind_of, nearest

Places: TypeAlias = dict[Path, tuple[Source, int]]
"""Where each value that a file gave stands, by its path; members of a list that merges by name are named by it."""

SHORTEST_WITHOUT_UNIT: Final = 1_000_000  # a bare number below it, as a duration, was hardly meant as nanoseconds
_SIZE_UNITS: Final = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_WORDS: Final = {"true": True, "false": False}


def parse_size(text: str) -> int:
    """Octets of a text such as 16MB. ValueError where it is none."""
    digits = text.rstrip("BKMGT")
    unit = _SIZE_UNITS.get(text[len(digits) :])
    if unit is None or not is_whole(digits) or digits.startswith("-"):
        raise ValueError(f"{text[:MAX_SHOWN]!r} is no size")
    return int(digits) * unit


def is_whole(text: str) -> bool:
    """Whether a text is a whole number of a length that may be read."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= MAX_NUMBER_DIGITS // 2


def is_address(text: str) -> bool:
    """Whether a text is host:port, :port, [IPv6]:port, or empty."""
    host, colon, port = text.rpartition(":")
    if not colon:
        return not text
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        return False
    return port.isascii() and port.isdigit() and int(port[:6]) <= 65535 and " " not in host


class Checker:
    """Reads the values of one source."""

    __slots__ = ("environ", "places", "report", "source")

    def __init__(self, source: Source, report: Report, places: Places, environ: Mapping[str, str] | None) -> None:
        """Without an environment the source is a stranger's, who may not have files of secrets read."""
        self.environ = environ
        self.source = source
        self.report = report
        self.places = places

    def root(self, node: Node) -> dict[str, Value]:
        """The sections of a file; what is wrong is reported and left out."""
        found: dict[str, Value] = {}
        if not isinstance(node.value, dict):
            self.report.fault(self.source, node.offset, f"a configuration is a table of sections, not {kind_of(node)}")
            return found
        for name, entry in node.value.items():
            section = SECTIONS.get(name)
            if section is None:
                suggestion = TODAY.get(name, "") or nearest(name, SECTIONS)
                self.report.loose(self.source, entry.offset, f"{name[:MAX_SHOWN]} is no section", suggestion)
                continue
            value = self.section(section, entry)
            if not isinstance(value, UnsetType):
                found[name] = value
        return found

    def section(self, section: Section, entry: Entry) -> Value | UnsetType:
        """One section's value."""
        path = (section.name,)
        self.places[path] = (self.source, entry.offset)
        if not section.effective and not (isinstance(section.kind, Group) and any_effective(section.kind)):
            self.report.without_meaning(self.source, entry.offset, path)
            return self.value(section.kind, entry.node, path, effective=True)
        return self.value(section.kind, entry.node, path, effective=section.effective)

    def value(self, kind: Kind, node: Node, path: Path, *, effective: bool = True) -> Value | UnsetType:
        """A value of a kind; UNSET where it is null or wrong. `effective`: whether options inside that do not say have a meaning."""
        if node.value is None:
            return UNSET
        match kind:
            case Group():
                return self.group(kind, node, path, effective=effective)
            case Map():
                return self.map(kind, node, path)
            case Objects():
                return self.objects(kind, node, path)
            case Fields():
                return self.fields(kind, node, path)
            case Texts():
                return self.texts(kind, node, path)
            case Conns():
                return self.conns(node, path)
            case Anything():
                return plain(node)
            case _:
                return self.scalar(kind, node, path)

    # -- tables and lists ------------------------------------------------------------------------------------------------------------

    def table(self, node: Node, path: Path, *, secret: bool = False) -> dict[str, Entry] | None:
        if isinstance(node.value, dict):
            return node.value
        self.wrong(node, path, "a table", secret=secret)
        return None

    def group(self, kind: Group, node: Node, path: Path, *, effective: bool) -> Value | UnsetType:
        table = self.table(node, path)
        if table is None:
            return UNSET
        known = {option.name: option for option in kind.options}
        found: dict[str, Value] = {}
        for written, entry in table.items():
            name = written if written in known else self.known_name(written, known, entry, path)
            if name is None:
                continue
            option = known[name]
            inner = (*path, name)
            means = option.effective if option.effective is not None else effective
            if not means and not isinstance(option.kind, Group):
                self.report.without_meaning(self.source, entry.offset, inner)
            value = self.value(option.kind, entry.node, inner, effective=means)
            if not isinstance(value, UnsetType):
                self.places[inner] = (self.source, entry.node.offset)
                found[name] = value
        return found

    def known_name(self, written: str, known: Mapping[str, object], entry: Entry, path: Path) -> str | None:
        """The option meant by a name that is none; CGRateS does not look at the letter case of most names, and nor does JSON here."""
        full = dotted((*path, written))
        if self.source.format == JSON:
            for name in known:
                if name.lower() == written.lower():
                    self.report.loose(self.source, entry.offset, f"{full[:MAX_SHOWN]} is read as {name}", name)
                    return name
        today = TODAY.get(full, "") if len(path) == 1 else ""
        self.report.loose(self.source, entry.offset, f"{full[: 2 * MAX_SHOWN]} is no option", today or nearest(written, known))
        return None

    def map(self, kind: Map, node: Node, path: Path) -> Value | UnsetType:
        table = self.table(node, path, secret=is_secret(kind))
        if table is None:
            return UNSET
        found: dict[str, Value] = {}
        for name, entry in table.items():
            inner = (*path, name)
            if kind.keys and name not in kind.keys:
                message = f"{dotted(inner)[: 2 * MAX_SHOWN]} is none of the names known here"
                self.report.loose(self.source, entry.offset, message, nearest(name, kind.keys))
                continue
            value = self.value(kind.value, entry.node, inner)
            if not isinstance(value, UnsetType):
                self.places[inner] = (self.source, entry.node.offset)
                found[name] = value
        return found

    def items(self, node: Node, path: Path, expected: str, *, secret: bool = False) -> list[Node] | None:
        if isinstance(node.value, list):
            return node.value
        self.wrong(node, path, expected, secret=secret)
        return None

    def objects(self, kind: Objects, node: Node, path: Path) -> Value | UnsetType:
        items = self.items(node, path, "a list of tables")
        if items is None:
            return UNSET
        found: list[Value] = []
        for index, item in enumerate(items):
            inner: Path = (*path, self.name_of(kind, item) or index)
            value = self.group(kind.group, item, inner, effective=True) if item.value is not None else UNSET
            if not isinstance(value, UnsetType):
                self.places[inner] = (self.source, item.offset)
                found.append(value)
        return found

    def name_of(self, kind: Objects, item: Node) -> str:
        if not kind.key or not isinstance(item.value, dict) or kind.key not in item.value:
            return ""
        name = item.value[kind.key].node.value
        return name if isinstance(name, str) else ""

    def fields(self, kind: Fields, node: Node, path: Path) -> Value | UnsetType:
        """Field templates: a list of tables, or in short form a table of name = value or name = { value = ... }."""
        if isinstance(node.value, dict):
            return [self.short_field(kind, name, entry, (*path, index)) for index, (name, entry) in enumerate(node.value.items())]
        items = self.items(node, path, "a list of field templates, or a table of name = value")
        if items is None:
            return UNSET
        found: list[Value] = []
        for index, item in enumerate(items):
            inner = (*path, index)
            value = self.group(TEMPLATE, item, inner, effective=True)
            if not isinstance(value, UnsetType):
                self.places[inner] = (self.source, item.offset)
                found.append(value)
        return found

    def short_field(self, kind: Fields, name: str, entry: Entry, path: Path) -> Value:
        self.places[path] = (self.source, entry.offset)
        field: dict[str, Value] = {"tag": name, "path": name if name.startswith("*") else kind.prefix + name}
        more: Value | UnsetType = UNSET
        if isinstance(entry.node.value, dict):
            more = self.group(TEMPLATE, entry.node, path, effective=True)
        else:
            text = self.scalar(Text(), entry.node, path)
            more = UNSET if isinstance(text, UnsetType) else {"value": text}
            self.places[(*path, "value")] = (self.source, entry.node.offset)
        if isinstance(more, dict):
            field |= more
        value = field.get("value")
        if "type" not in field:
            field["type"] = "*variable" if isinstance(value, str) and "~" in value else "*constant"
        return field

    def texts(self, kind: Texts, node: Node, path: Path) -> Value | UnsetType:
        items = self.items(node, path, "a list of texts", secret=kind.secret)
        if items is None:
            return UNSET
        found: list[Value] = []
        for index, item in enumerate(items):
            value = self.scalar(Secret() if kind.secret else Text(kind.choices), item, (*path, index))
            if not isinstance(value, UnsetType):
                self.places[(*path, index)] = (self.source, item.offset)
                found.append(value)
        return found

    def conns(self, node: Node, path: Path) -> Value | UnsetType:
        """A list of connections; configurations of old write each as a table with an address."""
        items = self.items(node, path, 'a list of connections, such as ["*internal"]')
        if items is None:
            return UNSET
        found: list[Value] = []
        for index, item in enumerate(items):
            inner = (*path, index)
            if isinstance(item.value, dict) and "address" in item.value:
                item = item.value["address"].node
            value = self.scalar(Text(), item, inner)
            if not isinstance(value, UnsetType):
                self.places[inner] = (self.source, item.offset)
                found.append(value)
        return found

    # -- single values ---------------------------------------------------------------------------------------------------------------

    def scalar(self, kind: Kind, node: Node, path: Path) -> Value | UnsetType:
        value = node.value
        if node.expanded:
            value = converted(kind, value)
        match kind:
            case Text():
                return self.text(kind, Node(value, node.offset), path)
            case TimeZone():
                return self.zone(value, node, path)
            case Secret():
                return value if isinstance(value, str) else self.secret(node, path)
            case Flag():
                return value if isinstance(value, bool) else self.wrong(node, path, "true or false")
            case Whole():
                return self.whole(kind, value, node, path)
            case Number():
                return self.number(kind, value, node, path)
            case Duration() | Usage():
                return self.duration(kind, value, node, path)
            case Size():
                return self.size(value, node, path)
            case Address():
                if isinstance(value, str) and is_address(value):
                    return value
                return self.wrong(node, path, 'host:port, such as "127.0.0.1:2012", or an empty text')
            case Group() | Map() | Objects() | Fields() | Texts() | Conns() | Anything():
                raise AssertionError("value() looks at these")
            case _:
                assert_never(kind)

    def text(self, kind: Text, node: Node, path: Path) -> Value | UnsetType:
        value = node.value
        if not isinstance(value, str):
            return self.wrong(node, path, "a text" if not kind.choices else f"one of {', '.join(filter(None, kind.choices))}")
        if not kind.choices or value in kind.choices or any(value.startswith(prefix) for prefix in kind.prefixes):
            return value
        expected = ", ".join(choice or "an empty text" for choice in kind.choices)
        message = f'{dotted(path)} must be one of {expected}, not "{value[:MAX_SHOWN]}"'
        suggestion = nearest(value, tuple(filter(None, kind.choices)))
        if kind.open_choices:
            self.report.loose(self.source, node.offset, message, suggestion)
            return value
        self.report.fault(self.source, node.offset, message, suggestion)
        return UNSET

    def secret(self, node: Node, path: Path) -> Value | UnsetType:
        """A secret that is no text: where it is to be read."""
        if not isinstance(node.value, dict) or self.environ is None:
            return self.wrong(node, path, "a text", secret=True)
        from gateway.config.secrets import SecretError, is_open, path_of, read_secret

        try:
            file = path_of(node.value, os.path.dirname(self.source.name) if self.source.format != OVERRIDE else "", self.environ)
            text = read_secret(file)
        except SecretError as fault:
            self.report.fault(self.source, node.offset, f"{dotted(path)} {fault}")
            return UNSET
        if is_open(file):
            self.report.caution(self.source, node.offset, f"{dotted(path)}: {file} may be read by everybody on this machine")
        return text

    def zone(self, value: object, node: Node, path: Path) -> Value | UnsetType:
        if not isinstance(value, str):
            return self.wrong(node, path, "the name of a time zone")
        if value not in ("", "Local", "UTC"):
            from engine.times import zone_of  # draws in the zone database, which most configurations do not need here

            try:
                zone_of(value)
            except ValueError:
                from zoneinfo import available_timezones

                message = f'{dotted(path)} must be a name of the zone database, UTC or Local, not "{value[:MAX_SHOWN]}"'
                self.report.fault(self.source, node.offset, message, nearest(value, sorted(available_timezones())))
                return UNSET
        return value

    def whole(self, kind: Whole, value: object, node: Node, path: Path) -> Value | UnsetType:
        if isinstance(value, int) and not isinstance(value, bool) and kind.low <= value <= kind.high:
            return value
        bounds = f" from {kind.low}" if kind.low > -(2**31) else ""
        bounds += f" to {kind.high}" if kind.high < 2**63 - 1 else " on" if bounds else ""
        return self.wrong(node, path, f"a whole number{bounds}")

    def number(self, kind: Number, value: object, node: Node, path: Path) -> Value | UnsetType:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            number = Decimal(value)
            if number.is_finite() and abs(number.adjusted()) < 30 and (not kind.choices or number in map(Decimal, kind.choices)):
                return number
        return self.wrong(node, path, f"one of {', '.join(kind.choices)}" if kind.choices else "a number")

    def duration(self, kind: Kind, value: object, node: Node, path: Path) -> Value | UnsetType:
        ns: int | None = None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            ns = value
        elif isinstance(value, str):
            try:
                ns = parse_duration(value)
            except ValueError:
                ns = None
        if ns is None:
            amount = " or a number" if isinstance(kind, Usage) else ""
            return self.wrong(node, path, f'a duration such as "10s", "1m30s" or "150ms"{amount}')
        bare = isinstance(value, int) or is_whole(str(value))
        if bare and isinstance(kind, Duration) and 0 < ns < SHORTEST_WITHOUT_UNIT:
            self.report.loose(self.source, node.offset, f"{dotted(path)} has no unit: {value} is read as nanoseconds", f'"{value}s"')
        return ns

    def size(self, value: object, node: Node, path: Path) -> Value | UnsetType:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
            return value
        if isinstance(value, str):
            with suppress(ValueError):
                return parse_size(value)
        return self.wrong(node, path, 'a size such as "16MB"')

    def wrong(self, node: Node, path: Path, expected: str, *, secret: bool = False) -> UnsetType:
        """Report a value that is not what it must be."""
        found = kind_of(node)
        if secret:
            found = "what stands here"
        elif isinstance(node.value, str):
            found = f'"{node.value[:MAX_SHOWN]}"'
        self.report.fault(self.source, node.offset, f"{dotted(path)[: 2 * MAX_SHOWN]} must be {expected}, not {found}")
        return UNSET


def converted(kind: Kind, value: object) -> bool | int | Decimal | str | list[Node] | dict[str, Entry] | None:
    """A value from the environment, which is text, as what the option needs; the value itself where it does not fit."""
    if isinstance(value, str):
        if isinstance(kind, Flag) and value in _WORDS:
            return _WORDS[value]
        if isinstance(kind, Whole) and is_whole(value):
            return int(value)
        if isinstance(kind, Number) and all(is_whole(part) for part in value.split(".", 1)):
            return Decimal(value)
        return value
    if isinstance(value, int | Decimal) and isinstance(kind, Text | TimeZone | Secret | Address):
        return str(value).lower() if isinstance(value, bool) else str(value)
    assert isinstance(value, bool | int | Decimal | list | dict | None), "nothing else is a node's value"
    return value


def any_effective(group: Group) -> bool:
    """Whether this build looks at any option of a group."""
    return any(option.effective or (isinstance(option.kind, Group) and any_effective(option.kind)) for option in group.options)


def plain(node: Node) -> Value:
    """A value whatever it is."""
    value = node.value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(entry.node) for name, entry in value.items()}
    return value
