"""Cost queries in one process, without sockets and without a disk: python -m gateway.cli.measure.inprocess SECONDS

Each query is a step of the engine, from a call as a handler makes it to its cost. Prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from engine.commands import GetCost, LoadPlan
from engine.rating.call import Call, CallCost
from engine.times import UTC_ZONE, parse_time
from engine.usage import SECOND
from gateway.cli.measure.figures import Figures
from gateway.cli.measure.plan import FIRST_PREFIX, PREFIXES, TENANT, write_plan
from gateway.cli.measure.run import Terms
from gateway.cli.measure.work import START, STRIDE
from gateway.cli.outcome import CommandError

_BATCH: Final = 1_000


def measure_in_process(terms: Terms) -> Figures:
    """The row of it, the best of as many runs as there are, in a process of its own."""
    best = Figures("cost query in process", "one after the other", 0.0, None, None, None, None, None, 0.0, 0.0)
    for _ in range(terms.runs):
        words = [sys.executable, "-m", "gateway.cli.measure.inprocess", f"{terms.seconds / 3}"]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, env=terms.environment)
        if ran.returncode:
            raise CommandError(f"the engine failed: {ran.stderr.strip()[-300:]}")
        found = json.loads(ran.stdout)
        rate, cpu_us = found["queries"] / found["seconds"], found["cpu_seconds"] / found["queries"] * 1e6
        if best.cpu_us is None or cpu_us < best.cpu_us:
            best = Figures(best.work, best.load, rate, None, None, None, cpu_us, found["memory_mib"], found["queries"], 0.0)
    return best


async def ask(seconds: float) -> dict[str, float]:
    """Asks for so long; how many were answered, wall and CPU seconds, MiB."""
    from engine.tariffplan.load import load_folder
    from engine.tariffplan.terms import Terms as PlanTerms
    from gateway.app import engine_in_memory
    from gateway.cli.measure.process import Process
    from gateway.config import load

    start = parse_time(START, UTC_ZONE, 0).ns
    engine = engine_in_memory(load((), (), {}).tree, asyncio.get_running_loop())
    with tempfile.TemporaryDirectory(prefix="tollwire-bench-") as name:
        write_plan(Path(name) / "plan")
        plan = load_folder(str(Path(name) / "plan"), PlanTerms("1", start, default_tenant=TENANT))
    assert plan.load is not None, "our own plan has no faults"
    engine.step(LoadPlan(plan.load), start)
    destinations = [f"{FIRST_PREFIX + number * STRIDE % PREFIXES}55" for number in range(_BATCH)]
    asked, cpu, began = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() < began + seconds:
        for destination in destinations:
            call = Call(TENANT, "call", "anyone", "", destination, "", start, start + 60 * SECOND, UTC_ZONE)
            cost = engine.step(GetCost(call), start)
            assert isinstance(cost, CallCost), "the query is answered"
        asked += _BATCH
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"queries": asked, "seconds": seconds, "cpu_seconds": cpu, "memory_mib": Process(0).memory_mib()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask(float(sys.argv[1])))))
