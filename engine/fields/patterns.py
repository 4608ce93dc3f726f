"""Regular expressions that operators write, in the syntax and with the linear running time of RE2, which is that of Go's regexp."""

from __future__ import annotations

from typing import Any, Final

import re2

from engine.limits import MAX_PATTERN_BYTES, MAX_PATTERN_CHARACTERS

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = MAX_PATTERN_BYTES


class Pattern:
    """A compiled expression. Matching takes time in proportion to the text, whatever was written."""

    text: str
    _compiled: Any

    def __init__(self, text: str) -> None:
        """ValueError when the text is no expression, or too big a one."""
        if len(text) > MAX_PATTERN_CHARACTERS:
            raise ValueError(f"error parsing regexp: expression larger than {MAX_PATTERN_CHARACTERS} characters")
        self.text = text
        try:
            self._compiled = re2.compile(text, _OPTIONS)
        except (re2.error, UnicodeError) as error:
            raise ValueError(f"error parsing regexp: {_reason(error)}") from None

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        try:
            return self._compiled.search(text) is not None
        except UnicodeError:  # half of a surrogate pair: no text that RE2 could read
            return False

    def groups(self, text: str) -> dict[str, str] | None:
        """The groups of the first match by number and by name, `0` the whole; those that took no part are empty. None: no match."""
        try:
            match = self._compiled.search(text)
        except UnicodeError:
            return None
        if match is None:
            return None
        found = {"0": match.group(0)}
        for number, group in enumerate(match.groups(), 1):
            found[str(number)] = group or ""
        for name, number in self._compiled.groupindex.items():
            found[name] = found[str(number)]
        return found


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
