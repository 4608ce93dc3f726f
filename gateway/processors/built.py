"""What fields fill: an event, an answer, notes (`*tmp`): values by path, in the order in which they were written.

A value that is read while others are still being written is the last of its path; `[n]` is the n-th of a *group. A path that leads
to fields below it reads as a map of them.

Most of what is filled is written once from the first field to the last and then taken as a whole: as long as that is so it is two lists,
and only who reads or writes by path makes them into values that are found by it.
"""

from __future__ import annotations

from typing import Final

from engine.fields.path import Path, Source
from engine.fields.values import MISSING, lasting_text
from gateway.processors.limits import MAX_FILLED, MAX_FILLED_CHARACTERS


class Spot:
    """Where a value is, inside of what is filled: its path without the scope, the same as it was written, and joined by dots. `new_branch`:
    the value begins a new group or a further AVP; `attribute_id` names the XML attribute that it is, empty for none."""

    path: Path
    name: str
    key: str
    new_branch: bool
    attribute_id: str

    def __init__(self, path: Path, name: str, new_branch: bool = False, attribute_id: str = "") -> None:
        self.path = path
        self.name = name
        self.key = ".".join(path)
        self.new_branch = new_branch
        self.attribute_id = attribute_id


class Filled:
    """One value. `earlier` is the value of the same path before it."""

    spot: Spot
    text: str
    earlier: Filled | None
    gone: bool

    def __init__(self, spot: Spot, text: str) -> None:
        self.spot = spot
        self.text = text
        self.earlier = None
        self.gone = False


_NONE: Final[dict[str, Filled]] = {}  # stands for the values of what was not asked for by path; never written to


