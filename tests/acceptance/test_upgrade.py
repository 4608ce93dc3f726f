"""State folders that earlier versions left behind, killed in the middle of their work: they open, add up and go on.

tests/acceptance/states has one for each schema as SQL, written by the gateway of its day: three accounts, a session that is over with its
record, a rated record, one open session, half of it folded and half in the journal.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.storage.sqlite.folder import DATABASE_NAME
from engine.storage.sqlite.schema import MIGRATIONS
from tests.gateway.servers import Gateway, tollwire

pytestmark = pytest.mark.slow

STATES = Path(__file__).with_name("states")
TENANT = "old.example"
EVENT = {
    "OriginID": "open",
    "OriginHost": "sw",
    "ToR": "*voice",
    "RequestType": "*prepaid",
    "Category": "call",
    "Account": "a2",
    "Subject": "a2",
    "Destination": "4930",
    "SetupTime": "2026-04-08T10:00:00Z",
    "AnswerTime": "2026-04-08T10:00:00Z",
}


def left_behind(schema: int, folder: Path) -> Path:
    """The folder as that version left it."""
    state = folder / "state"
    state.mkdir(parents=True)
    with closing(sqlite3.connect(state / DATABASE_NAME)) as connection:
        connection.executescript((STATES / f"schema-{schema}.sql").read_text())
    return state


def balances(gateway: Gateway, account: str) -> dict[str, float]:
    found = gateway.call("APIerSv2.GetAccount", {"Tenant": TENANT, "Account": account})
    assert isinstance(found, dict)
    return {one["ID"]: float(one["Value"]) for chain in found["BalanceMap"].values() for one in chain}


def version_of(state: Path) -> int:
    with closing(sqlite3.connect(state / DATABASE_NAME)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    assert isinstance(version, int)
    return version


def check(gateway: Gateway) -> None:
    assert balances(gateway, "a0") == {"cash": 100, "minutes": 60e9, "late": 1}
    assert balances(gateway, "a1") == {"cash": 99.1}
    records = gateway.call("CDRsV1.GetCDRs", {"OrderBy": "OrderID"})
    assert isinstance(records, list)
    assert [(one["OriginID"], float(one["Cost"])) for one in records] == [("over", 0.9), ("rated", 0.3)]


def test_the_first_schema_opens_adds_up_and_goes_on(tmp_path: Path) -> None:
    state = left_behind(1, tmp_path)
    early = tollwire("verify", "--state", str(state))
    assert early.returncode == 1
    assert f"has schema version 1; a gateway that is started on it brings it to {len(MIGRATIONS)}" in early.stderr
    gateway = Gateway(tmp_path)
    try:
        check(gateway)
        before = balances(gateway, "a2")["cash"]
        assert before == pytest.approx(98.2)
        gateway.call("SessionSv1.UpdateSession", {"UpdateSession": True, "Tenant": TENANT, "Event": {**EVENT, "Usage": "60s"}})
        assert balances(gateway, "a2")["cash"] == pytest.approx(before - 0.6)
        gateway.kill()
        gateway = Gateway(tmp_path)
        check(gateway)
        gateway.call("SessionSv1.TerminateSession", {"TerminateSession": True, "Tenant": TENANT, "Event": {**EVENT, "Usage": "200s"}})
        assert balances(gateway, "a2")["cash"] == pytest.approx(98)
        assert gateway.call("TollwireV1.Prune", {"EntriesDays": 0}) is not None
        verified = tollwire("verify", "--state", str(state))
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert gateway.stop() == 0
        assert version_of(state) == len(MIGRATIONS)
    finally:
        gateway.kill()


def test_a_backup_of_the_first_schema_is_restored_as_todays(tmp_path: Path) -> None:
    state = left_behind(1, tmp_path / "old")
    file = tmp_path / "old.db"
    assert tollwire("backup", "--state", str(state), str(file)).returncode == 0
    assert tollwire("restore", "--dry-run", str(file)).returncode == 0
    restored = tollwire("restore", "--state", str(tmp_path / "new" / "state"), str(file))
    assert restored.returncode == 0, restored.stderr
    assert version_of(tmp_path / "new" / "state") == len(MIGRATIONS)
    gateway = Gateway(tmp_path / "new")
    try:
        check(gateway)
    finally:
        gateway.kill()


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    state = left_behind(1, tmp_path)
    with closing(sqlite3.connect(state / DATABASE_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    complaint = f"has schema version {len(MIGRATIONS) + 1}; this program knows versions up to {len(MIGRATIONS)}"
    for words in (["serve"], ["verify"], ["prune"], ["backup"]):
        target = [str(tmp_path / "new.db")] if words == ["backup"] else []
        ran = tollwire(*words, "--state", str(state), *target)
        assert ran.returncode == 1, words
        assert complaint in ran.stderr, words
        assert "Traceback" not in ran.stderr
