"""`python -m engine.storage.sqlite FOLDER`: looks for what is old in a state folder, in a process of its own.

An `Age` on standard input; on standard output frames, a length in four octets and a body: pieces that are `Found`, an empty one, the
`Total`. An error is one line on standard error and exit status 1.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import msgspec

from engine.storage.ports import StorageError
from engine.storage.sqlite.aged import Age, Aged


def main() -> int:
    """Looks, and tells what was found."""
    gc.disable()  # the process ends with the look
    age = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Age)
    try:
        aged = Aged(Path(sys.argv[1]), age)
    except StorageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for found in aged.found():
        _tell(msgspec.msgpack.encode(found))
    _tell(b"")
    _tell(msgspec.msgpack.encode(aged.total))
    sys.stdout.buffer.flush()
    return 0


def _tell(body: bytes) -> None:
    sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)


if __name__ == "__main__":
    sys.exit(main())
