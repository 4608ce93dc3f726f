"""Backups of a gateway under load, and gateways that go on from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.paying import ACCOUNTS, Payer, debits_of, prepared, verify
from tests.gateway.servers import Gateway, tollwire, until

pytestmark = pytest.mark.slow


def restore(file: Path, folder: Path, *words: str) -> str:
    ran = tollwire("restore", "--state", str(folder), *words, str(file))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.timeout(400)
@pytest.mark.parametrize("small", [False, True], ids=["as in service", "folding and tidying all the time"])
def test_every_debit_that_was_acknowledged_before_a_backup_began_is_in_it(tmp_path: Path, small: bool) -> None:
    gateway, done = prepared(tmp_path / "first", small=small)
    second: Gateway | None = None
    try:
        payers = [Payer(gateway, account) for account in done]
        for payer in payers:
            payer.start()
        until(lambda: all(one.acknowledged > 20 for one in payers), "debits are acknowledged")
        before = [one.acknowledged for one in payers]
        file = tmp_path / "backup.db"
        made = tollwire("backup", "--json", "--state", str(gateway.state), str(file))
        after = [one.sent for one in payers]
        assert made.returncode == 0, made.stderr
        until(lambda: all(one.acknowledged > count for one, count in zip(payers, after, strict=True)), "the gateway goes on")
        gateway.kill()
        said = restore(file, tmp_path / "second" / "state")
        as_of = json.loads(made.stdout)["as_of"]
        assert said.startswith(f"{file}, as of {as_of}, is restored to {tmp_path}/second/state\n")
        assert f" entries of {ACCOUNTS} accounts: every balance is what its entries add up to\n" in said
        second = Gateway(tmp_path / "second", small=small)
        for payer, low, high in zip(payers, before, after, strict=True):
            assert low <= debits_of(second, payer.account) <= high
        payer = Payer(second, "a0")
        payer.start()
        until(lambda: payer.acknowledged > 5, "the restored gateway charges")
        verify(second)
    finally:
        gateway.kill()
        if second is not None:
            second.kill()


def test_a_state_in_use_is_not_restored_into_and_one_that_is_there_only_when_told(tmp_path: Path) -> None:
    gateway, _ = prepared(tmp_path)
    file = tmp_path / "backup.db"
    try:
        assert tollwire("backup", "--state", str(gateway.state), str(file)).returncode == 0
        busy = tollwire("restore", "--replace", "--state", str(gateway.state), str(file))
        assert (busy.returncode, busy.stdout) == (1, "")
        assert f"is in use by process {gateway.process.pid}" in busy.stderr
        assert gateway.stop() == 0
        there = tollwire("restore", "--state", str(gateway.state), str(file))
        assert there.returncode == 1
        assert "say --replace" in there.stderr
        tried = tollwire("restore", "--dry-run", str(file))
        assert tried.returncode == 0, tried.stderr
        assert "could be restored" in tried.stdout
        restore(file, gateway.state, "--replace")
        assert (gateway.state / "tollwire.db.replaced").is_file()
        verify(gateway)
    finally:
        gateway.kill()
