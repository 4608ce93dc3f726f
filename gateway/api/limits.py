"""Every bound of the API's own state, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_CACHE_ITEMS: Final = 100_000  # items in one partition of CacheSv1; the oldest goes when one more comes
MAX_LOCK_REFERENCES: Final = 10_000  # references held or waited for at once by GuardianSv1
MAX_LOCKS_PER_REFERENCE: Final = 1_000  # lock ids of one GuardianSv1.RemoteLock
MAX_LISTED_REFERENCES: Final = 100  # items named in the refusal to remove a filter
