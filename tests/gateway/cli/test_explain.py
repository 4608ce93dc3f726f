"""tollwire explain: every sample of the manual, the method behind it, and what it says when there is nothing to explain."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.client import RefusedError
from gateway.cli.costs import Node, cost_tree, tree_lines
from gateway.cli.explained import explanation_tree, hints, is_refused
from tests.gateway.servers import ROOT, Gateway, gateway, tollwire, until

PLAN = ROOT / "packaging" / "tariffplans" / "tutorial"
MANUAL = ROOT / "docs" / "explain.md"
START = "2026-03-04T10:00:00Z"
SECOND = 10**9


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("explained")) as found:
        found.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(PLAN)})
        for name in ("anna", "bjorn", "carla"):
            until(lambda name=name: balances(found, name), f"{name} has balances")  # type: ignore[misc]
        record(found, "call-7", "+9997555123", "anna")
        record(found, "call-8", "+4030555123", "anna")
        yield found


def balances(served: Gateway, name: str) -> object:
    account = served.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": name})
    return isinstance(account, dict) and account["BalanceMap"]


def record(served: Gateway, origin: str, destination: str, account: str) -> None:
    event = {"OriginID": origin, "OriginHost": "switch", "ToR": "*voice", "RequestType": "*rated", "Category": "call", "Account": account}
    event |= {"Subject": account, "Destination": destination, "SetupTime": START, "AnswerTime": START, "Usage": "157s", "Tenant": "default"}
    served.call("CDRsV1.ProcessEvent", {"Flags": ["*rals"], "Tenant": "default", "Event": event})


def ask(served: Gateway, **question: object) -> dict[str, Any]:
    found = served.call("TollwireV1.ExplainCost", {"Tenant": "default", "AnswerTime": START, "Usage": "60s", **question})
    assert isinstance(found, dict)
    return found


# -- the manual ------------------------------------------------------------------------------------------------------------


def samples() -> list[tuple[str, str]]:
    """(command, what it prints) of the manual's page."""
    found: list[tuple[str, str]] = []
    lines: list[str] | None = None
    for line in [*MANUAL.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("    $ "):
            lines = []
            found.append((line.removeprefix("    $ "), ""))
        elif lines is not None and line.startswith("    "):
            lines.append(line[4:])
            found[-1] = (found[-1][0], "\n".join(lines))
        else:
            lines = None
    return found


@pytest.mark.parametrize(("command", "printed"), samples(), ids=[command[:60] for command, _ in samples()])
def test_samples_of_the_manual(served: Gateway, command: str, printed: str) -> None:
    words = shlex.split(command)
    assert words[:2] == ["tollwire", "explain"]
    ran = tollwire("explain", "--server", served.address, *words[2:])
    assert ran.stdout.rstrip() == printed, ran.stderr
    assert ran.returncode == (1 if "no price" in printed.partition("\n")[0] else 0)


def test_the_manual_has_samples_of_everything() -> None:
    text = "\n".join(printed for _, printed in samples())
    for part in (
        "hint: there is an account",
        "hint: there is a profile",
        "would match prefix",
        "its timings rest",
        "shared group",
        "used up",
    ):
        assert part in text


# -- the method ------------------------------------------------------------------------------------------------------------


def test_the_method_answers_the_whole_tree(served: Gateway) -> None:
    tree = ask(served, Account="anna", Destination="+9997555123")
    assert list(tree) == ["Call", "Profiles", "Spans", "Total", "Debit"]
    assert tree["Call"]["Subject"] == "anna"
    assert (tree["Total"]["Cost"], tree["Total"]["ConnectFee"]) == (Decimal("0.23"), Decimal("0.05"))
    assert [(one["ID"], one["Cost"], one["Usage"]) for one in tree["Debit"]["Tries"]] == [("prepaid", Decimal("0.23"), 60 * SECOND)]
    assert tree["Debit"]["EventCost"]["Cost"] == tree["Total"]["Cost"]
    assert tree["Debit"]["MaxUsage"] == 60 * SECOND


def test_without_an_account_there_is_no_debit(served: Gateway) -> None:
    assert ask(served, Subject="anna", Destination="+9997555123")["Debit"] is None


def test_the_method_says_what_is_wrong_with_its_arguments(served: Gateway) -> None:
    with pytest.raises(RefusedError, match=r"MANDATORY_IE_MISSING: \[Usage\]"):
        served.call("TollwireV1.ExplainCost", {"Account": "anna"})
    with pytest.raises(RefusedError, match="unknown unit"):
        ask(served, Account="anna", Usage="1 parsec")
    with pytest.raises(RefusedError, match="Unsupported time format"):
        ask(served, Account="anna", AnswerTime="soon")
    assert served.call("TollwireV1.Ping", {}) == "Pong"


def test_asking_charges_nothing(served: Gateway) -> None:
    before = balances(served, "anna")
    ask(served, Account="anna", Destination="+9997555123", Usage="1h")
    assert balances(served, "anna") == before


def test_a_debit_that_may_not_owe(served: Gateway) -> None:
    question = {"Account": "anna", "Destination": "+88112345", "Usage": "10m"}
    assert "owes it" in ask(served, **question)["Debit"]["Rest"]["Why"]
    assert "may not" in ask(served, **question, DenyNegativeAccount=True)["Debit"]["Rest"]["Why"]


# -- the command -----------------------------------------------------------------------------------------------------------


def test_json_is_what_the_method_answers(served: Gateway) -> None:
    words = ("--tenant", "default", "--account", "anna", "--destination", "+9997555123", "--time", START, "--usage", "60s")
    ran = tollwire("explain", "--server", served.address, "--json", *words)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout, parse_float=Decimal)["Spans"] == ask(served, Account="anna", Destination="+9997555123")["Spans"]


