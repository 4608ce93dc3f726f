"""When triggers fire, and what comes of it: thresholds of every kind, expiry and activation, sleep, counters, sets inside sets."""

from __future__ import annotations

from typing import Any

import pytest

from engine.accounts.account import Trigger
from engine.actions.book import ActionTrigger
from engine.commands import AddAccountTriggers, DebitCall, RefundCall, RunActions
from engine.effects import ActionsFailed
from engine.limits import MAX_ACTIONS_DEPTH
from engine.money import ONE
from engine.rating.book import Destination
from engine.rating.call import CallCost
from engine.rating.cost import Refund
from engine.times import DAY
from engine.usage import MINUTE, SECOND
from tests.engine.house import TENANT, call
from tests.site import NOW, Site, act, units

ANN = f"{TENANT}:ann"
MONEY = "*monetary"
PER_MINUTE = ("0", "1", SECOND, MINUTE)


def site_of(*triggers: ActionTrigger, money: str = "10") -> Site:
    """An account with money, and triggers that are added while they are not due: what they run counts one sms."""
    site = Site()
    site.price("*any", PER_MINUTE)
    site.actions("GIFT", act("*topup", units("*sms", 1, "gift")))
    site.account("ann")
    topup(site, money)
    for trigger in triggers:
        site.step(AddAccountTriggers(ANN, trigger=trigger))
    return site


def topup(site: Site, value: str, id: str = "cash", kind: str = MONEY, **fields: Any) -> None:
    site.step(RunActions(ANN, "test", [act("*topup", units(kind, value, id, **fields))]))


def take(site: Site, value: str, id: str = "cash") -> None:
    site.step(RunActions(ANN, "test", [act("*debit", units(MONEY, value, id))]))


def talk(site: Site, seconds: int, destination: str = "49301", category: str = "call") -> CallCost:
    asked = call("ann", "ann", seconds * SECOND, destination=destination, start_ns=site.now)
    asked.category = category
    cost = site.step(DebitCall(asked))
    assert isinstance(cost, CallCost)
    return cost


def fired(site: Site) -> int:
    """How often what triggers run has run."""
    return sum(site.values("ann").get("*sms", [])) // ONE


def trigger(kind: str, threshold: str, **fields: Any) -> ActionTrigger:
    given: dict[str, Any] = {"Balance": units(MONEY, id="cash"), "ActionsID": "GIFT"} | fields
    return ActionTrigger("G", "T", kind, threshold, **given)


def only(site: Site) -> Trigger:
    """The one trigger of the account."""
    found = site.held("ann").triggers
    assert found is not None
    (one,) = found
    return one


# -- thresholds ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "threshold", "values"),
    [
        ("*min_balance", "5", [(1, 0), (3, 0), (1, 1), (1, 1)]),  # 9, 6, 5: at the threshold, once
        ("*max_balance", "12", [(-1, 0), (-1, 1), (-1, 1)]),  # 11, 12
        ("*min_balance", "-1", [(10, 0), (0.5, 0), (0.5, 1)]),
    ],
)
def test_a_balance_at_or_beyond_its_threshold(kind: str, threshold: str, values: list[tuple[float, int]]) -> None:
    site = site_of(trigger(kind, threshold))
    for value, times in values:
        (take if value > 0 else topup)(site, str(abs(value)))
        assert fired(site) == times, f"after {value}"
    site.verify()


