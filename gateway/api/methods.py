"""All rows of the method table: each room of the API brings its own.

To add a room: a module gateway/api/<room>.py with `METHODS`, a tuple of `table.method(...)` rows, and its name in ROWS here.
"""

from __future__ import annotations

from typing import Final

from gateway.api import (
    accounts,
    actions,
    activesessions,
    attributes,
    balances,
    caches,
    cdrqueries,
    cdrrating,
    cdrs,
    chargers,
    configuration,
    core,
    costs,
    explain,
    indexes,
    plans,
    profiles,
    ratingdata,
    responder,
    sessionevents,
    sessions,
    stir,
    tariffplans,
    tpsheets,
    triggers,
    upkeep,
    versions,
)

ROWS: Final = (
    *accounts.METHODS,
    *actions.METHODS,
    *activesessions.METHODS,
    *attributes.METHODS,
    *balances.METHODS,
    *caches.METHODS,
    *cdrqueries.METHODS,
    *cdrrating.METHODS,
    *cdrs.METHODS,
    *configuration.METHODS,
    *chargers.METHODS,
    *core.METHODS,
    *costs.METHODS,
    *explain.METHODS,
    *indexes.METHODS,
    *plans.METHODS,
    *profiles.METHODS,
    *ratingdata.METHODS,
    *responder.METHODS,
    *sessionevents.METHODS,
    *sessions.METHODS,
    *stir.METHODS,
    *tariffplans.METHODS,
    *tpsheets.METHODS,
    *triggers.METHODS,
    *upkeep.METHODS,
    *versions.METHODS,
)
