"""The process itself: CoreSv1, GuardianSv1 and ServiceManagerV1."""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import RequestError
from engine.times import SECOND
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.shapes import DURATION, TENANT_WITH_OPTS, shape
from gateway.api.table import method

_COMMON: Final = "Tenant string; APIOpts map[string]any;"
_STATUS: Final = shape("cores.V1StatusParams", "Debug bool; Timezone string; APIOpts map[string]any")
_LOCK: Final = shape("dispatchers.AttrRemoteLockWithAPIOpts", f"{_COMMON} ReferenceID string; LockIDs []string; Timeout time.Duration")
_UNLOCK: Final = shape("dispatchers.AttrRemoteUnlockWithAPIOpts", f"{_COMMON} RefID string")
_SERVICE: Final = shape("dispatchers.ArgStartServiceWithAPIOpts", f"{_COMMON} ServiceID string")
_PROFILING: Final = shape("cores.MemoryProfilingParams", f"{_COMMON} DirPath string; Interval time.Duration; MaxFiles int")

_UNITS: Final = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_SCHEDULER: Final = "*scheduler"


# -- CoreSv1 -----------------------------------------------------------------------------------------------------------


def _status(api: Api, args: Args) -> object:
    virtual, resident = _memory_bytes()
    return _caps(api) | {
        "active_memory": _bytes_text(resident),
        "cpu_time": f"{int(sum(os.times()[:2]) * 1000)}ms",
        "node_id": api.options.node_id,
        "open_files": len(os.listdir("/proc/self/fd")),
        "os_threads_in_use": threading.active_count(),
        "pid": os.getpid(),
        "resident_memory": _bytes_text(resident),
        "running_since": _unix_date(api.options.started_ns, args.text("Timezone") or api.options.default_timezone),
        "system_memory": _bytes_text(virtual),
        "version": api.options.version,
    }


def _caps(api: Api) -> dict[str, object]:
    """What CGRateS adds where cores.caps is set, and more of it with caps_stats_interval."""
    if api.caps is None:
        return {}
    found: dict[str, object] = {"caps_allocated": api.caps.at_work}
    if api.caps.sampling:
        found["caps_peak"] = api.caps.peak
    return found


def _memory_bytes() -> tuple[int, int]:
    """Virtual and resident size of this process (proc(5), statm)."""
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = file.read().split()
    size = os.sysconf("SC_PAGE_SIZE")
    return int(pages[0]) * size, int(pages[1]) * size


def _bytes_text(count: int) -> str:
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f}{name}"
    return f"{count}B"


def _unix_date(instant_ns: int, timezone: str) -> str:
    """As date(1) writes it: Sat Nov 21 09:47:35 UTC 2026."""
    try:
        zone = ZoneInfo("UTC" if timezone in ("", "Local") else timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RequestError(f"unknown time zone {timezone}") from None
    return datetime.fromtimestamp(instant_ns // SECOND, zone).strftime("%a %b %e %H:%M:%S %Z %Y")


async def _sleep(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    await asyncio.sleep(max(args.integer("Duration"), 0) / SECOND)
    return "OK"


def _stop_memory_profiling(api: Api, args: Args) -> object:  # noqa: ARG001 - every handler has these
    raise RequestError("stop memory profiling: not started yet")


# -- GuardianSv1 -------------------------------------------------------------------------------------------------------


async def _remote_lock(api: Api, args: Args) -> object:
    reference = args.text("ReferenceID") or str(uuid.uuid4())
    held = await api.locks.lock(reference, args.texts("LockIDs") or (), args.integer("Timeout"))
    return reference if held else ""


def _remote_unlock(api: Api, args: Args) -> object:
    return api.locks.unlock(args.text("RefID"))


# -- ServiceManagerV1 --------------------------------------------------------------------------------------------------


def _service_status(api: Api, args: Args) -> object:
    if args.text("ServiceID") != _SCHEDULER or api.scheduler is None:
        raise RequestError("UNSUPPORTED_SERVICE_ID")
    return "RUNNING" if api.scheduler.running else "STOPPED"


def _start_service(api: Api, args: Args) -> object:
    if args.text("ServiceID") != _SCHEDULER or api.scheduler is None:
        raise RequestError("UNSUPPORTED_SERVICE_ID")
    api.scheduler.start()
    return "OK"


def _stop_service(api: Api, args: Args) -> object:
    if args.text("ServiceID") != _SCHEDULER or api.scheduler is None:
        raise RequestError("UNSUPPORTED_SERVICE_ID")
    api.scheduler.stop()
    return "OK"


METHODS: Final = (
    method("CoreSv1.Status", _STATUS, _status),
    method("CoreSv1.Sleep", DURATION, _sleep),
    method("CoreSv1.StopMemoryProfiling", TENANT_WITH_OPTS, _stop_memory_profiling),
    method("CoreSv1.StartMemoryProfiling", _PROFILING, None, "DirPath"),
    method("SessionSv1.Sleep", DURATION, _sleep),
    method("GuardianSv1.RemoteLock", _LOCK, _remote_lock),
    method("GuardianSv1.RemoteUnlock", _UNLOCK, _remote_unlock),
    method("ServiceManagerV1.ServiceStatus", _SERVICE, _service_status),
    method("ServiceManagerV1.StartService", _SERVICE, _start_service),
    method("ServiceManagerV1.StopService", _SERVICE, _stop_service),
)
