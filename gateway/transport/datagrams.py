"""A UDP socket that is read and written many datagrams at a time, by recvmmsg(2) and sendmmsg(2).

A call of the socket module lets go of the interpreter each time, and a thread that waits for it may then keep it for 5 ms; these calls
keep it, which they may: they never wait. What they read into and write from is made once, BATCH datagrams each way.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import socket
import struct
import sys
from typing import Any, Final

from gateway.transport.limits import DATAGRAM_BATCH, MAX_DATAGRAM_BYTES, MAX_KNOWN_WAYS

log: Final = logging.getLogger(__name__)

IP_PKTINFO: Final = 8  # linux/in.h; the socket module has no name for it
_V4: Final = struct.Struct("=i4s4s")  # in_pktinfo: interface, address that is used, address that was asked
_V6: Final = struct.Struct("=16sI")  # in6_pktinfo: address, interface
_LINK_LOCAL: Final = b"\xfe\x80"
_NAME_BYTES: Final = {socket.AF_INET: 16, socket.AF_INET6: 28}  # sockaddr_in, sockaddr_in6
_CONTROL_HEAD: Final = struct.Struct("@Nii")  # cmsghdr: length with this, level, type
_CONTROL_BYTES: Final = socket.CMSG_SPACE(_V6.size)
# mmsghdr: name, its length, iovec, how many, control, its length, flags; octets of the message
_HEAD: Final = struct.Struct("@PIPNPNi0PI0P")
_HEAD_CONTROL: Final = (struct.calcsize("@PIPNPN") - struct.calcsize("L")) // struct.calcsize("L")
_HEAD_SIZE: Final = struct.calcsize("@PIPNPNi0P") // struct.calcsize("I")
_HEAD_WORDS: Final = _HEAD.size // struct.calcsize("L")
_HEAD_INTS: Final = _HEAD.size // struct.calcsize("I")
_PIECE: Final = struct.Struct("@PN")  # iovec: where, how long
_NOTHING_THERE: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR)


def _call(name: str, *takes: Any) -> Any:
    """A function of the C library that is called without letting go of the interpreter."""
    found = getattr(ctypes.PyDLL(None, use_errno=True), name)
    found.argtypes, found.restype = takes, ctypes.c_int
    return found


_RECEIVE: Final = _call("recvmmsg", ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_SEND: Final = _call("sendmmsg", ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
_DONT_WAIT: Final = int(socket.MSG_DONTWAIT)


class Datagram:
    """`name` is whose it is as the system writes it (sockaddr), that of the other end each way. `control` is what has it leave from an
    address of ours, empty where that does not matter: of a datagram that came, what its answer needs."""

    data: bytes
    name: bytes
    control: bytes

    def __init__(self, data: bytes, name: bytes, control: bytes) -> None:
        self.data = data
        self.name = name
        self.control = control


class Slots:
    """Room for DATAGRAM_BATCH datagrams, and `heads`, the address of what tells the system of it. `sizes` are the lengths of what is to be
    sent, every second one; `lengths` and `controls_held` lie in the heads."""

    heads: int
    data: memoryview
    names: memoryview
    controls: memoryview
    sizes: memoryview
    lengths: memoryview
    controls_held: memoryview

    def __init__(self, name_bytes: int) -> None:
        data = bytearray(DATAGRAM_BATCH * MAX_DATAGRAM_BYTES)
        names, controls = bytearray(DATAGRAM_BATCH * name_bytes), bytearray(DATAGRAM_BATCH * _CONTROL_BYTES)
        heads, pieces = bytearray(DATAGRAM_BATCH * _HEAD.size), bytearray(DATAGRAM_BATCH * _PIECE.size)
        self.heads = _address(heads)
        for at in range(DATAGRAM_BATCH):
            piece = _address(pieces) + at * _PIECE.size
            name, control = _address(names) + at * name_bytes, _address(controls) + at * _CONTROL_BYTES
            _PIECE.pack_into(pieces, at * _PIECE.size, _address(data) + at * MAX_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES)
            _HEAD.pack_into(heads, at * _HEAD.size, name, name_bytes, piece, 1, control, 0, 0, 0)
        # views: as long as there are any, what they show stays where it is
        self.data, self.names, self.controls = memoryview(data), memoryview(names), memoryview(controls)
        self.sizes = memoryview(pieces).cast("L")
        self.lengths, self.controls_held = memoryview(heads).cast("I"), memoryview(heads).cast("L")


def _address(buffer: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


class Datagrams:
    """A bound socket that does not block. `everywhere`: it is bound to no one address, and answers leave from the one that was asked; the
    system tells of that where IP_PKTINFO and IPV6_RECVPKTINFO are set."""

    _link: socket.socket
    _name_bytes: int
    _everywhere: bool
    _in: Slots
    _out: Slots
    _ways: dict[bytes, bytes]  # what the system tells of a way, and what an answer needs to go it back

    def __init__(self, link: socket.socket, everywhere: bool) -> None:
        self._link = link
        self._name_bytes = _NAME_BYTES[link.family]
        self._everywhere = everywhere
        self._in = Slots(self._name_bytes)
        self._out = Slots(self._name_bytes)
        self._ways = {}

    def receive(self) -> list[Datagram]:
        """What is there, at most DATAGRAM_BATCH; their octets beyond MAX_DATAGRAM_BYTES are cut off."""
        slots, name_bytes, found = self._in, self._name_bytes, []
        if self._everywhere:
            for at in range(DATAGRAM_BATCH):
                slots.controls_held[at * _HEAD_WORDS + _HEAD_CONTROL] = _CONTROL_BYTES
        count: int = _RECEIVE(self._link.fileno(), slots.heads, DATAGRAM_BATCH, _DONT_WAIT, None)
        if count < 0:
            number = ctypes.get_errno()
            if number not in _NOTHING_THERE:  # an ICMP error for an answer, say
                log.debug("a datagram could not be read", extra={"reason": os.strerror(number)})
            return []
        for at in range(count):
            begin = at * MAX_DATAGRAM_BYTES
            data = slots.data[begin : begin + slots.lengths[at * _HEAD_INTS + _HEAD_SIZE]].tobytes()
            name = slots.names[at * name_bytes : (at + 1) * name_bytes].tobytes()
            found.append(Datagram(data, name, self._way(at) if self._everywhere else b""))
        return found

    def _way(self, at: int) -> bytes:
        """What the answer to one of those that came needs."""
        slots = self._in
        begin = at * _CONTROL_BYTES
        told = slots.controls[begin : begin + slots.controls_held[at * _HEAD_WORDS + _HEAD_CONTROL]].tobytes()
        known = self._ways.get(told)
        if known is None:
            if len(self._ways) >= MAX_KNOWN_WAYS:
                self._ways.clear()
            known = self._ways[told] = answering(told)
        return known

    def send(self, gone: list[Datagram]) -> list[tuple[int, int]]:
        """Sends datagrams of at most MAX_DATAGRAM_BYTES; those that the system did not take, each as its place in the list and the error's
        number."""
        failed: list[tuple[int, int]] = []
        for first in range(0, len(gone), DATAGRAM_BATCH):
            count = self._fill(gone, first)
            done = 0
            while done < count:
                sent: int = _SEND(self._link.fileno(), self._out.heads + done * _HEAD.size, count - done, _DONT_WAIT)
                if sent > 0:
                    done += sent
                    continue
                number = ctypes.get_errno()
                if number != errno.EINTR:
                    failed.append((first + done, number))
                    done += 1
        return failed

    def _fill(self, gone: list[Datagram], first: int) -> int:
        """Puts the next datagrams where the system takes them from; how many."""
        slots, name_bytes = self._out, self._name_bytes
        count = min(len(gone) - first, DATAGRAM_BATCH)
        for at in range(count):
            one = gone[first + at]
            size, begin = len(one.data), at * MAX_DATAGRAM_BYTES
            assert size <= MAX_DATAGRAM_BYTES, "a datagram fits into its slot"
            slots.data[begin : begin + size] = one.data
            slots.sizes[2 * at + 1] = size
            slots.names[at * name_bytes : (at + 1) * name_bytes] = one.name
            if self._everywhere:
                held = len(one.control)
                slots.controls[at * _CONTROL_BYTES : at * _CONTROL_BYTES + held] = one.control
                slots.controls_held[at * _HEAD_WORDS + _HEAD_CONTROL] = held
        return count


def address_of(name: bytes) -> tuple[str, int]:
    """Address and port, the address as the socket module writes it."""
    port = name[2] << 8 | name[3]
    if int.from_bytes(name[:2], sys.byteorder) == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    return socket.inet_ntop(socket.AF_INET6, name[8:24]), port


def answering(told: bytes) -> bytes:
    """From what the system tells of a datagram's way: what has its answer leave from the address that was asked; empty for nothing."""
    at = 0
    while at + _CONTROL_HEAD.size <= len(told):
        size, level, kind = _CONTROL_HEAD.unpack_from(told, at)
        if size < _CONTROL_HEAD.size:
            break
        value = told[at + _CONTROL_HEAD.size : at + size]
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(value) == _V4.size:
            _, local, _ = _V4.unpack(value)
            return _control(level, kind, _V4.pack(0, local, bytes(4)))
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO and len(value) == _V6.size:
            local, interface = _V6.unpack(value)
            return _control(level, kind, _V6.pack(local, interface if local.startswith(_LINK_LOCAL) else 0))
        at += socket.CMSG_SPACE(size - _CONTROL_HEAD.size)
    return b""


def _control(level: int, kind: int, value: bytes) -> bytes:
    head = _CONTROL_HEAD.pack(_CONTROL_HEAD.size + len(value), level, kind)
    return (head + value).ljust(socket.CMSG_SPACE(len(value)), b"\0")
