"""Gateways as processes, for tests: started on ports that the kernel chooses, waited for by what they say, ended whatever happens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom

from gateway.cli.client import Client

DEADLINE_SECONDS = 60.0
ROOT = Path(__file__).resolve().parents[2]
_LISTENING = re.compile(r'listening"? ?,?"?rpc_json"?[=:]"?([\d.:]+)"?[ ,](?:"?birpc_json"?[=:]"?([\d.:]+)"?[ ,])?"?http"?[=:]"?([\d.:]+)')


def until(found: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Asks again and again until it is true; AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)


def environment(**changes: str) -> dict[str, str]:
    """The environment of a child: the tree under test first, nothing of the user's."""
    import engine

    tree = Path(engine.__file__).resolve().parents[1]
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR", "TOLLWIRE_COMPILED")}
    return {**kept, "PYTHONPATH": f"{tree}:{ROOT}", "PYTHONSAFEPATH": "1", "TZ": "UTC", **changes}


def tollwire(
    *words: str, env: Mapping[str, str] | None = None, stdin: str = "", seconds: float = DEADLINE_SECONDS
) -> subprocess.CompletedProcess[str]:
    """One run of the command to its end."""
    command = [sys.executable, "-m", "gateway", *words]
    return subprocess.run(
        command, env=env or environment(), input=stdin, capture_output=True, text=True, timeout=seconds, check=False, cwd=ROOT
    )


def own_loopback() -> str:
    """An address of loopback that nobody else has: fixed ports there are free, and stay so while a gateway is started again."""
    pick = SystemRandom().randrange
    return f"127.{pick(1, 255)}.{pick(256)}.{pick(1, 255)}"


SMALL_STORAGE = (
    "import engine.limits as bound, runpy; bound.FOLD_JOURNAL_RECORDS = 400; bound.FOLD_JOURNAL_BYTES = 100_000; bound.WAL_BYTES = 50_000;"
    "bound.WAL_MOST_BYTES = 150_000; bound.PROJECTION_BATCH_RECORDS = 64; runpy.run_module('{}', run_name='__main__', alter_sys=True)"
)
"""Python that runs a module with bounds so small that state is folded and the log brought into the file several times a second."""


class Gateway:
    """A `tollwire serve` process."""

    address: str
    both_ways: str
    http: str
    started_at: float
    process: subprocess.Popen[bytes]

    def __init__(
        self,
        folder: Path,
        *words: str,
        ports: tuple[int, int] = (0, 0),
        env: Mapping[str, str] | None = None,
        under: Sequence[str] = (),
        small: bool = False,
        wait: bool = True,
    ) -> None:
        """Starts it with its state in folder/state and waits until it listens. AssertionError with its log when it does not.

        `under` is a command that becomes the one that follows it. `small` has the storage tidy up all the time (SMALL_STORAGE).
        """
        self.state = folder / "state"
        self.log = folder / "log"
        folder.mkdir(parents=True, exist_ok=True)
        listen = [f"listen.rpc_json=127.0.0.1:{ports[0]}", f"listen.http=127.0.0.1:{ports[1]}", "listen.birpc_json=127.0.0.1:0"]
        sets = [word for option in listen for word in ("--set", option)]
        module = ["-c", SMALL_STORAGE.format("gateway")] if small else ["-m", "gateway"]
        command = [*under, sys.executable, *module, "serve", "--state", str(self.state), *sets, *words]
        self.started_at = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env or environment(), cwd=folder)
        if not wait:
            return
        until(lambda: self._listening() or self.process.poll() is not None, "it listens")
        assert self._listening(), self.text()

    def _listening(self) -> bool:
        match = _LISTENING.search(self.text())
        if match is None:
            return False
        self.address, self.both_ways, self.http = match[1], match[2] or "", match[3]
        return True

    def agent_ports(self, agent: str) -> list[int]:
        """The ports that an agent, `diameter` or `radius`, has taken, in the order of its listeners: tests configure port 0, so that no
        other process can have it."""
        (told,) = re.findall(rf"event=listening .*? {agent}=(\"[^\"]*\"|\S*)", self.text())
        return [int(port) for port in re.findall(r":(\d+)/", told)]

    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text()

    def client(self) -> Client:
        """A client of it."""
        return Client(self.address, DEADLINE_SECONDS)

    def call(self, method: str, params: object) -> object:
        """One call on a connection of its own."""
        with self.client() as client:
            return client.call(method, params)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        """Ends it as a power cut would, if it runs still."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_SECONDS)


@contextmanager
def gateway(folder: Path, *words: str, ports: tuple[int, int] = (0, 0), env: Mapping[str, str] | None = None) -> Iterator[Gateway]:
    """A gateway for the time of a block."""
    served = Gateway(folder, *words, ports=ports, env=env)
    try:
        yield served
    finally:
        served.kill()
