"""Every bound of the process as a whole, named, with its unit."""

from __future__ import annotations

from typing import Final

YOUNG_OBJECTS: Final = 10_000  # objects more than before at which the collector looks at the youngest; steady work frees what it makes
OLD_BY_HAND: Final = 1_000_000_000  # looks at the youngest before it would look at those that stayed: never by itself
COLLECT_SECONDS: Final = 60.0  # how often we ask whether all should be looked at
COLLECT_IDLE: Final = 100  # looks at the youngest after which all are looked at when nothing was asked of us meanwhile
COLLECT_BUSY: Final = 20_000  # and after which they are looked at however busy we are
VERIFY_PAGE_ENTRIES: Final = 10_000  # entries that are added up before progress is told
PRUNE_SECONDS: Final = 3_600  # that pruning may take
LONGEST_SLEEP_SECONDS: Final = 60.0  # how long the engine's timer sleeps at most: a clock that was set is noticed then
RETRY_SECONDS: Final = 1  # until what was due is tried again when it could not be done
MAX_RESTORES: Final = 100  # accounts that are being restored from their records at a time; more wait
MAX_WAITING_EFFECTS: Final = 200_000  # effects that wait in memory to be performed; more stay in the journal until the next start
DONE_SECONDS: Final = 0.5  # after which the journal learns that effects were performed, if no step has taken that along
RECONNECT_SECONDS: Final = 30.0  # after a start, how long the clients of the process before are waited for
