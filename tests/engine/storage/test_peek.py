"""Looking into a state folder that somebody else holds: at every moment what is durable, once each."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.records import (
    AccountPut,
    AccountRemoved,
    EntriesForwarded,
    Entry,
    ItemPut,
    MetaPut,
    Record,
    SessionClosed,
    SessionPut,
    StateRecord,
    is_removal,
    state_key,
)
from engine.storage.ports import StorageDamaged, StorageError
from engine.storage.sqlite.peek import Peek
from tests.engine.storage.drivers import SqliteDriver, cdr, durable, entry, run, working

Ledger = dict[int, Entry]
State = dict[tuple[int, str], StateRecord]


def looked(folder: Path) -> tuple[int, State, Ledger]:
    """What a look finds: the last ticket, the state, the entries."""
    peek = Peek(folder)
    try:
        state: State = {}
        for record in peek.state():
            if is_removal(record):
                state.pop(state_key(record), None)
            else:
                state[state_key(record)] = record
        entries = list(peek.entries())
        assert [one.entry_id for one in entries] == sorted({one.entry_id for one in entries}), "each once, in order"
        rows = peek._connection.execute("SELECT coalesce(max(first + appends - 1), 0) FROM journal").fetchone()
        pruned = peek._connection.execute("SELECT value FROM marks WHERE name = 'pruned'").fetchone()
        return max(rows[0], pruned[0]), state, {one.entry_id: one for one in entries}
    finally:
        peek.close()


class Model:
    """What should be found after each ticket."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.state: State = {}
        self.ledger: Ledger = {}
        self.after: list[tuple[State, Ledger]] = [({}, {})]
        self.next_id = 1

    def append(self) -> Sequence[Record]:
        """The records of one more append."""
        records: list[Record] = []
        account = f"cgrates.org:{self.draw.randrange(4)}"
        kind = self.draw.randrange(8)
        if kind == 0:
            records.append(AccountRemoved(account))
        elif kind == 1:
            records += [SessionPut(account, b"open"), cdr(len(self.after), cgrid=account)]
        elif kind == 2:
            records.append(SessionClosed(account))
        elif kind == 3:
            records += [ItemPut("timing", account, bytes([self.draw.randrange(256)])), MetaPut("load", account.encode())]
        elif kind == 4 and any(one.account == account for one in self.ledger.values()):
            records.append(self._closing(account))
        else:
            records += [self._entry(account) for _ in range(self.draw.randrange(1, 4))]
            records.append(AccountPut(account, bytes([self.draw.randrange(256)])))
        for record in records:
            self._apply(record)
        self.after.append((dict(self.state), dict(self.ledger)))
        return records

    def _entry(self, account: str) -> Entry:
        self.next_id += 1
        return entry(self.next_id, account=account, balance=f"b{self.draw.randrange(2)}", delta=self.draw.randrange(100))

    def _closing(self, account: str) -> EntriesForwarded:
        ids = [one.entry_id for one in self.ledger.values() if one.account == account]
        through = self.draw.choice(ids)
        last = {one.balance: one for one in self.ledger.values() if one.account == account and one.entry_id <= through}
        forwards = tuple(entry(one.entry_id, account=account, balance=one.balance, delta=7) for one in last.values())
        return EntriesForwarded(account, through, forwards)

    def _apply(self, record: Record) -> None:
        if isinstance(record, Entry):
            self.ledger[record.entry_id] = record
        elif isinstance(record, EntriesForwarded):
            kept = {id_: one for id_, one in self.ledger.items() if one.account != record.account or id_ > record.through_id}
            self.ledger = kept | {one.entry_id: one for one in record.forwards}
        elif isinstance(record, AccountPut | AccountRemoved | SessionPut | SessionClosed | ItemPut | MetaPut):
            if is_removal(record):
                self.state.pop(state_key(record), None)
            else:
                self.state[state_key(record)] = record


@pytest.mark.parametrize("seed", range(4))
def test_a_look_between_any_two_statements_finds_what_is_durable(tmp_path: Path, seed: int) -> None:
    driver = SqliteDriver(tmp_path / "state")
    model = Model(seed)
    looks: list[int] = []

    def look(sql: str) -> None:
        if sql.startswith(("INSERT", "DELETE", "UPDATE", "COMMIT", "PRAGMA wal_checkpoint")):
            ticket, state, ledger = looked(driver.folder)
            assert (state, ledger) == model.after[ticket], sql
            looks.append(ticket)

    async def work() -> None:
        async with working(driver) as storage:
            driver.trouble.after = look
            for round_ in range(12):
                await durable(storage, *[model.append() for _ in range(model.draw.randrange(1, 8))])
                if round_ % 3 == 2:
                    await storage.prune()
            assert storage.status().available, "a look that differs fails the statement"
        assert storage.status().durable_ticket == len(model.after) - 1

    run(work())
    assert len(looks) > 60
    assert looked(driver.folder) == (len(model.after) - 1, *model.after[-1])


def test_who_holds_the_folder_is_not_disturbed(tmp_path: Path) -> None:
    driver = SqliteDriver(tmp_path / "state")

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [entry(1)])
            peek = Peek(driver.folder)
            await durable(storage, [entry(2)])
            await storage.prune()
            assert [one.entry_id for one in peek.entries()] == [1], "the moment of the look"
            peek.close()
            assert sorted(looked(driver.folder)[2]) == [1, 2]

    run(work())


def test_a_folder_without_a_database_is_named_and_left_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=f"{tmp_path} holds no tollwire.db"):
        Peek(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_other_databases_and_versions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tollwire.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (a)")
    connection.commit()
    with pytest.raises(StorageError, match="another program"):
        Peek(tmp_path)
    connection.execute(f"PRAGMA application_id = {0x546F6C6C}")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="schema version 99"):
        Peek(tmp_path)
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageDamaged, match="not a database"):
        Peek(tmp_path)


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    driver = SqliteDriver(tmp_path / "state")

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [entry(1)])
            await storage.prune()

    run(work())
    with sqlite3.connect(tmp_path / "state" / "tollwire.db") as connection:
        connection.execute("UPDATE entries SET record = x'c1'")
    connection.close()
    with pytest.raises(StorageDamaged, match="entry 1 cannot be read"):
        looked(driver.folder)
