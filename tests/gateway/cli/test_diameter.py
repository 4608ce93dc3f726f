"""tollwire diameter send against a peer that is a script: what it sends, prints and returns, whatever comes back."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.cli.avps import as_data, decoded, encoded, read_words
from gateway.cli.diameter import read_file
from gateway.cli.main import main
from gateway.cli.outcome import UsageError
from gateway.protocols.diameter.builtin import load_dictionaries
from gateway.protocols.diameter.message import Avps, Message, answer_to, decode, encode
from gateway.protocols.diameter.stream import MessageStream
from tests.gateway.servers import ROOT

DICTIONARY, FAULTS = load_dictionaries()
ORIGIN = {"Origin-Host": "ocs.test", "Origin-Realm": "test"}
SERVICE = {"Rating-Group": 10, "Granted-Service-Unit": {"CC-Total-Octets": 1000}, "Result-Code": 2001}


def read(body: bytes, *, named: bool = False) -> object:
    """The AVPs of octets as data."""
    avps = Avps(body)
    avps.index(0, len(body))
    return as_data(decoded(DICTIONARY, avps, named=named))


def answer(request: Message, tree: dict[str, object], *, error: bool = False) -> bytes:
    return answer_to(request, encoded(DICTIONARY, tree), error)


class Peer(threading.Thread):
    """Accepts one connection; `script` gives the octets that follow each request but those of the link itself."""

    def __init__(self, script: Callable[[Message], bytes], capabilities: int = 2001) -> None:
        super().__init__(daemon=True)
        self.script, self.capabilities = script, capabilities
        self.server = socket.create_server(("127.0.0.1", 0))
        self.heard: list[Message] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.getsockname()[1]}"

    def run(self) -> None:
        link, _ = self.server.accept()
        stream = MessageStream()
        with link, self.server:
            while data := link.recv(65536):
                stream.feed(data)
                while (found := stream.next()) is not None:
                    message = decode(found)
                    self.heard.append(message)
                    if message.is_request:
                        link.sendall(self.answered(message))

    def answered(self, request: Message) -> bytes:
        if request.command == 257:
            return answer(request, {"Result-Code": self.capabilities, **ORIGIN})
        if request.command == 282:
            return answer(request, {"Result-Code": 2001, **ORIGIN})
        return self.script(request)

    def asked(self, command: int) -> list[Message]:
        """The requests of one command that it heard."""
        return [one for one in self.heard if one.command == command and one.is_request]


@contextmanager
def peer(script: Callable[[Message], bytes] = lambda request: b"", capabilities: int = 2001) -> Iterator[Peer]:
    found = Peer(script, capabilities)
    found.start()
    try:
        yield found
    finally:
        found.join(5)
        assert not found.is_alive(), "the client did not close its connection"


def granted(request: Message) -> bytes:
    """What a server says that has granted."""
    return answer(
        request, {"Session-Id": request.avps.text(263), "Result-Code": 2001, **ORIGIN, "Multiple-Services-Credit-Control": SERVICE}
    )


def send(*words: str) -> int:
    return main(["diameter", "send", "--origin-host", "pgw.test", "--origin-realm", "client.test", *words])


def test_the_dictionaries_are_read() -> None:
    assert FAULTS == []


def test_an_answer_is_printed_and_the_peer_is_told_goodbye(capsys: pytest.CaptureFixture[str]) -> None:
    with peer(granted) as found:
        words = (
            "Service-Context-Id=32251@3gpp.org",
            "Subscription-Id.Subscription-Id-Type=END_USER_E164",
            "Subscription-Id.Subscription-Id-Data=1001",
        )
        assert send("--peer", found.address, "CCR-I", *words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("CCR-I -> 2001 DIAMETER_SUCCESS (")
    assert lines[-5:] == [
        "  Multiple-Services-Credit-Control",
        "    Rating-Group = 10",
        "    Granted-Service-Unit",
        "      CC-Total-Octets = 1000",
        "    Result-Code = 2001",
    ]
    (request,) = found.asked(272)
    assert (request.flags, request.application) == (0xC0, 4)
    tree = as_data(decoded(DICTIONARY, request.avps, named=False))
    assert tree.pop("Event-Timestamp")
    assert str(tree.pop("Session-Id")).startswith("pgw.test;")
    assert tree == {
        "Origin-Host": "pgw.test",
        "Origin-Realm": "client.test",
        "Destination-Realm": "test",
        "Auth-Application-Id": 4,
        "CC-Request-Type": 1,
        "CC-Request-Number": 0,
        "Service-Context-Id": "32251@3gpp.org",
        "Subscription-Id": {"Subscription-Id-Type": 0, "Subscription-Id-Data": "1001"},
    }
    assert [one.command for one in found.heard] == [257, 272, 282]


def test_a_refusal_is_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    def refused(request: Message) -> bytes:
        return answer(request, {"Result-Code": 5030, **ORIGIN, "Failed-AVP": {"User-Name": "x"}}, error=True)

    with peer(refused) as found:
        assert send("--peer", found.address, "--json", "CCR-E") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["result"] == 5030
    assert told["avps"] == {"Result-Code": 5030, **ORIGIN, "Failed-AVP": {"User-Name": "x"}}


def test_a_file_is_a_session_of_several_requests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "session.toml"
    file.write_text(
        'origin_host = "pgw.file"\n[avps]\nService-Context-Id = "32251@3gpp.org"\n'
        '[[request]]\ncommand = "CCR-I"\n[[request]]\ncommand = "CCR-U"\nagain = true\navps = { Event-Timestamp = 2026-03-01T10:00:00Z }\n'
        '[[request]]\ncommand = "CCR-T"\nexpect = 2001\navps = { CC-Request-Number = 7, User-Name = ["a", "b"] }\n'
        '[[request]]\ncommand = "CCR-E"\nsession = "other"\nexpect = 4012\n[[request]]\ncommand = "STR"\navps = { Termination-Cause = 1 }\n'
    )
    with peer(granted) as found:
        assert main(["diameter", "send", "--file", str(file), "--peer", found.address]) == 1, "a request was granted that was to be refused"
    assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines() if "->" in line] == [
        *(f"CCR-{kind} -> 2001 DIAMETER_SUCCESS" for kind in "IUTE"),
        "STR -> 2001 DIAMETER_SUCCESS",
    ]
    trees = [as_data(decoded(DICTIONARY, one.avps, named=False)) for one in found.asked(272)]
    assert [(one["CC-Request-Type"], one["CC-Request-Number"]) for one in trees] == [(1, 0), (2, 1), (3, 7), (4, 0)]
    assert [one.flags for one in found.asked(272)] == [0xC0, 0xD0, 0xC0, 0xC0]
    assert trees[1]["Event-Timestamp"] == "2026-03-01T10:00:00Z"
    assert trees[2]["User-Name"] == ["a", "b"]
    sessions = [str(one["Session-Id"]) for one in trees]
    assert sessions[0] == sessions[1] == sessions[2] != sessions[3]
    assert sessions[0].startswith("pgw.file;")
    (ended,) = found.asked(275)
    assert ended.avps.text(263) == sessions[0]
    assert ended.avps.find(416) == -1


def test_what_the_other_side_asks_is_answered_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    def pushing(request: Message) -> bytes:
        head = {"Session-Id": request.avps.text(263), **ORIGIN}
        asked = b"".join(encode(0xC0, command, 4, command, command, encoded(DICTIONARY, head)) for command in (258, 274, 280, 265))
        return asked + granted(request)

    with peer(pushing) as found:
        assert send("--peer", found.address, "--wait", "0.05", "CCR-I") == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("asked")] == ["asked: RAR", "asked: ASR", "asked: AAR"]
    answers = {one.command: one for one in found.heard if not one.is_request}
    assert {command: one.avps.number(268) for command, one in answers.items()} == {258: 2001, 274: 2001, 280: 2001, 265: 3001}
    assert answers[265].is_error
    assert not answers[258].is_error


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        (lambda request: b"", 3, "did not answer within 0.1 s"),
        (lambda request: b"\1\0\0\4", 3, "does not speak Diameter: a message of 4 octets"),
        (lambda request: encode(0, 272, 4, 1, 1, b"\0\0\1\x0c\x40\0\0\x40"), 3, "does not speak Diameter: AVP 268 has length 64"),
    ],
)
def test_silence_and_nonsense_end_it(
    script: Callable[[Message], bytes], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with peer(script) as found:
        assert send("--peer", found.address, "--timeout", "0.1" if "within" in said else "60", "CCR-I") == status
    assert said in capsys.readouterr().err


def test_refused_capabilities_and_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    with peer(capabilities=5010) as found:
        assert send("--peer", found.address, "CCR-I") == 1
    assert "refuses the exchange of capabilities: 5010" in capsys.readouterr().err
    with socket.socket() as silent:  # which does not listen
        silent.bind(("127.0.0.1", 0))
        assert send("--peer", f"127.0.0.1:{silent.getsockname()[1]}", "CCR-I") == 3
    assert "cannot reach a Diameter peer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("CCR-X",), "no dictionary has a command CCR-X; did you mean CCR-"),
        (("CCR-I", "Service-Contxt-Id=1"), "no dictionary has an AVP Service-Contxt-Id; did you mean Service-Context-Id?"),
        (("CCR-I", "Session-Id"), "'Session-Id' is no Name=value"),
        (("CCR-I", "CC-Request-Type=much"), "CC-Request-Type: <much> is no Enumerated"),
        (("CCR-I", "Subscription-Id=1"), "Subscription-Id is a group, no value fits it"),
        (("CCR-I", "Session-Id.Inner=1"), "Session-Id is no group"),
        (("CCR-I", "Subscription-Id:={"), "no JSON"),
        (("CCR-I", "Class=0xZZ"), "Class: 0xZZ is not hexadecimal"),
        ((), "a REQUEST or a --file is wanted"),
        (("--timeout", "0", "CCR-I"), "--timeout must be above 0"),
        (("--file", "/no/such/file"), "/no/such/file: No such file or directory"),
        (("--dictionaries", "/no/such/folder", "CCR-I"), "no such folder of dictionaries"),
    ],
)
def test_what_cannot_be_sent_is_named(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert send("--peer", "127.0.0.1:1", *words) in (1, 2), "it is told before anybody is looked for"
    assert said in capsys.readouterr().err


def test_words_make_groups() -> None:
    words = ["A.B=1", "A.C=2", "+A.B=3", "A.C=4", "X=1", "+X=2", 'Y:={"Z": [1, 2.50]}', "A.D.E=5"]
    tree = read_words(words)
    assert tree["A"] == [{"B": "1", "C": "2"}, {"B": "3", "C": "4", "D": {"E": "5"}}]
    assert tree["X"] == ["1", "2"]
    assert str(tree["Y"]) == "{'Z': [1, Decimal('2.50')]}"
    with pytest.raises(UsageError, match="X already has a value"):
        read_words(["X=1", "X.Y=2"])


def test_every_kind_of_value_comes_back() -> None:
    tree = {
        "Session-Id": "a;1;ü",
        "Host-IP-Address": ["192.0.2.1", "2001:db8::1"],
        "Event-Timestamp": "2026-03-01T10:00:00Z",
        "Multiple-Services-Credit-Control": {"Used-Service-Unit": [{"CC-Total-Octets": 2**63}, {"CC-Time": 5}], "Rating-Group": 10},
        "CC-Money": {"Unit-Value": {"Value-Digits": -5, "Exponent": -2}},
        "User-Equipment-Info": {"User-Equipment-Info-Type": 0, "User-Equipment-Info-Value": "0x00ff"},
        "Class": "text",
    }
    assert read(encoded(DICTIONARY, tree)) == tree
    assert read(encoded(DICTIONARY, {"CC-Request-Type": "TERMINATION_REQUEST"}), named=True) == {"CC-Request-Type": "3 TERMINATION_REQUEST"}
    assert read(encoded(DICTIONARY, {"415": 1, "10415/873": {"263": "s"}})) == {
        "CC-Request-Number": 1,
        "Service-Information": {"Session-Id": "s"},
    }


def test_what_no_dictionary_has_is_shown_as_octets() -> None:
    unknown = bytes.fromhex("00ffffff4000000a61620000") + bytes.fromhex("00000001c000000e0000ffff61ff0000")
    broken_group = bytes.fromhex("000001bb4000000c00000001")  # Subscription-Id whose inside does not fit
    assert read(unknown + broken_group) == {"16777215": "0x6162", "65535/1": "0x61ff", "Subscription-Id": "0x00000001"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "the file has no x"),
        ("orign_host = 'a'", "did you mean origin_host?"),
        ("", "the file: at least one [[request]] is wanted"),
        ("request = 1", "[[request]] are tables"),
        ("request = [1]", "request 1: a table is wanted"),
        ("[[request]]\navps = {}", "request 1: command is wanted as a text"),
        ("[[request]]\ncommand = 'CCR-I'\nexpct = 1", "request 1 has no expct; did you mean expect?"),
        ("[[request]]\ncommand = 'CCR-I'\navps = 1", "request 1: avps: a table is wanted"),
        ("[[request]]\ncommand = 'CCR-I'\npause = 'long'", "request 1: pause: long is no duration"),
        ("[[request]]\ncommand = 'CCR-I'\nwait = -1", "request 1: wait: -1 is no duration"),
        ("[[request]]\ncommand = 'CCR-I'\nwait = nan", "request 1: wait: NaN is no duration"),
        ("[[request]]\ncommand = 'CCR-I'\npause = inf", "request 1: pause: Infinity is no duration"),
        ("[[request]]\ncommand = 'CCR-I'\npause = '400h'", "request 1: pause: 400h is no duration"),
        ("[[request]]\ncommand = 'CCR-I'\npause = 1" + "0" * 400, "0 is no duration"),
        ("[[request]]\ncommand = 'CCR-I'\nexpect = true", "request 1: command is wanted as a text, expect as a number"),
        ("[[request", "Expected"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "f.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as found:
        read_file(str(file))
    assert said in found.value.text
    assert str(file) in found.value.text


def test_the_manuals_file_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    file = tmp_path / "f.toml"
    file.write_text("peer" + page.partition("```text\npeer")[2].partition("```")[0])
    plan = read_file(str(file))
    assert [(one.command, one.expect, one.pause) for one in plan.requests] == [("CCR-I", 0, 0.0), ("CCR-T", 2001, 2.0)]
    for one in plan.requests:
        assert encoded(DICTIONARY, one.avps)
