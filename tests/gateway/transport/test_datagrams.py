"""Datagrams in batches, over sockets of loopback: nothing is lost, mixed up or sent from an address that was not asked."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from select import select

import pytest

from gateway.agents.radius.port import datagram_socket
from gateway.transport.datagrams import IP_PKTINFO, Datagram, Datagrams, address_of, answering
from gateway.transport.limits import DATAGRAM_BATCH, MAX_DATAGRAM_BYTES

WAIT = 10.0  # seconds that loopback may take


def control(level: int, kind: int, value: bytes) -> bytes:
    """What the system tells beside a datagram."""
    size = socket.CMSG_LEN(len(value))
    return (struct.pack("@Nii", size, level, kind) + value).ljust(socket.CMSG_SPACE(len(value)), b"\0")


@pytest.fixture(params=["127.0.0.1", "0.0.0.0", "", "::1"])
def ours(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    if request.param in ("", "::1") and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with closing(datagram_socket(request.param, 0, 0)) as made:
        yield made


def far_end(ours: socket.socket, host: str = "127.0.0.1") -> socket.socket:
    """A socket of somebody else, connected to ours: it takes nothing from another address."""
    here = ours.getsockname()
    six = here[0] == "::1"
    made = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(WAIT)
    made.connect(("::1" if six else host, here[1]))
    return made


def came(link: Datagrams, ours: socket.socket, count: int) -> list[Datagram]:
    found: list[Datagram] = []
    while len(found) < count:
        assert select([ours], [], [], WAIT)[0], "loopback loses nothing"
        batch = link.receive()
        assert len(batch) <= DATAGRAM_BATCH
        found += batch
    return found


def test_each_answer_goes_back_where_its_request_came_from(ours: socket.socket) -> None:
    link = Datagrams(ours, ours.getsockname()[0] in ("0.0.0.0", "::"))
    with closing(far_end(ours)) as one, closing(far_end(ours, "127.0.0.2" if ours.getsockname()[0] == "0.0.0.0" else "127.0.0.1")) as other:
        asked = [(end, b"%d" % number * (number + 1)) for number in range(3 * DATAGRAM_BATCH // 2) for end in (one, other)]
        for end, data in asked:
            end.send(data)
        found = came(link, ours, len(asked))
        assert sorted(datagram.data for datagram in found) == sorted(data for _, data in asked)
        assert {address_of(datagram.name)[1] for datagram in found} == {end.getsockname()[1] for end in (one, other)}
        answers = [Datagram(datagram.data[::-1], datagram.name, datagram.control) for datagram in found]
        assert link.send(answers) == []
        for end in (one, other):
            assert [end.recv(9_000) for mine, _ in asked if mine is end] == [data[::-1] for mine, data in asked if mine is end]
    assert link.receive() == []


def test_addresses_are_written_as_the_socket_module_writes_them(ours: socket.socket) -> None:
    link = Datagrams(ours, False)
    with closing(far_end(ours)) as end:
        end.send(b"x")
        (found,) = came(link, ours, 1)
        end.send(b"x")
        assert select([ours], [], [], WAIT)[0]
        assert address_of(found.name) == ours.recvfrom(1)[1][:2]


def test_empty_ones_and_long_ones(ours: socket.socket) -> None:
    link = Datagrams(ours, False)
    with closing(far_end(ours)) as end:
        whole = bytes(range(256)) * 16
        for data in (b"", whole, whole + b"more", b"short"):
            end.send(data)
        found = came(link, ours, 4)
        assert [datagram.data for datagram in found] == [b"", whole, whole, b"short"]
        assert len(whole) == MAX_DATAGRAM_BYTES
        assert link.send([Datagram(data, found[0].name, b"") for data in (whole, b"", b"short")]) == []
        assert [end.recv(9_000) for _ in range(3)] == [whole, b"", b"short"]


def test_what_cannot_be_sent_is_told_and_the_rest_goes() -> None:
    with closing(datagram_socket("127.0.0.1", 0, 0)) as ours, closing(far_end(ours)) as end:
        link = Datagrams(ours, False)
        end.send(b"x")
        (found,) = came(link, ours, 1)
        nowhere = found.name[:2] + b"\0\0" + found.name[4:]  # no port
        answers = [Datagram(b"%d" % number, nowhere if number in (1, 17) else found.name, b"") for number in range(20)]
        assert link.send(answers) == [(1, errno.EINVAL), (17, errno.EINVAL)]
        assert [end.recv(9) for _ in range(18)] == [b"%d" % number for number in range(20) if number not in (1, 17)]
        ours.close()
        assert link.send(answers[:1]) == [(0, errno.EBADF)]
        assert link.receive() == []


def test_an_answer_leaves_from_the_address_that_was_asked() -> None:
    four = struct.pack("=i4s4s", 3, socket.inet_aton("192.0.2.1"), socket.inet_aton("192.0.2.1"))
    answered = control(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4s", 0, socket.inet_aton("192.0.2.1"), bytes(4)))
    assert answering(control(socket.IPPROTO_IP, IP_PKTINFO, four)) == answered
    assert answering(control(socket.SOL_SOCKET, 1, b"x") + control(socket.IPPROTO_IP, IP_PKTINFO, four)) == answered
    for address, interface in (("2001:db8::1", 0), ("fe80::1", 3)):
        local = socket.inet_pton(socket.AF_INET6, address)
        told = control(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, struct.pack("=16sI", local, 3))
        assert answering(told) == control(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, struct.pack("=16sI", local, interface))
    for nothing in (b"", b"\0" * 7, bytes(64), control(socket.SOL_SOCKET, 1, b"x"), control(socket.IPPROTO_IP, IP_PKTINFO, four[:4])):
        assert answering(nothing) == b""
