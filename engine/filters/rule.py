"""Rule types: how an element (a path) is compared with values. One row each; `*not...` turns a row round.

A rule passes when one of its values does. An element that is not there passes no rule, except where the row says so; a value that
is not there is passed over. Types whose rules look at the outside (`*apiban`, `*sentrypeer`, `*http#...`) and unknown types are
refused when an event meets them, as CGRateS refuses an unknown type.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from engine.errors import server_error
from engine.fields.patterns import Pattern
from engine.fields.template import Template
from engine.fields.values import MISSING, Duration, moment_of, typed
from engine.fields.view import View
from engine.filters.compare import equal, order
from engine.limits import MAX_RULE_VALUES
from engine.money import Ratio
from engine.times import NO_TIME, UTC_ZONE


class Rule:
    """A rule made ready. RequestError or ValueError when it cannot be decided for an event."""

    element: Template
    constants: list[str]
    dynamic: list[Template]

    def __init__(self, element: Template, values: Sequence[str]) -> None:
        self.element = element
        self.constants = []
        self.dynamic = []
        for value in values:
            template = Template.single(value)
            if template.is_constant:
                self.constants.append(template.source)
            else:
                self.dynamic.append(template)

    def passes(self, view: View) -> bool:
        """Whether an event passes; by default, whether the element's text passes one of the values."""
        text = self.element.find(view)
        if text is None:
            return False
        for constant in self.constants:
            if self.holds(text, constant):
                return True
        for value in self.dynamic:
            other = _other(value, view)
            if other is not None and self.holds(text, other):
                return True
        return False

    def holds(self, text: str, value: str) -> bool:
        """Whether the element's text passes one value."""
        raise NotImplementedError


def _other(value: Template, view: View) -> str | None:
    """A value's text; None when it is not there or cannot be made."""
    try:
        return value.find(view)
    except ValueError:
        return None


class String(Rule):
    """The same text."""

    known: frozenset[str]

    def __init__(self, element: Template, values: Sequence[str]) -> None:
        super().__init__(element, values)
        self.known = frozenset(self.constants)

    def passes(self, view: View) -> bool:
        text = self.element.find(view)
        if text is None:
            return False
        if text in self.known:
            return True
        return any(_other(value, view) == text for value in self.dynamic)


class Prefix(Rule):
    """Text that begins so."""

    def holds(self, text: str, value: str) -> bool:
        return text.startswith(value)


class Suffix(Rule):
    """Text that ends so."""

    def holds(self, text: str, value: str) -> bool:
        return text.endswith(value)


class Contains(Rule):
    """Text with this in it."""

    def holds(self, text: str, value: str) -> bool:
        return value in text


class Exists(Rule):
    """A field that is there, whatever it holds; values do not matter."""

    def passes(self, view: View) -> bool:
        return self.element.value(view) is not MISSING


class Empty(Rule):
    """A field that is not there, or null, or an empty text, list or map."""

    def passes(self, view: View) -> bool:
        value = self.element.value(view)
        if value is MISSING or value is None:
            return True
        if isinstance(value, str):
            return not value
        return isinstance(value, list | tuple | dict) and len(value) == 0


class Never(Rule):
    """No event."""

    def passes(self, view: View) -> bool:
        return False


class Regex(Rule):
    """Text in which an expression (RE2) matches. ValueError, when made, for what is no expression."""

    patterns: list[Pattern]

    def __init__(self, element: Template, values: Sequence[str]) -> None:
        super().__init__(element, ())
        self.patterns = [Pattern(value) for value in values]

    def passes(self, view: View) -> bool:
        text = self.element.find(view)
        if text is None:
            return False
        return any(pattern.found_in(text) for pattern in self.patterns)


