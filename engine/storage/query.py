"""What may be asked of stored records, and the one predicate that answers it for every driver.

A driver may narrow the search with its own indexes as it likes; whether a record belongs to the answer is decided here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

import msgspec

from engine.parts import NANO
from engine.records import CdrPut

EXISTS: Final = "*exists"
_NOT_RATED: Final = -NANO  # a cost of -1: the records that could not be rated


class CdrOrder(Enum):
    """By what an answer is ordered; equal ones stand in the order of their ids. The value is the name that clients write."""

    ORDER_ID = "OrderID"
    SETUP = "SetupTime"
    ANSWER = "AnswerTime"
    USAGE = "Usage"
    COST = "Cost"


class CdrQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A filter over stored records; every condition given must hold.

    Lists: a record must have one of the values (`not_...`: none of them); an empty list asks nothing. Extra fields: every pair must be
    there (`not_...`: none of them); the value `*exists` asks for the name alone. Ranges take their start in and their end not;
    instants and usages in ns, costs in 10**-9. A record without a cost passes any upper bound, no lower one and no list.

    Two bounds of cost have a meaning of their own: a highest cost of -1 alone asks for what could not be rated (cost -1 or none);
    a lowest of 0 with a highest of -1 asks for everything but that (cost 0 and more, or none).
    """

    cgrids: tuple[str, ...] = ()
    not_cgrids: tuple[str, ...] = ()
    run_ids: tuple[str, ...] = ()
    not_run_ids: tuple[str, ...] = ()
    origin_ids: tuple[str, ...] = ()
    not_origin_ids: tuple[str, ...] = ()
    origin_hosts: tuple[str, ...] = ()
    not_origin_hosts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    not_sources: tuple[str, ...] = ()
    tors: tuple[str, ...] = ()
    not_tors: tuple[str, ...] = ()
    request_types: tuple[str, ...] = ()
    not_request_types: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    not_tenants: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    not_accounts: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    not_subjects: tuple[str, ...] = ()
    destination_prefixes: tuple[str, ...] = ()
    not_destination_prefixes: tuple[str, ...] = ()
    costs: tuple[int, ...] = ()
    not_costs: tuple[int, ...] = ()
    extra_fields: tuple[tuple[str, str], ...] = ()
    not_extra_fields: tuple[tuple[str, str], ...] = ()
    order_id_start: int | None = None
    order_id_end: int | None = None
    setup_start: int | None = None
    setup_end: int | None = None
    answer_start: int | None = None
    answer_end: int | None = None
    created_start: int | None = None
    created_end: int | None = None
    updated_start: int | None = None
    updated_end: int | None = None
    min_usage: int | None = None
    max_usage: int | None = None
    min_cost: int | None = None
    max_cost: int | None = None
    order_by: CdrOrder = CdrOrder.ORDER_ID
    descending: bool = False
    limit: int | None = None
    offset: int = 0


Check = Callable[[CdrPut], bool]

_LISTS: Final[tuple[tuple[str, str], ...]] = (
    ("cgrids", "cgrid"),
    ("run_ids", "run_id"),
    ("origin_ids", "origin_id"),
    ("origin_hosts", "origin_host"),
    ("sources", "source"),
    ("tors", "tor"),
    ("request_types", "request_type"),
    ("tenants", "tenant"),
    ("categories", "category"),
    ("accounts", "account"),
    ("subjects", "subject"),
    ("costs", "cost_amount"),
)
_RANGES: Final[tuple[tuple[str, str, str], ...]] = (
    ("order_id_start", "order_id_end", "order_id"),
    ("setup_start", "setup_end", "setup_ns"),
    ("answer_start", "answer_end", "answer_ns"),
    ("created_start", "created_end", "created_ns"),
    ("updated_start", "updated_end", "updated_ns"),
    ("min_usage", "max_usage", "usage_ns"),
)


def matcher(query: CdrQuery) -> Check:
    """The predicate of a query; it checks only what the query gives."""
    checks = [*_list_checks(query), *_range_checks(query), *_prefix_checks(query), *_cost_checks(query), *_extra_checks(query)]
    if not checks:
        return lambda _: True
    if len(checks) == 1:
        return checks[0]
    return lambda cdr: all(check(cdr) for check in checks)


