"""Actions that a second step completes, against a real server: balances that come back from a record, sessions that are ended."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.cli.client import RefusedError
from tests.gateway.cli.test_explain import PLAN
from tests.gateway.servers import Gateway, gateway, tollwire, until

ANNA = {"Tenant": "default", "Account": "anna"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("outside")) as found:
        found.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(PLAN)})
        until(lambda: cash(found) == Decimal("12.5"), "the first top-up")
        yield found


def cash(served: Gateway) -> object:
    account = served.call("APIerSv2.GetAccount", ANNA)
    assert isinstance(account, dict)
    chain = (account["BalanceMap"] or {}).get("*monetary") or [{"Value": None}]
    return chain[0]["Value"]


def balances(served: Gateway, name: str) -> dict[str, list[tuple[object, object]]]:
    """All balances of an account: ids and values by type."""
    account = served.call("APIerSv2.GetAccount", {"Tenant": "default", "Account": name})
    assert isinstance(account, dict)
    return {kind: [(one["ID"], one["Value"]) for one in chain] for kind, chain in (account["BalanceMap"] or {}).items()}


def run(served: Gateway, kind: str, extra: str = "") -> None:
    rows = [{"Identifier": kind, "ExtraParameters": extra, "Weight": 10}]
    served.call("APIerSv2.SetActions", {"ActionsId": "SET", "Overwrite": True, "Actions": rows})
    served.call("APIerSv1.ExecuteAction", {**ANNA, "ActionsId": "SET"})


def event(origin: str, **fields: object) -> dict[str, object]:
    found: dict[str, object] = {"OriginID": origin, "OriginHost": "switch", "ToR": "*voice", "Category": "call", "Account": "anna"}
    times = {"SetupTime": "2026-03-04T10:00:00Z", "AnswerTime": "2026-03-04T10:00:00Z"}
    return found | times | {"Destination": "+9997555123", "RequestType": "*prepaid", "Usage": "60s"} | fields


def test_balances_come_back_from_the_last_rated_record(served: Gateway) -> None:
    made = event("rated", RequestType="*postpaid")
    served.call("CDRsV1.ProcessEvent", {"Flags": ["*rals"], "Tenant": "default", "Event": made})
    assert cash(served) == Decimal("12.27")
    unrated = event("unrated", RequestType="*rated", Destination="+4030")
    served.call("CDRsV1.ProcessEvent", {"Flags": ["*rals"], "Tenant": "default", "Event": unrated})
    served.call("APIerSv1.DebitBalance", {**ANNA, "BalanceType": "*monetary", "Value": 7, "Balance": {"ID": "prepaid"}})
    assert cash(served) == Decimal("5.27")
    run(served, "*reset_account_cdr")
    until(lambda: cash(served) == Decimal("12.27"), "the balances of the record")
    served.call("APIerSv1.RemoveBalances", {**ANNA, "BalanceType": "*monetary", "Balance": {"ID": "prepaid"}})
    run(served, "*reset_account_cdr")
    until(lambda: cash(served) == Decimal("12.27"), "a balance that was gone")
    assert tollwire("verify", "--state", str(served.state)).returncode == 0


def test_an_account_without_a_record_is_left_alone_and_the_operator_told(served: Gateway) -> None:
    served.call("APIerSv1.SetAccount", {"Tenant": "default", "Account": "new"})
    topped = {"Tenant": "default", "Account": "new", "BalanceType": "*monetary", "Value": 3, "Balance": {"ID": "own"}}
    served.call("APIerSv1.AddBalance", topped)
    before = {name: balances(served, name) for name in ("new", "anna")}
    rows = [{"Identifier": "*reset_account_cdr", "Weight": 10}]
    served.call("APIerSv2.SetActions", {"ActionsId": "NEW", "Overwrite": True, "Actions": rows})
    served.call("APIerSv1.ExecuteAction", {"Tenant": "default", "Account": "new", "ActionsId": "NEW"})
    until(lambda: "no rated record shows the account's balances" in served.text(), "the line in the log")
    assert {name: balances(served, name) for name in ("new", "anna")} == before
    assert before["new"] == {"*monetary": [("own", Decimal(3))]}
    assert tollwire("verify", "--state", str(served.state)).returncode == 0


def test_sessions_are_ended_by_an_action(served: Gateway) -> None:
    for origin in ("one", "two"):
        served.call("SessionSv1.InitiateSession", {"InitSession": True, "Tenant": "default", "Event": event(origin)})
    assert served.call("SessionSv1.GetActiveSessionsCount", {"Tenant": "default"}) == 2
    run(served, "*force_disconnect_sessions", "default;*string:~*req.OriginID:one&*string:~*req.Account:<~*req.Account>;;;")
    until(lambda: served.call("SessionSv1.GetActiveSessionsCount", {"Tenant": "default"}) == 1, "one of them ends")
    run(served, "*alter_sessions", "default;*string:~*req.OriginID:nobody;;;Field:1")
    until(lambda: "actions on sessions did nothing" in served.text(), "the line in the log")
    run(served, "*force_disconnect_sessions", ";;;;")
    until(lambda: _none_open(served), "the other one ends")


def _none_open(served: Gateway) -> bool:
    try:
        return served.call("SessionSv1.GetActiveSessionsCount", {"Tenant": "default"}) == 0
    except RefusedError:
        return True


def test_the_log_has_no_trouble(served: Gateway) -> None:
    assert "Traceback" not in Path(served.log).read_text()
