"""Filters of processors and fields, made ready: rules written in place once and for all, stored filters looked up when a request comes.

Nearly every processor asks `*string:~*req.X:...` of the same few fields of the request, which do not change while it is worked on, and
puts them into its event and its answer: such a field is read once for all processors of an agent.
"""

from __future__ import annotations

from typing import Final

from engine.fields.path import Path, Source
from engine.fields.template import Field, Template
from engine.fields.values import MISSING, value_text
from engine.fields.view import REQ, View
from engine.filters.match import Condition, Filters, condition_in_place
from engine.filters.rule import String
from gateway.processors.limits import MAX_PROCESSORS

MAX_SHARED_FIELDS: Final = 4 * MAX_PROCESSORS
MAX_SHARED_VALUES: Final = 256  # beyond so many shared fields those that are only values are read where they are wanted


class Unread:
    """Stands for a field of the request that nobody has asked for yet."""


UNREAD: Final = Unread()


class SharedFields:
    """The fields of the request that processors ask for by name, each with a number. Made at load; read once for each request."""

    templates: list[Template]
    paths: list[Path]
    _numbers: dict[str, int]
    _written: dict[Path, Path]

    def __init__(self) -> None:
        self.templates = []
        self.paths = []
        self._numbers = {}
        self._written = {}

    def one_path(self, path: Path) -> Path:
        """A path that is written to, the same object wherever it is: whoever takes values by path finds it out at a glance."""
        return self._written.setdefault(path, path)

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
            self.paths.append(part.path)
        return self._numbers[template.source]

    def value_number(self, template: Template) -> int:
        """The number of a field that is wanted as a value; -1 for what is none, and where there are too many."""
        return self.number_of(template) if template.source in self._numbers or len(self.templates) < MAX_SHARED_VALUES else -1


class Read:
    """What was read of the shared fields for one request."""

    shared: SharedFields
    found: list[object]
    _source: Source | None  # the request, where it is no map

    def __init__(self, shared: SharedFields, view: View) -> None:
        self.shared = shared
        self.found = [UNREAD] * len(shared.templates)
        request = view.scopes.get(REQ)
        self._source = request if isinstance(request, Source) else None

    def text(self, number: int, view: View) -> str | None:
        """The text of a field, None where it is not there."""
        found = self.found[number]
        if found is UNREAD:
            found = self.found[number] = self._read(number, view)
        return found if isinstance(found, str) else None

    def _read(self, number: int, view: View) -> str | None:
        if self._source is None:
            return self.shared.templates[number].find(view)
        value = self._source.read(self.shared.paths[number], 1)
        return None if value is MISSING else value_text(value)


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
