"""`*uch`: values that live on from request to request, shared by the processors of all agents."""

from __future__ import annotations

from engine.fields.path import Path, Source
from engine.fields.values import MISSING
from gateway.processors.limits import MAX_USER_CACHE, MAX_USER_CACHE_CHARACTERS


class Kept:
    """A value and when it ends; 0: never."""

    text: str
    ends_ns: int

    def __init__(self, text: str, ends_ns: int) -> None:
        self.text = text
        self.ends_ns = ends_ns


class UserCache(Source):
    """`limit` values at most (-1: as many as we keep at all, 0: none), the one that was used longest ago goes first.

    A value lives `ttl_ns` from its last use, with `static_ttl` from when it was written; 0: for ever. `now_ns` is set before a request.
    """

    now_ns: int
    _limit: int
    _ttl_ns: int
    _static: bool
    _kept: dict[str, Kept]
    _characters: int

    def __init__(self, limit: int = -1, ttl_ns: int = 0, static_ttl: bool = False) -> None:
        self.now_ns = 0
        self._limit = MAX_USER_CACHE if limit < 0 else min(limit, MAX_USER_CACHE)
        self._ttl_ns = max(ttl_ns, 0)
        self._static = static_ttl
        self._kept = {}
        self._characters = 0

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, path: Path, at: int) -> object:
        return self.get(".".join(path[at:]))

    def get(self, name: str) -> object:
        """The value of a name, MISSING when there is none (any more)."""
        kept = self._kept.get(name)
        if kept is None:
            return MISSING
        if kept.ends_ns and kept.ends_ns <= self.now_ns:
            self.remove(name)
            return MISSING
        del self._kept[name]  # the order of the map is that of use
        self._kept[name] = kept
        if not self._static and self._ttl_ns:
            kept.ends_ns = self.now_ns + self._ttl_ns
        return kept.text

    def put(self, name: str, text: str) -> None:
        """Keeps a value."""
        if self._limit == 0 or len(text) + len(name) > MAX_USER_CACHE_CHARACTERS:
            return
        self.remove(name)
        self._kept[name] = Kept(text, self.now_ns + self._ttl_ns if self._ttl_ns else 0)
        self._characters += len(text) + len(name)
        while len(self._kept) > self._limit or self._characters > MAX_USER_CACHE_CHARACTERS or self._oldest_is_over():
            self.remove(next(iter(self._kept)))

    def _oldest_is_over(self) -> bool:
        ends_ns = self._kept[next(iter(self._kept))].ends_ns
        return 0 < ends_ns <= self.now_ns

    def remove(self, name: str) -> None:
        """Forgets a value, if it is there."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._characters -= len(kept.text) + len(name)


class Draft(UserCache):
    """A cache as a rehearsal sees it: what it writes and removes, nobody else finds."""

    _base: UserCache
    _changed: dict[str, str | None]  # None: removed

    def __init__(self, base: UserCache) -> None:
        super().__init__()
        self._base = base
        self._changed = {}

    def get(self, name: str) -> object:
        if name not in self._changed:
            return self._base.get(name)
        text = self._changed[name]
        return MISSING if text is None else text

    def put(self, name: str, text: str) -> None:
        self._changed[name] = text

    def remove(self, name: str) -> None:
        self._changed[name] = None
