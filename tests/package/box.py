"""A machine with a clean Debian: its own systemd, users, services and packages, and no network but its loopback (systemd-nspawn)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.gateway.servers import ROOT, until

BOOT_SECONDS: Final = 300.0
END_SECONDS: Final = 60.0
STATES: Final = ("running", "degraded")


class Box:
    """Made of a copy of a root, started; `end` stops and removes it."""

    def __init__(self, root: Path, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.root = folder / "root"
        subprocess.run(["cp", "-a", str(root), str(self.root)], check=True)
        words = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe", "--boot"]
        self._log = folder / "boot.log"
        with self._log.open("wb") as log:
            self._nspawn = subprocess.Popen(
                [*words, "-D", str(self.root)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            until(self._is_up, f"the box is up; see {self._log}", BOOT_SECONDS)
        except BaseException:
            self.end()
            raise

    def _is_up(self) -> bool:
        self.pid = self._init()  # the first child makes the one that stays, and goes
        return self._is_inside() and self.run("systemctl", "is-system-running", check=False).stdout.strip() in STATES

    def _is_inside(self) -> bool:
        """Whether there is a process of the box, in its own namespaces already: a command must never end up on the machine itself."""
        try:
            return self.pid > 0 and os.readlink(f"/proc/{self.pid}/ns/pid") != os.readlink("/proc/self/ns/pid")
        except FileNotFoundError:
            return False

    def _init(self) -> int:
        assert self._nspawn.poll() is None, self._log.read_text(errors="replace")
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def words(self, *words: str) -> list[str]:
        """A command line that runs another one inside."""
        return [
            "nsenter",
            "--target",
            str(self.pid),
            "--all",
            "--",
            "env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL=C.UTF-8",
            *words,
        ]

    def run(self, *words: str, check: bool = True, text: str = "", seconds: float = 300.0) -> subprocess.CompletedProcess[str]:
        """One command inside, to its end."""
        ran = subprocess.run(self.words(*words), input=text, capture_output=True, text=True, timeout=seconds, check=False, cwd="/")
        assert not check or ran.returncode == 0, f"{' '.join(words)}: {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran

    def shell(self, script: str, *, check: bool = True) -> str:
        """What a script says inside."""
        return self.run("sh", "-c", script, check=check).stdout

    def beside(self, module: str, *words: str) -> subprocess.Popen[str]:
        """A module of ours, run by this Python outside of the box, in its network."""
        command = ["nsenter", "--target", str(self.pid), "--net", "--", sys.executable, "-m", module, *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)

    def path(self, name: str) -> Path:
        """A file of the box, from outside."""
        return self.root / name.removeprefix("/")

    def install(self, package: Path) -> subprocess.CompletedProcess[str]:
        """Installs a package from a file, and what it depends on from the files that apt has."""
        self.path("/srv").mkdir(exist_ok=True)
        shutil.copy(package, self.path("/srv") / package.name)
        words = (
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-y",
            "--no-install-recommends",
            "-o",
            "APT::Keep-Downloaded-Packages=true",
        )
        return self.run(*words, "install", f"/srv/{package.name}")

    def journal(self) -> str:
        """What the service has said so far: journald is told to take all of it in first, which it else does when it gets to it."""
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--unit=tollwire", "--output=cat", "--no-pager").stdout

    def end(self) -> None:
        """Switches it off and removes it."""
        if self._nspawn.poll() is None:
            self._nspawn.terminate()
            try:
                self._nspawn.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._nspawn.pid, signal.SIGKILL)
                self._nspawn.wait(END_SECONDS)
        shutil.rmtree(self.root, ignore_errors=True)


def at_higher_version(package: Path, folder: Path) -> Path:
    """The same package as an upgrade of itself."""
    tree = folder / "upgrade"
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(tree)], check=True)
    control = tree / "DEBIAN" / "control"
    lines = control.read_text().splitlines()
    control.write_text("\n".join(f"{line}+1" if line.startswith("Version: ") else line for line in lines) + "\n")
    made = folder / "tollwire-upgrade.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(made)], check=True, stdout=subprocess.DEVNULL)
    return made


def elapsed(begun: float) -> str:
    """Seconds since, for people."""
    return f"{time.monotonic() - begun:.2f} s"
