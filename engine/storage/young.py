"""Records that were appended and lie in no table yet, by run: part of the answer to "is it there already"."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine.limits import FORGOTTEN_AT_ONCE
from engine.records import CdrPut, CdrRemoved, Record


class YoungCdrs:
    """Used on the loop's thread only."""

    _runs: dict[tuple[str, str], tuple[CdrPut, int]]
    _removed: dict[int, int]
    _arrived: deque[tuple[int, CdrPut | CdrRemoved]]

    def __init__(self) -> None:
        self._runs = {}
        self._removed = {}
        self._arrived = deque()

    def __len__(self) -> int:
        """Appended records, and removals of records, that the tables do not have yet."""
        return len(self._arrived)

    def note(self, ticket: int, records: Sequence[Record]) -> None:
        """Takes what is appended; tickets come in order."""
        for record in records:
            if type(record) is CdrPut:
                self._runs[(record.cgrid, record.run_id)] = (record, ticket)
                self._removed.pop(record.order_id, None)
                self._arrived.append((ticket, record))
            elif type(record) is CdrRemoved:
                self._removed[record.order_id] = ticket
                self._arrived.append((ticket, record))

    def projected(self, through: int) -> bool:
        """The tables have all up to this ticket: forgets that, FORGOTTEN_AT_ONCE of it; whether there is more to forget."""
        left = FORGOTTEN_AT_ONCE
        while self._arrived and self._arrived[0][0] <= through:
            if not left:
                return True
            left -= 1
            ticket, record = self._arrived.popleft()
            if isinstance(record, CdrRemoved):
                if self._removed.get(record.order_id) == ticket:
                    del self._removed[record.order_id]
            else:
                found = self._runs.get((record.cgrid, record.run_id))
                if found is not None and found[1] == ticket:
                    del self._runs[(record.cgrid, record.run_id)]
        return False

    def find(self, cgrid: str, run_id: str) -> CdrPut | None:
        """The record of this run, if it is among them and was not removed."""
        found = self._runs.get((cgrid, run_id))
        return None if found is None or found[0].order_id in self._removed else found[0]

    def is_removed(self, order_id: int) -> bool:
        """Whether the tables may still have a record that was removed."""
        return order_id in self._removed
