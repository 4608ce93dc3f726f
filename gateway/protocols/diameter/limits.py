"""Every bound on what a Diameter peer or a dictionary may hold, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_MESSAGE_BYTES: Final = 1 << 20  # one message, header included; the header can say 16 MB. More closes the connection
MAX_AVPS: Final = 1_024  # AVPs on one level of a message; more is answered with 5014
MAX_DEPTH: Final = 16  # groups inside each other; what lies deeper is answered with 5014
MAX_CHAINS: Final = 16_384  # resolved paths that are kept ready; beyond it keeping them starts anew
MAX_SHAPE_STEPS: Final = 16_384  # fields of shapes of answers that are kept ready; beyond it keeping them starts anew
RECENT_TARGETS: Final = 256  # of these whose AVPs of late are kept as octets
RECENT_TEXTS: Final = 64  # such octets of one path; beyond it keeping them starts anew
RECENT_TEXT_CHARACTERS: Final = 48  # of a text whose octets are kept
MAX_PENDING: Final = 65_536  # own requests of one peer that wait for an answer; more are refused
MAX_FAILED_BYTES: Final = 4_096  # of an offending AVP that a Failed-AVP gives back
MAX_ORIGIN_BYTES: Final = 255  # of an Origin-Host or Origin-Realm: no domain name is longer

DICTIONARY_BYTES: Final = 8 << 20  # one dictionary file
DICTIONARY_AVPS: Final = 65_536  # AVPs, all files together
DICTIONARY_ITEMS: Final = 4_096  # values of one Enumerated AVP, members of one group
DICTIONARY_FAULTS: Final = 1_000  # faults of one file that are named
DICTIONARY_SUGGESTIONS: Final = 100  # wrong names for which the nearest right one is looked for
