"""Filters of processors and fields, made ready: rules written in place once and for all, stored filters looked up when a request comes.

Nearly every processor asks `*string:~*req.X:...` of the same few fields of the request, which do not change while it is worked on, and
puts them into its event and its answer: such a field is read once for all processors of an agent. So is a variable that no field writes.
"""

from __future__ import annotations

from typing import Final

from engine.fields.path import Path, Source
from engine.fields.template import Field, Template
from engine.fields.values import MISSING, value_text
from engine.fields.view import REQ, VARS, View
from engine.filters.match import Condition, Filters, condition_in_place
from engine.filters.rule import String
from gateway.processors.limits import MAX_PROCESSORS

MAX_SHARED_FIELDS: Final = 4 * MAX_PROCESSORS
MAX_SHARED_VALUES: Final = 256  # beyond so many shared fields those that are only values are read where they are wanted


class Unread:
    """Stands for a field of the request that nobody has asked for yet."""


UNREAD: Final = Unread()


class SharedFields:
    """The fields of the request, and the variables, that processors ask for by name, each with a number. Made at load; read once for each
    request, but for variables that change. `variables` are their names, empty for fields of the request."""

    templates: list[Template]
    paths: list[Path]
    variables: list[str]
    _changing: set[str]
    _all_change: bool
    _numbers: dict[str, int]
    _written: dict[Path, Path]

    def __init__(self) -> None:
        self.templates = []
        self.paths = []
        self.variables = []
        self._changing = set()
        self._all_change = False
        self._numbers = {}
        self._written = {}

    def one_path(self, path: Path) -> Path:
        """A path that is written to, the same object wherever it is: whoever takes values by path finds it out at a glance."""
        return self._written.setdefault(path, path)

    def number_of(self, template: Template) -> int:
        """The number of a field; -1 for what is not just a field of the request, or a variable."""
        if len(template.parts) != 1:
            return -1
        part = template.parts[0]
        if not isinstance(part, Field) or not part.path or len(self.templates) >= MAX_SHARED_FIELDS:
            return -1
        scope = part.path[0]
        if scope != REQ and (scope != VARS or len(part.path) < 2):
            return -1
        if template.source not in self._numbers:
            self._numbers[template.source] = len(self.templates)
            self.templates.append(template)
            self.paths.append(part.path)
            self.variables.append(part.path[1] if scope == VARS else "")
        return self._numbers[template.source]

    def written(self, scope: str, path: Path, known: bool) -> None:
        """Some field writes there; `known`: the path is the same for each request."""
        if scope == VARS and known and path:
            self._changing.add(path[0])
        elif scope == VARS:
            self._all_change = True

    def stays(self, number: int) -> bool:
        """Whether a field is the same as long as the request is worked on."""
        name = self.variables[number]
        return not name or not (self._all_change or name in self._changing)

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
            found = self._read(number, view)
            if self.shared.stays(number):
                self.found[number] = found
        return found if isinstance(found, str) else None

    def _read(self, number: int, view: View) -> str | None:
        if self._source is None or self.shared.variables[number]:
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
