"""How fast a plan of many prefixes is read, checked and built, and how much memory that takes.

    python -m tests.perf.tariffplan [PREFIXES]

A plan of PREFIXES (200,000) prefixes in PREFIXES / 20 destinations, each priced in two tables. Prints seconds and MB of: the load in
this process; an event loop's latency while a thread loads; the load packed for another process, and unpacked in slices here; and
`tollwire load` into a gateway, with what others who ask it meanwhile notice.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from engine.tariffplan.load import Outcome, Unpacking, load_sources, pack
from engine.tariffplan.read import Source
from engine.tariffplan.terms import Terms
from tests.gateway.servers import Gateway, gateway, tollwire

SLICE_OCTETS = 32_768


def sources(prefixes: int) -> list[Source]:
    """The files of the plan."""
    count = prefixes // 20
    destinations = "#Tag,Prefix\n" + "".join(f"DST_{number % count},{10_000_000 + number}\n" for number in range(prefixes))
    rates = "".join(f"RT_{number},0.05,{number / 1000},60s,{number % 60 + 1}s,0s\n" for number in range(200))
    tables = "".join(f"DR_{table},DST_{number},RT_{(number + table) % 200},*up,4,0,\n" for table in (0, 1) for number in range(count))
    files = {
        "Destinations.csv": destinations,
        "Timings.csv": "PEAK,*any,*any,*any,1;2;3;4;5,08:00:00\nNIGHT,*any,*any,*any,*any,00:00:00\n",
        "Rates.csv": rates,
        "DestinationRates.csv": tables,
        "RatingPlans.csv": "RP,DR_0,PEAK,10\nRP,DR_1,NIGHT,10\n",
        "RatingProfiles.csv": "cgrates.org,call,*any,2024-01-01T00:00:00Z,RP,\n",
    }
    return [Source(name, text.encode()) for name, text in files.items()]


def load(files: list[Source]) -> Outcome:
    """Reads, checks and builds; a plan with faults would measure nothing."""
    outcome = load_sources(files, Terms("1", 1_700_000_000_000_000_000))
    assert outcome.load is not None, [str(fault) for fault in outcome.faults[:3]]
    return outcome


async def latency(files: list[Source]) -> tuple[float, float, float]:
    """(median, 99th percentile, greatest) ms by which a timer of 1 ms is late while a thread loads."""
    task = asyncio.create_task(asyncio.to_thread(load, files))
    late = []
    while not task.done():
        begin = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - begin - 0.001) * 1000)
    await task
    late.sort()
    return statistics.median(late), late[len(late) * 99 // 100], late[-1]


class Asker(threading.Thread):
    """Asks one question after the other on a connection of its own; how long each answer took, in ms."""

    def __init__(self, gateway: Gateway, method: str, params: object) -> None:
        super().__init__(daemon=True)
        self.gateway, self.method, self.params = gateway, method, params
        self.waits: list[float] = []
        self.enough = threading.Event()

    def run(self) -> None:
        with self.gateway.client() as client:
            while not self.enough.wait(0.001):
                begin = time.perf_counter()
                client.call(self.method, self.params)
                self.waits.append((time.perf_counter() - begin) * 1000)


def on_a_server(folder: Path, files: list[Source]) -> None:
    """`tollwire load` into a gateway that is asked meanwhile: the first load, and one that replaces it."""
    plan = folder / "plan"
    plan.mkdir()
    for source in files:
        (plan / source.name).write_bytes(source.data)
    with gateway(folder) as served:
        idle = memory_mb(served.process.pid, "VmRSS")
        for what in ("first", "second"):
            asker = Asker(served, "CoreSv1.Ping", {})
            asker.start()
            begin = time.perf_counter()
            ran = tollwire("load", "--server", served.address, str(plan))
            took = time.perf_counter() - begin
            asker.enough.set()
            asker.join()
            assert ran.returncode == 0, ran.stderr
            waits = sorted(asker.waits)
            pid, middle, late = served.process.pid, waits[len(waits) // 2], waits[len(waits) * 99 // 100]
            print(
                f"{what} tollwire load: {took:.2f} s; the server: {memory_mb(pid, 'VmRSS'):.0f} MB, {memory_mb(pid, 'VmHWM'):.0f} at most"
                f" ({idle:.0f} before); pings meanwhile: {middle:.1f} ms (median), {late:.1f} (p99), {waits[-1]:.1f} (longest)"
            )


def memory_mb(pid: int, name: str) -> float:
    """A line of /proc/PID/status."""
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")) / 1024


def peak_mb() -> float:
    """The most memory that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    prefixes = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    files = sources(prefixes)
    before = peak_mb()
    begin = time.perf_counter()
    outcome = load(files)
    print(f"{prefixes} prefixes: {time.perf_counter() - begin:.2f} s, peak {peak_mb():.0f} MB ({before:.0f} MB before)")
    print("in a thread: a 1 ms timer is late by {:.1f} ms (median), {:.1f} (p99), {:.1f} (max)".format(*asyncio.run(latency(files))))
    begin = time.perf_counter()
    packed = pack(outcome)
    print(f"packed: {len(packed) / 1e6:.1f} MB in {time.perf_counter() - begin:.2f} s")
    begin = time.perf_counter()
    unpacking = Unpacking(packed)
    first = time.perf_counter() - begin
    slices = []
    more = True
    while more:
        begin = time.perf_counter()
        more = unpacking.step(SLICE_OCTETS)
        slices.append(time.perf_counter() - begin)
    longest = max(slices) * 1000
    print(f"unpacked: first {first * 1000:.1f} ms, then {len(slices)} slices, the longest {longest:.1f} ms, all {sum(slices):.2f} s")
    with tempfile.TemporaryDirectory() as name:
        on_a_server(Path(name), files)


if __name__ == "__main__":
    main()
