"""Every bound on records that switches write, named, with its unit."""

from __future__ import annotations

from typing import Final

MAX_RECORD_DEPTH: Final = 8  # levels of a document that are looked into
MAX_RECORD_MEMBERS: Final = 4_096  # values of a document that are kept, its variables besides
