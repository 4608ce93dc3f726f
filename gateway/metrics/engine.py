"""Metrics of the engine, of its storage, and of the process they live in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.api.planjobs import jobs_under_way
from gateway.metrics.row import COUNTER, GAUGE, HISTOGRAM, House, Metric, Read, Sample, one


def _size(name: str) -> Read:
    return lambda house: (((), house.sizes[name]),)


def _log(name: str) -> Read:
    return lambda house: (((), getattr(house.log, name) if house.log else 0),)


def _storage(name: str) -> Read:
    return lambda house: (((), getattr(house.storage, name)),)


STORAGE: Final = (
    Metric("storage_available", GAUGE, "1 while the disk works, 0 while it is full or fails.", _storage("available")),
    Metric("journal_appends", COUNTER, "Steps whose records were given to the journal, ever.", _storage("last_ticket")),
    Metric(
        "journal_waiting",
        GAUGE,
        "Of these, those that are not on disk yet.",
        one(lambda house: house.storage.last_ticket - house.storage.durable_ticket),
    ),
    Metric("journal_queue_bytes", GAUGE, "Octets of their records.", _storage("queued_bytes")),
    Metric("journal_bytes", GAUGE, "Octets of the journal that are not pruned yet.", _storage("journal_bytes")),
    Metric("log_bytes", GAUGE, "Octets of the write-ahead log, about.", _storage("log_bytes")),
    Metric(
        "commit_seconds",
        HISTOGRAM,
        "How long a commit takes, fsync included (SQLite does both in one call).",
        _storage("commits"),
    ),
    Metric(
        "checkpoint_seconds",
        HISTOGRAM,
        "How long it takes to bring the write-ahead log into the file, fsync included; beside the commits.",
        _storage("checkpoints"),
    ),
    Metric(
        "projection_lag",
        GAUGE,
        "Appends that are on disk and not in the tables yet.",
        one(lambda house: house.storage.durable_ticket - house.storage.projected_ticket),
    ),
    Metric(
        "fold_lag",
        GAUGE,
        "Appends that are on disk and not folded into the stored state yet: what a restart replays.",
        one(lambda house: house.storage.durable_ticket - house.storage.folded_ticket),
    ),
    Metric("unprojected_cdrs", GAUGE, "Records that lie in no table yet, kept in memory.", _storage("unprojected_cdrs")),
    Metric("queries", GAUGE, "Queries of records under way or waiting.", _storage("queries")),
)


def _items(house: House) -> Iterator[Sample]:
    for kind, count in house.engine.items.counts().items():
        yield (kind,), count


def _changes(house: House) -> Iterator[Sample]:
    for kind, count in house.engine.items.changes.items():
        yield (kind,), count


def _partitions(house: House) -> Iterator[Sample]:
    for partition, count in house.server.api.caches.counts().items():
        yield (partition,), count


ENGINE: Final = (
    Metric("accounts", GAUGE, "Accounts.", _size("accounts")),
    Metric("sessions_open", GAUGE, "Open sessions.", _size("sessions_open")),
    Metric("sessions_awake", GAUGE, "Of these, those that are kept ready.", _size("sessions_awake")),
    Metric("runs_open", GAUGE, "Their runs.", _size("runs_open")),
    Metric("sessions_passive", GAUGE, "Copies of other engines' sessions.", _size("sessions_passive")),
    Metric("sessions_ended", GAUGE, "Ended sessions that are kept for their record.", _size("sessions_ended")),
    Metric("tombstones", GAUGE, "Sessions that are over, known for that.", _size("tombstones")),
    Metric(
        "sessions_correctable",
        GAUGE,
        "Sessions that the engine ended and whose late end corrects what they cost.",
        _size("sessions_correctable"),
    ),
    Metric("session_sweeps", GAUGE, "Clients that began anew and whose sessions are being ended.", _size("session_sweeps")),
    Metric("timers", GAUGE, "Places of sessions in the heap of timers.", _size("timers")),
    Metric("session_costs", GAUGE, "Costs of ended sessions that wait for their record.", _size("session_costs")),
    Metric("remembered_runs", GAUGE, "Runs that were processed and not stored, known for a repetition.", _size("remembered_runs")),
    Metric("remembered_answers", GAUGE, "Answers kept for a repetition of their request.", _size("remembered_answers")),
    Metric("remembered_answers_bytes", GAUGE, "Octets of them.", _size("remembered_answers_bytes")),
    Metric(
        "repetitions",
        COUNTER,
        "Requests that came again and got their first answer again.",
        one(lambda house: house.engine.repetitions.given_again),
    ),
    Metric("items", GAUGE, "Tariff data, profiles and all else that an operator writes.", _items, ("kind",), "the kinds of items"),
    Metric(
        "item_changes",
        COUNTER,
        "Items put or removed since the start, recovered ones included: the version of the plan in force.",
        _changes,
        ("kind",),
        "the kinds of items",
    ),
    Metric("cache_items", GAUGE, "Items in partitions of CacheSv1.", _partitions, ("partition",), "the partitions of the caches section"),
    Metric("user_cache_values", GAUGE, "Values kept in *uch.", one(lambda house: len(house.user_cache))),
    Metric("plan_jobs", GAUGE, "Tariff plans that are read or loaded, or wait for it.", one(lambda _: jobs_under_way())),
    Metric("locks", GAUGE, "References that GuardianSv1 holds or that wait for one.", one(lambda house: house.server.api.locks.count)),
)

PROCESS: Final = (
    Metric("info", GAUGE, "Always 1.", lambda house: (((house.version, house.node_id), 1),), ("version", "node_id"), "of this process"),
    Metric("effects_waiting", GAUGE, "What the outside is still to be told.", one(lambda house: house.clockwork.effects_waiting)),
    Metric("effects_under_way", GAUGE, "What it is being told.", one(lambda house: house.clockwork.effects_under_way)),
    Metric(
        "loop_late_seconds",
        HISTOGRAM,
        "By how much a timer of the event loop was late, every half second.",
        one(lambda house: house.pulse.late),
    ),
    Metric("collection_seconds", HISTOGRAM, "Pauses of garbage collection.", one(lambda house: house.pulse.collections)),
    Metric("log_lines_waiting", GAUGE, "Log lines that nobody has read yet.", _log("waiting")),
    Metric(
        "log_lines_dropped",
        COUNTER,
        "Log lines that were dropped for that.",
        _log("dropped"),
    ),
)
