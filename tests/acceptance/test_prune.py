"""Pruning a gateway under load and the folder of one that is stopped: balances stay what they are and add up, before and after a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.killing import TENANT
from tests.acceptance.paying import ACCOUNTS, Payer, look_at, prepared, verify
from tests.gateway.servers import Gateway, tollwire, until

pytestmark = pytest.mark.slow


def entries(gateway: Gateway) -> int:
    ran = tollwire("verify", "--json", "--state", str(gateway.state))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout)["entries"]
    assert isinstance(found, int)
    return found


@pytest.mark.timeout(400)
@pytest.mark.parametrize("small", [False, True], ids=["as in service", "folding and tidying all the time"])
def test_pruned_under_load(tmp_path: Path, small: bool) -> None:
    gateway, done = prepared(tmp_path, small=small)
    try:
        payers = [Payer(gateway, account) for account in done]
        for payer in payers:
            payer.start()
        until(lambda: all(one.acknowledged > 30 for one in payers), "debits are acknowledged")
        dry = gateway.call("TollwireV1.Prune", {"EntriesDays": 0, "DryRun": True})
        assert isinstance(dry, dict)
        assert dry["Accounts"] == ACCOUNTS
        assert dry["Entries"] >= 30 * ACCOUNTS
        for _ in range(3):
            ran = tollwire("prune", "--server", gateway.address, "--entries-older-than", "0", "--json")
            assert ran.returncode == 0, ran.stdout + ran.stderr
            found = json.loads(ran.stdout)
            assert found["Accounts"] == found["Forwards"] == ACCOUNTS
            assert found["Broken"] == []
            verify(gateway)
        gateway.kill()
        gateway = Gateway(tmp_path, small=small)
        look_at(gateway, payers, done)
        again = gateway.call("TollwireV1.Prune", {"EntriesDays": 0})
        assert isinstance(again, dict)
        assert entries(gateway) == ACCOUNTS
        look = gateway.call("APIerSv2.GetAccount", {"Tenant": TENANT, "Account": "a1"})
        assert isinstance(look, dict)
        verify(gateway)
    finally:
        gateway.kill()


def test_the_folder_of_a_stopped_gateway(tmp_path: Path) -> None:
    gateway, _ = prepared(tmp_path)
    state = ("--state", str(gateway.state))
    try:
        for number in range(20):
            event = {
                "OriginID": f"o{number}",
                "ToR": "*voice",
                "RequestType": "*none",
                "Account": "a1",
                "Destination": "49",
                "Usage": "10s",
            }
            event["SetupTime"] = "2020-01-01T00:00:00Z" if number < 15 else "2026-11-01T00:00:00Z"
            gateway.call("CDRsV1.ProcessEvent", {"Tenant": TENANT, "Flags": ["*chargers:false"], "Event": event})
        busy = tollwire("prune", *state, "--entries-older-than", "0")
        assert busy.returncode == 1
        assert "is in use by process" in busy.stderr
        assert gateway.stop() == 0
        cash = entries(gateway)
        dry = json.loads(tollwire("prune", *state, "--entries-older-than", "0", "--cdrs-older-than", "1000", "--dry-run", "--json").stdout)
        assert (dry["CDRs"], entries(gateway)) == (15, cash)
        ran = tollwire("prune", *state, "--entries-older-than", "0", "--cdrs-older-than", "1000", "--compact")
        assert ran.returncode == 0, ran.stderr
        assert "\n15 records are removed\n" in ran.stdout
        assert ran.stdout.splitlines()[-1].startswith("0 of the file's ")
        verify(gateway)
        gateway = Gateway(tmp_path)
        assert gateway.call("CDRsV1.GetCDRsCount", {}) == 5
    finally:
        gateway.kill()


def test_one_prune_at_a_time(tmp_path: Path) -> None:
    gateway, _ = prepared(tmp_path)
    try:
        wrong = tollwire("prune", "--server", gateway.address, "--entries-older-than", "-1")
        assert wrong.returncode == 2
        assert tollwire("prune", "--server", gateway.address, "--compact").returncode == 2
        assert tollwire("prune", "--server", gateway.address).returncode == 0
    finally:
        gateway.kill()


def test_more_days_than_there_were(tmp_path: Path) -> None:
    gateway, _ = prepared(tmp_path)
    try:
        found = gateway.call("TollwireV1.Prune", {"EntriesDays": 2**63 - 1, "CDRsDays": 2**63 - 1})
        assert isinstance(found, dict)
        assert (found["Entries"], found["CDRs"]) == (0, 0)
        assert gateway.stop() == 0
        ran = tollwire("prune", "--state", str(gateway.state), "--entries-older-than", str(10**30), "--json")
        assert json.loads(ran.stdout)["Entries"] == 0
    finally:
        gateway.kill()
