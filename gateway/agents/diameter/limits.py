"""Every bound of the Diameter agent, named, with its unit and what happens at it."""

from __future__ import annotations

from typing import Final

MAX_CODES: Final = 64  # Result-Codes that answers are counted by; those beyond them count as `other`
TICK_SECONDS: Final = 1.0  # between two looks at the watchdogs of all peers
FIRST_PAUSE_SECONDS: Final = 0.5  # before a peer that could not be reached is tried again; doubled each time
INTRODUCTION_SECONDS: Final = 10.0  # from a connection's begin to the end of its capabilities exchange; then it is closed
FAREWELL_SECONDS: Final = 2.0  # that a peer may take to answer a DPR; then the connection is closed
MAX_FRIENDS: Final = 10_000  # entries of one of the lists of those that may connect, or may be meant
MAX_WAYS: Final = 3  # connections that a request of ours is tried on
