"""Filters: ids of stored filters and rules written in place, compiled once, asked for each event.

A filter is passed when all its rules are, a list of filters when all of them are. A stored filter outside its activation interval is
passed over. What cannot be read is known when it is compiled and refused when an event meets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.errors import RequestError, server_error
from engine.event import Event
from engine.fields.view import Rooms, View
from engine.filters.rule import Rule, inline_rule, rule_of
from engine.limits import FILTER_CACHE
from engine.profiles.items import Items
from engine.profiles.policies import ActivationInterval, Filter
from engine.times import UTC_ZONE, ZERO_TIME, Zone, parse_time

FILTER_KIND: Final = "filter"
RuleText = tuple[str, str, tuple[str, ...]]
"""Type, element, values, as they were written."""


class Period:
    """When something is active: after `start_ns` and before `end_ns`, both ends outside; the zero time bounds nothing."""

    start_ns: int
    end_ns: int

    def __init__(self, start_ns: int, end_ns: int) -> None:
        self.start_ns = start_ns
        self.end_ns = end_ns

    def holds(self, at_ns: int) -> bool:
        if self.start_ns != ZERO_TIME and at_ns <= self.start_ns:
            return False
        return self.end_ns == ZERO_TIME or at_ns < self.end_ns


ALWAYS: Final = Period(ZERO_TIME, ZERO_TIME)


def period_of(interval: ActivationInterval | None, zone: Zone) -> Period:
    """An interval as it was written, made ready. ValueError for a text that is no time."""
    if interval is None:
        return ALWAYS
    start, end = parse_time(interval.ActivationTime, zone, 0).ns, parse_time(interval.ExpiryTime, zone, 0).ns
    return ALWAYS if start == ZERO_TIME and end == ZERO_TIME else Period(start, end)


class Condition:
    """A filter made ready. `error` is what an event that meets it is told, empty where it can be decided."""

    rules: list[Rule]
    written: list[RuleText]
    period: Period
    error: str

    def __init__(self, rules: list[Rule], written: list[RuleText], period: Period, error: str) -> None:
        self.rules = rules
        self.written = written
        self.period = period
        self.error = error

    def passes(self, view: View, now_ns: int) -> bool:
        """RequestError when it cannot be decided."""
        if self.error:
            raise RequestError(self.error)
        if self.period is not ALWAYS and not self.period.holds(now_ns):
            return True
        try:
            for rule in self.rules:
                if not rule.passes(view):
                    return False
        except ValueError as error:
            raise server_error(str(error)) from None
        return True


def undecidable(error: str) -> Condition:
    """A filter that tells every event that meets it this error."""
    return Condition([], [], ALWAYS, error)


class Filters:
    """All filters of an engine, compiled when they are first asked for."""

    items: Items
    rooms: Rooms
    zone: Zone
    _stored: dict[str, Condition]
    _in_place: dict[str, Condition]

    def __init__(self, items: Items, rooms: Rooms | None = None, zone: Zone = UTC_ZONE) -> None:
        self.items = items
        self.rooms = Rooms() if rooms is None else rooms
        self.zone = zone
        self._stored = {}
        self._in_place = {}
        items.watch(FILTER_KIND, self.forget)

    def forget(self, key: str) -> None:
        """A stored filter was put or removed; `key` is <tenant>:<id>."""
        self._stored.pop(key, None)

    def view(self, event: Event, now_ns: int) -> View:
        """An event as the rules and templates of this house see it."""
        return View(event, now_ns, self.zone, self.rooms)

    def matches(self, tenant: str, filter_ids: Sequence[str], view: View, now_ns: int) -> bool:
        """Whether an event passes all filters. RequestError for an unknown filter, and for a rule that cannot be decided."""
        return all(self.condition(tenant, filter_id).passes(view, now_ns) for filter_id in filter_ids)

    def condition(self, tenant: str, filter_id: str) -> Condition:
        """The filter of an id, or the rule that the id is."""
        if filter_id.startswith("*"):
            found = self._in_place.get(filter_id)
            if found is None:
                if len(self._in_place) >= FILTER_CACHE:
                    self._in_place.clear()
                found = self._in_place[filter_id] = condition_in_place(filter_id)
            return found
        key = f"{tenant}:{filter_id}"
        stored = self._stored.get(key)
        if stored is None:
            stored = self._compiled_stored(key, filter_id)
            if self.items.get(FILTER_KIND, key) is not None:
                self._stored[key] = stored
        return stored

    def _compiled_stored(self, key: str, filter_id: str) -> Condition:
        item = self.items.get(FILTER_KIND, key)
        if not isinstance(item, Filter):
            return undecidable(f"SERVER_ERROR: NOT_FOUND:{filter_id}")
        rules: list[Rule] = []
        written: list[RuleText] = []
        try:
            for rule in item.Rules or ():
                values = tuple(rule.Values or ())
                rules.append(rule_of(rule.Type, rule.Element, values))
                written.append((rule.Type, rule.Element, values))
            return Condition(rules, written, period_of(item.ActivationInterval, self.zone), "")
        except ValueError as error:
            return undecidable(f"SERVER_ERROR: {error}")


def condition_in_place(text: str) -> Condition:
    """The filter that is one rule, written as `*type:element:value|value`, made ready; its `error` says what is wrong with it."""
    parts = inline_rule(text)
    if parts is None:
        return undecidable(f"SERVER_ERROR: inline parse error for string: <{text}>")
    type_, element, values = parts
    try:
        return Condition([rule_of(type_, element, values)], [(type_, element, tuple(values))], ALWAYS, "")
    except ValueError as error:
        return undecidable(f"SERVER_ERROR: {error}")
