"""What is wrong with the cells of a plan: texts that are not what their column holds, names that nobody knows, names used twice.

Every fault is found, with its place; the nearest known name is suggested. A plan with a fault is not loaded at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

from engine.actions.written import formula_of, switch_of, weight_of
from engine.fields.making import value_parts
from engine.filters.rule import inline_rule, rule_of
from engine.tariffplan.cells import ANY, checks
from engine.tariffplan.faults import Faults
from engine.tariffplan.merge import item_key
from engine.tariffplan.read import Plan, Table
from engine.tariffplan.sheet import DECIMAL, FLAG, IN_FIELD, LIST, NAMES, SWITCH, TYPES, Sheet
from engine.tariffplan.sheets import ALL_SHEETS, BY_NAME
from engine.tariffplan.terms import Terms

_FLAGS: Final = ("true", "false")


def check(plan: Plan, terms: Terms) -> None:
    """Adds every fault of the plan's cells to its faults."""
    check_cells(plan, terms)
    check_units(plan)
    check_values(plan)
    check_rules(plan)
    check_duplicates(plan)
    check_references(plan, terms)


# -- texts ---------------------------------------------------------------------------------------------------------------


def check_cells(plan: Plan, terms: Terms, types: frozenset[str] = frozenset(TYPES)) -> None:
    """Cells that are not of their column's type, for columns of these types. Each distinct text is looked at once."""
    every = {**checks(terms.zone, terms.now_ns), SWITCH: switch_of, DECIMAL: weight_of}
    readers = {name: reader for name, reader in every.items() if name in types}
    for sheet in ALL_SHEETS:
        for table in plan.of(sheet.name):
            for place, column in enumerate(sheet.columns):
                reader = readers.get(column.type)
                if reader is None:
                    continue
                _check_texts(plan.faults, table, place, reader, _FLAGS if column.type in (FLAG, SWITCH) else ())


def _check_texts(faults: Faults, table: Table, place: int, reader: Callable[[str], object], near: tuple[str, ...]) -> None:
    """A fault for each row whose cell `reader` does not take, with the nearest of `near`; each distinct text is read once."""
    column = table.sheet.columns[place].name
    wrong: dict[str, tuple[str, str]] = {}
    for text in {row[place] for row in table.cells}:
        try:
            reader(text)
        except ValueError as complaint:
            wrong[text] = f"{column}: {complaint}", text
    if wrong:
        _name_places(faults, table, place, wrong.get, near)


def _name_places(
    faults: Faults, table: Table, place: int, complain: Callable[[str], tuple[str, str] | None], near: Collection[str]
) -> None:
    """A fault for each row whose cell has a complaint: what it says, and the word in it that one of `near` was probably meant by."""
    suggestions: dict[str, str] = {}
    for number, row in enumerate(table.cells):
        complaint = complain(row[place])
        if complaint is None:
            continue
        if faults.full:
            faults.more += 1
            continue
        said, word = complaint
        if word not in suggestions:
            suggestions[word] = faults.nearest(word, near)
        faults.add(table.fault(number, place, said, suggestions[word]))


def check_units(plan: Plan) -> None:
    """Units and weights of actions, which are read by the type of the balance."""
    sheet = BY_NAME["Actions"]
    units, kind, weight = sheet.place("Units"), sheet.place("BalanceType"), sheet.place("BalanceWeight")
    for table in plan.of(sheet.name):
        for number, row in enumerate(table.cells):
            try:
                formula_of(row[kind], row[units])
            except ValueError as complaint:
                plan.faults.add(table.fault(number, units, f"Units: {complaint}"))
            try:
                weight_of(row[weight])
            except ValueError as complaint:
                plan.faults.add(table.fault(number, weight, f"BalanceWeight: {complaint}"))


def check_values(plan: Plan) -> None:
    """Values of attributes, which are templates."""
    place = BY_NAME["Attributes"].place("Value")
    for table in plan.of("Attributes"):
        _check_texts(plan.faults, table, place, value_parts, ())


def check_rules(plan: Plan) -> None:
    """Rules of filters: the element and, where the type says how they are written, the values."""
    sheet = BY_NAME["Filters"]
    kind, element, values = sheet.place("Type"), sheet.place("Element"), sheet.place("Values")
    for table in plan.of(sheet.name):
        for number, row in enumerate(table.cells):
            complaint = _unreadable(row[kind], row[element], row[values].split(IN_FIELD) if row[values] else []) if row[kind] else ""
            if complaint:
                plan.faults.add(table.fault(number, element, f"Element: {complaint}"))


# -- names ---------------------------------------------------------------------------------------------------------------


