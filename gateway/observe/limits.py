"""Every bound of what the process says about itself, named, with its unit and what happens at it."""

from __future__ import annotations

from typing import Final

MAX_LINES_PER_SECOND: Final = 100  # that all strangers at the doors of the API, or on one agent's ports, together cause; more are counted
MAX_FIELDS: Final = 40  # of one log line; further ones are left out
MAX_VALUE_CHARS: Final = 2_000  # of one value in a log line; the rest is cut off
MAX_QUEUED_LINES: Final = 20_000  # lines that wait for a slow reader; more are dropped and counted
PULSE_SECONDS: Final = 0.5  # how often it is looked how late the event loop is
FLUSH_SECONDS: Final = 0.5  # how long the end of the process waits for lines that are not written yet
