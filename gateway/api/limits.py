"""Every bound of the API's own state, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_CACHE_ITEMS: Final = 100_000  # items in one partition of CacheSv1; the oldest goes when one more comes
MAX_LOCK_REFERENCES: Final = 10_000  # references held or waited for at once by GuardianSv1
MAX_LOCKS_PER_REFERENCE: Final = 1_000  # lock ids of one GuardianSv1.RemoteLock
MAX_LISTED_REFERENCES: Final = 100  # items named in the refusal to remove a filter
MAX_NAMED_OPTIONS: Final = 20  # options or faults that a refusal of ConfigSv1 names
MAX_STIR_KEYS: Final = 1_000  # keys of signed identities that are kept; the one unused the longest goes when one more comes
MAX_STIR_KEY_BYTES: Final = 64 << 10  # of the file of one
PLAN_HERE_BYTES: Final = 16 << 10  # of a tariff plan that is read on the spot: a few ms
PLAN_THREAD_BYTES: Final = 256 << 10  # of one that is read in a thread, which slows the event loop by 5 ms at most; beyond: a process
PLAN_PROCESS_SECONDS: Final = 600  # that such a process may take
PLAN_SLICE_BYTES: Final = 32 << 10  # of what it made that are unpacked at a time
MAX_PLAN_JOBS: Final = 16  # plans that are read or wait for it; more are refused
PLAN_NAMED_FAULTS: Final = 100  # faults that an error text names
MAX_LISTED_SESSIONS: Final = 1_000_000  # sessions that one client may name when it is asked for its own; more is no answer
MAX_CDRS_PER_ANSWER: Final = 10_000  # records of one answer; a request that finds more, up to its limit, is refused
LISTED_PER_TURN: Final = 100  # records, accounts or sessions of one answer that are written before others get their turn
MAX_RERATED_PER_CALL: Final = 200_000  # records of one CDRsV1.RateCDRs or ReprocessCDRs; more are refused
MAX_FORM_FIELDS: Final = 1_000  # fields of a record that is posted as a form
