"""How much of the processor something takes: what tests of size ask, since the clock also counts what others do."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Measured:
    """CPU seconds of this thread, known after the block."""

    seconds: float = 0.0


@contextmanager
def measured() -> Iterator[Measured]:
    """Measures a block. The garbage of tests before it is not collected in it: that may take longer than what is measured."""
    found, enabled = Measured(), gc.isenabled()
    gc.disable()
    began = time.thread_time()
    try:
        yield found
    finally:
        found.seconds = time.thread_time() - began
        if enabled:
            gc.enable()
