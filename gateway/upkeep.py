"""What is done with a state folder as a whole, without an engine: adding it up, backing it up, restoring it.

Whoever holds the folder is not disturbed; what changes a folder holds it itself. All errors are StorageError, their texts for the
operator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.accounts.account import Account
from engine.accounts.snapshot import decode_account
from engine.accounts.verify import Tally
from engine.records import AccountPut, AccountRemoved
from engine.storage.ports import StorageDamaged
from engine.storage.sqlite.backup import RESTORING_NAME, Backup, back_up, laid_down, restoring
from engine.storage.sqlite.folder import DATABASE_NAME
from engine.storage.sqlite.peek import Peek
from gateway.limits import VERIFY_PAGE_ENTRIES

Told = Callable[[int, int], None]
"""Is told now and then how much is done, and about how much there is."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was added up. Each difference: account, balance (its UUID), what it holds, what its entries add up to, both in 10**-9,
    and the first entry that does not follow from the one before (0: the balance itself does not)."""

    accounts: int
    entries: int
    differences: list[tuple[str, str, int, int, int]]


def verify_state(folder: Path, told: Told, name: str = DATABASE_NAME) -> Verification:
    """Adds up all entries in a state folder, whoever holds it, as they were durable when it begins, and compares with the balances."""
    peek = Peek(folder, name)
    tally = Tally()
    accounts: dict[str, Account] = {}
    try:
        for record in peek.state():
            if isinstance(record, AccountPut):
                accounts[record.key] = decode_account(record.key, record.body)
            elif isinstance(record, AccountRemoved):
                accounts.pop(record.key, None)
        entries = peek.entries()
        while page := list(islice(entries, VERIFY_PAGE_ENTRIES)):
            tally.add(page)
            told(tally.entries, peek.last_entry_id)
    finally:
        peek.close()
    found = [(one.account, one.balance, one.held, one.added_up, one.entry_id) for one in tally.differences(accounts.values())]
    return Verification(len(accounts), tally.entries, found)


def backup_state(folder: Path, target: Path, told: Told) -> Backup:
    """Writes a backup of a state folder, whoever holds it. All that was acknowledged before it began is in it."""
    return back_up(folder, target, told)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what adding it up found: nothing that differs."""

    backup: Backup
    verification: Verification


def restore_state(file: Path, folder: Path, told: Told, *, replace: bool, dry_run: bool) -> Restored:
    """Puts a backup into a state folder that nobody uses, once it has been compared, brought to today's schema and added up. `replace`: a
    state that is there may go; it is kept beside. `dry_run`: only looks whether the backup could be restored."""
    if dry_run:
        return _tried(file, told)
    with restoring(file, folder, replace=replace) as backup:
        return Restored(backup, _sound(verify_state(folder, told, RESTORING_NAME), backup))


def _tried(file: Path, told: Told) -> Restored:
    with TemporaryDirectory(prefix="tollwire-restore-") as folder, laid_down(file, Path(folder)) as backup:
        return Restored(backup, _sound(verify_state(Path(folder), told, RESTORING_NAME), backup))


def _sound(verification: Verification, backup: Backup) -> Verification:
    count = len(verification.differences)
    if count:
        raise StorageDamaged(f"{backup.file}: {count} balance{'' if count == 1 else 's'} differ from what the entries add up to")
    return verification
