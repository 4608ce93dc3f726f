"""AVPs as people write and read them: names with values, groups as tables, what is there several times as a list.

What is written is looked up in the dictionary by name; `10415/873` names an AVP by vendor and code where the dictionary has it, too. A
value for OctetString that begins with 0x is hexadecimal. What is read is shown with the dictionary's names; what it does not know as its
numbers and octets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias

from engine.times import Moment, format_time
from gateway.cli.outcome import UsageError
from gateway.config.source import nearest
from gateway.protocols.diameter.dictionary import Avp, Dictionary
from gateway.protocols.diameter.kinds import ENUM, GROUPED, OCTETS
from gateway.protocols.diameter.message import Avps, DecodeError
from gateway.protocols.diameter.values import read_value, write_value

Tree: TypeAlias = dict[str, "object"]
"""AVPs of one level: a text, a number or a Tree by name, or a list of these."""

_HEX: Final = "0x"


def read_words(words: Sequence[str]) -> Tree:
    """The tree that the words say: Name=value, Group.Name=value, Name:=json; +Group.Name=value begins a further group (or AVP).

    UsageError for a word that is none of these.
    """
    tree: Tree = {}
    for word in words:
        name, equals, text = word.partition("=")
        raw, further = name.endswith(":"), name.startswith("+")
        path = name.removeprefix("+").removesuffix(":").split(".")
        if not equals or not all(path):
            raise UsageError(f"{word!r} is no Name=value")
        _put(tree, path, _json(word, text) if raw else text, further=further)
    return tree


def _json(word: str, text: str) -> object:
    try:
        found: object = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise UsageError(f"{word!r}: no JSON: {error}") from None
    return found


def _put(tree: Tree, path: Sequence[str], value: object, *, further: bool) -> None:
    """Puts a value on its path: into the last group of each name, unless a further one is wanted of the first."""
    inside = tree
    for depth, name in enumerate(path[:-1]):
        held = inside.get(name)
        groups = held if isinstance(held, list) else [] if held is None else [held]
        if not groups or (further and depth == 0):
            groups = [*groups, {}]
        inside[name] = groups if len(groups) > 1 else groups[0]
        below = groups[-1]
        if not isinstance(below, dict):
            raise UsageError(f"{'.'.join(path)}: {name} already has a value")
        inside = below
    name, held = path[-1], inside.get(path[-1])
    if held is not None and further and len(path) == 1:
        inside[name] = [*held, value] if isinstance(held, list) else [held, value]
    else:
        inside[name] = value


def merged(under: Mapping[str, object], over: Mapping[str, object]) -> Tree:
    """Both trees in one; a name in `over` replaces all AVPs of that name."""
    return {**under, **over}


def encoded(dictionary: Dictionary, tree: Mapping[str, object]) -> bytes:
    """The octets of a tree. UsageError with the name of what cannot be written."""
    return b"".join(_pieces(dictionary, tree))


def _pieces(dictionary: Dictionary, tree: Mapping[str, object]) -> Iterator[bytes]:
    for name, value in tree.items():
        avp = avp_named(dictionary, name)
        for one in value if isinstance(value, list | tuple) else (value,):
            yield avp.wrap(_value(dictionary, avp, one))


def _value(dictionary: Dictionary, avp: Avp, value: object) -> bytes:
    if isinstance(value, Mapping):
        if avp.kind != GROUPED:
            raise UsageError(f"{avp.name} is no group")
        return encoded(dictionary, value)
    if isinstance(value, bytes):
        return value
    try:
        if avp.kind == OCTETS and isinstance(value, str) and value.startswith(_HEX):
            return bytes.fromhex(value[2:])
        return write_value(avp, _text(value))
    except ValueError as error:
        raise UsageError(str(error) if avp.kind != OCTETS else f"{avp.name}: {value} is not hexadecimal") from None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def avp_named(dictionary: Dictionary, name: str) -> Avp:
    """The dictionary's row of a name or of vendor/code. UsageError, with the nearest name, where it has none."""
    found = dictionary.named(name)
    if found is None:
        vendor, slash, code = name.rpartition("/")
        if code.isdecimal() and (vendor.isdecimal() or not slash):
            found = dictionary.avp(int(code), int(vendor or 0))
    if found is None:
        near = nearest(name, list(dictionary.names))
        raise UsageError(f"no dictionary has an AVP {name}{f'; did you mean {near}?' if near else ''}")
    return found


def decoded(dictionary: Dictionary, avps: Avps, *, named: bool = True) -> list[tuple[str, object]]:
    """The AVPs of a level in their order: (name, value), a group's value as such a list. What does not decode is shown as octets.

    `named`: an enumerated value is shown with its name beside it.
    """
    found: list[tuple[str, object]] = []
    for position, key in enumerate(avps.keys):
        avp = dictionary.keyed(key)
        raw = avps.value(position)
        if avp is None:
            vendor, code = key >> 32, key & 0xFFFF_FFFF
            found.append((f"{vendor}/{code}" if vendor else str(code), f"{_HEX}{raw.hex()}"))
        elif avp.kind == GROUPED:
            try:
                found.append((avp.name, decoded(dictionary, avps.group(position), named=named)))
            except DecodeError:
                found.append((avp.name, f"{_HEX}{raw.hex()}"))
        else:
            value = read_value(avp.kind, avps.data, avps.value_start(position), avps.value_end(position))
            found.append((avp.name, shown(avp, value, raw, named=named)))
    return found


def shown(avp: Avp, value: object, raw: bytes, *, named: bool) -> object:
    """One value as it is printed: numbers as numbers, octets as text where they are printable."""
    if isinstance(value, Moment):
        return format_time(value.ns, value.zone)
    if named and avp.kind == ENUM and isinstance(value, int) and value in avp.values:
        return f"{value} {avp.values[value]}"
    if isinstance(value, bool | int | str | Decimal):
        return value
    return raw.decode("ascii") if raw.isascii() and raw.decode("ascii").isprintable() and raw else f"{_HEX}{raw.hex()}"


def as_data(avps: Sequence[tuple[str, object]]) -> Tree:
    """The same as one object for JSON: what is there once as it is, what is there several times as a list."""
    found: Tree = {}
    for name, value in avps:
        one = as_data(value) if isinstance(value, list) else value
        if name not in found:
            found[name] = one
        else:
            held = found[name]
            found[name] = [*held, one] if isinstance(held, list) else [held, one]
    return found


def lines_of(avps: Sequence[tuple[str, object]], lead: str = "  ") -> Iterator[str]:
    """The same as lines, groups indented."""
    for name, value in avps:
        if isinstance(value, list):
            yield f"{lead}{name}"
            yield from lines_of(value, lead + "  ")
        else:
            yield f"{lead}{name} = {value}"
