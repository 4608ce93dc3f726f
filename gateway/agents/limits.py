"""Bounds that all agents share, named, with their unit and what happens at them."""

from __future__ import annotations

from typing import Final

MAX_LOGGED_CHARACTERS: Final = 8_192  # of one line that *log or *dryrun asks for
MAX_BEHIND: Final = 16  # requests of one session that wait for one another's fetched values; one more is busy
MAX_KEPT_REQUEST_BYTES: Final = 32 << 10  # that a session remembers of the request that began it; of a longer one nothing
