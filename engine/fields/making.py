"""How the value of a field is made: one row per type that operators may write, in attribute profiles and in request processors.

A value is a list of parts, each a template of its own: `~*req.A;10s` has two. What a row refuses it refuses with a ValueError in the
words that clients know; a part that is missing is a FieldNotFoundError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from engine.fields import arithmetic
from engine.fields.arithmetic import Quantity, quantity
from engine.fields.golayout import RFC3339, write_time
from engine.fields.template import INNER_SEPARATOR, Template, split_parts
from engine.fields.values import FieldNotFoundError, json_text, moment_of, parse_number, ratio_text
from engine.fields.view import View
from engine.usage import format_duration, parse_duration

CONSTANT: Final = "*constant"
VARIABLE: Final = "*variable"
COMPOSED: Final = "*composed"
HTTP: Final = "*http#"
MAX_POWER: Final = 30  # powers of ten that *value_exponent moves by, either way

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")


def value_parts(text: str) -> list[str]:
    """The parts of a value as it is written in one text, `~*req.Account;-s`; backticks keep a `;`. ValueError for what is no template."""
    parts = split_parts(text, INNER_SEPARATOR)
    for part in parts:
        Template.single(part)
    return parts


class Making:
    """A value to be made. `parts` and `written` are its templates and their texts; `beside` is what *prefix and *suffix join it to.

    Times are of the view's zone; `layout` is Go's way to write them, `decimals` where *value_exponent rounds.
    """

    type: str
    parts: list[Template]
    written: list[str]
    beside: Template | None
    layout: str
    decimals: int

    def __init__(self, type: str, written: Sequence[str], *, beside: str = "", layout: str = RFC3339, decimals: int = 5) -> None:
        """ValueError for a part that is no template, and for a type that there is not."""
        if type not in TYPES:
            raise ValueError(unsupported(type))
        self.type = type
        self.written = list(written)
        self.parts = [Template.single(text) for text in self.written]
        self.beside = Template.single(beside) if beside and type in JOINED else None
        self.layout = layout
        self.decimals = decimals

    def text(self, view: View) -> str:
        """The value for an event. ValueError, FieldNotFoundError; RequestError where a part asks a room that is not there."""
        return TYPES[self.type](self, view)


Maker = Callable[[Making, View], str]


def unsupported(type: str) -> str:
    """The complaint about a type that there is not."""
    if type.startswith(HTTP):
        return f"NOT_IMPLEMENTED: {type}"
    return f"unsupported type: <{type}>"


# -- rows ----------------------------------------------------------------------------------------------------------------


def _constant(making: Making, view: View) -> str:
    """The text as it is written; a part that is a path stays empty (recorded)."""
    return "".join(part.text(view) for part, text in zip(making.parts, making.written, strict=True) if not text.startswith("~"))


def _variable(making: Making, view: View) -> str:
    return "".join(part.text(view) for part in making.parts)


def _usage_difference(making: Making, view: View) -> str:
    end, start = (moment_of(text, view.zone, view.now_ns) for text in _exactly(making, view, 2))
    return format_duration(end.ns - start.ns)


def _cc_usage(making: Making, view: View) -> str:
    """Used time, and a debit interval for each request before this one."""
    number, used, interval = _exactly(making, view, 3)
    if not _INTEGER.match(number):
        raise ValueError(f"invalid requestNumber <{number}> to {making.type}")
    used_ns = _duration(used, "usedCCTime", making)
    interval_ns = _duration(interval, "debitInterval", making)
    return format_duration(used_ns + interval_ns * max(int(number) - 1, 0))


def _duration(text: str, what: str, making: Making) -> int:
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"invalid {what} <{text}> to {making.type}") from None


def _sum(making: Making, view: View) -> str:
    return arithmetic.add(_quantities(making, view)).written()


def _difference(making: Making, view: View) -> str:
    return arithmetic.subtract(_quantities(making, view)).written()


def _multiply(making: Making, view: View) -> str:
    return arithmetic.multiply(_quantities(making, view)).written()


def _divide(making: Making, view: View) -> str:
    return arithmetic.divide(_quantities(making, view)).written()


def _quantities(making: Making, view: View) -> list[Quantity]:
    return [quantity(part.text(view), view.zone, view.now_ns) for part in making.parts]


def _value_exponent(making: Making, view: View) -> str:
    value, exponent = _exactly(making, view, 2)
    try:
        number = parse_number(value)
    except ValueError:
        raise ValueError(f"invalid value <{value}> to {making.type}") from None
    if not _INTEGER.match(exponent) or abs(int(exponent)) > MAX_POWER:
        raise ValueError(f"invalid exponent <{exponent}> to {making.type}")
    return ratio_text(arithmetic.scaled_by_ten(number, int(exponent), making.decimals))


def _unix_timestamp(making: Making, view: View) -> str:
    return str(moment_of(_variable(making, view), view.zone, view.now_ns).ns // arithmetic.SECOND)


def _datetime(making: Making, view: View) -> str:
    moment = moment_of(_variable(making, view), view.zone, view.now_ns)
    return write_time(moment.ns, moment.zone, making.layout)


def _prefix(making: Making, view: View) -> str:
    return _variable(making, view) + _beside(making, view)


def _suffix(making: Making, view: View) -> str:
    return _beside(making, view) + _variable(making, view)


def _beside(making: Making, view: View) -> str:
    return "" if making.beside is None else making.beside.text(view)


def _sipcid(making: Making, view: View) -> str:
    """The first part, then the others in the order of the alphabet; those that are missing are left out."""
    if not making.parts:
        raise ValueError(_complaint(making))
    others: list[str] = []
    for part in making.parts[1:]:
        try:
            text = part.text(view)
        except FieldNotFoundError:
            continue
        if text:
            others.append(text)
    return ";".join([making.parts[0].text(view), *sorted(others)])


def _exactly(making: Making, view: View, count: int) -> list[str]:
    if len(making.parts) != count:
        raise ValueError(_complaint(making))
    return [part.text(view) for part in making.parts]


def _complaint(making: Making) -> str:
    return f"invalid arguments <{json_text([{'Rules': text} for text in making.written])}> to {making.type}"


JOINED: Final = frozenset({"*prefix", "*suffix"})

TYPES: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        CONSTANT: _constant,
        VARIABLE: _variable,
        COMPOSED: _variable,
        "*usage_difference": _usage_difference,
        "*cc_usage": _cc_usage,
        "*sum": _sum,
        "*difference": _difference,
        "*multiply": _multiply,
        "*divide": _divide,
        "*value_exponent": _value_exponent,
        "*unix_timestamp": _unix_timestamp,
        "*datetime": _datetime,
        "*prefix": _prefix,
        "*suffix": _suffix,
        "*sipcid": _sipcid,
    }
)
"""Every type by its name; a *composed value is appended by who writes it."""
