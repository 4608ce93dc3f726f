"""What one more part of a run takes: first what was reserved and not used, then the account."""

from __future__ import annotations

from engine.accounts.charge import Charging
from engine.accounts.ledger import Cause
from engine.errors import Refusal
from engine.rating.call import ALL_UNITS, CallCost
from engine.rating.cost import EventCost
from engine.sessions.session import Run


def correct_usage(run: Run, last_used_ns: int) -> None:
    """The client says how much of the last part it used: the rest becomes reserve, an excess is owed."""
    if last_used_ns == run.last_usage_ns:
        return
    run.reserve_ns += run.last_usage_ns - last_used_ns
    run.total_usage_ns += last_used_ns - run.last_usage_ns
    run.last_usage_ns = last_used_ns


def take_reserve(run: Run, asked_ns: int) -> int:
    """Uses the reserve for the part; answers how much of it is still to be debited."""
    if run.reserve_ns >= asked_ns:
        run.reserve_ns -= asked_ns
        run.last_usage_ns = asked_ns
        run.total_usage_ns += asked_ns
        return 0
    missing_ns = asked_ns - run.reserve_ns
    run.reserve_ns = 0
    return missing_ns


def debit_part(charging: Charging, run: Run, asked_ns: int, last_used_ns: int | None, cause: Cause) -> int | Refusal:
    """Debits the next `asked_ns` of the run; answers how many ns of them are granted.

    A refusal leaves the run as if the part had not been asked for, but for the correction of the part before.
    """
    if last_used_ns is not None:
        correct_usage(run, last_used_ns)
    missing_ns = take_reserve(run, asked_ns)
    if missing_ns == 0:
        return asked_ns
    call = run.call
    call.infos = None  # a plan that was loaded meanwhile prices this part
    if call.loop_index > 0:
        call.start_ns = call.end_ns
    call.end_ns = call.start_ns + missing_ns
    age_ns = call.duration_index_ns
    call.duration_index_ns = age_ns + missing_ns
    start_ns = call.start_ns
    cost = charging.max_debit(call, cause)
    if not isinstance(cost, CallCost):
        run.reserve_ns += asked_ns - missing_ns
        call.duration_index_ns = age_ns
        call.end_ns = start_ns
        return cost
    taken_ns = cost.rated_usage_ns
    call.end_ns = cost.spans[-1].end_ns if cost.spans else start_ns
    call.duration_index_ns = age_ns + taken_ns
    run.reserve_ns += max(0, taken_ns - missing_ns)
    run.last_usage_ns = asked_ns if taken_ns >= missing_ns else taken_ns + asked_ns - missing_ns
    call.max_cost_so_far += cost.cost
    call.loop_index += 1
    run.total_usage_ns += run.last_usage_ns
    if cost.spans:
        add_cost(run, EventCost.of(cost, run.call.cgrid, run.id), charging.options.returned_units)
    return run.last_usage_ns


def pass_free(run: Run, asked_ns: int, last_used_ns: int | None) -> int:
    """The next `asked_ns` of the run while it is not chargeable: nothing is taken for what the reserve does not cover."""
    if last_used_ns is not None:
        correct_usage(run, last_used_ns)
    missing_ns = take_reserve(run, asked_ns)
    if missing_ns > 0:
        add_pause(run, missing_ns)
        run.last_usage_ns = asked_ns
        run.total_usage_ns += asked_ns
    return asked_ns


def add_pause(run: Run, usage_ns: int) -> None:
    """So much more of the run is free. Before its first charge it moves the beginning of what will be charged."""
    call = run.call
    if call.loop_index > 0:
        call.start_ns = call.end_ns
    add_cost(run, EventCost.pause(call.cgrid, run.id, call.start_ns, call.zone, usage_ns, call.account))
    call.end_ns = call.start_ns + usage_ns
    call.duration_index_ns += usage_ns
    if call.loop_index == 0:
        call.start_ns = call.end_ns


def add_cost(run: Run, cost: EventCost, returned: frozenset[str] = ALL_UNITS) -> None:
    """The run cost this in addition."""
    known = run.cost
    if known is None:
        run.set_cost(cost)
    else:
        known.merge(cost, returned)


def rewind(run: Run, begin_ns: int) -> None:
    """The run, whose unused part has gone back, is to be charged on from where its cost ends; `begin_ns` is where it began, if that was
    all."""
    call, cost = run.call, run.cost
    if cost is None:
        return
    used_ns = cost.usage_ns
    end_ns = (cost.start_ns if cost.charges else begin_ns) + used_ns
    if call.end_ns == end_ns and call.duration_index_ns == used_ns:
        return
    call.start_ns = call.end_ns = end_ns
    call.duration_index_ns = used_ns
    call.max_cost_so_far = cost.cost
    call.run_price = None
    call.run_step_ns = call.run_length = 0
    if not cost.charges:
        call.loop_index = 0
    elif cost.charges[-1].increments:
        last = cost.charges[-1].increments[-1]
        if last.price is not None and last.money is not None:
            call.run_price = last.price
            call.run_step_ns = last.duration_ns
            call.run_length = last.offset + last.count


def debit_rest(charging: Charging, run: Run, missing_ns: int, cause: Cause) -> Refusal | None:
    """Debits what the session used beyond what was granted; the account may become negative."""
    call = run.call
    if call.loop_index > 0:
        call.start_ns = call.end_ns
    call.end_ns = call.start_ns + missing_ns
    call.duration_index_ns += missing_ns
    call.force_duration = False
    call.infos = None
    cost = charging.debit(call, cause)
    if not isinstance(cost, CallCost):
        return cost
    if cost.spans:
        call.end_ns = cost.spans[-1].end_ns
        call.loop_index += 1
        add_cost(run, EventCost.of(cost, call.cgrid, run.id), charging.options.returned_units)
    return None