class Network(Rule):
    """An address in a network (`10.0.0.0/8`); what is no network holds nothing, what is no address passes nothing."""

    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]

    def __init__(self, element: Template, values: Sequence[str]) -> None:
        super().__init__(element, values)
        self.networks = []
        for constant in self.constants:
            network = _network(constant)
            if network is not None:
                self.networks.append(network)

    def passes(self, view: View) -> bool:
        text = self.element.find(view)
        if text is None:
            return False
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        networks = list(self.networks)
        for value in self.dynamic:
            network = _network(_other(value, view) or "")
            if network is not None:
                networks.append(network)
        return any(address.version == network.version and address in network for network in networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


class Destinations(Rule):
    """A number in one of the destinations that the values name."""

    def passes(self, view: View) -> bool:
        text = self.element.find(view)
        if text is None:
            return False
        known = view.rooms.destinations_of(text)
        for constant in self.constants:
            if constant in known:
                return True
        return any(_other(value, view) in known for value in self.dynamic)


class Timings(Rule):
    """A time at which one of the timings that the values name is active."""

    def passes(self, view: View) -> bool:
        value = self.element.value(view)
        if value is MISSING:
            return False
        at = moment_of(value, view.zone, view.now_ns)
        for constant in self.constants:
            if view.rooms.timing_is_active(constant, at):
                return True
        for template in self.dynamic:
            name = _other(template, view)
            if name is not None and view.rooms.timing_is_active(name, at):
                return True
        return False


class Activation(Rule):
    """A time after the first value and, when there is a second, before it; both ends are outside."""

    bounds: list[Template]

    def __init__(self, element: Template, values: Sequence[str]) -> None:
        super().__init__(element, ())
        if len(values) > 2:
            raise ValueError("an activation interval has a start and an end")
        self.bounds = [Template.single(value) for value in values if value]
        if len(values) == 2 and not values[0]:
            self.bounds.insert(0, Template.parse(""))

    def passes(self, view: View) -> bool:
        value = self.element.value(view)
        if value is MISSING:
            return False
        at_ns = moment_of(value, view.zone, view.now_ns).ns
        for number, bound in enumerate(self.bounds):
            text = bound.find(view)
            if not text:
                continue
            end = moment_of(text, view.zone, view.now_ns).ns
            if end != NO_TIME.ns and (at_ns <= end if number == 0 else at_ns >= end):
                return False
        return bool(self.bounds)


class Compared(Rule):
    """Numbers, durations and times by their size; text is an error of the whole call."""

    wants: str  # gt, gte, lt, lte, eq
    ready: list[object]  # constant values that look the same at any time

    def __init__(self, wants: str, element: Template, values: Sequence[str]) -> None:
        super().__init__(element, values)
        self.wants = wants
        self.ready = [typed(constant, UTC_ZONE, 0) for constant in self.constants]

    def passes(self, view: View) -> bool:
        value = self.element.value(view)
        if value is MISSING:
            return False
        left = typed(value, view.zone, view.now_ns)
        for number, constant in enumerate(self.constants):
            right = self.ready[number]
            if not isinstance(right, Ratio | Duration):
                right = typed(constant, view.zone, view.now_ns)
            if self._compare(left, right):
                return True
        for template in self.dynamic:
            other = template.value(view)
            if other is not MISSING and self._compare(left, typed(other, view.zone, view.now_ns)):
                return True
        return False

    def _compare(self, left: object, right: object) -> bool:
        if self.wants == "eq":
            return equal(left, right)
        found = order(left, right)
        if self.wants == "gt":
            return found > 0
        if self.wants == "gte":
            return found >= 0
        return found < 0 if self.wants == "lt" else found <= 0


class Short(Rule):
    """`*rsr`: a text, or `^begin`, `end$`, `^whole$`, `^$`, `~expression`, `>5`, `>=5`, `<5`, `<=5`, and `!` before any of them.

    A field that is not there is read as an empty text; a rule without values passes."""

    tests: list[Test]

    def __init__(self, element: Template, values: Sequence[str]) -> None:
        super().__init__(element, ())
        self.tests = [Test(value) for value in values]

    def passes(self, view: View) -> bool:
        text = self.element.find(view) or ""
        if not self.tests:
            return True
        return any(test.holds(text, view) for test in self.tests)


class Test:
    """One value of a `*rsr` rule. ValueError, when made, for what is no expression."""

    negated: bool
    text: str
    pattern: Pattern | None

    def __init__(self, value: str) -> None:
        self.negated = value.startswith("!")
        self.text = value[1:] if self.negated else value
        self.pattern = Pattern(self.text[1:]) if self.text.startswith("~") else None

    def holds(self, text: str, view: View) -> bool:
        return self._plain(text, view) != self.negated

    def _plain(self, text: str, view: View) -> bool:
        rule = self.text
        if self.pattern is not None:
            return self.pattern.found_in(text)
        if rule[:1] in (">", "<"):
            return self._sized(text, view)
        if rule.startswith("^") and rule.endswith("$") and len(rule) > 1:
            return text == rule[1:-1]
        if rule.startswith("^"):
            return text.startswith(rule[1:])
        if rule.endswith("$"):
            return text.endswith(rule[:-1])
        return rule in text

    def _sized(self, text: str, view: View) -> bool:
        or_equal = self.text[1:2] == "="
        bound = typed(self.text[2:] if or_equal else self.text[1:], view.zone, view.now_ns)
        value = typed(text, view.zone, view.now_ns)
        if isinstance(value, str) or isinstance(bound, str):
            return False
        found = order(value, bound)
        if found == 0:
            return or_equal
        return found > 0 if self.text[0] == ">" else found < 0


class Negated(Rule):
    """A rule turned round."""

    rule: Rule

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.element, ())
        self.rule = rule

    def passes(self, view: View) -> bool:
        return not self.rule.passes(view)


