"""Jobs with tariff plans, done where they stop nobody: small ones here, middling ones in a thread, big ones in a process of their own."""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from pathlib import Path
from typing import Final

import msgspec

from engine.commands import KnownNames, LoadPlan, RemovePlan, StagePlan
from engine.errors import RequestError, server_error
from engine.tariffplan.job import Job, run
from engine.tariffplan.load import Outcome, Unpacking
from engine.tariffplan.read import PlanError, folder_size, zip_size
from engine.tariffplan.staging import Staging
from engine.tariffplan.terms import Known, Terms
from gateway.api.context import Api
from gateway.api.limits import MAX_PLAN_JOBS, PLAN_HERE_BYTES, PLAN_NAMED_FAULTS, PLAN_PROCESS_SECONDS, PLAN_SLICE_BYTES, PLAN_THREAD_BYTES

_ROOT: Final = Path(__file__).resolve().parents[2]  # where the packages lie, for a process of their own


class _Turns:
    """Whose turn it is to be read and to be loaded, and how many jobs there are."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.loading = asyncio.Lock()
        self.jobs = 0


_turns: Final[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns]] = weakref.WeakKeyDictionary()


def jobs_under_way() -> int:
    """How many plans are read or loaded, or wait for it."""
    turns = _turns.get(asyncio.get_running_loop())
    return 0 if turns is None else turns.jobs


def terms(api: Api) -> Terms:
    """What a plan that comes now is read against."""
    known = api.step(KnownNames())
    assert isinstance(known, Known), "the engine tells the names that it knows"
    now_ns = api.now()
    return Terms(str(now_ns), now_ns, api.options.default_timezone, api.options.default_tenant, known)


async def done(job: Job) -> Outcome:
    """What came of the job. One job at a time; others wait, MAX_PLAN_JOBS at most. Raises RequestError for a folder or a zip file that is
    none, and for a job too many."""
    turns = _turns.setdefault(asyncio.get_running_loop(), _Turns())
    if turns.jobs >= MAX_PLAN_JOBS:
        raise server_error("too many plans are being read, try again later")
    turns.jobs += 1
    try:
        size = await asyncio.to_thread(_size, job)
        if size <= PLAN_HERE_BYTES:
            return run(job)
        async with turns.lock:
            if size <= PLAN_THREAD_BYTES:
                return await asyncio.to_thread(run, job)
            return await _in_process(job)
    except PlanError as wrong:
        raise RequestError(wrong.text) from None
    finally:
        turns.jobs -= 1


def _size(job: Job) -> int:
    if job.folder is not None:
        return folder_size(job.folder, PLAN_THREAD_BYTES + 1)
    if job.archive is not None:
        return zip_size(job.archive)
    return sum(len(item.Body) for _, items in job.offline for item in items)


async def _in_process(job: Job) -> Outcome:
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "engine.tariffplan",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    try:
        async with asyncio.timeout(PLAN_PROCESS_SECONDS):
            answer, _ = await process.communicate(msgspec.msgpack.encode(job))
    except TimeoutError:
        raise server_error(f"the plan was not read in {PLAN_PROCESS_SECONDS} s") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode or not answer:
        raise server_error("the plan could not be read: out of memory?")
    if answer[0] == 0:
        raise PlanError(answer[1:].decode())
    return await _unpacked(memoryview(answer)[1:])


async def _unpacked(data: memoryview) -> Outcome:
    unpacking = Unpacking(bytes(data))
    more = True
    while more:
        more = unpacking.step(PLAN_SLICE_BYTES)
        await asyncio.sleep(0)
    return unpacking.outcome


async def take_in(api: Api, outcome: Outcome) -> None:
    """Has the engine load it in one atomic step; what takes long of a big plan is done before, in slices. One at a time."""
    await _in_turn(api, outcome, removal=False)


async def take_out(api: Api, outcome: Outcome) -> None:
    """Has the engine take out all that it names, in the same way."""
    await _in_turn(api, outcome, removal=True)


async def _in_turn(api: Api, outcome: Outcome, *, removal: bool) -> None:
    turns = _turns.setdefault(asyncio.get_running_loop(), _Turns())
    turns.jobs += 1
    try:
        async with turns.loading:
            staged = api.step(StagePlan(outcome.load, removal=removal))
            while isinstance(staged, Staging) and not (staged.small or staged.done):
                await asyncio.sleep(0)
                staged = api.step(StagePlan(outcome.load, staged))
            api.step(RemovePlan(outcome.load, staged) if removal else LoadPlan(outcome.load, staged))
    finally:
        turns.jobs -= 1


def refuse(outcome: Outcome) -> None:
    """Raises the error that names every fault of a plan; a fault of offline items, which stand nowhere, in the reference's words."""
    if not outcome.faults:
        return
    named = outcome.faults[:PLAN_NAMED_FAULTS]
    more = len(outcome.faults) - len(named) + outcome.faults_more
    texts = [str(fault) if fault.file else fault.message for fault in named] + ([f"and {more} more"] if more else [])
    raise server_error("; ".join(texts))
