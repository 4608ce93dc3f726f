"""Credit control over Diameter by a running gateway: `python -m tests.perf.diameter [--seconds N] [--runs N] [--open N]`.

The rates are those of `tollwire bench --work diameter`; then sessions are opened and left open, to see what one of them takes in memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import engine
from gateway.cli.bench import machine, print_all, rows_of
from gateway.cli.client import Client
from gateway.cli.measure.diameter import gy_openings
from gateway.cli.measure.drive import closed
from gateway.cli.measure.run import DIAMETER, Checked, Terms, links_for, target
from tests.perf.gateway import ROOT, environment

IN_FLIGHT = 256


def rates(terms: Terms) -> bool:
    """Prints the table; whether everything that was acknowledged was there."""
    checks: list[Checked] = []
    print_all(rows_of(terms, DIAMETER, lambda row: None, checks.append), checks)
    return all(one.good for one in checks)


def memory(terms: Terms, count: int) -> bool:
    """Prints what open sessions take; whether they are all open."""
    with target(terms, DIAMETER) as driven, ExitStack() as stack, Client(driven.server) as client:
        assert driven.process is not None
        work = gy_openings("open-", f"127.0.0.1:{driven.ports[0]}")
        links = links_for(terms, driven, stack, IN_FLIGHT, work.speech)
        last, before, done = 0, driven.process.memory_mib(), count // 4
        print("\nsessions open        MiB   opened/s")
        print(f"{0:>13,} {before:>10,}")
        while last < count:
            began = time.perf_counter()
            first, last = last, closed(work, links, IN_FLIGHT, 3600.0, last, done).last
            rate = (last - first) / (time.perf_counter() - began)
            print(f"{last:>13,} {driven.process.memory_mib():>10,} {rate:>10,.0f}", flush=True)
        open_now = client.call("SessionSv1.GetActiveSessionsCount", {"Tenant": "bench"})
        print(f"{(driven.process.memory_mib() - before) * (1 << 20) / last:,.0f} octets a session, {open_now:,} open")
        return open_now == last


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="how long the highest load is held")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--open", type=int, default=100_000, help="sessions that are left open")
    options = parser.parse_args()
    print(machine())
    here = Path(engine.__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory(prefix="tollwire-gy-") as folder:
        terms = Terms(options.seconds, options.runs, state_on=folder, environment=environment(here, ROOT))
        good = rates(terms)
        return 0 if memory(terms, options.open) and good else 1


if __name__ == "__main__":
    sys.exit(main())
