"""One piece of work with a plan, as plain values: done here, in a thread, or in another process (`python -m engine.tariffplan`).

On bytes: reading, checking and building 200,000 prefixes holds the interpreter for about 0.4 s. In a thread of the same process the
event loop is late by 5 ms while it runs, and now and then by 100; in another process it pays for the unpacking alone, in slices.
"""

from __future__ import annotations

import msgspec

from engine.errors import Fault
from engine.tariffplan.check import check_cells
from engine.tariffplan.kinds import OfflineItem, offline_key, offline_kind
from engine.tariffplan.load import Outcome, PlanLoad, Put, load_plan
from engine.tariffplan.offline import needed, offline_items, offline_plan
from engine.tariffplan.read import COMMA, Plan, Source, folder_sources, read_plan, zip_sources
from engine.tariffplan.sheet import FLAG, ID, INTEGER, NUMBER
from engine.tariffplan.sheets import BY_NAME, SHEETS
from engine.tariffplan.terms import Terms

_NOT_TEXT = frozenset((ID, NUMBER, INTEGER, FLAG))


class Job(msgspec.Struct):
    """What to read: a folder of the machine, a zip file, or offline items by sheet. And what to make of it.

    With a `tpid` the sheets become offline items of that plan (rating profiles and accounts under `load_id`), whatever their texts
    say, if only numbers are numbers. With a `root` only that sheet is loaded, and what it needs of the others.
    """

    terms: Terms
    folder: str | None = None
    archive: bytes | None = None
    offline: list[tuple[str, list[OfflineItem]]] = []
    separator: str = COMMA
    root: str = ""
    tpid: str = ""
    load_id: str = ""


def run(job: Job) -> Outcome:
    """Does the job. Raises PlanError when there is no such folder, or the zip file is none."""
    plan = _plan(job)
    if job.tpid:
        return _imported(plan, job)
    if job.root:
        plan = needed(plan, job.root)
    return load_plan(plan, job.terms)


def _plan(job: Job) -> Plan:
    sources: list[Source] = []
    faults: list[Fault] = []
    if job.folder is not None:
        sources, faults = folder_sources(job.folder)
    elif job.archive is not None:
        sources, faults = zip_sources(job.archive)
    else:
        return offline_plan((BY_NAME[name], items) for name, items in job.offline)
    plan = read_plan(sources, job.separator)
    for fault in faults:
        plan.faults.add(fault)
    return plan


def _imported(plan: Plan, job: Job) -> Outcome:
    check_cells(plan, job.terms, _NOT_TEXT)
    load = None
    if not len(plan.faults):
        load = PlanLoad(
            job.terms.load_id, [put for sheet in SHEETS if sheet.name in plan.tables for put in _puts(plan, sheet.name, job)], []
        )
    return Outcome(load, plan.counts(), plan.faults.found, [], plan.notices.found, plan.faults.more, 0, plan.notices.more)


def _puts(plan: Plan, name: str, job: Job) -> list[Put]:
    items = offline_items(plan, BY_NAME[name], job.tpid, job.load_id)
    return [(offline_kind(name), offline_key(item.TPid, item.Id), item) for item in items]
