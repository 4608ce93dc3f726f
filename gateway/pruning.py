"""Takes what is old out of a state: found by a look in a process of its own, written to the journal in small steps."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from engine.commands import ForwardEntries, RemoveCdrs
from engine.door import Engine
from engine.records import CdrRemoved, Record
from engine.storage.ports import StorageError, StorageRefused
from engine.storage.sqlite.aged import Age, Aged, Found, Total, compact, room
from engine.storage.sqlite.folder import StateFolder
from engine.storage.sqlite.storage import open_sqlite
from gateway.limits import PRUNE_SECONDS

_ROOT: Final = Path(__file__).resolve().parents[1]  # where the packages lie, for a process of their own
_FOUND: Final = msgspec.msgpack.Decoder(Found)
_TOTAL: Final = msgspec.msgpack.Decoder(Total)


def report(total: Total, journal_bytes: int, file_bytes: int, free_bytes: int) -> dict[str, object]:
    """What pruning came to; bytes of the file that are free are written anew before the file grows."""
    return {
        "Accounts": total.accounts,
        "Entries": total.entries,
        "Forwards": total.forwards,
        "CDRs": total.cdrs,
        "Broken": total.broken,
        "JournalBytes": journal_bytes,
        "FileBytes": file_bytes,
        "FreeBytes": free_bytes,
    }


class RunningPruner:
    """See `gateway.api.upkeep.Pruner`: of a gateway that runs."""

    def __init__(self, folder: Path, engine: Engine, step: Callable[[object], object]) -> None:
        self._folder = folder
        self._storage = engine.storage
        self._step = step
        self._busy = False

    async def prune(self, entries_before: int | None, cdrs_before: int | None, *, dry_run: bool) -> dict[str, object]:
        """See `Pruner.prune`."""
        if self._busy:
            raise StorageRefused("pruning is under way already")
        self._busy = True
        try:
            async with asyncio.timeout(PRUNE_SECONDS):
                total = await self._take(Age(entries_before, cdrs_before), dry_run)
                dropped = 0 if dry_run else await self._storage.prune()
        except TimeoutError:
            raise StorageError(f"not done within {PRUNE_SECONDS} s; what was done stays done") from None
        finally:
            self._busy = False
        size = room(self._folder)
        return report(total, dropped, size.file_bytes, size.free_bytes)

    async def _take(self, age: Age, dry_run: bool) -> Total:
        await self._storage.project()
        process = await self._look()
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        assert process.stderr is not None, "it is a pipe"
        try:
            process.stdin.write(msgspec.msgpack.encode(age))
            process.stdin.close()
            while body := await _frame(process.stdout):
                if not dry_run:
                    await self._write(_FOUND.decode(body))
            return _TOTAL.decode(await _frame(process.stdout))
        except asyncio.IncompleteReadError:
            text = (await process.stderr.read()).decode(errors="replace").strip()
            raise StorageError(text.rpartition("\n")[2] or "the look at the state folder ended early") from None
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _look(self) -> asyncio.subprocess.Process:
        paths = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        words = [sys.executable, "-m", "engine.storage.sqlite", str(self._folder)]
        environment = {**os.environ, "PYTHONPATH": paths}
        return await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment)

    async def _write(self, found: Found) -> None:
        """Writes a piece and lets it come to rest, so that no more than a piece ever waits for the disk."""
        if found.closings:
            self._step(ForwardEntries(found.closings))
        if found.order_ids:
            self._step(RemoveCdrs(found.order_ids))
        await self._storage.project()


async def _frame(stream: asyncio.StreamReader) -> bytes:
    return await stream.readexactly(int.from_bytes(await stream.readexactly(4), "big"))


def prune_folder(folder: Path, entries_before: int | None, cdrs_before: int | None, *, dry_run: bool, small: bool) -> dict[str, object]:
    """The same for a state folder that nobody uses; `small`: its file is written anew without what is free. StorageLocked when somebody
    does, StorageError when it cannot be done."""
    room(folder)
    total, dropped = asyncio.run(_pruned(folder, Age(entries_before, cdrs_before), dry_run=dry_run))
    if small and not dry_run:
        held = StateFolder(folder)
        try:
            compact(folder)
        finally:
            held.release()
    size = room(folder)
    return report(total, dropped, size.file_bytes, size.free_bytes)


async def _pruned(folder: Path, age: Age, *, dry_run: bool) -> tuple[Total, int]:
    storage = open_sqlite(folder)
    try:
        for _ in storage.recover():
            pass
        storage.start(asyncio.get_running_loop())
        await storage.project()  # what the last process left in the journal alone
        aged = Aged(folder, age)
        if dry_run:
            return aged.total, 0
        for found in aged.found():
            records: list[Record] = [*found.closings, *map(CdrRemoved, found.order_ids)]
            storage.journal.append(records)
            await storage.project()
        return aged.total, await storage.prune()
    finally:
        await storage.close()
