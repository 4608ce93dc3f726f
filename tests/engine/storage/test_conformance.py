"""What every driver promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest

from engine.limits import JOURNAL_QUEUE_BYTES, QUERY_PAGE_RECORDS
from engine.parts import split_amount
from engine.records import (
    AccountPut,
    AccountRemoved,
    CdrRemoved,
    EntriesForwarded,
    ItemPut,
    ItemRemoved,
    MetaPut,
    Record,
    SessionClosed,
    SessionPut,
    StateRecord,
    is_removal,
    state_key,
)
from engine.storage.ports import StorageRefused
from engine.storage.query import CdrOrder, CdrQuery
from tests.engine.storage.drivers import DRIVERS, Driver, State, accepts, cdr, durable, entry, run, started, working

Page = TypeVar("Page")


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.__name__)
def driver(request: pytest.FixtureRequest, tmp_path: Path) -> Driver:
    made: Driver = request.param(tmp_path / "state")
    return made


async def rows(pages: AsyncIterator[list[Page]]) -> list[Page]:
    return [row async for page in pages for row in page]


def folded(state: State) -> dict[tuple[int, str], StateRecord]:
    """The state after all that was recovered, as an engine builds it."""
    kept: dict[tuple[int, str], StateRecord] = {}
    for _, record in state:
        if is_removal(record):
            kept.pop(state_key(record), None)
        else:
            kept[state_key(record)] = record
    return kept


def test_tickets_count_up_and_become_durable(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            journal = storage.journal
            assert (journal.last_ticket, journal.durable_ticket) == (0, 0)
            assert [journal.append([MetaPut("a", b"1")]) for _ in range(5)] == [1, 2, 3, 4, 5]
            assert journal.durable_ticket == 0
            await journal.wait(5)
            assert journal.durable_ticket == 5
            assert journal.append([]) == 5
            await journal.wait(3)

    run(work())


def test_subscribers_hear_of_advances_on_the_loop(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            heard: list[int] = []
            loop = asyncio.get_running_loop()

            def hear(ticket: int) -> None:
                assert asyncio.get_running_loop() is loop
                heard.append(ticket)

            storage.journal.subscribe(hear)
            for number in range(50):
                storage.journal.append([MetaPut("a", b"%d" % number)])
            await storage.journal.wait(50)
            assert heard == sorted(set(heard))
            assert heard[-1] == 50

    run(work())


STEPS: tuple[list[Record], ...] = (
    [MetaPut("load", b"1"), ItemPut("rating_plan", "RP1", b"rp1"), ItemPut("timing", "RP1", b"t1")],
    [AccountPut("a", b"a1"), AccountPut("b", b"b1"), SessionPut("s1", b"s1"), entry(1), cdr(7)],
    [AccountPut("a", b"a2"), SessionClosed("s1"), ItemRemoved("timing", "RP1")],
    [AccountRemoved("b"), SessionPut("s2", b"s2"), MetaPut("load", b"2"), SessionClosed("never")],
    [AccountPut("b", b"b3")],
)
KEPT: list[StateRecord] = [
    MetaPut("load", b"2"),
    ItemPut("rating_plan", "RP1", b"rp1"),
    AccountPut("a", b"a2"),
    AccountPut("b", b"b3"),
    SessionPut("s2", b"s2"),
]


@pytest.mark.parametrize("pruned_after", [0, 1, 2, 3, 4, 5])
def test_state_is_recovered_from_fold_and_journal(driver: Driver, pruned_after: int) -> None:
    """Wherever the fold was, the same state comes back; tickets go on."""

    async def write() -> None:
        async with working(driver) as storage:
            for number, records in enumerate(STEPS, 1):
                await durable(storage, records)
                if number == pruned_after:
                    assert await storage.prune() > 0
                    assert storage.status().folded_ticket == number
                    assert storage.status().journal_bytes == 0

    async def read() -> None:
        async with working(driver) as storage:
            assert storage.journal.last_ticket == storage.journal.durable_ticket == 5
            assert (storage.last_order_id, storage.last_entry_id) == (7, 1)
            assert await durable(storage, [MetaPut("x", b"")]) == 6

    async def recover() -> State:
        storage = driver.open()
        state = started(storage)
        await storage.close()
        return state

    run(write())
    state = run(recover())
    assert sorted(folded(state).values(), key=state_key) == KEPT
    seqs = {state_key(record): seq for seq, record in state}
    assert seqs[state_key(KEPT[3])] == 5
    run(read())
    assert len(folded(run(recover()))) == 6


def test_recovery_yields_meta_items_accounts_sessions(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [SessionPut("s", b""), AccountPut("a", b""), ItemPut("k", "i", b""), MetaPut("m", b"")])
            await storage.prune()

    run(work())
    storage = driver.open()
    state = list(storage.recover())
    run(storage.close())
    assert [type(record) for _, record in state] == [MetaPut, ItemPut, AccountPut, SessionPut]


def test_prune_without_anything(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            assert await storage.prune() == 0
            await durable(storage, [MetaPut("m", b"")])
            assert await storage.prune() > 0
            assert await storage.prune() == 0

    run(work())


def test_a_failing_disk_refuses_and_loses_nothing(driver: Driver) -> None:
    """What was taken before the failure is written in order when the disk works again, and so is what was begun and comes after it; in
    between nothing is to be begun."""

    async def work() -> None:
        storage = driver.open()
        started(storage)
        journal = storage.journal
        states: asyncio.Queue[bool] = asyncio.Queue()
        journal.subscribe_accepting(states.put_nowait)
        await durable(storage, [AccountPut("a", b"0")])
        driver.fail()
        for number in range(1, 4):
            journal.append([AccountPut("a", b"%d" % number), entry(number)])
        assert await states.get() is False
        assert not accepts(storage)
        assert not storage.status().available
        journal.append([AccountPut("a", b"4"), entry(4)])
        assert (journal.last_ticket, journal.durable_ticket) == (5, 1)
        driver.mend()
        assert await states.get() is True
        await journal.wait(5)
        assert accepts(storage)
        await durable(storage, [AccountPut("a", b"5"), entry(5)])
        assert [e.entry_id for e in await rows(storage.ledger.entries())] == [1, 2, 3, 4, 5]
        await storage.close()
        storage = driver.open()
        assert folded(list(storage.recover())) == {(3, "a"): AccountPut("a", b"5")}
        await storage.close()

    run(work())


def test_closing_on_a_failing_disk_says_what_was_lost(driver: Driver) -> None:
    async def work() -> None:
        storage = driver.open()
        started(storage)
        await durable(storage, [MetaPut("a", b"1")])
        driver.fail()
        ticket = storage.journal.append([MetaPut("a", b"2")])
        waiting = asyncio.ensure_future(storage.journal.wait(ticket))
        with pytest.raises(StorageRefused, match="1 appends could not be written"):
            await storage.close()
        with pytest.raises(StorageRefused):
            await waiting
        driver.mend()
        storage = driver.open()
        assert folded(list(storage.recover())) == {(1, "a"): MetaPut("a", b"1")}
        await storage.close()

    run(work())


def test_the_queue_is_bounded(driver: Driver) -> None:
    """At the bound all that one callback of the loop was let in to do may be appended; from the next one on, and far beyond at
    once, nothing is let in until the disk has caught up."""
    seen: list[bool] = []

    async def work() -> None:
        async with working(driver) as storage:
            journal = storage.journal
            assert accepts(storage)
            first = journal.append([ItemPut("k", "i", bytes(JOURNAL_QUEUE_BYTES))])
            assert accepts(storage)
            asyncio.get_running_loop().call_soon(lambda: seen.append(accepts(storage)))
            second = journal.append([ItemPut("k", "j", bytes(JOURNAL_QUEUE_BYTES))])
            assert not accepts(storage)
            third = journal.append([MetaPut("m", b"")])  # of a step that has begun
            assert third == second + 1 == first + 2
            await journal.wait(third)
            assert accepts(storage)
            assert seen == [False]

    run(work())


def test_nothing_is_taken_before_start_and_after_close(driver: Driver) -> None:
    async def work() -> None:
        storage = driver.open()
        assert not accepts(storage)
        started(storage)
        ticket = storage.journal.append([MetaPut("m", b"")])
        await storage.close()
        assert storage.journal.durable_ticket == ticket
        assert not accepts(storage)
        with pytest.raises(StorageRefused, match="closed"):
            storage.journal.append([MetaPut("m", b"")])
        with pytest.raises(StorageRefused, match="closed"):
            await storage.journal.wait(ticket + 1)
        await storage.close()

    run(work())


def test_a_query_sees_what_was_durable_when_it_came(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            for number in range(1, 40):
                await durable(storage, [cdr(number, account="1001"), entry(number)])
                assert await storage.cdrs.count(CdrQuery(accounts=("1001",))) == number
                assert len(await rows(storage.ledger.entries(account="cgrates.org:1001"))) == number

    run(work())


def test_records_are_replaced_and_removed(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [cdr(1, account="old"), cdr(2, account="old")])
            assert await storage.cdrs.count(CdrQuery(accounts=("old",))) == 2
            await durable(storage, [cdr(1, account="new", cost=5)], [CdrRemoved(2)])
            assert await storage.cdrs.query(CdrQuery(accounts=("old",))) == []
            assert await storage.cdrs.query(CdrQuery()) == [cdr(1, account="new", cost=5)]
            await durable(storage, [cdr(3), cdr(3, account="again"), CdrRemoved(1)])
            assert await storage.cdrs.query(CdrQuery()) == [cdr(3, account="again")]
        storage = driver.open()
        started(storage)
        assert storage.last_order_id == 3
        assert await storage.cdrs.query(CdrQuery()) == [cdr(3, account="again")]
        await storage.close()

    run(work())


def test_the_last_record_of_a_run_is_found_wherever_it_lies(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            find = storage.cdrs.find
            first, second, other = cdr(1, "c1", account="a"), cdr(1, "c1", account="b"), cdr(2, "c2")
            assert find("c1", "*default") is None
            storage.journal.append([first])
            assert find("c1", "*default") == first
            await storage.journal.wait(1)
            await storage.prune()
            assert find("c1", "*default") == first
            storage.journal.append([second, other])
            assert find("c1", "*default") == second
            assert find("c1", "*raw") is None
            await storage.journal.wait(2)
            await storage.prune()
            assert find("c1", "*default") == second
            storage.journal.append([CdrRemoved(1)])
            assert find("c1", "*default") is None
            assert find("c2", "*default") == other
            storage.journal.append([cdr(3, "c1")])
            assert find("c1", "*default") == cdr(3, "c1")
            await storage.journal.wait(4)
        async with working(driver) as storage:
            assert storage.cdrs.find("c1", "*default") == cdr(3, "c1")

    run(work())


def test_a_run_exists_from_its_append_to_its_removal(driver: Driver) -> None:
    async def work() -> None:
        async with working(driver) as storage:
            exists = storage.cdrs.exists
            assert not exists("c1", "*default")
            storage.journal.append([cdr(1, "c1")])
            assert exists("c1", "*default")
            assert not exists("c1", "*raw")
            await storage.journal.wait(1)
            await storage.prune()
            assert exists("c1", "*default")
            assert not exists("c1", "*raw")
            assert not exists("c2", "*default")
            storage.journal.append([CdrRemoved(1)])
            assert not exists("c1", "*default")
            await storage.journal.wait(2)
            await storage.prune()
            assert not exists("c1", "*default")
            await durable(storage, [cdr(2, "c1")])
        async with working(driver) as storage:
            assert storage.cdrs.exists("c1", "*default")
            assert not storage.cdrs.exists("c2", "*default")

    run(work())


def test_pages_of_records_and_entries(driver: Driver) -> None:
    total = 3 * QUERY_PAGE_RECORDS + 10

    async def work() -> None:
        async with working(driver) as storage:
            records: list[Record] = [cdr(n, account=f"a{n % 2}") for n in range(1, total + 1)]
            records += [entry(n, account=f"a{n % 2}", balance=f"b{n % 3}") for n in range(1, total + 1)]
            await durable(storage, records)
            ids = [c.order_id for c in await rows(storage.cdrs.pages(CdrQuery()))]
            assert ids == list(range(1, total + 1))
            ids = [c.order_id for c in await rows(storage.cdrs.pages(CdrQuery(accounts=("a1",), descending=True, offset=2, limit=600)))]
            assert ids == [n for n in range(total, 0, -1) if n % 2][2:602]
            ids = [c.order_id for c in await rows(storage.cdrs.pages(CdrQuery(limit=QUERY_PAGE_RECORDS, order_by=CdrOrder.USAGE)))]
            assert ids == list(range(1, QUERY_PAGE_RECORDS + 1))
            assert [e.entry_id for e in await rows(storage.ledger.entries())] == list(range(1, total + 1))
            found = await rows(storage.ledger.entries(account="a1", balance="b0", after_id=300))
            assert [e.entry_id for e in found] == [n for n in range(301, total + 1) if n % 2 and n % 3 == 0]
            assert await rows(storage.ledger.entries(account="none")) == []
            assert await rows(storage.ledger.entries(balance="b9")) == []

    run(work())


def test_closed_entries_leave_their_forwards(driver: Driver) -> None:
    """Also when they are closed in the same breath, or twice."""

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [entry(n, account=f"a{n % 2}", delta=n, after=n) for n in range(1, 11)])
            assert len(await rows(storage.ledger.entries())) == 10
            forward = entry(7, account="a1", delta=16, after=16)
            await durable(storage, [entry(11, account="a1"), EntriesForwarded("a1", 8, (forward,)), entry(12, account="a0")])
            assert await rows(storage.ledger.entries(account="a1")) == [forward, entry(9, "a1", delta=9, after=9), entry(11, "a1")]
            assert [e.entry_id for e in await rows(storage.ledger.entries(account="a0"))] == [2, 4, 6, 8, 10, 12]
            last = entry(13, account="a1", delta=25, after=25)
            await durable(storage, [entry(13, "a1"), EntriesForwarded("a1", 12, ()), EntriesForwarded("a1", 13, (last,))])
            assert await rows(storage.ledger.entries(account="a1")) == [last]
            assert storage.last_entry_id >= 0
        storage = driver.open()
        started(storage)
        assert storage.last_entry_id == 13
        assert await rows(storage.ledger.entries(account="a1")) == [last]
        await storage.close()

    run(work())


def test_records_come_back_as_they_were(driver: Driver) -> None:
    """Amounts, usages and instants of any size, texts of any kind."""
    huge, year_one = 10**40 + 7, -62_135_596_800 * 10**9
    one = cdr(2**62, "c", setup=year_one, answer=huge, usage=huge, cost=-huge, extra_fields=b'{"\xc3\xa4":"\\u0000"}', extra_info="\x00ä😀")
    move = entry(2**62, account="ä😀\x00", delta=-huge, after=huge)

    async def work() -> None:
        async with working(driver) as storage:
            await durable(storage, [one, move])
            assert await storage.cdrs.query(CdrQuery(extra_fields=(("ä", "\x00"),))) == [one]
            assert await rows(storage.ledger.entries(account="ä😀\x00")) == [move]
            assert (one.setup_ns, one.usage_ns, one.cost_amount) == (year_one, huge, -huge)
            assert move.delta == split_amount(-huge)

    run(work())
