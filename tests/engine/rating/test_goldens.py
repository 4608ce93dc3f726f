"""goldens/rating_cost.json by id: every case whose data is there. Cases of accounts, sessions and the scheduler are other rooms'."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import Refusal
from engine.money import amount_of, round_by_method
from engine.rating.book import Destination, Rate, Rating, Timing
from engine.rating.call import NO_MATCH, Call, CallCost, RatingInfo, RatingOptions, Span
from engine.rating.compile import make_interval
from engine.rating.cost import EventCost
from engine.rating.lookup import plan_infos
from engine.rating.query import get_cost
from engine.rating.split import Splitter, split
from engine.rating.tariff import Tariff
from engine.rating.timings import is_active
from engine.times import UTC_ZONE, parse_time
from engine.usage import DATA, SECOND, VOICE, parse_duration
from tests.engine.rating.build import EXACT, TENANT, call_of, price, put_profile, simple, slot, tariff_of
from tests.engine.rating.places import REFERENCE, need
from tests.engine.rating.plan_folder import ANY_TIMING, make_plan, read_tariff

NOW = parse_time("2026-03-11T11:00:00Z", UTC_ZONE, 0).ns  # what *now is: a Wednesday
Case = dict[str, Any]

ELSEWHERE = {
    "calldesc_csv": "its rows (rating_fixture_calldesc.json) are not in the reference",
    "data/tariffplans/tutorial2": "its plan is not in the reference",
    "data/tariffplans/test/destinations/cacheall": "its plan is not in the reference",
}
OTHER_ROOMS = {"timing_cron": "scheduler", "Responder.Debit": "accounts", "Responder.MaxDebit": "accounts"}
ROUND_DECIMALS = {"rate-076": 2, "rate-079": 2, "rate-080": 2, "rate-081": 2, "rate-082": 2, "rate-083": 2, "rate-084": 0, "rate-085": -1}


def load_cases() -> list[Case]:
    path = REFERENCE / "goldens" / "rating_cost.json"
    if not path.exists():
        return []
    cases: list[Case] = json.loads(path.read_text(), parse_float=Decimal)["cases"]
    return cases


CASES = load_cases()


def test_goldens_are_there() -> None:
    need(REFERENCE / "goldens" / "rating_cost.json")
    assert len(CASES) == 143


@functools.cache
def tariff_at(folder: str) -> Tariff:
    return read_tariff(need(REFERENCE / "tariffplans" / folder))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_golden(case: Case) -> None:
    if case["fixture"] in ELSEWHERE and case["id"] not in BY_ID:
        pytest.skip(ELSEWHERE[case["fixture"]])
    if case["api"] in OTHER_ROOMS:
        pytest.skip(f"the room of {OTHER_ROOMS[case['api']]} plays it")
    player = PLAYERS.get(case["api"]) or BY_ID.get(case["id"])
    if player is None and case["fixture"].startswith("data/"):
        player = play_plan
    assert player is not None, f"{case['api']} has no player"
    player(case)


def options_of(case: Case, depth: int = 3) -> RatingOptions:
    return RatingOptions(exact=False, rounding_decimals=case["rounding_decimals"], fallback_depth=depth)


def expect(case: Case, cost: CallCost | Refusal, *, summed: bool) -> None:
    if "error" in case:
        assert isinstance(cost, Refusal)
        assert cost.value in case["error"]
        return
    assert isinstance(cost, CallCost), cost
    found = EventCost.of(cost, "", "").cost if summed else cost.cost
    assert found == amount_of(case["cost"])


def ns(value: object) -> int:
    return value if isinstance(value, int) else parse_duration(str(value))


# -- plans of the reference ------------------------------------------------------------------------------------------------


def play_plan(case: Case) -> None:
    tariff = tariff_at(case["fixture"].rpartition("/")[2])
    api = case["api"]
    if "time_start" in case:
        start = parse_time(case["time_start"], UTC_ZONE, NOW)
        usage = parse_time(case["time_end"], UTC_ZONE, NOW).ns - start.ns
    else:
        start = parse_time(case.get("answer_time") or case["setup_time"], UTC_ZONE, NOW)
        usage = ns(case["usage"])
    tor = DATA if "Data" in api else ""
    call = Call(
        case.get("tenant", "cgrates.org"),
        case.get("category", "call"),
        case.get("subject", ""),
        "",
        case.get("destination", ""),
        tor,
        start.ns,
        start.ns + usage,
        start.zone,
    )
    if api == "RALsV1.GetRatingPlansCost":
        for plan_id in case["rating_plan_ids"]:
            infos = plan_infos(tariff, call, plan_id, "")
            if not isinstance(infos, Refusal):
                assert plan_id == case["rating_plan"]
                call.infos = infos
                break
    expect(case, get_cost(tariff, call, options_of(case)), summed=api in ("APIerSv1.GetCost", "RALsV1.GetRatingPlansCost"))


# -- cases that carry their data -------------------------------------------------------------------------------------------


def play_subjects(case: Case) -> None:
    data = case["inline"]
    tariff = Tariff()
    method, decimals = data["rounding"]
    for name, fee, value, unit, step, start in data["rates"]:
        found = Rating(str(fee), method, decimals, "0", "", (Rate(ns(start), str(value), ns(step), ns(unit)),))
        tariff.put_rating_plan(make_plan(name, [("*any", found, ANY_TIMING, "10")]))
    for subject, plan_id in data["profiles"].items():
        put_profile(tariff, subject, (data["activation"], plan_id, ()))
    start = parse_time(case["time_start"], UTC_ZONE, NOW).ns
    end = parse_time(case["time_end"], UTC_ZONE, NOW).ns
    expect(
        case,
        get_cost(tariff, Call(TENANT, "call", case["subject"], "", case["destination"], VOICE, start, end, UTC_ZONE), options_of(case)),
        summed=False,
    )


def play_fallbacks(case: Case) -> None:
    """Each subject has a destination and a price of its own; the chain is longer than the depth."""
    tariff = Tariff()
    chain = {
        "MainSubj": ("1", ("FBSubj2", "FBSubj1")),
        "FBSubj2": ("2", ()),
        "FBSubj1": ("3", ("FBSubj3",)),
        "FBSubj3": ("4", ("FBSubj4",)),
    }
    chain |= {"FBSubj4": ("5", ("DEFAULT",)), "DEFAULT": ("6", ())}
    for subject, (number, fallbacks) in chain.items():
        tariff.put_destination(Destination(f"D{number}", (f"{number}001",)))
        found = Rating("0", "*up", 20, "0", "", (slot(number, SECOND),))
        tariff.put_rating_plan(make_plan(f"P{number}", [(f"D{number}", found, ANY_TIMING, "10")]))
        put_profile(tariff, subject, ("2014-01-01T00:00:00Z", f"P{number}", fallbacks))
    call = call_of(10 * SECOND, start="2021-02-02T16:15:00Z", destination=case["destination"], subject="MainSubj")
    cost = get_cost(tariff, call, options_of(case, depth=4))
    expect(case, cost, summed=False)
    if isinstance(cost, CallCost):
        assert cost.spans[0].match.subject == case["rating_filter_subject"].replace("cgrates.org", TENANT)


def play_span(case: Case) -> None:
    if "increments" in case:
        assert sum(amount_of(cost) for cost in case["increments"]) == amount_of(case["cost"])
        return
    value, unit, step = str(case["rate"][1]), ns(case["rate"][3]), ns(case["rate"][2])
    cost = get_cost(simple(value, unit, step), call_of(ns(case["duration"])), EXACT)  # a span's cost before it is divided into steps
    expect(case, cost, summed=False)


def play_groups(case: Case) -> None:
    slots = tuple(Rate(ns(start), str(value), ns(step), ns(unit)) for start, value, step, unit in case["groups"])
    start = parse_time(case["time_start"], UTC_ZONE, NOW).ns
    usage = parse_time(case["time_end"], UTC_ZONE, NOW).ns - start
    tariff = tariff_of(("*any", Rating("0", "*up", 4, "0", "", slots), ANY_TIMING, "10"))
    cost = get_cost(tariff, call_of(usage, start=case["time_start"]), options_of(case))
    assert isinstance(cost, CallCost)
    assert [span.cost for span in cost.spans] == [amount_of(value) for value in case["costs"]]
    assert cost.spans[0].end_ns == parse_time(case["split_at"], UTC_ZONE, NOW).ns
    if "second_end" in case:
        assert cost.spans[1].end_ns == parse_time(case["second_end"], UTC_ZONE, NOW).ns


def timing_of(data: Case) -> Timing:
    days = tuple(day % 7 for day in data.get("weekdays", ()))
    return Timing(
        "T",
        tuple(data.get("years", ())),
        tuple(data.get("months", ())),
        tuple(data.get("monthdays", ())),
        days,
        data.get("start", "00:00:00"),
        data.get("end", ""),
    )


def play_contains(case: Case) -> None:
    moment = parse_time(case["time"], UTC_ZONE, NOW)
    assert is_active(timing_of(case["timing"]), moment.ns, moment.zone) is case["expected"]


def play_margins(case: Case) -> None:
    if case["timing"].get("end"):
        pytest.skip("the end of a timing is not used in rating (recorded: rating-timings/27)")
    start = parse_time(case["time_start"], UTC_ZONE, NOW).ns
    end = parse_time(case["time_end"], UTC_ZONE, NOW).ns
    interval = make_interval(timing_of(case["timing"]), Rating("0", "*up", 4, "0", "", (slot("1"),)), "10")
    whole = Span(start, end, end - start, None, NO_MATCH)
    spans = Splitter(RatingInfo(NO_MATCH, start, [interval], ()), UTC_ZONE, True).cut([whole])
    priced = {None: [False], "whole": [True], "none": [False], "first": [True, False], "second": [False, True]}[case["interval_on"]]
    assert [span.interval is interval for span in spans] == priced
    assert (len(spans) == 1) is (case["split_at"] is None)
    if case["split_at"]:
        assert spans[0].end_ns == parse_time(case["split_at"], UTC_ZONE, NOW).ns


def play_activation(case: Case) -> None:
    start = parse_time(case["time_start"], UTC_ZONE, NOW).ns
    end = parse_time(case["time_end"], UTC_ZONE, NOW).ns
    interval = make_interval(ANY_TIMING, Rating("0", "*up", 4, "0", "", (slot("1"),)), "10")
    for active, parts in case["activations"].items():
        infos = [
            RatingInfo(NO_MATCH, start - SECOND, [interval], ()),
            RatingInfo(NO_MATCH, parse_time(active, UTC_ZONE, NOW).ns, [interval], ()),
        ]
        spans = split(Call(TENANT, "call", "sub", "", "1", VOICE, start, end, UTC_ZONE), infos)
        assert isinstance(spans, list)
        borders = [span.start_ns for span in spans[1:]]
        assert borders == ([] if parts is None else [parse_time(parts[0], UTC_ZONE, NOW).ns])


def play_better(case: Case) -> None:
    one = make_interval(ANY_TIMING, Rating("0", "", 0, "0", "", (slot("1", SECOND),)), "0")
    two = make_interval(ANY_TIMING, Rating("0", "", 0, "0", "", (slot("2", SECOND),)), "0")
    heavy = make_interval(ANY_TIMING, Rating("0", "", 0, "0", "", (slot("2", SECOND),)), "1")
    start = parse_time("2026-03-11T00:00:00Z", UTC_ZONE, NOW).ns
    for rows, best in (([one, two], one), ([one, heavy], heavy), ([heavy, one], heavy)):
        spans = Splitter(RatingInfo(NO_MATCH, start, list(rows), ()), UTC_ZONE, True).cut(
            [Span(start, start + SECOND, SECOND, None, NO_MATCH)]
        )
        assert [span.interval for span in spans] == [best]


def play_split(case: Case) -> None:
    start = parse_time(case["time_start"], UTC_ZONE, NOW).ns
    end = parse_time(case["time_end"], UTC_ZONE, NOW).ns
    found = Rating("0", "*up", 4, "0", "", (slot("1"),))
    rows = [make_interval(timing_of(item), found, str(item.get("weight", 10))) for item in case["intervals"]]
    spans = Splitter(RatingInfo(NO_MATCH, start, list(rows), ()), UTC_ZONE, True).cut([Span(start, end, end - start, None, NO_MATCH)])
    assert len(spans) == case["timespans"]
    if "chosen_interval" in case:
        assert spans[0].interval is rows[case["chosen_interval"]]
    for span, clock in zip(spans, case.get("starts", ()), strict=False):
        assert span.interval is not None
        assert span.interval.timing is not None
        assert span.interval.timing.StartTime == clock


def play_round(case: Case) -> None:
    decimals = ROUND_DECIMALS.get(case["id"], 1)
    assert round_by_method(amount_of(case["value"]), decimals, case["method"]) == amount_of(case["expected"])


def play_price(case: Case) -> None:
    """A price and a usage: what the query at the bottom of it answers."""
    tor = case.get("tor", VOICE)
    usage = (
        ns(case["usage"])
        if "usage" in case
        else parse_time(case["time_end"], UTC_ZONE, NOW).ns - parse_time(case["time_start"], UTC_ZONE, NOW).ns
    )
    method, decimals = case["rounding"]
    slots = tuple(Rate(ns(row[4]), str(row[1]), ns(row[3]), ns(row[2])) for row in case["rates"])
    tariff = tariff_of(("*any", Rating("0", method, decimals, "0", "", slots), ANY_TIMING, "10"))
    start = case.get("time_start", "2026-03-11T10:00:00Z").replace(" local", "Z")
    expect(case, get_cost(tariff, call_of(usage, start=start, tor=tor), options_of(case)), summed=False)


def play_octets(case: Case) -> None:
    data = case["inline"]
    rows = []
    method, decimals = data["rounding"]
    for text, timing, weight in data["RP"]:
        value, _, unit, _, step = text.split()
        found = Rating("0", method, decimals, "0", "", (Rate(0, value, ns(step), ns(unit)),))
        rows.append(("*any", found, Timing(timing, (), (), (), (), data["timings"][timing]), str(weight)))
    call = call_of(ns(case["usage"]), start=case["time_start"].replace(" local", "Z"), tor=DATA, destination="")
    expect(case, get_cost(tariff_of(*rows), call, options_of(case)), summed=False)


# -- cases whose rows are not in the reference, with rows that say the same --------------------------------------------------

EVENING = Timing("EVENING", StartTime="18:00:00")


def rows_of(case: Case) -> tuple[tuple[str, Rating, Timing, str], ...]:
    """What the notes of the case say about its subject's prices."""
    second = slot("1", SECOND)
    half = price(slot("0.5", SECOND))
    minute_first = (slot("1", SECOND, 60 * SECOND), slot("1", SECOND, SECOND, 60 * SECOND))
    day = ("*any", price(second, fee="1"), ANY_TIMING, "10")
    plans = {
        "rif": (day, ("*any", half, EVENING, "10")),
        "not_exiting": (day, ("*any", half, EVENING, "10")),
        "round": (("*any", price(slot("0.1"), method="*middle"), ANY_TIMING, "10"),),
        "trp": (("*any", price(*minute_first), ANY_TIMING, "10"),),
        "dy": (("*any", price(slot("0.05"), fee="0.15", decimals=2), ANY_TIMING, "10"),),
        "max": (
            ("*any", price(second, limit="10", strategy="*disconnect"), ANY_TIMING, "10"),
            ("*any", price(second, limit="10", strategy="*free"), EVENING, "10"),
        ),
    }
    return (("*any", price(*minute_first), ANY_TIMING, "10"),) if case["category"] == "data" else plans[case["subject"]]


