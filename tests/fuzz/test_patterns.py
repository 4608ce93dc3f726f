"""No pattern of ours takes longer than in proportion to a text, whatever the text is."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import time
from collections.abc import Callable, Iterator

import pytest

import engine
import gateway

PIECES = (
    *"0 9 a A . - + e E T Z : ; , / \\ \" ' * ~ < > $ ( ) [ ] { } = # _ h ns µs \n \r é".split(" "),
    *(
        "1.",
        ".1",
        "0.0",
        "1h",
        "9.9e",
        "a.",
        '"a',
        '\\"',
        "\\\\",
        "\\u0041",
        '""',
        "/*",
        "*/",
        "//",
        "{}",
        "[]",
        "<~*req.A>",
        "~*req.A",
        " \t",
        "\ufeff",
    ),
)
HEADS = (
    "",
    "1",
    "-",
    '"',
    "'",
    '"""',
    "'''",
    "/*",
    "2026-04-07T10:00:00",
    "2026-04-07 10:00:00 +0000 ",
    "~*req.",
    "*env:",
    "a",
    "1.",
    "1e",
)
REPEATS = 8000
SECONDS = 0.05  # what is in proportion takes a hundredth of it; n² takes three times as long and more


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Every pattern that a module holds, by its name."""
    for package in (engine, gateway):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{module.name}.{name}", value


ALL = dict(patterns())


def texts() -> Iterator[str]:
    for head, piece in itertools.product(HEADS, PIECES):
        yield f"{head}{piece * REPEATS}\x00"
        yield f"{head}{piece * REPEATS}"


def slowest(pattern: re.Pattern[str] | re.Pattern[bytes]) -> tuple[float, str]:
    """The longest time of any text, and which."""
    worst = (0.0, "")
    for text in texts():
        subject = text if isinstance(pattern.pattern, str) else text.encode()
        took = seconds(pattern.match, subject)
        if took > worst[0]:
            worst = (took, text[:40])
    return worst


def seconds(ask: Callable[..., object], subject: str | bytes) -> float:
    began = time.process_time()
    ask(subject)
    took = time.process_time() - began
    if took > SECONDS:  # once more: the machine may have been busy
        began = time.process_time()
        ask(subject)
        took = min(took, time.process_time() - began)
    return took


def test_there_are_patterns() -> None:
    assert len(ALL) > 30


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_time_in_proportion(name: str) -> None:
    took, text = slowest(ALL[name])
    assert took < SECONDS, f"{took:.2f} s for {text!r}..."


def test_one_that_is_slow_is_seen() -> None:
    assert seconds(re.compile(r"(?:[0-9]+\.?[0-9]*)\Z").match, "9" * REPEATS + "x") > SECONDS