def test_a_record_as_json_has_its_cost_or_an_explanation(served: Gateway) -> None:
    (rated,) = json.loads(tollwire("explain", "--server", served.address, "--json", "call-7").stdout)
    assert (rated["Explanation"], rated["CostDetails"]["Cost"]) == (None, rated["Cost"])
    by_cgrid = tollwire("explain", "--server", served.address, "--json", rated["CGRID"])
    assert json.loads(by_cgrid.stdout) == [rated]
    (unrated,) = json.loads(tollwire("explain", "--server", served.address, "--json", "call-8").stdout)
    assert unrated["Explanation"]["Refusal"] == "UNAUTHORIZED_DESTINATION"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "say whose call: --account or --subject"),
        (("--destination", "+49"), 2, "say whose call: --account or --subject"),
        (("call-7", "--account", "anna"), 2, "leave out either CGRID or the call"),
        (("--account", "anna", "--run", "x"), 2, "--run goes with the CGRID"),
        (("nobody",), 1, "no record has the CGRID or OriginID nobody"),
        (("call-7", "--run", "other"), 1, "call-7 has no run other; there are *default"),
        (("--account", "anna", "--usage", "much"), 1, 'time: invalid duration "much"'),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_line(served: Gateway, words: tuple[str, ...], status: int, said: str) -> None:
    ran = tollwire("explain", "--server", served.address, *words)
    assert (ran.returncode, ran.stdout) == (status, "")
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_an_account_that_refuses_is_no_success(served: Gateway) -> None:
    ran = tollwire("explain", "--server", served.address, "--tenant", "default", "--account", "former", "--destination", "+9997555123")
    assert ran.returncode == 1
    assert "account default:former: refused, ACCOUNT_DISABLED" in ran.stdout


def test_no_gateway_no_explanation(tmp_path: Path) -> None:
    ran = tollwire("explain", "--server", "127.0.0.1:1", "--account", "anna")
    assert (ran.returncode, ran.stdout) == (3, "")


# -- drawing ---------------------------------------------------------------------------------------------------------------


def drawn(node: Node) -> str:
    return "\n".join(tree_lines(node))


def test_parts_that_are_rare_are_drawn_too() -> None:
    group = {"ID": "G", "Strategy": "*lowest", "Members": [{"Account": "t:a"}, {"Account": "t:b", "Why": "ACCOUNT_DISABLED"}]}
    tree: dict[str, object] = {
        "Call": {"Tenant": "t", "Category": "c", "Subject": "s", "Destination": "d", "ToR": "*data", "Usage": 2048, "TimeStart": START},
        "Profiles": [{"ID": "*out:t:c:s", "FoundID": "*out:t:c:other", "Depth": 1}, {"ID": "*out:t:c:x", "TooDeep": True}],
        "MoreSpans": 3,
        "Refusal": "X",
        "Debit": {"Account": "t:a", "Refusal": "Y", "More": 9, "Groups": [group, {"ID": "H", "Why": "gone"}], "NearMisses": ["near"]},
        "NearMisses": ["nearer"],
    }
    text = drawn(explanation_tree(tree))
    for part in (
        "t:c:s to d, 2,048 octets from 2026-03-04T10:00:00Z: no price, X",
        "t:c:s: found t:c:other",
        "t:c:x: not asked, deeper than rals.fallback_depth",
        "3 more spans",
        "account t:a: refused, Y",
        "9 more rows",
        "shared group G, strategy *lowest",
        "t:b: passed over, ACCOUNT_DISABLED",
        "shared group H: gone",
    ):
        assert part in text
    assert hints(tree) == ["nearer", "near"]
    assert is_refused(tree)


def test_a_cost_is_drawn_with_priced_units_limits_and_repetitions() -> None:
    cost = {
        "Cost": Decimal("1.50"),
        "Usage": 60 * SECOND,
        "StartTime": START,
        "Charges": [{"RatingID": "r", "CompressFactor": 3, "Increments": [{"Usage": SECOND, "Cost": Decimal("0.5"), "AccountingID": "u"}]}],
        "Rating": {"r": {"RatingFiltersID": "f", "MaxCost": 5, "MaxCostStrategy": "*free", "TimingID": "t", "RatesID": "s"}},
        "RatingFilters": {"f": {"Subject": "*out:t:c:s", "DestinationPrefix": "*any", "DestinationID": "*any", "RatingPlanID": "P"}},
        "Accounting": {
            "u": {"AccountID": "t:a", "BalanceUUID": "b1", "Units": SECOND, "ExtraChargeID": "m"},
            "m": {"AccountID": "t:a", "BalanceUUID": "b2", "Units": Decimal("0.5"), "ExtraChargeID": ""},
        },
        "AccountSummary": {
            "Tenant": "t",
            "AccountID": "a",
            "BalanceSummaries": [
                {"UUID": "b1", "ID": "min", "Type": "*voice", "Initial": 9 * SECOND, "Value": 6 * SECOND},
                {"UUID": "b2", "ID": "cash", "Type": "*monetary", "Initial": 2, "Value": Decimal("0.5")},
            ],
        },
    }
    text = drawn(cost_tree(cost))
    for part in (
        "1.5 by P, 3 times",
        "any destination",
        "at most 5, then *free",
        "1s from min (*voice) of t:a",
        "0.5 from cash (*monetary) of t:a",
        "min (*voice): 9s -> 6s",
        "cash (*monetary): 2 -> 0.5",
    ):
        assert part in text
