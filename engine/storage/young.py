"""Records that were appended and lie in no table yet, by run: part of the answer to "is it there already"."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, cast

from engine.limits import FORGOTTEN_AT_ONCE
from engine.records import CdrPut, CdrRemoved, Record

_BETWEEN: Final = "\x00"  # CGRID and run in one text
_PUT: Final = CdrPut  # as constants of the compiler: every record of every append is asked for its type
_REMOVED: Final = CdrRemoved


class YoungCdrs:
    """Used on the loop's thread only."""

    _runs: dict[str, CdrPut]
    _removed: dict[int, int]
    _arrived: deque[CdrPut | CdrRemoved]
    _tickets: deque[int]

    def __init__(self) -> None:
        self._runs = {}
        self._removed = {}
        self._arrived = deque()
        self._tickets = deque()  # of what arrived, in the same order; no pairs, which would be objects for the collector to look at

    def __len__(self) -> int:
        """Appended records, and removals of records, that the tables do not have yet."""
        return len(self._arrived)

    def note(self, ticket: int, records: Sequence[Record]) -> None:
        """Takes what is appended; tickets come in order."""
        for record in records:
            kind = type(record)
            if kind is _PUT:
                put = cast(CdrPut, record)
                self._runs[put.cgrid + _BETWEEN + put.run_id] = put
                if self._removed:
                    self._removed.pop(put.order_id, None)
                self._arrived.append(put)
            elif kind is _REMOVED:
                removed = cast(CdrRemoved, record)
                self._removed[removed.order_id] = ticket
                self._arrived.append(removed)
            else:
                continue
            self._tickets.append(ticket)

    def projected(self, through: int) -> bool:
        """The tables have all up to this ticket: forgets that, FORGOTTEN_AT_ONCE of it; whether there is more to forget."""
        left = FORGOTTEN_AT_ONCE
        while self._tickets and self._tickets[0] <= through:
            if not left:
                return True
            left -= 1
            ticket, record = self._tickets.popleft(), self._arrived.popleft()
            if isinstance(record, CdrRemoved):
                if self._removed.get(record.order_id) == ticket:
                    del self._removed[record.order_id]
            else:
                run = record.cgrid + _BETWEEN + record.run_id
                if self._runs.get(run) is record:
                    del self._runs[run]
        return False

    def find(self, cgrid: str, run_id: str) -> CdrPut | None:
        """The record of this run, if it is among them and was not removed."""
        found = self._runs.get(cgrid + _BETWEEN + run_id)
        return None if found is None or found.order_id in self._removed else found

    def is_removed(self, order_id: int) -> bool:
        """Whether the tables may still have a record that was removed."""
        return order_id in self._removed
