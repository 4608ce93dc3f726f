"""Arguments of a call as words: Field=value by the method's own types, Field:=json, or one JSON object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from engine.usage import parse_duration
from gateway.api.gotypes import Flag, GoType, Integer, List, Map, Number, Pointer, Struct, Text
from gateway.cli.outcome import UsageError

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DURATION: Final = "time.Duration"
_CONTAINERS: Final = ("{", "[")


def read_params(words: Sequence[str], shape: GoType | None) -> object:
    """The argument that the words say: no words {}, one JSON text what it holds, else an object of its fields. Raises UsageError.

    A dot goes into an object: Event.Account=1001. A field's name may be written in any letter case where the method knows it.
    """
    if len(words) == 1 and (words[0].lstrip().startswith((*_CONTAINERS, '"')) or words[0] == "null"):
        return _json(words[0])
    if words and not isinstance(shape, Struct | Map | None):
        return read_value(shape, words[0]) if len(words) == 1 else [_plain(word) for word in words]
    params: dict[str, object] = {}
    for word in words:
        name, equals, text = word.partition("=")
        raw = name.endswith(":")
        path = (name[:-1] if raw else name).split(".")
        if not equals or not all(path):
            raise UsageError(f"{word!r} is no Field=value")
        _put(params, path, shape, text, raw=raw)
    return params


def _put(params: dict[str, object], path: Sequence[str], shape: GoType | None, text: str, *, raw: bool) -> None:
    inside = params
    for depth, part in enumerate(path):
        name, shape = member(shape, part)
        if depth == len(path) - 1:
            inside[name] = _json(text) if raw else read_value(shape, text)
            return
        below = inside.setdefault(name, {})
        if not isinstance(below, dict):
            raise UsageError(f"{'.'.join(path)}: {name} already has a value")
        inside = below


def member(shape: GoType | None, name: str) -> tuple[str, GoType | None]:
    """A field's proper name and type; the name as it is and None where they are not known."""
    shape = _target(shape)
    if isinstance(shape, Map):
        return name, shape.item
    if isinstance(shape, Struct):
        for field, (kind, _) in shape.fields.items():
            if field.casefold() == name.casefold():
                return field, kind
    return name, None


def field_names(shape: GoType | None) -> list[str]:
    """The fields that a type has, in their order."""
    shape = _target(shape)
    return list(shape.fields) if isinstance(shape, Struct) else []


def read_value(kind: GoType | None, text: str) -> object:
    """A value as its type wants it: durations as 90s or 1m30s, lists by commas, objects as JSON. Raises UsageError."""
    kind = _target(kind)
    if kind is None:
        return _plain(text)
    try:
        if isinstance(kind, Text):
            return text
        if isinstance(kind, Flag):
            return _FLAGS[text.lower()]
        if isinstance(kind, Integer):
            return parse_duration(text) if kind.name == _DURATION else int(text)
        if isinstance(kind, Number):
            return Decimal(text)
    except (ValueError, KeyError, ArithmeticError):
        raise UsageError(f"{text!r} is no {kind.name}") from None
    if isinstance(kind, List) and not text.lstrip().startswith("["):
        return [read_value(kind.item, part) for part in text.split(",") if part]
    return _plain(text)


def _plain(text: str) -> object:
    """A text, unless it looks like a list or an object."""
    return _json(text) if text.lstrip().startswith(_CONTAINERS) else text


def _target(kind: GoType | None) -> GoType | None:
    while isinstance(kind, Pointer):
        kind = kind.target
    return kind


def _json(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{text!r} is no JSON: {error}") from None
