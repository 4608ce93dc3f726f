"""freeDiameter as a relay that the gateway dials while it dials the gateway: by the names of both, one of the two connections is kept.

Two doors between them hold back what came in first, until both have sent their CER: so both wait for a CEA when the other's CER comes, and
the election of RFC 6733 section 5.6.4 is held on both sides.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from tests.gateway.servers import until
from tests.interop.decoded import unanswered
from tests.interop.erlang_story import expect, run
from tests.interop.relay_story import RELAY, lay
from tests.interop.world import DIAMETER, World, expect_money, listening, world

TO_GATEWAY, TO_RELAY = 3871, 3872
SECONDS = 20
LESS, GREATER = "aaa.dra.test", "relay.dra.test"  # than ocs.charging.test


class Door:
    """A port whose one connection leads on to another port, once `release` was called; `spoken` is set when something has come in."""

    def __init__(self, port: int, onward: int) -> None:
        self.onward = onward
        self.spoken = threading.Event()
        self.closed = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.near: socket.socket | None = None
        self.first = b""
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        self.near, _ = self.listener.accept()
        self.listener.close()  # who comes again finds nobody
        self.first = self.near.recv(1 << 16)
        self.spoken.set()

    def release(self) -> None:
        """Lets everything through from now on."""
        assert self.near is not None, "somebody has spoken"
        far = socket.create_connection(("127.0.0.1", self.onward), SECONDS)
        far.settimeout(None)
        far.sendall(self.first)
        for one, other in ((self.near, far), (far, self.near)):
            threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        self.closed.set()
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def meet(here: World, name: str) -> tuple[Door, Door]:
    """Gateway and relay, each of which has dialled the other through a door; both doors have opened at once."""
    peers = [{"id": "dra", "address": f"127.0.0.1:{TO_RELAY}", "origin_host": name, "max_reconnect_interval": "300ms"}]
    here.start("--set", f"diameter_agent.peers={json.dumps(peers)}")
    theirs = Door(TO_GATEWAY, DIAMETER)
    here_alone = {'"relay.dra.test"': f'"{name}"', '"192.0.2.10"; Port = 3868;': f'"127.0.0.1"; Port = {TO_GATEWAY};'}
    conf = lay(here, here_alone)
    relay = here.program("relay", "freeDiameterd", "-c", conf)
    relay.until(lambda: listening(RELAY) and theirs.spoken.is_set(), "the relay dials the gateway")
    ours = Door(TO_RELAY, RELAY)
    until(ours.spoken.is_set, "the gateway dials the relay")
    ours.release()
    theirs.release()
    return ours, theirs


def tell(folder: Path) -> None:
    for name, we_win in ((GREATER, False), (LESS, True)):
        part = folder / name
        part.mkdir()
        with world(part) as here:
            ours, theirs = meet(here, name)
            lost, kept = (ours, theirs) if we_win else (theirs, ours)
            until(lost.closed.is_set, "the connection of who wins is closed")
            until(lambda: "STATE_OPEN" in (here.folder / "relay.log").read_text(), "the relay has its peer")
            run(here, "1001", "data", "2", port=RELAY)
            expect_money(here.records("1001"), [("*data", "internet", "1001234", Decimal("0.009551"))])
            assert not kept.closed.is_set(), "the other is kept"
            expect(here.gateway.text().count("a peer is up"), 1)
            here.gateway.stop()
            until(kept.closed.is_set, "it has said goodbye")
            behind = [one for one in here.finish() if DIAMETER in (one.source, one.target)]
            expect([one for one in unanswered(behind) if "CER" not in one], [])
