"""What a converter of values is. The rows are in converters.py.

A row makes a converter from what stands behind its name; it raises ValueError, in CGRateS's words, for what it cannot use.
Converters pass values on: durations, times and exact numbers keep their kind until the last of them is written as text.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy_extensions import mypyc_attr

from engine.fields.view import View

Convert = Callable[[object], object]


@mypyc_attr(allow_interpreted_subclasses=True)
class Converter:
    """A change of a value. ValueError when the value cannot be changed so."""

    def convert(self, value: object, view: View) -> object:
        raise NotImplementedError


class Plain(Converter):
    """A converter without parameters."""

    _convert: Convert

    def __init__(self, convert: Convert) -> None:
        self._convert = convert

    def convert(self, value: object, view: View) -> object:
        return self._convert(value)


Make = Callable[[str], Converter]


def plain(convert: Convert) -> Make:
    """A row for a converter that takes no parameters; what stands behind its name is passed over."""

    def make(_parameters: str) -> Converter:
        return Plain(convert)

    return make


def unsupported(text: str) -> ValueError:
    """The complaint about a converter that does not exist."""
    return ValueError(f"unsupported converter definition: <{text}>")
