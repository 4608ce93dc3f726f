"""Sessions at half their rate while a big plan loads and many records are exported: what a working day does to the time of an answer."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from gateway.cli.client import Client
from gateway.cli.limits import BENCH_CHAINS_ABREAST, CDR_PAGE
from gateway.cli.measure.drive import Driven, Errand, at_rate, closed
from gateway.cli.measure.figures import Figures, median
from gateway.cli.measure.plan import TENANT, write_big_plan
from gateway.cli.measure.run import SIDE_SHARE, Checked, Terms, check, held, links_for, target
from gateway.cli.measure.work import GOOD, cdrs, refuse, sessions
from gateway.cli.outcome import CommandError

PREFIXES: Final = 200_000
RECORDS: Final = 100_000
WHOLE_SECONDS: Final = 5.0  # runs that are shorter take less of both, in proportion
_IN_FLIGHT: Final = 256
_ORDER_ID: Final = b'"OrderID":'


class Loading(Errand):
    """One plan is loaded."""

    def __init__(self, server: str, folder: Path) -> None:
        super().__init__(server)
        self._folder = folder
        self._began = 0.0
        self.seconds = 0.0

    def begin(self) -> None:
        self._began = time.perf_counter()
        asked = {"method": "APIerSv1.LoadTariffPlanFromFolder", "params": [{"FolderPath": str(self._folder)}], "id": 1}
        self.link.send(json.dumps(asked).encode() + b"\n")

    def answered(self, line: bytes) -> None:
        if not line.endswith(GOOD):
            raise refuse(line)
        self.seconds = time.perf_counter() - self._began

    @property
    def done(self) -> bool:
        return self.seconds > 0


class Exporting(Errand):
    """So many records are asked for, page after page, as `tollwire cdrs` does."""

    def __init__(self, server: str, records: int) -> None:
        super().__init__(server)
        self._records = records
        self._began = 0.0
        self.found = 0
        self.seconds = 0.0

    def begin(self) -> None:
        self._began = time.perf_counter()
        self._ask(0)

    def _ask(self, start: int) -> None:
        asked = {"Tenants": [TENANT], "ExtraArgs": {"OrderIDStart": start}, "Limit": min(CDR_PAGE, self._records - self.found)}
        self.link.send(json.dumps({"method": "CDRsV1.GetCDRs", "params": [asked], "id": 1}).encode() + b"\n")

    def answered(self, line: bytes) -> None:
        if not line.endswith(GOOD):
            raise refuse(line)
        self.found += line.count(_ORDER_ID)
        if self.found >= self._records:
            self.seconds = time.perf_counter() - self._began
            return
        at = line.rindex(_ORDER_ID) + len(_ORDER_ID)
        self._ask(int(line[at : line.index(b",", at)]) + 1)

    @property
    def done(self) -> bool:
        return self.seconds > 0


def measure_mixed(terms: Terms, told: Callable[[Figures], None], checked: Callable[[Checked], None]) -> list[Figures]:
    """The rows of it: sessions alone at half their rate, and with all of it going on."""
    runs = [_run(terms, run, checked) for run in range(terms.runs)]
    rows = [median(found) for found in zip(*runs, strict=True)]
    for row in rows:
        told(row)
    return rows


def _run(terms: Terms, run: int, checked: Callable[[Checked], None]) -> list[Figures]:
    share = min(terms.seconds / WHOLE_SECONDS, 1.0)
    prefixes, records = int(PREFIXES * share), int(RECORDS * share)
    tag = f"{time.time_ns() // 1_000_000:x}-{run}-"
    work, stored = sessions(f"{tag}s"), cdrs(f"{tag}c")
    with ExitStack() as stack:
        gateway = stack.enter_context(target(terms))
        client = stack.enter_context(Client(gateway.server))
        plan = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollwire-bench-"))) / "plan"
        write_big_plan(plan, prefixes)
        links = links_for(terms, gateway, stack, _IN_FLIGHT)
        before = closed(stored, links, _IN_FLIGHT, float("inf"), 0, records).last
        reached = closed(work, links, _IN_FLIGHT, terms.seconds * SIDE_SHARE, 0)
        rate = len(reached.times) / reached.seconds / 2
        errands: list[Errand] = []

        def alone(first: int) -> Driven:
            return at_rate(work, links, rate, terms.seconds * SIDE_SHARE, first, BENCH_CHAINS_ABREAST)

        def beside(first: int) -> Driven:
            return at_rate(work, links, rate, 0.0, first, BENCH_CHAINS_ABREAST, errands)

        quiet, last = held(gateway, client, work, "half the rate, alone", alone, reached.last)
        loading, exporting = Loading(gateway.server, plan), Exporting(gateway.server, records)
        errands += (loading, exporting)
        load = f"while {prefixes:,} prefixes load, {records:,} records go out"
        busy, last = held(gateway, client, work, load, beside, last)
        for errand in errands:
            errand.link.close()
        if before != records:
            raise CommandError(f"{before:,} records were made, {records:,} were wanted")
        checked(check(gateway, client, work, last))
    return [quiet, busy]
