"""What steps asked of the outside: numbered for the journal, handed out once, and done when the journal has learned it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.effects import Effect, decode_effect, encode_effect, is_kept
from engine.limits import EFFECTS_PER_STEP
from engine.records import EffectDone, EffectPut, Record

Errand = tuple[int, Effect]  # by its id; what the journal need not remember has none, which is 0


class Errands:
    """Those of one engine."""

    waiting: list[Errand]  # to be handed out
    done: dict[int, None]  # ids of what was performed, to be journaled
    _stored: dict[int, Effect]  # while the journal is read

    def __init__(self) -> None:
        self.waiting = []
        self.done = {}
        self._stored = {}

    def restore(self, record: EffectPut | EffectDone) -> None:
        """Takes up what the journal has of one."""
        if isinstance(record, EffectPut):
            self._stored[record.effect_id] = decode_effect(record.body)
        else:
            self._stored.pop(record.effect_id, None)

    def recovered(self) -> None:
        """The journal has been read: what was not performed is handed out again."""
        self.waiting = sorted(self._stored.items(), key=_id)
        self._stored = {}

    def number(self, asked: Sequence[Effect], ticket: int) -> list[Errand]:
        """What the step asks whose append will have this ticket, by id. Ids are never used twice."""
        assert len(asked) < EFFECTS_PER_STEP, "a step asks for a bounded number of things"
        first = ticket * EFFECTS_PER_STEP
        return [(first + place if is_kept(effect) else 0, effect) for place, effect in enumerate(asked)]

    def take(self) -> list[Errand]:
        """Hands out what waits."""
        errands, self.waiting = self.waiting, []
        return errands


def records_of(errands: Sequence[Errand]) -> list[Record]:
    """What the journal remembers of them."""
    return [EffectPut(effect_id, encode_effect(effect)) for effect_id, effect in errands if effect_id]


def _id(errand: Errand) -> int:
    return errand[0]
