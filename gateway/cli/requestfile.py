"""TOML files of requests, as `diameter send` and `radius send` read them: keys of the file, and any number of [[request]]."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from engine.usage import SECOND, parse_duration
from gateway.cli.limits import LONGEST_PAUSE_SECONDS, MAX_SENT_REQUESTS
from gateway.cli.outcome import UsageError
from gateway.config.source import nearest

Table: TypeAlias = dict[str, "object"]


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a file: what is common to all requests, or a request. `where` names it for people."""

    file: str
    where: str
    table: Table

    def fault(self, what: str) -> UsageError:
        """What is wrong in it, to be raised."""
        return UsageError(f"{self.file}: {self.where}: {what}")

    def text(self, key: str) -> str:
        """A value as text; empty where there is none."""
        return str(self.table.get(key, ""))

    def tree(self, key: str) -> Table:
        """A table inside; empty where there is none. UsageError for another value."""
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(f"{key}: a table is wanted")
        return value

    def seconds(self, key: str) -> float:
        """A number of seconds, or a duration such as 500ms; 0 where there is none. UsageError for another value, one below 0 and one above
        LONGEST_PAUSE_SECONDS."""
        value = self.table.get(key, 0)
        try:
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                found = float(value)
            else:
                found = parse_duration(str(value)) / SECOND
        except (ValueError, OverflowError):
            found = -1.0
        if not 0 <= found <= LONGEST_PAUSE_SECONDS:  # neither nan
            raise self.fault(f"{key}: {value} is no duration")
        return found


def read_parts(name: str, file_keys: tuple[str, ...], request_keys: tuple[str, ...]) -> tuple[Part, list[Part]]:
    """What is common to all requests of a file, and these, which may be none. UsageError with the name of what is wrong."""
    try:
        text = tomllib.loads(Path(name).read_text(), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: {error.strerror if isinstance(error, OSError) else error}") from None
    common = Part(name, "the file", text)
    _known(common, file_keys)
    requests = text.get("request", [])
    if not isinstance(requests, list) or len(requests) > MAX_SENT_REQUESTS:
        raise UsageError(f"{name}: [[request]] are tables, {MAX_SENT_REQUESTS:,} of them at most")
    parts = []
    for number, one in enumerate(requests, 1):
        part = Part(name, f"request {number}", one if isinstance(one, dict) else {})
        if not isinstance(one, dict):
            raise part.fault("a table is wanted")
        _known(part, request_keys)
        parts.append(part)
    return common, parts


def _known(part: Part, known: tuple[str, ...]) -> None:
    for key in part.table:
        if key not in known:
            near = nearest(key, known)
            raise UsageError(f"{part.file}: {part.where} has no {key}{f'; did you mean {near}?' if near else ''}")
