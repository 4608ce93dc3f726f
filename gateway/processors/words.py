"""The words of processors that an operator may have got wrong (flags, types, scopes, names of the protocol, rules) and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from engine.fields.converters import CONVERTERS
from engine.fields.path import Path
from engine.fields.template import Changed, Field, Part, Template, Woven
from engine.fields.values import MISSING
from engine.fields.view import OPTS, OTHER_ROOMS, REQ, TENANT, VARS
from engine.filters.match import Condition
from engine.filters.rule import RULES, Negated, Rule, Unknown
from engine.limits import MAX_NEAR_NAME
from gateway.processors.calls import ATTRIBUTES, COST, ERROR, MAX_USAGE
from gateway.processors.flags import KNOWN, PERFORMANCE, REQUEST_TYPES, Wanted
from gateway.processors.places import Place, WovenPlace
from gateway.processors.terms import CFG, CGREP, CGREQ, REP, TMP, UCH, Terms

Where = tuple[str | int, ...]
Complain = Callable[[int, Where, str, str], None]

HARD: Final = 0
LOOSE: Final = 1
IDLE: Final = 2
UNNAMED: Final = 3
"""Sorts of complaints: what cannot be used at all, what refuses the requests that meet it, what does nothing, and a template that is not
there, which cannot be used either but is told by the configuration's own check."""

WRITTEN: Final = (CGREQ, REP, VARS, OPTS, TMP, UCH, CGREP)
READ: Final = (REQ, VARS, CGREQ, CGREP, REP, OPTS, TMP, UCH, CFG, TENANT)
ANSWERS: Final = (ERROR, MAX_USAGE, ATTRIBUTES, COST, "ResourceAllocation", "AllocatedIP", "RouteProfiles", "Thresholds", "StatQueues")
"""What *cgrep may hold."""
_NO_CONVERTER: Final = "unsupported converter definition: <"
_SHOWN: Final = 60