@pytest.mark.parametrize(
    ("pattern", "fires"),
    [
        (units(MONEY), 1),
        (units(MONEY, id="cash"), 1),
        (units(MONEY, id="other"), 0),
        (units("*voice"), 0),
        (units(MONEY, Weight="10"), 1),
        (units(MONEY, Weight="0"), 0),
        (units(MONEY, Blocker=False), 1),
        (units(MONEY, Blocker=True), 0),
        (units(MONEY, Disabled=True), 0),
        (units(MONEY, DestinationIDs={"A": True}), 1),
        (units(MONEY, DestinationIDs={"A": False}), 0),
        (units(MONEY, DestinationIDs={"A": True, "B": True}), 0),
        (units(MONEY, Categories={}), 1),
        (units(MONEY, Categories={"call": True}), 0),
        (units(MONEY, SharedGroups={"SG": True}), 0),
        (units(MONEY, RatingSubject="s"), 1),
        (units(MONEY, RatingSubject="other"), 0),
        (units(MONEY, ExpirationDate="0001-01-01T00:00:00Z"), 1),
        (units(MONEY, ExpirationDate="2030-01-01T00:00:00Z"), 0),
        (units(MONEY, TimingIDs={"T": True}), 0),
    ],
)
def test_only_balances_that_equal_the_pattern_count(pattern: Any, fires: int) -> None:
    site = Site()
    site.actions("GIFT", act("*topup", units("*sms", 1, "gift")))
    site.account("ann")
    site.step(AddAccountTriggers(ANN, trigger=trigger("*max_balance", "1", Balance=pattern)))
    topup(site, "5", Weight="10", DestinationIDs={"A": True}, RatingSubject="s")
    assert fired(site) == fires


def test_a_call_fires_a_trigger_when_it_reaches_the_threshold() -> None:
    site = site_of(trigger("*min_balance", "8"))
    talk(site, 60)
    assert fired(site) == 0
    cost = talk(site, 90)
    assert fired(site) == 1
    assert cost.summary is not None
    assert "gift" in [row.id for row in cost.summary.balances], "the answer shows what the trigger gave"


def test_what_a_trigger_gives_shows_in_the_answer_of_the_call() -> None:
    site = site_of(trigger("*min_balance", "9", ActionsID="FILL"))
    site.actions("FILL", act("*topup", units(MONEY, 20, "cash")))
    cost = talk(site, 60)
    money = (cost.spans[-1].increments or [])[-1].money
    assert money is not None
    assert money.value == 29 * ONE
    assert site.values("ann")[MONEY] == [29 * ONE]
    site.verify()


def test_a_balance_that_expired() -> None:
    site = site_of(trigger("*balance_expired", "0", Balance=units(MONEY)))
    site.step(RunActions(ANN, "test", [act("*topup", units(MONEY, 5, "short"), ExpirationString="+1h")]))
    assert fired(site) == 0
    site.now += 2 * 3600 * SECOND
    topup(site, "1")
    assert fired(site) == 1
    assert [one.id for one in site.held("ann").of_type(MONEY)] == ["cash"], "it is gone then"
    site.verify()


def test_refunds_fire_triggers_and_count_backwards() -> None:
    site = site_of(trigger("*max_balance", "10"), ActionTrigger("G", "C", "*max_event_counter", "100", Balance=units(MONEY)))
    take(site, "5")
    uuid = site.held("ann").of_type(MONEY)[0].uuid
    talk(site, 60)
    site.step(RefundCall(call("ann", "ann", SECOND), [Refund(ANN, "", 0, "*voice", uuid, 6 * ONE)]))
    assert site.values("ann")[MONEY] == [10 * ONE]
    assert fired(site) == 1
    (counter,) = (site.held("ann").counters or {})[MONEY][0].counters
    assert counter.value == (1 - 6) * ONE


# -- counters ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "counts"),
    [
        (units(MONEY), True),
        (units(MONEY, Categories={"call": True}), True),
        (units(MONEY, Categories={"video": True}), False),
        (units(MONEY, DestinationIDs={"NEAR": True}), True),
        (units(MONEY, DestinationIDs={"FAR": True}), False),
        (units(MONEY, DestinationIDs={"NEAR": False}), False),
        (units("*voice"), False),
    ],
)
def test_an_event_counter_counts_calls_that_fit(pattern: Any, counts: bool) -> None:
    site = site_of()
    site.put("destination", "NEAR", Destination("NEAR", ("49",)))
    site.put("destination", "FAR", Destination("FAR", ("1",)))
    site.step(AddAccountTriggers(ANN, trigger=trigger("*max_event_counter", "2", Balance=pattern)))
    talk(site, 60)
    assert fired(site) == 0
    talk(site, 60)
    assert fired(site) == counts


def test_a_balance_counter_counts_what_its_balances_paid() -> None:
    """By the pattern, not by the balance's own name (recorded: with a name it never fires)."""
    site = site_of(trigger("*max_balance_counter", "2", Balance=units(MONEY, Weight="20")))
    talk(site, 180)
    assert fired(site) == 0
    topup(site, "10", "heavy", Weight="20")
    talk(site, 60)
    assert fired(site) == 0
    talk(site, 60)
    assert fired(site) == 1


