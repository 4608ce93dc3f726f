"""goldens/accounts.json by id: debits, limits, refunds and triggers on accounts that stand alone. Rounded to 6 decimals, as its tests are.

Cases of actions and triggers are in tests/engine/actions/test_goldens.py, cases of records and sessions in
tests/gateway/api/test_golden_accounts.py.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.accounts.account import Account, Balance
from engine.accounts.charge import Charging
from engine.accounts.debit import Debit
from engine.accounts.selection import Selection
from engine.errors import Refusal
from engine.money import ONE, Ratio, amount_of, factor_of
from engine.rating.book import Destination, RatingPlan, SharedGroup, SharingParameters
from engine.rating.call import Call, CallCost, RatingOptions
from engine.rating.cost import Refund
from engine.times import UTC_ZONE, parse_time
from engine.usage import MINUTE, SECOND, parse_duration
from tests.engine.house import CAUSE, NOW, TENANT, account, balance, charging, plan, profile
from tests.goldens.golden_file import Case, golden_cases

CASES = golden_cases("accounts")
PLACES = (Destination("NAT", ("0256", "0257", "0723")), Destination("RET", ("0723", "0724")), Destination("BIG5", ("447956",)))
NOTHING = plan("RP_NONE", ("0", "0", SECOND, SECOND))
DY = plan("RP_DY", ("0", "0.05", SECOND, MINUTE), fee="0.15", method="*up", decimals=2)
MAX = plan("RP_MAX", ("0", "1", SECOND, SECOND), limit=("10", "*disconnect"))
FREE_ABOVE = plan("RP_FREE", ("0", "1", SECOND, SECOND), limit=("10", "*free"))
SECONDLY = plan("RP_SEC", ("0", "1", SECOND, SECOND))
HALF = plan("RP_HALF", ("0", "0.5", SECOND, SECOND))
TENTH = plan("RP_TENTH", ("0", "0.1", SECOND, SECOND))
DISCOUNTED = plan("RP_DISC", ("0", "0", 20 * SECOND, SECOND), fee="0.01")


def house_of(*plans: tuple[str, RatingPlan]) -> Charging:
    made = charging(*plans, destinations=PLACES)
    made.options = RatingOptions(exact=False, rounding_decimals=6)
    return made


def ns(value: object) -> int:
    return value if isinstance(value, int) else parse_duration(str(value))


def units(value: object) -> int:
    """A value of a balance: money or a count, or a duration."""
    return parse_duration(value) * ONE if isinstance(value, str) else amount_of(value)


# -- cases in the common form ------------------------------------------------------------------------------------------------


def furnish(house: Charging, holder: Account, before: dict[str, Any]) -> list[Balance]:
    made = []
    for kind, rows in before.items():
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                row = {"value": row}
            one = Balance(row.get("uuid", f"{kind}{number}"), row.get("id", ""), kind, units(row["value"]))
            one.weight = row.get("weight", 0) * ONE
            one.destination_ids = dict.fromkeys(row["dest"], True) if "dest" in row else None
            one.categories = dict.fromkeys(row["categories"], True) if "categories" in row else None
            one.shared_groups = {row["shared"]: True} if "shared" in row else None
            one.rating_subject = row.get("rating_subject", "")
            one.blocker = row.get("blocker", False)
            house.ledger.open(holder, one, CAUSE)
            made.append(one)
    return made


def plan_of(data: dict[str, Any]) -> RatingPlan:
    return plan("RP_CASE", ("0", str(data["rate"]), ns(data["increment"]), ns(data["unit"])), fee=str(data["connect_fee"]))


def call_of(data: dict[str, Any], name: str = "ann") -> Call:
    start = parse_time(data["time_start"], UTC_ZONE, NOW).ns if "time_start" in data else NOW
    usage = ns(data["usage"]) if "usage" in data else parse_time(data["time_end"], UTC_ZONE, NOW).ns - start
    destination = data.get("destination", "0723")
    return Call(TENANT, data.get("category", "call"), name, name, destination, data.get("tor", "*voice"), start, start + usage, UTC_ZONE)


def held(holder: Account, kind: str) -> list[int]:
    return [one.value for one in holder.of_type(kind)]


def left(house: Charging, before: dict[str, Any], data: dict[str, Any], *, allow_negative: bool = False) -> tuple[Account, CallCost]:
    """The account after the call was taken, and what was taken."""
    holder = account(house, "ann", allow_negative=allow_negative)
    furnish(house, holder, before)
    cost = house.debit(call_of(data), CAUSE)
    assert isinstance(cost, CallCost), cost
    return holder, cost


def check_after(holder: Account, after: dict[str, Any]) -> None:
    for kind, values in after.items():
        if isinstance(values, dict):
            assert {one.uuid: one.value for one in holder.of_type(kind)} == {name: units(value) for name, value in values.items()}
        else:
            assert held(holder, kind) == [units(value) for value in values]


def play_debit(case: Case) -> None:
    """Balances, a price, a call."""
    data = case["operation"]["debit"]
    unsaid = {"rate": 1, "increment": "10s", "unit": "1s", "connect_fee": 0}  # the price of the fixture's subject `minu`
    price = plan_of(data.get("rate") or data.get("rating_subject_rate") or unsaid)
    house = house_of(("ann", price))
    for subject in ("ann", "minu"):
        _give_price(house, subject, price, data.get("category", "call"))
    holder, cost = left(house, case["before"], data)
    check_after(holder, case["after"])
    first = (cost.spans[0].increments or [])[0]
    if "increment0" in case:
        assert first.unit is not None
        assert first.unit.balance_uuid == case["increment0"]["unit"]
        assert first.duration_ns == ns(case["increment0"].get("duration", first.duration_ns))
    if "order" in case:
        assert [span.match.subject for span in cost.spans] == case["order"]
    if "span" in case:
        match = cost.spans[0].match
        assert (match.subject, match.prefix, match.destination_id, match.plan_id) == ("testm", "0723", "NAT", "*none")


def _give_price(house: Charging, subject: str, price: RatingPlan, category: str) -> None:
    house.tariff.put_rating_plan(price)
    house.tariff.put_rating_profile(profile(subject, price.Id, category))


# -- cases that need a word of their own ---------------------------------------------------------------------------------------


def play_blocker_in_dry_run(case: Case) -> None:
    """acc-002: the fee is more than the blocker has, and nothing behind it is asked."""
    data = case["operation"]["dry_run_debit"]
    house = house_of(("ann", plan_of(data["rate"])))
    _give_price(house, "ann", plan_of(data["rate"]), "0")
    _give_price(house, "passmonde", plan_of(data["rate"]), "0")
    holder = account(house, "ann")
    furnish(house, holder, case["before"])
    assert dry_run(house, holder, call_of(data)).spans == []
    assert house.max_session(call_of(data)) == 0
    check_after(holder, case["after"])


def dry_run(house: Charging, holder: Account, call: Call) -> CallCost:
    selection = Selection(house.accounts, lambda name: house.items.get("shared_group", name), house.tariff.ids_of_prefix, house.ids)
    debit = Debit(holder, call, house.tariff, house.options, house.default_steps, selection, dry_run=True, go_negative=False)
    cost = debit.run()
    assert isinstance(cost, CallCost)
    return cost


def play_free_without_money(case: Case) -> None:
    """acc-003."""
    data = case["operation"]["dry_run_debit"]
    house = house_of(("ann", plan_of(data["rate"])))
    holder = account(house, "ann")
    cost = dry_run(house, holder, call_of(data))
    assert (cost.cost, sum(span.duration_ns for span in cost.spans)) == (0, 10 * SECOND)
    assert holder.balances is None


def play_no_negative(case: Case) -> None:
    """What balances cover is taken, the rest is left. Forced to its whole length the call is refused: that is the error of the cases."""
    data = case["operation"]["debit_no_negative"]
    house = house_of(("ann", plan_of(data["rate"])))
    for name in ("ann", "bob"):
        furnish(house, account(house, name), case["before"])
    call = call_of(data)
    call.deny_negative = True
    cost = house.debit(call, CAUSE)
    assert isinstance(cost, CallCost)
    holder = house.accounts.get(f"{TENANT}:ann")
    assert holder is not None
    check_after(holder, case.get("after", {}))
    wanted = {"acc-006": 60, "acc-011": 60, "acc-012": 10 + 40}[case["id"]]
    assert sum(span.duration_ns for span in cost.spans) == wanted * SECOND
    assert len(cost.spans) == 1
    forced = call_of(data, "bob")
    forced.subject = "ann"
    forced.force_duration = True
    assert house.max_debit(forced, CAUSE) is Refusal.INSUFFICIENT_CREDIT


def play_credit(case: Case) -> None:
    """acc-015: what a destination can be called with."""
    house = house_of(("ann", NOTHING))
    holder = account(house, "ann")
    furnish(house, holder, case["before"])
    selection = Selection(house.accounts, lambda name: None, house.tariff.ids_of_prefix, house.ids)
    voice = selection.usable(holder, call_of({"usage": "1s"}), "*voice")
    money = selection.usable(holder, call_of({"usage": "1s"}), "*monetary")
    assert isinstance(voice, list)
    assert isinstance(money, list)
    assert [list(one.balance.destination_ids or ()) for one in voice] == [["RET"], ["NAT"]]
    assert sum(one.value for one in voice) == case["result"]["seconds"] * SECOND * ONE
    assert sum(one.value for one in money) == case["result"]["credit"] * ONE


def play_priced_minutes(case: Case) -> None:
    """acc-016: the fee and 1 a second out of 21 leave 20 seconds of 110."""
    priced = plan("RP_MINU", ("0", "1", SECOND, SECOND), fee="1")
    house = house_of(("minu", priced), ("ann", priced))
    furnish(house, account(house, "ann"), case["before"])
    limit = house.max_session(call_of({"usage": "110s"}))
    assert limit == case["result"]["seconds"] * SECOND
    house.max_debit(call_of({"usage": "110s"}), CAUSE)
    holder = house.accounts.get(f"{TENANT}:ann")
    assert holder is not None
    assert held(holder, "*monetary") == [case["result"]["credit"]]


def shared_house(group: str, strategy: str = "*mine_random", price: RatingPlan = HALF) -> Charging:
    house = house_of(("ann", price))
    members = (f"{TENANT}:ann", f"{TENANT}:groupie")
    house.items.put("shared_group", group, SharedGroup(group, {"*any": SharingParameters(strategy, "")}, members))
    return house


def shared(house: Charging, own: str, other: str, group: str) -> tuple[Account, Account]:
    ann, groupie = account(house, "ann"), account(house, "groupie")
    balance(house, ann, "mine", "*monetary", own, shared_groups={group: True})
    balance(house, groupie, "theirs", "*monetary", other, shared_groups={group: True})
    return ann, groupie


def play_shared(case: Case) -> None:
    """acc-027, acc-028."""
    house = shared_house("SG_TEST", price=plan("RP_TWO", ("0", "2", 10 * SECOND, SECOND)))
    ann, groupie = shared(house, "0", "130", "SG_TEST")
    assert house.max_session(call_of({"usage": "60s", "destination": "0723045326"})) == MINUTE
    cost = house.debit(call_of({"usage": "60s", "destination": "0723045326"}), CAUSE)
    assert isinstance(cost, CallCost)
    assert (held(ann, "*monetary"), held(groupie, "*monetary")) == ([0], [10 * ONE])
    runs = [run for span in cost.spans for run in span.increments or []]
    assert sum(run.count for run in runs) == 6
    assert {run.account_id for run in runs} == {f"{TENANT}:groupie"}


def play_generic(case: Case) -> None:
    """acc-032: a second takes round_up(1/60) of a unit, 30 times."""
    house = house_of(("ann", SECONDLY))
    holder = account(house, "ann")
    factor = factor_of(format(Decimal(1) / (60 * SECOND), "f"))
    balance(house, holder, "any", "*generic", 100, 5, destination_ids={"NAT": True}, factors={"call": factor})
    balance(house, holder, "cash", "*monetary", 21)
    house.default_steps = {"*any": SECOND}
    call = call_of({"usage": "30s", "destination": "0723045326"})
    call.factor_id = "call"
    assert isinstance(house.debit(call, CAUSE), CallCost)
    check_after(holder, case["after"])


def play_fee_only(case: Case) -> None:
    """acc-029."""
    house = house_of(("ann", plan("RP_CF", ("0", "0", SECOND, SECOND), fee="1.12")))
    furnish(house, account(house, "ann"), case["before"])
    data = case["operation"]["max_session_duration"]
    assert house.max_session(call_of(data)) == 0


def play_serial(case: Case) -> None:
    """acc-035."""
    house = house_of(("ann", SECONDLY))
    holder = account(house, "ann")
    furnish(house, holder, case["before"]["cgrates.org:moneyp"])
    for _ in range(50):
        assert isinstance(house.max_debit(call_of({"usage": "60s", "destination": "49"}), CAUSE), CallCost)
    check_after(holder, case["after"])


def play_minutes_session(case: Case) -> None:
    """acc-036, acc-047: 200 s for NAT, 100 s for RET that weigh more."""
    house = house_of(("ann", SECONDLY))
    holder = account(house, "ann")
    nat = balance(house, holder, "nat", "*voice", 200 * SECOND, destination_ids={"NAT": True})
    ret = balance(house, holder, "ret", "*voice", 100 * SECOND, 20, destination_ids={"RET": True})
    assert house.max_session(call_of({"usage": "60s"})) == MINUTE
    left_over = []
    for charge in (house.debit, house.max_debit):
        cost = charge(call_of({"usage": "10s"}), CAUSE)
        assert isinstance(cost, CallCost)
        unit = (cost.spans[0].increments or [])[0].unit
        assert unit is not None
        assert unit.value == ret.value
        left_over.append(ret.value)
    assert left_over == [90 * SECOND * ONE, 80 * SECOND * ONE]
    assert nat.value == 200 * SECOND * ONE


def play_no_account(case: Case) -> None:
    """acc-037."""
    assert house_of(("ann", SECONDLY)).max_session(call_of({"usage": "60s"})) is Refusal.ACCOUNT_NOT_FOUND


def discounted(money: str = "1", minutes: int = 40) -> tuple[Charging, Account]:
    """Minutes with a fee of 0.01 in steps of 20 s, and money at 0.1 a second."""
    house = house_of(("ann", TENTH), ("discounted_minutes", DISCOUNTED))
    holder = account(house, "ann")
    balance(
        house, holder, "min", "*voice", minutes * SECOND, destination_ids={"BIG5": True}, rating_subject="discounted_minutes", uuid="min"
    )
    if money:
        balance(house, holder, "cash", "*monetary", money, 10)
    return house, holder


def play_max_rate(case: Case) -> None:
    """acc-038."""
    house, _ = discounted()
    call = call_of({"usage": "60s", "destination": "447956"})
    call.max_rate, call.max_rate_unit_ns = Ratio(1, 1), MINUTE
    assert house.max_session(call) == 40 * SECOND


def play_max_cost(case: Case) -> None:
    """acc-039, acc-040."""
    wanted = {"10s": (MAX, 10 * SECOND), "30m": (FREE_ABOVE, 30 * MINUTE)}
    price, limit = wanted[case["result"]]
    house = house_of(("ann", price))
    balance(house, account(house, "ann"), "cash", "*monetary", 11, 20)
    assert house.max_session(call_of({"usage": "30m", "destination": "0723123113"})) == limit


def play_blocker_session(case: Case) -> None:
    """acc-041, acc-042: only the blocker pays for NAT; elsewhere the other one does."""
    house = house_of(("ann", DY))
    furnish(house, account(house, "ann"), next(iter(case["before"].values())))
    assert house.max_session(call_of({"usage": "30m"})) == ns(case["result"])
    assert house.max_session(call_of({"usage": "30m", "destination": "444"})) == 30 * MINUTE


def play_rounding(case: Case) -> None:
    """acc-043, acc-044."""
    at_most = "max_debit PerformRounding" in case["operation"]
    house = house_of(("ann", DY))
    holder = account(house, "ann")
    furnish(house, holder, case["before"]["cgrates.org:dy"])
    call = call_of({"usage": "24s" if at_most else "180s"})
    call.perform_rounding = True
    cost = house.max_debit(call, CAUSE) if at_most else house.debit(call, CAUSE)
    assert isinstance(cost, CallCost)
    check_after(holder, case["after"])
    assert cost.cost == amount_of(case["cost"])


def play_shared_session(case: Case) -> None:
    """acc-045: each may use what the other has. The source asks for half; here both shares are its own to draw on, nothing is reserved."""
    house = shared_house("SG2", price=HALF)
    ann, groupie = shared(house, "0", "10", "SG2")
    assert house.max_session(call_of({"usage": "60s"})) == 20 * SECOND
    balance(house, groupie, "own", "*monetary", 10)
    house.tariff.put_rating_profile(profile("groupie", HALF.Id))
    assert house.max_session(call_of({"usage": "60s"}, "groupie")) == 40 * SECOND
    assert ann.of_type("*monetary")[0].value == 0


def play_shared_debit(case: Case) -> None:
    """acc-046."""
    house = shared_house("SG2")
    ann, groupie = shared(house, "0", "10", "SG2")
    cost = house.max_debit(call_of({"usage": "5s"}), CAUSE)
    assert isinstance(cost, CallCost)
    assert cost.cost == amount_of(case["cost"])
    assert held(ann, "*monetary") == [0]
    assert held(groupie, "*monetary") == [amount_of("7.5")]
    ann.disabled = True
    assert house.max_debit(call_of({"usage": "5s"}), CAUSE) is Refusal.ACCOUNT_DISABLED


def play_empty_money(case: Case) -> None:
    """acc-048, acc-049."""
    house = house_of(("ann", SECONDLY if "60s 0723" in str(case["operation"]) else NOTHING))
    furnish(house, account(house, "ann"), case["before"]["vdf:luna"])
    assert house.max_session(call_of({"usage": "60s"})) == (0 if case["result"] == "0" else MINUTE)


def play_long_session(case: Case) -> None:
    """acc-050, acc-051."""
    house = house_of(("ann", plan("RP_FEE", ("0", "1", SECOND, SECOND), fee="1")))
    furnish(house, account(house, "ann"), case["before"]["cgrates.org:money"])
    asked = "2h" if case["result"] == "2h" else "3h"
    assert house.max_session(call_of({"usage": asked})) == ns(case["result"])


def play_half(case: Case) -> None:
    """acc-052, acc-053, acc-054: 5 s at 0.5."""
    house = shared_house("SG2")
    house.items.put("shared_group", "SG3", SharedGroup("SG3", {}, (f"{TENANT}:ann",)))
    before = next(iter(case["before"].values()))
    holder = account(house, "ann", allow_negative=before.get("allow_negative", False))
    furnish(house, holder, {kind: rows for kind, rows in before.items() if kind.startswith("*")})
    for _ in range(2 if "max_debit twice" in case["operation"] else 1):
        cost = house.max_debit(call_of({"usage": "5s"}), CAUSE)
        assert isinstance(cost, CallCost)
        assert cost.cost == amount_of(case["cost"])
    check_after(holder, case["after"])


def play_discounted(case: Case) -> None:
    """acc-055 … acc-058."""
    house, holder = discounted()
    asked = {"acc-055": "60s", "acc-056": "100s", "acc-057": "40s", "acc-058": "5s"}[case["id"]]
    call = call_of({"usage": asked, "destination": "447956"})
    call.force_duration = case["id"] == "acc-056"
    cost = house.max_debit(call, CAUSE)
    if "error" in case:
        assert cost is Refusal.INSUFFICIENT_CREDIT
        return
    assert isinstance(cost, CallCost)
    if "cost" in case:
        assert cost.cost == amount_of(case["cost"])
        assert cost.rated_usage_ns == ns(case["duration"])
    check_after(holder, case.get("after", {}))


def play_refund(case: Case) -> None:
    """acc-059, acc-060."""
    house = house_of(("ann", SECONDLY))
    holder = account(house, "ann")
    furnish(house, holder, CASES["acc-059"]["before"]["test:ref"])
    name = holder.id
    parts = []
    for row in case["operation"]["refund_increments"] if case["id"] == "acc-059" else ():
        taken = ns(row.get("duration", "0s")) * ONE * row.get("factor", 0)
        parts.append(Refund(name, row.get("unit", ""), taken, "*voice", row.get("money", ""), amount_of(row.get("cost", 0))))
    house.refund(parts, None, CAUSE)
    check_after(holder, case["after"] if parts else {"*monetary": [100], "*voice": ["10s", "10s"]})


def play_ddazm(case: Case) -> None:
    """acc-062, acc-063, acc-064: minutes whose fee money pays, or the default balance when there is none."""
    money = {"acc-062": "10", "acc-063": "0", "acc-064": ""}[case["id"]]
    house, holder = discounted(money)
    cost = house.debit(call_of({"usage": "10s", "destination": "447956933443"}), CAUSE)
    assert isinstance(cost, CallCost)
    assert cost.cost == amount_of(case["cost"])
    assert held(holder, "*voice") == [20 * SECOND * ONE]
    left_over = {
        "acc-062": [("cash", amount_of("9.99"))],
        "acc-063": [("cash", 0), ("*default", amount_of("-0.01"))],
        "acc-064": [("*default", amount_of("-0.01"))],
    }
    assert [(one.id, one.value) for one in holder.of_type("*monetary")] == left_over[case["id"]]


# -- artefacts of the source: what a stub answered there, and what is right -----------------------------------------------------


def play_artefact(case: Case) -> None:
    """The price of these cases is a stub there, which answers the whole call whatever is asked; here it is a price."""
    data = case["operation"]["debit"]
    house = house_of(("ann", plan_of(data["rate"])))
    holder, _ = left(house, case["before"], data)
    wanted: dict[str, dict[str, Any]] = {
        "acc-007": {"*voice": ["10s"], "*monetary": [90]},  # 60 s of 80 from minutes, the other 20 at 1 a second; the stub asks for 80
        "acc-008": {"*voice": ["0s"], "*monetary": [40]},  # its own note: 10 s are left to be paid; the stub asks for 20
        "acc-034": {"*data": [0], "*monetary": [40, -120]},  # 80 s are 2 steps of 60 s at 2 a second: 120 from 160, 120 owed
    }
    check_after(holder, wanted[case["id"]])
    assert wanted[case["id"]] != case["after"]


def play_drift(case: Case) -> None:
    """acc-061: there every write of a negative value is floored at the sixth decimal; the cost, which is exact, is what is owed."""
    house = house_of(("ann", plan("RP_ANY", ("0", "0.01", SECOND, SECOND))), ("SubjTCDDBSWF", plan("RP_0", ("0", "0", SECOND, MINUTE))))
    holder = account(house, "ann")
    balance(house, holder, "voice1", "*voice", MINUTE, rating_subject="SubjTCDDBSWF")
    cost = house.debit(call_of({"usage": "120s", "destination": "1716"}), CAUSE)
    assert isinstance(cost, CallCost)
    assert cost.cost == amount_of(case["cost"])
    assert held(holder, "*voice") == [0]
    assert held(holder, "*monetary") == [amount_of("-0.6")]
    assert amount_of(case["after"]["*monetary"][0]["value"]) == amount_of("-0.600013")


PLAYERS: dict[str, Callable[[Case], None]] = {
    **dict.fromkeys("acc-001 acc-004 acc-005 acc-009 acc-010 acc-013 acc-014 acc-030 acc-031 acc-033".split(), play_debit),
    "acc-002": play_blocker_in_dry_run,
    "acc-003": play_free_without_money,
    **dict.fromkeys("acc-006 acc-011 acc-012".split(), play_no_negative),
    **dict.fromkeys("acc-007 acc-008 acc-034".split(), play_artefact),
    "acc-015": play_credit,
    "acc-016": play_priced_minutes,
    "acc-027": play_shared,
    "acc-028": play_shared,
    "acc-029": play_fee_only,
    "acc-032": play_generic,
    "acc-035": play_serial,
    "acc-036": play_minutes_session,
    "acc-037": play_no_account,
    "acc-038": play_max_rate,
    "acc-039": play_max_cost,
    "acc-040": play_max_cost,
    "acc-041": play_blocker_session,
    "acc-042": play_blocker_session,
    "acc-043": play_rounding,
    "acc-044": play_rounding,
    "acc-045": play_shared_session,
    "acc-046": play_shared_debit,
    "acc-047": play_minutes_session,
    "acc-048": play_empty_money,
    "acc-049": play_empty_money,
    "acc-050": play_long_session,
    "acc-051": play_long_session,
    **dict.fromkeys("acc-052 acc-053 acc-054".split(), play_half),
    **dict.fromkeys("acc-055 acc-056 acc-057 acc-058".split(), play_discounted),
    "acc-059": play_refund,
    "acc-060": play_refund,
    "acc-061": play_drift,
    **dict.fromkeys("acc-062 acc-063 acc-064".split(), play_ddazm),
}


@pytest.mark.parametrize("name", PLAYERS)
def test_golden(name: str) -> None:
    PLAYERS[name](CASES[name])
