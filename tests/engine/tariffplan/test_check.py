"""Faults and warnings of plans, each with its exact place."""

from __future__ import annotations

import pytest

from engine import limits
from engine.rating.book import Timing
from engine.tariffplan.load import load_sources
from engine.tariffplan.read import Source
from engine.tariffplan.terms import Known, Terms
from tests.engine.tariffplan.plans import read
from tests.measured import measured

FAULTS = [
    # one cell of each type
    ({"Rates": "RT,x,1,60s,1s,0s\n"}, ["Rates.csv:1:4: ConnectFee: not a number: 'x'"]),
    ({"Rates": "RT,0,1_0,60s,1s,0s\n"}, ["Rates.csv:1:6: Rate: not a number: '1_0'"]),
    ({"Rates": "RT,0,inf,60s,1s,0s\n"}, ["Rates.csv:1:6: Rate: not a number: 'inf'"]),
    ({"Rates": "RT,0,1e99,60s,1s,0s\n"}, ["Rates.csv:1:6: Rate: a number out of range"]),
    ({"Rates": "#c\nRT,0,1,60sec,1s,0s\n"}, ['Rates.csv:2:8: RateUnit: time: unknown unit "sec" in duration "60sec"']),
    ({"Rates": ",0,1,60s,1s,0s\n"}, ["Rates.csv:1:1: Tag: is empty"]),
    ({"AccountActions": "t,a,,,yes,\n"}, ["AccountActions.csv:1:7: AllowNegative: neither true nor false: 'yes'"]),
    (
        {"AccountActions": "t,a,,,flase,\n"},
        ["AccountActions.csv:1:7: AllowNegative: neither true nor false: 'flase' (did you mean false?)"],
    ),
    ({"Stats": "t,S,,,1.5,,,,,,,,\n"}, ["Stats.csv:1:7: QueueLength: not an integer: '1.5'"]),
    ({"Timings": "T,,,,,25:00:00\n"}, ["Timings.csv:1:7: Time: not a time of day: '25:00:00'"]),
    ({"Timings": "T,,,,,08:00:00;noon\n"}, ["Timings.csv:1:7: Time: not a time of day: 'noon'"]),
    ({"Chargers": "t,C,,soon,r,*none,0\n"}, ["Chargers.csv:1:6: ActivationInterval: Unsupported time format: 'soon'"]),
    ({"Resources": "t,R,,,,many,,,,,\n"}, ["Resources.csv:1:8: Limit: Invalid value: many"]),
    (
        {"ActionTriggers": "G,u,*min_balance,1,maybe,0,,,,,,,,,,,,,,A,1\n"},
        ["ActionTriggers.csv:1:20: Recurrent: neither true nor false: 'maybe'"],
    ),
    (
        {"ActionTriggers": "G,u,*min_balance,1,true,0,,,,,,,,,,,,perhaps,,A,1\n"},
        ["ActionTriggers.csv:1:38: BalanceBlocker: Invalid value: perhaps"],
    ),
    ({"Actions": "A,*topup,,,b,*monetary,,,,,,,many,,,,10\n"}, ["Actions.csv:1:30: Units: Invalid value: many"]),
    ({"Actions": "A,*topup,,,b,*voice,,,,,,,90sec,,,,10\n"}, ["Actions.csv:1:27: Units: Invalid value: 90sec"]),
    ({"Actions": 'A,*topup,,,b,*monetary,,,,,,,"{""Method"":1}",,,,10\n'}, ['Actions.csv:1:30: Units: Invalid value: {"Method":1}']),
    ({"Actions": "A,*topup,,,b,*monetary,,,,,,,1,heavy,,,10\n"}, ["Actions.csv:1:32: BalanceWeight: Invalid value: heavy"]),
    (
        {"Attributes": "t,A,,,,,*req.B,*variable,a;~*req.C{*rond:2},false,1\n"},
        ["Attributes.csv:1:26: Value: invalid converter value in string: <*rond:2>, err: unsupported converter definition: <*rond:2>"],
    ),
    ({"Attributes": "t,A,,,,,*req.B,*variable,`a;b,false,1\n"}, ["Attributes.csv:1:26: Value: Unclosed unspilit syntax"]),
    # names
    (
        {"Rates": "RT_DAY,0,1,60s,1s,0s\n", "DestinationRates": "DR,*any,RT_DYA,*up,4,0,\n"},
        ['DestinationRates.csv:1:9: could not find rate for tag "RT_DYA" (did you mean RT_DAY?)'],
    ),
    (
        {"Rates": "RT,0,1,60s,1s,0s\n", "Destinations": "DST_NORTH,1\n", "DestinationRates": "DR,DST_NROTH,RT,*up,4,0,\n"},
        ['DestinationRates.csv:1:4: could not find destination for tag "DST_NROTH" (did you mean DST_NORTH?)'],
    ),
    (
        {"RatingPlans": "RP,DR,*anny,10\n"},
        [
            'RatingPlans.csv:1:4: could not find destination rate for tag "DR"',
            'RatingPlans.csv:1:7: could not find timing for tag "*anny" (did you mean *any?)',
        ],
    ),
    ({"RatingProfiles": "t,call,*any,,RP,\n"}, ['RatingProfiles.csv:1:14: could not find rating plan for tag "RP"']),
    (
        {"ActionPlans": "AP,A,*asap,10\nAP,,*asap,10\n"},
        ['ActionPlans.csv:1:4: could not find actions for tag "A"', 'ActionPlans.csv:2:4: could not find actions for tag ""'],
    ),
    (
        {"AccountActions": "t,a,AP,TR,,\n"},
        [
            'AccountActions.csv:1:5: could not find action plan for tag "AP"',
            'AccountActions.csv:1:8: could not find action triggers for tag "TR"',
        ],
    ),
    (
        {"Actions": "A,*topup,,,b,*voice,,,,,,TM_A;!TM_B,1,,,,10\n", "Timings": "TM_A,,,,,\n"},
        ['Actions.csv:1:26: could not find timing for tag "TM_B" (did you mean TM_A?)'],
    ),
    (
        {"Chargers": "t,C,FLT_A;*string:~*req.A:b,,r,*none,0\n", "Filters": "other,FLT_A,*string,~*req.A,1,\nt,FLT_B,*string,~*req.A,1,\n"},
        ["Chargers.csv:1:5: broken reference to filter: <FLT_A> for item with ID: t:C (did you mean FLT_B?)"],
    ),
    (
        {"Chargers": "t,C,*regex:~*req.A:[,,r,*none,0\n"},
        ["Chargers.csv:1:5: broken reference to filter: <*regex:~*req.A:[> for item with ID: t:C"],
    ),
    (
        {"Filters": "t,F,*regex,~*req.A,[;a,\nt,F,*gt,~*req.A{*unheard},1,\nt,F,*odd,~*req.A,1,\n"},
        [
            "Filters.csv:1:12: Element: error parsing regexp: missing ]: [",
            "Filters.csv:2:9: Element: invalid converter value in string: <*unheard>, err: unsupported converter definition: <*unheard>",
        ],
    ),
    (
        {"Routes": "t,R,,,*weight,,way,*string:x,,,,,,,,\n"},
        ["Routes.csv:1:20: broken reference to filter: <*string:x> for item with ID: t:R"],
    ),
    (
        {"LcrRules": "*out,t,call,a,*any,*any,lcr,*static,,2020-01-01T00:00:00Z,10\n"},
        ['LcrRules.csv:1:25: could not find ratingProfiles with prefix "*out:t:lcr"'],
    ),
    # names used twice
    ({"Timings": "T,,,,,00:00:00\nT,,,,,01:00:00\n"}, ["Timings.csv:2:1: duplicate timing tag: T"]),
    ({"AccountActions": "t,a,,,,\nt,b,,,,\nt,a,,,,\n"}, ["AccountActions.csv:3:3: duplicate account action: t:a"]),
]


