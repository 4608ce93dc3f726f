"""Which of two connections between the same two hosts is kept, where both dialled (RFC 6733 sections 5.6 and 5.6.4).

The connections of one host, what a CER on one more of them leads to, and the states of section 5.6 that the two are in then:

    we dialled it                        names             the connection that came       states
    no                                   -                 is kept                        R-Open
    and are connecting                   -                 is kept, ours is closed        R-Open
    and wait for its CEA (Wait-I-CEA)    ours is greater   is kept, ours is closed        R-Open
    and wait for its CEA                 its is greater    waits (Wait-Returns)           until the CEA: 4003, I-Open; without one: R-Open
    and another one waits already        -                 4003                           Wait-Returns
    and are connected (I-Open)           -                 4003                           I-Open
    and are connected, but the watchdog is not answered, or the peer has begun anew: is kept, ours is closed

A peer has begun anew where its CER comes from the address that we dialled and has a greater Origin-State-Id (section 8.16): a name
alone, which anybody may claim, ends no connection that works.

Who was dialled is known by `origin_host` of its options or by its last CEA. Where neither is there, the CEA tells it; when that host is
connected by itself then, the one with the greater name closes what it dialled. Several connections that a peer opens are no election: all
of them are kept, as are several that we opened.
"""

from __future__ import annotations

from typing import Protocol

from gateway.protocols.diameter.peer import ELECTING, OPEN, WAIT_CEA, wins


class Candidate(Protocol):
    """A connection that may be kept or not (gateway.agents.diameter.link)."""

    remote: str  # its address and port

    @property
    def dialled(self) -> bool:
        """Whether we opened it."""

    @property
    def state(self) -> int:
        """Of its machine (gateway.protocols.diameter.peer)."""

    @property
    def state_id(self) -> int:
        """The peer's Origin-State-Id; 0: none is known."""

    @property
    def is_usable(self) -> bool:
        """Whether it is up and its watchdog is answered."""

    def admit(self) -> None:
        """The peer's connection is kept."""

    def reject(self) -> None:
        """The peer's connection is not kept."""

    def give_way(self) -> None:
        """Our connection is not kept."""


class Elections:
    """The connections of every host: those that we dialled, from when it is known whom; those that came, from their CER. `local` is our
    Origin-Host."""

    def __init__(self, local: str) -> None:
        self._local = local
        self._links: dict[str, dict[Candidate, None]] = {}
        self._hosts: dict[Candidate, str] = {}

    def has_called(self, host: str) -> bool:
        """Whether a host is connected by itself: it is not dialled then."""
        return any(not link.dialled and link.state == OPEN for link in self._of(host))

    def dials(self, link: Candidate, host: str) -> bool:
        """A connection that we dialled is there; False: it is to be closed. `host` is empty where it is not known."""
        if host and self.has_called(host):
            return False
        if host:
            self._enter(link, host)
        return True

    def came(self, link: Candidate, host: str) -> None:
        """A CER of `host` came on a connection that it dialled: keeps it, rejects it, or has it wait."""
        others = self._of(host)
        self._enter(link, host)
        if any(one.state == ELECTING for one in others):
            link.reject()
            return
        ours = [one for one in others if one.dialled and one.state in (OPEN, WAIT_CEA)]
        up = [one for one in ours if one.state == OPEN]
        if any(one.is_usable and not _began_anew(one, link) for one in up):
            link.reject()
            return
        if len(ours) == len(up) or wins(self._local, host):
            for one in ours:
                one.give_way()
            link.admit()

    def stays(self, link: Candidate, host: str) -> bool:
        """A connection is up: its host has said who it is. False: the one that came is kept, and this is to be closed."""
        if not link.dialled:
            return True
        if self._hosts.get(link) != host.lower():
            self.gone(link)
            if self.has_called(host) and wins(self._local, host):
                return False
            self._enter(link, host)
        for one in self._of(host):
            if one.state == ELECTING:
                one.reject()
        return True

    def gone(self, link: Candidate) -> None:
        """A connection is no more, or is not what it was taken for."""
        host = self._hosts.pop(link, None)
        if host is None:
            return
        links = self._links[host]
        del links[link]
        if not links:
            del self._links[host]
        if not any(one.dialled and one.state in (OPEN, WAIT_CEA) for one in links):
            for one in tuple(links):
                if one.state == ELECTING:
                    one.admit()

    def _of(self, host: str) -> tuple[Candidate, ...]:
        return tuple(self._links.get(host.lower(), ()))

    def _enter(self, link: Candidate, host: str) -> None:
        name = host.lower()  # RFC 6733 section 4.3.1
        self._hosts[link] = name
        self._links.setdefault(name, {})[link] = None


def _began_anew(ours: Candidate, theirs: Candidate) -> bool:
    return 0 < ours.state_id < theirs.state_id and ours.remote.rpartition(":")[0] == theirs.remote.rpartition(":")[0]
