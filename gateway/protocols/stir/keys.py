"""ES256: keys of the curve P-256 from PEM, signatures as JSON Web Signature writes them (RFC 7518 section 3.4: r and s, 32 octets each).

Signing draws no chance (RFC 6979). The library is loaded with the first key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.protocols.stir.passport import IdentityError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

_CURVE: Final = "secp256r1"
_HALF: Final = 32  # octets of r and of s
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"


class PublicKey:
    """Verifies. A certificate's key counts from `begin_s` to `end_s` (seconds since 1970 UTC); a bare key always: both are 0."""

    begin_s: int
    end_s: int
    _key: EllipticCurvePublicKey

    def __init__(self, pem: bytes) -> None:
        """`pem` is a public key or a certificate, the first of a chain. IdentityError when it is neither, or of another curve."""
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        self.begin_s = 0
        self.end_s = 0
        try:
            if _CERTIFICATE in pem:
                certificate = x509.load_pem_x509_certificate(pem)
                self.begin_s = int(certificate.not_valid_before_utc.timestamp())
                self.end_s = int(certificate.not_valid_after_utc.timestamp())
                key: object = certificate.public_key()
            else:
                key = load_pem_public_key(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise IdentityError("no public key and no certificate in PEM") from None
        if not isinstance(key, EllipticCurvePublicKey) or key.curve.name != _CURVE:
            raise IdentityError("no key for ES256")
        self._key = key

    def verify(self, signed: bytes, signature: bytes, now_s: int) -> None:
        """IdentityError unless the signature is this key's, and the key counts now."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        if self.end_s and not self.begin_s <= now_s <= self.end_s:
            raise IdentityError("the certificate is not valid now")
        if len(signature) != 2 * _HALF:
            raise IdentityError("verification error")
        r = int.from_bytes(signature[:_HALF], "big")
        s = int.from_bytes(signature[_HALF:], "big")
        try:
            self._key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
        except InvalidSignature:
            raise IdentityError("verification error") from None


class PrivateKey:
    """Signs."""

    _key: EllipticCurvePrivateKey

    def __init__(self, pem: bytes) -> None:
        """`pem` is a private key without a password. IdentityError when it is none, or of another curve."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise IdentityError("no private key in PEM, or one with a password") from None
        if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != _CURVE:
            raise IdentityError("no key for ES256")
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """64 octets; the same for the same data."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        r, s = decode_dss_signature(self._key.sign(data, ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
