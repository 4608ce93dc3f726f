"""Every bound of the request-processor language, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_PROCESSORS: Final = 10_000  # request processors of one agent
MAX_FIELDS: Final = 4_096  # request or reply fields of one processor, templates put in
MAX_TEMPLATE_NESTING: Final = 8  # templates inside templates
MAX_WIDTH: Final = 65_536  # characters that `width` may ask for
MAX_FILLED: Final = 4_096  # fields of one request's event, or of one answer
MAX_FILLED_CHARACTERS: Final = 4 << 20  # characters of all values of one event, or of one answer
MAX_EVENT_CHARACTERS: Final = 65_536  # characters of all fields of an event: a session keeps them; more is refused
MAX_USER_CACHE: Final = 1_000_000  # values kept in *uch where caches.partitions sets no limit; the oldest go first
MAX_USER_CACHE_CHARACTERS: Final = 64 << 20  # characters of all of them together
MAX_SETTINGS_READ: Final = 1_024  # options read through ~*cfg that are kept ready
MOST_USAGE_NS: Final = 1 << 60  # usage that a request may report or ask for: 36 years, or an exabyte; more is cut to it
MAX_FETCHED: Final = 32  # values that one request may fetch (`*http#URL`); one that needs more fails
MAX_URL: Final = 2_048  # characters of such a URL; of a longer one the configuration is told
MAX_COMPLAINTS: Final = 1_000  # faults of one agent's processors that are named
