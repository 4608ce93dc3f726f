"""Every bound of the engine, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_DESTINATION_LENGTH: Final = 128  # characters of a destination that take part in prefix matching
MAX_SPANS_PER_CALL: Final = 10_000  # timespans that one cost computation may make; a call of years in slots ends there
MAX_FALLBACK_SUBJECTS: Final = 64  # fallback subjects looked at for one call
KNOWN_INFOS: Final = 16_384  # destinations whose price is known without a look-up; beyond it remembering starts anew
MAX_SHARED_INTERVALS: Final = 65_536  # compiled rows kept to be shared by equal rows; beyond it sharing starts anew
MAX_NEAR_CANDIDATES: Final = 20_000  # names that are looked through for the nearest
MAX_NEAR_COMPARED: Final = 500  # of these, names that are compared letter by letter
MAX_NEAR_HOMES: Final = 200  # tenants with categories that are looked into for a missing subject
MAX_NEAR_PLANS: Final = 8  # rating plans in which a missing destination is looked for
MAX_NEAR_NAME: Final = 64  # letters of a name that is looked for with one letter changed
MAX_NEAR_MISSES: Final = 5  # nearest names that an explanation offers
MAX_EXPLAINED_SPANS: Final = 100  # spans that an explanation shows; the rest is counted
MAX_EXPLAINED_TRIES: Final = 200  # tries of balances that an explanation shows, and balances that were not tried; the rest is counted
MAX_ACTIONS_DEPTH: Final = 8  # actions that fire triggers that fire actions
MAX_SCHEDULED_PER_STEP: Final = 200  # sets of actions that the scheduler runs in one step; the rest follows in the next
MAX_RUNS_BY_HAND: Final = 1_000  # runs that one SchedulerSv1.ExecuteActions may ask for
EFFECTS_PER_STEP: Final = 1 << 20  # things that one step may ask of the outside

# records
MAX_SESSION_COSTS: Final = 200_000  # costs of ended sessions that wait for their record; beyond it the oldest goes
MAX_REMEMBERED_RUNS: Final = 200_000  # runs processed and not stored that are known for a repetition; beyond it the oldest goes
MAX_EVENTS_PER_STEP: Final = 64  # events whose records are made in one step; CDRsV1.ProcessEvents goes on with the next
MAX_RERATED_PER_STEP: Final = 16  # stored records that one step gives back or rates again

# repetitions
MAX_ANSWERS: Final = 100_000  # answers kept for repetitions of their requests; beyond it the oldest goes
ANSWERS_BYTES: Final = 64 << 20  # of these answers; beyond it the oldest goes
ANSWER_SECONDS: Final = 240  # how long they are: for so long an End-to-End Identifier is not used again (RFC 6733 3)
FORGOTTEN_ANSWERS: Final = 4  # of these that are dropped when one comes

# storage
JOURNAL_QUEUE_BYTES: Final = 64 << 20  # encoded records that wait for the disk; beyond it steps are refused from the next callback on
JOURNAL_QUEUE_MOST_BYTES: Final = 2 * JOURNAL_QUEUE_BYTES  # beyond which they are refused at once
COMMIT_BYTES: Final = 1 << 20  # encoded records that go into one commit, unless a single step has more
COMMIT_GATHER_SECONDS: Final = 0.003  # from one commit's beginning to the next while appends keep coming
COMMIT_STEP_SECONDS: Final = 0.0003  # in which another one has to come for that at first, then in twice as long, and so on
COMMIT_GATHER_APPENDS: Final = 128  # that are enough for a commit
PROJECTION_BATCH_RECORDS: Final = 16_384  # records and entries that are brought into tables together
PROJECTION_BACKLOG_RECORDS: Final = 65_536  # durable records kept in memory for projection; beyond it the journal is read again
UNPROJECTED_CDRS: Final = 200_000  # records that lie in no table yet, kept in memory for look-ups; beyond it steps are refused
FORGOTTEN_AT_ONCE: Final = 512  # of these that are forgotten in one callback once the tables have them
PROJECTION_BREATH_SECONDS: Final = 0.005  # longest rest between two slices of projection and folding that nobody waits for
PROJECTION_DELAY_SECONDS: Final = 0.25  # quiet time after which a smaller batch is brought into tables
WAL_BYTES: Final = 4 << 20  # write-ahead log that gathers before it is brought into the file, beside the commits
WAL_ANEW_BYTES: Final = 16 << 20  # write-ahead log that starts anew once nearly all of it is in the file: commits wait for some ms
WAL_MOST_BYTES: Final = 64 << 20  # write-ahead log at which commits wait until it can start anew, however long
FOLD_JOURNAL_BYTES: Final = 256 << 20  # journal that gathers before state is folded out of it
FOLD_JOURNAL_RECORDS: Final = 1_000_000  # the same in records: what a restart has to replay
FOLD_KEYS: Final = 300_000  # keys of state, and answers, that changed since: beyond it they are folded as well
STORAGE_RETRY_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)  # pauses between tries while the disk fails; the last one repeats
STORAGE_CLOSE_TRIES: Final = 3  # tries to write what is left when a storage closes on a failing disk
QUERY_PAGE_RECORDS: Final = 512  # records or entries that a query hands over at a time
BACKUP_SYNC_BYTES: Final = 4 << 20  # of a backup that are written before they are brought to the disk: commits beside it wait for no more
CLOSED_ENTRIES: Final = 512  # entries that one record of the journal closes into forwards: what the writer does between two commits
AGED_BATCH_RECORDS: Final = 64  # ledgers closed, or records removed, in one step
QUERY_THREADS: Final = 2  # queries that read at the same time; more wait
MAX_QUERIES: Final = 1_024  # queries under way, waiting ones included; more are refused
EXISTS_FILTER_MAX_BYTES: Final = 64 << 20  # memory of the filter that answers "no such record" without a look at the disk

# attributes
MAX_ATTRIBUTE_RUNS: Final = 1_000  # profiles that may change one event one after the other
MAX_INLINE_PROFILES: Final = 4_096  # profiles written out as ids that are kept ready; beyond it making them starts anew

# tariff plans
PLAN_FILES: Final = 10_000  # files of one plan
PLAN_FOLDERS: Final = 10_000  # folders of one plan that are looked into
PLAN_FOLDER_DEPTH: Final = 16  # folders inside folders that are looked into
PLAN_BYTES: Final = 512 << 20  # all files of one plan together, unpacked
PLAN_ZIP_RATIO: Final = 200  # times that what is in a zip file may be as long as the file; real plans come to a tenth of it
PLAN_LINES: Final = 10_000_000  # lines of one sheet
PLAN_ROWS: Final = 5_000_000  # rows of one plan
PLAN_COLUMNS: Final = 256  # cells of one row that are told apart; no sheet has a tenth of them
PLAN_CELL_CHARACTERS: Final = 65_536  # one cell
PLAN_FAULTS: Final = 1_000  # faults that are named; more are counted
STAGED_FROM: Final = 1_000  # prefixes, prices and items of a plan above which they are brought in beside what is in force, in slices
STAGED_PER_STEP: Final = 1_000  # of these in one slice: 1 to 3 ms
PLAN_SUGGESTIONS: Final = 100  # wrong names for which the nearest right one is looked for
PLAN_NOTES: Final = 1_000  # warnings, and notices, that are named; more are counted

# fields and filters
MAX_PATH_STEPS: Final = 64  # names and indexes of one path
MAX_TEMPLATE_CHARACTERS: Final = 16_384  # one value template
MAX_TEMPLATE_PARTS: Final = 512  # parts of one value template
MAX_SHARED_CHARACTERS: Final = 256  # longest part, made of what an event holds, that is kept to be shared
MAX_TEMPLATE_DEPTH: Final = 4  # `<...>` that what was put in brings along
MAX_REPLACEMENTS: Final = 16  # searches and replacements of one value
MAX_CONVERTERS: Final = 32  # converters of one value
MAX_VALUE_CHARACTERS: Final = 1 << 20  # that replacements, converters and several parts may make of a value; more is an error of the value
TEMPLATE_CACHE: Final = 16_384  # parsed templates kept to be shared by equal texts
MAX_PATTERN_CHARACTERS: Final = 4_096  # one regular expression
MAX_PATTERN_BYTES: Final = 1 << 20  # memory of one compiled regular expression
RECENT_CGRIDS: Final = 16_384  # CGRIDs of origins that are kept; beyond it remembering starts anew
RECENT_CGRID_CHARACTERS: Final = 256  # of an origin whose CGRID is kept
RECENT_INSTANTS: Final = 4_096  # texts of instants whose instant is kept, and instants whose text is; beyond it remembering starts anew
FILTER_CACHE: Final = 65_536  # compiled inline rules kept; beyond it compiling starts anew
MAX_RULE_VALUES: Final = 10_000  # values of one rule

# sessions
CLOSED_SESSIONS: Final = 200_000  # ended sessions kept for the record that follows; the oldest go first
TOMBSTONES: Final = 200_000  # sessions that the engine ended, known for that to their switch's end; the oldest go first
TOMBSTONE_SECONDS: Final = 86_400  # how long they are
CORRECTED_SECONDS: Final = 3_600  # how long the late end of a session that the engine ended corrects what it was charged
CORRECTED_SESSIONS: Final = 50_000  # that are kept for it, as the journal has them; the oldest go first, and cost what they cost
REPORTED_SECONDS: Final = 300  # how long an ended session is kept whose client's reports may come late; then it leaves a tombstone
MAX_SWEEPS: Final = 1_024  # clients that began anew and whose sessions are being ended; more are refused
PASSIVE_SESSIONS: Final = 1_000_000  # copies of other engines' sessions; more are refused
AWAKE_SESSIONS: Final = 8_192  # open sessions kept ready; those that nothing happened to for the longest rest in a third of the room
AWAKE_ENDED: Final = 4_096  # the same of ended ones
RESTED_PER_STEP: Final = 32  # of these that are put aside at a time: a millisecond
SESSIONS_LOOKED_AT: Final = 256  # open sessions that a step which lists sessions looks at, or makes ready after a restart
SESSIONS_SEEN: Final = 256  # open sessions made ready at a time for a list of all
FORGOTTEN_PER_STEP: Final = 16  # ended sessions and tombstones that one step looks at to forget them
REAUTHORIZE_PAUSE_NS: Final = 100_000_000  # between two steps that ask SESSIONS_PER_STEP sessions each to ask again
SESSIONS_PER_STEP: Final = 64  # sessions whose time has come that one step deals with; the rest follows in the next
WOKEN_PER_STEP: Final = 32  # recovered sessions that one step makes ready to be asked for
