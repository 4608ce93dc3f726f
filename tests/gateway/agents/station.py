"""What an agent's station in tests stands on: a whole engine, a configuration of its own, connections that have no wire."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from engine.times import UTC_ZONE
from gateway.agents.stage import Stage
from gateway.agents.surroundings import Surroundings
from gateway.config import Loaded, load
from gateway.processors.usercache import UserCache
from gateway.told import fetch_options
from gateway.transport.caps import Caps
from gateway.transport.census import Census
from gateway.transport.fetcher import Fetcher
from gateway.transport.gate import Gate
from gateway.transport.messageline import MessageLine
from gateway.transport.tls import Certificates
from tests.engine.sessions.switch import Switch
from tests.gateway.agents.door import Door
from tests.gateway.transport.test_jsonrpc import Wire


class Ground:
    """Answers leave when `site.gather` brings what they tell to the disk. `text` is the configuration; `caps` 0: no bound."""

    def __init__(self, folder: Path, text: str, site: Switch | None, caps: int, certificates: Certificates | None) -> None:
        self.site = site or Switch()
        self.path = folder / "tollwire.toml"
        self.path.write_text(text)
        self.loaded: Loaded = load(str(self.path), environ={})
        assert not self.loaded.faults, self.loaded.faults
        journal = self.site.storage.journal
        self.gate = Gate(journal)
        self.caps = Caps(caps, journal, queue=False) if caps else None
        self.census = Census(100)
        self.door = Door(self.site)
        self.fetcher = Fetcher(fetch_options(self.loaded.tree))
        self.around = Surroundings(
            door=self.door,
            filters=self.site.engine.filters,
            clock=lambda: self.site.now,
            gate=self.gate,
            census=self.census,
            caps=self.caps,
            certificates=certificates,
            chance=Random(1),
            node_id="test",
            process_tag="here-",
            zone=UTC_ZONE,
            user_cache=UserCache(),
            stage=Stage(self.fetcher),
        )


class Address(Wire):
    """A transport from an address."""

    def __init__(self, remote: str, port: int, local_port: int, **more: object) -> None:
        super().__init__()
        self.told: dict[str, object] = {"peername": (remote, port), "sockname": ("192.0.2.1", local_port)} | more

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.told.get(name, default)


class FarEnd:
    """The other end of a connection: what it sends, and the octets that came to it."""

    def __init__(self, site: Switch, link: MessageLine, wire: Address) -> None:
        self.site = site
        self.wire = wire
        self._line = link
        self._seen = 0
        link.connection_made(wire)

    def octets(self) -> bytes:
        """What came since this was last called."""
        data = b"".join(self.wire.writes[self._seen :])
        self._seen = len(self.wire.writes)
        return data

    def sends(self, *octets: bytes) -> None:
        """Sends octets, each piece by itself, and brings to the disk what that leads to."""
        for piece in octets:
            self._line.data_received(piece)
        self.site.gather()
