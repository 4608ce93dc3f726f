"""Cost queries as clients ask them: every recorded one, in both ways of rounding increments."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine import commands
from engine.profiles.items import Items
from engine.rating.answers import Answers
from engine.rating.book import Destination
from engine.rating.call import RatingOptions
from engine.rating.kinds import DESTINATION, KINDS, RATING_PLAN, RATING_PROFILE, TIMING
from engine.rating.tariff import Tariff
from engine.times import parse_time, zone_of
from gateway.api import costs, ratingdata
from gateway.api.context import Api, ApiOptions
from tests.engine.rating.plan_folder import read_destinations, read_plans, read_profiles, read_timings
from tests.gateway.api.calls import Caller
from tests.gateway.api.fakes import ALL_SECTIONS

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
FILES = sorted(path.stem for path in (RECORDINGS / "money").glob("rating-*.json"))
OWN = {row.name for row in (*costs.METHODS, *ratingdata.METHODS)}
NOW = parse_time("2026-05-01T12:00:00Z", zone_of("UTC"), 0).ns
HOUR = 3600 * 10**9
LIMITS = {"*any": 189 * HOUR, "*voice": 72 * HOUR, "*data": 107_374_182_400, "*sms": 10_000, "*mms": 10_000}


class RatingEngine:
    """The rooms that a cost query needs: items and tariff."""

    ticket = 0

    def __init__(self, options: RatingOptions) -> None:
        self.items = Items(KINDS)
        self.tariff = Tariff()
        self.steps = Answers(self.tariff, options).steps()

    def put(self, kind: str, name: str, item: object) -> None:
        self.items.put(kind, name, item)
        self.tariff.put(kind, name, item)

    def load(self, folder: Path) -> None:
        timings = read_timings(folder)
        for name, timing in timings.items():
            self.put(TIMING, name, timing)
        for name, prefixes in read_destinations(folder).items():
            self.put(DESTINATION, name, Destination(name, tuple(prefixes)))
        for plan in read_plans(folder, timings):
            self.put(RATING_PLAN, plan.Id, plan)
        for profile in read_profiles(folder):
            self.put(RATING_PROFILE, profile.Id, profile)

    def step(self, command: object, now_ns: int) -> object:
        if isinstance(command, commands.GetItem):
            return self.items.get(command.kind, command.id)
        if isinstance(command, commands.ListItems):
            return self.items.all(command.kind)
        if isinstance(command, commands.PutItem):
            self.put(command.kind, command.id, command.item)
            return None
        if isinstance(command, commands.RemoveItem):
            self.tariff.remove(command.kind, command.id)
            return self.items.remove(command.kind, command.id)
        return self.steps[type(command)](command, now_ns)


def caller(options: RatingOptions, plan: str = "") -> Caller:
    engine = RatingEngine(options)
    if plan:
        engine.load(RECORDINGS / plan)
    return Caller(Api(engine, ApiOptions(ALL_SECTIONS, "test", default_timezone="UTC"), lambda: NOW))


def _replay() -> ModuleType:
    """The recordings' own comparison."""
    sys.path.insert(0, str(RECORDINGS))
    try:
        spec = importlib.util.spec_from_file_location("costs_replay", RECORDINGS / "replay.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(RECORDINGS))


REPLAY = _replay()


def options_of(config: str, *, exact: bool) -> RatingOptions:
    decimals = 3 if config.endswith("decimals") else 5
    return RatingOptions(exact=exact, rounding_decimals=decimals, subject_prefix_matching=config.endswith("prefix"), max_usage_ns=LIMITS)


def steps_of(group: dict[str, Any], *, exact: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    for case in group["cases"]:
        if exact and case.get("exact_differs"):
            continue
        for step in case["steps"]:
            if step.get("rpc") in OWN:
                yield case["id"], step


@pytest.mark.parametrize("exact", [False, True], ids=["per_increment", "exact"])
@pytest.mark.parametrize("name", [*(f"money/{stem}" for stem in FILES), "money/random-rating", "api/costs"])
def test_recorded_costs(name: str, exact: bool) -> None:
    group = json.loads((RECORDINGS / f"{name}.json").read_text())
    call = caller(options_of(group["config"], exact=exact), group["plan"])
    played = 0
    for case, step in steps_of(group, exact=exact):
        answer = call(step["rpc"], step["params"])
        got = {"error": answer[1]} if isinstance(answer, tuple) else {"result": answer}
        assert REPLAY.compare(step, got) == [], f"{case} {step['rpc']} {step['params']}"
        played += 1
    assert played


@pytest.mark.parametrize("name", [f"money/{stem}" for stem in FILES])
def test_exact_costs_differ_by_rounding_alone(name: str) -> None:
    """Cases in which a step has more decimals than are kept: the same spans and steps, each step within half a grain."""
    group = json.loads((RECORDINGS / f"{name}.json").read_text())
    call = caller(options_of(group["config"], exact=True), group["plan"])
    grain = 0.001 if group["config"].endswith("decimals") else 0.00001
    for case in group["cases"]:
        if not case.get("exact_differs"):
            continue
        for step in case["steps"]:
            if step["rpc"] == "APIerSv1.GetCost":
                got = call(step["rpc"], step["params"])
                assert isinstance(got, dict)
                pairs = zip(step["result"]["Charges"], got["Charges"], strict=True)
                rows = [(want, have) for one, two in pairs for want, have in zip(one["Increments"], two["Increments"], strict=False)]
                assert all(want["Usage"] == have["Usage"] for want, have in rows)
                assert all(abs(want["Cost"] - have["Cost"]) <= grain for want, have in rows)
                assert got["Usage"] == step["result"]["Usage"]


def test_fields_that_are_missing_or_wrong() -> None:
    call = caller(options_of("rpc", exact=True), "api/plans/carriers")
    assert call("Responder.GetCost", {})["Timespans"] is None  # type: ignore[index]
    assert call("SessionSv1.GetCost", {}) == ("error", "MANDATORY_IE_MISSING: [CGREvent]")
    assert call("RALsV1.GetRatingPlansCost", {}) == ("error", "MANDATORY_IE_MISSING: [RatingPlanIDs Destination SetupTime Usage]")
    assert call("Responder.GetCostOnRatingPlans", {"RatingPlanIDs": []}) == {}


def test_a_month_and_a_terabyte() -> None:
    """No limit but the configured one: a month of a call, 10**12 octets."""
    call = caller(RatingOptions(exact=True), "api/plans/carriers")
    question = {"Category": "call", "Subject": "anyone", "AnswerTime": "2026-03-01T00:00:00Z", "Destination": "+4930123", "Usage": "744h"}
    month = call("APIerSv1.GetCost", question)
    assert isinstance(month, dict)
    assert (month["Cost"], sum(charge["CompressFactor"] for charge in month["Charges"])) == (pytest.approx(744 * 7.2), 1)
    octets = {"Category": "data", "Subject": "anyone", "AnswerTime": "2026-03-04T10:00:00Z", "Usage": 1024 * 10**9}
    data = call("APIerSv1.GetDataCost", octets)
    assert isinstance(data, dict)
    assert data["Cost"] == 10**7
