"""What dpkg runs, with programs of the machine in whose place others stand: a gateway that ran goes on, whatever becomes of an upgrade."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

DEBIAN = Path(__file__).parents[2] / "debian"
SYSTEMCTL = """
echo "systemctl $*" >>{place}/said
case "$*" in
    *is-active*) cat {place}/state; [ "$(cat {place}/state)" = active ] ;;
    *start*) echo active >{place}/state ;;
esac
"""
INVOKE = """
echo "deb-systemd-invoke $*" >>{place}/said
[ -e {place}/policy ] || echo inactive >{place}/state
"""
STAT = """exec /usr/bin/stat -c "$(echo "$2" | sed s/%U:%G/root:root/)" "$3"\n"""


class Machine:
    """A folder in whose etc and run the scripts work, and what they said to systemd."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.secrets = place / "etc/tollwire/secrets"
        for folder in ("bin", "etc/tollwire", "run/systemd/system"):
            (place / folder).mkdir(parents=True)
        stand_ins = {"systemctl": SYSTEMCTL, "deb-systemd-invoke": INVOKE, "chown": "", "stat": STAT, "dpkg-statoverride": "exit 1"}
        for name, script in stand_ins.items():
            program = place / "bin" / name
            program.write_text("#!/bin/sh\n" + script.replace("{place}", str(place)))
            program.chmod(0o755)
        self.is_now("inactive")

    def is_now(self, state: str) -> None:
        (self.place / "state").write_text(f"{state}\n")

    @property
    def state(self) -> str:
        return (self.place / "state").read_text().strip()

    def run(self, script: str, *words: str) -> str:
        """What a script of ours prints; the parts that debhelper adds are left out."""
        text = (DEBIAN / f"tollwire.{script}").read_text()
        for folder in ("/run/", "/etc/tollwire"):
            text = text.replace(folder, f"{self.place}{folder}")
        environment = {"PATH": f"{self.place}/bin:{os.environ['PATH']}"}
        return subprocess.run(["sh", "-c", text, script, *words], env=environment, capture_output=True, text=True, check=True).stdout

    def said(self) -> list[str]:
        return (self.place / "said").read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("state", ["active", "activating", "reloading"])
@pytest.mark.parametrize("how", [("upgrade", "2"), ("deconfigure", "in-favour", "x", "1")])
@pytest.mark.parametrize("after", [("configure", "1"), ("abort-upgrade", "2"), ("abort-deconfigure", "in-favour", "x", "1")])
def test_what_ran_goes_on(machine: Machine, state: str, how: tuple[str, ...], after: tuple[str, ...]) -> None:
    machine.is_now(state)
    machine.run("prerm", *how)
    assert machine.state == "inactive"
    machine.run("postinst", *after)
    assert machine.state == "active"
    assert [words for words in machine.said() if "reload" in words or "start" in words] == [
        "systemctl --system daemon-reload",
        "systemctl --quiet start tollwire.service",
    ], "a unit that changed is read before"


@pytest.mark.parametrize("state", ["inactive", "failed"])
def test_what_did_not_run_stays_down(machine: Machine, state: str) -> None:
    machine.is_now(state)
    machine.run("prerm", "upgrade", "2")
    machine.run("postinst", "configure", "1")
    assert machine.state == "inactive"


def test_what_was_removed_does_not_start_with_the_next_installation(machine: Machine) -> None:
    for how in ("deconfigure", "remove"):
        machine.is_now("active")
        machine.run("prerm", how)
    machine.run("postrm", "remove")
    assert "systemctl start tollwire" in machine.run("postinst", "configure", "")
    assert machine.state == "inactive"


def test_what_the_policy_keeps_running_is_left_alone(machine: Machine) -> None:
    (machine.place / "policy").touch()
    machine.is_now("active")
    machine.run("prerm", "upgrade", "2")
    machine.run("postinst", "configure", "1")
    assert not any(words.endswith("--quiet start tollwire.service") for words in machine.said())


def test_secrets_are_for_root_and_the_service(machine: Machine) -> None:
    machine.secrets.mkdir(mode=0o755)
    settings = machine.secrets.with_name("tollwire.toml")
    settings.touch(0o644)
    machine.secrets.parent.chmod(0o755)
    told = machine.run("postinst", "configure", "")
    token = machine.secrets / "http-token"
    looked_at = (machine.secrets.parent, settings, machine.secrets, token)
    assert [stat.S_IMODE(path.stat().st_mode) for path in looked_at] == [0o750, 0o640, 0o750, 0o600]
    before = token.read_text()
    assert len(before.strip()) == 32
    assert before.strip() not in told, "apt keeps what it is told"
    assert str(token) in told
    settings.chmod(0o600)
    machine.secrets.chmod(0o700)
    assert "token" not in machine.run("postinst", "configure", "1")
    assert [stat.S_IMODE(path.stat().st_mode) for path in looked_at] == [0o750, 0o600, 0o700, 0o600], "as somebody has decided"
    assert token.read_text() == before
