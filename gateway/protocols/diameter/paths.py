"""Paths into a message: what stands behind `~*req.` (reference agents.md section 1).

    Multiple-Services-Credit-Control.Used-Service-Unit.CC-Time[~Rating-Group(1)]

A path is resolved once, when it is first read: its names become numbers, its selectors tests. Names lead through groups, into every group
of that name; of what is found the first counts. `[1]` takes the one of that number (from 0), `[~Name(value)]` those for which the nearest
level that has such an AVP (inside a group, beside it, around it, up to the message) has one with that value, `|` between several that must
all hold; the value is written as for a `*rsr` filter, but that a number is that number. A name that no dictionary has makes the whole path
read as an empty text.
"""

from __future__ import annotations

from typing import Final

from engine.event import Event
from engine.fields.path import Path, Source
from engine.fields.values import MISSING, value_text
from engine.fields.view import View
from engine.filters.rule import Test
from gateway.protocols.diameter.dictionary import Avp, Dictionary
from gateway.protocols.diameter.kinds import GROUPED, NUMBERS
from gateway.protocols.diameter.limits import MAX_CHAINS
from gateway.protocols.diameter.message import NO_AVP, Avps, Message
from gateway.protocols.diameter.values import read_value

_NONE: Final = -1
_NO: Final = 0
_YES: Final = 1
_UNKNOWN: Final = -2
_FLAT: Final = View(Event("", "", {}, {}), 0)  # tests compare with texts that are written out: no event is looked at


class Place:
    """An AVP that was found: its level and position, its row, and the place of the group around it."""

    avps: Avps
    position: int
    avp: Avp
    around: Place | None

    def __init__(self, avps: Avps, position: int, avp: Avp, around: Place | None) -> None:
        self.avps = avps
        self.position = position
        self.avp = avp
        self.around = around

    def value(self) -> object:
        return read_value(self.avp.kind, self.avps.data, self.avps.value_start(self.position), self.avps.value_end(self.position))


class Condition:
    """`~Name(value)`: the names that lead to the AVP, and the test of its text."""

    names: list[Avp]
    test: Test

    def __init__(self, names: list[Avp], test: Test) -> None:
        self.names = names
        self.test = test

    def holds(self, place: Place, known: dict[Avps, int]) -> bool:
        """Whether it holds for a place: on the nearest level that has such an AVP, from inside a group outwards.

        `known` is what was found on levels before: many places lie on one level, and each level is looked through once.
        """
        if place.avp.kind == GROUPED:
            found = self._on(place.avps.group(place.position), 0)
            if found != _NONE:
                return found == _YES
        level: Place | None = place
        while level is not None:
            found = known.get(level.avps, _UNKNOWN)
            if found == _UNKNOWN:
                found = known[level.avps] = self._on(level.avps, 0)
            if found != _NONE:
                return found == _YES
            level = level.around
        return False

    def _on(self, avps: Avps, at: int) -> int:
        """Whether one of the AVPs that the names from one of them on lead to on a level passes; _NONE where there is none."""
        avp = self.names[at]
        is_last = at == len(self.names) - 1
        result = _NONE
        position = avps.find(avp.key)
        while position != NO_AVP:
            if is_last:
                value = read_value(avp.kind, avps.data, avps.value_start(position), avps.value_end(position))
                found = _YES if self.test.holds(value_text(value), _FLAT) else _NO
            elif avp.kind == GROUPED:
                found = self._on(avps.group(position), at + 1)
            else:
                found = _NONE
            if found == _YES:
                return found
            if found == _NO:
                result = _NO
            position = avps.find(avp.key, position)
        return result


class Step:
    """One step of a resolved path: either an AVP, or what picks among those found so far (an index, or conditions)."""

    avp: Avp | None
    index: int
    conditions: list[Condition]

    def __init__(self, avp: Avp | None, index: int, conditions: list[Condition]) -> None:
        self.avp = avp
        self.index = index
        self.conditions = conditions


