"""Every bound of the engine, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_DESTINATION_LENGTH: Final = 128  # characters of a destination that take part in prefix matching
MAX_SPANS_PER_CALL: Final = 10_000  # timespans that one cost computation may make; a call of years in slots ends there
MAX_FALLBACK_SUBJECTS: Final = 64  # fallback subjects looked at for one call
MAX_ACTIONS_DEPTH: Final = 8  # actions that fire triggers that fire actions
