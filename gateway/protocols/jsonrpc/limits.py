"""Every bound on what a JSON-RPC client may send, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_REQUEST_BYTES: Final = 16 * 1024 * 1024  # one request, white space before it included; more closes the stream
MAX_DEPTH: Final = 128  # lists and objects inside each other in a value of any type; what is deeper is answered with an error
MAX_NUMBER_DIGITS: Final = 100  # significant digits kept of a number with a fraction or an exponent
MAX_EXPONENT: Final = 308  # numbers from 10**309 on are out of range, as they are for a double
MIN_EXPONENT: Final = -324  # numbers below 10**-324 are 0, as they are for a double
MAX_BATCH: Final = 1_000  # calls in one JSON-RPC 2.0 batch; a longer one is refused whole
