"""Texts that modules write when they are run, into the repository or a package: `python -m MODULE FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def write(text: str, words: Sequence[str]) -> int:
    """Writes a text to the file that the words of a command name, without any to standard output; the status to leave with."""
    if words:
        Path(words[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0
