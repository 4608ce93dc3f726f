"""The peers that are up, and which connection a request of ours takes.

The name of a connection tells where it came from, so that a session finds its peer again on another connection, and after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, Protocol

from gateway.protocols.diameter.message import Message

PREFIX: Final = "diameter|"
"""What all names of ours begin with, and no name of another kind of client."""


class Peer(Protocol):
    """A connection to a peer, up."""

    name: str
    host: str
    realm: str
    remote: str

    @property
    def is_usable(self) -> bool:
        """Whether nothing makes it suspected of being dead: its watchdog was answered in time (RFC 3539)."""

    def ask(
        self, command: int, application: int, body: bytes, end_to_end: int, timeout_seconds: float
    ) -> tuple[asyncio.Future[Message | None], int]:
        """Sends a request; what becomes its answer, and its End-to-End Identifier. The future always ends, and never with an exception:
        None where no answer came in time, or at all. `end_to_end` is -1, or repeats a request that went another way: it is that one's,
        and the request has the T flag (RFC 6733 section 5.5.4)."""

    def say_goodbye(self, cause: int, timeout_seconds: float) -> asyncio.Future[bool]:
        """Sends a DPR; the connection is closed when it is answered, and after the timeout. True when it was answered 2001."""


def peer_name(tag: str, number: int, realm: str, host: str) -> str:
    """The name of a connection; `tag` is that of this process, `number` counts its connections."""
    return f"{PREFIX}{tag}{number}|{realm}|{host}"


def parts_of(name: str) -> tuple[str, str, str]:
    """What tells it from all others, realm and host; empty texts for a name that is none."""
    if not name.startswith(PREFIX):
        return "", "", ""
    parts = name.removeprefix(PREFIX).split("|", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


class Roster:
    """Peers by name, those that came first in front. Used on the loop's thread."""

    def __init__(self, process_tag: str) -> None:
        """`process_tag` is what the names of this process's connections have in common, and those of an earlier one had not."""
        self.process_tag: Final = process_tag
        self._peers: dict[str, Peer] = {}
        self._missed: dict[asyncio.Event, tuple[str, str]] = {}  # who waits for a peer of this realm and host

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        return iter(tuple(self._peers.values()))

    def join(self, peer: Peer) -> None:
        """A peer is up."""
        self._peers[peer.name] = peer
        for event, (realm, host) in self._missed.items():
            if peer.host == host or peer.realm == realm:
                event.set()

    def leave(self, peer: Peer) -> None:
        """It is no more."""
        self._peers.pop(peer.name, None)

    def ways(self, name: str) -> list[Peer]:
        """The connections that a request about a client's session may take, the best first: its own, others of its host, others of its
        realm, those that came last before those that came first; behind all of them those that are suspected of being dead."""
        _, realm, host = parts_of(name)
        if not host:
            return []
        found = dict.fromkeys((self._peers[name],) if name in self._peers else ())
        latest = list(reversed(self._peers.values()))
        found.update(dict.fromkeys(peer for peer in latest if peer.host == host))
        found.update(dict.fromkeys(peer for peer in latest if peer.realm == realm))
        return sorted(found, key=_is_suspected)

    def of_host(self, host: str) -> list[Peer]:
        """The connections of a host."""
        return [peer for peer in self._peers.values() if peer.host.lower() == host.lower()]

    async def arrival(self, name: str, timeout_seconds: float) -> None:
        """Waits for a peer of an earlier process, or one that stands for it; at most so long."""
        tag, realm, host = parts_of(name)
        if not host or tag.startswith(self.process_tag) or self.ways(name):
            return
        there = asyncio.Event()
        self._missed[there] = realm, host
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await there.wait()
        finally:
            del self._missed[there]


def _is_suspected(peer: Peer) -> bool:
    return not peer.is_usable
