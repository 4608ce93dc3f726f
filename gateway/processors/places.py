"""Where values go: `*cgreq.Account`, `*rep.Multiple-Services-Credit-Control.Rating-Group`, `*opts.*sessionsTTL`, `*uch.Last`.

A path is read when the configuration is; only one with something to be put in (`*rep.Tw-Box.<~*req.User-Name>`) is read again when
that is known.
"""

from __future__ import annotations

from typing import Final

from engine.fields.path import split_path
from engine.fields.template import DYNAMIC, Template, split_parts
from engine.fields.values import MISSING, lasting_text
from engine.fields.view import OPTS, View
from gateway.processors.built import Built, Filled, Spot
from gateway.processors.usercache import UserCache


class Place:
    """A path to write to."""

    scope: str
    spot: Spot

    def __init__(self, text: str, new_branch: bool = False, attribute_id: str = "") -> None:
        """ValueError for what is no path."""
        steps = split_path(text)
        if not steps:
            raise ValueError("a path without a name")
        self.scope = steps[0]
        self.spot = Spot(steps[1:], text[len(self.scope) :].removeprefix("."), new_branch, attribute_id)

    def found(self, view: View) -> Place | None:
        """The place for one request; None where a value that it needs is not there. ValueError for what is no path then."""
        return self


class WovenPlace(Place):
    """A path of which pieces are known only when a request is there."""

    pieces: list[str | Template]

    def __init__(self, text: str, separator: str, new_branch: bool, attribute_id: str) -> None:
        self.pieces = []
        position = 0
        start = text.find("<" + DYNAMIC)
        while start >= 0:
            end = text.find(">", start)
            if end < 0:
                raise ValueError(f"a value in a path that is never closed: <{text}>")
            self.pieces.append(text[position:start])
            self.pieces.append(Template.parse(text[start + 1 : end], separator))
            position = end + 1
            start = text.find("<" + DYNAMIC, position)
        self.pieces.append(text[position:])
        first = self.pieces[0]
        assert isinstance(first, str), "pieces begin with a text"
        super().__init__(first, new_branch, attribute_id)

    def found(self, view: View) -> Place | None:
        texts: list[str] = []
        for piece in self.pieces:
            text = piece.find(view) if isinstance(piece, Template) else piece
            if text is None:
                return None
            texts.append(lasting_text(text))
        return Place("".join(texts), self.spot.new_branch, self.spot.attribute_id)

    def templates(self) -> list[Template]:
        """What is put in."""
        return [piece for piece in self.pieces if isinstance(piece, Template)]


def place_of(text: str, separator: str, new_branch: bool = False, attribute_id: str = "") -> Place:
    """The place that a path names. ValueError, with what is wrong, for what is no path."""
    if "<" + DYNAMIC in text:
        return WovenPlace(text, separator, new_branch, attribute_id)
    return Place(text, new_branch, attribute_id)


def parts_of(text: str, separator: str) -> list[str]:
    """The parts of a value as it is written; ValueError for a backtick alone."""
    return split_parts(text, separator) if text else []


# -- ways to write -----------------------------------------------------------------------------------------------------------

SET: Final = 0  # the only value of its path
COMPOSE: Final = 1  # a text at the end of the one that is there
APPEND: Final = 2  # one more value


def write(scopes: dict[str, object], place: Place, mode: int, text: str) -> None:
    """Writes a value. ValueError where its scope cannot be written to."""
    target = scopes.get(place.scope)
    spot = place.spot
    if target is None:
        raise unwritable(place.scope)
    if not spot.path:
        raise unnamed(place.scope)
    if isinstance(target, Built):
        value = Filled(spot, text)
        if mode == SET:
            target.set(value)
        elif mode == APPEND:
            target.append(value)
        else:
            target.compose(value)
    elif isinstance(target, dict):
        _write_map(target, place, mode, text)
    elif isinstance(target, UserCache):
        before = target.get(spot.key) if mode == COMPOSE else MISSING
        target.put(spot.key, before + text if isinstance(before, str) else text)
    else:
        raise unwritable(place.scope)


def unwritable(scope: str) -> ValueError:
    """The complaint about a scope that takes no values."""
    return ValueError(f"unsupported field prefix: <{scope}> when set field")


def unnamed(scope: str) -> ValueError:
    """The complaint about a path that is nothing but a scope."""
    return ValueError(f"a path without a name: <{scope}>")


def _write_map(found: dict[str, object], place: Place, mode: int, text: str) -> None:
    """Into a map and the maps inside; in options one more value makes a list, elsewhere the last one stays."""
    steps = place.spot.path
    for step in steps[:-1]:
        inner = found.get(step)
        found[step] = inner = dict(inner) if isinstance(inner, dict) else {}  # an event that was asked with keeps its own
        found = inner
    name = steps[-1]
    if mode == APPEND and place.scope == OPTS:
        before = found.get(name)
        found[name] = [*before, text] if isinstance(before, list) else [text]
    elif mode == COMPOSE:
        before = found.get(name)
        found[name] = before + text if isinstance(before, str) else text
    else:
        found[name] = text


def remove(scopes: dict[str, object], place: Place) -> None:
    """Takes away what is at a path; nothing where there is nothing. ValueError where its scope cannot be written to."""
    target = scopes.get(place.scope)
    if not place.spot.path:
        raise unnamed(place.scope)
    if isinstance(target, Built):
        target.remove(place.spot.path)
    elif isinstance(target, dict):
        steps = place.spot.path
        for step in steps[:-1]:
            inner = target.get(step)
            if not isinstance(inner, dict):
                return
            target = inner
        target.pop(steps[-1], None)
    elif isinstance(target, UserCache):
        target.remove(place.spot.key)
    else:
        raise unwritable(place.scope)


def remove_all(scopes: dict[str, object], place: Place) -> None:
    """Takes away everything of a scope, or everything below a path. ValueError where it cannot be written to."""
    target = scopes.get(place.scope)
    if place.spot.path:
        remove(scopes, place)
    elif isinstance(target, Built | dict):
        target.clear()
    else:
        raise unwritable(place.scope)
