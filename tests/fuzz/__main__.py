"""Fuzzing for as long as one likes: `./test --fuzz [TARGET...] [--seconds N] [--seed N]`.

With atheris (installed by `./test --fuzz` where it can be had) what is tried is guided by the lines that it reaches; without it, by our
own generator. What was found is written to build/fuzz/TARGET, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.target import Target

# by target, the rooms whose lines guide atheris: those that read what comes, not those behind them
ROOMS = {
    "rpc": ["gateway.protocols", "gateway.transport", "gateway.api"],
    "stream": ["gateway.protocols"],
    "sheets": ["engine.tariffplan", "engine.actions", "engine.times", "engine.usage", "engine.money"],
    "config": ["gateway.config", "engine.usage", "engine.times"],
    "diameter": ["gateway.protocols.diameter"],
    "template": ["engine.fields", "engine.filters", "engine.times", "engine.usage", "engine.money"],
    "radius": ["gateway.protocols.radius"],
}
NAMES = tuple(ROOMS)
ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "fuzz"
PUMP_SHARE = 0.3  # of our own generator's time that goes into inputs that grow
PUMP_BYTES = 4096
SLOW_SECONDS = 0.05  # an input four times as long that takes less is no finding
SLOW_RATIO = 9.0  # times that an input four times as long may take


def keep(target: Target, data: bytes, told: str) -> None:
    """Writes a finding down."""
    folder = OUT / target.name
    folder.mkdir(parents=True, exist_ok=True)
    name = f"found-{hashlib.sha256(data).hexdigest()[:12]}"
    (folder / name).write_bytes(data)
    (folder / f"{name}.txt").write_text(told, errors="replace")
    print(f"{target.name}: {folder / name}\n{told[-1500:]}", flush=True)


def attempt(target: Target, data: bytes) -> bool:
    """Whether an input was taken well; what it did is written down otherwise."""
    try:
        target.run(data)
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        keep(target, data, traceback.format_exc())
        return False
    return True


def outgrown(target: Target, parts: Sequence[bytes]) -> str:
    """What is wrong with an input that is made longer; nothing where it costs what its size allows."""
    from tests.fuzz.mutate import grown

    small, large = 0.0, 0.0
    try:
        for _ in range(3):
            small, large = (target.timed(grown(parts, size)) for size in (PUMP_BYTES, 4 * PUMP_BYTES))
            if large < SLOW_SECONDS or large < SLOW_RATIO * small:
                return ""
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        return traceback.format_exc()
    return f"{small:.3f} s, four times as long {large:.3f} s: {[part[-200:] for part in parts]}"


def by_chance(target: Target, seconds: float, seed: int) -> int:
    """Our own generator; how many findings there were."""
    from tests.fuzz.mutate import Mutator, grown, pumped

    mutator, pumps = Mutator(target, seed), pumped(target, seed)
    end, found, tried = time.monotonic() + seconds, 0, 0
    seen: set[bytes] = set()
    while time.monotonic() < end and found < 50:
        tried += 1
        if mutator.chance.random() < PUMP_SHARE / 10:
            parts = next(pumps)
            told = outgrown(target, parts)
            if told and parts[2] not in seen:
                seen.add(parts[2])
                keep(target, grown(parts, 4 * PUMP_BYTES), told)
                found += 1
        elif not attempt(target, mutator.next()):
            found += 1
    print(f"{target.name}: {tried} inputs, seed {seed}, {found} findings", flush=True)
    return found


def elsewhere(name: str) -> list[str]:
    """Every module of ours outside a target's rooms: atheris knows no other way to leave them alone."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for wing in ("engine", "gateway") for path in (ROOT / wing).rglob("*.py")
    ]
    names = [module.removesuffix(".__init__") for module in modules]
    return [module for module in names if not any(f"{module}.".startswith(f"{room}.") for room in ROOMS[name])]


def guided(name: str, seconds: float, seed: int) -> int:
    """Atheris; how many findings there were."""
    import atheris

    with atheris.instrument_imports(include=["engine", "gateway"], exclude=elsewhere(name)):
        from tests.fuzz.target import MAX_INPUT
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]()
    corpus = OUT / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in target.corpus():
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    words = OUT / name / "words"
    words.write_text("".join(f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in word)}"\n' for word in target.tokens if len(word) <= 64))
    end, found = time.monotonic() + seconds, 0

    def one(data: bytes) -> None:
        nonlocal found
        if not attempt(target, data):
            found += 1
        if found >= 50 or time.monotonic() > end:
            sys.stdout.flush()
            os._exit(1 if found else 0)

    limits = (
        f"-max_len={MAX_INPUT}",
        f"-seed={seed}",
        f"-max_total_time={int(seconds) + 5}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-len_control=20",
    )
    atheris.Setup([sys.argv[0], *limits, f"-dict={words}", "-print_final_stats=1", f"-artifact_prefix={OUT / name}/", str(corpus)], one)
    atheris.Fuzz()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="./test --fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(NAMES)} (all)")
    parser.add_argument("--seconds", type=float, default=600, help="of each target (600)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chance", action="store_true", help="our own generator, also where atheris is there")
    options = parser.parse_args()
    unknown = [name for name in options.targets if name not in NAMES]
    if unknown:
        parser.error(f"no such target: {' '.join(unknown)}")
    names = options.targets or NAMES
    if len(names) > 1:
        return max(one_process(name, options) for name in names)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        os.chdir(folder)
        if not options.chance and has_atheris():
            return 1 if guided(names[0], options.seconds, options.seed) else 0
        from tests.fuzz.targets import TARGETS

        return 1 if by_chance(TARGETS[names[0]](), options.seconds, options.seed) else 0


def one_process(name: str, options: argparse.Namespace) -> int:
    """A process for each target: atheris ends its own."""
    words = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(options.seconds), "--seed", str(options.seed)]
    return os.spawnv(os.P_WAIT, sys.executable, words + ["--chance"] * options.chance) != 0


def has_atheris() -> bool:
    from importlib.util import find_spec

    return find_spec("atheris") is not None


if __name__ == "__main__":
    sys.exit(main())
