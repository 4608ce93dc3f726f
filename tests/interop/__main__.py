"""Tells stories by hand: `python -m tests.interop [STORY...]`, all of them without a name; `jdiameter` only when it is named.

Each runs in a network namespace of its own: with loopback, and a pair of interfaces that lead nowhere because freeDiameter wants an address
that is not loopback.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path

from tests.acceptance.test_recordings import namespace
from tests.interop import peers
from tests.interop.world import OurError

ROOT = Path(__file__).resolve().parents[2]
INTERFACES = "ip link add v0 type veth peer name v1 && ip addr add 192.0.2.10/30 dev v0 && ip link set v0 up && ip link set v1 up"
# story: what it needs beside the capture
STORIES = {
    "erlang": peers.ERLANG,
    "relay": peers.FREEDIAMETER | peers.ERLANG,
    "dialled": peers.FREEDIAMETER | peers.ERLANG,
    "both": peers.FREEDIAMETER | peers.ERLANG,
    "freediameter": peers.FREEDIAMETER,
    "kamailio": peers.KAMAILIO,
    "python": {},
    "radclient": peers.RADCLIENT,
    "pyrad": {},
    "proxy": peers.FREERADIUS,
    "radsec": peers.FREERADIUS,
    "dynamic": peers.FREERADIUS,
    "kamailioradius": peers.KAMAILIO_RADIUS,
    "pppd": peers.PPPD,
    "broadband": peers.PPPD,
    "hostapd": peers.HOSTAPD,
    "strongswan": peers.STRONGSWAN,
    "jdiameter": peers.JDIAMETER,
}
BY_NAME_ONLY = ("jdiameter", "hostapd", "strongswan")
STORY_SECONDS = 300  # one that takes longer is told to end, and says where it stood
END_SECONDS = 90
FAILED, OURS = 1, 3  # exit statuses of a story: what went wrong may be anybody's fault, or is the gateway's


def tell(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs one story in a namespace of its own; its output is why it failed. What has to be fetched for it is, before."""
    prepare = getattr(import_module(f"tests.interop.{name}_story"), "prepare", None)
    if prepare is not None:
        prepare()
    inside = [sys.executable, "-m", "tests.interop", "--inside", name, str(folder)]
    assert namespace(), "this machine allows no network namespaces"
    command = [
        *namespace(),
        "sh",
        "-c",
        f'PATH=$PATH:/usr/sbin:/sbin; {INTERFACES}; exec "$@"',
        "sh",
        *inside,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as story:
        try:
            said = story.communicate(timeout=STORY_SECONDS)
        except subprocess.TimeoutExpired:
            story.send_signal(signal.SIGINT)  # so that it ends what it has started
            try:
                said = story.communicate(timeout=END_SECONDS)
            except subprocess.TimeoutExpired:
                story.kill()
                said = story.communicate()
    return subprocess.CompletedProcess(command, story.returncode, *said)


def inside(name: str, folder: Path) -> int:
    """Tells a story in this process; its exit status. What may be anybody's fault is raised, and the status of that is FAILED."""
    try:
        import_module(f"tests.interop.{name}_story").tell(folder)
    except OurError:
        traceback.print_exc()
        return OURS
    return 0


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["--inside"]:
        return inside(words[1], Path(words[2]))
    failed = 0
    for name in words or [name for name in STORIES if name not in BY_NAME_ONLY]:
        if lacking := peers.missing(peers.CAPTURE, STORIES[name]):
            print(f"{name}: apt-get install --no-install-recommends {' '.join(lacking)}")
            failed += 1
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="tollwire-interop-") as folder:
            ran = tell(name, Path(folder))
        failed += ran.returncode != 0
        print(f"{name}: {'as it should be' if ran.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.1f} s)", flush=True)
        print(ran.stdout + ran.stderr if ran.returncode else "", end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