def check_duplicates(plan: Plan) -> None:
    """A timing and an account have one row each."""
    for name, message in (("Timings", "duplicate timing tag"), ("AccountActions", "duplicate account action")):
        sheet = BY_NAME[name]
        seen: set[str] = set()
        for table in plan.of(name):
            for number, row in enumerate(table.cells):
                key = item_key(sheet, row)
                if key in seen:
                    plan.faults.add(table.fault(number, sheet.keys[-1], f"{message}: {key}"))
                seen.add(key)


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose cells name items of another sheet, or stored ones. `what` is the word for it in complaints."""

    sheet: str
    column: str
    target: str
    what: str
    known: str = ""  # the field of Known with the names of stored items
    also: tuple[str, ...] = ("",)  # names that need no item


REFERENCES: Final = (
    Reference("DestinationRates", "DestinationsTag", "Destinations", "destination", "destinations", (ANY,)),
    Reference("DestinationRates", "RatesTag", "Rates", "rate", also=()),
    Reference("RatingPlans", "DestinationRatesTag", "DestinationRates", "destination rate", also=()),
    Reference("RatingPlans", "TimingTag", "Timings", "timing", "timings", ()),
    Reference("RatingProfiles", "RatingPlanTag", "RatingPlans", "rating plan", "rating_plans", ()),
    Reference("Actions", "TimingTags", "Timings", "timing", "timings"),
    Reference("ActionPlans", "ActionsTag", "Actions", "actions", "actions", ()),
    Reference("ActionPlans", "TimingTag", "Timings", "timing", "timings", ()),
    Reference("AccountActions", "ActionPlanTag", "ActionPlans", "action plan", "action_plans"),
    Reference("AccountActions", "ActionTriggersTag", "ActionTriggers", "action triggers", "action_triggers"),
)


def check_references(plan: Plan, terms: Terms) -> None:
    """Names that stand neither in the plan nor among what is stored."""
    built_in = frozenset(terms.built_in())
    for reference in REFERENCES:
        tables = plan.of(reference.sheet)
        if not tables:
            continue
        valid = ids_of(plan, reference.target) | set(reference.also)
        if reference.known:
            valid |= set(getattr(terms.known, reference.known))
        if reference.target == "Timings":
            valid |= built_in
        _check_column(plan, tables, reference, valid)
    _check_filters(plan, terms)
    _check_suppliers(plan, terms)


def ids_of(plan: Plan, name: str) -> set[str]:
    """The keys of a sheet's items."""
    sheet = BY_NAME[name]
    keys = sheet.keys
    if len(keys) == 1:
        return {row[keys[0]] for table in plan.of(name) for row in table.cells}
    return {item_key(sheet, row) for table in plan.of(name) for row in table.cells}


def _check_column(plan: Plan, tables: list[Table], reference: Reference, valid: set[str]) -> None:
    sheet = BY_NAME[reference.sheet]
    place = sheet.place(reference.column)
    several = sheet.columns[place].type == NAMES

    def complain(cell: str) -> tuple[str, str] | None:
        names = [part.removeprefix("!") for part in cell.split(IN_FIELD)] if several else [cell]
        missing = next((name for name in names if name not in valid), None)
        return None if missing is None else (f'could not find {reference.what} for tag "{missing}"', missing)

    for table in tables:
        if any(complain(cell) for cell in {row[place] for row in table.cells}):
            _name_places(plan.faults, table, place, complain, valid)


def filter_columns(sheet: Sheet) -> Iterator[int]:
    """The columns that name filters."""
    for place, column in enumerate(sheet.columns):
        if column.type == LIST and column.name.endswith("FilterIDs"):
            yield place


def _unreadable(type_: str, element: str, values: list[str]) -> str:
    """Why a rule cannot be read; empty when it can."""
    try:
        rule_of(type_, element, values)
    except ValueError as complaint:
        return str(complaint)
    return ""


def _check_filters(plan: Plan, terms: Terms) -> None:
    """A filter is a rule written out, or stands in the plan or the engine under the profile's tenant; rules must be readable."""
    valid = ids_of(plan, "Filters") | set(terms.known.filters)
    rules: dict[str, bool] = {}  # those written out: whether they can be read
    for sheet in ALL_SHEETS:
        columns = list(filter_columns(sheet))
        for table in plan.of(sheet.name) if columns else ():
            for number, row in enumerate(table.cells):
                for place in columns:
                    for name in row[place].split(IN_FIELD) if row[place] else ():
                        rule = None if name in rules else inline_rule(name)
                        if rule is not None:
                            rules[name] = not _unreadable(*rule)
                        if not rules.get(name, f"{row[0]}:{name}" in valid):
                            message = f"broken reference to filter: <{name}> for item with ID: {row[0]}:{row[1]}"
                            known = (other.partition(":")[2] for other in valid if other.startswith(f"{row[0]}:"))
                            plan.faults.add(table.fault(number, place, message, plan.faults.nearest(name, known)))


def _check_suppliers(plan: Plan, terms: Terms) -> None:
    """An LCR rule's category must have a rating profile: those are its suppliers."""
    tables = plan.of("LcrRules")
    if not tables:
        return
    profiles = ids_of(plan, "RatingProfiles") | {name.removeprefix("*out:") for name in terms.known.rating_profiles}
    valid = {tuple(name.split(":", 2)[:2]) for name in profiles}
    sheet = BY_NAME["LcrRules"]
    place = sheet.place("RPCategory")
    for table in tables:
        for number, row in enumerate(table.cells):
            if (row[1], row[place]) not in valid:
                near = plan.faults.nearest(row[place], (category for tenant, category in valid if tenant == row[1]))
                message = f'could not find ratingProfiles with prefix "*out:{row[1]}:{row[place]}"'
                plan.faults.add(table.fault(number, place, message, near))
