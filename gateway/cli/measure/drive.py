"""Drives work: closed loop, so many requests in flight, the next when one is answered; and at a given rate, whatever is answered.

At a rate each request has the instant at which it is due, and its time counts from there: a gateway (or a client) that stands still for
a second is seen in the times of everything that was due in that second (no coordinated omission). What is due is sent at most
every _TICK_SECONDS; that much may be added to a time.
"""

from __future__ import annotations

import gc
import select
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateway.cli.limits import BENCH_ANSWER_SECONDS, BENCH_OUTSTANDING
from gateway.cli.measure.link import Link
from gateway.cli.measure.work import GOOD, Work, refuse
from gateway.cli.outcome import CommandError

_TICK_SECONDS: Final = 0.000_5
_CLOCK: Final = time.perf_counter


@dataclass(slots=True)
class Driven:
    """What came of a run: seconds that each answer took, of which chains (first <= number < last), and how long all took."""

    times: array[float]
    first: int
    last: int
    seconds: float


class Errand:
    """Something that goes on beside the work, on a connection of its own: one request after the other."""

    def __init__(self, server: str) -> None:
        self.link = Link(server)

    def begin(self) -> None:
        """Sends the first request."""
        raise NotImplementedError

    def answered(self, line: bytes) -> None:
        """Takes an answer and sends the next request, if there is one."""
        raise NotImplementedError

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        raise NotImplementedError