def test_a_lower_counter_fires_with_the_first_count() -> None:
    site = site_of()
    site.step(AddAccountTriggers(ANN, trigger=trigger("*min_event_counter", "5", Balance=units(MONEY))))
    talk(site, 60)
    assert fired(site) == 1
    talk(site, 60)
    assert fired(site) == 1


def test_units_are_counted_as_what_was_used() -> None:
    site = site_of(money="1")
    topup(site, str(300 * SECOND), "min", "*voice")
    site.step(AddAccountTriggers(ANN, trigger=trigger("*max_event_counter", str(90 * SECOND), Balance=units("*voice"))))
    talk(site, 60)
    assert fired(site) == 0
    talk(site, 30)
    assert fired(site) == 1


def test_counters_survive_a_restart_and_a_change_of_other_triggers() -> None:
    site = site_of(trigger("*max_event_counter", "3", Balance=units(MONEY)))
    talk(site, 60)
    site.cut()
    talk(site, 60)
    site.step(AddAccountTriggers(ANN, trigger=ActionTrigger("G", "U", "*max_event_counter", "50", Balance=units(MONEY))))
    assert fired(site) == 0
    site.cut()
    talk(site, 60)
    assert fired(site) == 1
    site.verify()


# -- when a trigger may fire -----------------------------------------------------------------------------------------------------


def test_a_trigger_that_is_not_active_yet_and_one_that_is_no_more() -> None:
    times: dict[str, Any] = {"ActivationDate": "2026-04-07T12:00:00Z", "ExpirationDate": "2026-04-07T14:00:00Z"}
    site = site_of(trigger("*min_balance", "50", Recurrent=True, **times))
    for hours, times_fired in ((1, 0), (1, 0), (1, 1), (1, 2), (1, 2)):
        site.now += hours * 3600 * SECOND
        take(site, "0.1")
        assert fired(site) == times_fired, f"at {(site.now - NOW) // 3600 // SECOND + 10} o'clock"
    assert not site.held("ann").triggers, "an expired trigger is dropped"
    site.verify()


def test_a_recurrent_trigger_sleeps() -> None:
    site = site_of(trigger("*min_balance", "9", Recurrent=True, MinSleep=600 * SECOND))
    seen = []
    for seconds in (0, 599, 1, 1, 600):
        site.now += seconds * SECOND
        take(site, "1")
        seen.append(fired(site))
    assert seen == [1, 1, 2, 2, 3]
    site.cut()
    take(site, "1")
    assert fired(site) == 3, "the sleep goes on after a restart"


def test_a_recurrent_trigger_without_sleep_fires_once_for_each_change() -> None:
    site = site_of(trigger("*min_balance", "9", Recurrent=True))
    for times in (1, 2, 3):
        talk(site, 60)
        assert fired(site) == times


def test_the_memory_of_having_fired_survives_a_restart() -> None:
    site = site_of(trigger("*min_balance", "9"))
    take(site, "2")
    site.cut()
    take(site, "2")
    assert fired(site) == 1
    one = only(site)
    assert one.executed
    assert one.last_execution_at.ns == NOW


def test_the_heavier_trigger_goes_first_and_may_take_the_others_reason() -> None:
    site = Site()
    site.actions("FILL", act("*topup", units(MONEY, 100, "cash")))
    site.actions("GIFT", act("*topup", units("*sms", 1, "gift")))
    site.account("ann")
    topup(site, "10")
    for name, weight, actions in (("light", "1", "GIFT"), ("heavy", "9", "FILL")):
        given = ActionTrigger("G", name, "*min_balance", "5", Weight=weight, Balance=units(MONEY), ActionsID=actions)
        site.step(AddAccountTriggers(ANN, trigger=given))
    take(site, "6")
    assert site.values("ann") == {MONEY: [104 * ONE]}
    site.verify()


def test_a_disabled_account_fires_nothing() -> None:
    site = site_of(trigger("*min_balance", "9"))
    site.account("ann", disabled=True)
    take(site, "5")
    assert fired(site) == 0
    one = only(site)
    assert not one.executed


