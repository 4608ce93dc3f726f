"""A gateway of our own as a child process, for commands that bring one along: started, waited for, ended whatever happens."""

from __future__ import annotations

import ctypes
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateway.cli.client import Client
from gateway.cli.limits import SERVED_START_SECONDS, SERVED_STOP_SECONDS
from gateway.cli.outcome import CommandError

_POLL_SECONDS: Final = 0.02
_PR_SET_PDEATHSIG: Final = 1
_LISTENING: Final = re.compile(r"listening\b.*? rpc_json=(\S+)")


class Server:
    """A gateway process on built-in defaults, or as `words` say. It ends with this process, however that ends.

    Used as a context: `address` is known, and it answers, when the block begins. Its state lies in folder/state, its log in
    folder/server.log.
    """

    address: str
    start_seconds: float
    state: Path
    log: Path

    def __init__(
        self, folder: Path, rpc_json: str, http: str, environment: Mapping[str, str] | None = None, words: Sequence[str] = ()
    ) -> None:
        """`rpc_json` and `http` are where it listens; port 0 is any that is free. `environment` is ours unless it is given."""
        self.log = folder / "server.log"
        self.state = folder / "state"
        self._environment = environment
        sets = (f"listen.rpc_json={rpc_json}", f"listen.http={http}", "listen.birpc_json=")
        self._words = ["serve", *words, "--state", str(self.state), *(word for one in sets for word in ("--set", one))]

    def __enter__(self) -> Self:
        started = time.monotonic()
        with self.log.open("wb") as log:
            # a group of its own: Ctrl-C comes to us, and we end it in order
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway", *self._words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                process_group=0,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - there are no threads yet
            )
        try:
            self._wait(started + SERVED_START_SECONDS)
        except BaseException:
            self._end()
            raise
        self.start_seconds = time.monotonic() - started
        return self

    def _wait(self, deadline: float) -> None:
        """Returns when it answers. CommandError when it ends before that, or takes too long."""
        while (match := _LISTENING.search(self.log.read_text(errors="replace"))) is None:
            if self.process.poll() is not None:
                raise CommandError(f"the gateway did not start:\n{self.log.read_text(errors='replace').strip()}")
            if time.monotonic() > deadline:
                raise CommandError(f"the gateway does not listen; see {self.log}")
            time.sleep(_POLL_SECONDS)
        self.address = match[1]
        with Client(self.address) as client:
            client.call("CoreSv1.Status", {})

    def ports(self, agent: str) -> tuple[int, ...]:
        """The ports that an agent, `diameter` or `radius`, has taken, in the order of its listeners."""
        told = re.search(rf"listening\b.*? {agent}=(\"[^\"]*\"|\S*)", self.log.read_text(errors="replace"))
        return tuple(map(int, re.findall(r":(\d+)/", told[1]))) if told else ()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(SERVED_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
