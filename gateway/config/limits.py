"""Every bound of reading configuration, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 8 * 1024 * 1024  # one configuration file; a larger one is a fault
MAX_FILES: Final = 2000  # files one configuration argument may name
MAX_NAME_PARTS: Final = 256  # parts of one dotted name in TOML, which the reader puts together in the square of their number
MAX_DEPTH: Final = 48  # lists and tables inside each other
MAX_NUMBER_DIGITS: Final = 40  # characters of one number
MAX_FAULTS: Final = 500  # faults kept; what is wrong beyond is counted, not listed
MAX_NAME_TO_COMPARE: Final = 80  # characters of an unknown name for which a nearest name is looked for
MAX_SECRET_BYTES: Final = 64 * 1024  # of a file that holds one secret; a larger one is a fault
MAX_SHOWN: Final = 60  # characters of a wrong value that a fault repeats
