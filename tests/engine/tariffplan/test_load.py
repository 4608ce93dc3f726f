"""From sheets to items: what a plan becomes in the engine."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from engine.actions.book import Action, ActionPlan, Actions, ActionTriggers, BalancePattern, ValueFormula
from engine.actions.timings import NAMES, built_in_timings
from engine.profiles import policies
from engine.profiles.policies import ActivationInterval
from engine.rating.book import (
    NO_ACTIVATION_TIME,
    Activation,
    Destination,
    PlanRate,
    Rate,
    Rating,
    RatingPlan,
    RatingProfile,
    SharedGroup,
    SharingParameters,
    Timing,
)
from engine.tariffplan.accounting import AccountAction
from engine.tariffplan.kinds import OldItem
from engine.tariffplan.load import LOADED_KINDS, Unpacking, load_folder, pack
from engine.tariffplan.rating import _Keys
from engine.tariffplan.terms import Known
from engine.times import UTC_ZONE, zone_of
from tests.engine.tariffplan.plans import NOW, RECORDINGS, TUTORIAL, items, read, reference, terms


def test_destinations_gather_prefixes_in_their_order() -> None:
    found = items(read(Destinations="B,2\nA,1\nB,1\n"))
    assert found == {("destination", "B"): Destination("B", ("2", "1")), ("destination", "A"): Destination("A", ("1",))}


TIMINGS = [
    ("T,*any,,*any,*any,00:00:00", Timing("T")),
    ("T,2026;2027,1;2,1;-1,1;7;0,08:00:00;18:00:00", Timing("T", (2026, 2027), (1, 2), (1, -1), (1, 0, 0), "08:00:00", "18:00:00")),
    ("T,*any,*any,*any,monday;2;x,00:00:00", Timing("T", WeekDays=(2,))),
    ("T,soon,*any,*any,*any,00:00:00", Timing("T", Years=None)),
    ("T,,,,,*asap", Timing("T", StartTime="*asap")),
    ("T,,,,,+10m", Timing("T", StartTime="+10m")),
    ("T,,,,,", Timing("T", StartTime="")),
]


@pytest.mark.parametrize(("row", "timing"), TIMINGS)
def test_timings(row: str, timing: Timing) -> None:
    assert items(read(Timings=row)) == {("timing", "T"): timing}


def test_built_in_timings_begin_with_the_load_on_the_local_clock() -> None:
    vienna = zone_of("Europe/Vienna")
    found = built_in_timings(NOW + 90 * 10**9, vienna)  # Friday 2027-01-15 09:01:30
    assert tuple(found) == NAMES
    assert found["*any"] == Timing("*any")
    assert found["*asap"].StartTime == "*asap"
    assert found["*every_minute"].StartTime == "*:*:30"
    assert found["*hourly"].StartTime == "*:01:30"
    assert found["*daily"] == Timing("*daily", StartTime="09:01:30")
    assert found["*weekly"] == Timing("*weekly", WeekDays=(5,), StartTime="09:01:30")
    assert found["*monthly"] == Timing("*monthly", MonthDays=(15,), StartTime="09:01:30")
    assert found["*monthly_estimated"].MonthDays == (15,)
    assert found["*month_end"].MonthDays == (-1,)
    assert found["*yearly"] == Timing("*yearly", Months=(1,), MonthDays=(15,), StartTime="09:01:30")
    assert built_in_timings(NOW, UTC_ZONE)["*daily"].StartTime == "08:00:00"


def test_a_rating_plan() -> None:
    found = items(
        read(
            Timings="DAY,*any,*any,*any,1;2;3;4;5,08:00:00;20:00:00\n",
            Rates="RT_A,0.1,0.60,60s,30s,0s\nRT_A,9,.3,1m,,1m\nRT_B,,1e-3,1024,1024,0\n",
            DestinationRates="DR_A,*any,RT_A,*up,4,1.5,*free\nDR_B,*any,RT_B,,,,\nDR_B,*any,RT_A,*up,4,1.5,*free\n",
            RatingPlans="RP,DR_A,DAY,10\nRP,DR_B,*any,2.5\nRP,DR_A,DAY,10\n",
        )
    )
    plan = found["rating_plan", "RP"]
    assert isinstance(plan, RatingPlan)
    first = Rating("0.1", "*up", 4, "1.5", "*free", (Rate(0, "0.6", 30 * 10**9, 60 * 10**9), Rate(60 * 10**9, "0.3", 0, 60 * 10**9)))
    second = Rating("0", "", 0, "0", "", (Rate(0, "0.001", 1024, 1024),))
    day = Timing("DAY", WeekDays=(1, 2, 3, 4, 5), StartTime="08:00:00")  # where it ends is not asked in rating
    named: dict[str, Timing | Rating] = {**plan.Timings, **plan.Ratings}
    assert list(plan.DestinationRates) == ["*any"]
    rows = [(named[row.Timing], named[row.Rating], row.Weight) for row in plan.DestinationRates["*any"]]
    assert rows == [(day, first, "10"), (Timing("*any"), second, "2.5"), (Timing("*any"), first, "2.5")]
    assert len(plan.Timings) == len(plan.Ratings) == 2
    assert all(len(key) == 8 for key in named)


def test_short_keys_grow_where_two_would_be_the_same() -> None:
    keys: _Keys[Timing] = _Keys()
    one = keys.of(Timing("A"))
    keys.items[one] = Timing("something else")
    keys._known.clear()
    other = keys.of(Timing("A"))
    assert other.startswith(one)
    assert len(other) == 9


def test_rating_profiles_keep_the_order_of_their_rows() -> None:
    known = Known(rating_plans=frozenset({"RP", "RP2"}))
    rows = "t,call,ann,2026-06-01T00:00:00+02:00,RP,ben;*any\nt,call,ann,,RP2,\n"
    assert items(read(known, RatingProfiles=rows)) == {
        ("rating_profile", "*out:t:call:ann"): RatingProfile(
            "*out:t:call:ann",
            (
                Activation(1_780_264_800 * 10**9, "RP", ("*out:t:call:ben", "*out:t:call:*any")),
                Activation(NO_ACTIVATION_TIME, "RP2", None),
            ),
        )
    }


def test_shared_groups() -> None:
    found = items(read(SharedGroups="G,*any,*lowest,\nG,t:a,*highest,sub\n"))
    parameters = {"*any": SharingParameters("*lowest", ""), "t:a": SharingParameters("*highest", "sub")}
    assert found == {("shared_group", "G"): SharedGroup("G", parameters)}


ACTIONS = [
    ("A,*log,,,,,,,,,,,,,,,", Action("A", "*log", Balance=BalancePattern())),
    (
        "A,*topup,x,F1;F2,b,*voice,call;sms,D;!E,*zero1s,G,*monthly,TM,90s,20,true,false,7.5",
        Action(
            "A",
            "*topup",
            "x",
            ("F1", "F2"),
            "*monthly",
            "7.5",
            BalancePattern(
                ID="b",
                Type="*voice",
                Value=ValueFormula(Static="90000000000"),
                Weight="20",
                DestinationIDs={"D": True, "E": False},
                RatingSubject="*zero1s",
                Categories={"call": True, "sms": True},
                SharedGroups={"G": True},
                TimingIDs={"TM": True},
                Timings=(Timing("TM", StartTime="08:00:00", EndTime="18:00:00"),),
                Disabled=False,
                Blocker=True,
            ),
        ),
    ),
    ("A,*topup,,,*any,*monetary,*any,*any,,,,*any,*any,,,,", Action("A", "*topup", Balance=BalancePattern(Type="*monetary"))),
    (
        'A,*debit,,,,*monetary,,,,,,,"{""Method"":""*incremental"",""Params"":{""Units"":1,""Interval"":""month""}}",*time_desc,,,',
        Action(
            "A",
            "*debit",
            Balance=BalancePattern(
                Type="*monetary", Weight="*time_desc", Value=ValueFormula("*incremental", {"Units": 1, "Interval": "month"})
            ),
        ),
    ),
]


@pytest.mark.parametrize(("row", "action"), ACTIONS)
def test_actions(row: str, action: Action) -> None:
    found = items(read(Actions=row, Timings="TM,,,,,08:00:00;18:00:00\n"))
    assert found["actions", "A"] == Actions("A", (action,))


def test_action_plans_and_triggers_have_ids_that_belong_to_the_load() -> None:
    sheets = {
        "Actions": "ACT,*log,,,,,,,,,,,,,,,\n",
        "ActionPlans": "AP,ACT,*asap,10\nAP,ACT,*monthly,5\n",
        "ActionTriggers": (
            "TR,,*min_balance,2.5,true,1h,,2026-01-01T00:00:00Z,b,*monetary,call,D,,,,,3,true,,ACT,9\n"
            "TR,own,*max_balance,,,,,,,,,,,,,,,,,ACT,\n"
        ),
    }
    found, again = items(read(**sheets)), items(read(**sheets))
    assert found == again
    plan = found["action_plan", "AP"]
    assert isinstance(plan, ActionPlan)
    assert plan.AccountIDs is None
    assert [(one.Timing.ID, one.ActionsID, one.Weight) for one in plan.ActionTimings] == [("*asap", "ACT", "10"), ("*monthly", "ACT", "5")]
    assert len({one.Uuid for one in plan.ActionTimings}) == 2
    group = found["action_triggers", "TR"]
    assert isinstance(group, ActionTriggers)
    first, second = group.Triggers
    assert (first.ID, second.UniqueID, len(first.UniqueID)) == ("TR", "own", 36)
    assert (first.ThresholdValue, first.Recurrent, first.MinSleep, first.Weight) == ("2.5", True, 3600 * 10**9, "9")
    assert first.ActivationDate == "2026-01-01T00:00:00Z"
    assert first.Balance == BalancePattern(
        ID="b", Type="*monetary", Weight="3", DestinationIDs={"D": True}, Categories={"call": True}, Blocker=True
    )
    assert second.Balance == BalancePattern()


def test_old_triggers_keep_their_queued_items() -> None:
    row = "TR,u,*min_asr,45,true,0,,,,,*out,,,,,,,,,,3,ACT,10\n"
    group = items(read(ActionTriggers=row))["action_triggers", "TR"]
    assert isinstance(group, ActionTriggers)
    assert (group.Triggers[0].MinQueuedItems, group.Triggers[0].ActionsID) == (3, "ACT")


def test_account_actions() -> None:
    outcome = read(Known(action_plans=frozenset({"AP"})), AccountActions="t,ann,AP,,true,\nt,ben,,,,1\n")
    assert outcome.load is not None
    assert outcome.load.accounts == [AccountAction("t", "ann", "AP", "", True, False), AccountAction("t", "ben", Disabled=True)]
    assert outcome.load.accounts[0].account_id == "t:ann"


ABOUT = ActivationInterval("2026-01-01T00:00:00Z", "2027-01-01T00:00:00+02:00")
PROFILES = {
    "Filters": (
        "t,F,,,,2026-01-01T00:00:00Z;2027-01-01T00:00:00+02:00\nt,F,*string,~*req.A,1;2,\nt,F,*exists,~*req.B,,\n",
        (
            "filter",
            policies.Filter(
                "t", "F", (policies.FilterRule("*string", "~*req.A", ("1", "2")), policies.FilterRule("*exists", "~*req.B")), ABOUT
            ),
        ),
    ),
    "Chargers": (
        "t,C,,,run,*constant:A:1;*constant:B:2;ATTR;*none,\nt,C,*string:~*req.X:1,,,,2.5\n",
        (
            "charger_profile",
            policies.ChargerProfile("t", "C", ("*string:~*req.X:1",), None, "run", ("*constant:A:1;*constant:B:2", "ATTR", "*none"), "2.5"),
        ),
    ),
    "Attributes": (
        "t,A,*sessions;*cdrs,,,,,,,true,20\nt,A,,,,*string:~*req.X:1,*req.S,*variable,~*req.A;`-;y`,,\n",
        (
            "attribute_profile",
            policies.AttributeProfile(
                "t",
                "A",
                ("*sessions", "*cdrs"),
                (),
                None,
                (
                    policies.Attribute(
                        ("*string:~*req.X:1",), "*req.S", "*variable", (policies.Template("~*req.A"), policies.Template("-;y"))
                    ),
                ),
                True,
                "20",
            ),
        ),
    ),
    "Stats": (
        "t,S,,,100,1m,2,*asr;*acd,,true,,20,*none\nt,S,,,,,,*pdd;*asr,*exists:~*req.PDD:,,,,TH\n",
        (
            "stat_queue_profile",
            policies.StatQueueProfile(
                "t",
                "S",
                (),
                None,
                100,
                60 * 10**9,
                2,
                (
                    policies.Metric("*asr", ("*exists:~*req.PDD:",)),
                    policies.Metric("*acd"),
                    policies.Metric("*pdd", ("*exists:~*req.PDD:",)),
                ),
                True,
                False,
                "20",
                ("*none", "TH"),
            ),
        ),
    ),
    "Routes": (
        "t,R,,,*lc,,,,,,,,,,,10\nt,R,,,,,a,,,RP1,,,5,,p,\nt,R,,,,,a,,acc,RP2,,,,,,20\nt,R,,,,,a,*string:~*req.X:1,,,,,,,,0\n",
        (
            "route_profile",
            policies.RouteProfile(
                "t",
                "R",
                (),
                None,
                "*lc",
                (),
                (
                    policies.Route("a", None, ("acc",), ("RP1", "RP2"), Weight="5", RouteParameters="p"),
                    policies.Route("a", ("*string:~*req.X:1",)),
                ),
                "20",
            ),
        ),
    ),
    "DispatcherProfiles": (
        "t,D,*any,,,*weight,x;*ratio:2,h,,5,,a:b,10\nt,D,,,,,,i,,,true,,\n",
        (
            "dispatcher_profile",
            policies.DispatcherProfile(
                "t",
                "D",
                ("*any",),
                (),
                None,
                "*weight",
                {"0": "x", "*ratio": "2"},
                "10",
                (policies.DispatcherProfileHost("h", None, "5", {"a": "b"}), policies.DispatcherProfileHost("i", Params={}, Blocker=True)),
            ),
        ),
    ),
    "DispatcherHosts": (
        "t,H,h:1,*json,1,2,3s,4s,5s,true,k,c,a\n",
        (
            "dispatcher_host",
            policies.DispatcherHost("t", "H", "h:1", "*json", 1, 2, 3 * 10**9, 4 * 10**9, 5 * 10**9, True, "k", "c", "a"),
        ),
    ),
    "Resources": (
        "t,R,,,-1,7,msg,,true,10,*none\n",
        ("resource_profile", policies.ResourceProfile("t", "R", (), None, -1, "7", "msg", False, True, "10", ("*none",))),
    ),
    "IPs": (
        "t,I,,,1h,true,10,p,,*ipv4,10.0.0.1/32,*ascending,m,5,false\n",
        (
            "ip_profile",
            policies.IPProfile(
                "t", "I", (), None, "10", 3600 * 10**9, True, (policies.IPPool("p", None, "*ipv4", "10.0.0.1/32", "*ascending", "m", "5"),)
            ),
        ),
    ),
    "Trends": (
        "t,T,@every 1h,S,*acd,1h,-1,2,*last,2.5,true,TH\n",
        ("trend_profile", policies.TrendProfile("t", "T", "@every 1h", "S", ("*acd",), 3600 * 10**9, -1, 2, "*last", "2.5", True, ("TH",))),
    ),
    "Rankings": (
        "t,K,@every 1h,A;B,*acd,*asc,*acd:false,true,\n",
        ("ranking_profile", policies.RankingProfile("t", "K", "@every 1h", ("A", "B"), ("*acd",), "*asc", ("*acd:false",), True, ())),
    ),
    "Thresholds": (
        "t,T,,,-1,3,1s,false,10,A;B,true,E\n",
        ("threshold_profile", policies.ThresholdProfile("t", "T", (), None, -1, 3, 10**9, False, "10", ("A", "B"), True, ("E",))),
    ),
}


@pytest.mark.parametrize("name", PROFILES)
def test_profiles(name: str) -> None:
    text, (kind, profile) = PROFILES[name]
    assert items(read(**{name: text})) == {(kind, f"t:{text.split(',')[1]}"): profile}


def test_filters_in_their_first_form_name_fields() -> None:
    text = "#Tenant,ID,FilterType,FilterFieldName,FilterFieldValues,ActivationInterval\n"
    text += "t,F,*string_prefix,Account,41,\nt,F,*rsr_fields,,Zone(all),\n"
    found = items(read(Filters=text))["filter", "t:F"]
    assert isinstance(found, policies.Filter)
    assert found.Rules == (policies.FilterRule("*prefix", "~*req.Account", ("41",)), policies.FilterRule("*rsr", "", ("Zone(all)",)))


def test_old_sheets_are_kept_as_they_were_written() -> None:
    rows = "t,ann,false,Account,1,10\nt,ann,false,Uuid,u,10\n"
    kept = OldItem("t:ann", (("t", "ann", "false", "Account", "1", "10"), ("t", "ann", "false", "Uuid", "u", "10")))
    assert items(read(Users=rows)) == {("old_users", "t:ann"): kept}


# -- whole plans ---------------------------------------------------------------------------------------------------------


def test_the_tutorial_has_every_sheet_and_nothing_to_complain_of() -> None:
    outcome = load_folder(str(TUTORIAL), terms())
    assert (outcome.faults, outcome.warnings, outcome.notices) == ([], [], [])
    assert sorted(outcome.counts) == sorted(path.stem for path in TUTORIAL.iterdir())
    assert len(outcome.counts) == 23


def test_every_plan_of_the_recordings_loads() -> None:
    folders = sorted({path.parent for path in RECORDINGS.rglob("*.csv") if path.name[0].isupper()})
    assert len(folders) > 40
    for folder in folders:
        outcome = load_folder(str(folder), terms())
        assert [str(fault) for fault in outcome.faults] == [], folder
        assert outcome.load is not None


def test_every_reference_plan_loads() -> None:
    folders = sorted(path for path in (reference() / "tariffplans").iterdir() if path.is_dir())
    assert len(folders) > 10
    for folder in folders:
        # this one names a plan of the tutorial, which is loaded before it
        known = Known(action_plans=frozenset({"AP_PACKAGE_10"} if folder.name == "account_action_from_tutorial" else ()))
        outcome = load_folder(str(folder), terms(known))
        assert [str(fault) for fault in outcome.faults] == [], folder
        assert sum(outcome.counts.values()) == sum(_rows(path) for path in folder.glob("*.csv") if path.name != "RateProfiles.csv"), folder


def _rows(path: Path) -> int:
    """Lines that are neither empty nor comments; no reference sheet has a cell of several lines."""
    return sum(1 for line in path.read_text().splitlines() if line and not line.startswith("#"))


def test_items_survive_storage_and_another_process() -> None:
    outcome = load_folder(str(TUTORIAL), terms())
    unpacking = Unpacking(pack(outcome))
    slices = 1
    while unpacking.step(2_000):
        slices += 1
    assert unpacking.outcome == outcome
    assert slices > 3
    assert outcome.load is not None
    assert len(items(outcome)) == len(outcome.load.puts)
    assert {kind.name for kind in LOADED_KINDS} >= {kind for kind, _ in items(outcome)}


def test_faults_survive_another_process() -> None:
    outcome = read(Rates="RT,x,1,60s,1s,0s\n")
    unpacking = Unpacking(pack(outcome))
    assert not unpacking.step(1)
    assert unpacking.outcome == outcome
    assert dataclasses.asdict(unpacking.outcome.faults[0])["column"] == 4


def test_two_hundred_thousand_prefixes() -> None:
    """Bounded work, not a measurement (that is tests/perf/tariffplan.py): what is built per prefix is a text in a tuple."""
    rows = "".join(f"DST_{number % 9},{number}\n" for number in range(200_000))
    outcome = read(Destinations=rows)
    assert outcome.counts == {"Destinations": 200_000}
    found = items(outcome)
    assert sum(len(item.Prefixes) for item in found.values() if isinstance(item, Destination)) == 200_000


def test_plan_rates_are_shared_by_destinations_of_one_price() -> None:
    tables = "".join(f"DR,D{number},RT,*up,4,0,\n" for number in range(100))
    found = items(
        read(
            Rates="RT,0,1,60s,1s,0s\n",
            Destinations="".join(f"D{number},{number}\n" for number in range(100)),
            DestinationRates=tables,
            RatingPlans="RP,DR,*any,10\n",
        )
    )
    plan = found["rating_plan", "RP"]
    assert isinstance(plan, RatingPlan)
    rates: set[PlanRate] = {row for rows in plan.DestinationRates.values() for row in rows}
    assert (len(plan.DestinationRates), len(rates), len(plan.Ratings)) == (100, 1, 1)
