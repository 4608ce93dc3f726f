"""One life of an installed gateway: built twice alike, installed, started, charged with, reloaded, upgraded, removed, purged."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.storage.sqlite.schema import MIGRATIONS
from tests.acceptance.test_upgrade import left_behind
from tests.gateway.servers import until
from tests.package.box import Box, at_higher_version, elapsed

FOLDER = Path(os.environ["TOLLWIRE_PACKAGES"])
SUITE = os.environ["TOLLWIRE_SUITE"]
ROOT = Path(os.environ["TOLLWIRE_ROOT"])
UNIT = "tollwire.service"
EXPOSURE = 2.0
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
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
    made = Box(ROOT, FOLDER / "box")
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


@pytest.mark.skipif(not (FOLDER / "two").exists(), reason="this one is built once")
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


# -- installed -----------------------------------------------------------------------------------------------------------


def test_it_is_installed_without_a_network(box: Box, package: Path) -> None:
    begun = time.monotonic()
    ran = box.install(package)
    print(f"installed in {elapsed(begun)}")
    token = box.path(TOKEN_FILE).read_text().strip()
    assert len(token) == 32
    assert f"root finds it in {TOKEN_FILE}" in ran.stdout
    assert box.run("grep", "-rlF", "--", token, "/var/log", "/var/cache/debconf", check=False).stdout == "", "apt keeps what it was told"
    assert modes(box, TOKEN_FILE) == ["root:root 600"]
    size = sum(path.lstat().st_size for path in box.path("/usr/lib/tollwire").rglob("*") if path.is_file() and not path.is_symlink())
    print(f"package {package.stat().st_size / 1e6:.1f} MB, in place {size / 1e6:.1f} MB with what Python compiled")
    assert box.run("systemctl", "is-enabled", UNIT).stdout.strip() == "enabled"
    assert box.run("systemctl", "is-active", UNIT, check=False).stdout.strip() == "inactive"
    assert box.shell("getent passwd tollwire").rstrip().endswith(":/var/lib/tollwire:/usr/sbin/nologin")


def modes(box: Box, *names: str) -> list[str]:
    """Who owns files, and who may do what with them."""
    return box.run("stat", "-c", "%U:%G %a", *names).stdout.splitlines()


def test_the_hardening_of_the_service(box: Box) -> None:
    unit = box.run("systemctl", "show", "--property=FragmentPath", "--value", UNIT).stdout.strip()
    ran = box.run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", ran.stdout)
    assert found is not None, ran.stdout
    assert float(found[1]) <= EXPOSURE
    verified = box.run("systemd-analyze", "verify", "--man=no", unit)
    assert [line for line in (verified.stdout + verified.stderr).splitlines() if "tollwire" in line] == []


def test_what_is_configured_is_for_root_and_the_service(box: Box) -> None:
    """A secret may stand in any file there, and files that are made by hand can be read by everybody."""
    box.shell("printf '[http.auth_users]\nanna = \"c2VjcmV0\"\n' >/etc/tollwire/conf.d/users.toml")
    assert modes(box, "/etc/tollwire", "/etc/tollwire/tollwire.toml", "/etc/tollwire/secrets") == [
        "root:tollwire 750",
        "root:tollwire 640",
        "root:tollwire 750",
    ]
    assert modes(box, "/etc/tollwire/conf.d/users.toml") == ["root:root 644"]
    for words in (["cat", "/etc/tollwire/conf.d/users.toml"], ["cat", "/etc/tollwire/tollwire.toml"], ["ls", "/etc/tollwire"]):
        assert "Permission denied" in box.run(*AS_NOBODY, *words, check=False).stderr
    for place in ("/etc/tollwire", "/etc/tollwire/tollwire.toml"):
        checked = box.run(*AS_NOBODY, "tollwire", "check", "--config", place, check=False)
        assert (checked.returncode, checked.stdout.splitlines()[0]) == (1, f"{place}: cannot be read: Permission denied")
    ours = ["setpriv", "--reuid=tollwire", "--regid=tollwire", "--init-groups"]
    assert "auth_users" in box.run(*ours, "cat", "/etc/tollwire/conf.d/users.toml").stdout
    box.path("/etc/tollwire/conf.d/users.toml").unlink()


def test_configured_again_it_changes_nothing(box: Box) -> None:
    """Nor what an operator has decided otherwise."""
    token = box.path(TOKEN_FILE).read_text()
    box.run("chmod", "0751", "/etc/tollwire")
    box.run("dpkg-statoverride", "--update", "--add", "root", "root", "0644", "/etc/tollwire/tollwire.toml")
    for _ in range(2):
        ran = box.run("dpkg-reconfigure", "--frontend=noninteractive", "tollwire")
        assert "token" not in ran.stdout
        assert modes(box, "/etc/tollwire", "/etc/tollwire/tollwire.toml") == ["root:tollwire 751", "root:root 644"]
    box.run("dpkg-statoverride", "--remove", "/etc/tollwire/tollwire.toml")
    box.shell("chmod 0750 /etc/tollwire")
    box.run("dpkg-reconfigure", "--frontend=noninteractive", "tollwire")
    assert modes(box, "/etc/tollwire/tollwire.toml") == ["root:tollwire 640"]
    assert box.path(TOKEN_FILE).read_text() == token


def test_the_installed_configuration_has_no_fault(box: Box) -> None:
    ran = box.run("tollwire", "check", "--config", "/etc/tollwire")
    assert "no faults" in ran.stdout


def test_what_neighbours_need_lies_there_as_it_was_tested(box: Box) -> None:
    tested, installed = Path(__file__).parents[2] / "dialplans", box.path("/usr/share/tollwire/dialplans")
    found = {path.relative_to(installed): path.read_bytes() for path in installed.rglob("*") if path.is_file()}
    assert found == {path.relative_to(tested): path.read_bytes() for path in tested.rglob("*") if path.is_file()}
    assert Path("kamailio/ro/kamailio.cfg") in found


def test_nobody_elses_libraries_are_looked_at(box: Box) -> None:
    of_the_machine = box.run("python3", "-c", "import site; print(site.getsitepackages()[0])").stdout.strip()
    for folder in (of_the_machine, "/usr/lib/python3/dist-packages", "/root"):
        box.path(folder).mkdir(parents=True, exist_ok=True)
        (box.path(folder) / "msgspec.py").write_text("raise SystemExit('a stranger')\n")
    ran = box.run("env", "PYTHONPATH=/root", "HOME=/root", "tollwire", "version")
    assert ran.stdout.startswith("tollwire ")
    for folder in (of_the_machine, "/usr/lib/python3/dist-packages", "/root"):
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
    def state() -> tuple[str, str]:
        told = dict(line.split("=", 1) for line in box.run("systemctl", "show", "--property=MainPID,ActiveState", UNIT).stdout.splitlines())
        return told["MainPID"], told["ActiveState"]

    before, active = state()
    assert active == "active"
    box.run("systemctl", "kill", "--signal=KILL", UNIT)
    until(lambda: state()[0] not in ("0", before) and state()[1] == "active", "another one was started", 120)


def test_it_is_restarted_as_often_as_one_likes(box: Box) -> None:
    for _ in range(7):
        box.run("systemctl", "restart", UNIT)
    assert box.run("systemctl", "is-active", UNIT).stdout.strip() == "active"


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


def test_a_reload_finds_a_gateway_whose_address_was_moved(box: Box) -> None:
    """A listener is taken at the next start: until then the gateway is where it was, and after that where its files say."""
    moved = box.path("/etc/tollwire/conf.d/zz-moved.toml")
    moved.write_text('[listen]\nrpc_json = "127.0.0.1:3012"\n')
    box.run("systemctl", "reload", UNIT)
    assert "takes effect at the next start: listen.rpc_json" in box.journal()
    assert box.run("tollwire", "console", "CoreSv1.Ping").stdout.strip() == "Pong"
    box.run("systemctl", "restart", UNIT)
    moved.write_text('[general]\nlog_level = 5\n[listen]\nrpc_json = "127.0.0.1:3012"\n')
    box.run("systemctl", "reload", UNIT)
    assert "changed: general.log_level" in said_since(box, "takes effect")
    assert box.run("tollwire", "reload", "--config", "/etc/tollwire").stdout.startswith("nothing changed")
    moved.write_text('[listen]\nrpc_json = "127.0.0.1:4012"\n')  # neither there nor where it is by itself
    box.run("systemctl", "reload", UNIT)
    assert "was told by SIGHUP" in box.journal()
    until(lambda: 'event="configuration reloaded"' in box.journal(), "the journal says what came of it")
    moved.write_text('[listen]\nrpc_json = "127.0.0.1:4012"\n[general]\ncolour = "red"\n')
    box.run("systemctl", "reload", UNIT)
    until(lambda: "zz-moved.toml:4" in box.journal(), "the journal names the fault")
    moved.unlink()
    box.run("systemctl", "restart", UNIT)


def said_since(box: Box, text: str) -> str:
    """What the journal has after the last of such lines."""
    return box.journal().rpartition(text)[2]


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
        assert "token" not in ran.stdout
        assert peer.stdout.readline() == "back 2001\n"
        print(f"upgraded, and the peer back, in {elapsed(begun)}")
        assert peer.stdout.read() == "ended 2001\n"
        assert peer.wait(60) == 0
    assert box.run("systemctl", "is-active", UNIT).stdout.strip() == "active"
    assert 'shutdown_timeout = "2s"' in edited.read_text()
    assert [path.name for path in edited.parent.glob("*.dpkg-*")] == []
    assert box.path(TOKEN_FILE).read_text() == token
    records = [json.loads(line) for line in box.run("tollwire", "cdrs", "--json").stdout.splitlines()]
    assert [record["OriginID"] for record in records][1:] == ["pgw.upgrade.test;1;2"]
    assert box.run("tollwire", "console", "--json", "APIerSv2.GetAccount", "Account=1001").stdout != account


def test_an_upgrade_takes_the_state_of_an_earlier_version(box: Box, package: Path, tmp_path: Path) -> None:
    """Between the files of the new version and its start there lies what the gateway of another day left: with its first schema."""
    before = box.run("tollwire", "cdrs", "--json").stdout
    box.run("dpkg", "--unpack", f"/srv/{package.name}")
    assert box.run("systemctl", "is-active", UNIT, check=False).stdout.strip() == "inactive"
    box.shell("mv /var/lib/tollwire/default /var/lib/tollwire/kept")
    left = left_behind(1, tmp_path)
    shutil.copytree(left, box.path("/var/lib/tollwire/default"))
    box.shell("chown -R tollwire:tollwire /var/lib/tollwire/default && chmod 700 /var/lib/tollwire/default")
    box.run("dpkg", "--configure", "tollwire")
    assert box.run("systemctl", "is-active", UNIT).stdout.strip() == "active"
    with closing(sqlite3.connect(box.path("/var/lib/tollwire/default/tollwire.db"))) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    opened = json.loads(box.run("tollwire", "sessions", "--json", "--tenant", "old.example").stdout.splitlines()[0])
    assert opened["OriginID"] == "open"
    account = json.loads(box.run("tollwire", "console", "--json", "APIerSv2.GetAccount", "Tenant=old.example", "Account=a1").stdout)
    assert [one["Value"] for one in account["BalanceMap"]["*monetary"]] == [99.1]
    assert box.run("tollwire", "verify", "--config", "/etc/tollwire").returncode == 0
    box.shell(f"systemctl stop {UNIT} && cd /var/lib/tollwire && rm -r default && mv kept default && systemctl start {UNIT}")
    assert box.run("tollwire", "cdrs", "--json").stdout == before


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


def test_purged_it_leaves_nothing(box: Box, package: Path) -> None:
    box.run("apt-get", "-y", "purge", "tollwire")
    for name in ("data", "sms", "tollwire", "voice"):  # what was copied there by hand is the operator's
        box.path(f"/etc/tollwire/conf.d/{name}.toml").unlink(missing_ok=True)
    shutil.rmtree(box.path("/etc/tollwire/conf.d"), ignore_errors=True)
    box.shell("rmdir /etc/tollwire 2>/dev/null || true")
    assert [name for name in LEFT_BEHIND if box.path(name).exists()] == []
    look = "find / -xdev -name '*tollwire*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/var/log/*'"
    left = box.shell(look, check=False).splitlines()  # find ends with 1 where what others do in the box goes while it looks
    assert f"/srv/{package.name}" in left, "it finds what is there"
    assert [name for name in left if not name.startswith(("/srv/", "/var/cache/apt/", "/tmp/"))] == []
    assert box.shell("systemctl list-unit-files --no-legend 'tollwire*' || true") == ""
    assert box.run("dpkg-query", "-W", "tollwire", check=False).returncode != 0


def test_installed_after_the_purge_it_is_as_new(box: Box, package: Path) -> None:
    """Where systemd is not running, too: in a root that is made to be a machine later."""
    box.path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
    chroot = ["unshare", "--mount", "chroot", "/"]
    words = f"mount -t tmpfs none /run; exec dpkg --install /srv/{package.name}"
    ran = box.run(*chroot, "sh", "-c", words)
    assert "systemctl start tollwire" in ran.stdout
    assert modes(box, "/etc/tollwire", TOKEN_FILE) == ["root:tollwire 750", "root:root 600"]
    assert box.shell("tollwire check --config /etc/tollwire").rstrip().endswith("no faults")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", UNIT)
    assert box.run("tollwire", "console", "CoreSv1.Ping").stdout.strip() == "Pong"
    box.run("apt-get", "-y", "purge", "tollwire")
    assert [name for name in LEFT_BEHIND if box.path(name).exists()] == []
