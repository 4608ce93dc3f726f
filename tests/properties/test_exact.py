"""Exact rounding: it does not matter in how many debits a call is charged, nor what lies between them (architecture, D9).

Rates round nothing here (no method): rounding a span is something else, and a session rounds once at its end.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.commands import DebitCall, RunActions
from engine.rating.book import Rate, Rating, RatingPlan, RatingProfile, Timing
from engine.rating.call import CallCost
from engine.times import UTC_ZONE, format_time, parse_time
from engine.usage import MINUTE, SECOND
from tests.engine.house import TENANT, call, profile
from tests.engine.rating.plan_folder import make_plan
from tests.site import Site, act, units

# One runs over midnight, where a call is parted. Prices that change by the clock are left out: which row prices the rest of a call then
# depends on where it was parted (recorded: money/README.md, a heavier timing that begins during a call).
STARTS = st.sampled_from([parse_time(text, UTC_ZONE, 0).ns for text in ("2026-04-07T23:59:07Z", "2026-04-07T10:00:00Z")])
PRICES = st.sampled_from(["0", "0.01", "0.07", "0.1", "1.2345", "0.0001", "0.000001", "7", "0.333333333"])
STEPS = st.sampled_from([SECOND, 3 * SECOND, 7 * SECOND, 30 * SECOND])
UNITS = st.sampled_from([SECOND, MINUTE, 7 * SECOND])
PARTS = st.lists(st.integers(1, 40), min_size=1, max_size=8)
VALUES = st.sampled_from(["0.000003", "0.01", "0.5", "1", "100"])
BALANCES = st.lists(st.tuples(st.sampled_from(["*monetary", "*monetary", "*voice"]), VALUES, st.integers(0, 3)), max_size=4)


@st.composite
def tariffs(draw: st.DrawFn) -> tuple[int, RatingPlan]:
    """(the step, a plan of up to three slots in that step)."""
    step = draw(STEPS)
    starts = sorted(draw(st.sets(st.integers(1, 12), max_size=2)))
    slots = tuple(Rate(start * step, draw(PRICES), step, draw(UNITS)) for start in (0, *starts))
    rating = Rating(draw(st.sampled_from(["0", "0.25"])), "", 0, "0", "", slots)
    return step, make_plan("RP", [("*any", rating, Timing("DAY"), "10")])


def site_of(plan: RatingPlan, balances: list[tuple[str, str, int]], start: int) -> Site:
    site = Site(now=start)
    site.put_plan(plan)
    site.put_profile(RatingProfile(profile("*any", "RP").Id, profile("*any", "RP").RatingPlanActivations))
    site.account("ann")
    for number, (kind, value, weight) in enumerate(balances):
        amount = value if kind == "*monetary" else str(int(float(value) * 60) * SECOND)
        site.step(RunActions(f"{TENANT}:ann", "t", [act("*topup", units(kind, amount, f"b{number}", Weight=str(weight)))]))
    return site


def sums(site: Site) -> dict[str, int]:
    """What is held of each type. Which of several balances pays a step depends on what they hold when it is their turn."""
    return {kind: sum(values) for kind, values in site.values("ann").items()}


def few(plan: RatingPlan, balances: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """Where steps have different prices, one balance of money: else a dear step may find two balances that neither pays it alone."""
    money = [one for one in balances if one[0] == "*monetary"]
    if len(plan.Ratings["r0"].Rates) == 1:
        return balances
    return [one for one in balances if one not in money[1:]]


@given(tariffs(), BALANCES, PARTS, STARTS, st.booleans(), st.booleans())
def test_debits_of_parts_take_what_a_debit_of_the_whole_takes(
    tariff: tuple[int, RatingPlan], balances: list[tuple[str, str, int]], parts: list[int], start: int, at_most: bool, cut: bool
) -> None:
    step, plan = tariff
    balances = few(plan, balances)
    whole, split = site_of(plan, balances, start), site_of(plan, balances, start)
    total = whole.step(DebitCall(call("ann", "ann", sum(parts) * step, start_ns=start), at_most))
    assert isinstance(total, CallCost)
    asked = call("ann", "ann", 0, start_ns=start)
    cost = wanted = 0
    for part in parts:
        wanted += part * step
        missing = start + wanted - asked.end_ns
        if missing <= 0:
            continue  # a step of the part before reached beyond this one
        asked.start_ns, asked.end_ns = asked.end_ns, asked.end_ns + missing
        asked.duration_index_ns = asked.end_ns - start
        if cut:
            split.cut()
        found = split.step(DebitCall(asked, at_most))
        assert isinstance(found, CallCost)
        cost += found.cost
        asked.end_ns = asked.start_ns + found.rated_usage_ns
        asked.loop_index += 1
        if found.rated_usage_ns < missing:
            break
    assert (sums(split), cost, asked.end_ns - start) == (sums(whole), total.cost, total.rated_usage_ns)
    split.verify()


def event(start: int, **fields: object) -> dict[str, Any]:
    moment = format_time(start, UTC_ZONE)
    known = {"OriginID": "o", "ToR": "*voice", "RequestType": "*prepaid", "Account": "ann", "Subject": "ann", "Destination": "49301"}
    return {"Tenant": TENANT, "ID": "e", "Event": known | {"SetupTime": moment, "AnswerTime": moment, "Category": "call"} | fields}


@given(tariffs(), BALANCES, PARTS, STARTS, st.integers(0, 9), st.integers(0, 320))
def test_a_session_costs_the_same_however_it_is_cut_into_parts(
    tariff: tuple[int, RatingPlan], balances: list[tuple[str, str, int]], parts: list[int], start: int, cut: int, used: int
) -> None:
    """A begin and updates, a restart between them, and an end that gives the rest back or takes more; all while there is credit."""
    step, plan = tariff
    rich = [*balances, ("*monetary", "1000000", 0)]
    costs, lefts = [], []
    for pieces in ([sum(parts)], parts):
        site = site_of(plan, rich, start)
        for number, piece in enumerate(pieces):
            verb, flag = ("Update", "UpdateSession") if number else ("Initiate", "InitSession")
            answer = site.call(f"SessionSv1.{verb}Session", event(start, Usage=f"{piece * step // SECOND}s") | {flag: True})
            assert answer == {"MaxUsage": piece * step}
            if number == cut:
                site.cut()
        end = event(start, Usage=f"{used * step // SECOND}s")
        assert site.call("SessionSv1.TerminateSession", end | {"TerminateSession": True}) == "OK"
        assert site.call("SessionSv1.ProcessCDR", end) == "OK"
        (cdr,) = site.storage.tables.cdrs.values()
        costs.append(cdr.cost_amount)
        lefts.append(sums(site))
        money = -sum(one.delta_amount for one in site.entries() if one.balance_type == "*monetary" and one.cause != "*topup")
        assert cdr.cost_amount == money
        site.verify()
    assert costs[0] == costs[1]
    assert lefts[0] == lefts[1]


def test_a_restart_forgets_no_fraction() -> None:
    """A step costs 1/7: two steps 0.285714286, four 0.571428571, six 0.857142857; each pair by itself would be one 10**-9 too many."""
    rating = Rating("0", "", 0, "0", "", (Rate(0, "1", SECOND, 7 * SECOND),))
    site = site_of(
        make_plan("RP", [("*any", rating, Timing("DAY"), "10")]),
        [("*monetary", "1", 0)],
        parse_time("2026-04-07T10:00:00Z", UTC_ZONE, 0).ns,
    )
    seen = []
    for number in range(3):
        verb, flag = ("Update", "UpdateSession") if number else ("Initiate", "InitSession")
        assert site.call(f"SessionSv1.{verb}Session", event(site.now, Usage="2s") | {flag: True}) == {"MaxUsage": 2 * SECOND}
        site.cut()
        seen.append(10**9 - sums(site)["*monetary"])
    assert seen == [285714286, 571428571, 857142857]
