"""Values as fields hold them, and as text, numbers, durations and times they are read as.

A field holds what JSON or a protocol gave: text, int, Decimal, bool, None, lists and maps; besides these a Duration and a Moment
(engine.times), which have texts of their own. Numbers are exact: ints and Decimals in, ratios inside, decimal digits out.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Final

from engine.event import field_text
from engine.money import Ratio, decimal_ratio, read_decimal
from engine.times import Moment, Zone, parse_time
from engine.usage import format_duration, parse_duration, parse_go_duration

RECENT_DURATIONS: Final = 256  # texts of durations that are kept; beyond it keeping them starts anew
_RECENT: Final[dict[int, str]] = {}
MAX_EXACT_DIGITS: Final = 17  # decimal digits of a number that is written out whole; longer ones are written as the nearest double


MAX_VALUE_DEPTH: Final = 200  # lists and maps inside each other that are written as JSON


class Missing:
    """What a path that leads nowhere gives; there is one, MISSING."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class FieldNotFoundError(LookupError):
    """A template needs a field that is not there; clients are told NOT_FOUND."""

    def __init__(self) -> None:
        super().__init__("NOT_FOUND")


class Duration:
    """A length of time in nanoseconds, written as Go writes it (`1m30s`)."""

    ns: int

    def __init__(self, ns: int) -> None:
        self.ns = ns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and self.ns == other.ns

    def __hash__(self) -> int:
        return hash(self.ns)

    def text(self) -> str:
        """As Go writes it. Texts of late are kept: grants and usages are few numbers, and each is asked for by several rules and fields."""
        text = _RECENT.get(self.ns)
        if text is None:
            if len(_RECENT) >= RECENT_DURATIONS:
                _RECENT.clear()
            text = _RECENT[self.ns] = format_duration(self.ns)
        return text


# -- text ----------------------------------------------------------------------------------------------------------------


def value_text(value: object) -> str:
    """Any value as text: numbers in plain digits, nothing for null, lists and maps as JSON.

    Octets that are no UTF-8 become lone surrogates (value_octets turns them back); who keeps a text of a stranger's replaces them first.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Duration):
        return value.text()
    if isinstance(value, Moment):
        return value.text()
    if isinstance(value, Ratio):
        return ratio_text(value)
    if isinstance(value, dict) or isinstance(value, list) or isinstance(value, tuple):  # noqa: SIM101 - no union to be made each time
        return json_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return field_text(value)


def value_octets(value: object) -> bytes:
    """The octets of a value's text; lone surrogates that stand for octets that are no UTF-8 become those octets again."""
    if isinstance(value, bytes):
        return value
    text = value_text(value)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that stand for none
        return text.encode("utf-8", "surrogatepass")


def lasting_text(text: str) -> str:
    """A text as it can be kept: lone surrogates, which stand for octets that are no UTF-8, become U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def ratio_text(value: Ratio) -> str:
    """A rational number in decimal digits: all of them when they end soon, else those of the nearest double."""
    if value.den == 1:
        return str(value.num)
    rest = value.den
    twos = fives = 0
    while rest % 2 == 0:
        rest //= 2
        twos += 1
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    places = max(twos, fives)
    digits = str(abs(value.num) * 10**places // value.den) if rest == 1 and places <= MAX_EXACT_DIGITS else ""
    if not digits or len(digits) > MAX_EXACT_DIGITS:
        return _nearest_double(value)
    digits = digits.rjust(places + 1, "0")
    return ("-" if value.num < 0 else "") + digits[:-places] + "." + digits[-places:]


def _nearest_double(value: Ratio) -> str:
    try:
        return format(Decimal(repr(value.num / value.den)), "f").removesuffix(".0")
    except OverflowError:  # beyond all doubles: what is behind the point says nothing there
        return str(value.num // value.den)


def json_text(value: object) -> str:
    """Compact JSON as Go's encoder writes it: keys sorted, `<`, `>` and `&` escaped. ValueError for what is nested beyond all use."""
    text = json.dumps(_plain(value, 0), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _plain(value: object, depth: int) -> object:
    if depth > MAX_VALUE_DEPTH:
        raise ValueError("a value nested too deeply")
    if isinstance(value, dict):
        return {str(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Ratio):
        return _plain(Decimal(ratio_text(value)), depth)
    if isinstance(value, Duration):
        return value.ns
    return value_text(value)


# -- numbers, durations, times -------------------------------------------------------------------------------------------

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\Z")


def number_of(value: object) -> Ratio:
    """A value as an exact number, a duration in nanoseconds. ValueError, in Go's words, when it is none."""
    if isinstance(value, bool):
        raise ValueError(f"cannot convert field: {value_text(value)} to float64")
    if isinstance(value, int):
        return Ratio(value, 1)
    if isinstance(value, Decimal):
        return decimal_ratio(value)
    if isinstance(value, Ratio):
        return value
    if isinstance(value, Duration):
        return Ratio(value.ns, 1)
    if isinstance(value, str):
        return parse_number(value)
    raise ValueError(f"cannot convert field: {value_text(value)} to float64")


def parse_number(text: str) -> Ratio:
    """Decimal text as an exact number; ValueError in the words of Go's strconv."""
    if not _FLOAT.match(text):
        raise ValueError(f"strconv.ParseFloat: parsing {go_quoted(text)}: invalid syntax")
    try:
        return read_decimal(text)
    except ValueError:
        raise ValueError(f"strconv.ParseFloat: parsing {go_quoted(text)}: value out of range") from None


def go_quoted(text: str) -> str:
    """Text in double quotes as Go's %q writes it."""
    return json.dumps(text, ensure_ascii=False)


def duration_of(value: object) -> int:
    """A value as nanoseconds: a count of them, or a duration text. ValueError when it is neither."""
    if isinstance(value, Duration):
        return value.ns
    if isinstance(value, bool):
        raise ValueError(f"cannot convert field: {value_text(value)} to time.Duration")
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, Ratio):
        return value.num // value.den if value.num >= 0 else -(-value.num // value.den)
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"cannot convert field: {value_text(value)} to time.Duration")


def moment_of(value: object, zone: Zone, now_ns: int) -> Moment:
    """A value as an instant; texts without an offset are of `zone`. ValueError "Unsupported time format"."""
    if isinstance(value, Moment):
        return value
    return parse_time(value_text(value), zone, now_ns)


def typed(value: object, zone: Zone, now_ns: int) -> object:
    """A text as what it looks like: number (Ratio), Duration, Moment, else the text; numbers as Ratios; others as they are."""
    if isinstance(value, str):
        return _typed_text(value, zone, now_ns)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return number_of(value)
    return value


def _typed_text(text: str, zone: Zone, now_ns: int) -> object:
    if not text:
        return text
    if _INTEGER.match(text):
        return Ratio(int(text), 1)
    if _FLOAT.match(text):
        try:
            return read_decimal(text)
        except ValueError:
            return text
    first = text[0]
    if not (first.isdigit() or first in "+-.*"):
        return text
    try:
        return Duration(parse_go_duration(text))
    except ValueError:
        pass
    try:
        return parse_time(text, zone, now_ns)
    except ValueError:
        return text
