"""The connections that NASes have open, as ways for requests of ours: Disconnect- and CoA-Requests over RadSec (RFC 6614).

A NAS behind a firewall, or whose port 3799 is open to nobody, is asked where it asks us. One that takes no requests there says so
(Error-Cause 406) or nothing; then that connection is not tried again, and the caller asks elsewhere.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from gateway.agents.radius.intake import BackLink
from gateway.agents.radius.nas import Nas
from gateway.agents.radius.ways import Address, Way
from gateway.protocols.radius.asking import IDENTIFIERS

UNSUPPORTED_EXTENSION: Final = 406


class BackWay(Way):
    """One of them. `secret` is that of its packets; `deaf`: nothing is answered there."""

    def __init__(self, chance: Random, link: BackLink, secret: bytes) -> None:
        super().__init__(chance)
        self.secret: Final = secret
        self.remote: Final = link.remote
        self.address: Final[Address] = (link.remote, 0)
        self.places: Final = asyncio.Semaphore(IDENTIFIERS)
        self.deaf = False
        self.gone = False
        self._link = link
        link.answers = self._answered

    def _answered(self, octets: bytes) -> None:
        self.receive(octets, self.address)

    def send(self, raw: bytes, address: Address) -> None:
        self._link.ask(raw)


class Backways:
    """All of them by the address of the NAS; a way is made when it is first needed."""

    def __init__(self, chance: Random) -> None:
        self.strange = 0  # packets that answered nothing, of ways that are gone
        self._chance = chance
        self._links: dict[str, dict[BackLink, tuple[Nas, bytes]]] = {}
        self._ways: dict[BackLink, BackWay] = {}

    def __len__(self) -> int:
        return sum(len(links) for links in self._links.values())

    @property
    def ways(self) -> list[BackWay]:
        """Those that were needed."""
        return list(self._ways.values())

    def join(self, link: BackLink, address: str, nas: Nas, secret: bytes) -> None:
        """A NAS has a connection from that address."""
        self._links.setdefault(address, {})[link] = (nas, secret)

    def nas(self, address: str) -> Nas | None:
        """Whose connections come from there: a NAS that is known by its certificate has no address of its own."""
        links = self._links.get(address)
        return next(reversed(links.values()))[0] if links else None

    def leave(self, link: BackLink, address: str) -> None:
        """It has not any more; who waits for an answer there gets none."""
        links = self._links.get(address)
        if links is None or links.pop(link, None) is None:
            return
        if not links:
            del self._links[address]
        way = self._ways.pop(link, None)
        if way is not None:
            way.gone = True
            self.strange += way.strange
            way.fail()

    def way(self, address: str) -> BackWay | None:
        """The connection that a NAS opened last and answers on; None where it has none."""
        for link, (_, secret) in reversed(self._links.get(address, {}).items()):
            way = self._ways.get(link)
            if way is None:
                way = self._ways[link] = BackWay(self._chance, link, secret)
            if not way.deaf:
                return way
        return None
