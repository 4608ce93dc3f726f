"""Open sessions by what fields of their runs hold, without a look at every one."""

from __future__ import annotations

from typing import Final

from engine.event import field_text
from engine.sessions.session import Session

_NONE: Final[dict[str, None]] = {}


class Index:
    """By the fields `names`. Most values are those of one session; then its CGRID stands there alone."""

    names: tuple[str, ...]
    _found: list[dict[str, str | dict[str, None]]]  # CGRIDs by value, for each of the names

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._found = [{} for _ in names]

    def values(self, session: Session) -> list[str | None]:
        """What it is to be found by: of each run each of the names in turn, None where it has no such field."""
        values: list[str | None] = []
        for run in session.runs:
            fields = run.event.fields
            for name in self.names:
                value = fields.get(name)
                values.append(None if value is None else field_text(value))
        return values

    def put(self, session: Session) -> None:
        """Has the session found by what its runs hold now."""
        self.remove(session)
        values = self.values(session)
        cgrid = session.cgrid
        place = 0
        for value in values:
            if value is not None:
                found = self._found[place]
                held = found.get(value)
                if held is None:
                    found[value] = cgrid
                elif isinstance(held, dict):
                    held[cgrid] = None
                elif held != cgrid:
                    found[value] = {held: None, cgrid: None}
            place = place + 1 if place + 1 < len(self._found) else 0
        session.indexed = values

    def remove(self, session: Session) -> None:
        """Has the session found no more."""
        cgrid = session.cgrid
        place = 0
        for value in session.indexed:
            if value is not None:
                found = self._found[place]
                held = found.get(value)
                if isinstance(held, dict):
                    held.pop(cgrid, None)
                    if not held:
                        del found[value]
                elif held == cgrid:
                    del found[value]
            place = place + 1 if place + 1 < len(self._found) else 0
        session.indexed = []

    def named(self, name: str, value: str) -> dict[str, None]:
        """The CGRIDs of sessions with a run whose field of this name has this value: not to be changed."""
        if name not in self.names:
            return _NONE
        held = self._found[self.names.index(name)].get(value)
        if held is None:
            return _NONE
        return held if isinstance(held, dict) else {held: None}
