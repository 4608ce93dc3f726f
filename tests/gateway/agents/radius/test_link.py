"""Connections of NASes over TCP and TLS: packets that come in pieces, what ends a connection, and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from gateway.agents.radius.intake import ACCOUNTING, AUTHENTICATION
from gateway.protocols.radius.codes import ACCESS_ACCEPT, ACCOUNTING_RESPONSE, STATUS_SERVER
from tests.gateway.agents.radius.station import SECRET, Station


def on_loop(test: Callable[[], None]) -> None:
    async def awaited() -> None:
        test()

    asyncio.run(awaited())


def test_packets_are_answered_however_they_are_cut(tmp_path: Path) -> None:
    def run() -> None:
        station = Station(tmp_path)
        far = station.connect(AUTHENTICATION)
        stream = b"".join(station.access() for _ in range(3))
        answers = far.says(*(stream[at : at + 7] for at in range(0, len(stream), 7)))
        assert [(one.code, one.identifier) for one in answers] == [(ACCESS_ACCEPT, 1), (ACCESS_ACCEPT, 2), (ACCESS_ACCEPT, 3)]
        assert not far.wire.end

    on_loop(run)


def test_accounting_waits_for_the_disk_and_the_connection_for_its_answer(tmp_path: Path) -> None:
    def run() -> None:
        station = Station(tmp_path)
        far = station.connect(ACCOUNTING)
        far.link.data_received(station.accounting("Stop", 10))
        far.link.end()
        assert (far.wire.writes, bool(far.wire.end), station.intake.in_flight) == ([], False, 1)
        (answer,) = far.says()
        assert (answer.code, bool(far.wire.end), station.intake.in_flight) == (ACCOUNTING_RESPONSE, True, 0)

    on_loop(run)


def test_over_tls_one_connection_takes_both_kinds_under_the_secret_of_tls(tmp_path: Path) -> None:
    def run() -> None:
        station = Station(tmp_path)
        far = station.connect(secret=b"radsec")
        asked = station.access(secret=b"radsec")
        answers = far.says(asked, station.accounting("Start", secret=b"radsec"), station.packet(STATUS_SERVER, secret=b"radsec"))
        assert [one.code for one in answers] == [ACCESS_ACCEPT, ACCESS_ACCEPT, ACCOUNTING_RESPONSE], "only what changes something waits"
        assert station.read(answers[0].raw, asked, b"radsec")[0] == ACCESS_ACCEPT

    on_loop(run)


def test_what_cannot_be_cut_ends_the_connection(tmp_path: Path) -> None:
    def run() -> None:
        station = Station(tmp_path)
        for broken in (b"\x01\x01\x00\x00", b"\x01\x01\x00\x13", b"\x01\x01\x10\x01", b"GET / HTTP/1.1\r\n\r\n"):
            far = station.connect(AUTHENTICATION)
            (answer,) = far.says(station.access() + broken)
            assert (answer.code, bool(far.wire.end)) == (ACCESS_ACCEPT, True)

    on_loop(run)


def test_a_wrong_signature_ends_the_connection_and_what_is_of_no_use_does_not(tmp_path: Path) -> None:
    def run() -> None:
        station = Station(tmp_path)
        far = station.connect(AUTHENTICATION)
        assert (
            far.says(station.accounting("Start"), station.access(("User-Name", "nobody")), b"\x01\x01\x00\x16" + bytes(16) + b"\x01\x00")
            == []
        )
        assert not bool(far.wire.end)
        assert (far.says(station.access(secret=b"other")), bool(far.wire.end)) == ([], True)
        assert station.counts().discards == {"bad_code": 1, "unhandled": 1, "bad_attribute": 1, "bad_message_authenticator": 1}

    on_loop(run)


def test_a_stranger_is_cut_off(tmp_path: Path) -> None:
    def run() -> None:
        station = Station(tmp_path)
        far = station.connect(AUTHENTICATION, remote="203.0.113.9")
        assert (bool(far.wire.end), station.intake.unknown) == (True, 1)

    on_loop(run)


def test_who_is_a_client_no_more_is_cut_off_with_the_next_packet(tmp_path: Path) -> None:
    def run() -> None:
        station = Station(tmp_path)
        for secret in (b"", b"radsec"):
            far = station.connect(AUTHENTICATION, secret=secret)
            asked = station.access(secret=secret or SECRET)
            assert len(far.says(asked)) == 1
            entries = station.intake.nases.all
            station.intake.nases.replace(entries)
            assert len(far.says(station.access(secret=secret or SECRET))) == 1
            station.intake.nases.replace([])
            assert (far.says(asked), bool(far.wire.end)) == ([], True)
            station.intake.nases.replace(entries)

    on_loop(run)