class Words:
    """Looks at words and complains."""

    terms: Terms
    _complain: Complain
    _flags: tuple[str, ...]
    written: tuple[str, ...]
    _read: tuple[str, ...]

    def __init__(self, terms: Terms, complain: Complain) -> None:
        self.terms = terms
        self._complain = complain
        self._flags = (*KNOWN, *terms.types, *terms.flags)
        self.written = (*WRITTEN, *terms.outputs)
        self._read = (*READ, *terms.inputs, *terms.outputs, *sorted(OTHER_ROOMS))

    def _loose(self, where: Where, message: str, suggestion: str) -> None:
        self._complain(LOOSE, where, message, suggestion)

    def nearest(self, word: str, known: Sequence[str]) -> str:
        """The known word that is most like one that is not known; empty where none is."""
        found = get_close_matches(word, known, 1, 0.6) if len(word) <= MAX_NEAR_NAME else []
        return found[0] if found else ""

    def check_flags(self, flags: Sequence[str], wanted: Wanted, where: Where, processor: Where) -> None:
        """Flags that mean something, one of them a request type, and something to ask."""
        for number, text in enumerate(flags):
            name = text.partition(":")[0]
            if name not in self._flags:
                self._loose((*where, number), f"{name[:_SHOWN]} is no flag", self.nearest(name, self._flags))
            elif name in PERFORMANCE:
                self._complain(IDLE, (*where, number), name, "")
        if not wanted.type:
            types = ", ".join((*REQUEST_TYPES, *self.terms.types))
            message = f"no flag names a request type, and every request that comes here fails; one of {types}"
            self._loose(where if flags else processor, message, "")
        elif wanted.refused:
            self._loose(where, f"{wanted.type} asks for nothing: *accounts, *attributes or another room is missing", "")

    def near_converter(self, complaint: str) -> str:
        """Of a complaint about a value: the converter that was meant, empty where it is about something else."""
        name = complaint.rpartition(_NO_CONVERTER)[2].partition(">")[0].partition(":")[0] if _NO_CONVERTER in complaint else ""
        return self.nearest(name, list(CONVERTERS)) if name else ""

    def check_place(self, place: Place, type: str, where: Where) -> None:
        """A path that leads into a scope that can be written to, by names of the protocol."""
        if place.scope not in self.written:
            message = f"the path begins with {place.scope[:_SHOWN]}, which fields cannot be written to"
            scope = REP if "reply_fields" in where else CGREQ
            near = self.nearest(place.scope, self.written) if place.scope.startswith("*") else f"{scope}.{place.scope}"
            self._loose(where, message, near)
        elif not place.spot.path and type != "*removeall" and not isinstance(place, WovenPlace):
            self._loose(where, f"the path names nothing inside of {place.scope}", "")
        elif place.scope == REP or place.scope in self.terms.outputs:
            steps = place.spot.path[:-1] if isinstance(place, WovenPlace) else place.spot.path
            self._check_names(steps, where)
        if isinstance(place, WovenPlace):
            for template in place.templates():
                self.check_template(template, where)

    def check_template(self, template: Template, where: Where) -> None:
        """Fields that a value reads: a scope that there is, names of the protocol."""
        for path in paths_of(template):
            self.check_path(path, where)

    def check_path(self, path: Path, where: Where) -> None:
        """A path that is read."""
        if path and path[0] not in self._read:
            self._loose(where, f"~{path[0][:_SHOWN]} is nothing that a field can be read from", self.nearest(path[0], self._read))
        elif len(path) < 2:
            return
        elif path[0] == self.terms.named:
            self._check_names(path[1:], where)
        elif path[0] == CGREP and path[1] not in ANSWERS:
            self._loose(where, f"{CGREP} never holds {path[1][:_SHOWN]}", self.nearest(path[1], ANSWERS))
        elif path[0] == CFG and self.terms.settings.read(path, 1) is MISSING:
            self._loose(where, f"no option that fields may read is called {'.'.join(path[1:])[:_SHOWN]}", "")

    def _check_names(self, steps: Path, where: Where) -> None:
        names = self.terms.names
        if names is None:
            return
        for step in steps:
            for name in names_in(step):
                near = names(name)
                if near is not None:
                    self._loose(where, f"no dictionary knows {name[:_SHOWN]}", near)

    def check_filter(self, condition: Condition, where: Where) -> None:
        """A rule that is written in place."""
        if condition.error:
            self._loose(where, f"cannot be used as a filter: {condition.error.removeprefix('SERVER_ERROR: ')}", "")
        for rule in condition.rules:
            self._check_rule(rule, where)

    def _check_rule(self, rule: Rule, where: Where) -> None:
        if isinstance(rule, Unknown):
            self._loose(where, f"{rule.type[:_SHOWN]} is no type of filters in this build", self.nearest(rule.type, list(RULES)))
            return
        if isinstance(rule, Negated):
            rule = rule.rule
        if rule.element.is_constant:
            text = rule.element.source[:_SHOWN]
            self._loose(where, f"the filter looks at no field: {text} is a text", f"~{text}")
        self.check_template(rule.element, where)
        for template in rule.dynamic:
            self.check_template(template, where)


def names_in(step: str) -> list[str]:
    """The names of the protocol in a step of a path: itself, or those of its selectors, `[~Rating-Group(1)|~Service-Identifier(8)]`."""
    if step.startswith("["):
        return [part[1:].partition("(")[0] for part in step[1:-1].split("|") if part.startswith("~")]
    return [] if step.startswith("*") else [step]


def paths_of(template: Template) -> Iterator[Path]:
    """The paths that a value reads, as far as they are known before a request is there."""
    for part in template.parts:
        yield from _paths_of(part)


def _paths_of(part: Part) -> Iterator[Path]:
    if isinstance(part, Field):
        yield part.path
    elif isinstance(part, Changed):
        yield from _paths_of(part.origin)
    elif isinstance(part, Woven):
        yield from paths_of(part.inner)
