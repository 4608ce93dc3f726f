"""RADIUS by a running gateway, and by FreeRADIUS where it is installed: `python -m tests.perf.radius [--seconds N] [--runs N]`.

The first table is that of `tollwire bench --work radius`. The second is FreeRADIUS 3.2 on the same machine, asked the same by the same
client: passwords from a file (`files`, `pap`), accounting into a text file (`detail`), which is neither rating nor an fsync.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import engine
from gateway.cli.bench import machine, print_all, rows_of
from gateway.cli.measure import radius
from gateway.cli.measure.drive import at_rate, closed, undisturbed
from gateway.cli.measure.figures import HEADING, Figures, cells, share_ms
from gateway.cli.measure.plan import ACCOUNTS
from gateway.cli.measure.process import Process
from gateway.cli.measure.run import RADIUS, SIDE_SHARE, Checked, Terms, works_of
from gateway.cli.measure.work import Work
from gateway.cli.terminal import print_table
from tests.perf.gateway import ROOT, environment

FREERADIUS = "freeradius"
IN_FLIGHT = (1, 32, 256)
ABREAST = 512
CONFIG = """
prefix = /usr
logdir = @
run_dir = @
raddbdir = @
libdir = /usr/lib/freeradius
pidfile = @/pid
max_request_time = 30
cleanup_delay = 1
max_requests = 65536
hostname_lookups = no
log {
	destination = files
	file = @/log
	auth = no
}
security {
	max_attributes = 200
	reject_delay = 0
	status_server = yes
}
thread pool {
	start_servers = 5
	max_servers = 32
	min_spare_servers = 3
	max_spare_servers = 10
	max_requests_per_server = 0
}
modules {
	pap {
	}
	files {
		usersfile = @/users
	}
	detail {
		filename = @/detail
		permissions = 0600
	}
	always ok {
		rcode = ok
	}
}
client bench {
	ipaddr = 127.0.0.1
	secret = SECRET
	require_message_authenticator = no
}
server bench {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = AUTH
		recv_buff = 4194304
	}
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = ACCT
		recv_buff = 4194304
	}
	authorize {
		files
		pap
	}
	authenticate {
		Auth-Type PAP {
			pap
		}
	}
	preacct {
		ok
	}
	accounting {
		detail
	}
}
"""


def free_ports() -> tuple[int, int]:
    """Two UDP ports of loopback that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for found in (one, other):
            found.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@contextmanager
def freeradius(folder: Path) -> Iterator[tuple[Process, tuple[int, int]]]:
    """FreeRADIUS with our clients and passwords, and its two ports."""
    auth, acct = free_ports()
    words = {"@": str(folder), "SECRET": radius.SECRET.decode(), "AUTH": str(auth), "ACCT": str(acct)}
    text = CONFIG
    for word, value in words.items():
        text = text.replace(word, value)
    (folder / "radiusd.conf").write_text(text)
    (folder / "dictionary").write_text("$INCLUDE /usr/share/freeradius/dictionary\n")
    names = [f"a{number:03d}" for number in range(ACCOUNTS)]
    (folder / "users").write_text("".join(f'{name}\tCleartext-Password := "pw-{name}"\n\tSession-Timeout := 3600\n' for name in names))
    command = [FREERADIUS, "-d", str(folder), "-n", "radiusd", "-f"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while "Ready to process" not in ((folder / "log").read_text() if (folder / "log").exists() else ""):
            if running.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{FREERADIUS} does not start: {(folder / 'log').read_text()[-1000:]}")
            time.sleep(0.05)
        yield Process(running.pid), (auth, acct)
    finally:
        running.terminate()
        running.wait(10)


def theirs(seconds: float) -> list[Figures]:
    """The same requests, answered by FreeRADIUS."""
    rows: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="tollwire-freeradius-") as name, freeradius(Path(name)) as (process, ports):
        for work in works_of(RADIUS, "theirs-", ports)[:2]:
            best = 0.0
            for in_flight in IN_FLIGHT:
                for_seconds = seconds * (1 if in_flight == max(IN_FLIGHT) else SIDE_SHARE)
                rows.append(drive(process, work, f"{in_flight} in flight", in_flight, for_seconds, 0.0))
                best = max(best, rows[-1].rate)
            rows.append(drive(process, work, "at half the rate", max(IN_FLIGHT), seconds * SIDE_SHARE, best / 2))
    return rows


def drive(process: Process, work: Work, load: str, in_flight: int, seconds: float, rate: float) -> Figures:
    """A row: a closed loop, or at a rate."""
    with ExitStack() as stack, undisturbed():
        links = [work.speech.connect("") for _ in range(-(-in_flight // work.speech.share))]
        for link in links:
            stack.callback(link.close)
        cpu, own = process.cpu_seconds(), time.process_time()
        driven = at_rate(work, links, rate, seconds, 0, ABREAST) if rate else closed(work, links, in_flight, seconds, 0)
        cpu, own = process.cpu_seconds() - cpu, time.process_time() - own
    times, count = sorted(driven.times), len(driven.times)
    p50, p99, p999 = (share_ms(times, share) for share in (0.5, 0.99, 0.999))
    memory = process.memory_mib()
    return Figures(work.name, load, count / driven.seconds, p50, p99, p999, cpu / count * 1e6, memory, count, 0.0, own / count * 1e6)


def compared(ours: list[Figures], others: list[Figures]) -> list[tuple[str, ...]]:
    """Row by row: our rate and CPU, theirs, and how many times theirs ours is."""
    rows: list[tuple[str, ...]] = [("work", "load", "ours/s", "theirs/s", "ratio", "our CPU us", "their CPU us")]
    known = {(row.work, row.load): row for row in others}
    for row in ours:
        other = known.get((row.work.removesuffix(" and credit"), row.load))
        if other is not None:
            cpu = tuple("-" if one.cpu_us is None else f"{one.cpu_us:.1f}" for one in (row, other))
            rows.append((row.work, row.load, f"{row.rate:,.0f}", f"{other.rate:,.0f}", f"{row.rate / other.rate:.2f}", *cpu))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="how long the highest load is held")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    print(machine())
    here = Path(engine.__file__).resolve().parents[1]
    checks: list[Checked] = []
    terms = Terms(options.seconds, options.runs, environment=environment(here, ROOT))
    ours = rows_of(terms, RADIUS, lambda row: None, checks.append)
    print_all(ours, checks)
    if shutil.which(FREERADIUS, path="/usr/sbin:/usr/bin"):
        others = theirs(options.seconds)
        print("\nFreeRADIUS: files and pap; detail, without fsync")
        print_table([HEADING, *(cells(row) for row in others)])
        print()
        print_table(compared(ours, others))
    else:
        print("\nno FreeRADIUS here: apt-get install --no-install-recommends freeradius")
    return 0 if all(one.good for one in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
