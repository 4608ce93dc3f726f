"""An EventCost as a tree that people read: what was charged, at which price and why, from which balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from engine.usage import format_duration
from gateway.cli.terminal import cell

Data: TypeAlias = Mapping[str, object]
_SECONDS: Final = frozenset({"*voice", ""})
_UNITS: Final = frozenset({"*voice", "*data", "*sms", "*mms"})
_NO_PLAN: Final = "*none"


class Node(NamedTuple):
    """A line, and what lies below it."""

    text: str
    below: tuple[Node, ...] = ()


def tree_lines(node: Node, lead: str = "") -> Iterator[str]:
    """The lines of a tree, drawn."""
    yield f"{lead}{node.text}"
    yield from _below(node, lead)


def _below(node: Node, lead: str) -> Iterator[str]:
    for place, child in enumerate(node.below, 1):
        last = place == len(node.below)
        yield f"{lead}{'└─ ' if last else '├─ '}{child.text}"
        yield from _below(child, lead + ("   " if last else "│  "))


def cost_tree(cost: Data, tor: str = "*voice") -> Node:
    """The tree of an EventCost as the API gives it; amounts of use as durations where `tor` is voice."""
    charges = tuple(_charge(cost, charge, tor) for charge in rows_of(cost.get("Charges")))
    start = cell(cost.get("StartTime"))
    return Node(f"cost {number(cost.get('Cost'))} for {usage(cost.get('Usage'), tor)} from {start}", (*charges, *_accounts(cost)))


def number(value: object) -> str:
    """A number without trailing zeros."""
    if isinstance(value, Decimal | float):
        text = f"{Decimal(str(value)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return cell(value)


def usage(value: object, tor: str) -> str:
    """An amount of use in the unit of its type of record."""
    if not isinstance(value, int):
        return cell(value)
    return format_duration(value) if tor in _SECONDS else f"{value:,} {'octets' if tor == '*data' else 'units'}"


def held(value: object, kind: object) -> str:
    """What a balance of that type holds."""
    return usage(value, str(kind)) if kind in _UNITS and isinstance(value, int) else number(value)


def _charge(cost: Data, charge: Data, tor: str) -> Node:
    rating = _named(cost, "Rating", charge.get("RatingID"))
    filters = _named(cost, "RatingFilters", rating.get("RatingFiltersID"))
    times = charge.get("CompressFactor", 1)
    steps = tuple(_increment(cost, step, tor) for step in rows_of(charge.get("Increments")))
    total = sum((amount(step.get("Cost")) * _count(step) for step in rows_of(charge.get("Increments"))), Decimal()) * _factor(times)
    plan = filters.get("RatingPlanID")
    title = f"{number(total)} by {cell(plan)}" if plan and plan != _NO_PLAN else f"{number(total)} without a rating plan"
    return Node(f"{title}, {times} times" if times != 1 else title, (*_why(cost, rating, filters, tor), *steps))


def _why(cost: Data, rating: Data, filters: Data, tor: str) -> Iterator[Node]:
    if filters:
        prefix, destination = cell(filters.get("DestinationPrefix")), cell(filters.get("DestinationID"))
        if filters.get("RatingPlanID") == _NO_PLAN:
            yield Node("units that have no price")
            return
        yield Node(f"subject {cell(filters.get('Subject'))}")
        yield Node("any destination" if prefix == "*any" else f"destination {destination} by prefix {prefix}")
    if rating:
        yield Node(f"timing: {_timing(_named(cost, 'Timings', rating.get('TimingID')))}")
        for slot in rows_of(_table(cost, "Rates").get(str(rating.get("RatesID")))):
            price = f"{number(slot.get('Value'))} per {usage(slot.get('RateUnit'), tor)}"
            yield Node(f"from {usage(slot.get('GroupIntervalStart'), tor)}: {price}, in steps of {usage(slot.get('RateIncrement'), tor)}")
        if amount(rating.get("ConnectFee")):
            yield Node(f"connect fee {number(rating.get('ConnectFee'))}")
        if amount(rating.get("MaxCost")):
            yield Node(f"at most {number(rating.get('MaxCost'))}, then {cell(rating.get('MaxCostStrategy'))}")
        if rating.get("RoundingMethod") and rating.get("RoundingDecimals"):
            yield Node(f"rounded {cell(rating.get('RoundingMethod'))} to {cell(rating.get('RoundingDecimals'))} decimals")


def _increment(cost: Data, step: Data, tor: str) -> Node:
    count = _count(step)
    each = f"{usage(step.get('Usage'), tor)} at {number(step.get('Cost'))}"
    text = f"{count} x {each} = {number(amount(step.get('Cost')) * count)}" if count != 1 else each
    return Node(text, tuple(_paid(cost, str(step.get("AccountingID") or ""), tor)))


def _paid(cost: Data, key: str, tor: str, depth: int = 3) -> Iterator[Node]:
    """Which balance paid a step, and which one paid the price of its units."""
    paid = _named(cost, "Accounting", key)
    if not paid or depth == 0:
        return
    summary = next((one for one in _summaries(cost) if one.get("UUID") == paid.get("BalanceUUID")), None)
    name = f"{cell(summary.get('ID'))} ({cell(summary.get('Type'))})" if summary else cell(paid.get("BalanceUUID"))
    units = held(paid.get("Units"), summary.get("Type") if summary else None)
    yield Node(
        f"{units} from {name} of {cell(paid.get('AccountID'))}",
        tuple(_paid(cost, str(paid.get("ExtraChargeID") or ""), tor, depth - 1)),
    )


def _accounts(cost: Data) -> Iterator[Node]:
    summary = cost.get("AccountSummary")
    if isinstance(summary, Mapping):
        balances = tuple(Node(f"{cell(one.get('ID'))} ({cell(one.get('Type'))}): {_change(one)}") for one in _summaries(cost))
        yield Node(f"account {cell(summary.get('Tenant'))}:{cell(summary.get('ID') or summary.get('AccountID'))}", balances)


def _change(balance: Data) -> str:
    before, after = (held(balance.get(name), balance.get("Type")) for name in ("Initial", "Value"))
    return before if before == after else f"{before} -> {after}"


def _summaries(cost: Data) -> list[Data]:
    summary = cost.get("AccountSummary")
    return rows_of(summary.get("BalanceSummaries")) if isinstance(summary, Mapping) else []


def _timing(timing: Data) -> str:
    parts = [f"{name.lower()} {cell(timing[name])}" for name in ("Years", "Months", "MonthDays", "WeekDays") if timing.get(name)]
    return ", ".join([*parts, f"from {cell(timing.get('StartTime'))}"]) if timing else "always"


def _table(cost: Data, name: str) -> Data:
    found = cost.get(name)
    return found if isinstance(found, Mapping) else {}


def _named(cost: Data, table: str, key: object) -> Data:
    found = _table(cost, table).get(str(key))
    return found if isinstance(found, Mapping) else {}


def rows_of(value: object) -> list[Data]:
    """The objects of a list; none of anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def amount(value: object) -> Decimal:
    """A number of an answer; 0 where it is none."""
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else Decimal()


def _count(step: Data) -> int:
    return _factor(step.get("CompressFactor", 1))


def _factor(value: object) -> int:
    return value if isinstance(value, int) else 1
