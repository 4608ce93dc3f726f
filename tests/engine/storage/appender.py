"""A process that stores until it is killed: `python -m tests.engine.storage.appender FOLDER`.

What ticket n holds follows from n alone, so the process checks at its start all that it finds, whoever wrote it. It prints
`found N` (the last ticket), then `N` for each ticket up to which everything is durable; `bad ...` and ends when something is wrong.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from engine.records import AccountPut, Entry, Record, SessionClosed, SessionPut, StateRecord, is_removal, state_key
from engine.storage.ports import Storage
from engine.storage.query import CdrQuery
from engine.storage.sqlite.storage import open_sqlite
from tests.engine.storage.drivers import cdr, entry

ACCOUNTS = 50
SESSIONS = 20
IN_FLIGHT = 32


def records_of(ticket: int) -> list[Record]:
    """One step: an account and its movement, a session that begins or ends, and with every fourth a record."""
    account = f"a{ticket % ACCOUNTS}"
    session = f"s{ticket % SESSIONS}"
    step: list[Record] = [AccountPut(account, b"%d" % ticket + b"." * 200), entry(ticket, account, delta=1, after=ticket)]
    step.append(SessionClosed(session) if ticket // SESSIONS % 2 else SessionPut(session, b"%d" % ticket))
    if ticket % 4 == 0:
        step.append(cdr(ticket, account=account, cost=ticket))
    return step


def state_at(last: int) -> dict[tuple[int, str], StateRecord]:
    """The state when everything up to a ticket has happened."""
    state: dict[tuple[int, str], StateRecord] = {}
    for ticket in range(max(1, last - 2 * ACCOUNTS), last + 1):
        account, _, session, *_ = records_of(ticket)
        for record in (account, session):
            assert isinstance(record, AccountPut | SessionPut | SessionClosed)
            if is_removal(record):
                state.pop(state_key(record), None)
            else:
                state[state_key(record)] = record
    return state


async def faults_of(storage: Storage, found: dict[tuple[int, str], StateRecord], last: int) -> list[str]:
    """What is not as it must be."""
    faults = [] if found == state_at(last) else [f"state at {last} is {sorted(found.values(), key=state_key)}"]
    entries: list[Entry] = [e async for page in storage.ledger.entries() for e in page]
    if entries != [records_of(ticket)[1] for ticket in range(1, last + 1)]:
        faults.append(f"entries up to {last} are {[e.entry_id for e in entries]}")
    cdrs = await storage.cdrs.query(CdrQuery())
    if cdrs != [records_of(ticket)[3] for ticket in range(4, last + 1, 4)]:
        faults.append(f"records up to {last} are {[c.order_id for c in cdrs]}")
    faults += [f"no record of {c.cgrid}" for c in cdrs if not storage.cdrs.exists(c.cgrid, c.run_id)]
    if storage.last_entry_id != last or storage.last_order_id != last // 4 * 4:
        faults.append(f"last ids at {last} are {storage.last_entry_id} and {storage.last_order_id}")
    return faults


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


async def main(folder: Path) -> None:
    storage = open_sqlite(folder)
    found: dict[tuple[int, str], StateRecord] = {}
    for _, record in storage.recover():
        if is_removal(record):
            found.pop(state_key(record), None)
        else:
            found[state_key(record)] = record
    storage.start(asyncio.get_running_loop())
    journal = storage.journal
    for fault in await faults_of(storage, found, journal.last_ticket):
        say(f"bad {fault}")
        return
    say(f"found {journal.last_ticket}")

    def more(durable: int) -> None:
        if durable:
            say(str(durable))
        while journal.last_ticket - journal.durable_ticket < IN_FLIGHT:
            journal.append(records_of(journal.last_ticket + 1))

    journal.subscribe(more)
    more(0)
    while True:
        await storage.prune()
        await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
