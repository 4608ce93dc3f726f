"""The engine of a site as requests of agents reach it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.records import MetaPut
from tests.engine.sessions.switch import Switch


class Door:
    """See gateway.agents.door.RequestDoor. `breaking`: the disk fails after the next step."""

    def __init__(self, site: Switch) -> None:
        self.site = site
        self.breaking = False

    @property
    def ticket(self) -> int:
        return self.site.engine.ticket

    def step(self, command: object, now_ns: int) -> object:
        done = self.site.engine.step(command, now_ns, self.site.ticks)
        if self.breaking:
            self.breaking = False
            self.site.storage.journal.append([MetaPut("something", b"")])
            self.site.storage.faults.failing = True
            self.site.storage.commit()
        return done

    def hold(self, request: Callable[[], bytes] | None = None) -> None:
        self.site.engine.hold(request)

    def release(self, keys: Sequence[bytes], answer: bytes, now_ns: int) -> None:
        self.site.engine.release(keys, answer, now_ns)

    def repeated(self, keys: Sequence[bytes], now_ns: int) -> bytes | None:
        return self.site.engine.repeated(keys, now_ns)
