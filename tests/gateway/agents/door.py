"""The engine of a site as requests of agents reach it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.engine.sessions.switch import Switch


class Door:
    """See gateway.agents.door.RequestDoor."""

    def __init__(self, site: Switch) -> None:
        self.site = site

    @property
    def ticket(self) -> int:
        return self.site.engine.ticket

    def step(self, command: object, now_ns: int) -> object:
        return self.site.engine.step(command, now_ns, self.site.ticks)

    def hold(self, request: Callable[[], bytes] | None = None) -> None:
        self.site.engine.hold(request)

    def release(self, keys: Sequence[bytes], answer: bytes, now_ns: int) -> None:
        self.site.engine.release(keys, answer, now_ns)

    def repeated(self, keys: Sequence[bytes], now_ns: int) -> bytes | None:
        return self.site.engine.repeated(keys, now_ns)
