"""Filters of processors and fields, made ready: rules written in place once and for all, stored filters looked up when a request comes.

Nearly every processor asks `*string:~*req.X:...` of the same few fields of the request, which do not change while it is worked on: such
a field is read once for all processors of an agent.
"""

from __future__ import annotations

from typing import Final

from engine.fields.template import Field, Template
from engine.fields.view import REQ, View
from engine.filters.match import Condition, Filters, condition_in_place
from engine.filters.rule import String
from gateway.processors.limits import MAX_PROCESSORS

MAX_SHARED_FIELDS: Final = 4 * MAX_PROCESSORS


class Unread:
    """Stands for a field of the request that nobody has asked for yet."""


UNREAD: Final = Unread()


class SharedFields:
    """The fields of the request that processors ask for by name, each with a number. Made at load; read once for each request."""

    templates: list[Template]
    _numbers: dict[str, int]

    def __init__(self) -> None:
        self.templates = []
        self._numbers = {}

    def number_of(self, template: Template) -> int:
        """The number of a field; -1 for what is not just a field of the request."""
        if len(template.parts) != 1:
            return -1
        part = template.parts[0]
        if not isinstance(part, Field) or not part.path or part.path[0] != REQ or len(self.templates) >= MAX_SHARED_FIELDS:
            return -1
        if template.source not in self._numbers:
            self._numbers[template.source] = len(self.templates)
            self.templates.append(template)
        return self._numbers[template.source]


class Read:
    """What was read of the shared fields for one request."""

    shared: SharedFields
    found: list[object]

    def __init__(self, shared: SharedFields) -> None:
        self.shared = shared
        self.found = [UNREAD] * len(shared.templates)

    def text(self, number: int, view: View) -> object:
        """The text of a field, None where it is not there."""
        found = self.found[number]
        if found is UNREAD:
            found = self.found[number] = self.shared.templates[number].find(view)
        return found


class Test:
    """One filter: a stored one (`condition` is None), or a rule; one with a `number` asks whether that shared field is one of `known`."""

    id: str
    condition: Condition | None
    number: int
    known: frozenset[str]

    def __init__(self, id: str, shared: SharedFields) -> None:
        self.id = id
        self.condition = condition_in_place(id) if id.startswith("*") else None
        self.number = -1
        self.known = frozenset()
        if self.condition is not None and len(self.condition.rules) == 1:
            rule = self.condition.rules[0]
            if isinstance(rule, String) and not rule.dynamic:
                self.number = shared.number_of(rule.element)
                self.known = rule.known


class Gate:
    """All filters of a processor or field: passed when each is."""

    tests: list[Test]

    def __init__(self, ids: list[str], shared: SharedFields) -> None:
        self.tests = [Test(id, shared) for id in ids]

    def passes(self, view: View, read: Read, filters: Filters | None) -> bool:
        """RequestError for an unknown filter and for what cannot be decided."""
        for test in self.tests:
            if test.number >= 0:
                if read.text(test.number, view) not in test.known:
                    return False
                continue
            condition = test.condition
            if condition is None:
                assert filters is not None, "stored filters are asked of an engine"
                condition = filters.condition(view.tenant, test.id)
            if not condition.passes(view, view.at_ns):
                return False
        return True
