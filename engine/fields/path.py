"""Paths: the names that lead from a scope (`*req`, `*opts`, ...) to a value, and the walk along them.

`*req.Legs[0].Id` is the tuple ("*req", "Legs", "[0]", "Id"): names are parted by dots outside brackets, what stands in brackets is a
step of its own. A protocol's scope may give brackets a meaning of its own (`[~Rating-Group(1)]`).
"""

from __future__ import annotations

from mypy_extensions import mypyc_attr

from engine.fields.values import MISSING
from engine.limits import MAX_PATH_STEPS

Path = tuple[str, ...]


@mypyc_attr(allow_interpreted_subclasses=True)
class Source:
    """Something that paths lead into and that is neither map nor list: a message, a record, another room's figures."""

    def read(self, path: Path, at: int) -> object:
        """The value behind path[at:], MISSING when there is none."""
        return MISSING


def split_path(text: str) -> Path:
    """The steps of a path. ValueError when it has too many or a bracket is never closed."""
    steps: list[str] = []
    start = 0
    position = 0
    while position < len(text):
        character = text[position]
        if character == ".":
            if position > start:
                steps.append(text[start:position])
            start = position = position + 1
        elif character == "[":
            if position > start:
                steps.append(text[start:position])
            end = text.find("]", position)
            if end < 0:
                raise ValueError(f"no closing bracket in path: <{text}>")
            steps.append(text[position : end + 1])
            start = position = end + 1
        else:
            position += 1
    if start < len(text):
        steps.append(text[start:])
    if len(steps) > MAX_PATH_STEPS:
        raise ValueError(f"a path of more than {MAX_PATH_STEPS} steps: <{text[:40]}...>")
    return tuple(steps)


def walk(value: object, path: Path, at: int) -> object:
    """What path[at:] leads to from a value; MISSING when it leads nowhere."""
    while at < len(path):
        step = path[at]
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(value, Source):
            return value.read(path, at)
        elif isinstance(value, list | tuple):
            value = _element(value, step)
        else:
            return MISSING
        at += 1
    return value


def _element(values: list[object] | tuple[object, ...], step: str) -> object:
    if step[0] != "[" or not step[1:-1].isdecimal() or len(step) > 12:
        return MISSING
    index = int(step[1:-1])
    return values[index] if index < len(values) else MISSING
