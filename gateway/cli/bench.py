"""tollwire bench: how many events a second a gateway takes here, and what each costs.

It starts a gateway of its own in a temporary folder, drives it over TCP from this process, and looks afterwards whether everything that was
acknowledged is there.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gateway.cli.limits import BENCH_MAX_IN_FLIGHT, BENCH_MAX_RUNS, BENCH_MAX_SECONDS
from gateway.cli.measure.figures import HEADING, Figures, as_data, cells
from gateway.cli.measure.inprocess import measure_in_process
from gateway.cli.measure.mixed import measure_mixed
from gateway.cli.measure.reference import HEADING as REFERENCE_HEADING
from gateway.cli.measure.reference import ratios
from gateway.cli.measure.run import AGENTS, Checked, Terms, measure
from gateway.cli.measure.work import WORKS
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.terminal import json_text, print_table

KINDS: Final = (*WORKS, *AGENTS, "mixed", "process")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    parser.add_argument("--seconds", type=float, default=10.0, help="how long the highest load is held; the others a third of it (10)")
    parser.add_argument("--runs", type=int, default=1, help="runs, each with a gateway of its own; the figures are their medians (1)")
    parser.add_argument("--work", metavar="KIND", action="append", choices=KINDS, help=f"{', '.join(KINDS)}; may be said again (all)")
    parser.add_argument("--in-flight", metavar="N", type=int, action="append", help="requests in flight; may be said again (1, 32, 256)")
    parser.add_argument("--connections", metavar="N", type=int, default=0, help="connections that share them (one per 64)")
    parser.add_argument("--no-rate", action="store_true", help="leave out the run at half the highest rate")
    parser.add_argument(
        "--state-on", metavar="DIR", help="measure the disk of this folder; what is written there is removed (a temporary one)"
    )
    parser.add_argument("--server", metavar="HOST:PORT", help="drive this running gateway instead: it gets a plan, accounts and records")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Measures and prints; 1 when something was refused, lost, doubled or does not add up."""
    terms = _terms(options)
    rows: list[Figures] = []
    checks: list[Checked] = []
    if not options.json:
        print(machine(), file=sys.stderr)
    kinds = KINDS if not options.server else tuple(name for name in KINDS if name not in AGENTS)
    for name in dict.fromkeys(options.work or kinds):
        rows += rows_of(terms, name, _progress, checks.append)
    if options.json:
        print(json_text({"machine": machine(), "rows": [as_data(row) for row in rows], "checks": [check_data(one) for one in checks]}))
    else:
        print_all(rows, checks)
    return Exit.OK if all(one.good for one in checks) else Exit.REFUSED


def print_all(rows: Sequence[Figures], checks: Sequence[Checked]) -> None:
    """The table, how it compares with CGRateS, and what was found afterwards."""
    print_table([HEADING, *(cells(row) for row in rows)])
    compared = ratios(rows)
    if compared:
        print()
        print_table([REFERENCE_HEADING, *compared])
    lines = check_lines(checks)
    if lines:
        print("\n" + "\n".join(lines))


def rows_of(terms: Terms, kind: str, told: Callable[[Figures], None], checked: Callable[[Checked], None]) -> list[Figures]:
    """The rows of one of KINDS."""
    if kind == "mixed":
        return measure_mixed(terms, told, checked)
    if kind == "process":
        return [measure_in_process(terms)]
    return measure(terms, kind, told, checked)


def _terms(options: argparse.Namespace) -> Terms:
    in_flight = tuple(dict.fromkeys(options.in_flight or (1, 32, 256)))
    if not 0 < options.seconds <= BENCH_MAX_SECONDS:
        raise UsageError(f"--seconds must be above 0 and at most {BENCH_MAX_SECONDS:g}")
    if not 0 < options.runs <= BENCH_MAX_RUNS:
        raise UsageError(f"--runs must be from 1 to {BENCH_MAX_RUNS}")
    if not all(0 < one <= BENCH_MAX_IN_FLIGHT for one in in_flight):
        raise UsageError(f"--in-flight must be from 1 to {BENCH_MAX_IN_FLIGHT}")
    if not 0 <= options.connections <= BENCH_MAX_IN_FLIGHT:
        raise UsageError(f"--connections must be at most {BENCH_MAX_IN_FLIGHT}")
    if options.state_on and not Path(options.state_on).is_dir():
        raise CommandError(f"{options.state_on} is no folder")
    if options.server and (own := [name for name in options.work or () if name in AGENTS]):
        raise UsageError(f"--work {own[0]} drives a gateway of its own, with a configuration for it")
    if options.state_on and options.server:
        raise UsageError("--state-on and --server do not go together: a gateway that runs has its state somewhere")
    return Terms(options.seconds, options.runs, in_flight, not options.no_rate, options.connections, options.server or "", options.state_on)


def _progress(row: Figures) -> None:
    """One line as soon as a row is known, where somebody waits for it."""
    if sys.stderr.isatty():
        print(f"{row.work}, {row.load}: {row.rate:,.0f} events/s", file=sys.stderr, flush=True)


def machine() -> str:
    """What it runs on, in the kernel's own words."""
    from engine.money import __file__ as room

    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown processor")
    version = ".".join(map(str, sys.version_info[:3]))
    kind = "plain" if str(room).endswith(".py") else "compiled"
    return f"{kind}; {model}, {os.cpu_count()} cores, Python {version}, load {os.getloadavg()[0]:.1f} before"


def check_lines(checks: Sequence[Checked]) -> list[str]:
    """What was found of what was acknowledged."""
    lines = []
    for one in checks:
        if not one.records:
            continue
        found = f"{one.records:,} records acknowledged, {one.missing:,} missing, {one.surplus:,} doubled or wrong ({one.get_seconds:.1f} s)"
        verified = "not verified" if one.verified is None else f"verify {one.verified or 'clean'} ({one.verify_seconds:.1f} s)"
        lines.append(f"{one.work}: {found}; {verified}")
    return lines


def check_data(one: Checked) -> dict[str, object]:
    """A check as JSON."""
    return {
        "work": one.work,
        "records": one.records,
        "missing": one.missing,
        "surplus": one.surplus,
        "verify": None if one.verified is None else one.verified or "clean",
        "get_seconds": round(one.get_seconds, 3),
        "verify_seconds": round(one.verify_seconds, 3),
    }