class Unknown(Rule):
    """A type that does not exist, or whose answer is not in the house."""

    type: str

    def __init__(self, type_: str, element: Template) -> None:
        super().__init__(element, ())
        self.type = type_

    def passes(self, view: View) -> bool:
        raise server_error(f"NOT_IMPLEMENTED:{self.type}")


# -- rows ----------------------------------------------------------------------------------------------------------------

Make = Callable[[Template, Sequence[str]], Rule]


def _compared(wants: str) -> Make:
    def make(element: Template, values: Sequence[str]) -> Rule:
        return Compared(wants, element, values)

    return make


RULES: Final[Mapping[str, Make]] = MappingProxyType(
    {
        "*string": String,
        "*prefix": Prefix,
        "*suffix": Suffix,
        "*contains": Contains,
        "*exists": Exists,
        "*empty": Empty,
        "*rsr": Short,
        "*regex": Regex,
        "*destinations": Destinations,
        "*timings": Timings,
        "*ai": Activation,
        "*ipnet": Network,
        "*gt": _compared("gt"),
        "*gte": _compared("gte"),
        "*lt": _compared("lt"),
        "*lte": _compared("lte"),
        "*eq": _compared("eq"),
        "*never": Never,
    }
)
INDEXED: Final = frozenset({"*string", "*prefix", "*suffix", "*exists"})
"""The types that lead to a profile; `*ni` before their name is the same rule without an index."""


def rule_of(type_: str, element: str, values: Sequence[str]) -> Rule:
    """The rule made ready. ValueError when the element or a value cannot be read; an unknown type is refused by the events it meets."""
    if len(values) > MAX_RULE_VALUES:
        raise ValueError(f"a rule of more than {MAX_RULE_VALUES} values")
    template = Template.single(element)
    make = RULES.get(type_)
    if make is not None:
        return make(template, values)
    if type_.startswith("*not") and "*" + type_[4:] in RULES:
        return Negated(RULES["*" + type_[4:]](template, values))
    if type_.startswith("*ni") and "*" + type_[3:] in INDEXED:
        return RULES["*" + type_[3:]](template, values)
    return Unknown(type_, template)


def inline_rule(text: str) -> tuple[str, str, list[str]] | None:
    """Type, element and values of a rule written as `*type:element:value|value`; None where the text is no such rule."""
    parts = text.split(":", 2)
    if not text.startswith("*") or len(parts) < 3:
        return None
    return parts[0], parts[1], parts[2].split("|") if parts[2] else []