@contextmanager
def undisturbed() -> Iterator[None]:
    """No garbage is collected here while the clock runs."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def all_of(link: Link, requests: Sequence[bytes]) -> None:
    """Sends requests at once and returns when all are answered. CommandError at the first error."""
    link.send(b"".join(requests))
    left = len(requests)
    while left:
        for one in _readable((link,)):
            for line in one.lines():
                if line[-13:] != GOOD:
                    raise refuse(line)
                left -= 1


def closed(work: Work, links: Sequence[Link], in_flight: int, seconds: float, first: int, chains: int = sys.maxsize) -> Driven:
    """`in_flight` chains at a time, spread over the links, new ones for so many seconds, or up to so many; returns when all are answered.

    CommandError at the first error, and when nothing is answered for BENCH_ANSWER_SECONDS.
    """
    steps, fill, final = work.steps, work.fill, len(work.steps) - 1
    request, place_of = work.speech.request, work.speech.place
    filled: list[tuple[object, ...]] = [()] * in_flight
    at = [0] * in_flight
    sent = [0.0] * in_flight
    times = array("d")
    number, left, last = first, in_flight, first + chains
    began = _CLOCK()
    end = began + seconds
    for place, link in enumerate(links):
        batch = []
        for slot in range(place, in_flight, len(links)):
            filled[slot] = fill(number)
            sent[slot] = began
            batch.append(request(steps[0], filled[slot], slot))
            number += 1
        link.send(b"".join(batch))
    while left:
        for link in _readable(links):
            lines = link.lines()
            now = _CLOCK()
            batch = []
            for line in lines:
                slot = place_of(line)
                times.append(now - sent[slot])
                step = at[slot] + 1
                if step > final:
                    if now >= end or number >= last:
                        left -= 1
                        continue
                    filled[slot] = fill(number)
                    number += 1
                    step = 0
                at[slot] = step
                sent[slot] = now
                batch.append(request(steps[step], filled[slot], slot))
            if batch:
                link.send(b"".join(batch))
    return Driven(times, first, number, _CLOCK() - began)


def _readable(links: Sequence[Link]) -> Sequence[Link]:
    """Those that have answers, when any has; what was not sent yet is sent meanwhile."""
    unsent = [link for link in links if link.unsent]
    readable, writable, _ = select.select(links, unsent, (), BENCH_ANSWER_SECONDS)
    for link in writable:
        link.send(b"")
    if not readable and not writable:
        raise CommandError(f"the gateway answered nothing for {BENCH_ANSWER_SECONDS:g} s")
    return readable


def at_rate(
    work: Work, links: Sequence[Link], rate: float, seconds: float, first: int, abreast: int, errands: Sequence[Errand] = ()
) -> Driven:
    """`rate` events a second for so many seconds, of `abreast` chains that take turns, then until the last of their chains is at its end.

    With errands it lasts until they are done too, or `seconds`, whichever is longer. CommandError at the first error, and
    when more than BENCH_OUTSTANDING requests wait for their answer: the rate cannot be held.
    """
    return _Paced(work, links, rate, first, abreast).run(seconds, errands)


class _Paced:
    """The state of a run at a rate. The event number i is due at began + i / rate; the chains take turns."""

    def __init__(self, work: Work, links: Sequence[Link], rate: float, first: int, abreast: int) -> None:
        self.work, self.links, self.rate = work, links, rate
        self.first, self.number = first, first
        self.filled: list[tuple[object, ...]] = [()] * abreast
        self.at = [-1] * abreast
        self.due = array("d", bytes(8 * BENCH_OUTSTANDING))
        self.times = array("d")
        self.sent = 0
        self.turns = deque(range(abreast))

    def run(self, seconds: float, errands: Sequence[Errand]) -> Driven:
        waiting = {errand.link: errand for errand in errands}
        sockets = [*self.links, *waiting]
        began = heard = _CLOCK()
        for errand in errands:
            errand.begin()
        while True:
            now = _CLOCK()
            ending = now >= began + seconds and all(errand.done for errand in errands)
            if self.turns:
                self.send_due(began, now, ending)
            if not self.turns and len(self.times) == self.sent:
                return Driven(self.times, self.first, self.number, _CLOCK() - began)
            pause = max(began + self.sent / self.rate - _CLOCK(), _TICK_SECONDS) if self.turns else BENCH_ANSWER_SECONDS
            unsent = [link for link in sockets if link.unsent]
            readable, writable, _ = select.select(sockets, unsent, (), pause)
            for link in writable:
                link.send(b"")
            for link in readable:
                heard = now
                if link in waiting:
                    for line in link.lines():
                        waiting[link].answered(line)
                else:
                    self.take(link.lines())
            if now - heard > BENCH_ANSWER_SECONDS:
                raise CommandError(f"the gateway answered nothing for {BENCH_ANSWER_SECONDS:g} s")

    def send_due(self, began: float, now: float, ending: bool) -> None:
        """Sends all that is due by now."""
        last = int((now - began) * self.rate)
        if last < self.sent:
            return
        if not ending and last - len(self.times) >= BENCH_OUTSTANDING:  # at the end no chain is begun, however late it is
            raise CommandError(f"the gateway does not hold {self.rate:,.0f} events/s: {BENCH_OUTSTANDING:,} wait for an answer")
        steps, final, count = self.work.steps, len(self.work.steps) - 1, len(self.links)
        request = self.work.speech.request
        batches: list[list[bytes]] = [[] for _ in self.links]
        while self.sent <= last and self.turns:
            slot = self.turns.popleft()
            step = self.at[slot]
            if step == final or step < 0:
                if ending:
                    continue
                self.filled[slot] = self.work.fill(self.number)
                self.number += 1
                step = -1
            step += 1
            self.at[slot] = step
            self.turns.append(slot)
            ident = self.sent % BENCH_OUTSTANDING
            self.due[ident] = began + self.sent / self.rate
            batches[slot % count].append(request(steps[step], self.filled[slot], ident))
            self.sent += 1
        for link, batch in zip(self.links, batches, strict=True):
            if batch:
                link.send(b"".join(batch))

    def take(self, lines: list[bytes]) -> None:
        """Takes answers."""
        now, due, times, place_of = _CLOCK(), self.due, self.times, self.work.speech.place
        for line in lines:
            times.append(now - due[place_of(line)])
