"""MS-CHAP, versions 1 and 2, for servers that know the password (RFC 2433, RFC 2548, RFC 2759), and the keys of MPPE (RFC 3079).

Responses and keys are those of the attributes of vendor 311: MS-CHAP-Response (50 octets: ident, flags, LM and NT response),
MS-CHAP2-Response (ident, flags, the client's challenge, 8 octets, NT response), MS-CHAP2-Success and MS-CHAP-Error (ident, text).
"""

from __future__ import annotations

import hmac
from hashlib import sha1
from typing import Final

from gateway.protocols.radius.des import encrypt_block, with_parity
from gateway.protocols.radius.md4 import md4

RESPONSE_BYTES: Final = 50
CHALLENGE_BYTES: Final = 8  # version 1
CHALLENGE2_BYTES: Final = 16  # version 2
AUTHENTICATION_FAILURE: Final = 691
KEY_BYTES: Final = 16

_LM_TEXT: Final = b"KGS!@#$%"
_LM_CHARACTERS: Final = 14
_USES_NT: Final = 1
_SIGN_SERVER: Final = b"Magic server to client signing constant"
_SIGN_PAD: Final = b"Pad to make it do more than one iteration"
_MASTER: Final = b"This is the MPPE Master Key"
_CLIENT_SENDS: Final = b"On the client side, this is the send key; on the server side, it is the receive key."
_SERVER_SENDS: Final = b"On the client side, this is the receive key; on the server side, it is the send key."
_PAD1: Final = bytes(40)
_PAD2: Final = b"\xf2" * 40


def nt_hash(password: str) -> bytes:
    """The NT hash of a password: MD4 of it in UTF-16."""
    return md4(password.encode("utf-16-le", "surrogatepass"))


def lm_hash(password: str) -> bytes:
    """The LAN Manager hash of a password's first 14 characters, in capitals of the code page 437."""
    text = password.upper().encode("cp437", "replace")[:_LM_CHARACTERS].ljust(_LM_CHARACTERS, b"\0")
    return encrypt_block(with_parity(text[:7]), _LM_TEXT) + encrypt_block(with_parity(text[7:]), _LM_TEXT)


def challenge_response(challenge: bytes, password_hash: bytes) -> bytes:
    """24 octets: eight of a challenge under each third of a password's hash (RFC 2759 section 8.5)."""
    keys = password_hash.ljust(21, b"\0")
    return b"".join([encrypt_block(with_parity(keys[at : at + 7]), challenge) for at in (0, 7, 14)])


# -- version 1 -----------------------------------------------------------------------------------------------------------


def mschap_is_right(response: bytes, challenge: bytes, password_hash: bytes) -> bool:
    """Whether an MS-CHAP-Response is that of an NT hash, by its NT response.

    One that has that of LAN Manager alone is wrong: its hash knows 14 characters, capitals only, and one letter for all that the code page
    437 does not have.
    """
    if len(response) != RESPONSE_BYTES or len(challenge) != CHALLENGE_BYTES or not response[1] & _USES_NT:
        return False
    return hmac.compare_digest(challenge_response(challenge, password_hash), response[26:])


def mppe_keys(password_hash: bytes, lanman: bytes = b"") -> bytes:
    """The value of MS-CHAP-MPPE-Keys, to be hidden as a password is: LM key, zeros where it is not known, and NT key
    (RFC 2548 section 2.4.1)."""
    return lanman[:8].ljust(8, b"\0") + md4(password_hash)


# -- version 2 -----------------------------------------------------------------------------------------------------------


def challenge_hash(peer_challenge: bytes, challenge: bytes, user: bytes) -> bytes:
    """The eight octets that a response answers (RFC 2759 section 8.2); of the user's name what stands behind a domain and `\\`."""
    return sha1(peer_challenge + challenge + user.rpartition(b"\\")[2], usedforsecurity=False).digest()[:8]


def mschap2_success(response: bytes, challenge: bytes, user: bytes, password_hash: bytes) -> bytes:
    """The value of MS-CHAP2-Success for a MS-CHAP2-Response that is right for an NT hash; empty for a wrong one (RFC 2759 sections 8.4
    and 8.7)."""
    if len(response) != RESPONSE_BYTES or len(challenge) != CHALLENGE2_BYTES:
        return b""
    digest = challenge_hash(response[2:18], challenge, user)
    if not hmac.compare_digest(challenge_response(digest, password_hash), response[26:]):
        return b""
    return response[:1] + authenticator_response(password_hash, response[26:], digest)


def authenticator_response(password_hash: bytes, nt_response: bytes, digest: bytes) -> bytes:
    """`S=` and 40 hexadecimal digits: that the server knows the password, too."""
    first = sha1(md4(password_hash) + nt_response + _SIGN_SERVER, usedforsecurity=False).digest()
    return b"S=" + sha1(first + digest + _SIGN_PAD, usedforsecurity=False).hexdigest().upper().encode()


def mppe2_keys(password_hash: bytes, nt_response: bytes) -> tuple[bytes, bytes]:
    """The values of MS-MPPE-Send-Key and MS-MPPE-Recv-Key, 128 bits each, as the NAS has them (RFC 3079 section 3); to be salted."""
    master = sha1(md4(password_hash) + nt_response + _MASTER, usedforsecurity=False).digest()[:KEY_BYTES]
    return _session_key(master, _SERVER_SENDS), _session_key(master, _CLIENT_SENDS)


def _session_key(master: bytes, use: bytes) -> bytes:
    return sha1(master + _PAD1 + use + _PAD2, usedforsecurity=False).digest()[:KEY_BYTES]


# -- failure -------------------------------------------------------------------------------------------------------------


def mschap_error(ident: int, challenge: bytes, text: str = "", retry: bool = False, error: int = AUTHENTICATION_FAILURE) -> bytes:
    """The value of MS-CHAP-Error; `challenge`: a new one, by chance, of 8 octets for version 1 and 16 for version 2.

    RFC 2433 section 5 and RFC 2759 section 6: `E=691 R=0 C=... V=3 M=...`.
    """
    version = 3 if len(challenge) == CHALLENGE2_BYTES else 2
    said = f"E={error} R={int(retry)} C={challenge.hex().upper()} V={version}" + (f" M={text}" if text else "")
    return bytes((ident,)) + said.encode("utf-8", "replace")
