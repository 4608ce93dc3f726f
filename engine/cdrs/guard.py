"""Which runs were processed a short while ago and lie in no store: a repetition of them costs nothing either."""

from __future__ import annotations

from engine.limits import MAX_REMEMBERED_RUNS


class Remembered:
    """Runs by (CGRID, run), each for `ttl_ns`, at most MAX_REMEMBERED_RUNS: beyond it the oldest goes. Lost with the process."""

    ttl_ns: int
    _until: dict[tuple[str, str], int]

    def __init__(self, ttl_ns: int) -> None:
        self.ttl_ns = ttl_ns
        self._until = {}

    def __len__(self) -> int:
        return len(self._until)

    def has(self, cgrid: str, run_id: str, now_ns: int) -> bool:
        """Whether the run is known."""
        return self._until.get((cgrid, run_id), 0) > now_ns

    def add(self, cgrid: str, run_id: str, now_ns: int) -> None:
        """The run was processed now."""
        self._until.pop((cgrid, run_id), None)
        self._until[(cgrid, run_id)] = now_ns + self.ttl_ns
        while self._until:
            oldest = next(iter(self._until))
            if len(self._until) <= MAX_REMEMBERED_RUNS and self._until[oldest] > now_ns:
                return
            del self._until[oldest]
