"""One life of an installed gateway: built twice alike, installed, started, charged with, reloaded, upgraded, removed, purged."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.servers import until
from tests.package.box import Box, at_higher_version, elapsed

FOLDER = Path(os.environ["TOLLWIRE_PACKAGES"])
SUITE = "bookworm"
UNIT = "tollwire.service"
EXPOSURE = 2.0
OUTSIDE = "192.0.2.1"  # an address of the box that is not loopback
EXAMPLES = "/usr/share/doc/tollwire/examples"
TOKEN_FILE = "/etc/tollwire/secrets/http-token"
LEFT_BEHIND = ("/etc/tollwire", "/var/lib/tollwire", "/var/spool/tollwire", "/usr/lib/tollwire", "/usr/share/tollwire", "/usr/bin/tollwire")


def built(name: str) -> Path:
    [package] = (FOLDER / name).glob("tollwire_*.deb")
    return package


@pytest.fixture(scope="module")
def package() -> Path:
    return built("one")


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    made = Box(FOLDER / f"root-{SUITE}", FOLDER / "box")
    try:
        subprocess.run(["nsenter", "--target", str(made.pid), "--net", "ip", "address", "add", f"{OUTSIDE}/32", "dev", "lo"], check=True)
        yield made
    finally:
        made.end()


def contents(package: Path, folder: Path) -> dict[str, str]:
    """What is in a package: type, mode and digest of every file."""
    archive = folder / "data.tar"
    with archive.open("wb") as file:
        subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=file, check=True)
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            data = tar.extractfile(member) if member.isreg() else None
            digest = hashlib.sha256(data.read()).hexdigest() if data else member.linkname
            found[member.name] = f"{member.type!r} {member.mode:o} {member.uname} {member.mtime} {digest}"
    return found


# -- what was built ------------------------------------------------------------------------------------------------------


def test_two_builds_in_different_places_are_alike(package: Path, tmp_path: Path) -> None:
    one, two = contents(package, tmp_path), contents(built("two/of-them"), tmp_path)
    assert {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)} == set()
    assert hashlib.sha256(package.read_bytes()).digest() == hashlib.sha256(built("two/of-them").read_bytes()).digest()


def test_lintian_finds_no_error(package: Path) -> None:
    ran = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error", "--tag-display-limit", "0", str(package)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    print(ran.stdout)


def test_every_override_is_explained() -> None:
    lines = (Path(__file__).parents[2] / "debian" / "tollwire.lintian-overrides").read_text().splitlines()
    assert lines[0].startswith("#")
    assert all(line.startswith(("#", "tollwire: ")) for line in lines)


def test_nothing_of_the_machine_that_built_it_is_in_it(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--extract", str(package), str(tmp_path)], check=True)
    ran = subprocess.run(["grep", "-rlF", str(FOLDER), str(tmp_path)], capture_output=True, text=True, check=False)
    assert ran.stdout == ""


def test_the_hardening_of_the_service() -> None:
    unit = Path(__file__).parents[2] / "debian" / UNIT.replace(".service", ".service")
    ran = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)], capture_output=True, text=True, check=True
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", ran.stdout)
    assert found is not None, ran.stdout
    assert float(found[1]) <= EXPOSURE


# -- installed -----------------------------------------------------------------------------------------------------------


def test_it_is_installed_without_a_network(box: Box, package: Path) -> None:
    begun = time.monotonic()
    ran = box.install(package)
    print(f"installed in {elapsed(begun)}")
    told = re.findall(r"not shown again:\n(\S+)\n", ran.stdout)
    assert told == [box.path(TOKEN_FILE).read_text().strip()]
    assert len(told[0]) == 32
    assert box.path(TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    assert box.path(TOKEN_FILE).stat().st_uid == 0
    size = sum(path.lstat().st_size for path in box.path("/usr/lib/tollwire").rglob("*") if path.is_file() and not path.is_symlink())
    print(f"package {package.stat().st_size / 1e6:.1f} MB, in place {size / 1e6:.1f} MB with what Python compiled")
    assert box.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"
    assert box.run("systemctl", "is-active", UNIT, check=False).stdout.strip() == "inactive"
    assert box.shell("getent passwd tollwire").rstrip().endswith(":/var/lib/tollwire:/usr/sbin/nologin")


def test_the_installed_configuration_has_no_fault(box: Box) -> None:
    ran = box.run("tollwire", "check", "--config", "/etc/tollwire")
    assert "no faults" in ran.stdout


def test_nobody_elses_libraries_are_looked_at(box: Box) -> None:
    for folder in ("/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages", "/root"):
        box.path(folder).mkdir(parents=True, exist_ok=True)
        (box.path(folder) / "msgspec.py").write_text("raise SystemExit('a stranger')\n")
    ran = box.run("env", "PYTHONPATH=/root", "HOME=/root", "tollwire", "version")
    assert ran.stdout.startswith("tollwire ")
    for folder in ("/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages", "/root"):
        (box.path(folder) / "msgspec.py").unlink()


def test_it_starts_as_its_own_user_and_answers(box: Box) -> None:
    box.shell(f"cp {EXAMPLES}/config/diameter/*.toml /etc/tollwire/conf.d/")
    begun = time.monotonic()
    box.run("systemctl", "start", UNIT)
    status = json.loads(box.run("tollwire", "console", "--json", "CoreSv1.Status").stdout)
    print(f"started and answered in {elapsed(begun)}")
    pid = box.run("systemctl", "show", "--property=MainPID", "--value", UNIT).stdout.strip()
    assert str(status["pid"]) == pid
    assert box.shell(f"stat -c %U /proc/{pid}").strip() == "tollwire"
    assert "CapEff:\t0000000000000000" in box.shell(f"cat /proc/{pid}/status")
    assert "NoNewPrivs:\t1" in box.shell(f"cat /proc/{pid}/status")
    assert box.shell("stat -c '%U %a' /var/lib/tollwire/default/tollwire.db").strip() == "tollwire 600"
    assert "event=ready" in box.journal()
    assert "mypyc" in box.shell(f"cat /proc/{pid}/maps"), "the compiled modules are in use"


def test_it_charges_over_diameter(box: Box) -> None:
    box.run("tollwire", "load", "/usr/share/tollwire/tariffplans/diameter")
    box.run("tollwire", "diameter", "send", "--file", f"{EXAMPLES}/requests/diameter/data.toml")
    records = [json.loads(line) for line in box.run("tollwire", "cdrs", "--json").stdout.splitlines()]
    assert [record["Account"] for record in records] == ["1001"]
    assert box.run("tollwire", "verify", "--config", "/etc/tollwire").returncode == 0


def http(box: Box, address: str, *headers: str) -> int:
    """The status of a call by HTTP, by Python alone: the box has no client."""
    script = (
        "import sys, urllib.request, urllib.error\n"
        "headers = dict(line.split(': ') for line in sys.argv[2:])\n"
        'body = b\'{"method": "CoreSv1.Status", "params": [{}], "id": 1}\'\n'
        "try: print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], body, headers)).status)\n"
        "except urllib.error.HTTPError as error: print(error.code)\n"
    )
    return int(box.run("python3", "-c", script, f"http://{address}/jsonrpc", *headers).stdout)


def test_http_asks_for_the_token_on_every_address_but_loopback(box: Box) -> None:
    box.path("/etc/tollwire/conf.d/http.toml").write_text('[listen]\nhttp = ":2080"\n')
    box.run("systemctl", "restart", UNIT)
    token = box.path(TOKEN_FILE).read_text().strip()
    assert http(box, "127.0.0.1:2080") == 200
    assert http(box, f"{OUTSIDE}:2080") == 401
    assert http(box, f"{OUTSIDE}:2080", "Authorization: Bearer no") == 401
    assert http(box, f"{OUTSIDE}:2080", f"Authorization: Bearer {token}") == 200
    assert token not in box.journal()
    box.path("/etc/tollwire/conf.d/http.toml").unlink()


def test_low_ports_by_the_sample_drop_in(box: Box) -> None:
    folder = "/etc/systemd/system/tollwire.service.d"
    box.path("/etc/tollwire/conf.d/low.toml").write_text('[listen]\nhttp = "127.0.0.1:80"\n')
    assert box.run("systemctl", "restart", UNIT, check=False).returncode != 0
    assert "Permission denied" in box.journal()
    box.shell(f"mkdir -p {folder} && cp {EXAMPLES}/systemd/low-ports.conf {folder}/ && systemctl daemon-reload && systemctl reset-failed")
    box.run("systemctl", "restart", UNIT)
    assert http(box, "127.0.0.1:80") == 200
    box.path("/etc/tollwire/conf.d/low.toml").unlink()
    box.shell(f"rm -r {folder} && systemctl daemon-reload && systemctl restart {UNIT}")


def test_a_service_that_is_killed_comes_back(box: Box) -> None:
    before = box.run("systemctl", "show", "--property=MainPID", "--value", UNIT).stdout
    box.run("systemctl", "kill", "--signal=KILL", UNIT)
    until(lambda: box.run("systemctl", "is-active", UNIT, check=False).stdout.strip() == "active", "it is started again")
    assert box.run("systemctl", "show", "--property=MainPID", "--value", UNIT).stdout != before


def test_a_reload_swaps_what_is_right_and_refuses_what_is_wrong(box: Box) -> None:
    changed = box.path("/etc/tollwire/conf.d/zz-changed.toml")
    pid = box.run("systemctl", "show", "--property=MainPID", "--value", UNIT).stdout
    changed.write_text("[general]\nlog_level = 7\nrounding_decimals = 4\n")
    box.run("systemctl", "reload", UNIT)
    assert "changed: general.log_level" in box.journal()
    assert "takes effect at the next start: general.rounding_decimals" in box.journal()
    changed.write_text('[general]\nlog_level = 9\ncolour = "red"\n')
    assert box.run("systemctl", "reload", UNIT, check=False).returncode != 0, "systemctl says that it was refused"
    assert "zz-changed.toml:2" in box.journal()
    assert "zz-changed.toml:3" in box.journal()
    assert box.run("systemctl", "is-active", UNIT).stdout.strip() == "active"
    assert box.run("systemctl", "show", "--property=MainPID", "--value", UNIT).stdout == pid
    changed.unlink()


# -- upgraded, removed, purged -------------------------------------------------------------------------------------------


def test_an_upgrade_keeps_configuration_state_and_open_sessions(box: Box, package: Path, tmp_path: Path) -> None:
    edited = box.path("/etc/tollwire/tollwire.toml")
    edited.write_text(edited.read_text().replace('#shutdown_timeout = "1s"', 'shutdown_timeout = "2s"'))
    box.run("systemctl", "restart", UNIT)
    token = box.path(TOKEN_FILE).read_text()
    account = box.run("tollwire", "console", "--json", "APIerSv2.GetAccount", "Account=1001").stdout
    with box.beside("tests.package.peer") as peer:
        assert peer.stdout is not None
        assert peer.stdout.readline() == "granted\n"
        upgrade = at_higher_version(package, tmp_path)
        begun = time.monotonic()
        ran = box.install(upgrade)
        assert peer.stdout.readline() == "farewell 0\n", "DPR: REBOOTING"
        assert "not shown again" not in ran.stdout
        assert peer.stdout.readline() == "back 2001\n"
        print(f"upgraded, and the peer back, in {elapsed(begun)}")
        assert peer.stdout.read() == "ended 2001\n"
        assert peer.wait(30) == 0
    assert box.run("systemctl", "is-active", UNIT).stdout.strip() == "active"
    assert 'shutdown_timeout = "2s"' in edited.read_text()
    assert [path.name for path in edited.parent.glob("*.dpkg-*")] == []
    assert box.path(TOKEN_FILE).read_text() == token
    records = [json.loads(line) for line in box.run("tollwire", "cdrs", "--json").stdout.splitlines()]
    assert [record["OriginID"] for record in records][1:] == ["pgw.upgrade.test;1;2"]
    assert box.run("tollwire", "console", "--json", "APIerSv2.GetAccount", "Account=1001").stdout != account


def test_removed_it_leaves_configuration_and_state(box: Box) -> None:
    box.run("apt-get", "-y", "remove", "tollwire")
    assert not box.path("/usr/bin/tollwire").exists()
    assert not box.path("/usr/lib/tollwire").exists()
    assert box.path("/var/lib/tollwire/default/tollwire.db").exists()
    assert 'shutdown_timeout = "2s"' in box.path("/etc/tollwire/tollwire.toml").read_text()
    assert box.path(TOKEN_FILE).exists()
    assert box.shell("pgrep -f 'tollwire serve' || true") == ""


def test_installed_again_it_goes_on(box: Box, package: Path) -> None:
    box.install(package)
    box.run("systemctl", "start", UNIT)
    assert len(box.run("tollwire", "cdrs", "--json").stdout.splitlines()) == 2


def test_it_answers_radclient_with_a_secret_that_systemd_hands_over(box: Box) -> None:
    folder = "/etc/systemd/system/tollwire.service.d"
    box.shell(f"rm /etc/tollwire/conf.d/*.toml && cp {EXAMPLES}/config/radius/*.toml /etc/tollwire/conf.d/")
    box.shell("umask 077 && printf 'of-the-nas\n' >/etc/tollwire/secrets/nas-edge")
    settings = box.path("/etc/tollwire/conf.d/tollwire.toml")
    settings.write_text(settings.read_text().replace('"*env:RADIUS_SECRET"', '{ credential = "nas-edge" }'))
    box.shell(f"mkdir -p {folder} && cp {EXAMPLES}/systemd/credentials.conf {folder}/ && systemctl daemon-reload")
    box.run("systemctl", "restart", UNIT)
    box.run("tollwire", "load", "/usr/share/tollwire/tariffplans/radius")
    box.run(
        "tollwire", "radius", "send", "--secret-file", "/etc/tollwire/secrets/nas-edge", "--file", f"{EXAMPLES}/requests/radius/data.toml"
    )
    begun = {"Acct-Status-Type": "Start", "User-Name": "1001", "Service-Type": "Framed-User", "NAS-IP-Address": "192.0.2.10"}
    told = ", ".join(f'{name} = "{value}"' for name, value in {**begun, "NAS-Port": 9, "Acct-Session-Id": "81800009"}.items())
    radclient = ["nsenter", "--target", str(box.pid), "--net", "radclient", "-x", "127.0.0.1:1813", "acct"]
    ran = subprocess.run([*radclient, "of-the-nas"], input=told, capture_output=True, text=True, check=False)
    assert "Received Accounting-Response" in ran.stdout, ran.stdout + ran.stderr
    assert "81800009" in box.run("tollwire", "sessions", "--json").stdout
    refused = subprocess.run([*radclient, "-r", "1", "-t", "1", "no-secret"], input=told, capture_output=True, text=True, check=False)
    assert "Received" not in refused.stdout
    assert "of-the-nas" not in box.journal()
    box.shell(f"rm -r {folder} && systemctl daemon-reload && systemctl stop {UNIT}")


def test_purged_it_leaves_nothing(box: Box) -> None:
    box.run("apt-get", "-y", "purge", "tollwire")
    for name in ("data", "sms", "tollwire", "voice"):  # what was copied there by hand is the operator's
        box.path(f"/etc/tollwire/conf.d/{name}.toml").unlink(missing_ok=True)
    shutil.rmtree(box.path("/etc/tollwire/conf.d"), ignore_errors=True)
    box.shell("rmdir /etc/tollwire 2>/dev/null || true")
    assert [name for name in LEFT_BEHIND if box.path(name).exists()] == []
    assert box.shell("systemctl list-unit-files --no-legend 'tollwire*' || true") == ""
