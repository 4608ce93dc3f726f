"""Usages that no meter can mean, brought within bounds before money moves: below nothing is nothing, beyond MOST_USAGE_NS is that much.

A text that is no usage is left as it is: the engine refuses it in the words that clients know.
"""

from __future__ import annotations

import re
from typing import Final

from engine.event import LAST_USED, TOTAL_USAGE, USAGE, USAGE_SO_FAR
from engine.usage import parse_duration
from gateway.processors.limits import MOST_USAGE_NS

USAGES: Final = (USAGE, LAST_USED, TOTAL_USAGE, USAGE_SO_FAR)
_SAFE_DIGITS: Final = 18  # a bare number of so many digits is within bounds
_SAFE_CHARACTERS: Final = 6  # and so is any duration of so few characters
_SHOWN: Final = 40
_TOO_LONG: Final = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|ms|s|m|h)?\Z")  # of what cannot be read: a number that is too big


def clamped(fields: dict[str, object]) -> list[str]:
    """Brings the usages of an event within bounds; what was done, a line each."""
    notes: list[str] = []
    for name in USAGES:
        value = fields.get(name)
        if not isinstance(value, str) or _is_plain(value):
            continue
        bounded = _bounded(value)
        if bounded is not None:
            fields[name] = bounded
            notes.append(f"{name} {value[:_SHOWN]} was taken for {bounded}")
    return notes


def _is_plain(text: str) -> bool:
    if text.isdigit():
        return len(text) <= _SAFE_DIGITS
    return len(text) <= _SAFE_CHARACTERS and not text.startswith("-")


def _bounded(text: str) -> str | None:
    """The bound that a usage lies beyond; None where it lies within, or is none."""
    if text.startswith("*"):
        return None
    if text.isdecimal() and text.isascii():
        digits = text.lstrip("0")
        return None if len(digits) <= _SAFE_DIGITS or int(digits[: _SAFE_DIGITS + 2]) <= MOST_USAGE_NS else str(MOST_USAGE_NS)
    try:
        usage_ns = parse_duration(text)
    except ValueError:
        if not _TOO_LONG.match(text):
            return None
        usage_ns = -1 if text.startswith("-") else MOST_USAGE_NS + 1
    if usage_ns < 0:
        return "0"
    return str(MOST_USAGE_NS) if usage_ns > MOST_USAGE_NS else None
