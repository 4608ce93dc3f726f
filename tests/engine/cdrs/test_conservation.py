"""For any tariff, balances and records: rating again is as if rated once, giving back leaves what was there, every cost is its entries."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.records import CdrPut
from engine.usage import MINUTE, SECOND
from tests.engine.cdrs.shop import add, ask, fields, kept, taken
from tests.engine.house import TENANT
from tests.site import Site

PRICES = st.sampled_from(["0", "0.01", "0.07", "0.6", "1.2345", "3.75", "0.0001", "0.123456789"])
STEPS = st.sampled_from([1, 7, 30, 60])
FEES = st.sampled_from(["0", "0.05", "0.333333333"])
ROUNDINGS = st.sampled_from([("*middle", 5), ("*up", 2), ("*down", 3), ("", 0)])
REQUESTS = st.sampled_from(["*postpaid", "*prepaid", "*pseudoprepaid", "*rated"])
USAGES = st.integers(0, 400)
BALANCES = st.lists(
    st.tuples(st.sampled_from(["*monetary", "*voice"]), st.integers(0, 300), st.integers(0, 3), st.sampled_from(["", "*zero1s", "other"])),
    max_size=4,
)
CALLS = st.lists(st.tuples(REQUESTS, USAGES), min_size=1, max_size=4)
Tariff = tuple[str, int, str, tuple[str, int], bool]
TARIFFS = st.tuples(PRICES, STEPS, FEES, ROUNDINGS, st.booleans())
Holdings = list[tuple[str, int, int, str]]
Calls = list[tuple[str, int]]


def build(tariff: Tariff, holdings: Holdings) -> Site:
    site = Site(exact=tariff[4])
    put_price(site, tariff)
    site.price("other", ("0", "0.03", SECOND, MINUTE))
    site.account("ann")
    for index, (kind, value, weight, subject) in enumerate(holdings):
        subject = "" if kind == "*monetary" and subject.startswith("*zero") else subject
        amount = value * SECOND if kind == "*voice" else value
        add(site, kind, amount, ID=f"b{index}", Weight=weight, RatingSubject=subject)
    return site


def put_price(site: Site, tariff: Tariff) -> None:
    """Where increments are rounded, values of balances are (recorded): a fee has no more decimals than they keep then."""
    price, step, fee, (method, decimals), exact = tariff
    fee = fee if exact else fee[:7]
    site.price("*any", ("0", price, step * SECOND, MINUTE), fee=fee, method=method, decimals=decimals)


def charge(site: Site, calls: Calls) -> None:
    for number, (request, usage) in enumerate(calls):
        assert ask(site, origin=f"o{number}", request=request, usage=f"{usage}s") == "OK"


def held(site: Site) -> dict[str, list[int]]:
    """What the account has, without empty types and the default balance that a debit made and nothing is in any more."""
    found = {kind: [value for value in chain if value] for kind, chain in site.values("ann").items()}
    return {kind: chain for kind, chain in found.items() if chain}


def told(cdr: CdrPut) -> tuple[Any, ...]:
    return cdr.cgrid, cdr.cost_amount, cdr.usage_ns, cdr.extra_info, cdr.cost_source


def check(site: Site) -> None:
    """Costs are entries, balances are entries."""
    site.verify()
    for cdr in kept(site):
        if cdr.request_type != "*rated" and cdr.extra_info == "":
            assert taken_money(site, cdr) == (cdr.cost_amount if cdr.cost_amount and cdr.cost_amount > 0 else 0)


def taken_money(site: Site, cdr: CdrPut) -> int:
    return -sum(one.delta_amount for one in site.entries() if one.cause_id == cdr.cgrid and one.balance_type == "*monetary")


@settings(deadline=None, max_examples=60)
@given(TARIFFS, BALANCES, CALLS, st.integers(1, 3))
@example(("0.0001", 60, "0", ("*down", 3), True), [], [("*prepaid", 138)], 1)  # a cost that rounds to nothing
def test_rating_again_is_as_if_rated_once(tariff: Tariff, holdings: Holdings, calls: Calls, times: int) -> None:
    once, often = build(tariff, holdings), build(tariff, holdings)
    charge(once, calls)
    charge(often, calls)
    for _ in range(times):
        assert often.call("CDRsV1.RateCDRs", {"Flags": ["*rerate"], "Tenants": [TENANT]}) == "OK"
    assert held(often) == held(once)
    assert [told(cdr) for cdr in kept(often)] == [told(cdr) for cdr in kept(once)]
    check(once)
    check(often)


@settings(deadline=None, max_examples=60)
@given(TARIFFS, BALANCES, CALLS, st.booleans())
def test_giving_back_leaves_what_was_there(tariff: Tariff, holdings: Holdings, calls: Calls, cut: bool) -> None:
    site = build(tariff, holdings)
    before = held(site)
    charge(site, calls)
    if cut:
        site.cut()
    for number, (request, usage) in reversed(list(enumerate(calls))):
        params = {"Tenant": TENANT, "Flags": ["*refund", "*store:false"], "Event": fields(f"o{number}", request, f"{usage}s")}
        for _ in range(2):  # the second time there is nothing more to give
            assert site.call("CDRsV1.ProcessEvent", params) == "OK"
    assert held(site) == before
    assert all(taken(site, cdr.cgrid) == 0 for cdr in kept(site))
    site.verify()


@settings(deadline=None, max_examples=40)
@given(TARIFFS, TARIFFS, BALANCES, CALLS, st.integers(0, 3))
def test_a_new_price_charges_as_if_it_had_been_the_first(first: Tariff, then: Tariff, holdings: Holdings, calls: Calls, cuts: int) -> None:
    """Also when the process dies between giving back and rating, and the call is repeated."""
    then = (*then[:4], first[4])
    site, other = build(first, holdings), build(then, holdings)
    charge(site, calls)
    charge(other, calls)
    put_price(site, then)
    for _ in range(cuts):
        half_way(site)
    assert site.call("CDRsV1.RateCDRs", {"Tenants": [TENANT]}) == "OK"
    assert held(site) == held(other)
    assert [told(cdr)[1:] for cdr in kept(site)] == [told(cdr)[1:] for cdr in kept(other)]
    check(site)


def half_way(site: Site) -> None:
    """What a call to rate again leaves when the process dies before the first record is rated."""
    from engine.commands import CdrSwitches, RefundCdrs

    site.step(RefundCdrs([(cdr.cgrid, cdr.run_id) for cdr in kept(site)], CdrSwitches(rate=True)))
    assert all(cdr.cost_amount == 0 or not cdr.cost_details or cdr.request_type == "*rated" for cdr in kept(site))
    site.cut()
    site.verify()
