"""State folded out of the journal: the last put of every key, and the pruning of journal rows that nobody needs."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from engine.limits import ANSWER_SECONDS, FOLD_JOURNAL_BYTES, FOLD_JOURNAL_RECORDS, FOLD_KEYS, MAX_ANSWERS
from engine.records import (
    ACCOUNT,
    ANSWER,
    COMING_AND_GOING,
    EFFECT,
    ITEM,
    META,
    PROGRESS,
    SESSION,
    AnswerPut,
    answers_key,
    encode_answers,
    encode_record,
)
from engine.storage.sqlite.database import Database, marks_for
from engine.storage.sqlite.sorting import Chapter, Gathered, no_keys
from engine.times import SECOND

_ROWS_PER_SLICE: Final = 128
_SORTED_PER_SLICE: Final = 1024  # keys
_KEYS_PER_SLICE: Final = 4096  # that are read
_ANSWERS_PER_ROW: Final = 128
_ORDER: Final = (META, ITEM, ACCOUNT, SESSION, EFFECT, PROGRESS)  # of kinds in the table
_PRUNED_ROWS_PER_SLICE: Final = 32
_PRUNED_BYTES_PER_SLICE: Final = 512 << 10


class StateFold:
    """What became of every key since the last fold, in `gathered`; belongs to the writer thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.gathered = Gathered()
        self._bytes = 0
        self._records = 0

    @property
    def due(self) -> bool:
        """Whether so much has gathered that a restart would take long, or that it takes much room."""
        long = self._bytes >= FOLD_JOURNAL_BYTES or self._records >= FOLD_JOURNAL_RECORDS
        return long or self.gathered.size() >= FOLD_KEYS

    def weigh(self, size_bytes: int, records: int) -> None:
        """Counts journal that a restart would have to read."""
        self._bytes += size_bytes
        self._records += records

    def apply(self) -> Iterator[None]:
        """Writes what has gathered into the table of state, in slices. What is taken meanwhile is for the next fold."""
        chapters, answers = self.gathered.take()
        self._bytes = self._records = 0
        by_kind = {chapter.kind: chapter for chapter in chapters}
        for kind in _ORDER:
            yield from self._write_chapter(by_kind[kind])
        yield from self._write_answers(answers)
        if self.gathered.stored is None:
            yield from self._look_up_stored()

    def _write_chapter(self, chapter: Chapter) -> Iterator[None]:
        keys = iter(chapter.last)  # which does not change before all are sorted
        parts = []
        while part := sorted(islice(keys, _SORTED_PER_SLICE), reverse=True):
            parts.append(_from_the_end(part))
            yield
        some: list[str] = []
        for key in heapq.merge(*parts):
            some.append(key)
            if len(some) == _ROWS_PER_SLICE:
                self._write(chapter, some)
                some = []
                yield
        if some:
            self._write(chapter, some)
            yield

    def _write(self, chapter: Chapter, keys: Sequence[str]) -> None:
        """Writes and forgets what became of these keys."""
        kind, again, tickets, came = chapter.kind, chapter.again, chapter.tickets, chapter.came
        puts, gone, removed = [], [], []
        for key in keys:
            record, ticket, place = chapter.last.pop(key), tickets.pop(key), came.pop(key, 0)
            if record is None:
                gone.append(key)
            else:
                puts.append((kind, key, ticket, bytearray(encode_record(record)), place))
            if record is None or key in again:
                removed.append(key)
        if removed:
            self._database.execute_lazily(f"DELETE FROM state WHERE kind = ? AND key IN ({marks_for(removed)})", [kind, *removed])
        self._database.insert_lazily("state", puts)
        stored = self.gathered.stored
        if stored is not None and kind in COMING_AND_GOING:
            stored[kind].update([put[1] for put in puts])
            if kind != PROGRESS:  # a tombstone has none
                stored[kind].difference_update(gone)

    def _write_answers(self, answers: list[AnswerPut]) -> Iterator[None]:
        """Writes answers, those left out that nobody is given any more, and removes rows whose answers were all taken the place of."""
        if not answers:
            return
        newest = answers[-1]
        over = newest.until_ns - ANSWER_SECONDS * SECOND
        answers.reverse()
        while answers:  # let go of bit by bit: to free all of them at once would hold up the loop
            some = [answer for answer in reversed(answers[-_ANSWERS_PER_ROW:]) if answer.until_ns > over]
            del answers[-_ANSWERS_PER_ROW:]
            if some:
                row = (ANSWER, answers_key(some[-1].number), self.gathered.answered, bytearray(encode_answers(some)), 0)
                self._database.insert_lazily("state", [row])
            yield
        if newest.number > MAX_ANSWERS:
            last = answers_key(newest.number - MAX_ANSWERS)
            self._database.execute_lazily("DELETE FROM state WHERE kind = ? AND key <= ?", (ANSWER, last))
            yield

    def _look_up_stored(self) -> Iterator[None]:
        """Finds out which keys the table has, where a start did not tell or an error came between."""
        stored = no_keys()
        sql = "SELECT key FROM state WHERE kind = ? AND key > ? ORDER BY key LIMIT ?"
        for kind in sorted(COMING_AND_GOING):
            after = ""
            while keys := self._database.connection.execute(sql, (kind, after, _KEYS_PER_SLICE)).fetchall():
                stored[kind].update([key for (key,) in keys])
                after = keys[-1][0]
                yield
        self.gathered.stored = stored


def _from_the_end(keys: list[str]) -> Iterator[str]:
    """The keys, last one first, each let go of as it is given: to free all of them at once would hold up the loop."""
    while keys:
        yield keys.pop()


def prune_journal(database: Database, through: int) -> Iterator[int]:
    """Deletes journal rows whose tickets are all up to `through`, in slices; yields how many bytes each slice dropped."""
    database.set_marks(pruned=through)
    rows = "SELECT first, length(body) FROM journal WHERE first + appends - 1 <= ? ORDER BY first LIMIT ?"
    while covered := database.connection.execute(rows, (through, _PRUNED_ROWS_PER_SLICE)).fetchall():
        size = 0
        last = covered[0][0]
        for first, length in covered:
            size += length
            last = first
            if size >= _PRUNED_BYTES_PER_SLICE:
                break
        database.execute_lazily("DELETE FROM journal WHERE first <= ?", (last,))
        yield size
