"""Go's types as its JSON decoder reads them, so that a client gets the values, and the complaints, that it would get from Go.

Each type reads a value in two ways. `fast` takes what msgspec decoded and raises Unexpected for anything out of the ordinary: a
field name in another letter case, a value of another type, a number that a double cannot hold. `slow` then reads the same text
again, decoded into pairs and raw number literals, with all of Go's rules: duplicate fields in their order, the first wrong type
kept as the complaint while the rest is still read, a broken time ending it at once. What `fast` accepts, `slow` reads alike.
"""

from __future__ import annotations

import base64
import binascii
import decimal
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from mypy_extensions import mypyc_attr

from gateway.api.args import Args
from gateway.api.instants import ZERO_INSTANT, InstantError, read_instant
from gateway.protocols.jsonrpc.limits import MAX_DEPTH, MAX_EXPONENT, MAX_NUMBER_DIGITS, MIN_EXPONENT

_INT64: Final = 1 << 63
_WIDE: Final = decimal.Context(prec=MAX_NUMBER_DIGITS, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[])
_DOUBLE_LIMIT: Final = 10 ** (MAX_EXPONENT + 1)


class Unexpected(Exception):  # noqa: N818 - no error: the slow reader decides
    """The fast reader has met something it leaves to the slow one."""


@mypyc_attr(native_class=False)
class Literal(str):
    """A JSON number as it was written."""

    __slots__ = ()


@mypyc_attr(native_class=False)
class Pairs(list[tuple[str, object]]):
    """A JSON object as it was written: duplicates, order and all."""

    __slots__ = ()


class WrongTypes:
    """Where the slow reader is inside an argument, and the first value of a wrong type that it met."""

    __slots__ = ("complaint", "path", "struct")

    def __init__(self) -> None:
        self.complaint = ""
        self.path: list[str] = []
        self.struct = ""

    def add(self, what: str, wanted: str) -> None:
        if self.complaint:
            return
        place = f"Go struct field {self.struct}.{'.'.join(self.path)}" if self.path else "Go value"
        self.complaint = f"json: cannot unmarshal {what} into {place} of type {wanted}"


def kind_of(value: object) -> str:
    """What Go's decoder calls the JSON type of a value."""
    if isinstance(value, Literal):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Pairs):
        return "object"
    return "bool" if isinstance(value, bool) else "array"


def read_decimal(text: str) -> Decimal:
    """A number literal with a fraction or an exponent, to MAX_NUMBER_DIGITS digits; infinite where even a Decimal overflows."""
    return _WIDE.create_decimal(text)


def read_number(text: str) -> int | Decimal:
    """A JSON number: an int where it is whole, else the Decimal without trailing zeros. Raises Unexpected where a double overflows."""
    if text.isdigit() or text[1:].isdigit():
        value = int(text) if len(text) <= MAX_EXPONENT + 2 else _DOUBLE_LIMIT
        if -_DOUBLE_LIMIT < value < _DOUBLE_LIMIT:
            return value
        raise Unexpected
    return plain(read_decimal(text))


def plain(value: Decimal) -> int | Decimal:
    """The same number as an int where it is whole, else without trailing zeros. Raises Unexpected where a double overflows."""
    if not value.is_finite():
        raise Unexpected
    if not value or value.adjusted() < MIN_EXPONENT:
        return 0
    if value.adjusted() > MAX_EXPONENT:
        raise Unexpected
    if value == value.to_integral_value(context=_WIDE):
        return int(value)
    return value.normalize(_WIDE)


class GoType:
    """A type: its name in complaints, its zero value, its two readers. Null never gets here: it is the zero value everywhere."""

    name: str

    def zero(self) -> object:
        return None

    def fast(self, value: object) -> object:
        raise NotImplementedError

    def slow(self, value: object, wrong: WrongTypes) -> object:
        raise NotImplementedError