def order_key(order: CdrOrder) -> Callable[[CdrPut], tuple[int, int]]:
    """What records are sorted by: the value asked for (none counts as least), then the order id."""
    if order is CdrOrder.ORDER_ID:
        return lambda cdr: (0, cdr.order_id)
    if order is CdrOrder.SETUP:
        return lambda cdr: (cdr.setup_ns, cdr.order_id)
    if order is CdrOrder.ANSWER:
        return lambda cdr: (cdr.answer_ns, cdr.order_id)
    if order is CdrOrder.USAGE:
        return lambda cdr: (cdr.usage_ns, cdr.order_id)
    return lambda cdr: (_NOT_RATED if (cost := cdr.cost_amount) is None else cost, cdr.order_id)


def sort_page(matches: Iterable[CdrPut], query: CdrQuery) -> list[CdrPut]:
    """The page of matches that the query's order, limit and offset ask for; keeps no more in memory than the page ends at."""
    key = order_key(query.order_by)
    if query.limit is None:
        return sorted(matches, key=key, reverse=query.descending)[query.offset :]
    size = query.offset + query.limit
    page = heapq.nlargest(size, matches, key=key) if query.descending else heapq.nsmallest(size, matches, key=key)
    return page[query.offset :]


def _list_checks(query: CdrQuery) -> list[Check]:
    checks: list[Check] = []
    for option, field in _LISTS:
        if wanted := getattr(query, option):
            checks.append(_one_of(field, frozenset(wanted)))
        if unwanted := getattr(query, f"not_{option}"):
            checks.append(_none_of(field, frozenset(unwanted)))
    return checks


def _one_of(field: str, values: frozenset[object]) -> Check:
    return lambda cdr: getattr(cdr, field) in values


def _none_of(field: str, values: frozenset[object]) -> Check:
    return lambda cdr: getattr(cdr, field) not in values


def _range_checks(query: CdrQuery) -> list[Check]:
    checks: list[Check] = []
    for low, high, field in _RANGES:
        start, end = getattr(query, low), getattr(query, high)
        if start is not None:
            checks.append(_at_least(field, start))
        if end is not None:
            checks.append(_below(field, end))
    return checks


def _at_least(field: str, start: int) -> Check:
    return lambda cdr: bool(getattr(cdr, field) >= start)


def _below(field: str, end: int) -> Check:
    return lambda cdr: bool(getattr(cdr, field) < end)


def _prefix_checks(query: CdrQuery) -> list[Check]:
    checks: list[Check] = []
    wanted, unwanted = query.destination_prefixes, query.not_destination_prefixes
    if wanted:
        checks.append(lambda cdr: cdr.destination.startswith(wanted))
    if unwanted:
        checks.append(lambda cdr: not cdr.destination.startswith(unwanted))
    return checks


def _cost_checks(query: CdrQuery) -> list[Check]:
    low, high = query.min_cost, query.max_cost
    if high == _NOT_RATED and low is None:
        return [lambda cdr: cdr.cost_amount in (None, _NOT_RATED)]
    if high == _NOT_RATED and low == 0:
        return [lambda cdr: (cost := cdr.cost_amount) is None or cost >= 0]
    checks: list[Check] = []
    if low is not None:
        checks.append(lambda cdr: (cost := cdr.cost_amount) is not None and cost >= low)
    if high is not None:
        checks.append(lambda cdr: (cost := cdr.cost_amount) is None or cost < high)
    return checks


def _extra_checks(query: CdrQuery) -> list[Check]:
    wanted, unwanted = query.extra_fields, query.not_extra_fields
    if not wanted and not unwanted:
        return []
    decoder = msgspec.json.Decoder(dict[str, object])

    def check(cdr: CdrPut) -> bool:
        fields = decoder.decode(cdr.extra_fields)
        return all(_has(fields, pair) for pair in wanted) and not any(_has(fields, pair) for pair in unwanted)

    return [check]


def _has(fields: dict[str, object], pair: tuple[str, str]) -> bool:
    name, value = pair
    return name in fields and (value == EXISTS or fields[name] == value)
