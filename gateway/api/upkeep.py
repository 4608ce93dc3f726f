"""TollwireV1.Prune: what is old leaves the ledger and the records while the gateway runs. The reference has nothing like it."""

from __future__ import annotations

from typing import Final, Protocol, cast

from engine.errors import RequestError, server_error
from engine.storage.ports import StorageError
from engine.times import DAY_SECONDS, SECOND
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.shapes import shape
from gateway.api.table import method

PRUNER: Final = "pruner"  # the name under which Api.rooms has it
_EARLIEST: Final = -(1 << 63)
_PRUNE: Final = shape("tollwire.PruneArgs", "EntriesDays *int; CDRsDays *int; DryRun bool; APIOpts map[string]any")


class Pruner(Protocol):
    """What prunes; one at a time."""

    async def prune(self, entries_before: int | None, cdrs_before: int | None, *, dry_run: bool) -> dict[str, object]:
        """Closes entries and removes records from before these instants (ns since 1970 UTC), and says what that came to.
        StorageError when it cannot; StorageRefused when one is under way."""


def days_before(now_ns: int, days: int) -> int:
    """The instant so many days ago, in ns since 1970 UTC; not before 1677, where 64 bits end."""
    return max(_EARLIEST, now_ns - days * DAY_SECONDS * SECOND)


async def _prune(api: Api, args: Args) -> object:
    """What `Pruner.prune` says. Without days nothing of that kind goes."""
    before: list[int | None] = []
    for name in ("EntriesDays", "CDRsDays"):
        days = args.integer_or_none(name)
        if days is not None and days < 0:
            raise RequestError(f"{name} must not be below 0")
        before.append(None if days is None else days_before(api.now(), days))
    try:
        return await cast("Pruner", api.rooms[PRUNER]).prune(before[0], before[1], dry_run=args.flag("DryRun"))
    except StorageError as error:
        raise server_error(str(error)) from None


METHODS: Final = (method("TollwireV1.Prune", _PRUNE, _prune),)
