"""A gateway that speaks TLS, and clients as they are: curl, openssl, our own command; certificates renewed while it runs."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.client import read_server
from tests.gateway.certificates import Authority
from tests.gateway.servers import Gateway, environment, gateway, tollwire, until

PING = '{"method":"CoreSv1.Ping","params":[{}],"id":1}\n'
PONG = '{"id":1,"result":"Pong","error":null}\n'
TOML = """
[listen]
rpc_json_tls = "127.0.0.1:0"
http_tls = "127.0.0.1:0"
[tls]
server_certificate = "{folder}/server.crt"
server_key = "{folder}/server.key"
ca_certificate = "{folder}/authority.pem"
server_policy = {policy}
[http]
use_basic_auth = true
auth_users = {{ anna = {{ file = "password" }} }}
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    found = Authority(tmp_path_factory.mktemp("tls"))
    found.sign("server")
    found.sign("client")
    (found.folder / "password").write_text("c2VjcmV0\n")
    (found.folder / "password").chmod(0o600)
    return found


def secured(authority: Authority, folder: Path, policy: int) -> Iterator[Gateway]:
    folder.mkdir(exist_ok=True)
    config = authority.folder / f"policy{policy}.toml"
    config.write_text(TOML.format(folder=authority.folder, policy=policy))
    with gateway(folder, "--config", str(config)) as served:
        until(lambda: "event=ready" in served.text(), "it is ready")
        yield served


@pytest.fixture(scope="module")
def served(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    yield from secured(authority, tmp_path_factory.mktemp("served"), 0)


def address(served: Gateway, option: str) -> str:
    found = re.search(rf" {option}=(\S+)", served.text())
    assert found is not None
    return found[1]


def run(*command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    assert shutil.which(command[0]) is not None, f"there is no {command[0]}: ./test installs it"
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)


def test_curl(authority: Authority, served: Gateway) -> None:
    url = f"https://{address(served, 'http_tls')}/jsonrpc"
    curl = ("curl", "-sS", "--noproxy", "*", "--cacert", str(authority.file), "--data-binary", PING)
    assert run(*curl, "-u", "anna:secret", url).stdout == PONG
    assert run(*curl, "-u", "anna:wrong", url).stdout == "Not authorized\n"
    assert run(*curl, "--tls-max", "1.2", "-u", "anna:secret", url).stdout == PONG
    assert run("curl", "-sS", "--noproxy", "*", url).returncode == 60  # not of an authority that the system trusts
    assert "c2VjcmV0" not in served.text()
    assert "secret" not in served.text()


def test_openssl(authority: Authority, served: Gateway) -> None:
    trusted = ("-CAfile", str(authority.file), "-verify_return_error")
    connect = ("openssl", "s_client", "-connect", address(served, "rpc_json_tls"), *trusted)
    for version in ("-tls1_2", "-tls1_3"):  # what is no JSON ends the connection, which s_client waits for
        assert run(*connect, "-quiet", version, given=PING + "end\n").stdout == PONG
    assert run(*connect, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0").returncode != 0
    assert run(*connect, "-tls1_2", "-cipher", "AES128-SHA256").returncode != 0


def test_our_own_command(authority: Authority, served: Gateway, tmp_path: Path) -> None:
    server = ("--server", address(served, "rpc_json_tls"))
    ping = ("console", "CoreSv1.Ping")
    assert tollwire(*ping, *server, "--ca", str(authority.file)).stdout == "Pong\n"
    stranger = tollwire(*ping, *server, "--tls")
    assert (stranger.returncode, stranger.stdout) == (3, "")
    assert "TLS: self-signed certificate in certificate chain" in stranger.stderr
    plain = tollwire(*ping, *server)
    assert plain.returncode == 3
    missing = tollwire(*ping, *server, "--ca", str(tmp_path / "none"))
    assert (missing.returncode, "No such file or directory" in missing.stderr) == (2, True)


def test_a_client_that_needs_a_certificate(authority: Authority, tmp_path: Path) -> None:
    for served in secured(authority, tmp_path / "state", 4):
        ping = ("console", "CoreSv1.Ping", "--server", address(served, "rpc_json_tls"), "--ca", str(authority.file))
        shown = ("--certificate", str(authority.folder / "client.crt"), "--key", str(authority.folder / "client.key"))
        assert tollwire(*ping, *shown).stdout == "Pong\n"
        assert tollwire(*ping).returncode == 3
        assert tollwire("sessions", "--json", *ping[2:], *shown).returncode == 0


def test_certificates_are_read_anew_at_a_signal(authority: Authority, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(TOML.format(folder=tmp_path, policy=0).replace("authority.pem", "own.pem"))
    own = Authority(tmp_path, "own")
    own.sign("server")
    (tmp_path / "password").write_text("c2VjcmV0")

    def serial(served: Gateway) -> object:
        link = socket.create_connection(read_server(address(served, "rpc_json_tls")), 20)
        with own.client().wrap_socket(link, server_hostname="localhost") as safe:
            found = safe.getpeercert()
            assert found is not None
            return found["serialNumber"]

    with gateway(tmp_path / "state", "--config", str(config)) as served:
        until(lambda: "event=ready" in served.text(), "it is ready")
        first = serial(served)
        (tmp_path / "server.key").write_text("broken")
        served.process.send_signal(signal.SIGHUP)
        until(lambda: "configuration not reloaded" in served.text(), "it says why not")
        assert serial(served) == first
        own.sign("server")
        served.process.send_signal(signal.SIGHUP)
        until(lambda: 'event="configuration reloaded"' in served.text(), "it says so")
        assert serial(served) != first


def test_a_certificate_that_is_none_is_named_before_anything_listens(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'[tls]\nserver_certificate = "{tmp_path}/none"\nserver_key = "{tmp_path}/none"\n')
    for command in ("check", "serve"):
        found = tollwire(command, "--config", str(config), env=environment())
        assert found.returncode == 1
        assert f"{config}:2:22: tls.server_certificate {tmp_path}/none cannot be read" in found.stdout + found.stderr
