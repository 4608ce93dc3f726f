"""All measurements, one table after the other: `./test --perf` on the compiled tree, `python -m tests.perf` on the plain source.

./test --perf [quick] [write] [NAME...]     names are those of the modules beside this one; quick: a tenth of the work, to see that it runs;
write: the figures of `gateway` go into docs/performance.md
./test --perf NAME OPTION...                one of them, with options of its own
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from engine.rating import price

# name, the arguments of a whole run, and of a quick one
TABLES = (
    ("startup", (), ("2",)),
    ("restart", (), ("2000",)),
    ("soak", (), ("--accounts", "2000", "--open", "2000", "--sessions", "2000", "--rounds", "2")),
    ("rating", (), ("0.1",)),
    ("filters", (), ("--profiles", "1000")),
    ("processors", (), ("200",)),
    ("codec", (), ("2",)),
    ("radius_codec", (), ("2",)),
    ("idle", (), ("300",)),
    ("events", (), ("100",)),
    ("jsonrpc", (), ("3000",)),
    ("gateway", (), tuple("--seconds 1 --runs 1 --work cost --work sessions --work cdrs --work process".split())),
    ("diameter", (), ("--seconds", "1", "--open", "2000")),
    ("radius", (), ("--seconds", "1")),
    ("tariffplan", (), ("20000",)),
    ("storage", (), ("0.5",)),
)


def machine() -> str:
    """What it runs on, in the kernel's own words."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown processor")
    version = ".".join(map(str, sys.version_info[:3]))
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, Python {version}, load {load:.1f} before"


def main() -> int:
    given = sys.argv[1:]
    first = next((place for place, word in enumerate(given) if word.startswith("-")), len(given))
    words, options = given[:first], given[first:]
    quick, write = "quick" in words, "write" in words
    names = [word for word in words if word not in ("quick", "write")]
    unknown = [name for name in names if name not in [row[0] for row in TABLES]]
    if unknown:
        print(f"no such table: {' '.join(unknown)}; there are {' '.join(row[0] for row in TABLES)}", file=sys.stderr)
        return 2
    if options and len(names) != 1:
        print(f"{options[0]} belongs to one table, and one is to be named before it", file=sys.stderr)
        return 2
    print(f"{'compiled' if str(price.__file__).endswith('.so') else 'plain'}; {machine()}", flush=True)
    failed = 0
    for name, whole, short in TABLES:
        if names and name not in names:
            continue
        began = time.monotonic()
        print(f"\n== {name}", flush=True)
        arguments = [*(short if quick else whole), *(("--write",) if write and name == "gateway" else ()), *options]
        ran = subprocess.run([sys.executable, "-m", f"tests.perf.{name}", *arguments], check=False)
        failed += ran.returncode != 0
        print(f"   ({time.monotonic() - began:.0f} s{'' if ran.returncode == 0 else ', failed'})", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
