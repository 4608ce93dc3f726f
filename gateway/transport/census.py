"""Who is connected, over all doors of the process: how many there may be, how many came, and why some were sent away."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

from gateway.observe.complaints import Complaints
from gateway.transport.limits import MAX_CONNECTIONS, RESERVED_FILES


class Dropped(Enum):
    """Why a client was dropped."""

    UNREAD = "client does not read its answers"
    UNREAD_TOGETHER = "too many answers are not read"
    UNFINISHED = "a request was begun and not finished in time"
    HELD_TOGETHER = "too much of unfinished requests is held"


class Census:
    """The connections of one process. Each is an open file, so there are never more of them than files may be open.

    Doors tell how many they have, and ask before they take one more. What strangers at them cause in the log they tell by `complaints`.
    """

    def __init__(self, most: int = MAX_CONNECTIONS, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """`most`: connections of all doors together; one more is closed as it is accepted. `clock` counts the lines of a second."""
        self.most = most
        self.accepted = 0
        self.refused = 0
        self.handshakes_failed = 0
        self.unauthorized = 0
        self.complaints: Final = Complaints(clock)
        self.dropped: Final = dict.fromkeys(Dropped, 0)
        self._doors: list[Callable[[], int]] = []

    def watch(self, count: Callable[[], int]) -> None:
        """Has the connections of one more door count."""
        self._doors.append(count)

    @property
    def connections(self) -> int:
        """How many there are now."""
        return sum(count() for count in self._doors)

    def has_room(self, coming: int = 0) -> bool:
        """Whether one more may come, beside those that are under way; where not, it counts as refused."""
        if coming + self.connections < self.most:
            return True
        self.refused += 1
        return False

    def enter(self) -> bool:
        """Counts a connection that has come; False where there are too many."""
        found = self.has_room()
        self.accepted += found
        return found


def most_connections() -> int:
    """How many connections this process may have: as many as files may be open, but for those that it needs itself."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(min(MAX_CONNECTIONS, soft - RESERVED_FILES), 1)
