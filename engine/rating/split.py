"""A call cut into spans of one price each: at activations, at midnight, where timings begin and end, where slots begin.

What is done here, and in which order, is what CGRateS does (reference rating.md, 4; recordings money/rating-*): a call keeps the
plan that it began with; the rows of a destination are sorted anew, in place, for every span, by a comparison that is no order; a
heavier timing therefore takes over in the middle of a call only if its row stands before the lighter one's.
"""

from __future__ import annotations

from engine.errors import Refusal
from engine.limits import MAX_SPANS_PER_CALL
from engine.money import Ratio
from engine.rating.call import Call, Interval, RatingInfo, Span
from engine.rating.compile import is_less
from engine.rating.price import slot_at
from engine.times import DAY, SECOND, Zone, at_local_time, local_midnight_after, local_ns
from engine.usage import VOICE

_NO_WEIGHT: Ratio = Ratio(0, 1)


def split(call: Call, infos: list[RatingInfo]) -> list[Span] | Refusal:
    """The spans of the call, each with its interval and a whole number of steps long; the last may end after the call.

    Only calls of type *voice are cut at times. Refuses a call with a part that no interval prices, and one with too many spans.
    """
    voice = call.tor == VOICE
    info = _first_info(infos, call.start_ns)
    spans = [Span(call.start_ns, call.end_ns, call.duration_index_ns, None, info.match)]
    if voice:
        if len(infos) > 1:
            spans = _cut_at_activation(spans[0], infos)
        spans = _cut_at_midnights(spans, call.zone)
        if not spans:
            return Refusal.MAX_USAGE_EXCEEDED
    if len(info.intervals) == 1 and info.intervals[0].window.always:
        spans = _cut_uniform(spans, info.intervals[0])
    else:
        spans = Splitter(info, call.zone, voice).cut(spans)
    if len(spans) > MAX_SPANS_PER_CALL:
        return Refusal.MAX_USAGE_EXCEEDED
    spans = round_to_steps(spans)
    for span in spans:
        if span.interval is None:
            return Refusal.UNAUTHORIZED_DESTINATION
    return spans


def _first_info(infos: list[RatingInfo], start_ns: int) -> RatingInfo:
    """What prices the call: the last info of the beginning that was active before it."""
    found = infos[0]
    for info in infos:
        if info.active_at >= start_ns:
            break
        found = info
    return found


def cut(span: Span, at_ns: int) -> Span:
    """Cuts the span and answers its second part, which has no interval yet."""
    rest = Span(at_ns, span.end_ns, span.duration_index_ns, None, span.match)
    span.duration_index_ns -= span.end_ns - at_ns
    span.end_ns = at_ns
    return rest


def _cut_at_activation(span: Span, infos: list[RatingInfo]) -> list[Span]:
    """The span cut at the first activation inside it; later ones cut nothing (recorded: rating-activation/6)."""
    for info in infos:
        if span.start_ns < info.active_at < span.end_ns:
            return [span, cut(span, info.active_at)]
    return [span]


def _cut_at_midnights(spans: list[Span], zone: Zone) -> list[Span]:
    """The spans by local day; one that ends at midnight stays whole. Empty when there would be too many."""
    parts: list[Span] = []
    for span in spans:
        parts.append(span)
        if span.end_ns <= span.start_ns:
            continue
        end_local = local_ns(span.end_ns, zone)
        if end_local % DAY == 0:
            continue
        while local_ns(span.start_ns, zone) // DAY != end_local // DAY:
            midnight = local_midnight_after(span.start_ns, zone)
            if not span.start_ns < midnight < span.end_ns:
                break
            span = cut(span, midnight)
            parts.append(span)
            if len(parts) > MAX_SPANS_PER_CALL:
                return []
    return parts


def _cut_uniform(spans: list[Span], interval: Interval) -> list[Span]:
    """The spans by slots, where one interval holds always."""
    if interval.single is not None:
        for span in spans:
            span.interval = interval
        return spans
    parts: list[Span] = []
    for span in spans:
        span.interval = interval
        parts.append(span)
        at_ns = _slot_border(span, interval)
        while at_ns != 0 and len(parts) <= MAX_SPANS_PER_CALL:
            span = cut(span, span.start_ns + at_ns)
            span.interval = interval
            parts.append(span)
            at_ns = _slot_border(span, interval)
    return parts


def _slot_border(span: Span, interval: Interval) -> int:
    """How long after the span's beginning the first slot begins inside it; 0 when none does."""
    group_start = span.group_start_ns
    for slot in interval.slots:
        if group_start < slot.start_ns < span.duration_index_ns:
            return slot.start_ns - group_start
    return 0


