"""Digests of SIP users: the example of RFC 2617 section 3.5, in the layout of RFC 5090, and what Kamailio asked."""

from __future__ import annotations

from hashlib import md5

import pytest

from gateway.protocols.radius.codes import ACCESS_REQUEST
from gateway.protocols.radius.digest import Digest, digest_of
from gateway.protocols.radius.packet import decode
from tests.gateway.protocols.radius.samples import nas_files, nas_lines, packet, raw

RFC_2617 = {
    104: b"testrealm@host.com",
    105: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
    108: b"GET",
    109: b"/dir/index.html",
    110: b"auth",
    113: b"0a4f113b",
    114: b"00000001",
    115: b"Mufasa",
}
PASSWORD = b"Circle Of Life"


def asked(response: bytes, **other: bytes) -> Digest:
    rows = {**RFC_2617, **{int(number[1:]): value for number, value in other.items()}}
    found = digest_of(packet(raw(103, response), *[raw(number, value) for number, value in rows.items() if value]))
    assert found is not None
    return found


def test_the_example() -> None:
    right = asked(b"6629fae49393a05397450978507c4ef1")
    assert (right.user, right.realm) == (b"Mufasa", b"testrealm@host.com")
    assert right.is_right(PASSWORD)
    assert not right.is_right(b"circle of life")
    assert asked(b"6629FAE49393A05397450978507C4EF1").is_right(PASSWORD)
    assert not asked(b"").is_right(PASSWORD)


def test_other_ways_to_calculate() -> None:
    """Without qop as in RFC 2069; with the session's own secret; over the body; by what is not known."""

    def hashed(text: str) -> str:
        return md5(text.encode()).hexdigest()

    nonce, asks = RFC_2617[105].decode(), hashed("GET:/dir/index.html")
    secret = hashed("Mufasa:testrealm@host.com:Circle Of Life")
    assert asked(hashed(f"{secret}:{nonce}:{asks}").encode(), a110=b"").is_right(PASSWORD)
    session = hashed(f"{secret}:{nonce}:0a4f113b")
    assert asked(hashed(f"{session}:{nonce}:00000001:0a4f113b:auth:{asks}").encode(), a111=b"MD5-sess").is_right(PASSWORD)
    body = hashed(f"GET:/dir/index.html:{hashed('body')}")
    whole = hashed(f"{secret}:{nonce}:00000001:0a4f113b:auth-int:{body}").encode()
    assert asked(whole, a110=b"auth-int", a112=hashed("body").encode()).is_right(PASSWORD)
    assert not asked(b"6629fae49393a05397450978507c4ef1", a111=b"SHA-256").is_right(PASSWORD)


@pytest.mark.parametrize("octets", [raw(207, b"\x01\x00"), raw(207, b""), raw(207, b"\x02\x09ab"), b""])
def test_parts_that_do_not_fit(octets: bytes) -> None:
    found = digest_of(packet(raw(206, b"0" * 32), octets))
    assert found is not None
    assert not found.is_right(PASSWORD)
    assert digest_of(packet(octets)) is None


def test_what_kamailio_asked() -> None:
    answered = {2: 0, 3: 0}
    for file in nas_files():
        if not file.stem.startswith("kamailio"):
            continue
        for line in nas_lines(file)[1]:
            request = decode(bytes.fromhex(line["payload"]["hex"]))
            found = digest_of(request) if request.code == ACCESS_REQUEST else None
            if found is None:
                continue
            right = found.is_right(b"tollgate-pw-" + found.user)
            assert right != ("wrong" in file.stem), file.stem
            answered[2 if right else 3] += 1
    assert answered[2] > 20
    assert answered[3] > 0
