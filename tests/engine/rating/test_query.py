"""What a cost query answers where the recordings are silent: gaps, bounds, folds, clocks, speed."""

from __future__ import annotations

import pytest

from engine.errors import Refusal
from engine.limits import MAX_SPANS_PER_CALL
from engine.money import ONE
from engine.rating.book import Timing
from engine.rating.call import RatingOptions
from engine.rating.query import check_usage, get_cost, standard_cost
from engine.times import NamedZone, parse_time
from engine.usage import DAY, HOUR, MINUTE, SECOND
from tests.engine.rating.build import EXACT, PER_INCREMENT, at, call_of, cost_of, price, simple, slot, tariff_of
from tests.engine.rating.plan_folder import ANY_TIMING
from tests.measured import measured

WEEK_DAYS = Timing("WEEK", WeekDays=(1, 2, 3, 4, 5), StartTime="07:00:00")
FRIDAY_NIGHT = "2026-03-06T23:59:30Z"


def test_hours_without_a_price_in_the_middle_of_a_call_are_refused() -> None:
    tariff = tariff_of(("*any", price(slot("0.6")), WEEK_DAYS, "10"))
    assert get_cost(tariff, call_of(60 * SECOND, start=FRIDAY_NIGHT), EXACT) is Refusal.UNAUTHORIZED_DESTINATION
    assert standard_cost(tariff, call_of(60 * SECOND, start=FRIDAY_NIGHT), EXACT) is Refusal.UNAUTHORIZED_DESTINATION
    assert get_cost(tariff, call_of(60 * SECOND, start="2026-03-07T03:00:00Z"), EXACT) is Refusal.UNAUTHORIZED_DESTINATION


def test_a_step_that_reaches_over_the_gap_is_priced() -> None:
    tariff = tariff_of(("*any", price(slot("0.6", step=MINUTE)), WEEK_DAYS, "10"))
    assert cost_of(tariff, call_of(40 * SECOND, start=FRIDAY_NIGHT)).cost == 600_000_000


@pytest.mark.parametrize("fee", ["0", "0.2"])
def test_a_connect_fee_is_charged_once_however_spans_fold(fee: str) -> None:
    tariff = simple("0.6", fee=fee)
    cost = cost_of(tariff, call_of(60 * SECOND, start="2026-03-04T23:59:30Z"))
    assert cost.cost == 600_000_000 + (200_000_000 if fee == "0.2" else 0)
    assert [span.count for span in cost.spans] == ([2] if fee == "0" else [1, 1])


def test_the_connect_fee_belongs_to_the_beginning() -> None:
    tariff = simple("0.6", fee="0.2")
    later = call_of(60 * SECOND)
    later.loop_index = 1
    assert cost_of(tariff, later).cost == 600_000_000
    assert standard_cost(tariff, later, EXACT).cost == 600_000_000  # type: ignore[union-attr]
    first = standard_cost(tariff, call_of(60 * SECOND), EXACT)
    assert not isinstance(first, Refusal)
    assert first.cost == 800_000_000
    assert [run.duration_ns for span in first.spans for run in span.increments or []] == [SECOND]


def test_a_call_of_no_length_says_only_what_would_price_it() -> None:
    cost = cost_of(simple("0.6", fee="0.2"), call_of(0))
    assert (cost.cost, cost.rated_usage_ns, len(cost.spans)) == (0, 0, 1)
    assert (cost.spans[0].match.plan_id, cost.spans[0].interval, cost.spans[0].count) == ("PLAN", None, 0)
    assert cost_of(simple("0.6"), call_of(0, subject="nobody")).spans == []


def test_a_later_part_keeps_the_rows_that_its_call_found() -> None:
    tariff = simple("0.6")
    call = call_of(60 * SECOND)
    assert not isinstance(standard_cost(tariff, call, EXACT), Refusal)
    tariff.remove_rating_plan("PLAN")
    call.start_ns += 30 * SECOND
    rest = standard_cost(tariff, call, EXACT)
    assert not isinstance(rest, Refusal)
    assert rest.spans[0].cost == 300_000_000
    assert get_cost(tariff, call_of(60 * SECOND), EXACT) is Refusal.UNAUTHORIZED_DESTINATION


def test_a_day_of_changed_clocks_is_cut_at_its_own_midnight() -> None:
    zone = NamedZone("Europe/Berlin")
    start = parse_time("2026-03-28 23:30:00", zone, 0)  # the night in which clocks go forward
    call = call_of(0)
    call.zone, call.start_ns, call.end_ns = zone, start.ns, start.ns + 25 * HOUR
    spans = cost_of(tariff_of(("*any", price(slot("0.6")), WEEK_DAYS, "10"), ("*any", price(slot("0.3")), ANY_TIMING, "5")), call).spans
    assert [span.start_ns for span in spans] == [start.ns, at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")]


def test_a_call_with_too_many_spans_is_refused() -> None:
    tariff = simple("0.6")
    assert get_cost(tariff, call_of((MAX_SPANS_PER_CALL + 10) * DAY), EXACT) is Refusal.MAX_USAGE_EXCEEDED
    slots = tuple(slot("0.1", start=number * SECOND) for number in range(200))
    many = tariff_of(("*any", price(*slots), Timing("EARLY", Months=tuple(range(1, 13))), "10"))
    assert len(cost_of(many, call_of(150 * SECOND)).spans) == 150


def test_usage_limits_are_by_type_with_any_for_the_others() -> None:
    options = RatingOptions(exact=True, max_usage_ns={"*any": 100, "*sms": 10})
    assert check_usage(call_of(11, tor="*sms"), options) is Refusal.MAX_USAGE_EXCEEDED
    assert check_usage(call_of(10, tor="*sms"), options) is None
    assert check_usage(call_of(101, tor="*fax"), options) is Refusal.MAX_USAGE_EXCEEDED
    assert check_usage(call_of(10**12), EXACT) is None


def test_a_limit_makes_the_rest_free_and_is_rounded() -> None:
    limited = price(slot("1", SECOND), limit="10.123456", strategy="*free", decimals=2)
    assert cost_of(tariff_of(("*any", limited, ANY_TIMING, "10")), call_of(30 * SECOND)).cost == 10_130_000_000


def fastest(call_ns: int, tor: str) -> int:
    tariff = simple("0.7", step=7 * SECOND if tor == "*voice" else 7)
    best = 10**9
    for _ in range(20):
        call = call_of(call_ns, tor=tor)
        with measured() as took:
            cost_of(tariff, call, PER_INCREMENT)
        best = min(best, round(took.seconds * 10**9))
    return best


def test_a_month_takes_less_than_a_millisecond() -> None:
    assert fastest(31 * DAY, "*voice") < 1_000_000


def test_many_octets_take_no_longer_than_few() -> None:
    few, many = fastest(10**3, "*data"), fastest(10**12, "*data")
    assert many < 10 * few


def test_prices_below_the_last_decimal() -> None:
    """An exact run sums fractions that no step shows; per increment they are lost."""
    tariff = simple("0.00000001", unit=HOUR)
    assert cost_of(tariff, call_of(200 * HOUR)).cost == 2000
    assert cost_of(tariff, call_of(200 * HOUR), PER_INCREMENT).cost == 0
    assert ONE == 10**9
