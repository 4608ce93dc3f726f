"""Folding: equal steps into one run, equal spans into one span that counts them."""

from __future__ import annotations

from engine.rating.call import Increment, Match, MoneyPart, Span, UnitPart
from engine.rating.compile import is_same_price


def compress(spans: list[Span]) -> list[Span]:
    """The spans with equal neighbours folded. A fold shows what balances hold after the last of what it folds."""
    folded: list[Span] = []
    for span in spans:
        if span.increments is not None and len(span.increments) > 1:
            span.increments = fold_runs(span.increments)
        if folded and _fold(folded[-1], span):
            continue
        folded.append(span)
    return folded


def fold_runs(runs: list[Increment]) -> list[Increment]:
    """The runs with those joined that go on in the same way."""
    folded: list[Increment] = []
    for run in runs:
        last = folded[-1] if folded else None
        if last is not None and is_same_step(last, run) and goes_on(last, run):
            last.count += run.count
            last.total += run.total
            last.unit = run.unit
            last.money = run.money
        else:
            folded.append(run)
    return folded


def is_same_step(one: Increment, other: Increment) -> bool:
    """Equal but for where in an exactly priced run they stand, and for how many they are."""
    if one.duration_ns != other.duration_ns or one.cost != other.cost or one.account_id != other.account_id:
        return False
    if (one.price is None) != (other.price is None) or (one.price is not None and one.price != other.price):
        return False
    return is_same_unit(one.unit, other.unit) and _is_same_money(one.money, other.money)


def goes_on(last: Increment, run: Increment) -> bool:
    """Whether `run` begins where `last` ends, as far as that matters for its price."""
    price = last.price
    return price is None or (last.offset + last.count) % price.den == run.offset


def is_equal_run(one: Increment, other: Increment) -> bool:
    """Equal in everything."""
    return one.count == other.count and one.offset == other.offset and is_same_step(one, other)


def are_equal_runs(some: list[Increment], others: list[Increment]) -> bool:
    """Equal one by one."""
    if len(some) != len(others):
        return False
    return all(is_equal_run(run, others[index]) for index, run in enumerate(some))


def is_same_match(one: Match, other: Match) -> bool:
    """Whether both were priced for the same reason."""
    return one is other or (
        one.subject == other.subject
        and one.prefix == other.prefix
        and one.destination_id == other.destination_id
        and one.plan_id == other.plan_id
    )


def _fold(last: Span, span: Span) -> bool:
    """Folds the span into the last one when it is its equal."""
    if last.increments is None or span.increments is None or last.round_increment is not None or span.round_increment is not None:
        return False
    if not is_same_price(last.interval, span.interval) or not is_same_match(last.match, span.match):
        return False
    if not are_equal_runs(last.increments, span.increments):
        return False
    last.count += span.count
    last.cost += span.cost
    last.end_ns = span.end_ns
    last.duration_index_ns = span.duration_index_ns
    for index, run in enumerate(last.increments):
        run.unit = span.increments[index].unit
        run.money = span.increments[index].money
    return True


def is_same_unit(one: UnitPart | None, other: UnitPart | None) -> bool:
    """Taken from the same balance in the same way."""
    if one is other:
        return True
    if one is None or other is None:
        return False
    return (
        one.balance_uuid == other.balance_uuid
        and one.consumed == other.consumed
        and one.factor == other.factor
        and is_same_price(one.interval, other.interval)
    )


def _is_same_money(one: MoneyPart | None, other: MoneyPart | None) -> bool:
    if one is other:
        return True
    if one is None or other is None:
        return False
    return one.balance_uuid == other.balance_uuid and is_same_price(one.interval, other.interval)
