"""What must be there: balances, sessions and records by plain sums, for any number of steps that were durable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

PRICE = 2 * 10**8  # a second, in 10**-9


@dataclass
class Change:
    """What one request changes. `moves` are amounts by account, None removes it; `sessions` what is used of each session then, None when
    it is over; `records` the costs of records by origin; `asked` what the outside is asked for; `answers` what a repetition gets."""

    what: str
    moves: dict[str, int | None] = field(default_factory=dict)
    sessions: dict[str, int | None] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    asked: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    ticket: int = 0
    acknowledged: bool = False


@dataclass
class Model:
    """The state after some steps; `asked` is what the outside was asked for."""

    balances: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    answers: dict[str, bytes] = field(default_factory=dict)

    def apply(self, change: Change) -> None:
        for account, amount in change.moves.items():
            if amount is None:
                del self.balances[account]
            else:
                self.balances[account] = self.balances.get(account, 0) + amount
        for origin, seconds in change.sessions.items():
            if seconds is None:
                del self.sessions[origin]
            else:
                self.sessions[origin] = seconds
        self.records.update(change.records)
        self.answers.update(change.answers)
        if change.asked:
            self.asked.add(change.asked)

    def copy(self) -> Model:
        return Model(dict(self.balances), dict(self.sessions), dict(self.records), set(self.asked), dict(self.answers))


def after(model: Model, changes: Sequence[Change], ticket: int) -> Model:
    """The model with all changes up to a ticket."""
    found = model.copy()
    for change in changes:
        if change.ticket <= ticket:
            found.apply(change)
    return found
