"""Records that were appended and lie in no table yet, by run: part of the answer to "is it there already"."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine.records import CdrPut, CdrRemoved, Record


class YoungCdrs:
    """Used on the loop's thread only."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], tuple[int, int]] = {}
        self._removed: dict[int, int] = {}
        self._arrived: deque[tuple[int, CdrPut | CdrRemoved]] = deque()

    def note(self, ticket: int, records: Sequence[Record]) -> None:
        """Takes what is appended; tickets come in order."""
        for record in records:
            if type(record) is CdrPut:
                self._runs[(record.cgrid, record.run_id)] = (record.order_id, ticket)
                self._removed.pop(record.order_id, None)
                self._arrived.append((ticket, record))
            elif type(record) is CdrRemoved:
                self._removed[record.order_id] = ticket
                self._arrived.append((ticket, record))

    def projected(self, through: int) -> None:
        """The tables have all up to this ticket: forgets that."""
        while self._arrived and self._arrived[0][0] <= through:
            ticket, record = self._arrived.popleft()
            if isinstance(record, CdrRemoved):
                if self._removed.get(record.order_id) == ticket:
                    del self._removed[record.order_id]
            elif self._runs.get((record.cgrid, record.run_id), (0, 0))[1] == ticket:
                del self._runs[(record.cgrid, record.run_id)]

    def has(self, cgrid: str, run_id: str) -> bool:
        """Whether a record of this run is among them and was not removed."""
        found = self._runs.get((cgrid, run_id))
        return found is not None and found[0] not in self._removed

    def is_removed(self, order_id: int) -> bool:
        """Whether the tables may still have a record that was removed."""
        return order_id in self._removed
