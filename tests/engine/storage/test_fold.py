"""Folding: what came and went between two folds leaves nothing to be done, and answers lie many in a row."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.limits import ANSWER_SECONDS, MAX_ANSWERS
from engine.parts import split_amount
from engine.records import (
    AccountPut,
    AnswerPut,
    EffectDone,
    EffectPut,
    ItemPut,
    ItemRemoved,
    Record,
    SessionClosed,
    SessionProgress,
    SessionPut,
    StateRecord,
    encode_record,
    ended_keys,
    is_removal,
    state_key,
)
from engine.repetitions import Repetitions
from engine.storage.ports import Storage
from engine.storage.sqlite import fold
from engine.storage.sqlite.schema import MIGRATIONS, migrate
from engine.times import SECOND
from tests.engine.storage.drivers import SqliteDriver, durable, run, started, working

NOW = 1_795_000_000 * SECOND


@pytest.fixture
def driver(tmp_path: Path) -> SqliteDriver:
    return SqliteDriver(tmp_path / "state")


def session(cgrid: str, body: bytes = b"b") -> list[Record]:
    return [SessionPut(cgrid, body), SessionProgress(cgrid, body)]


def answer(number: int, at_ns: int = NOW) -> AnswerPut:
    return AnswerPut(number, (b"key %d" % number,), b"answer %d" % number, split_amount(at_ns + ANSWER_SECONDS * SECOND))


def state_of(storage: Storage) -> dict[tuple[int, str], StateRecord]:
    """What a start would make of it."""
    found: dict[tuple[int, str], StateRecord] = {}
    for _, record in storage.recover():
        if is_removal(record):
            for key in ended_keys(record):
                found.pop(key, None)
        else:
            found[state_key(record)] = record
    return found


def kept(driver: SqliteDriver) -> dict[tuple[int, str], StateRecord]:
    storage = driver.open()
    try:
        return state_of(storage)
    finally:
        run(storage.close())


def rows(driver: SqliteDriver, kind: int) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(driver.folder / "tollwire.db")
    try:
        return connection.execute("SELECT key, seq, record FROM state WHERE kind = ? ORDER BY key", (kind,)).fetchall()
    finally:
        connection.close()


def touched(driver: SqliteDriver) -> list[str]:
    """Statements that changed the table of state; they are forgotten."""
    found = [sql for sql in driver.trouble.seen if "INTO state" in sql or "DELETE FROM state" in sql]
    driver.trouble.seen.clear()
    return found


def test_what_came_and_went_between_two_folds_is_never_written(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            touched(driver)
            await durable(
                storage, session("s1"), [EffectPut(7, b"e"), ItemPut("session_cost", "s1:*default", b"c")], session("s1", b"later")
            )
            await durable(storage, [SessionClosed("s1"), EffectDone(7), ItemRemoved("session_cost", "s1:*default")])
            await storage.prune()
            assert touched(driver) == []

    run(work())
    assert kept(driver) == {}


@pytest.mark.parametrize("restart", [False, True])
def test_what_a_fold_has_written_is_removed_when_it_ends(driver: SqliteDriver, restart: bool) -> None:
    async def begin() -> None:
        async with working(driver) as storage:
            await durable(storage, session("s1"), session("s2"), [SessionPut("tomb", b"t"), EffectPut(7, b"e")])
            await storage.prune()
            if not restart:
                await end(storage)

    async def end(storage: Storage) -> None:
        touched(driver)
        await durable(storage, [SessionClosed("s1"), SessionClosed("tomb"), EffectDone(7)], session("s3"), [SessionClosed("s3")])
        await storage.prune()
        assert len([sql for sql in touched(driver) if sql.startswith("DELETE")]) == 3, "sessions, their progress, effects"

    async def again() -> None:
        async with working(driver) as storage:
            await end(storage)

    run(begin())
    if restart:
        run(again())
    assert set(kept(driver).values()) == set(session("s2"))


def test_what_a_journal_from_before_a_start_ends_is_removed(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, session("s1"))
            await storage.prune()
            await durable(storage, [SessionClosed("s1")], session("s2"))
        async with working(driver) as storage:
            await storage.prune()

    run(work())
    assert [key for key, _, _ in rows(driver, 4)] == ["s2"]
    assert set(kept(driver).values()) == set(session("s2"))


def test_a_tombstone_in_place_of_a_session_is_removed_later(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, session("s1"))
            await storage.prune()
            await durable(storage, [SessionClosed("s1"), SessionPut("s1", b"tomb")])
            await storage.prune()
            await durable(storage, [SessionClosed("s1")])
            await storage.prune()

    run(work())
    assert rows(driver, 4) == rows(driver, 6) == []


@pytest.mark.parametrize("restart", [False, True])
def test_a_session_called_as_an_effect_ends_all_the_same(driver: SqliteDriver, restart: bool) -> None:
    cgrid = f"{7:020}"

    async def begin() -> None:
        async with working(driver) as storage:
            await durable(storage, session(cgrid), [EffectPut(7, b"e")])
            await storage.prune()
            if not restart:
                await end(storage)

    async def end(storage: Storage) -> None:
        await durable(storage, [EffectDone(7)])
        await storage.prune()
        await durable(storage, [SessionClosed(cgrid)])
        await storage.prune()

    async def again() -> None:
        async with working(driver) as storage:
            await end(storage)

    run(begin())
    if restart:
        run(again())
    assert kept(driver) == {}


def test_after_an_error_the_table_is_asked_which_keys_it_has(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, session("s1"), session("s2"))
            await storage.prune()
            await durable(storage, [SessionClosed("s1")], session("s3"))
            failed = asyncio.Event()
            storage.journal.subscribe_accepting(lambda available: failed.set())
            driver.fail()
            storage.journal.append([AccountPut("a", b"1")])
            await failed.wait()
            driver.mend()
            await storage.journal.wait(storage.journal.last_ticket)
            await storage.prune()
            touched(driver)
            await durable(storage, session("s4"), [SessionClosed("s4")])
            await storage.prune()
            assert touched(driver) == [], "it is known again that s4 is not there"
            await durable(storage, [SessionClosed("s2")])
            await storage.prune()

    run(work())
    assert set(kept(driver).values()) == {*session("s3"), AccountPut("a", b"1")}


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_records_folds_and_errors_comes_to_the_same(driver: SqliteDriver, seed: int) -> None:
    chance = random.Random(seed)
    expected: dict[tuple[int, str], StateRecord] = {}

    def step() -> list[Record]:
        name = f"s{chance.randrange(12)}"
        records: list[Record] = chance.choice(
            [
                session(name, b"%d" % chance.randrange(99)),
                [SessionProgress(name, b"moved")] if (4, name) in expected else session(name),
                [SessionClosed(name)],
                [SessionClosed(name), SessionPut(name, b"tomb")],
                [EffectPut(chance.randrange(5), b"e")],
                [EffectDone(chance.randrange(5))],
                [ItemPut("k", name, b"i")],
                [ItemRemoved("k", name)],
            ]
        )
        for record in records:
            if is_removal(record):  # type: ignore[arg-type]
                for key in ended_keys(record):  # type: ignore[arg-type]
                    expected.pop(key, None)
            else:
                expected[state_key(record)] = record  # type: ignore[arg-type, assignment]
        return records

    async def life() -> None:
        storage = driver.open()
        assert started_as(storage) == expected
        for _ in range(chance.randrange(1, 6)):
            await durable(storage, *[step() for _ in range(chance.randrange(1, 15))])
            if chance.random() < 0.7:
                await storage.prune()
        await storage.close()

    def started_as(storage: Storage) -> dict[tuple[int, str], StateRecord]:
        found: dict[tuple[int, str], StateRecord] = {}
        for _, record in started(storage):
            if is_removal(record):
                for key in ended_keys(record):
                    found.pop(key, None)
            else:
                found[state_key(record)] = record
        return found

    for _ in range(5):
        run(life())
    assert kept(driver) == expected


def test_many_keys_are_a_reason_to_fold(driver: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "FOLD_KEYS", 50)

    async def work() -> None:
        async with working(driver) as storage:
            for n in range(2_000):
                await durable(storage, [AccountPut(f"a{n % 49}", b"%d" % n)])
            assert storage.status().folded_ticket == 0
            while not storage.status().folded_ticket:
                await durable(storage, [AccountPut(f"a{storage.journal.last_ticket}", b"x")])

    run(work())


# -- answers -----------------------------------------------------------------------------------------------------------------


def test_answers_lie_many_in_a_row(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, *[[answer(number)] for number in range(1, 301)])
            await storage.prune()
            await durable(storage, [answer(301)], [answer(302)])
            await storage.prune()

    run(work())
    assert [int(key) for key, _, _ in rows(driver, 7)] == [128, 256, 300, 302]
    found = [record for record in kept(driver).values() if isinstance(record, AnswerPut)]
    assert found == [answer(number) for number in range(1, 303)]


def test_answers_whose_place_was_taken_go(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [answer(1), answer(2)])
            await storage.prune()
            await durable(storage, [answer(3)])
            await storage.prune()
            await durable(storage, [answer(MAX_ANSWERS + 2)])
            await storage.prune()

    run(work())
    assert [int(key) for key, _, _ in rows(driver, 7)] == [3, MAX_ANSWERS + 2]


def test_answers_that_nobody_gets_any_more_are_not_written(driver: SqliteDriver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            for number, seconds in ((1, 0), (2, 1), (3, ANSWER_SECONDS)):
                await durable(storage, [answer(number, NOW + seconds * SECOND)])
            await storage.prune()

    run(work())
    assert [record.number for record in kept(driver).values() if isinstance(record, AnswerPut)] == [2, 3]


def test_an_answer_in_two_rows_counts_once() -> None:
    room = Repetitions()
    for number in (1, 2, 2, 3, 1):
        room.restore(answer(number))
    room.recovered(NOW)
    assert (len(room), room.size_bytes) == (3, 3 * len(b"answer 1"))


def test_a_file_of_the_fourth_schema_is_brought_along(driver: SqliteDriver) -> None:
    numbers = [1, 127, 128, 70_000, MAX_ANSWERS + 5]
    driver.folder.mkdir()
    connection = sqlite3.connect(driver.folder / "tollwire.db", isolation_level=None)
    migrate(connection, file="f", steps=MIGRATIONS[:4])
    for number in numbers:
        row = (7, f"{number % MAX_ANSWERS:08}", number, encode_record(answer(number)), number)
        connection.execute("INSERT INTO state VALUES (?, ?, ?, ?, ?)", row)
    connection.execute("INSERT INTO state VALUES (4, 's1', 3, ?, 3)", (encode_record(SessionPut("s1", b"b\0b")),))
    connection.close()
    assert set(kept(driver).values()) == {SessionPut("s1", b"b\0b"), *map(answer, numbers)}
    assert [int(key) for key, _, _ in rows(driver, 7)] == numbers

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [answer(MAX_ANSWERS + 200)])
            await storage.prune()

    run(work())
    assert [int(key) for key, _, _ in rows(driver, 7)] == [70_000, MAX_ANSWERS + 5, MAX_ANSWERS + 200]
