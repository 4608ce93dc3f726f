"""The files of dialplans/ as they lie: none has a secret, what is without one does not start, and the manual names each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop import peers
from tests.interop.world import DIALPLANS, laid

FILES = sorted(path for path in DIALPLANS.rglob("*") if path.is_file())
NAMES = [path.relative_to(DIALPLANS).as_posix() for path in FILES]
PAGE = (DIALPLANS.parent / "docs" / "dialplans.md").read_text()
# `secret = word`, but for a variable, and for the word that RFC 6614 gives to everybody
SECRET = re.compile(r"^[^#\n]*secret\w*[ \t]*=[ \t]*(?!\$\{|radsec$)[^ \t\n]", re.M | re.I)


def secrets(text: str) -> list[str]:
    """The lines that give a secret."""
    return [found[0] for found in SECRET.finditer(text)]


def test_there_are_files_for_every_neighbour_of_the_manual() -> None:
    rows = re.findall(r"^\| `([a-z/]+)` \|", PAGE, re.M)
    assert sorted({name.rpartition("/")[0] for name in NAMES}) == sorted(rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_where_it_goes_and_has_no_secret(name: str) -> None:
    text = (DIALPLANS / name).read_text()
    assert secrets(text) == []
    assert "@" not in re.sub(r'32260@3gpp|"@"', "", text), "nothing is left to be filled in by a test"
    assert name.startswith("freeradius/") or re.search(r"[Gg]oes to /etc/|goes to /etc/", text), "an operator reads where it goes"


def test_a_secret_is_seen() -> None:
    assert secrets("\tsecret = s3cret\n") == ["\tsecret = s"]
    assert secrets("acct_server_shared_secret=x\nauth_secret = ${from_elsewhere}\n#secret = none\nsecret=\n") == [
        "acct_server_shared_secret=x"
    ]


def said(*words: str | Path) -> tuple[int, str]:
    """Exit status of a program that ends by itself, and all that it said."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    command = [shutil.which(str(words[0]), path=path) or str(words[0]), *map(str, words[1:])]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def needs(program: str) -> pytest.MarkDecorator:
    """Skips where a program is not there."""
    return pytest.mark.skipif(not peers.there(program), reason=f"{program} is not installed")


@pytest.mark.slow
@needs("kamailio")
@pytest.mark.parametrize(("folder", "modules"), [("ro", "ims_charging"), ("radius", "acc_radius")])
def test_kamailio_takes_its_files_as_they_lie_and_what_a_site_says_beside_them(folder: str, modules: str, tmp_path: Path) -> None:
    if not peers.there(f"/usr/lib/*/kamailio/modules/{modules}.so"):
        pytest.skip(f"Kamailio's module {modules} is not installed")
    status, text = said("kamailio", "-c", "-f", DIALPLANS / "kamailio" / folder / "kamailio.cfg")
    assert (status, "config file ok" in text, "]:5060" in text) == (0, True, True), text
    beside = laid(f"kamailio/{folder}/kamailio.cfg", tmp_path / "kamailio.cfg")
    (tmp_path / "tollwire-local.cfg").write_text("#!define LISTEN udp:127.0.0.1:5099\n")
    status, text = said("kamailio", "-c", "-f", beside)
    assert (status, "]:5099" in text, "]:5060" in text) == (0, True, False), text


@pytest.mark.slow
@needs("freeradius")
def test_freeradius_does_not_start_before_there_are_secrets(tmp_path: Path) -> None:
    changes = {"confdir = /etc/freeradius/tollwire\n": f"confdir = {tmp_path}\n", "\tuser = freerad\n\tgroup = freerad\n": ""}
    laid("freeradius/radiusd.conf", tmp_path / "radiusd.conf", changes)
    for name in ("dictionary", "gateway-udp.conf", "gateway-radsec.conf"):
        laid(f"freeradius/{name}", tmp_path / name)
    check = ("freeradius", "-d", tmp_path, "-n", "radiusd", "-C", "-X")
    status, text = said(*check)
    assert (status, "secrets.conf" in text) == (1, True), text
    (tmp_path / "secrets.conf").write_text("nas_secret = one\n")
    status, text = said(*check)
    assert (status, "gateway_secret" in text) == (1, True), text
    (tmp_path / "secrets.conf").write_text("nas_secret = one\ngateway_secret = two\n")
    status, text = said(*check)
    assert (status, "Configuration appears to be OK" in text, "Ignoring " in text) == (0, True, False), text


@pytest.mark.slow
@needs("hostapd")
def test_hostapd_does_not_start_before_there_are_secrets() -> None:
    status, text = said("hostapd", DIALPLANS / "hostapd" / "hostapd.conf")
    assert status != 0
    assert text.count("empty shared secret is not allowed") == 2, text
    assert "invalid DAS client" in text, text
