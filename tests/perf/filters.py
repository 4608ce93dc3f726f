"""Microseconds of one event against many profiles, of rules and of values: `python tests/perf/filters.py [--profiles 10000]`.

Figures are this thread's own time, medians of several runs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from engine.event import Event
from engine.fields.template import Template
from engine.filters.index import IndexOptions, ProfileIndex
from engine.filters.match import Filters
from engine.profiles.items import Items
from engine.profiles.policies import KINDS, ChargerProfile

NOW = 1_772_618_400_000_000_000
KIND = "charger_profile"
RUNS = 7
RULES = ("*string:~*req.Account:1234|5678", "*gt:~*req.Usage:1m", "*regex:~*req.Destination:^\\+49[0-9]+$")
VALUES = (
    "~*req.Account",
    "~*req.Account;@;~*req.Tenant",
    r"~*req.Destination:s/^\+49(\d+)/0$1/",
    "~*req.Usage{*duration_seconds&*round}",
)
FIELDS: dict[str, object] = {
    "ToR": "*voice",
    "OriginID": "abcdef",
    "RequestType": "*prepaid",
    "Tenant": "t",
    "Category": "call",
    "Account": "1234",
    "Subject": "1234",
    "Destination": "+4930123456",
    "SetupTime": "2026-03-04T10:00:00Z",
    "AnswerTime": "2026-03-04T10:00:00Z",
    "Usage": "1m30.5s",
}


def microseconds(action: Callable[[], object], times: int) -> float:
    """The median time of one action."""
    found = []
    for _ in range(RUNS):
        begin = time.thread_time_ns()
        for _ in range(times):
            action()
        found.append((time.thread_time_ns() - begin) / times / 1000)
    return statistics.median(found)


def house(profiles: int, indexed: bool) -> tuple[Filters, ProfileIndex]:
    items = Items(KINDS)
    filters = Filters(items)
    for number in range(profiles):
        rules = (f"*string:~*req.Account:{number}", "*prefix:~*req.Destination:+49|+43", "*notstring:~*req.Category:sms")
        items.put(KIND, f"t:P{number}", ChargerProfile("t", f"P{number}", rules, RunID="*default", Weight="10"))
    items.put(KIND, "t:ALL", ChargerProfile("t", "ALL", RunID="*default"))
    return filters, ProfileIndex(items, KIND, filters, IndexOptions(indexed_selects=indexed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=10_000)
    count = parser.parse_args().profiles
    event = Event("t", "e", FIELDS, {})

    filters, index = house(count, indexed=True)
    begin = time.thread_time_ns()
    index.matching("t", filters.view(event, NOW), NOW)
    show(f"make the index of {count:,} profiles", (time.thread_time_ns() - begin) / 1000)
    show(f"event against {count:,} profiles, indexed", microseconds(lambda: index.matching("t", filters.view(event, NOW), NOW), 5000))
    profile = index.items.get(KIND, "t:P7")

    def change() -> None:
        index.items.put(KIND, "t:P7", profile)
        index.matching("t", filters.view(event, NOW), NOW)

    show("the same after a profile was written", microseconds(change, 1000))
    _, scan = house(count, indexed=False)
    scan.matching("t", filters.view(event, NOW), NOW)
    show(f"event against {count:,} profiles, each asked", microseconds(lambda: scan.matching("t", filters.view(event, NOW), NOW), 3))

    view = filters.view(event, NOW)
    for rule in RULES:
        show(f"rule {rule}", microseconds(lambda rule=rule: filters.matches("t", [rule], view, NOW), 20_000))  # type: ignore[misc]
    for text in VALUES:
        template = Template.parse(text)
        show(f"value {text}", microseconds(lambda template=template: template.find(view), 20_000))  # type: ignore[misc]


def show(what: str, micros: float) -> None:
    print(f"{what:60} {micros:10.1f} µs")


if __name__ == "__main__":
    main()