class Text(GoType):
    """Go's string."""

    name = "string"

    def zero(self) -> object:
        return ""

    def fast(self, value: object) -> object:
        if type(value) is not str:
            raise Unexpected
        return value

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if type(value) is str:
            return value
        wrong.add(kind_of(value), self.name)
        return ""


class Flag(GoType):
    """Go's bool."""

    name = "bool"

    def zero(self) -> object:
        return False

    def fast(self, value: object) -> object:
        if type(value) is not bool:
            raise Unexpected
        return value

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if isinstance(value, bool):
            return value
        wrong.add(kind_of(value), self.name)
        return False


class Integer(GoType):
    """64-bit integers, durations in nanoseconds included; only integer literals."""

    def __init__(self, name: str) -> None:
        self.name = name

    def zero(self) -> object:
        return 0

    def fast(self, value: object) -> object:
        if type(value) is not int or not -_INT64 <= value < _INT64:
            raise Unexpected
        return value

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if not isinstance(value, Literal):
            wrong.add(kind_of(value), self.name)
            return 0
        digits = value[1:] if value.startswith("-") else value
        if digits.isdigit() and len(digits) <= 19 and -_INT64 <= int(value) < _INT64:
            return int(value)
        wrong.add(f"number {value}", self.name)
        return 0


class Number(GoType):
    """Go's float64, kept exact: an int where it is whole, else a Decimal."""

    name = "float64"

    def zero(self) -> object:
        return 0

    def fast(self, value: object) -> object:
        if type(value) is int:
            if not -_DOUBLE_LIMIT < value < _DOUBLE_LIMIT:
                raise Unexpected
            return value
        if type(value) is Decimal:
            return plain(value)
        raise Unexpected

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if not isinstance(value, Literal):
            wrong.add(kind_of(value), self.name)
            return 0
        try:
            return read_number(value)
        except Unexpected:
            wrong.add(f"number {value}", self.name)
            return 0


class Instant(GoType):
    """time.Time, as canonical text. A text that is none ends the reading: InstantError."""

    name = "time.Time"

    def zero(self) -> object:
        return ZERO_INSTANT

    def fast(self, value: object) -> object:
        if type(value) is not str:
            raise Unexpected
        return read_instant(value)

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if type(value) is str:
            return read_instant(value)
        raise InstantError("Time.UnmarshalJSON: input is not a JSON string")


class Anything(GoType):
    """Go's interface{}: JSON as it is, numbers exact."""

    name = "interface {}"

    def fast(self, value: object) -> object:
        return exact(value)

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if isinstance(value, Literal):
            try:
                return read_number(value)
            except Unexpected:
                wrong.add(f"number {value}", "float64")
                return None
        if isinstance(value, Pairs):
            return {key: self.slow(item, wrong) for key, item in value}
        if isinstance(value, list):
            return [self.slow(item, wrong) for item in value]
        return value


def exact(value: object, depth: int = 0) -> object:
    """A decoded JSON value with its numbers as `read_number` gives them. Raises Unexpected for what is nested too deeply."""
    if type(value) is Decimal:
        return plain(value)
    if type(value) is int:
        if not -_DOUBLE_LIMIT < value < _DOUBLE_LIMIT:
            raise Unexpected
    elif type(value) is dict:
        _check_depth(depth)
        for key, item in value.items():
            if type(item) is not str:
                value[key] = exact(item, depth + 1)
    elif type(value) is list:
        _check_depth(depth)
        for place, item in enumerate(value):
            if type(item) is not str:
                value[place] = exact(item, depth + 1)
    return value


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise Unexpected


class Pointer(GoType):
    """None, or what it points to."""

    def __init__(self, target: GoType) -> None:
        self.target = target
        self.name = f"*{target.name}"

    def fast(self, value: object) -> object:
        return self.target.fast(value)

    def slow(self, value: object, wrong: WrongTypes) -> object:
        return self.target.slow(value, wrong)


