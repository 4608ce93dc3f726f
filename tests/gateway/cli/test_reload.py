"""A running gateway reads its configuration again: `tollwire reload` and SIGHUP."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from gateway.protocols.radius.codes import ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_REQUEST
from gateway.protocols.radius.packet import decode
from gateway.protocols.radius.signing import request
from tests.gateway.servers import DEADLINE_SECONDS, Gateway, environment, gateway, tollwire, until

SECRET = b"between-us"
CONFIG = """
[general]
node_id = "n"
log_level = {level}

[listen]
birpc_json = ""

[radius_agent]
enabled = true
listeners = [{{ auth_address = "127.0.0.1:0", acct_address = "" }}]
clients = [{{ id = "here", addresses = ["127.0.0.1"], secret = "{secret}" }}]

[[radius_agent.request_processors]]
id = "all"
flags = ["*none"]
request_fields = []
reply_fields = [{{ path = "*rep.*radReplyCode", value = "{code}" }}]
{more}
"""


class Site:
    """A gateway and the file that it is configured by."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "tollwire.toml"
        self.write()

    def write(self, level: int = 6, secret: str = SECRET.decode(), code: str = "AccessAccept", more: str = "") -> None:
        self.file.write_text(CONFIG.format(level=level, secret=secret, code=code, more=more))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def served(site: Site, tmp_path: Path) -> Iterator[Gateway]:
    with gateway(tmp_path / "state", "--config", str(site.file)) as served:
        until(lambda: "event=ready" in served.text(), "it is ready")
        yield served


def code(served: Gateway, number: int, seconds: float = DEADLINE_SECONDS) -> int:
    """What an Access-Request is answered; 0 for silence of so many seconds."""
    address = served.text().partition("radius=")[2].split()[0].strip('"').partition("/")[0]
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(seconds)
        link.sendto(request(ACCESS_REQUEST, number, b"\x01\x05ann", SECRET, number.to_bytes(16, "big")), (host, int(port)))
        try:
            return decode(link.recv(4096)).code
        except TimeoutError:
            return 0


def test_what_is_in_the_files_is_in_force_after_a_reload(site: Site, served: Gateway) -> None:
    server = ("--server", served.address)
    assert code(served, 1) == ACCESS_ACCEPT
    assert tollwire("reload", *server).stdout == "nothing changed; certificates and dictionaries were read again\n"
    site.write(level=5, code="AccessReject", more="[schedulers]\nenabled = false\n")
    told = "changed: general.log_level\nchanged: radius_agent.request_processors\ntakes effect at the next start: schedulers.enabled\n"
    assert tollwire("reload", *server, "--dry-run").stdout == told
    assert code(served, 2) == ACCESS_ACCEPT
    assert tollwire("reload", *server).stdout == told
    assert code(served, 3) == ACCESS_REJECT
    found = json.loads(tollwire("reload", *server, "--json").stdout)
    assert found == {"Changed": [], "NextStart": ["schedulers.enabled"]}
    site.write(secret="another", code="AccessReject")
    assert tollwire("reload", *server).returncode == 0
    assert code(served, 4, 1.0) == 0


def test_files_that_are_wrong_are_refused_with_every_fault(site: Site, served: Gateway) -> None:
    site.write(code="AccessReject", more='[general.colour]\na = 1\n[sessions]\nsession_ttl = "soon"\n')
    found = tollwire("reload", "--server", served.address)
    assert (found.returncode, found.stdout) == (1, "")
    lines = found.stderr.splitlines()
    assert lines[0] == "tollwire reload: invalid configuration:"
    assert len(lines) == 3
    assert all(line.startswith(f"{site.file}:") for line in lines[1:])
    assert code(served, 1) == ACCESS_ACCEPT
    served.process.send_signal(signal.SIGHUP)
    until(lambda: served.text().count('event="configuration not reloaded"') == 2, "both faults are in the log")
    assert code(served, 2) == ACCESS_ACCEPT
    site.write(code="AccessReject")
    served.process.send_signal(signal.SIGHUP)
    until(lambda: 'event="configuration reloaded"' in served.text(), "it says so")
    assert code(served, 3) == ACCESS_REJECT