class Built(Source):
    """Values by path. ValueError for more of them, or longer ones, than an answer may have.

    `takes`: nothing was asked by path yet, so `put` may be used by whoever knows that no value has the path of the next one.
    """

    takes: bool
    _spots: list[Spot]  # what was put, until somebody asks by path
    _texts: list[str]
    _last: dict[str, Filled]
    _all: list[Filled]
    _characters: int

    def __init__(self) -> None:
        self.takes = True
        self._spots = []
        self._texts = []
        self._last = _NONE
        self._all = []
        self._characters = 0

    @property
    def characters(self) -> int:
        """Characters of all values that were set, those taken away included."""
        return self._characters

    # -- writing ------------------------------------------------------------------------------------------------------------

    def put(self, spot: Spot, text: str) -> None:
        """A value of a path that has none, at the end of all; as long as `takes` says so."""
        characters = self._characters + len(text)
        if characters > MAX_FILLED_CHARACTERS or len(self._spots) >= MAX_FILLED:
            self._count(text)
            raise ValueError(f"more than {MAX_FILLED} fields")
        self._characters = characters
        self._spots.append(spot)
        self._texts.append(text)

    def seal(self) -> None:
        """Whoever writes next knows nothing of what is there: from now on values are written by their path, if any are there."""
        if self._spots:
            self.takes = False

    def _settle(self) -> None:
        """Makes what was put into values that are found by path."""
        self.takes = False
        if self._last is _NONE:
            self._last = {}
        if not self._spots:
            return
        for number, spot in enumerate(self._spots):
            value = Filled(spot, self._texts[number])
            self._last[spot.key] = value
            self._all.append(value)
        self._spots = []
        self._texts = []

    def set(self, value: Filled) -> None:
        """The only value of its path from now on, at the end of all."""
        self._settle()
        before = self._last.get(value.spot.key)
        while before is not None:
            before.gone = True
            before = before.earlier
        self._add(value)

    def append(self, value: Filled) -> None:
        """One more value of its path."""
        self._settle()
        value.earlier = self._last.get(value.spot.key)
        self._add(value)

    def compose(self, value: Filled) -> None:
        """The text at the end of the last value of its path, or the first value there."""
        self._settle()
        before = self._last.get(value.spot.key)
        if before is None:
            self._add(value)
            return
        self._count(value.text)
        before.text += value.text

    def remove(self, path: Path) -> None:
        """Takes away what is at a path and below it, or the one value that an index at its end names. What is not there is passed over."""
        self._settle()
        if path and path[-1][0] == "[":
            chain = self._chain(path[:-1])
            number = _index(path[-1])
            if 0 <= number < len(chain):
                chain[number].gone = True
                self._relink(path[:-1])
            return
        size = len(path)
        for value in self._all:
            if value.spot.path[:size] == path and not value.gone:
                value.gone = True
                self._last.pop(value.spot.key, None)

    def clear(self) -> None:
        """Takes everything away."""
        self._spots = []
        self._texts = []
        self._settle()
        self._last = {}
        self._all = []
        self._characters = 0

    def _add(self, value: Filled) -> None:
        self._count(value.text)
        if len(self._all) >= MAX_FILLED:
            raise ValueError(f"more than {MAX_FILLED} fields")
        self._last[value.spot.key] = value
        self._all.append(value)

    def _count(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > MAX_FILLED_CHARACTERS:
            raise ValueError(f"fields of more than {MAX_FILLED_CHARACTERS} characters")

    def _chain(self, path: Path) -> list[Filled]:
        """The values of a path, the first first."""
        found: list[Filled] = []
        value = self._last.get(".".join(path))
        while value is not None:
            found.append(value)
            value = value.earlier
        found.reverse()
        return found

    def _relink(self, path: Path) -> None:
        left = [value for value in self._chain(path) if not value.gone]
        key = ".".join(path)
        self._last.pop(key, None)
        for value in left:
            value.earlier = self._last.get(key)
            self._last[key] = value

    # -- reading --------------------------------------------------------------------------------------------------------------

    def read(self, path: Path, at: int) -> object:
        self._settle()
        if at == len(path) - 1:
            value = self._last.get(path[at])
            if value is not None:
                return value.text
        asked = path[at:]
        value = self._last.get(".".join(asked))
        if value is not None:
            return value.text
        if asked[-1][0] == "[":
            chain = self._chain(asked[:-1])
            number = _index(asked[-1])
            return chain[number].text if 0 <= number < len(chain) else MISSING
        return self._below(asked)

    def _below(self, path: Path) -> object:
        """A map of what is below a path."""
        size = len(path)
        found: dict[str, object] = {}
        for value in self._all:
            steps = value.spot.path
            if value.gone or len(steps) <= size or steps[:size] != path:
                continue
            place = found
            for step in steps[size:-1]:
                inner = place.get(step)
                if not isinstance(inner, dict):
                    inner = place[step] = {}
                place = inner
            place[steps[-1]] = value.text
        return found if found else MISSING

    def values(self) -> list[Filled]:
        """All values in their order."""
        self._settle()
        return [value for value in self._all if not value.gone]

    def triples(self) -> list[tuple[Path, str, bool]]:
        """The same as (path without the scope, text, whether it begins a new branch)."""
        if self._spots:
            spots, texts = self._spots, self._texts
            return [(spots[number].path, texts[number], spots[number].new_branch) for number in range(len(spots))]
        return [(value.spot.path, value.text, value.spot.new_branch) for value in self._all if not value.gone]

    def fields(self) -> dict[str, object]:
        """As the fields of an event: the first value of each path, its steps joined by dots; attributes of XML are none.

        Events are kept: octets that are no text do not go into them.
        """
        found: dict[str, object] = {}
        for number, put in enumerate(self._spots):
            if not put.attribute_id:
                found[put.name] = lasting_text(self._texts[number])
        for value in self._all:
            spot = value.spot
            if not value.gone and spot.name not in found and not spot.attribute_id:
                found[spot.name] = lasting_text(value.text)
        return found


MAX_INDEX_CHARACTERS: Final = 12


def _index(step: str) -> int:
    """The number in `[n]`; -1 for what is none."""
    inner = step[1:-1]
    return int(inner) if inner.isdecimal() and len(step) <= MAX_INDEX_CHARACTERS else -1
