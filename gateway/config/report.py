"""What reading a configuration has to say: faults, names that were passed over, options that mean nothing in this build."""

from __future__ import annotations

from typing import Final, TypeAlias

from engine.errors import Fault
from gateway.config.limits import MAX_FAULTS
from gateway.config.source import JSON, Source

Path: TypeAlias = "tuple[str | int, ...]"

LISTED: Final = 40  # names that one collected warning lists


class Report:
    """Collects what was found; what goes beyond MAX_FAULTS of a sort is counted only."""

    __slots__ = ("cautions", "faults", "idle", "passed_over", "strict", "unlisted")

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.faults: list[Fault] = []
        self.passed_over: list[Fault] = []
        self.idle: list[Fault] = []
        self.cautions: list[Fault] = []
        self.unlisted = 0

    def fault(self, source: Source, offset: int, message: str, suggestion: str = "") -> None:
        """Something that is wrong."""
        self._keep(self.faults, source.fault(offset, message, suggestion))

    def loose(self, source: Source, offset: int, message: str, suggestion: str = "") -> None:
        """Something that CGRateS passes over: a fault too in TOML, in overrides and where strictness is asked for."""
        wrong = self.strict or source.format != JSON
        self._keep(self.faults if wrong else self.passed_over, source.fault(offset, message, suggestion))

    def caution(self, source: Source, offset: int, message: str) -> None:
        """Something that works, and that an operator should look at."""
        self._keep(self.cautions, source.fault(offset, message))

    def without_meaning(self, source: Source, offset: int, path: Path) -> None:
        """An option that nothing in this build looks at."""
        self._keep(self.idle, source.fault(offset, dotted(path)))

    def _keep(self, kept: list[Fault], fault: Fault) -> None:
        if len(kept) < MAX_FAULTS:
            kept.append(fault)
        else:
            self.unlisted += 1


def dotted(path: Path) -> str:
    """A path as operators write it: diameter_agent.request_processors.voice.request_fields[3].value."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]


def collected(title: str, found: list[Fault]) -> str:
    """One line for many findings of a sort."""
    shown = [
        f"{fault.message} ({fault.file}:{fault.line}{f', now {fault.suggestion}' if fault.suggestion else ''})" for fault in found[:LISTED]
    ]
    more = f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return f"{title}: {'; '.join(shown)}{more}"
