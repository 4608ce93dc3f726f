"""All rows of the method table: each room of the API brings its own.

To add a room: a module gateway/api/<room>.py with `METHODS`, a tuple of `table.method(...)` rows, and its name in ROWS here.
"""

from __future__ import annotations

from typing import Final

from gateway.api import caches, cdrs, core, costs, indexes, profiles, ratingdata, sessions, tariffplans, tpsheets

ROWS: Final = (
    *caches.METHODS,
    *cdrs.METHODS,
    *core.METHODS,
    *costs.METHODS,
    *indexes.METHODS,
    *profiles.METHODS,
    *ratingdata.METHODS,
    *sessions.METHODS,
    *tariffplans.METHODS,
    *tpsheets.METHODS,
)
