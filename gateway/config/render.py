"""The effective configuration as text that can be read again: TOML or JSON, secrets masked."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from engine.usage import format_duration
from gateway.config.kinds import Duration, Fields, Group, Kind, Map, Objects, Secret, Size, Texts, Usage, Value
from gateway.config.options import SECTIONS
from gateway.config.options.parts import TEMPLATE
from gateway.config.source import JSON, TOML
from gateway.config.tree import Tree

MASK: Final = "********"
_PASSWORD_IN_URL: Final = re.compile(r"(://[^/?#@\s:]*:)[^/?#@\s]+@")
BY_TIME: Final = ("*any", "*voice")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
ROW: Final = 8  # members of a table that is written on one line
_SIZES: Final = ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB"))
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def render_effective(tree: Tree, form: str = TOML) -> str:
    """Every option with the value it has, as `form` "toml" or "json". What is unset is left out, a secret that is set is masked."""
    written = {name: as_written(SECTIONS[name].kind, tree.values[name]) for name in SECTIONS}
    if form == JSON:
        import msgspec

        return msgspec.json.format(msgspec.json.encode(written), indent=2).decode() + "\n"
    if form != TOML:
        raise ValueError(f"a configuration is printed as toml or json, not {form}")
    lines: list[str] = []
    for name, value in written.items():
        if isinstance(value, list):
            table_list(lines, (name,), value)
        elif isinstance(value, dict):
            table(lines, (name,), value)
    return "\n".join(lines).lstrip("\n") + "\n"


def as_written(kind: Kind, value: Value, key: str = "") -> object:
    """A checked value as a file would say it. `key`: its name in the table around it."""
    if value is None:
        return None
    match kind:
        case Group() if isinstance(value, dict):
            pairs = ((option.name, as_written(option.kind, value.get(option.name), option.name)) for option in kind.options)
            return {name: written for name, written in pairs if written is not None}
        case Map() if isinstance(value, dict):
            return {name: as_written(kind.value, item, name) for name, item in value.items()}
        case Objects() if isinstance(value, list):
            return [as_written(kind.group, item) for item in value]
        case Fields() if isinstance(value, list):
            return [as_written(TEMPLATE, item) for item in value]
        case Texts() if kind.secret and isinstance(value, list):
            return [MASK for _ in value]
        case Secret():
            return MASK if value else ""
        case Duration() if isinstance(value, int):
            return short_duration(value)
        case Usage() if isinstance(value, int):
            return short_duration(value) if key in BY_TIME else str(value)
        case Size() if isinstance(value, int):
            return size_text(value)
        case _:
            return plain_number(value)


def short_duration(ns: int) -> str:
    """A duration without the parts that are zero: 3h, 1m30s, 0s."""
    text = format_duration(ns)
    if text.endswith("m0s"):
        text = text[:-2]
    if text.endswith("h0m"):
        text = text[:-2]
    return text


def size_text(octets: int) -> str:
    """A size in the greatest unit that it is a multiple of."""
    for unit, name in _SIZES:
        if octets and octets % unit == 0:
            return f"{octets // unit}{name}"
    return f"{octets}B"


def masked(text: str) -> str:
    """A text without the password of a URL in it."""
    return _PASSWORD_IN_URL.sub(rf"\1{MASK}@", text) if "://" in text else text


def plain_number(value: Value) -> object:
    """Decimals as JSON and TOML numbers, texts without passwords."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [plain_number(item) for item in value]
    if isinstance(value, dict):
        return {name: plain_number(item) for name, item in value.items()}
    return value


# -- TOML ------------------------------------------------------------------------------------------------------------------------------


def table(lines: list[str], path: tuple[str, ...], value: dict[str, object], *, brackets: str = "[]") -> None:
    """A table with the members that fit on lines first, then the tables below it."""
    plain = [(name, item) for name, item in value.items() if fits(item)]
    inner = [(name, item) for name, item in value.items() if not fits(item)]
    if plain or not inner or brackets != "[]":
        lines += ["", f"{brackets[: len(brackets) // 2]}{'.'.join(map(key_text, path))}{brackets[len(brackets) // 2 :]}"]
    for name, item in plain:
        if isinstance(item, list) and item and isinstance(item[0], dict):
            lines += [f"{key_text(name)} = [", *(f"  {value_text(row)}," for row in item), "]"]
        else:
            lines.append(f"{key_text(name)} = {value_text(item)}")
    for name, item in inner:
        if isinstance(item, dict):
            table(lines, (*path, name), item)
        elif isinstance(item, list):
            table_list(lines, (*path, name), item)


def table_list(lines: list[str], path: tuple[str, ...], value: list[object]) -> None:
    """A list of tables; an empty one at the top level is nothing."""
    for item in value:
        assert isinstance(item, dict), "lists of tables hold tables"
        table(lines, path, item, brackets="[[]]")


def fits(value: object) -> bool:
    """Whether a value is written as name = value: all but large tables and lists of them."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return all(is_row(item) for item in value)
    return not isinstance(value, dict) or is_row(value)


def is_row(value: object) -> bool:
    """Whether a table is small and flat enough for one line."""
    return isinstance(value, dict) and len(value) <= ROW and all(is_flat(item) for item in value.values())


def is_flat(value: object) -> bool:
    """Whether there is no table in a value."""
    return not isinstance(value, dict) and not (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))


def key_text(name: str) -> str:
    """A name as TOML writes it."""
    return name if _BARE.fullmatch(name) else text_text(name)


def text_text(text: str) -> str:
    """A text as TOML and JSON write it."""
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else unicode_escape(char)) for char in text) + '"'


def unicode_escape(char: str) -> str:
    """A character that is not printed, by its number."""
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def value_text(value: object) -> str:
    """A value in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text_text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_text(name)} = {value_text(item)}" for name, item in value.items()) + "}"
    return str(value)