class List(GoType):
    """A slice; null elements have the element's zero value."""

    def __init__(self, item: GoType, name: str = "") -> None:
        self.item = item
        self.name = name or f"[]{item.name}"

    def fast(self, value: object) -> object:
        if type(value) is not list:
            raise Unexpected
        item = self.item
        return [item.zero() if one is None else item.fast(one) for one in value]

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if not isinstance(value, list) or isinstance(value, Pairs):
            wrong.add(kind_of(value), self.name)
            return None
        item = self.item
        return [item.zero() if one is None else item.slow(one, wrong) for one in value]


class Octets(GoType):
    """[]byte: base64 text."""

    name = "[]uint8"

    def fast(self, value: object) -> object:
        if type(value) is not str:
            raise Unexpected
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Unexpected from None

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if type(value) is not str:
            wrong.add(kind_of(value), self.name)
            return None
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            wrong.add("string", self.name)
            return None


class Map(GoType):
    """A map by text; keys keep their letter case, null elements have the element's zero value."""

    def __init__(self, item: GoType, name: str = "") -> None:
        self.item = item
        self.name = name or f"map[string]{item.name}"

    def fast(self, value: object) -> object:
        if type(value) is not dict:
            raise Unexpected
        item = self.item
        if type(item) is Anything:
            return exact(value)
        return {key: item.zero() if one is None else item.fast(one) for key, one in value.items()}

    def slow(self, value: object, wrong: WrongTypes) -> object:
        if not isinstance(value, Pairs):
            wrong.add(kind_of(value), self.name)
            return None
        item = self.item
        return {key: item.zero() if one is None else item.slow(one, wrong) for key, one in value}


class Struct(GoType):
    """A struct with the fields of the structs embedded in it; unknown members are passed over.

    `fields` gives each field's type and the names of the embedded structs on the way to it, which complaints name. `presence` names
    embedded structs whose own name is a field too: True where any of their fields was written, else None.
    """

    def __init__(
        self,
        name: str,
        fields: Mapping[str, tuple[GoType, tuple[str, ...]]],
        presence: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.fields = dict(fields)
        self.presence = tuple(presence.items())
        self._short = name.rpartition(".")[2]
        self._folded = {field.casefold(): field for field in fields}
        self._fast: dict[str, Callable[[object], object]] = {field: kind.fast for field, (kind, _) in fields.items()}
        self._plain: dict[str, type] = {
            field: str if isinstance(kind, Text) else bool for field, (kind, _) in fields.items() if isinstance(kind, Text | Flag)
        }
        self.zeros: dict[str, object] = {field: kind.zero() for field, (kind, _) in fields.items()}
        self.zeros.update(dict.fromkeys(presence))

    def zero(self) -> object:
        return Args(self.zeros)

    def fast(self, value: object) -> object:
        if type(value) is not dict:
            raise Unexpected
        found = Args(self.zeros)
        usual, readers = self._plain, self._fast
        for key, item in value.items():
            if type(item) is usual.get(key):
                found[key] = item
                continue
            reader = readers.get(key)
            if reader is not None:
                if item is not None:
                    found[key] = reader(item)
            elif key.casefold() in self._folded:
                raise Unexpected
        for name, inner in self.presence:
            if not inner.isdisjoint(value):
                found[name] = True
        return found

    def slow(self, value: object, wrong: WrongTypes) -> object:
        found = Args(self.zeros)
        if not isinstance(value, Pairs):
            wrong.add(kind_of(value), self.name)
            return found
        above, depth = wrong.struct, len(wrong.path)
        for key, item in value:
            field = key if key in self.fields else self._folded.get(key.casefold())
            if field is None:
                continue
            kind, embedded = self.fields[field]
            if self.presence:
                self._note(field, found)
            if item is None:
                if isinstance(kind, Pointer | List | Map | Anything | Octets):
                    found[field] = None
                continue
            wrong.struct = self._short
            wrong.path += (*embedded, field)
            found[field] = kind.slow(item, wrong)
            wrong.struct = above
            del wrong.path[depth:]
        return found

    def _note(self, field: str, found: Args) -> None:
        for name, inner in self.presence:
            if field in inner:
                found[name] = True
