"""tollwire radius against a server that is a script: what it sends, prints and returns, whatever comes back."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.cli.outcome import UsageError
from gateway.cli.radiusrequests import read_file
from gateway.protocols.radius.building import Builder
from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.chap import chap_challenge, chap_is_right
from gateway.protocols.radius.codes import CHAP_PASSWORD, MESSAGE_AUTHENTICATOR, USER_PASSWORD
from gateway.protocols.radius.digest import digest_of
from gateway.protocols.radius.hiding import show_password
from gateway.protocols.radius.mschap import mschap2_success, nt_hash
from gateway.protocols.radius.packet import Packet, decode
from gateway.protocols.radius.showing import shown
from gateway.protocols.radius.signing import RIGHT, answer, message_authenticator, request_is_signed
from gateway.protocols.radius.stream import PacketStream
from tests.gateway.certificates import Authority

DICTIONARY, FAULTS = load_dictionary()
SECRET = b"nas-shared"
Script = Callable[[Packet], bytes]


def reply(code: int, *fields: tuple[str, str]) -> Script:
    """Answers every request with this."""

    def made(packet: Packet) -> bytes:
        rows = [(tuple(name.split(".")), text, False) for name, text in fields]
        return answer(packet, code, Builder(DICTIONARY).build(rows, SECRET, packet.authenticator), SECRET)

    return made


class Server(threading.Thread):
    """Answers by a script; an empty answer is silence."""

    def __init__(self, script: Script, *, stream: bool = False, context: ssl.SSLContext | None = None) -> None:
        super().__init__(daemon=True)
        self.script, self.stream, self.context = script, stream, context
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.heard: list[Packet] = []
        if stream:
            self.socket.listen()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def run(self) -> None:
        if self.stream:
            self.serve_stream()
            return
        while True:
            try:
                data, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            said = self.said(data)
            if said:
                self.socket.sendto(said, sender)

    def serve_stream(self) -> None:
        link, _ = self.socket.accept()
        if self.context is not None:
            link = self.context.wrap_socket(link, server_side=True)
        stream = PacketStream()
        with link:
            while data := link.recv(65536):
                stream.feed(data)
                while (found := stream.next()) is not None:
                    link.sendall(self.said(found))

    def said(self, data: bytes) -> bytes:
        packet = decode(data)
        self.heard.append(packet)
        return self.script(packet)


@contextmanager
def server(script: Script, *, stream: bool = False, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    found = Server(script, stream=stream, context=context)
    found.start()
    try:
        yield found
    finally:
        if not stream:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", found.socket.getsockname())
        found.join(60)
        found.socket.close()
        assert not found.is_alive(), "the client did not go away"


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWIRE_RADIUS_SECRET", SECRET.decode())


def attributes(packet: Packet) -> dict[str, str]:
    return dict(shown(DICTIONARY, packet, SECRET))


def send(found: Server, *words: str) -> int:
    return main(["radius", "send", "--server", found.address, *words])


def test_the_dictionaries_are_read() -> None:
    assert FAULTS == []


def test_pap_and_an_answer_with_everything(capsys: pytest.CaptureFixture[str]) -> None:
    fields = (("Session-Timeout", "60"), ("Reply-Message", "hello"), ("Cisco.Cisco-AVPair", "a=b"), ("Tunnel-Password:1", "door"))
    with server(reply(2, *fields)) as found:
        assert send(found, "access-request", "User-Name=1001", "User-Password=pw", "NAS-IP-Address=192.0.2.10") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Access-Request -> Access-Accept (")
    assert lines[0].endswith("ms, Response Authenticator right, Message-Authenticator right)")
    assert lines[2:] == ["  Session-Timeout = 60", "  Reply-Message = hello", "  Cisco-AVPair = a=b", "  Tunnel-Password:1 = door"]
    (request,) = found.heard
    assert message_authenticator(request, SECRET) == RIGHT
    assert request.raw[20] == MESSAGE_AUTHENTICATOR
    hidden = request.first(USER_PASSWORD)
    assert hidden is not None
    assert show_password(hidden, SECRET, request.authenticator) == b"pw"
    assert "NAS-Identifier" not in attributes(request)


def test_an_answer_writes_no_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """What a server puts into a text is shown as such: no terminal obeys it, no line is taken for one of ours."""
    with server(reply(2, ("Reply-Message", "a\x1b[2J\nStop -> Accounting-Response"))) as found:
        assert send(found, "access-request", "User-Name=ann") == 0
    printed = capsys.readouterr().out
    assert '  Reply-Message = "a\\u001b[2J\\nStop -> Accounting-Response"\n' in printed


def test_a_reject_is_a_refusal_unless_it_is_wanted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with server(reply(3, ("Reply-Message", "no"))) as found:
        assert send(found, "Access-Request", "User-Name=1001") == 1
        assert "NAS-Identifier" in attributes(found.heard[0])
        wanted = tmp_path / "one.toml"
        wanted.write_text('[[request]]\nsend = "Access-Request"\nexpect = "Access-Reject"\n')
        assert send(found, "--file", str(wanted)) == 0
    assert "Access-Request -> Access-Reject" in capsys.readouterr().out


def test_chap_mschapv2_and_digest_prove_the_password(capsys: pytest.CaptureFixture[str]) -> None:
    def right(packet: Packet) -> bytes:
        proof, digest = packet.first(CHAP_PASSWORD), digest_of(packet)
        if proof is not None:
            return reply(2 if chap_is_right(proof, chap_challenge(packet), b"pw") else 3)(packet)
        if digest is not None:
            assert (digest.user, digest.realm) == (b"alice", b"example.org")
            return reply(2 if digest.is_right(b"pw") else 3)(packet)
        given = attributes(packet)
        challenge, response = (bytes.fromhex(given[name][2:]) for name in ("MS-CHAP-Challenge", "MS-CHAP2-Response"))
        success = mschap2_success(response, challenge, b"alice@example.org", nt_hash("pw"))
        return reply(2 if success else 3, ("Microsoft.MS-CHAP2-Success", "0x" + success.hex()))(packet)

    with server(right) as found:
        for auth in ("chap", "mschapv2", "digest"):
            assert send(found, "--auth", auth, "Access-Request", "User-Name=alice@example.org", "User-Password=pw") == 0
        assert all(packet.first(USER_PASSWORD) is None for packet in found.heard)
    assert "the server knows the password" in capsys.readouterr().out


def test_a_server_that_does_not_know_the_password_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with server(reply(2, ("Microsoft.MS-CHAP2-Success", "0x00533d" + "30" * 40))) as found:
        assert send(found, "--auth", "mschapv2", "Access-Request", "User-Name=alice", "User-Password=pw") == 1
    assert "the server does NOT know the password" in capsys.readouterr().out


def test_accounting_from_a_file_as_one_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "session.toml"
    file.write_text(
        '[attributes]\nUser-Name = "1001"\nNAS-IP-Address = "192.0.2.10"\nReply-Message = ["a", "b"]\n'
        '[[request]]\nsend = "start"\n[[request]]\nsend = "interim"\nattributes = {Acct-Session-Time = 30}\n'
        '[[request]]\nsend = "stop"\nattributes = {Acct-Session-Time = 60, Acct-Terminate-Cause = "User-Request", Event-Timestamp = ""}\n'
        '[[request]]\nsend = "on"\nattributes = {Acct-Session-Id = "boot"}\n[[request]]\nsend = "Off"\n'
    )
    with server(reply(5)) as found:
        assert send(found, "--json", "--file", str(file), "Called-Station-Id=4930") == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["request"], one["answer"]) for one in said] == [
        (name, "Accounting-Response") for name in ("Start", "Interim", "Stop", "On", "Off")
    ]
    assert {one["message_authenticator"] for one in said} == {"absent"}
    assert all(request_is_signed(packet, SECRET) for packet in found.heard)
    given = [attributes(packet) for packet in found.heard]
    assert [one["Acct-Status-Type"] for one in given] == ["Start", "Interim-Update", "Stop", "Accounting-On", "Accounting-Off"]
    assert len({one["Acct-Session-Id"] for one in given}) == 2
    assert [packet.all(18) for packet in found.heard] == [[b"a", b"b"]] * 5
    assert ["Event-Timestamp" in one for one in given] == [True, True, False, True, True]
    assert {one["Called-Station-Id"] for one in given} == {"4930"}


def test_status_server(capsys: pytest.CaptureFixture[str]) -> None:
    with server(reply(2)) as found:
        assert send(found, "status-server") == 0
        assert message_authenticator(found.heard[0], SECRET) == RIGHT


@pytest.mark.parametrize(("action", "code"), [("coa", 43), ("disconnect", 40)])
def test_a_nas_is_asked_and_says_why_not(action: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with server(reply(code + 2, ("Error-Cause", "503"))) as found:
        assert main(["radius", action, "--nas", found.address, "User-Name=1001", "Acct-Session-Id=a"]) == 1
        assert "NAK: Session Context Not Found (503) (" in capsys.readouterr().out
        found.script = reply(code + 1)
        assert main(["radius", action, "--nas", found.address, "--json", "Acct-Session-Id=a", "Event-Timestamp="]) == 0
        assert json.loads(capsys.readouterr().out)["message_authenticator"] == "right"
    assert [packet.code for packet in found.heard] == [code, code]
    assert all(request_is_signed(packet, SECRET) and message_authenticator(packet, SECRET) == RIGHT for packet in found.heard)
    assert ["Event-Timestamp" in attributes(packet) for packet in found.heard] == [True, False]


def test_silence_and_wrong_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with server(lambda packet: answer(packet, 2, b"", b"another")) as found:
        assert send(found, "--timeout", "0.3", "--retries", "1", "Access-Request", "User-Name=a") == 3
        told = capsys.readouterr().err
        assert "was passed over: its Response Authenticator is wrong" in told
        assert "did not answer within 0.3 s, asked 2 times" in told
        assert len({packet.raw for packet in found.heard}) == 1
        found.script = lambda packet: b""
        assert send(found, "--timeout", "0.1", "--retries", "0", "Access-Request", "User-Name=a") == 3
        assert "did not answer within 0.1 s\n" in capsys.readouterr().err


def test_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    address = "127.0.0.1:1"
    assert main(["radius", "send", "--server", address, "--timeout", "60", "Access-Request", "User-Name=a"]) == 3
    assert f"nobody listens at {address}" in capsys.readouterr().err
    assert main(["radius", "send", "--server", address, "--tcp", "Access-Request", "User-Name=a"]) == 3
    assert "cannot reach a RADIUS server" in capsys.readouterr().err


def test_over_tcp_and_without_a_message_authenticator(capsys: pytest.CaptureFixture[str]) -> None:
    with server(reply(2), stream=True) as found:
        assert send(found, "--tcp", "--no-message-authenticator", "Access-Request", "User-Name=a") == 0
    assert found.heard[0].first(MESSAGE_AUTHENTICATOR) is None


def test_over_tls_the_secret_is_that_of_radsec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TOLLWIRE_RADIUS_SECRET")
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*authority.sign("server"))
    certificate, key = authority.sign("client")
    shows = ("--ca", str(authority.file), "--certificate", str(certificate), "--key", str(key))
    with server(lambda packet: answer(packet, 2, b"", b"radsec"), stream=True, context=context) as found:
        assert send(found, *shows, "Access-Request", "User-Name=a") == 0
    assert message_authenticator(found.heard[0], b"radsec") == RIGHT
    assert "Access-Accept" in capsys.readouterr().out


def test_the_secret_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TOLLWIRE_RADIUS_SECRET")
    secret, password = tmp_path / "secret", tmp_path / "password"
    secret.write_text("nas-shared\n")
    password.write_text("from a file\n")
    words = ("Access-Request", "User-Name=a")
    with server(reply(2)) as found:
        assert send(found, "--secret-file", str(secret), "--password-file", str(password), *words) == 0
        assert attributes(found.heard[0])["User-Password"] == "from a file"
        assert send(found, *words) == 2
        assert send(found, "--secret-file", str(tmp_path / "none"), *words) == 2
        secret.write_text("\n")
        assert send(found, "--secret-file", str(secret), *words) == 2
    told = capsys.readouterr().err
    assert "a shared secret is wanted" in told
    assert "No such file" in told
    assert "its first line is empty" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Acces-Request",), "did you mean Access-Request?"),
        (("Start", "User-Nam=a"), "no dictionary has User-Nam; did you mean User-Name?"),
        (("Start", "User-Name"), "'User-Name' is no NAME=VALUE"),
        (("Start", "NAS-IP-Address=here"), "NAS-IP-Address: <here> is no ipaddr"),
        (("Start", "--timeout", "0"), "--timeout must be above 0"),
        ((), "a REQUEST is wanted"),
    ],
)
def test_what_cannot_be_sent_is_told(words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["radius", "send", *words]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(("pause", "seconds"), [("2", 2.0), ("0.5", 0.5), ("'500ms'", 0.5), ("'1m'", 60.0)])
def test_a_pause_is_seconds_or_a_duration(pause: str, seconds: float, tmp_path: Path) -> None:
    file = tmp_path / "f.toml"
    file.write_text(f"[[request]]\nsend = 'start'\npause = {pause}")
    assert read_file(str(file)).requests[0].pause == seconds


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[request]]\nsend = 'start'\nsnd = 1", "request 1 has no snd; did you mean send?"),
        ("servr = ''", "the file has no servr; did you mean server?"),
        ("[[request]]\nsend = 'start'\nexpect = 'yes'", "request 1: expect: yes is no answer"),
        ("[[request]]\nsend = 'access-request'\nauth = 'eap'", "request 1: auth: pap, chap, mschapv2, digest are there"),
        ("[[request]]\nsend = 'start'\npause = 'soon'", "pause: soon is no duration"),
        ("[attributes]\nUser-Name = {a = 1}", "User-Name: a text or a number is wanted"),
        ("attributes = 1", "the file: attributes: a table is wanted"),
        ("request = 1", "[[request]] are tables"),
        ("[", "faulty.toml: "),
    ],
)
def test_faults_of_a_file_are_named(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "faulty.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as fault:
        read_file(str(file))
    assert told in fault.value.text
