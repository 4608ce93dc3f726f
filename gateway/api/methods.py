"""All rows of the method table: each room of the API brings its own.

To add a room: a module gateway/api/<room>.py with `METHODS`, a tuple of `table.method(...)` rows, and its name in ROWS here.
"""

from __future__ import annotations

from typing import Final

from gateway.api import (
    accounts,
    balances,
    caches,
    cdrs,
    core,
    costs,
    indexes,
    profiles,
    ratingdata,
    responder,
    sessions,
    tariffplans,
    tpsheets,
)

ROWS: Final = (
    *accounts.METHODS,
    *balances.METHODS,
    *caches.METHODS,
    *cdrs.METHODS,
    *core.METHODS,
    *costs.METHODS,
    *indexes.METHODS,
    *profiles.METHODS,
    *ratingdata.METHODS,
    *responder.METHODS,
    *sessions.METHODS,
    *tariffplans.METHODS,
    *tpsheets.METHODS,
)
