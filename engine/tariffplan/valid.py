"""What a plan probably does not mean. Nothing here stops a load: these are warnings, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.attributes.inline import NO_ATTRIBUTES, inline_profile, is_inline
from engine.fields.making import TYPES
from engine.money import DOWN, MIDDLE, UP
from engine.rating.book import Timing
from engine.tariffplan.cells import read_duration, read_interval, read_numbers
from engine.tariffplan.check import ids_of
from engine.tariffplan.merge import item_key
from engine.tariffplan.read import Plan, Table
from engine.tariffplan.sheet import IN_FIELD, INTERVAL, LIST, Sheet
from engine.tariffplan.sheets import ALL_SHEETS, BY_NAME
from engine.tariffplan.terms import Terms
from engine.times import ZERO_TIME, parse_time
from engine.usage import SECOND

_METHODS: Final = (UP, MIDDLE, DOWN)
_STRATEGIES: Final = ("", "*free", "*disconnect")
_WEEK: Final = frozenset(range(7))


def warn(plan: Plan, terms: Terms, timings: dict[str, Timing]) -> None:
    """Adds the warnings of a plan without faults."""
    _headers(plan)
    _words(plan, "DestinationRates", "RoundingMethod", _METHODS, "nothing is rounded by")
    _words(plan, "DestinationRates", "MaxCostStrategy", _STRATEGIES, "no strategy is")
    _words(plan, "Attributes", "Type", tuple(TYPES), "no value is made by")
    _written_out(plan)
    _contexts(plan)
    _rate_slots(plan)
    _timings(plan)
    _coverage(plan, timings)
    _intervals(plan, terms)
    _loose_names(plan, terms)


def _headers(plan: Plan) -> None:
    """A header that was not made a comment is taken for a row."""
    for sheet in ALL_SHEETS:
        for table in plan.of(sheet.name):
            if table.cells and sum(cell == name for cell, name in zip(table.cells[0], sheet.header, strict=False)) * 2 > len(sheet.header):
                plan.warnings.add(table.fault(0, 0, "looks like the names of the columns; begin such a line with #"))


def _words(plan: Plan, name: str, column: str, words: tuple[str, ...], message: str) -> None:
    place = BY_NAME[name].place(column)
    for table in plan.of(name):
        if {row[place] for row in table.cells} <= {*words, ""}:
            continue
        for number, row in enumerate(table.cells):
            if row[place] not in ("", *words) and not plan.warnings.full:
                plan.warnings.add(
                    table.fault(number, place, f"{column}: {message} {row[place]!r}", plan.warnings.nearest(row[place], words))
                )


def _written_out(plan: Plan) -> None:
    """Attributes written out in charger profiles."""
    place = BY_NAME["Chargers"].place("AttributeIDs")
    for table in plan.of("Chargers"):
        for number, row in enumerate(table.cells):
            for id in row[place].split(IN_FIELD):
                try:
                    if is_inline(id) and id != NO_ATTRIBUTES:
                        inline_profile(row[0], id)
                except ValueError as complaint:
                    plan.warnings.add(table.fault(number, place, f"AttributeIDs: {complaint}"))


def _contexts(plan: Plan) -> None:
    """An attribute profile without a context is never used: clients' profiles mean *any then, sheets do not say."""
    sheet = BY_NAME["Attributes"]
    place = sheet.place("Contexts")
    rows = [(table, number, row) for table in plan.of(sheet.name) for number, row in enumerate(table.cells)]
    seen = {item_key(sheet, row) for _, _, row in rows if row[place]}
    for table, number, row in rows:
        key = item_key(sheet, row)
        if key not in seen:
            seen.add(key)
            plan.warnings.add(table.fault(number, place, f"Contexts: {key} has none and is never used; *any is every context"))


