"""The memory driver's faults: what a simulation can do to it, and what it still promises."""

from __future__ import annotations

import asyncio
import random

import pytest

from engine.records import AccountPut, MetaPut, StateRecord, state_key
from engine.storage.memory.disk import Faults, MemoryDisk
from engine.storage.memory.storage import MemoryStorage
from engine.storage.ports import StorageRefused
from engine.storage.query import CdrQuery
from tests.engine.storage.drivers import accepts, cdr, entry, run, started


def put(number: int) -> list[AccountPut]:
    return [AccountPut(f"a{number % 3}", b"%d" % number)]


def after(disk: MemoryDisk) -> dict[tuple[int, str], StateRecord]:
    """What a new process finds on a disk."""
    return {state_key(record): record for _, record in MemoryStorage(disk).recover()}


def last_ticket(disk: MemoryDisk) -> int:
    """The last ticket that a new process finds."""
    storage = MemoryStorage(disk)
    list(storage.recover())
    return storage.journal.last_ticket


def expected(last: int) -> dict[tuple[int, str], StateRecord]:
    return {(3, f"a{n % 3}"): put(n)[0] for n in range(1, last + 1)}


def by_hand() -> MemoryStorage:
    storage = MemoryStorage(automatic=False)
    started(storage)
    return storage


def test_nothing_is_durable_before_the_commit() -> None:
    async def work() -> None:
        storage = by_hand()
        storage.journal.append(put(1))
        await asyncio.sleep(0)
        assert storage.journal.durable_ticket == 0
        assert after(storage.disk) == {}
        assert storage.commit()
        assert storage.journal.durable_ticket == 1
        assert after(storage.disk) == expected(1)

    run(work())


def test_a_slow_commit_holds_everything_behind_it() -> None:
    async def work() -> None:
        storage = by_hand()
        storage.faults.held = True
        storage.journal.append(put(1))
        assert not storage.commit()
        storage.journal.append(put(2))
        assert storage.journal.durable_ticket == 0
        assert accepts(storage)
        storage.faults.held = False
        assert storage.commit()
        assert storage.journal.durable_ticket == 2

    run(work())


def test_a_full_disk_refuses_until_there_is_room() -> None:
    async def work() -> None:
        storage = by_hand()
        storage.faults.capacity_bytes = 100
        storage.journal.append([MetaPut("small", b"")])
        assert storage.commit()
        storage.journal.append([MetaPut("large", bytes(200))])
        assert not storage.commit()
        assert not accepts(storage)
        storage.faults.capacity_bytes = None
        assert storage.commit()
        assert accepts(storage)
        assert len(after(storage.disk)) == 2

    run(work())


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("reordered", [False, True])
@pytest.mark.parametrize("pruned", [False, True])
def test_a_crash_leaves_what_was_durable(torn: bool, reordered: bool, pruned: bool) -> None:
    async def work() -> None:
        storage = by_hand()
        for number in range(1, 6):
            storage.journal.append(put(number))
        storage.commit()
        if pruned:
            await storage.prune()
        for number in range(6, 9):
            storage.journal.append(put(number))
        waiting = asyncio.ensure_future(storage.journal.wait(8))
        await asyncio.sleep(0)
        disk = storage.crash(torn=torn, reordered=reordered)
        assert len(disk.rows) == (not pruned) + torn + reordered
        with pytest.raises(StorageRefused):
            await waiting
        assert after(disk) == expected(5)
        again = MemoryStorage(disk, automatic=False)
        started(again)
        assert again.journal.append(put(6)) == 6
        assert again.commit()
        assert after(disk) == expected(6)

    run(work())


@pytest.mark.parametrize("seed", range(20))
def test_random_faults(seed: int) -> None:
    """Whatever happens in whatever order: acknowledged steps are there after each crash, in order, whole, once."""

    async def work() -> None:
        chance = random.Random(seed)
        disk, faults = MemoryDisk(), Faults()
        acknowledged = 0
        for _ in range(15):
            storage = MemoryStorage(disk, faults, automatic=False)
            started(storage)
            last = storage.journal.last_ticket
            assert last >= acknowledged
            assert [e.entry_id async for page in storage.ledger.entries() for e in page] == list(range(1, last + 1))
            assert [c.order_id for c in await storage.cdrs.query(CdrQuery())] == list(range(1, last + 1))
            for _ in range(chance.randrange(30)):
                faults.failing = chance.random() < 0.2
                faults.held = chance.random() < 0.2
                while accepts(storage) and chance.random() < 0.6:
                    number = storage.journal.last_ticket + 1
                    storage.journal.append([*put(number), entry(number), cdr(number)])
                storage.commit()
                if chance.random() < 0.1:
                    await storage.prune()
            acknowledged = storage.journal.durable_ticket
            disk = storage.crash(torn=chance.random() < 0.5, reordered=chance.random() < 0.5)
        assert after(disk) == expected(last_ticket(disk))
        assert acknowledged > 20

    run(work())
