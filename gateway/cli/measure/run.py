"""Measures: a gateway for each run, the loads of one kind of work after the other, then whether everything is there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.cli.client import Client
from gateway.cli.limits import BENCH_CHAINS_ABREAST
from gateway.cli.measure import diameter, radius
from gateway.cli.measure.check import records_missing, wait_until_queryable
from gateway.cli.measure.drive import Driven, all_of, at_rate, closed, undisturbed
from gateway.cli.measure.figures import Figures, median, share_ms
from gateway.cli.measure.link import Link
from gateway.cli.measure.plan import account_requests, write_plan
from gateway.cli.measure.process import Process
from gateway.cli.measure.work import JSON_RPC, WORKS, Speech, Work
from gateway.cli.outcome import CommandError
from gateway.cli.served import Server

DIAMETER: Final = "diameter"
RADIUS: Final = "radius"
AGENTS: Final = (DIAMETER, RADIUS)  # kinds of work whose gateway has a configuration
SIDE_SHARE: Final = 1 / 3
_WARM_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Terms:
    """What is measured, and how.

    `seconds` is how long the highest load is held, the others SIDE_SHARE of it; `in_flight` the closed loops; `paced` whether half the
    highest rate is driven as well; `connections` 0 for one per 64 in flight. `server` is a gateway that runs already, else one is started
    for every run, its state in a folder below `state_on` (the system's temporary folder), with `environment` (ours).
    """

    seconds: float = 10.0
    runs: int = 1
    in_flight: tuple[int, ...] = (1, 32, 256)
    paced: bool = True
    connections: int = 0
    server: str = ""
    state_on: str | None = None
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found afterwards: records acknowledged, and how many of them were missing or wrong; how long it took to look.

    `verified` is what `tollwire verify` complains about; None where nobody could look.
    """

    work: str
    records: int
    missing: int
    surplus: int
    get_seconds: float
    verified: str | None
    verify_seconds: float

    @property
    def good(self) -> bool:
        """Nothing is lost, nothing doubled, every balance adds up."""
        return not self.missing and not self.surplus and not self.verified


class Target:
    """The gateway that is driven, with our plan in it. `ports` are where its agent listens on loopback, if it has one: that of Diameter,
    or those of RADIUS authentication and accounting."""

    def __init__(self, server: str, process: Process | None, state: Path | None, ports: tuple[int, ...] = ()) -> None:
        self.server, self.process, self.state, self.ports = server, process, state, ports


@contextmanager
def target(terms: Terms, agent: str = "") -> Iterator[Target]:
    """A gateway that is ready, with one of AGENTS or without. What was started and written for it is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollwire-bench-", dir=terms.state_on)))
        if terms.server:
            folder.chmod(0o755)  # the gateway reads the plan, as whoever it is
            found = Target(terms.server, None, None)
        else:
            words = _agent(folder, agent) if agent else ()
            served = stack.enter_context(Server(folder, "127.0.0.1:0", "127.0.0.1:0", terms.environment, words))
            found = Target(served.address, Process(served.process.pid), served.state, served.ports(agent) if agent else ())
        write_plan(folder / "plan")
        prepare(found.server, folder / "plan")
        yield found


def _agent(folder: Path, agent: str) -> tuple[str, ...]:
    """The arguments of a gateway that takes the work of an agent."""
    (folder / "config").mkdir()
    (folder / "config" / "tollwire.toml").write_text(diameter.config() if agent == DIAMETER else radius.config())
    return "--config", str(folder / "config")


def works_of(name: str, tag: str, ports: tuple[int, ...]) -> tuple[Work, ...]:
    """The works of a kind, whose chains have names that begin with `tag`."""
    if name == DIAMETER:
        return (diameter.gy_sessions(tag, f"127.0.0.1:{ports[0]}"),)
    if name == RADIUS:
        auth, acct = ports
        return (radius.accounting(tag, acct), radius.access(tag, auth), radius.access(tag, auth, credit=True))
    return (WORKS[name](tag),)


def prepare(server: str, plan: Path) -> None:
    """Loads the plan that lies in a folder and gives every account its money."""
    with Client(server) as client:
        client.call("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan)})
    link = Link(server)
    try:
        all_of(link, account_requests())
    finally:
        link.close()


def measure(terms: Terms, name: str, told: Callable[[Figures], None], checked: Callable[[Checked], None]) -> list[Figures]:
    """The rows of a kind of work. `told` hears of every row when its median is known, `checked` of every run."""
    rows: dict[tuple[str, str], list[Figures]] = {}
    for run in range(terms.runs):
        tag = f"{time.time_ns() // 1_000_000:x}-{run}-"
        with target(terms, name if name in AGENTS else "") as gateway, Client(gateway.server) as client:
            for work in works_of(name, tag, gateway.ports):
                chains = 0
                for figures, number in _loads(terms, gateway, client, work):
                    chains = number
                    rows.setdefault((work.name, figures.load), []).append(figures)
                    if run == terms.runs - 1:
                        told(median(rows[work.name, figures.load]))
                if work.stores or name not in AGENTS:
                    checked(check(gateway, client, work, chains))
    return [median(found) for found in rows.values()]


def _loads(terms: Terms, gateway: Target, client: Client, work: Work) -> Iterator[tuple[Figures, int]]:
    """The figures of each load, with the number of the next chain."""
    last, best = 0, 0.0
    with ExitStack() as stack:
        last = closed(work, links_for(terms, gateway, stack, 8, work.speech), 8, min(_WARM_SECONDS, terms.seconds), last).last
        for in_flight in terms.in_flight:
            links = links_for(terms, gateway, stack, in_flight, work.speech)

            seconds = terms.seconds * (1 if in_flight == max(terms.in_flight) else SIDE_SHARE)

            def drive(first: int, links: list[Link] = links, in_flight: int = in_flight, seconds: float = seconds) -> Driven:
                return closed(work, links, in_flight, seconds, first)

            figures, last = held(gateway, client, work, f"{in_flight} in flight", drive, last)
            best = max(best, figures.rate)
            yield figures, last
        if terms.paced:
            links = links_for(terms, gateway, stack, max(terms.in_flight), work.speech)

            def paced(first: int) -> Driven:
                return at_rate(work, links, best / 2, terms.seconds * SIDE_SHARE, first, BENCH_CHAINS_ABREAST)

            figures, last = held(gateway, client, work, "at half the rate", paced, last)
            yield figures, last


def links_for(terms: Terms, gateway: Target, stack: ExitStack, in_flight: int, speech: Speech = JSON_RPC) -> list[Link]:
    """Connections for so many requests in flight, closed with the stack."""
    count = min(terms.connections or -(-in_flight // speech.share), in_flight)
    links = [speech.connect(gateway.server) for _ in range(count)]
    for link in links:
        stack.callback(link.close)
    return links


def held(gateway: Target, client: Client, work: Work, load: str, drive: Callable[[int], Driven], first: int) -> tuple[Figures, int]:
    """Drives, waits until all of it can be asked for, and counts that time and the server's CPU until then."""
    process = gateway.process
    with undisturbed():
        cpu, began, own = process.cpu_seconds() if process else 0.0, time.perf_counter(), time.process_time()
        driven = drive(first)
        own = time.process_time() - own
        wait_until_queryable(client, work, driven.last)
        took = time.perf_counter() - began
        used = process.cpu_seconds() - cpu if process else 0.0
    times, count = sorted(driven.times), len(driven.times)
    p50, p99, p999 = (share_ms(times, share) for share in (0.5, 0.99, 0.999))
    figures = Figures(
        work.name,
        load,
        count / took,
        p50,
        p99,
        p999,
        used / count * 1e6 if process else None,
        process.memory_mib() if process else None,
        count,
        took - driven.seconds,
        own / count * 1e6,
    )
    return figures, driven.last


def check(gateway: Target, client: Client, work: Work, last: int) -> Checked:
    """Looks for every record of the chains below `last`, and adds up every balance."""
    began = time.perf_counter()
    missing, surplus = records_missing(client, work, last) if work.stores else (0, 0)
    got = time.perf_counter()
    verified = verify(gateway.state) if gateway.state else None
    return Checked(work.name, last * work.stores, missing, surplus, got - began, verified, time.perf_counter() - got)


def verify(state: Path) -> str:
    """What `tollwire verify` has to complain about; nothing where every balance adds up."""
    ran = subprocess.run([sys.executable, "-m", "gateway", "verify", "--state", str(state)], capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        raise CommandError(f"verify did not end well: {ran.stderr.strip()[-300:]}")
    return "" if ran.returncode == 0 else (ran.stdout + ran.stderr).strip()[-1000:]