def test_who_may_use_http_is_asked_from_the_next_request_on(site: Site, served: Gateway) -> None:
    def status() -> int:
        with suppress(HTTPError), urlopen(f"http://{served.http}/jsonrpc", b'{"method":"CoreSv1.Ping","params":[{}],"id":1}') as answer:
            return int(answer.status)
        return 401

    assert status() == 200
    site.write(more='[http]\nuse_basic_auth = true\nauth_users = { anna = "c2VjcmV0" }\n')
    told = tollwire("reload", "--server", served.address).stdout.splitlines()
    assert sorted(told) == ["changed: http.auth_users.anna", "changed: http.use_basic_auth"]
    assert status() == 401
    site.write()
    assert tollwire("reload", "--server", served.address).returncode == 0
    assert status() == 200


def told_by_systemd(served: Gateway, *words: str) -> tuple[int, str, str]:
    """What `tollwire reload` says as ExecReload of the service."""
    environ = {**environment(), "MAINPID": str(served.process.pid)}
    ran = tollwire("reload", *words, "--timeout", "30", env=environ)
    return ran.returncode, ran.stdout, ran.stderr


def test_it_is_asked_where_its_files_say_that_it_listens(site: Site, served: Gateway) -> None:
    site.write(level=5, more=f'[http]\nuse_basic_auth = false\n[listen.nowhere]\na = "{served.address}"\n')
    where = site.file.with_name("where.toml")
    where.write_text(f'[listen]\nrpc_json = "{served.address}"\n')
    found = tollwire("reload", "--config", str(where))
    assert (found.returncode, found.stdout) == (1, "")
    assert "invalid configuration" in found.stderr, "it is the gateway that reads its files"
    site.write(level=5)
    assert told_by_systemd(served, "--config", str(where)) == (0, "changed: general.log_level\n", "")
    where.write_text('[listen]\nrpc_json = ""\n')
    assert tollwire("reload", "--config", str(where)).returncode == 2
    nowhere = tollwire("reload", "--config", str(where.with_name("none")))
    assert (nowhere.returncode, "there is no such folder or file" in nowhere.stderr) == (1, True)


def test_files_that_may_hide_where_it_listens_are_told_where_nobody_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "tollwire.toml"
    broken.write_text('[listen]\nrpc_json = "127.0.0.1:1"\n[listn]\nhttp = ""\n')
    found = tollwire("reload", "--config", str(broken))
    assert (found.returncode, found.stdout) == (3, "")
    first, second = found.stderr.splitlines()
    assert first.startswith("tollwire reload: cannot reach a server at 127.0.0.1:1: ")
    assert second.startswith(f"{broken}:3")


def test_one_that_moves_is_found_where_it_was_or_gets_a_signal(site: Site, served: Gateway, tmp_path: Path) -> None:
    where = site.file.with_name("where.toml")
    where.write_text('[listen]\nrpc_json = "127.0.0.1:1"\n')
    config = ("--config", str(where))
    assert told_by_systemd(served, *config, "--server", served.address)[:2] == (
        0,
        "nothing changed; certificates and dictionaries were read again\n",
    )
    site.write(level=5)
    with gateway(tmp_path / "another") as another:  # where it is looked for there is somebody else
        where.write_text(f'[listen]\nrpc_json = "{another.address}"\n')
        status, told, _ = told_by_systemd(served, *config, "--server", another.address)
        assert (status, told.startswith(f"process {served.process.pid} was told by SIGHUP")) == (0, True)
        until(lambda: "changed=general.log_level" in served.text(), "its log says what changed")
        assert "reloaded" not in another.text()
    assert told_by_systemd(served, *config, "--dry-run")[0] == 1
    site.write(level=99)
    assert told_by_systemd(served, *config, "--server", "127.0.0.1:1")[0] == 0
    until(lambda: 'event="configuration not reloaded"' in served.text(), "its log says why not")
