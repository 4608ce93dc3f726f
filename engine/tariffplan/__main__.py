"""A job in a process of its own: the job on standard input, its outcome on standard output, both packed.

The first octet of the output says what follows: 1 an outcome, 0 the text of a PlanError.
"""

from __future__ import annotations

import gc
import sys

import msgspec

from engine.tariffplan.job import Job, run
from engine.tariffplan.load import pack
from engine.tariffplan.read import PlanError


def main() -> None:
    """Does one job and ends."""
    gc.disable()  # the process ends with the job
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    try:
        answer = b"\x01" + pack(run(job))
    except PlanError as wrong:
        answer = b"\x00" + wrong.text.encode()
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