def play_noted(case: Case) -> None:
    start = parse_time(case["time_start"], UTC_ZONE, NOW)
    usage = parse_time(case["time_end"], UTC_ZONE, NOW).ns - start.ns
    call = call_of(usage, start=case["time_start"], destination=case["destination"], tor=case.get("tor", VOICE))
    call.loop_index = case.get("loop_index", 0)
    call.duration_index_ns = ns(case.get("duration_index", "0"))
    cost = get_cost(tariff_of(*rows_of(case)), call, options_of(case))
    assert isinstance(cost, CallCost)
    if "cost" in case:
        expect(case, cost, summed=False)
    if "timespans" in case:
        assert len(cost.spans) == case["timespans"]


PLAYERS: dict[str, Callable[[Case], None]] = {
    "TimeSpan.cost": play_span,
    "split_rate_groups": play_groups,
    "interval_contains": play_contains,
    "split_by_interval": play_margins,
    "split_by_activation": play_activation,
    "better_interval": play_better,
    "split": play_split,
    "round": play_round,
    "CDRsV2.ProcessEvent flags [*rals]": play_fallbacks,
}
BY_ID: dict[str, Callable[[Case], None]] = {
    **{f"rate-{number:03d}": play_noted for number in (1, 2, 5, 6, 7, 12, 13, 14, 15, 22, 23, 25, 26, 28, 29)},
    "rate-033": play_subjects,
    "rate-034": play_subjects,
    "rate-133": play_price,
    "rate-134": play_price,
    "rate-135": play_price,
    "rate-136": play_price,
    "rate-137": play_price,
    "rate-138": play_octets,
    "rate-139": play_octets,
    "rate-140": play_octets,
    "rate-141": play_price,
    "rate-142": play_price,
    "rate-143": play_price,
}
