"""What of a cost that grows is packed already: all its charges but the last, and the tables that they name (engine.rating.packing)."""

from __future__ import annotations

from engine.rating.call import AccountSummary, Interval, Match


class Pieces:
    """`charges` are the cost's first ones, each packed by itself; they name `prices` and `matches` by their places, which `intervals` and
    `known_matches` became. Nothing of it is changed: a cost that has more charges that stay gets others."""

    charges: list[object]
    prices: list[object]
    matches: list[object]
    intervals: list[Interval]
    known_matches: list[Match]
    _rows: list[str]

    def __init__(
        self,
        charges: list[object],
        prices: list[object],
        matches: list[object],
        intervals: list[Interval],
        known_matches: list[Match],
        summary: AccountSummary | None,
    ) -> None:
        self.charges = charges
        self.prices = prices
        self.matches = matches
        self.intervals = intervals
        self.known_matches = known_matches
        self._rows = _rows_of(summary)

    def hold_for(self, summary: AccountSummary | None) -> bool:
        """Whether they name the balances of this summary: by their places in it."""
        return self._rows == _rows_of(summary)


def _rows_of(summary: AccountSummary | None) -> list[str]:
    """Whose balances a summary has, and which, one after the other."""
    if summary is None:
        return []
    rows = [summary.tenant, summary.account]
    for row in summary.balances:
        rows.append(row.uuid)
        rows.append(row.id)
    return rows
