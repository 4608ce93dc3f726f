"""Events per second of a running gateway, over TCP, durable, compiled and plain: `python -m tests.perf.gateway [--seconds N] [--runs N]`.

It is `tollwire bench` twice: once with the packages that this process has, compiled under `./test --perf`, once with the plain source.
`--write` puts the figures into docs/performance.md (`./test --perf write gateway`).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import engine
from gateway.cli.bench import KINDS, check_lines, machine, print_all, rows_of
from gateway.cli.measure.figures import HEADING, Figures, cells
from gateway.cli.measure.reference import HEADING as REFERENCE_HEADING
from gateway.cli.measure.reference import ratios
from gateway.cli.measure.run import Checked, Terms

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- written by ./test --perf write gateway -->\n", "<!-- end of what is written -->\n"
PLAIN_SHARE = 1 / 6  # of the time: the plain source is measured to compare


def environment(*trees: Path) -> dict[str, str]:
    """The environment of a gateway that runs the first of these trees."""
    return {**os.environ, "PYTHONPATH": ":".join(map(str, trees)), "PYTHONSAFEPATH": "1"}


class Table:
    """What was measured of one kind of packages."""

    def __init__(self, title: str, terms: Terms, works: list[str]) -> None:
        """Measures and prints."""
        self.title = f"{title}, {terms.seconds:g} s, {terms.runs} run{'s' if terms.runs > 1 else ''}"
        print(f"\n-- {self.title}", flush=True)
        self.checks: list[Checked] = []
        self.rows: list[Figures] = []
        for name in works:
            self.rows += rows_of(terms, name, lambda row: None, self.checks.append)
        print_all(self.rows, self.checks)
        sys.stdout.flush()

    @property
    def good(self) -> bool:
        """Whether everything that was acknowledged was there."""
        return all(one.good for one in self.checks)

    def document(self) -> str:
        """The tables in Markdown."""
        parts = [f"{self.title[0].upper()}{self.title[1:]}:\n", markdown(HEADING, [cells(row) for row in self.rows])]
        if compared := ratios(self.rows):
            parts.append(markdown(REFERENCE_HEADING, compared))
        if lines := check_lines(self.checks):
            parts.append("".join(f"- {line}\n" for line in lines))
        return "\n".join(parts)


def markdown(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table; what is as in the row above is left out of the first column."""
    lines = [f"| {' | '.join(heading)} |", "|---" * len(heading) + "|"]
    above = ""
    for row in rows:
        lines.append(f"| {' | '.join(('' if row[0] == above else row[0], *row[1:]))} |")
        above = row[0]
    return "\n".join(lines) + "\n"


def write(page: str, text: str) -> str:
    """The page with the text between BEGIN and END. ValueError where they do not stand there."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{BEGIN.strip()} ... {END.strip()} is wanted")
    return f"{before}{BEGIN}{text}{END}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long the highest load is held")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", choices=KINDS, action="append")
    parser.add_argument("--state-on")
    parser.add_argument("--no-plain", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args()
    where = machine()
    print(where)
    here = Path(engine.__file__).resolve().parents[1]
    works = options.work or list(KINDS)
    kind = "plain" if here == ROOT else "compiled"
    terms = Terms(options.seconds, options.runs, state_on=options.state_on, environment=environment(here, ROOT))
    tables = [Table(kind, terms, works)]
    if here != ROOT and not options.no_plain:
        terms = Terms(options.seconds * PLAIN_SHARE, 1, (32, 256), False, state_on=options.state_on, environment=environment(ROOT))
        tables.append(Table("plain", terms, works))
    if options.write:
        text = "\n".join((f"{time.strftime('%Y-%m-%d')}, {where.partition('; ')[2]}.\n", *(table.document() for table in tables)))
        PAGE.write_text(write(PAGE.read_text(), text))
    return 0 if all(table.good for table in tables) else 1


if __name__ == "__main__":
    sys.exit(main())
