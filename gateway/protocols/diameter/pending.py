"""The numbers of our own requests, and those on one connection that wait for an answer (RFC 6733 section 3)."""

from __future__ import annotations

import heapq

from gateway.protocols.diameter.limits import MAX_PENDING


class EndToEnd:
    """End-to-end numbers. Unlike the hop-by-hop ones of a connection they tell the requests of a host apart, whichever way these go, and
    shall not come again within four minutes, a restart among them."""

    _next: int

    def __init__(self, started_s: int, chance: int) -> None:
        """`started_s` are seconds of the day's clock, `chance` any number."""
        self._next = (started_s & 0xFFF) << 20 | (chance & 0xF_FFFF)

    def take(self) -> int:
        """The next one."""
        number = self._next
        self._next = (number + 1) & 0xFFFF_FFFF
        return number


class Waiting:
    """A request that was sent: what the asker knows it by, its command, and when it is given up."""

    token: object
    command: int
    until: int

    def __init__(self, token: object, command: int, until: int) -> None:
        self.token = token
        self.command = command
        self.until = until


class Pending:
    """Requests in flight, and the numbers of the next ones."""

    _waiting: dict[int, Waiting]
    _due: list[tuple[int, int]]  # (until, hop-by-hop), a heap; those answered meanwhile are passed over
    _hop_by_hop: int
    _most: int

    def __init__(self, first: int, most: int = MAX_PENDING) -> None:
        """`first` is the hop-by-hop number of the first request."""
        self._waiting = {}
        self._due = []
        self._hop_by_hop = first & 0xFFFF_FFFF
        self._most = most

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._most

    @property
    def wake_at(self) -> int:
        """When the next request is given up; 0: none waits."""
        self._tidy()
        return self._due[0][0] if self._due else 0

    def add(self, token: object, command: int, until: int) -> int:
        """The hop-by-hop number for a request that is sent now. ValueError when too many wait."""
        if self.is_full:
            raise ValueError("too many requests wait for an answer")
        number = self._hop_by_hop
        while number in self._waiting:
            number = (number + 1) & 0xFFFF_FFFF
        self._hop_by_hop = (number + 1) & 0xFFFF_FFFF
        self._waiting[number] = Waiting(token, command, until)
        heapq.heappush(self._due, (until, number))
        return number

    def take(self, hop_by_hop: int, command: int) -> Waiting | None:
        """The request that an answer is for, taken out; None where none of that number and command waits."""
        waiting = self._waiting.get(hop_by_hop)
        if waiting is None or waiting.command != command:
            return None
        del self._waiting[hop_by_hop]
        if len(self._due) > 2 * len(self._waiting) + 64:
            self._due = [(one.until, number) for number, one in self._waiting.items()]
            heapq.heapify(self._due)
        return waiting

    def expired(self, now: int) -> list[Waiting]:
        """The requests whose time is over, taken out."""
        found: list[Waiting] = []
        self._tidy()
        while self._due and self._due[0][0] <= now:
            number = heapq.heappop(self._due)[1]
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                found.append(waiting)
            self._tidy()
        return found

    def clear(self) -> list[Waiting]:
        """All of them, taken out: the connection is gone."""
        found = list(self._waiting.values())
        self._waiting.clear()
        self._due.clear()
        return found

    def _tidy(self) -> None:
        """Drops what was answered from the front of the heap."""
        while self._due:
            until, number = self._due[0]
            waiting = self._waiting.get(number)
            if waiting is not None and waiting.until == until:
                return
            heapq.heappop(self._due)
