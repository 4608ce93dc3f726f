"""Every bound of the command line, named, with its unit and what happens at it."""

from __future__ import annotations

from typing import Final

CONNECT_SECONDS: Final = 3.0  # how long a server may take to accept; then it counts as unreachable
REPLY_SECONDS: Final = 300.0  # how long an answer is waited for unless --timeout says otherwise
MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024  # one answer; a longer one is refused
MAX_SHOWN_DEPTH: Final = 64  # values inside each other that a table shows; deeper ones are written as JSON
MAX_HISTORY_LINES: Final = 5_000  # of the interactive console; the oldest go first
MAX_SHOWN_DIFFERENCES: Final = 1_000  # that verify prints; the rest is counted
SERVED_START_SECONDS: Final = 20.0  # how long demo and bench wait for their gateway to listen
SERVED_STOP_SECONDS: Final = 20.0  # how long they wait for it to end before it is killed
MAX_LAST_RULE: Final = 72  # of the rule below the heading of a last column, in characters
CDR_PAGE: Final = 500  # records of one answer
CDRS_BEFORE_FOLLOW: Final = 10  # records that --follow begins with
MIN_INTERVAL_SECONDS: Final = 0.1  # between two questions of --follow
OPEN_FILES: Final = 65_536  # files and connections that serve wants to have open at once
BENCH_ANSWER_SECONDS: Final = 30.0  # how long bench waits while nothing at all is answered
BENCH_OUTSTANDING: Final = 100_000  # requests that wait for their answer at a given rate; with more the rate is not held
BENCH_MAX_SECONDS: Final = 3_600.0  # of one measured rate
BENCH_MAX_IN_FLIGHT: Final = 10_000  # requests
BENCH_MAX_RUNS: Final = 99
BENCH_CHAINS_ABREAST: Final = 512  # sessions that are open side by side at a given rate
BENCH_PAGE: Final = 2_000  # records asked for at once
MAPPED_BYTES: Final = 4 << 20  # a piece of memory from which on it is asked of the kernel for itself, and given back at once
KEPT_BYTES: Final = 32 << 20  # freed memory that is kept for the next event
DIAMETER_SECONDS: Final = 10.0  # how long an answer of a Diameter peer is waited for unless --timeout says otherwise
MAX_SENT_REQUESTS: Final = 100_000  # that one file may have a Diameter peer asked
LONGEST_PAUSE_SECONDS: Final = 86_400.0  # between two of them
RADIUS_SECONDS: Final = 10.0  # how long an answer of a RADIUS server or NAS is waited for unless --timeout says otherwise
RADIUS_COPIES: Final = 3  # that are sent after the first over UDP unless --retries says otherwise
