"""Answers that were given, for requests that may come a second time (D10 of docs/architecture.md): these get the first answer again.

An answer lies in the append of what its request changed, so a crash keeps both or neither. Answers are numbered; the journal keeps the last
MAX_ANSWERS of them, each in the place of the one that many numbers before it, so that none has to be taken out. Who asks made the keys:
opaque octets, of which each is as good as the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine import limits
from engine.limits import ANSWER_SECONDS, FORGOTTEN_ANSWERS
from engine.parts import join_amount, split_amount
from engine.records import AnswerPut
from engine.times import SECOND

# No constants to the compiler, so that a test can set them lower.
ANSWERS_BYTES = limits.ANSWERS_BYTES
MAX_ANSWERS = limits.MAX_ANSWERS


class Repetitions:
    """At most MAX_ANSWERS answers and ANSWERS_BYTES of them, none older than ANSWER_SECONDS; beyond it the oldest goes."""

    size_bytes: int
    given_again: int
    _last: int
    _known: dict[bytes, AnswerPut]  # what the journal was handed, which is no object for the collector
    _order: deque[AnswerPut]
    _recovered: list[AnswerPut]

    def __init__(self) -> None:
        self.size_bytes = 0
        self.given_again = 0
        self._last = 0
        self._known = {}
        self._order = deque()
        self._recovered = []

    def __len__(self) -> int:
        return len(self._order)

    def find(self, keys: Sequence[bytes], now_ns: int) -> bytes | None:
        """The answer that a request with one of these keys got; None without one."""
        for key in keys:
            kept = self._known.get(key)
            if kept is not None and _until(kept) > now_ns:
                self.given_again += 1
                return kept.body
        return None

    def record(self, keys: Sequence[bytes], body: bytes, now_ns: int) -> AnswerPut:
        """The record of an answer, for the append of what its request changed. `keep` follows when that was taken: an answer whose
        request cannot be appended is not to be given again."""
        self._last += 1
        return AnswerPut(self._last, tuple(keys), body, split_amount(now_ns + ANSWER_SECONDS * SECOND))

    def keep(self, record: AnswerPut, now_ns: int) -> None:
        """Remembers an answer."""
        self._add(record)
        self._forget(now_ns)

    def restore(self, record: AnswerPut) -> None:
        """Takes up what the journal has; `recovered` follows."""
        self._recovered.append(record)

    def recovered(self, now_ns: int) -> None:
        """The journal has been read."""
        for record in sorted(self._recovered, key=_number):
            if record.number <= self._last:
                continue  # one that lies in two rows, because a fold was cut off
            self._last = record.number
            if record.until_ns > now_ns:
                self._add(record)
        self._recovered = []
        while len(self._order) > MAX_ANSWERS or self.size_bytes > ANSWERS_BYTES:
            self._drop()

    def _add(self, kept: AnswerPut) -> None:
        self._order.append(kept)
        self.size_bytes += len(kept.body)
        for key in kept.keys:
            self._known[key] = kept

    def _forget(self, now_ns: int) -> None:
        for _ in range(FORGOTTEN_ANSWERS):
            crowded = len(self._order) > MAX_ANSWERS or self.size_bytes > ANSWERS_BYTES
            if not self._order or not (crowded or _until(self._order[0]) <= now_ns):
                return
            self._drop()

    def _drop(self) -> None:
        kept = self._order.popleft()
        self.size_bytes -= len(kept.body)
        for key in kept.keys:
            if self._known.get(key) is kept:
                del self._known[key]


def _number(record: AnswerPut) -> int:
    return record.number


def _until(record: AnswerPut) -> int:
    return join_amount(record.until)
