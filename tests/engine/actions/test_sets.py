"""Actions that move no money: flags, triggers, counters, records, items written by actions, what is asked of the outside; and the
conditions that decide whether an action of a set is run at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.actions.book import Action, ActionPlan, Actions, ActionTiming, ActionTrigger, ActionTriggers
from engine.actions.run import TABLE
from engine.commands import AddAccountTriggers, ExecuteActions, RestoreBalances, RunActions, SetAccount
from engine.effects import ActionsFailed, AskSessions, LogAction, OutsideAction, PublishAccount
from engine.errors import RequestError
from engine.money import ONE
from engine.profiles.policies import Filter, FilterRule
from engine.rating.book import Destination, RatingProfile, Timing
from engine.rating.call import BalanceSummary
from engine.records import AccountRemoved
from engine.times import UTC_ZONE, parse_time
from tests.engine.house import TENANT, balance
from tests.site import NOW, Site, act, due, units

ANN = f"{TENANT}:ann"
MONEY = "*monetary"


def site_of(*triggers: ActionTrigger) -> Site:
    site = Site()
    site.account("ann")
    for trigger in triggers:
        site.step(AddAccountTriggers(ANN, trigger=trigger))
    return site


def run(site: Site, *actions: Action, account: str = ANN) -> None:
    site.actions("SET", *actions)
    site.step(ExecuteActions(account, "SET"))


def fails(site: Site, *actions: Action, account: str = ANN) -> None:
    with pytest.raises(RequestError, match="PARTIALLY_EXECUTED"):
        run(site, *actions, account=account)


def test_flags_of_the_account() -> None:
    site = site_of()
    steps = [("*allow_negative", True, False), ("*disable_account", True, True), ("*deny_negative", False, True)]
    for kind, negative, disabled in [*steps, ("*enable_account", False, False)]:
        run(site, act(kind))
        assert (site.held("ann").allow_negative, site.held("ann").disabled) == (negative, disabled), kind
        site.cut()
        assert (site.held("ann").allow_negative, site.held("ann").disabled) == (negative, disabled), f"{kind} after a restart"


def test_an_account_that_is_removed_is_gone_with_its_money_and_its_plans() -> None:
    site = site_of()
    site.actions("FILL", act("*topup", units(MONEY, 5)))
    site.plan("PLAN", due_daily("FILL"))
    site.step(SetAccount(ANN, plan_ids=["PLAN"]))
    run(site, act("*topup", units(MONEY, 5)))
    run(site, act("*remove_account"))
    assert site.engine.accounts.get(ANN) is None
    plan = site.engine.items.get("action_plan", "PLAN")
    assert isinstance(plan, ActionPlan)
    assert plan.AccountIDs == {}
    assert site.engine.items.get("account_plans", ANN) is None
    assert sum(entry.delta_amount for entry in site.entries()) == 0
    site.verify()
    site.cut()
    assert site.engine.accounts.get(ANN) is None


def due_daily(actions_id: str) -> ActionTiming:
    return due(Timing("D", StartTime="12:00:00"), actions_id)


def test_what_comes_after_the_removal_is_passed_over_and_another_account_may_come() -> None:
    site = site_of()
    run(site, act("*remove_account", weight=10), act("*topup", units(MONEY, 5)), act("*log"))
    assert site.engine.accounts.get(ANN) is None
    assert [type(effect) for effect in site.effects] == [LogAction]
    run(site, act("*topup", units(MONEY, 7)))
    site.verify()
    site.cut()
    assert site.values("ann") == {MONEY: [7 * ONE]}


def test_an_account_is_removed_by_name() -> None:
    site = site_of()
    extra = json.dumps({"Tenant": TENANT, "Account": "ann"})
    run(site, act("*remove_account", extra=extra), account="")
    assert site.engine.accounts.get(ANN) is None
    fails(site, act("*remove_account", extra=extra), account="")
    fails(site, act("*remove_account", extra="{"), account="")
    removals = [one for _, records in site.disk.appends() for one in records if isinstance(one, AccountRemoved)]
    assert [one.key for one in removals] == [ANN]


# -- triggers and counters by action -------------------------------------------------------------------------------------------

WATCH = (
    ActionTrigger("G1", "one", "*max_balance", "1000", Balance=units(MONEY, id="a"), Executed=True),
    ActionTrigger("G1", "two", "*min_balance", "-1000", Balance=units("*sms", Weight="10")),
    ActionTrigger("G2", "three", "*max_balance", "1000", Balance=units(MONEY)),
)


@pytest.mark.parametrize(
    ("pattern", "extra", "meant"),
    [
        (units(""), "", {"one", "two", "three"}),
        (units(MONEY), "", {"one", "three"}),
        (units("", id="a"), "", {"one"}),
        (units("", Weight="10"), "", {"two"}),
        (units(""), '{"GroupID":"G1"}', {"one", "two"}),
        (units(MONEY), '{"GroupID":"G1"}', {"one"}),
        (units(""), '{"UniqueID":"three"}', {"three"}),
        (units(""), '{"ThresholdType":"*max_balance"}', {"one", "three"}),
        (units(""), '{"GroupID":"none"}', set()),
    ],
)
def test_which_triggers_an_action_means(pattern: Any, extra: str, meant: set[str]) -> None:
    site = site_of(*WATCH)
    run(site, act("*set_recurrent", pattern, extra))
    assert {one.unique_id for one in site.held("ann").triggers or () if one.recurrent} == meant
    run(site, act("*unset_recurrent", pattern, extra))
    assert not any(one.recurrent for one in site.held("ann").triggers or ())
    for trigger in site.held("ann").triggers or ():
        trigger.executed = True
    run(site, act("*reset_triggers", pattern, extra))
    assert {one.unique_id for one in site.held("ann").triggers or () if not one.executed} == meant


def test_triggers_that_cannot_be_named() -> None:
    site = site_of(*WATCH)
    for kind in ("*set_recurrent", "*unset_recurrent", "*reset_triggers"):
        fails(site, act(kind, extra='{"GroupID":1}'))


def test_a_trigger_that_is_reset_fires_at_once_where_it_is_due() -> None:
    site = Site()
    site.actions("GIFT", act("*topup", units("*sms", 1, "gift")))
    site.account("ann")
    run(site, act("*topup", units(MONEY, 5, "a")))
    trigger = ActionTrigger("G", "T", "*max_balance", "3", Balance=units(MONEY), ActionsID="GIFT")
    site.step(AddAccountTriggers(ANN, trigger=trigger, executed=True))
    run(site, act("*reset_triggers"))
    assert site.values("ann")["*sms"] == [ONE]


def test_counters_are_set_to_zero_by_the_name_of_their_trigger() -> None:
    site = site_of(*(ActionTrigger("G", name, "*max_event_counter", "100", Balance=units(MONEY)) for name in ("one", "two")))
    for one in counters(site):
        one.value = 5 * ONE
    run(site, act("*reset_counters", units(MONEY)))
    assert [one.value for one in counters(site)] == [5 * ONE, 5 * ONE], "a pattern without a name names none (recorded)"
    run(site, act("*reset_counters", units("*sms", id="one")))
    assert [one.value for one in counters(site)] == [5 * ONE, 5 * ONE]
    run(site, act("*reset_counters", units(MONEY, id="one")))
    assert [one.value for one in counters(site)] == [0, 5 * ONE]
    site.cut()
    assert [one.value for one in counters(site)] == [0, 5 * ONE]


def counters(site: Site) -> list[Any]:
    return [one for chain in (site.held("ann").counters or {}).values() for counter in chain for one in counter.counters]


# -- records of actions --------------------------------------------------------------------------------------------------------


def test_a_record_for_each_action_that_moves_something() -> None:
    site = site_of()
    extra = json.dumps(
        {
            "Destination": "to;~*acnt.Account",
            "What": "~*act.ActionType;/;~*act.ActionValue;/;~*act.ActionID",
            "Held": "~*acnt.BalanceValue",
            "Of": "~*acnt.AccountID;-;~*acnt.Tenant;-;~*acnt.BalanceType;-;~*acnt.BalanceID",
            "Sets": "~*acnt.Category;|;~*acnt.DestinationIDs;|;~*acnt.SharedGroups;|;~*acnt.Factors;|;~*acnt.RatingSubject",
        }
    )
    pattern = units(
        "*sms", 4, "m", Categories={"call": True}, DestinationIDs={"A": True, "B": False}, Factors={"x": "0.5"}, RatingSubject="s"
    )
    run(site, act("*topup", units(MONEY, 10, "a"), weight=9), act("*topup", pattern, weight=8), act("*cdrlog", extra=extra, weight=99))
    money, sms = sorted(site.storage.tables.cdrs.values(), key=lambda one: one.order_id)
    assert (money.run_id, money.tor, money.cost_amount, money.usage_ns, money.request_type) == ("*topup", MONEY, 10 * ONE, 1, "*none")
    assert (money.source, money.origin_host, money.account, money.subject, money.pre_rated) == ("*cdrlog", "127.0.0.1", "ann", "ann", True)
    assert money.setup_ns == money.answer_ns == NOW
    assert money.destination == "toann"
    fields = json.loads(sms.extra_fields)
    assert fields == {
        "What": "*topup/4/SET",
        "Held": "0",
        "Of": f"{ANN}-{TENANT}-*sms-m",
        "Sets": "call|A;!B||x:0.5|s",
    }, "the record goes first here: nothing is held yet"


@pytest.mark.parametrize("extra", ["{", "[1]", '{"A":"~*acnt.None"}', '{"A":"~*req.Account"}', '{"SetupTime":"never"}', '{"Usage":"long"}'])
def test_a_record_that_cannot_be_written_fails_the_set(extra: str) -> None:
    site = site_of()
    fails(site, act("*topup", units(MONEY, 10, "a"), weight=9), act("*cdrlog", extra=extra))
    assert site.values("ann") == {}
    assert site.storage.tables.cdrs == {}


# -- conditions ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("*string:~*req.ID:example.net:ann", True),
        ("*string:~*req.ID:bob|example.net:ann", True),
        ("*notstring:~*req.ID:bob", True),
        ("*string:~*req.AllowNegative:true", False),
        ("*string:~*req.AllowNegative:false", True),
        ("*string:~*req.Disabled:false", True),
        ("*prefix:~*req.ID:example", True),
        ("*notprefix:~*req.ID:example", False),
        ("*suffix:~*req.ID:x|:ann", True),
        ("*suffix:~*req.ID:ann", True),
        ("*exists:~*req.BalanceMap.*monetary[0].Value:", True),
        ("*exists:~*req.BalanceMap.*monetary[1].Value:", False),
        ("*notexists:~*req.BalanceMap.*sms[0].Value:", True),
        ("*empty:~*req.BalanceMap.*monetary[0].RatingSubject:", True),
        ("*gt:~*req.BalanceMap.*monetary.GetTotalValue:4.5", True),
        ("*gt:~*req.BalanceMap.*monetary.GetTotalValue:5", False),
        ("*gte:~*req.BalanceMap.*monetary.GetTotalValue:5", True),
        ("*lt:~*req.BalanceMap.*monetary.GetTotalValue:5", False),
        ("*lte:~*req.BalanceMap.*monetary.GetTotalValue:5", True),
        ("*gt:~*req.BalanceMap.*sms.GetTotalValue:0", False),
        ("*string:~*req.BalanceMap.*monetary[0].ID:a", True),
        ("*string:~*req.BalanceMap.*monetary[0].Blocker:false", True),
        ("*string:~*req.Nothing:x", False),
        ("*string:~*req.ID.More:x", False),
        ("*string:~*opts.ID:x", False),
        ("*regex:~*req.ID:^example\\..*ann$", True),
        ("*exists:~*req.BalanceMap.*monetary[0].Uuid:", True),
        ("*string:~*req.BalanceMap.*monetary[0].ExpirationDate:0001-01-01T00:00:00Z", True),
        ("*exists:~*req.BalanceMap.*monetary:", False),
        ("*lt:~*req.UpdateTime:*now", False),
        ("RICH", True),
    ],
)
def test_an_action_is_run_where_its_conditions_hold(rule: str, holds: bool) -> None:
    site = site_of()
    rules = (FilterRule("*gte", "~*req.BalanceMap.*monetary.GetTotalValue", ("5",)), FilterRule("*string", "~*req.Disabled", ("false",)))
    site.put("filter", f"{TENANT}:RICH", Filter(TENANT, "RICH", rules))
    balance(site.engine.charging, site.held("ann"), "a", MONEY, 5)
    run(site, act("*topup", units("*sms", 1), Filters=(rule,)))
    assert ("*sms" in site.values("ann")) is holds


def test_all_conditions_of_an_action_have_to_hold() -> None:
    site = site_of()
    run(site, act("*topup", units("*sms", 1), Filters=("*string:~*req.Disabled:false", "*string:~*req.AllowNegative:true")))
    assert site.values("ann") == {}


@pytest.mark.parametrize("rule", ["*string", "none", "*magic:~*req.ID:x", "*string:~*req.ID{*magic}:x", "*string:~*stats.A.*acd:x"])
def test_a_condition_that_nobody_can_judge_fails_the_set(rule: str) -> None:
    site = site_of()
    fails(site, act("*topup", units("*sms", 1), weight=10), act("*topup", units("*sms", 1), Filters=(rule,)))
    assert site.values("ann") == {}


# -- items written by actions --------------------------------------------------------------------------------------------------


def test_actions_write_actions_triggers_and_plans() -> None:
    site = site_of()
    row = "NEW;*topup;;;gift;*monetary;;;;;;;5;10;false;false;10;true"
    trigger = "TG;t1;*min_balance;2;true;1s;;;gift;*monetary;;;;;;;;;;NEW;10"
    run(
        site,
        act("*dynamic_action", extra=row, weight=9),
        act("*dynamic_action_trigger", extra=trigger, weight=8),
        act("*dynamic_action_plan_accounts", extra=f"PLAN;{ANN};NEW;*daily;10;true", weight=7),
    )
    made = site.engine.items.get("actions", "NEW")
    assert isinstance(made, Actions)
    assert [(one.ActionType, one.Balance and one.Balance.Value and one.Balance.Value.Static) for one in made.Actions] == [("*topup", "5")]
    group = site.engine.items.get("action_triggers", "TG")
    assert isinstance(group, ActionTriggers)
    assert [(one.UniqueID, one.ThresholdValue, one.Recurrent, one.MinSleep) for one in group.Triggers] == [("t1", "2", True, 10**9)]
    plan = site.engine.items.get("action_plan", "PLAN")
    assert isinstance(plan, ActionPlan)
    assert plan.AccountIDs == {ANN: True}
    assert plan.ActionTimings[0].Timing.StartTime == "10:00:00"
    run(site, act("*dynamic_action", extra=row.removesuffix("true") + "false"))
    again = site.engine.items.get("actions", "NEW")
    assert isinstance(again, Actions)
    assert len(again.Actions) == 2
    site.cut()
    assert site.engine.items.get("actions", "NEW") == again


def test_actions_write_destinations_filters_and_prices() -> None:
    site = site_of()
    site.price("someone", ("0", "0.6", 10**9, 60 * 10**9))
    plan_id = f"RP_{TENANT}_call_someone"
    run(
        site,
        act("*dynamic_destination", extra="~*req.Account;49&50", weight=9),
        act("*dynamic_filter", extra="~*req.Tenant;F;*string;~*req.Category;call&sms;;", weight=8),
        act("*dynamic_rating_profile", extra=f"{TENANT};call;~*req.Account;2026-01-01T00:00:00Z;{plan_id};fb;", weight=7),
    )
    assert site.engine.items.get("destination", "ann") == Destination("ann", ("49", "50"))
    assert site.engine.items.get("filter", f"{TENANT}:F") == Filter(
        TENANT, "F", (FilterRule("*string", "~*req.Category", ("call", "sms")),)
    ), "the element names a field of later events"
    made = site.engine.items.get("rating_profile", f"*out:{TENANT}:call:ann")
    assert isinstance(made, RatingProfile)
    (activation,) = made.RatingPlanActivations
    assert activation.ActivationTime == parse_time("2026-01-01T00:00:00Z", UTC_ZONE, 0).ns
    assert activation.FallbackKeys == (f"*out:{TENANT}:call:fb",)


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("*dynamic_action", "NEW;*topup"),
        ("*dynamic_action", ";*topup;;;gift;*monetary;;;;;;;5;10;false;false;10;true"),
        ("*dynamic_action", "NEW;*topup;;;gift;*monetary;;;;;;;many;10;false;false;10;true"),
        ("*dynamic_action_trigger", "TG;t1;*min_balance;x;true;1s;;;gift;*monetary;;;;;;;;;;NEW;10"),
        ("*dynamic_action_plan", "PLAN;NONE;*daily;10;true"),
        ("*dynamic_action_plan", "PLAN;SET;*never;10;true"),
        ("*dynamic_destination", "~*req.Nothing;49"),
        ("*dynamic_filter", f"{TENANT};F;*string;~*req.Category;call;soon;"),
        ("*dynamic_rating_profile", f"{TENANT};call;s;2026-01-01T00:00:00Z;NONE;;"),
        ("*dynamic_rating_profile", f"{TENANT};call;s;never;NONE;;"),
    ],
)
def test_an_item_that_cannot_be_written_fails_the_set(kind: str, extra: str) -> None:
    site = site_of()
    fails(site, act("*dynamic_destination", extra="D;49", weight=9), act(kind, extra=extra))
    assert site.engine.items.get("destination", "D") is None


# -- the outside, and sets without an account ------------------------------------------------------------------------------------


def test_what_is_asked_of_the_outside() -> None:
    site = site_of()
    run(site, act("*log", extra="hello", weight=3), act("*publish_account", weight=2), act("*http_post", extra="http://127.0.0.1/x"))
    assert site.effects == [
        LogAction(ANN, "SET", "hello"),
        PublishAccount(ANN),
        OutsideAction("*http_post", ANN, "SET", "http://127.0.0.1/x", None),
    ]


def test_a_set_that_fails_asks_nothing_of_the_outside() -> None:
    site = site_of()
    fails(site, act("*http_post", extra="x", weight=5), act("*magic"))
    assert site.effects == []


def test_without_an_account_what_needs_one_is_passed_over() -> None:
    site = Site()
    site.actions("SET", *(act(kind, units(MONEY, 5), weight=1) for kind, row in TABLE.items() if row.on_account), act("*log", extra="x"))
    site.step(ExecuteActions("", "SET"))
    assert site.effects == [LogAction("", "SET", "x")]
    assert len(site.engine.accounts) == 0


def test_an_account_is_made_where_a_set_runs_on_none_unless_it_has_to_be_there() -> None:
    site = Site()
    run(site, act("*topup", units(MONEY, 5)))
    assert site.values("ann") == {MONEY: [5 * ONE]}
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(RunActions(f"{TENANT}:bob", "x", [act("*topup", units(MONEY, 5))], must_exist=True))
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(ExecuteActions(ANN, "NONE"))
    assert len(site.engine.accounts) == 1


def test_a_due_set_that_fails_is_told_to_the_operator() -> None:
    site = site_of()
    site.actions("SET", act("*remove_balance", units(MONEY, id="none")))
    site.plan("PLAN", due_daily("SET"), accounts=(ANN,))
    site.account("ann", reload=True)
    site.sleep(24 * 3600 * 10**9)
    assert site.effects == [ActionsFailed(ANN, "SET", "", "NOT_FOUND")]


def test_what_is_asked_of_sessions() -> None:
    site = site_of()
    extra = "*tenant;*string:~*req.Account:<~*req.Account>&FLT;3;*opt:1&other:a:b;Field:<~*req.Account>&More:<~*req.Tenant>"
    run(site, act("*alter_sessions", extra=extra))
    run(site, act("*force_disconnect_sessions", extra=";;;;DisconnectCause:GONE"))
    assert [one for one in site.effects if isinstance(one, AskSessions)] == [
        AskSessions(
            True,
            ANN,
            "SET",
            TENANT,
            ("*string:~*req.Account:ann", "FLT"),
            3,
            {"*opt": "1", "other": "a:b"},
            {"Field": "ann", "More": TENANT},
        ),
        AskSessions(False, ANN, "SET", TENANT, (), None, {}, {"DisconnectCause": "GONE"}),
    ]


@pytest.mark.parametrize("extra", ["", "a;b;c;d", ";;many;;", ";;;nothing;", ";;;;:x", "<~*req.Nothing>;;;;"])
def test_what_cannot_be_asked_of_sessions_fails_the_set(extra: str) -> None:
    site = site_of()
    fails(site, act("*topup", units("*sms", 1), weight=9), act("*force_disconnect_sessions", extra=extra))
    assert site.values("ann") == {}


def test_a_record_gives_balances_back() -> None:
    site = site_of()
    held = balance(site.engine.charging, site.held("ann"), "a", MONEY, 5)
    balance(site.engine.charging, site.held("ann"), "kept", MONEY, 3)
    rows = [
        BalanceSummary(held.uuid, "a", MONEY, 0, 7 * ONE, 0, True, None),
        BalanceSummary("gone", "b", "*sms", 0, 2 * ONE, 9 * ONE, False, None),
    ]
    site.step(RestoreBalances(ANN, "SET", rows))
    assert site.values("ann") == {MONEY: [7 * ONE, 3 * ONE], "*sms": [2 * ONE]}
    assert held.disabled
    site.verify()
    site.cut()
    assert site.values("ann") == {MONEY: [7 * ONE, 3 * ONE], "*sms": [2 * ONE]}
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(RestoreBalances(f"{TENANT}:nobody", "SET", rows))
