"""Plans run when they are due, each timing for each account once, whatever happens to the process meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.actions.book import ActionPlan, ActionTiming
from engine.commands import (
    ComputeAccountPlans,
    ExecuteActions,
    GetAccountPlans,
    ListDue,
    ReloadSchedule,
    RemoveActionPlan,
    RemoveActionTiming,
    RunDue,
    RunPlans,
    RunQueue,
    SetAccount,
    SetActionPlan,
)
from engine.effects import ActionsFailed, LogAction
from engine.errors import RequestError
from engine.limits import MAX_RUNS_BY_HAND, MAX_SCHEDULED_PER_STEP
from engine.money import ONE
from engine.rating.book import Timing
from engine.times import DAY, format_time, parse_time, zone_of
from engine.usage import HOUR, MINUTE, SECOND
from tests.engine.house import TENANT
from tests.site import NOW, Site, act, due, units

ANN = f"{TENANT}:ann"
MONEY = "*monetary"
ASAP = Timing("*asap", StartTime="*asap")
HOURLY = Timing("H", StartTime="*:30:00")
DAILY = Timing("D", StartTime="12:00:00")


def site_of(*timings: ActionTiming, accounts: tuple[str, ...] = (ANN,), **options: object) -> Site:
    """A site with the plan PLAN; GIFT gives an account one piece of money."""
    site = Site(**options)  # type: ignore[arg-type]
    site.actions("GIFT", act("*topup", units(MONEY, 1, "gift")))
    site.plan("PLAN", *timings, accounts=accounts)
    site.step(ReloadSchedule())
    return site


def given_to(site: Site, name: str = "ann") -> int:
    """How often the account was given something."""
    account = site.engine.accounts.get(f"{TENANT}:{name}")
    return 0 if account is None else sum(one.value for one in account.of_type(MONEY)) // ONE


# -- when ------------------------------------------------------------------------------------------------------------------------


def test_a_plan_runs_again_and_again() -> None:
    site = site_of(due(HOURLY, "GIFT"))
    seen = []
    for minutes in (29, 1, 59, 1, 600):
        site.sleep(minutes * MINUTE)
        seen.append(given_to(site))
    assert seen == [0, 1, 1, 2, 12]
    causes = {(entry.cause, entry.cause_id) for entry in site.entries()}
    assert causes == {("*topup", "u1")}
    assert [entry.at_ns for entry in site.entries()] == [NOW + 30 * MINUTE + number * HOUR for number in range(12)]


def test_a_delay_counts_from_the_first_sight_and_runs_once() -> None:
    site = site_of(due(Timing("X", StartTime="+90s"), "GIFT"))
    site.sleep(89 * SECOND)
    assert given_to(site) == 0
    site.step(ReloadSchedule())
    site.cut()
    site.sleep(SECOND)
    assert given_to(site) == 1
    site.sleep(DAY)
    site.cut()
    site.sleep(DAY)
    assert given_to(site) == 1


def test_the_heavier_of_equal_times_goes_first() -> None:
    site = Site()
    site.actions("FILL", act("*topup_reset", units(MONEY, 10, "gift")))
    site.actions("HALF", act("*debit", units(MONEY, 4, "gift")))
    site.plan("PLAN", due(DAILY, "HALF", "u1", 5), due(DAILY, "FILL", "u2", 20), accounts=(ANN,))
    site.step(ReloadSchedule())
    site.sleep(DAY)
    assert given_to(site) == 6


def test_an_account_that_goes_and_comes_back_in_one_step_is_there_after_a_restart() -> None:
    site = site_of(due(ASAP, "GIFT", "u1", 5), due(ASAP, "GONE", "u2", 20), accounts=())
    site.actions("GONE", act("*remove_account"))
    site.step(SetAccount(ANN, plan_ids=["PLAN"], disabled=True, reload=True))
    assert site.engine.wake_at(site.now) is None, "both in one step"
    assert (given_to(site), site.held("ann").disabled) == (1, False)
    site.cut()
    assert (given_to(site), site.held("ann").disabled) == (1, False)
    site.verify()


def test_a_timing_without_accounts_runs_without_one() -> None:
    site = site_of(due(DAILY, "LOG"), accounts=())
    site.actions("LOG", act("*log", extra="x"), act("*topup", units(MONEY, 1)))
    site.sleep(2 * DAY)
    assert site.effects == [LogAction("", "LOG", "x")] * 2
    assert len(site.engine.accounts) == 0


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_a_daily_plan_runs_once_on_the_day_the_clock_changes(zone: str, day: str, hours: float) -> None:
    clock = zone_of(zone)
    start = parse_time(f"{day}T00:00:00", clock, 0).ns
    site = Site(zone=clock, now=start - HOUR)
    site.actions("GIFT", act("*topup", units(MONEY, 1, "gift")))
    timings = [due(Timing(f"T{hour}", StartTime=f"{hour:02d}:30:00"), "GIFT", f"u{hour}") for hour in range(24)]
    site.plan("PLAN", *timings, due(Timing("H", StartTime="*:15:00"), "HOUR", "u-hour"), accounts=(ANN,))
    site.actions("HOUR", act("*topup", units("*sms", 1, "hours")))
    site.step(ReloadSchedule())
    site.sleep(HOUR - SECOND)
    before = (given_to(site), sum(site.values("ann").get("*sms", [])) // ONE)
    site.sleep(int(hours * HOUR))
    assert (given_to(site) - before[0], sum(site.values("ann")["*sms"]) // ONE - before[1]) == (24, round(hours))


@pytest.mark.parametrize(
    ("days", "months"),
    [((31,), [1, 3, 5, 7, 8, 10, 12]), ((-1,), list(range(1, 13))), ((29,), [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])],
)
def test_month_ends(days: tuple[int, ...], months: list[int]) -> None:
    site = Site(now=parse_time("2026-01-01T00:00:00Z", zone_of("UTC"), 0).ns)
    site.actions("GIFT", act("*topup", units(MONEY, 1, "gift")))
    site.plan("PLAN", due(Timing("M", MonthDays=days, StartTime="23:59:59"), "GIFT"), accounts=(ANN,))
    site.step(ReloadSchedule())
    site.sleep(365 * DAY)
    assert [int(format_time(entry.at_ns, zone_of("UTC"))[5:7]) for entry in site.entries()] == months


# -- at once -----------------------------------------------------------------------------------------------------------------------


def test_what_is_wanted_at_once_is_done_with_the_next_reload_and_once() -> None:
    site = site_of(due(ASAP, "GIFT"), accounts=())
    site.step(SetAccount(ANN, plan_ids=["PLAN"]))
    assert given_to(site) == 0
    site.step(ReloadSchedule())
    assert given_to(site) == 1
    for _ in range(2):
        site.step(ReloadSchedule())
        site.cut()
        site.sleep(DAY)
    assert given_to(site) == 1


def test_what_is_wanted_at_once_survives_a_restart() -> None:
    site = site_of(due(ASAP, "GIFT"), accounts=())
    site.step(SetAccount(ANN, plan_ids=["PLAN"]))
    site.cut()
    site.sleep(SECOND)
    assert given_to(site) == 1


def test_a_plan_may_have_both() -> None:
    site = site_of(due(ASAP, "GIFT", "u1"), due(DAILY, "GIFT", "u2"), accounts=())
    site.step(SetAccount(ANN, plan_ids=["PLAN"], reload=True))
    assert given_to(site) == 1
    plan = site.engine.items.get("action_plan", "PLAN")
    assert isinstance(plan, ActionPlan)
    assert plan.AccountIDs == {ANN: True}
    site.step(SetAccount(ANN, plan_ids=["PLAN"], reload=True))
    assert given_to(site) == 1, "an account that has the plan is not given it again"
    site.sleep(DAY)
    assert given_to(site) == 2


# -- many accounts, and restarts -------------------------------------------------------------------------------------------------------

MANY = 2 * MAX_SCHEDULED_PER_STEP + 50


def names(count: int) -> tuple[str, ...]:
    return tuple(f"{TENANT}:a{number:04d}" for number in range(count))


def got(site: Site) -> list[int]:
    return [given_to(site, name.partition(":")[2]) for name in names(MANY)]


@pytest.mark.parametrize("cut_after", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("durable", [True, False])
def test_a_run_over_many_accounts_is_done_in_parts_that_survive_a_restart(cut_after: int, durable: bool) -> None:
    """Nothing twice, nothing lost: a part that was not on the disk yet is done again, and was not done before."""
    site = site_of(due(DAILY, "GIFT"), accounts=names(MANY))
    site.now += 2 * HOUR
    for part in range(10):
        if part == cut_after:
            if not durable:
                site.engine.step(RunDue(), site.now)  # and then the power goes
            site.cut()
        assert site.engine.wake_at(site.now) is not None
        if (site.engine.wake_at(site.now) or 0) <= site.now:
            site.step(RunDue())
            assert sum(got(site)) % MAX_SCHEDULED_PER_STEP in (0, MANY % MAX_SCHEDULED_PER_STEP), "a step does so many and no more"
    assert got(site) == [1] * MANY
    site.verify()
    site.sleep(DAY)
    assert got(site) == [2] * MANY


def test_a_run_that_was_missed_is_made_up_for_once() -> None:
    site = site_of(due(HOURLY, "GIFT"))
    site.sleep(HOUR)
    assert given_to(site) == 1
    site.now += 5 * HOUR  # the engine is down meanwhile
    site.cut()
    site.step(RunDue())
    assert given_to(site) == 2
    site.sleep(HOUR)
    assert given_to(site) == 3


TIMINGS = st.lists(
    st.tuples(st.sampled_from((HOURLY, DAILY, Timing("Q", StartTime="*:*:20"), Timing("X", StartTime="+40m"), ASAP)), st.integers(0, 3)),
    min_size=1,
    max_size=4,
)
STEPS = st.lists(st.tuples(st.sampled_from((1, 45, 600, 2400)), st.sampled_from(("", "cut", "reload"))), min_size=1, max_size=5)


@settings(max_examples=settings().max_examples // 3)
@given(TIMINGS, STEPS, st.integers(1, 3))
def test_restarts_and_reloads_change_nothing(timings: list[tuple[Timing, int]], steps: list[tuple[int, str]], accounts: int) -> None:
    """The same numbers as of an engine that nobody touched, at every moment."""
    sites = []
    for _ in range(2):
        rows = [due(timing, "GIFT", f"u{number}", weight) for number, (timing, weight) in enumerate(timings)]
        site = site_of(*rows, accounts=())
        for name in names(accounts):
            site.step(SetAccount(name, plan_ids=["PLAN"], reload=True))
        sites.append(site)
    calm, restless = sites
    for seconds, what in steps:
        for site in sites:
            site.sleep(seconds * SECOND)
        if what == "cut":
            restless.cut()
        elif what == "reload":
            restless.step(ReloadSchedule())
        assert moved(calm) == moved(restless)


def moved(site: Site) -> list[tuple[str, int, str]]:
    return sorted((entry.account, entry.at_ns, entry.cause_id if len(entry.cause_id) < 4 else "task") for entry in site.entries())


# -- changes of plans ------------------------------------------------------------------------------------------------------------------


def test_a_plan_that_changes_counts_from_the_next_reload_on() -> None:
    site = site_of(due(HOURLY, "GIFT"))
    site.step(SetActionPlan(ActionPlan("PLAN", {ANN: True}, (due(DAILY, "GIFT"),)), overwrite=True))
    site.step(ReloadSchedule())
    site.sleep(HOUR)
    assert given_to(site) == 0
    site.sleep(HOUR)
    assert given_to(site) == 1
    assert len(site.engine.items.all("action_run")) == 1, "nothing is remembered of a timing that is gone"


def test_plans_that_cannot_be_stored() -> None:
    site = site_of(due(HOURLY, "GIFT"))
    with pytest.raises(RequestError, match="EXISTS"):
        site.step(SetActionPlan(ActionPlan("PLAN", None, ())))
    with pytest.raises(RequestError, match="BROKEN_REFERENCE:NONE"):
        site.step(SetActionPlan(ActionPlan("OTHER", None, (due(DAILY, "NONE"),))))
    assert site.engine.items.get("action_plan", "OTHER") is None


def test_an_account_comes_off_its_plans() -> None:
    site = site_of(due(HOURLY, "GIFT", "u1"), due(DAILY, "GIFT", "u2"))
    site.plan("OTHER", due(DAILY, "GIFT", "u3"), accounts=(ANN,))
    site.step(ComputeAccountPlans())
    assert [(row[0], row[1].Uuid) for row in site.step(GetAccountPlans(ANN))] == [("PLAN", "u1"), ("PLAN", "u2"), ("OTHER", "u3")]
    site.step(SetAccount(ANN, plan_ids=["OTHER"], only_plans=True, reload=True))
    assert [row[0] for row in site.step(GetAccountPlans(ANN))] == ["OTHER"]
    site.sleep(2 * HOUR)
    assert given_to(site) == 1
    site.step(RemoveActionPlan("OTHER"))
    assert site.step(GetAccountPlans(ANN)) == []
    site.sleep(DAY)
    assert given_to(site) == 1


def test_timings_are_taken_out_one_by_one_or_all() -> None:
    site = site_of(due(HOURLY, "GIFT", "u1"), due(DAILY, "GIFT", "u2"))
    site.step(RemoveActionTiming("PLAN", "u1", reload=True))
    assert [(row[1], row[2].Uuid) for row in site.step(ListDue())] == [("PLAN", "u2")]
    site.step(RemoveActionTiming("PLAN", account_id=ANN, reload=True))
    assert [row[3] for row in site.step(ListDue())] == [0]
    site.step(RemoveActionTiming("PLAN", reload=True))
    assert site.step(ListDue()) == []
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(RemoveActionTiming("PLAN"))


def test_an_unknown_plan_gives_nothing_and_makes_no_account() -> None:
    site = Site()
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(SetAccount(ANN, plan_ids=["NONE"]))
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(SetAccount(ANN, trigger_groups=["NONE"]))
    assert len(site.engine.accounts) == 0


def test_a_timing_whose_set_has_an_unknown_action_rests_until_the_next_reload() -> None:
    site = site_of(due(HOURLY, "BAD"))
    site.actions("BAD", act("*magic"))
    site.sleep(5 * HOUR)
    assert [type(effect) for effect in site.effects] == [ActionsFailed]
    site.actions("BAD", act("*topup", units(MONEY, 1)))
    site.sleep(5 * HOUR)
    assert given_to(site) == 0
    site.step(ReloadSchedule())
    site.sleep(5 * HOUR)
    assert given_to(site) >= 5


def test_one_that_fails_keeps_nobody_else_from_his() -> None:
    site = site_of(due(DAILY, "GIVE"), accounts=names(3))
    site.actions("GIVE", act("*topup", units(MONEY, 1, "gift"), weight=9), act("*remove_balance", units("*sms", id="ticket")))
    for name in (names(3)[0], names(3)[2]):
        site.step(SetAccount(name))
        site.actions("TICKET", act("*topup", units("*sms", 1, "ticket")))
        site.step(ExecuteActions(name, "TICKET"))
    site.sleep(DAY)
    assert [given_to(site, name.partition(":")[2]) for name in names(3)] == [1, 0, 1]
    assert [effect.account_id for effect in site.effects if isinstance(effect, ActionsFailed)] == [names(3)[1]]


# -- by hand, and switched off -----------------------------------------------------------------------------------------------------------


def test_plans_by_hand() -> None:
    site = site_of(due(HOURLY, "GIFT", "u1"), due(DAILY, "GIFT", "u2"), accounts=names(2))
    site.step(RunPlans(["PLAN"]))
    assert [given_to(site, f"a000{number}") for number in range(2)] == [2, 2]
    site.step(RunPlans(["PLAN"], ANN))
    assert given_to(site) == 2
    with pytest.raises(RequestError, match="NOT_FOUND"):
        site.step(RunPlans(["PLAN", "NONE"]))
    assert given_to(site) == 2
    site.plan("BAD", due(DAILY, "NONE", "u9"), accounts=(ANN,))
    with pytest.raises(RequestError, match="PARTIALLY_EXECUTED"):
        site.step(RunPlans(["BAD", "PLAN"], ANN))
    assert given_to(site) == 4, "the others have run"


def test_the_queue_by_hand() -> None:
    site = site_of(due(HOURLY, "GIFT"))
    site.step(RunQueue(NOW, NOW + 3 * HOUR))
    assert given_to(site) == 3
    site.step(RunQueue(NOW, NOW + 365 * DAY))
    assert given_to(site) == 3 + MAX_RUNS_BY_HAND


def test_switched_off_nothing_runs_and_nothing_is_lost() -> None:
    site = site_of(due(HOURLY, "GIFT"), due(ASAP, "GIFT", "u2"), scheduler=False)
    site.step(SetAccount(ANN, plan_ids=["PLAN"], reload=True))
    site.sleep(5 * HOUR)
    assert site.engine.wake_at(site.now) is None
    site.step(RunDue())
    assert given_to(site) == 0
    site.engine.actions.schedule.enabled = True
    site.step(ReloadSchedule())
    assert given_to(site) == 2


# -- schedulers.filters ------------------------------------------------------------------------------------------------------------


def test_runs_that_do_not_pass_the_filters_are_left_out() -> None:
    site = site_of(due(HOURLY, "GIFT"), accounts=(ANN, f"{TENANT}:bob"))
    site.options.scheduler_filters = ("*string:~*req.Account:ann", f"*string:~*req.Tenant:{TENANT}", "*string:~*req.ActionsID:GIFT")
    site.sleep(3 * HOUR)
    assert (given_to(site), given_to(site, "bob")) == (3, 0)
    site.step(RunPlans(["PLAN"]))
    assert (given_to(site), given_to(site, "bob")) == (4, 1), "by hand there is no question"


def test_what_is_wanted_at_once_waits_until_it_passes_the_filters() -> None:
    site = site_of(due(ASAP, "GIFT"), accounts=())
    site.options.scheduler_filters = ("*string:~*req.Account:bob",)
    site.step(SetAccount(ANN, plan_ids=["PLAN"], reload=True))
    site.sleep(HOUR)
    site.cut()
    assert given_to(site) == 0
    site.options.scheduler_filters = ()
    site.step(ReloadSchedule())
    assert given_to(site) == 1


def test_a_filter_that_nobody_can_judge_runs_nothing_and_is_told() -> None:
    site = site_of(due(HOURLY, "GIFT"))
    site.options.scheduler_filters = ("GONE",)
    site.sleep(HOUR)
    assert given_to(site) == 0
    assert [one.text for one in site.effects if isinstance(one, ActionsFailed)] == ["schedulers.filters: SERVER_ERROR: NOT_FOUND:GONE"]
