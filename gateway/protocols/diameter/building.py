"""AVPs from fields: what a processor filled in (path, text, new_branch), in its order, becomes the AVPs of a message.

    ("Multiple-Services-Credit-Control", "Granted-Service-Unit", "CC-Time"), "60", False

A field goes into the last groups on its way that are there, and makes those that are not. On an AVP that is there already it overwrites
the value. With `new_branch` it begins a new AVP at the top, groups and all; what follows goes into that. `[n]` behind a name takes the
AVP of that number there, the next free number makes one (reference agents.md section 1, recordings diameter-fields).

Answers come in few shapes: the same paths in the same order, with other values. Where each value goes is found out once for each shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.fields.path import Path
from engine.times import UTC_ZONE, Zone
from gateway.protocols.diameter.dictionary import Avp, Dictionary
from gateway.protocols.diameter.kinds import GROUPED, SIZES, TIME
from gateway.protocols.diameter.limits import MAX_CHAINS, MAX_SHAPE_STEPS, RECENT_TARGETS, RECENT_TEXT_CHARACTERS, RECENT_TEXTS
from gateway.protocols.diameter.values import write_value

LAST: Final = -1

Field = tuple[Path, str, bool]
"""A path without its scope, the text, and whether it begins a new branch."""


class Target:
    """A resolved path: AVPs from the outermost on, and which of each is meant (LAST, or a number).

    `head` is the whole header of the last one where its format fixes the length of its value, a multiple of 4; else b"". `recent` are the
    octets of texts of late, where a text alone says them: most AVPs of answers say the same each time. None where none are kept, or where
    texts hardly ever came again.
    """

    avps: list[Avp]
    numbers: list[int]
    last: Avp
    head: bytes
    recent: dict[str, bytes] | None
    _again: int  # how often a text came again since `recent` was begun
    _text: str
    _octets: bytes

    def __init__(self, avps: list[Avp], numbers: list[int]) -> None:
        self.avps = avps
        self.numbers = numbers
        self.last = avps[-1]
        size = SIZES.get(self.last.kind, 0)
        self.head = self.last.wrap(bytes(size))[:-size] if size else b""
        self.recent = None
        self._again = 0
        self._text = ""
        self._octets = b""

    def octets(self, text: str, zone: Zone, now_ns: int) -> bytes:
        """The last AVP with the value that a text says. ValueError, with its name, for one that there cannot be."""
        recent = self.recent
        if recent is None:
            return self._written(text, zone, now_ns)
        if text is self._text and self._octets:
            return self._octets
        octets = recent.get(text)
        if octets is not None:
            self._again += 1
        else:
            octets = self._written(text, zone, now_ns)
            if len(text) > RECENT_TEXT_CHARACTERS:
                return octets
            if len(recent) >= RECENT_TEXTS:
                if self._again < RECENT_TEXTS:
                    self.recent = None
                    return octets
                self._again = 0
                recent.clear()
            recent[text] = octets
        self._text = text
        self._octets = octets
        return octets

    def _written(self, text: str, zone: Zone, now_ns: int) -> bytes:
        value = write_value(self.last, text, zone, now_ns)
        return self.head + value if self.head else self.last.wrap(value)


class Node:
    """An AVP that is being built: the number of the field that is its value, or what is in a group."""

    avp: Avp
    field: int
    inner: list[Node] | None

    def __init__(self, avp: Avp) -> None:
        self.avp = avp
        self.field = -1
        self.inner = None

    def wire(self, values: list[bytes]) -> bytes:
        """The AVP with all that is in it; as deep as the paths that made it."""
        inner = self.inner
        if inner is None:
            return values[self.field]
        return self.avp.wrap(b"".join([node.wire(values) for node in inner]))


class Step:
    """A field of a shape, behind those before it: what its path leads to, and the fields that were seen behind it; of these the one that
    came last is looked for first. `top` is the whole shape where an answer ends here, None before one did."""

    path: Path
    new_branch: bool
    target: Target | None
    before: Step | None
    likely: Step | None
    following: dict[tuple[Path, bool], Step]
    top: list[Node] | None

    def __init__(self, path: Path, new_branch: bool, target: Target | None, before: Step | None) -> None:
        self.path = path
        self.new_branch = new_branch
        self.target = target
        self.before = before
        self.likely = None
        self.following = {}
        self.top = None

    def shape(self) -> list[Node]:
        """Where the values of all fields up to this one go. ValueError for a number beyond the next free one."""
        if self.top is None:
            self.top = self._arranged()
        return self.top

    def _arranged(self) -> list[Node]:
        steps: list[Step] = []
        step: Step = self
        while step.before is not None:
            steps.append(step)
            step = step.before
        steps.reverse()
        top: list[Node] = []
        for number, one in enumerate(steps):
            assert one.target is not None, "all but the root lead somewhere"
            _reach(top, one.target, one.new_branch).field = number
        return top


class Builder:
    """Builds by one dictionary; paths are resolved once (bounded by MAX_CHAINS), shapes found out once (by MAX_SHAPE_STEPS)."""

    dictionary: Dictionary
    _targets: dict[Path, Target]
    _root: Step
    _steps: int

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._targets = {}
        self._root = Step((), False, None, None)
        self._steps = 0

    def build(self, fields: Sequence[Field], zone: Zone = UTC_ZONE, now_ns: int = 0) -> bytes:
        """The AVPs of fields on the wire. ValueError, with the name of the AVP, for a path or a value that there cannot be.

        Times without an offset are of `zone`.
        """
        values: list[bytes] = []
        last = self._root
        for path, text, new_branch in fields:
            step = last.likely
            if step is None or step.path is not path or step.new_branch != new_branch:
                step = self._step(last, path, new_branch)
            target = step.target
            assert target is not None, "all but the root lead somewhere"
            values.append(target.octets(text, zone, now_ns))
            last = step
        return b"".join([node.wire(values) for node in last.shape()])

    def _step(self, last: Step, path: Path, new_branch: bool) -> Step:
        """What a field is to the shape that it continues. ValueError as for `target`."""
        step = last.following.get((path, new_branch))
        if step is None:
            target = self._targets.get(path)
            step = Step(path, new_branch, self.target(path) if target is None else target, last)
            if self._steps >= MAX_SHAPE_STEPS:
                self._steps = 0
                self._root = Step((), False, None, None)
            self._steps += 1
            last.following[path, new_branch] = step
        last.likely = step
        return step

    def target(self, path: Path) -> Target:
        """A path resolved. ValueError for a name that no dictionary has, a group at its end, or what is no group on its way."""
        target = resolve(self.dictionary, path)
        if len(self._targets) >= MAX_CHAINS:
            self._targets.clear()
        if len(self._targets) < RECENT_TARGETS and target.last.kind != TIME:
            target.recent = {}
        self._targets[path] = target
        return target


def resolve(dictionary: Dictionary, path: Path) -> Target:
    """A path, without its scope, resolved. ValueError as for Builder.target."""
    avps: list[Avp] = []
    numbers: list[int] = []
    for step in path:
        if step.startswith("["):
            number = step[1:-1]
            if not avps or not number.isdecimal() or not number.isascii() or len(number) > 4:
                raise ValueError(f"no number of an AVP: <{step[:60]}>")
            numbers[-1] = int(number)
            continue
        avp = dictionary.named(step)
        if avp is None:
            raise ValueError(f"no dictionary has an AVP <{step[:60]}>")
        if avps and avps[-1].kind != GROUPED:
            raise ValueError(f"{avps[-1].name} is no group: {avp.name} cannot be in it")
        avps.append(avp)
        numbers.append(LAST)
    if not avps:
        raise ValueError("a path without an AVP")
    if avps[-1].kind == GROUPED:
        raise ValueError(f"{avps[-1].name} is a group, no value fits it")
    return Target(avps, numbers)


def _reach(top: list[Node], target: Target, new_branch: bool) -> Node:
    """The AVP that a field is for, made where it is not there."""
    level = top
    node: Node | None = None
    for position, avp in enumerate(target.avps):
        if node is not None:
            if node.inner is None:
                node.inner = []
            level = node.inner
        node = None if new_branch else _existing(level, avp, target.numbers[position])
        if node is None:
            node = Node(avp)
            level.append(node)
    assert node is not None, "a target has an AVP"
    return node


def _existing(level: list[Node], avp: Avp, number: int) -> Node | None:
    if number == LAST:
        position = len(level) - 1
        while position >= 0:
            if level[position].avp is avp:
                return level[position]
            position -= 1
        return None
    same = [node for node in level if node.avp is avp]
    if number > len(same):
        raise ValueError(f"{avp.name}[{number}] where there are {len(same)}")
    return same[number] if number < len(same) else None
