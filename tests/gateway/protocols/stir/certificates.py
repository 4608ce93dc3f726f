"""Keys and certificates that a test makes for itself."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def private_pem(key: Private, password: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def public_pem(key: Private) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def certificate_pem(key: ec.EllipticCurvePrivateKey, begin_s: int, end_s: int) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "SHAKEN")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, datetime.fromtimestamp(begin_s, UTC), datetime.fromtimestamp(end_s, UTC)
    )
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)
