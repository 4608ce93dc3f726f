"""The pins of a lock that go into the package, or that build it: pins.py run|build. Written as a lock, for pip --require-hashes.

`run` is what is shipped: all of requirements/run.lock but what only installs. `build` is what compiles, of requirements/dev.lock, beside
the former, whose types it looks at.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).resolve().parents[2] / "requirements"
INSTALLER: Final = "setuptools"
COMPILER: Final = ("setuptools", "mypy", "ast-serialize", "librt", "pathspec")


def pins(lock: str) -> dict[str, str]:
    """Every pin of a lock with its hashes, by name."""
    text = (REQUIREMENTS / lock).read_text(encoding="utf-8")
    return {found[1]: found[0] for found in re.finditer(r"^([a-z0-9.-]+)==(?:.*\\\n)+.*\n", text, re.M)}


def main(words: list[str]) -> int:
    """Prints them."""
    if words == ["run"]:
        chosen = {name: pin for name, pin in pins("run.lock").items() if name != INSTALLER}
    elif words == ["build"]:
        every = pins("dev.lock")
        chosen = {name: every[name] for name in COMPILER}
    else:
        print("usage: pins.py run|build", file=sys.stderr)
        return 2
    sys.stdout.write("".join(chosen.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
