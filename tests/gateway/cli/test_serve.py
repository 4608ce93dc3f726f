"""The life of the process: starts quickly, frees its ports at once, keeps its state to itself, says in one line why it does not start."""

from __future__ import annotations

import os
import resource
import signal
import socket
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from gateway.cli.client import read_server
from gateway.cli.limits import OPEN_FILES
from tests.gateway.servers import DEADLINE_SECONDS, environment, gateway, tollwire, until

GENEROUS_CPU_SECONDS = 5.0  # until the first answer; the promise is 1.5 by the clock: tests/perf/startup.py measures it on a quiet machine


def is_free(address: str) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(read_server(address)) != 0


def test_it_answers_soon_after_exec(tmp_path: Path) -> None:
    with gateway(tmp_path) as served:
        status = served.call("CoreSv1.Status", {})
        assert isinstance(status, dict)
        assert status["pid"] == served.process.pid
        assert cpu_seconds(served.process.pid) < GENEROUS_CPU_SECONDS


def cpu_seconds(pid: int) -> float:
    """What a process has taken of the processor, which is the same when others take the rest (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_frees_every_port_at_once_and_ends_with_0(tmp_path: Path, number: int) -> None:
    with gateway(tmp_path, "--set", "cores.shutdown_timeout=10m") as served, served.client() as idle:
        assert idle.call("CoreSv1.Ping", {}) == "Pong"
        until(lambda: "event=ready" in served.text(), "it is ready")
        served.process.send_signal(number)
        until(lambda: is_free(served.address) and is_free(served.http), "the ports are free")
        assert served.process.wait(DEADLINE_SECONDS) == 0, "it waits for nobody who has asked nothing"
        assert "event=stopped" in served.text()


def test_a_signal_while_it_still_starts_ends_it_too(tmp_path: Path) -> None:
    with gateway(tmp_path) as served:  # it listens; HTTP is not imported yet, or just is
        assert served.stop() == 0


def busy(address: str, duration_ns: int) -> socket.socket:
    """A connection with a call under way that takes so long: the call after it is answered already."""
    link = socket.create_connection(read_server(address), 20)
    link.sendall(b'{"method":"CoreSv1.Sleep","params":[{"Duration":%d}],"id":1}' % duration_ns)
    link.sendall(b'{"method":"CoreSv1.Ping","params":[{}],"id":2}')
    assert link.recv(1000) == b'{"id":2,"result":"Pong","error":null}\n'
    return link


def test_what_is_in_flight_is_finished(tmp_path: Path) -> None:
    with gateway(tmp_path, "--set", "cores.shutdown_timeout=60s") as served, busy(served.address, 700_000_000) as link:
        served.process.send_signal(signal.SIGTERM)
        until(lambda: is_free(served.address), "the port is free")
        assert link.recv(1000) == b'{"id":1,"result":"OK","error":null}\n', "the port was free before the answer came"
        assert link.recv(1000) == b""
        assert served.process.wait(DEADLINE_SECONDS) == 0


def test_what_takes_longer_than_the_shutdown_timeout_is_dropped(tmp_path: Path) -> None:
    with gateway(tmp_path, "--set", "cores.shutdown_timeout=100ms") as served, busy(served.address, 60_000_000_000) as link:
        assert served.stop() == 0
        with suppress(ConnectionResetError):
            assert link.recv(1000) == b""


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with gateway(tmp_path, "--set", "cores.shutdown_timeout=60s") as served, busy(served.address, 60_000_000_000):
        served.process.send_signal(signal.SIGTERM)
        until(lambda: "event=stopping" in served.text(), "it is stopping")
        assert served.stop() == 128 + signal.SIGTERM


def test_a_folder_that_is_held_is_refused_in_one_line(tmp_path: Path) -> None:
    with gateway(tmp_path) as served:
        ran = tollwire("serve", "--state", str(served.state))
        assert ran.returncode == 1
        assert ran.stderr == f"tollwire serve: state folder {served.state} is in use by process {served.process.pid}\n"
        assert served.call("CoreSv1.Ping", {}) == "Pong"


@pytest.mark.parametrize("option", ["rpc_json", "http"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        listen = {"rpc_json": "127.0.0.1:0", "http": "127.0.0.1:0"} | {option: address}
        words = [word for name, value in listen.items() for word in ("--set", f"listen.{name}={value}")]
        ran = tollwire("serve", "--state", str(tmp_path), "--set", "general.log_level=3", *words)
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [f"tollwire serve: cannot listen on {address}: Address already in use"]


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = tollwire("serve", "--state", str(tmp_path / "file" / "state"))
    assert ran.returncode == 1
    assert ran.stderr == f"tollwire serve: state folder {tmp_path}/file/state: Not a directory\n"


def test_every_fault_of_a_configuration_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[general]\nnode_di = 'x'\nrounding_decimals = 'five'\n")
    ran = tollwire("serve", "--config", str(tmp_path))
    assert ran.returncode == 1
    first, second, last = ran.stderr.splitlines()
    assert first.startswith(f"{tmp_path}/a.toml:2:1: ")
    assert "did you mean node_id?" in first
    assert second.startswith(f"{tmp_path}/a.toml:3:")
    assert last == "tollwire serve: the configuration has 2 faults"


def test_two_gateways_with_folders_of_their_own_run_side_by_side(tmp_path: Path) -> None:
    env = environment(STATE_DIRECTORY=str(tmp_path / "state"))
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tollwire.toml").write_text(f'[general]\nnode_id = "{name}"\n')
    with (
        gateway(tmp_path / "a", "--config", str(tmp_path / "north"), "--state", "", env=env) as north,
        gateway(tmp_path / "b", "--config", str(tmp_path / "south"), "--state", "", env=env) as south,
    ):
        for served, name in ((north, "north"), (south, "south")):
            status = served.call("CoreSv1.Status", {})
            assert isinstance(status, dict)
            assert status["node_id"] == name
        folders = sorted(path.name for path in (tmp_path / "state").iterdir())
        assert [name.partition("-")[0] for name in folders] == ["north", "south"]
        assert north.stop() == 0
        assert south.call("CoreSv1.Ping", {}) == "Pong"


def test_an_unclean_end_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    charger = {"Tenant": "default", "ID": "CRG_KEPT", "RunID": "*default", "AttributeIDs": ["*none"], "Weight": 10}
    with gateway(tmp_path) as served:
        assert served.call("APIerSv1.SetChargerProfile", charger) == "OK"
        served.kill()
    with gateway(tmp_path) as served:
        kept = served.call("APIerSv1.GetChargerProfile", {"Tenant": "default", "ID": "CRG_KEPT"})
        assert isinstance(kept, dict)
        assert kept["RunID"] == "*default"


def test_the_service_manager_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(DEADLINE_SECONDS)
        with gateway(tmp_path, env=environment(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="200000")) as served:
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            assert served.stop() == 0
        manager.settimeout(0)
        told = set()
        while True:
            try:
                told.add(manager.recv(100))
            except BlockingIOError:
                break
        assert b"STOPPING=1" in told


def test_log_lines_may_be_json(tmp_path: Path) -> None:
    with gateway(tmp_path, "--log", "json") as served:
        until(lambda: '"event":"ready"' in served.text(), "it is ready")
        assert served.stop() == 0
        lines = [msgspec.json.decode(line) for line in served.text().splitlines()]
        assert [line["event"] for line in lines if line["room"] == "cli.serve"] == ["listening", "ready", "stopping", "stopped"]


def test_nothing_of_the_state_is_readable_by_others(tmp_path: Path) -> None:
    with gateway(tmp_path) as served:
        assert served.state.stat().st_mode & 0o077 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in served.state.iterdir()), os.listdir(served.state)


def test_open_files_are_as_many_as_the_hard_limit_allows(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with gateway(tmp_path) as served:
            limits = Path(f"/proc/{served.process.pid}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (line,) = (line for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(line.split()[3]) == min(hard, OPEN_FILES)


def test_a_password_that_is_none_is_told_and_one_that_is_guards_the_http_port(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[http]\nuse_basic_auth = true\nauth_users = {anna = "secret!"}\n')
    ran = tollwire("serve", "--config", str(tmp_path), "--state", str(tmp_path / "state"))
    assert ran.returncode == 1
    assert "http.auth_users.anna is not in base64" in ran.stderr
    (tmp_path / "c.toml").write_text('[http]\nuse_basic_auth = true\nauth_users = {anna = "c2VjcmV0"}\n')
    with gateway(tmp_path / "run", "--config", str(tmp_path / "c.toml")) as served:
        with socket.create_connection(read_server(served.http), 10) as link:
            link.sendall(b"GET /jsonrpc HTTP/1.1\r\nHost: a\r\n\r\n")
            assert link.recv(1000).startswith(b"HTTP/1.1 401 ")
        with socket.create_connection(read_server(served.http), 10) as link:
            link.sendall(b"GET /jsonrpc HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YW5uYTpzZWNyZXQ=\r\n\r\n")
            assert link.recv(1000).startswith(b"HTTP/1.1 200 ")