def round_to_steps(spans: list[Span]) -> list[Span]:
    """Makes each span as long as its steps; what it then overlaps begins later, or falls away."""
    kept: list[Span] = []
    reach_ns = 0
    for span in spans:
        if kept:
            if span.end_ns <= reach_ns:
                continue
            if span.start_ns < reach_ns:
                span.start_ns = reach_ns
        interval = span.interval
        if interval is not None:
            slot = slot_at(interval, span.group_start_ns)
            if slot is not None:
                duration_ns = span.end_ns - span.start_ns
                wanted_ns = -(-duration_ns // slot.step_ns) * slot.step_ns if duration_ns > 0 else slot.step_ns
                span.end_ns += wanted_ns - duration_ns
                span.duration_index_ns += wanted_ns - duration_ns
        reach_ns = span.end_ns
        kept.append(span)
    return kept


class Splitter:
    """Cuts spans by the rows of a destination: at the borders of their timings and at their slots."""

    info: RatingInfo
    zone: Zone
    voice: bool

    def __init__(self, info: RatingInfo, zone: Zone, voice: bool) -> None:
        self.info = info
        self.zone = zone
        self.voice = voice

    def cut(self, spans: list[Span]) -> list[Span]:
        parts: list[Span] = []
        waiting = spans[::-1]
        while waiting and len(parts) <= MAX_SPANS_PER_CALL:
            span = waiting.pop()
            for interval in self._candidates(span):
                rest = self._cut_by(span, interval)
                if rest is not None:
                    waiting.append(rest)
                    if span.interval is not None:
                        break
            parts.append(span)
        return parts

    def _candidates(self, span: Span) -> list[Interval]:
        """The row that is best where the span begins, and those of its weight or more that begin before the span ends."""
        rows = self.info.intervals
        local = local_ns(span.start_ns, self.zone)
        _sort_in_place(rows)
        best = 0
        weight = _NO_WEIGHT
        distance = -1
        for index, row in enumerate(rows):
            if not row.window.is_active(local):
                continue
            if is_less(row.weight, weight):
                break
            away = local % DAY - row.start_clock_ns
            if distance < 0 or away < distance:
                best = index
                weight = row.weight
                distance = away
        found = [rows[best]]
        for index in range(best + 1, len(rows)):
            row = rows[index]
            if is_less(row.weight, weight):
                break
            if at_local_time(span.start_ns, self.zone, row.start_clock_ns) < span.end_ns:
                found.append(row)
        return found

    def _cut_by(self, span: Span, interval: Interval) -> Span | None:
        """Gives the span, or the part of it that the interval covers, its price; answers the part that was cut off."""
        starts_in = interval.window.is_active(local_ns(span.start_ns, self.zone))
        ends_in = interval.window.is_active(_last_local(span.end_ns, self.zone))
        if not starts_in and not ends_in:
            return None
        border = _slot_border(span, interval)
        if border:
            self._attach(span, interval)
            rest = cut(span, span.start_ns + border)
            self._attach(rest, interval)
            return rest
        if starts_in and (ends_in or not self.voice):
            self._attach(span, interval)
            return None
        if not self.voice:
            return None
        if starts_in:
            self._attach(span, interval)
            at_ns = local_midnight_after(span.start_ns, self.zone)
            return cut(span, at_ns) if span.start_ns < at_ns < span.end_ns else None
        at_ns = at_local_time(span.start_ns if interval.start_clock_ns else span.end_ns, self.zone, interval.start_clock_ns)
        if not span.start_ns < at_ns < span.end_ns:
            return None
        rest = cut(span, at_ns)
        self._attach(rest, interval)
        return rest

    def _attach(self, span: Span, interval: Interval) -> None:
        """Gives the span this interval unless it has a better one: a heavier one, or one that began later."""
        clock = local_ns(span.start_ns, self.zone) % DAY
        if interval.start_clock_ns > clock:
            return
        known = span.interval
        if known is None or is_less(known.weight, interval.weight) or clock - known.start_clock_ns > clock - interval.start_clock_ns:
            span.interval = interval


def _last_local(end_ns: int, zone: Zone) -> int:
    """What the clock shows at the end of a span; at midnight it is the last second of the day before."""
    local = local_ns(end_ns, zone)
    return local - SECOND if local % DAY == 0 else local


def _sort_in_place(rows: list[Interval]) -> None:
    """Insertion by "heavier, or starting earlier in the day", which is no order: what comes out depends on what was there."""
    for index in range(1, len(rows)):
        place = index
        while place > 0 and _goes_before(rows[place], rows[place - 1]):
            rows[place], rows[place - 1] = rows[place - 1], rows[place]
            place -= 1


def _goes_before(one: Interval, other: Interval) -> bool:
    return is_less(other.weight, one.weight) or one.start_clock_ns < other.start_clock_ns