@pytest.mark.parametrize(("sheets", "faults"), FAULTS, ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_faults_stand_at_their_cell(sheets: dict[str, str], faults: list[str]) -> None:
    outcome = read(**sheets)
    assert [str(fault) for fault in outcome.faults] == faults
    assert outcome.load is None


def test_everything_that_is_wrong_comes_out_at_once_in_the_order_of_files_and_lines() -> None:
    outcome = read(
        Rates='RT,x,y,60s,1s,0s\nRT\n"RT,0\nRT,0,1,z,1s,0s\n',
        RatingPlans="RP,DR,*any,heavy\n",
    )
    assert [str(fault).split(": ")[0] for fault in outcome.faults] == [
        "Rates.csv:1:4",
        "Rates.csv:1:6",
        "Rates.csv:2:3",
        "Rates.csv:3:1",
        "Rates.csv:4:8",
        "RatingPlans.csv:1:4",
        "RatingPlans.csv:1:12",
    ]


def test_cells_behind_a_quoted_field_of_several_lines() -> None:
    outcome = read(Actions='A,*cgr_rpc,"{""a"":\n1}",,b,*monetary,,,,,,,many,,,,10\n')
    assert [str(fault) for fault in outcome.faults] == ["Actions.csv:2:24: Units: Invalid value: many"]


def test_places_count_characters() -> None:
    outcome = read(Rates="Tarif Überland,0,1,x,1s,0s\n")
    assert str(outcome.faults[0]).startswith("Rates.csv:1:20: RateUnit")


def test_stored_items_may_be_named() -> None:
    known = Known(
        destinations=frozenset({"DST"}),
        rating_plans=frozenset({"RP"}),
        rating_profiles=frozenset({"*out:t:lcr:vendor"}),
        actions=frozenset({"ACT"}),
        action_plans=frozenset({"AP"}),
        action_triggers=frozenset({"TR"}),
        filters=frozenset({"t:FLT"}),
        timings={"TM": Timing("TM", StartTime="08:00:00")},
    )
    outcome = read(
        known,
        Rates="RT,0,1,60s,1s,0s\n",
        DestinationRates="DR,DST,RT,*up,4,0,\n",
        RatingPlans="RP2,DR,TM,10\n",
        RatingProfiles="t,call,*any,,RP,\n",
        Actions="A,*topup,,,b,*voice,,,,,,TM,1,,,,10\n",
        ActionPlans="AP2,ACT,TM,10\n",
        AccountActions="t,a,AP,TR,,\n",
        Chargers="t,C,FLT,,r,*none,0\n",
        LcrRules="*out,t,call,a,*any,*any,lcr,*static,,2020-01-01T00:00:00Z,10\n",
    )
    assert outcome.faults == []


def test_more_faults_than_are_named_are_counted() -> None:
    outcome = read(DestinationRates="".join(f"DR,*any,RT_{number},*up,4,0,\n" for number in range(limits.PLAN_FAULTS + 7)))
    assert (len(outcome.faults), outcome.faults_more, outcome.load) == (limits.PLAN_FAULTS, 7, None)


GOOD = {"Rates": "RT,0,1,60s,1s,0s\n", "DestinationRates": "DR,*any,RT,*up,4,0,\n"}
WARNINGS = [
    (
        {"Attributes": "t,A,*any,,,,*req.B,*varible,a,false,1\nt,A,,,,,*req.C,,`a;b`;c,,\n"},
        ["Attributes.csv:1:20: Type: no value is made by '*varible' (did you mean *variable?)"],
    ),
    (
        {"Attributes": "t,A,,,,,*req.B,,a,false,1\nt,A,,,,,*req.C,,b,,\nt,B,*cdrs,,,,*req.B,,a,false,1\n"},
        ["Attributes.csv:1:5: Contexts: t:A has none and is never used; *any is every context"],
    ),
    (
        {"Chargers": "t,C,,,r,*constant:*req.B:x;*constant:*req.B,0\nt,D,,,r,*none,0\nt,E,,,r,ATTR,0\n"},
        ["Chargers.csv:1:9: AttributeIDs: inline parse error for string: <*constant:*req.B>"],
    ),
    (GOOD | {"RatingPlans": "RP,DR,*any,10\n"}, []),
    (
        GOOD | {"RatingPlans": "RP,DR,DAY,10\n", "Timings": "DAY,,,,1;2;3;4;5;6;7,08:00:00\n"},
        ["RatingPlans.csv:1:1: rating plan RP does not cover every day of the week from 00:00:00"],
    ),
    (GOOD | {"RatingPlans": "RP,DR,WEEK,10\nRP,DR,END,10\n", "Timings": "WEEK,,,,1;2;3;4;5,00:00:00\nEND,,,,6;7,00:00:00\n"}, []),
    (
        GOOD | {"RatingPlans": "RP,DR,MAY,10\n", "Timings": "MAY,,5,,,00:00:00\n"},
        ["RatingPlans.csv:1:1: rating plan RP does not cover every day of the week from 00:00:00"],
    ),
    ({"Rates": "RT,0,1,60s,60s,0s\nRT,0,1,60s,1s,60s\n"}, []),
    ({"Rates": "RT,0,1,60s,60s,0s\nRT,0,1,60s,1s,90s\n"}, ["Rates.csv:2:15: RT: this slot begins inside a step of the one before it"]),
    ({"Rates": "RT,0,1,60s,1s,60s\nRT,0,1,60s,1s,60s\n"}, ["Rates.csv:2:15: RT: this slot does not begin after the one before it"]),
    ({"Timings": "T,2026,,,1,00:00:00\n"}, ["Timings.csv:1:10: T: week days beside years, months or days of the month"]),
    (
        GOOD | {"DestinationRates": "DR,*any,RT,*upp,4,0,*fre\n"},
        [
            "DestinationRates.csv:1:12: RoundingMethod: nothing is rounded by '*upp' (did you mean *up?)",
            "DestinationRates.csv:1:21: MaxCostStrategy: no strategy is '*fre' (did you mean *free?)",
        ],
    ),
    ({"Destinations": "Tag,Prefix\nA,1\n"}, ["Destinations.csv:1:1: looks like the names of the columns; begin such a line with #"]),
    ({"Chargers": "t,C,,2026-01-01T00:00:00Z;2025-01-01T00:00:00Z,r,*none,0\n"}, ["Chargers.csv:1:6: ends before it begins"]),
    (
        {"Thresholds": "t,T,,,-1,1,0,false,10,ACT_TEL;*none,false,\n", "Actions": "ACT_TELL,*log,,,,,,,,,,,,,,,10\n"},
        ["Thresholds.csv:1:23: ActionIDs: there is no actions 'ACT_TEL' yet (did you mean ACT_TELL?)"],
    ),
]


@pytest.mark.parametrize(("sheets", "warnings"), WARNINGS, ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_warnings_stop_nothing(sheets: dict[str, str], warnings: list[str]) -> None:
    outcome = read(**sheets)
    assert [str(warning) for warning in outcome.warnings] == warnings
    assert outcome.faults == []
    assert outcome.load is not None


def test_a_thousand_wrong_names_among_a_thousand_take_no_longer_than_a_hundred() -> None:
    files = {
        "Destinations": "".join(f"DST_{number},{number}\n" for number in range(1000)),
        "Rates": "RT,0,1,60s,1s,0s\n",
        "DestinationRates": "".join(f"DR,DSX_{number},RT,*up,4,0,\n" for number in range(1000)),
    }
    with measured() as took:
        outcome = load_sources([Source(f"{name}.csv", text.encode()) for name, text in files.items()], Terms("1", 0))
    suggested = [fault.suggestion for fault in outcome.faults]
    assert suggested[0] == "DST_0"
    assert sum(map(bool, suggested)) <= limits.PLAN_SUGGESTIONS
    assert took.seconds < 2, "n² takes five seconds"
