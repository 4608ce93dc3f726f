"""The answer of TollwireV1.ExplainCost as a tree that people read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.cli.costs import Data, Node, held, number, rows_of, usage
from gateway.cli.terminal import cell

_OUT: Final = "*out:"
_ALWAYS: Final = "0001-01-01T00:00:00Z"
_UNLIMITED: Final = -1


def explanation_tree(tree: Data) -> Node:
    """The call and its cost; below it the profiles that were asked, the spans with their price, the total, the account."""
    call = _part(tree, "Call")
    tor = str(call.get("ToR"))
    total = _part(tree, "Total")
    who = f"{cell(call.get('Tenant'))}:{cell(call.get('Category'))}:{cell(call.get('Subject'))}"
    cost = number(total.get("Cost")) if total else f"no price, {cell(tree.get('Refusal'))}"
    head = f"{who} to {cell(call.get('Destination'))}, {usage(call.get('Usage'), tor)} from {cell(call.get('TimeStart'))}: {cost}"
    below = [Node("profiles asked", tuple(_look(one) for one in rows_of(tree.get("Profiles"))))] if tree.get("Profiles") else []
    below.extend(_span(one, tor) for one in rows_of(tree.get("Spans")))
    if tree.get("MoreSpans"):
        below.append(Node(f"{cell(tree.get('MoreSpans'))} more spans"))
    if total:
        below.append(_total(total, tor))
    debit = _part(tree, "Debit")
    if debit:
        below.append(_debit(debit, call, tor))
    return Node(head, tuple(below))


def hints(tree: Data) -> list[str]:
    """What a missing price or account may have meant."""
    misses = (tree.get("NearMisses"), _part(tree, "Debit").get("NearMisses"))
    return [cell(text) for found in misses if isinstance(found, list) for text in found]


def is_refused(tree: Data) -> bool:
    """Whether the call has no price, or the account refuses it."""
    return bool(tree.get("Refusal") or _part(tree, "Debit").get("Refusal"))


def _part(tree: Data, name: str) -> Data:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


# -- the price -------------------------------------------------------------------------------------------------------------


def _look(look: Data) -> Node:
    asked, found = (str(look.get(name) or "").removeprefix(_OUT) for name in ("ID", "FoundID"))
    if look.get("TooDeep"):
        return Node(f"{asked}: not asked, deeper than rals.fallback_depth")
    said = "none" if not found else ("found" if found == asked else f"found {found}")
    return Node(f"{asked}: {said}", tuple(_activation(one) for one in rows_of(look.get("Activations"))))


def _activation(activation: Data) -> Node:
    since = cell(activation.get("ActivationTime"))
    plan = f"{cell(activation.get('RatingPlanID'))}{'' if since == _ALWAYS else f' since {since}'}"
    if activation.get("DestinationID") is None:
        return Node(f"{plan}: nothing for the destination")
    prefix = cell(activation.get("Prefix"))
    where = "any destination" if prefix == "*any" else f"{cell(activation.get('DestinationID'))} by prefix {prefix}"
    return Node(f"{plan}: {where}", tuple(Node(_timing(one)) for one in rows_of(activation.get("Timings"))))


def _timing(timing: Data) -> str:
    text = f"timing {cell(timing.get('TimingID'))} from {cell(timing.get('StartTime'))}, weight {number(timing.get('Weight'))}"
    return text if timing.get("Active") else f"{text}: rests when the call starts"


def _span(span: Data, tor: str) -> Node:
    times = span.get("CompressFactor", 1)
    timing = f", timing {cell(span.get('TimingID'))}" if span.get("TimingID") else ""
    title = f"{number(span.get('Cost'))} by {cell(span.get('RatingPlanID'))}{timing}"
    lines = [f"from {cell(span.get('TimeStart'))} to {cell(span.get('TimeEnd'))}{f', {times} equal parts' if times != 1 else ''}"]
    price = span.get("Price")
    lines.extend(cell(line) for line in (price if isinstance(price, list) else ()))
    lines.extend(_run(one, tor) for one in rows_of(span.get("Increments")) if one.get("Usage") or one.get("Total"))
    return Node(title, tuple(Node(line) for line in lines))


def _run(run: Data, tor: str) -> str:
    if not run.get("Usage"):
        return f"connect fee {number(run.get('Total'))}"
    return f"{cell(run.get('CompressFactor'))} x {usage(run.get('Usage'), tor)} = {number(run.get('Total'))}"


def _total(total: Data, tor: str) -> Node:
    lines = total.get("Rounding")
    rounding = {"exact": "only sums are rounded", "per_increment": "every step is rounded"}.get(str(total.get("IncrementRounding")), "")
    title = f"total {number(total.get('Cost'))} for {usage(total.get('Usage'), tor)} ({rounding})"
    return Node(title, tuple(Node(cell(line)) for line in (lines if isinstance(lines, list) else ())))


# -- the account -----------------------------------------------------------------------------------------------------------


def _debit(debit: Data, call: Data, tor: str) -> Node:
    name = cell(debit.get("Account"))
    below = [*_tries(debit, tor), *_rest(debit, tor), *_not_tried(debit), *_groups(debit)]
    if debit.get("Refusal"):
        return Node(f"account {name}: refused, {cell(debit.get('Refusal'))}", tuple(below))
    granted = debit.get("MaxUsage")
    limit = "without limit" if granted == _UNLIMITED else f"{usage(granted, tor)} of {usage(call.get('Usage'), tor)}"
    taken = number(_part(debit, "EventCost").get("Cost"))
    return Node(f"account {name}: a session is granted {limit}; a debit takes {taken}", tuple(below))


def _tries(debit: Data, tor: str) -> Iterator[Node]:
    for place, one in enumerate(rows_of(debit.get("Tries")), 1):
        title = f"{place}. {_balance(one)}"
        if not one.get("Usage") and not one.get("Cost"):
            yield Node(f"{title} pays nothing: {cell(one.get('Why'))}")
            continue
        taken = [usage(one.get("Units"), tor)] if one.get("Units") else []
        taken += [number(one.get("Cost"))] if one.get("Cost") or not taken else []
        by = one.get("PaidBy")
        others = f", money from {', '.join(cell(name) for name in by)}" if isinstance(by, list) else ""
        kept = held(one.get("Left"), one.get("Type"))
        pays = f"pays {' and '.join(taken)} for {usage(one.get('Usage'), tor)}{others}, keeps {kept}"
        yield Node(f"{title} {pays}", (Node(cell(one.get("Why"))),))


def _rest(debit: Data, tor: str) -> Iterator[Node]:
    rest = _part(debit, "Rest")
    if rest:
        yield Node(f"left over: {usage(rest.get('Usage'), tor)}, cost {number(rest.get('Cost'))}: {cell(rest.get('Why'))}")


def _not_tried(debit: Data) -> Iterator[Node]:
    rows = tuple(Node(f"{_balance(one)}: {cell(one.get('Why'))}") for one in rows_of(debit.get("NotTried")))
    if rows:
        yield Node("not tried", rows)
    if debit.get("More"):
        yield Node(f"{cell(debit.get('More'))} more rows")


def _groups(debit: Data) -> Iterator[Node]:
    for group in rows_of(debit.get("Groups")):
        if group.get("Why"):
            yield Node(f"shared group {cell(group.get('ID'))}: {cell(group.get('Why'))}")
            continue
        members = tuple(
            Node(f"{cell(one.get('Account'))}: passed over, {cell(one.get('Why'))}" if one.get("Why") else cell(one.get("Account")))
            for one in rows_of(group.get("Members"))
        )
        yield Node(f"shared group {cell(group.get('ID'))}, strategy {cell(group.get('Strategy'))}", members)


def _balance(row: Data) -> str:
    kind = row.get("Type")
    name = cell(row.get("ID") or row.get("UUID"))
    return f"{name} ({cell(kind)} of {cell(row.get('Account'))}, weight {number(row.get('Weight'))}, holds {held(row.get('Value'), kind)})"