class Chain:
    """A resolved path. `unknown`: a name on it is in no dictionary. `plain`: it consists of names alone."""

    steps: list[Step]
    keys: list[int]
    last: Avp | None
    unknown: bool
    plain: bool

    def __init__(self, steps: list[Step], unknown: bool) -> None:
        self.steps = steps
        self.unknown = unknown
        self.plain = all(step.avp is not None for step in steps)
        self.keys = [step.avp.key for step in steps if step.avp is not None]
        self.last = None
        for step in steps:
            if step.avp is not None:
                self.last = step.avp

    def read(self, message: Message) -> object:
        """What the path leads to in a message; MISSING when nothing does. ValueError for an index beyond what is there."""
        if self.unknown:
            return ""
        last = self.last
        if last is None:
            return MISSING
        if self.plain:
            avps = message.avps
            if len(self.keys) == 1:
                position = avps.find(self.keys[0])
                if position == NO_AVP:
                    return MISSING
                return read_value(last.kind, avps.data, avps.value_start(position), avps.value_end(position))
            return self._first(avps, 0)
        places = self._places(message)
        return places[0].value() if places else MISSING

    def _first(self, avps: Avps, at: int) -> object:
        """The first value that the names from one of them on lead to."""
        key = self.keys[at]
        position = avps.find(key)
        while position != NO_AVP:
            step = self.steps[at].avp
            assert step is not None, "a plain path has names alone"
            if at == len(self.keys) - 1:
                return read_value(step.kind, avps.data, avps.value_start(position), avps.value_end(position))
            if step.kind != GROUPED:
                return MISSING
            found = self._first(avps.group(position), at + 1)
            if found is not MISSING:
                return found
            position = avps.find(key, position)
        return MISSING

    def _places(self, message: Message) -> list[Place]:
        places: list[Place] = []
        at_top = True
        for step in self.steps:
            if step.avp is None:
                places = _picked(places, step)
            elif at_top:
                at_top = False
                _collect(message.avps, step.avp, None, places)
            else:
                inner: list[Place] = []
                for place in places:
                    if place.avp.kind == GROUPED:
                        _collect(place.avps.group(place.position), step.avp, place, inner)
                places = inner
        return places


class Paths:
    """Every path that was read so far, resolved by one dictionary. One for all messages; bounded by MAX_CHAINS."""

    dictionary: Dictionary
    _chains: dict[Path, Chain]

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._chains = {}

    def chain(self, path: Path, at: int = 1) -> Chain:
        """The resolved path[at:]. ValueError for a selector that cannot be read."""
        steps = path if at == 1 else ("", *path[at:])
        chain = self._chains.get(steps)
        if chain is None:
            chain = resolve(self.dictionary, steps[1:])
            if len(self._chains) >= MAX_CHAINS:
                self._chains.clear()
            self._chains[steps] = chain
        return chain


class DiameterSource(Source):
    """What `~*req.` or `~*diamreq.` reads: a message."""

    message: Message
    paths: Paths

    def __init__(self, message: Message, paths: Paths) -> None:
        self.message = message
        self.paths = paths

    def read(self, path: Path, at: int) -> object:
        """The value behind path[at:]: see values.read_value. ValueError for an index beyond them, a broken selector, a broken group."""
        return self.paths.chain(path, at).read(self.message)


def resolve(dictionary: Dictionary, steps: Path) -> Chain:
    """A path, without its scope, resolved. ValueError for a selector that cannot be read."""
    resolved: list[Step] = []
    unknown = False
    for step in steps:
        if step.startswith("["):
            one = _selector(dictionary, step[1:-1])
            unknown = unknown or one is None
            if one is not None:
                resolved.append(one)
            continue
        avp = dictionary.named(step)
        unknown = unknown or avp is None
        resolved.append(Step(avp, NO_AVP, []))
    return Chain([] if unknown else resolved, unknown)


def _selector(dictionary: Dictionary, text: str) -> Step | None:
    """What stands in brackets; None where it names what no dictionary has."""
    if text.isdecimal() and text.isascii() and len(text) <= 9:
        return Step(None, int(text), [])
    conditions: list[Condition] = []
    for part in text.split("|"):
        name, opened, value = part.partition("(")
        if not name.startswith("~") or not opened or not value.endswith(")"):
            raise ValueError(f"a selector is [0] or [~Name(value)], not [{text[:60]}]")
        names: list[Avp] = []
        for one in name[1:].split("."):
            avp = dictionary.named(one)
            if avp is None:
                return None
            names.append(avp)
        conditions.append(Condition(names, Test(_whole_number(value[:-1]) if names[-1].kind in NUMBERS else value[:-1])))
    return Step(None, NO_AVP, conditions)


def _whole_number(rule: str) -> str:
    """A number in a rule stands for itself: Rating-Group(1) is not 10 (where CGRateS takes any number that has it in it)."""
    digits = rule.removeprefix("!")
    if digits.removeprefix("-").isdecimal():
        return rule[: len(rule) - len(digits)] + f"^{digits}$"
    return rule


def _picked(places: list[Place], step: Step) -> list[Place]:
    if step.conditions:
        for condition in step.conditions:
            known: dict[Avps, int] = {}
            places = [place for place in places if condition.holds(place, known)]
        return places
    if not places:
        return places
    if step.index >= len(places):
        raise ValueError(f"index {step.index} of {len(places)} AVPs")
    return [places[step.index]]


def _collect(avps: Avps, avp: Avp, around: Place | None, found: list[Place]) -> None:
    """Adds the places of an AVP on one level, in the order of the message."""
    position = avps.find(avp.key)
    while position != NO_AVP:
        found.append(Place(avps, position, avp, around))
        position = avps.find(avp.key, position)