# -- what goes wrong -------------------------------------------------------------------------------------------------------------


def test_a_set_of_a_trigger_stops_where_it_fails_and_keeps_what_was_done() -> None:
    site = site_of(trigger("*min_balance", "9", ActionsID="HALF"))
    site.actions(
        "HALF",
        act("*topup", units("*sms", 1, "gift"), weight=3),
        act("*remove_balance", units("*data", id="none"), weight=2),
        act("*topup", units("*sms", 1, "gift"), weight=1),
    )
    assert talk(site, 120).cost == 2 * ONE
    assert fired(site) == 1
    assert site.effects == [ActionsFailed(ANN, "HALF", "T", "NOT_FOUND")]
    site.verify()


def test_a_record_that_cannot_be_written_does_not_undo_the_call() -> None:
    site = site_of(trigger("*min_balance", "9", ActionsID="LOG"))
    site.actions("LOG", act("*topup", units("*sms", 1, "gift"), weight=3), act("*cdrlog", extra='{"Usage":"long"}'))
    assert talk(site, 120).cost == 2 * ONE
    assert (fired(site), site.values("ann")[MONEY]) == (1, [8 * ONE])
    assert [type(effect) for effect in site.effects] == [ActionsFailed]
    site.verify()


def test_a_trigger_without_actions_fires_nothing_and_may_fire_later() -> None:
    site = site_of(trigger("*min_balance", "9", ActionsID="LATER"))
    take(site, "5")
    site.actions("LATER", act("*topup", units("*sms", 1, "gift")))
    take(site, "1")
    assert fired(site) == 1


def test_an_account_that_its_trigger_removes_is_gone_for_the_triggers_after_it() -> None:
    site = site_of()
    site.actions("GONE", act("*remove_account"))
    for kind, weight, actions in (("*min_balance", "9", "GONE"), ("*max_event_counter", "1", "GIFT")):
        given = ActionTrigger("G", kind, kind, "1" if weight == "1" else "9", Weight=weight, Balance=units(MONEY), ActionsID=actions)
        site.step(AddAccountTriggers(ANN, trigger=given))
    talk(site, 120)
    assert site.engine.accounts.get(ANN) is None
    assert sum(entry.delta_amount for entry in site.entries()) == 0
    site.verify()
    site.cut()
    assert site.engine.accounts.get(ANN) is None
    site.verify()


def test_an_account_that_a_trigger_removes_is_gone_for_the_rest_of_the_set() -> None:
    site = site_of(trigger("*min_balance", "9", ActionsID="GONE"))
    site.actions("GONE", act("*remove_account"))
    rows = (act("*debit", units(MONEY, 5, "cash"), weight=9), act("*topup", units(MONEY, 7, "cash")), act("*cdrlog", weight=-1))
    site.step(RunActions(ANN, "test", rows))
    assert site.engine.accounts.get(ANN) is None
    assert sum(entry.delta_amount for entry in site.entries()) == 0
    site.verify()


def test_triggers_that_fire_each_other_come_to_an_end() -> None:
    """Each top-up of one account moves money to the other, whose trigger moves it back."""
    site = Site()
    for name, other in (("ann", "bob"), ("bob", "ann")):
        extra = f'{{"DestinationAccountID":"{TENANT}:{other}","DestinationBalanceID":"cash"}}'
        site.actions(f"TO_{other}", act("*transfer_balance", units(MONEY, 1, "cash"), extra))
        site.account(name)
        given = ActionTrigger("G", "T", "*max_balance", "1", Recurrent=True, Balance=units(MONEY), ActionsID=f"TO_{other}")
        site.step(AddAccountTriggers(f"{TENANT}:{name}", trigger=given))
    for times in range(2 * MAX_ACTIONS_DEPTH):
        topup(site, "10")
        assert sum(sum(site.values(name).get(MONEY, [])) for name in ("ann", "bob")) == 10 * (times + 1) * ONE
    site.verify()


def test_old_triggers_do_not_fire_after_a_day() -> None:
    site = site_of(trigger("*min_balance", "9", ExpirationDate="2026-04-08T09:00:00Z"))
    site.now += DAY
    take(site, "5")
    assert fired(site) == 0
