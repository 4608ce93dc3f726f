"""Events per second of a running gateway, over TCP, durable, compiled and plain: `python -m tests.perf.gateway [--seconds N] [--runs N]`.

It is `tollwire bench` twice: once with the packages that this process has, compiled under `./test --perf`, once with the plain source.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import engine
from gateway.cli.bench import KINDS, check_lines, machine, rows_of
from gateway.cli.measure.figures import HEADING, cells
from gateway.cli.measure.run import Checked, Terms
from gateway.cli.terminal import print_table

ROOT = Path(__file__).resolve().parents[2]
PLAIN_SHARE = 1 / 6  # of the time: the plain source is measured to compare


def environment(*trees: Path) -> dict[str, str]:
    """The environment of a gateway that runs the first of these trees."""
    return {**os.environ, "PYTHONPATH": ":".join(map(str, trees)), "PYTHONSAFEPATH": "1"}


def table(title: str, terms: Terms, works: list[str]) -> bool:
    """Measures and prints; whether everything that was acknowledged was there."""
    print(f"\n-- {title}, {terms.seconds:g} s, {terms.runs} run{'s' if terms.runs > 1 else ''}", flush=True)
    checks: list[Checked] = []
    rows = [row for name in works for row in rows_of(terms, name, lambda row: None, checks.append)]
    print_table([HEADING, *(cells(row) for row in rows)])
    print("\n".join(check_lines(checks)), flush=True)
    return all(one.good for one in checks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long the highest load is held")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", choices=KINDS, action="append")
    parser.add_argument("--state-on")
    parser.add_argument("--no-plain", action="store_true")
    options = parser.parse_args()
    print(machine())
    here = Path(engine.__file__).resolve().parents[1]
    works = options.work or list(KINDS)
    kind = "plain" if here == ROOT else "compiled"
    good = table(kind, Terms(options.seconds, options.runs, state_on=options.state_on, environment=environment(here, ROOT)), works)
    if here != ROOT and not options.no_plain:
        terms = Terms(options.seconds * PLAIN_SHARE, 1, (32, 256), False, state_on=options.state_on, environment=environment(ROOT))
        good &= table("plain", terms, works)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
