"""What is asked of the outside by number; what becomes of it over crashes stands in test_effects.py."""

from __future__ import annotations

import pytest

from engine.effects import AskActiveSessions, LogAction, PublishAccount, encode_effect
from engine.errands import Errands, records_of
from engine.limits import EFFECTS_PER_STEP
from engine.records import EffectDone, EffectPut

LOG = LogAction("t:ann", "SET", "text")
TOLD = PublishAccount("t:ann")
ASKED = AskActiveSessions(5, 6)  # the next interval asks again


def test_numbers_are_of_the_step_and_what_is_not_kept_has_none() -> None:
    errands = Errands()
    first = 7 * EFFECTS_PER_STEP
    asked = errands.number([LOG, ASKED, TOLD], 7)
    assert asked == [(first, LOG), (0, ASKED), (first + 2, TOLD)]
    assert records_of(asked) == [EffectPut(first, encode_effect(LOG)), EffectPut(first + 2, encode_effect(TOLD))]
    assert errands.number([LOG], 8)[0][0] > asked[-1][0]
    assert not errands.waiting


def test_a_step_asks_for_a_bounded_number_of_things() -> None:
    with pytest.raises(AssertionError, match="bounded"):
        Errands().number([ASKED] * EFFECTS_PER_STEP, 1)


def test_they_are_handed_out_once() -> None:
    errands = Errands()
    errands.waiting += errands.number([LOG, TOLD], 1)
    assert [effect for _, effect in errands.take()] == [LOG, TOLD]
    assert errands.take() == []


def test_what_was_not_performed_is_handed_out_again_in_its_order() -> None:
    errands = Errands()
    for record in (EffectPut(9, encode_effect(TOLD)), EffectPut(3, encode_effect(LOG)), EffectPut(5, encode_effect(LOG)), EffectDone(3)):
        errands.restore(record)
    assert errands.take() == []
    errands.recovered()
    assert errands.take() == [(5, LOG), (9, TOLD)]
