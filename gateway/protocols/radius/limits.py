"""Every bound on what a RADIUS client or a dictionary may hold, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_PACKET_BYTES: Final = 4_096  # RFC 2865 section 3; a longer one is discarded
MAX_VALUE_BYTES: Final = 253  # of one attribute, RFC 2865 section 5
MAX_JOINED_BYTES: Final = 4_096  # of a value that several attributes carry: no packet holds more
MAX_DEPTH: Final = 8  # TLVs inside each other, in dictionaries and so in what is read; deeper ones are shown as octets
MAX_PATHS: Final = 16_384  # resolved paths that are kept ready; beyond it keeping them starts anew
MAX_ADDRESSES: Final = 4_096  # IPv4 addresses whose texts are kept; beyond it keeping them starts anew
MAX_SECRETS: Final = 16_384  # secrets that are kept ready for signing; beyond it keeping them starts anew
MAX_COPIES: Final = 16  # of a request of ours, whatever its pauses are
MAX_PASSWORD_BYTES: Final = 128  # a hidden User-Password, RFC 2865 section 5.2

DICTIONARY_BYTES: Final = 4 << 20  # one dictionary file
DICTIONARY_FILES: Final = 1_000  # files that one root includes
DICTIONARY_DEPTH: Final = 16  # files that include each other
DICTIONARY_ATTRIBUTES: Final = 65_536  # of all files together; more are faults
DICTIONARY_VALUES: Final = 131_072  # VALUE lines of all files together
DICTIONARY_VENDORS: Final = 4_096  # of all files together
DICTIONARY_FAULTS: Final = 1_000  # faults that are named in one run; the last one says that there are more
DICTIONARY_SUGGESTIONS: Final = 40  # wrong names for which the nearest right one is looked for
DICTIONARY_NAME: Final = 128  # characters of a name