def _rate_slots(plan: Plan) -> None:
    """Slots begin one after the other, each where the steps of the one before it end."""
    sheet = BY_NAME["Rates"]
    step, start = sheet.place("RateIncrement"), sheet.place("GroupIntervalStart")
    before: dict[str, tuple[int, int]] = {}
    for table in plan.of("Rates"):
        for number, row in enumerate(table.cells):
            begins, step_ns = read_duration(row[start]), read_duration(row[step]) or SECOND
            last = before.get(row[0])
            if last is not None and begins <= last[0]:
                plan.warnings.add(table.fault(number, start, f"{row[0]}: this slot does not begin after the one before it"))
            elif last is not None and begins % last[1]:
                plan.warnings.add(table.fault(number, start, f"{row[0]}: this slot begins inside a step of the one before it"))
            before[row[0]] = (begins, step_ns)


def _timings(plan: Plan) -> None:
    for table in plan.of("Timings"):
        for number, row in enumerate(table.cells):
            if read_numbers(row[4]) != () and any(read_numbers(row[place]) != () for place in (1, 2, 3)):
                plan.warnings.add(table.fault(number, 4, f"{row[0]}: week days beside years, months or days of the month"))


def _coverage(plan: Plan, timings: dict[str, Timing]) -> None:
    """A plan should have a price at every hour: one timing without any bound, or every day of the week from midnight on."""
    days: dict[str, set[int]] = {}
    places: dict[str, tuple[Table, int]] = {}
    for table in plan.of("RatingPlans"):
        for number, row in enumerate(table.cells):
            places.setdefault(row[0], (table, number))
            days.setdefault(row[0], set()).update(_days(timings.get(row[2])))
    for tag, covered in days.items():
        if covered < _WEEK:
            table, number = places[tag]
            plan.warnings.add(table.fault(number, 0, f"rating plan {tag} does not cover every day of the week from 00:00:00"))


def _days(timing: Timing | None) -> Iterable[int]:
    if timing is None or timing.StartTime != "00:00:00" or timing.Years or timing.Months or timing.MonthDays:
        return ()
    return timing.WeekDays or _WEEK


def _intervals(plan: Plan, terms: Terms) -> None:
    zone = terms.zone
    for sheet in ALL_SHEETS:
        for place in (place for place, column in enumerate(sheet.columns) if column.type == INTERVAL):
            for table in plan.of(sheet.name):
                for number, row in enumerate(table.cells):
                    found = read_interval(row[place], zone, terms.now_ns)
                    begin, end = (parse_time(text, zone, terms.now_ns).ns for text in found or ("", ""))
                    if ZERO_TIME < end <= begin:
                        plan.warnings.add(table.fault(number, place, "ends before it begins"))


@dataclass(frozen=True, slots=True)
class Loose:
    """A column that names items which may come later."""

    sheet: str
    column: str
    target: str
    known: str
    what: str


_LOOSE: Final = (
    Loose("ActionTriggers", "ActionsTag", "Actions", "actions", "actions"),
    Loose("Thresholds", "ActionIDs", "Actions", "actions", "actions"),
    Loose("Routes", "RouteRatingPlanIDs", "RatingPlans", "rating_plans", "rating plan"),
)


def _loose_names(plan: Plan, terms: Terms) -> None:
    for loose in _LOOSE:
        if not plan.of(loose.sheet):
            continue
        valid = ids_of(plan, loose.target) | set(getattr(terms.known, loose.known)) | {""}
        sheet = BY_NAME[loose.sheet]
        place = sheet.place(loose.column)
        for table in plan.of(loose.sheet):
            for number, row in enumerate(table.cells):
                for name in _names(sheet, place, row):
                    if name not in valid and name[:1] != "*" and not plan.warnings.full:
                        message = f"{loose.column}: there is no {loose.what} {name!r} yet"
                        plan.warnings.add(table.fault(number, place, message, plan.warnings.nearest(name, valid)))


def _names(sheet: Sheet, place: int, row: list[str]) -> list[str]:
    return row[place].split(IN_FIELD) if sheet.columns[place].type == LIST else [row[place]]
