"""The certificates that the tls section names: read into a context for the listeners, or what is wrong with them and where."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from gateway.config.report import Report
from gateway.config.secrets import is_open
from gateway.config.source import Source
from gateway.config.tree import Tls, Tree

# TLS 1.2 with these, or 1.3, whose ciphers are all of that kind: forward secrecy, and encryption that is also proof of origin.
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
POLICIES: Final = {0: ssl.CERT_NONE, 1: ssl.CERT_NONE, 3: ssl.CERT_OPTIONAL, 4: ssl.CERT_REQUIRED}
DEFAULTS: Final = Source("defaults", "", "override")


class CertificateError(Exception):
    """A file that the tls section names, or an option of it, is not what it must be."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(f"tls.{option} {message}")
        self.option = option


def server_context(tls: Tls) -> ssl.SSLContext | None:
    """What the TLS listeners speak; None where no certificate is named. CertificateError for what cannot be used.

    `server_policy` is Go's ClientAuthType. Policy 1, by which a certificate is asked for and not looked at, is that of 0; 2, by which
    any certificate will do, protects nothing and is refused.
    """
    if not tls.server_certificate and not tls.server_key:
        return None
    for option, other in (("server_certificate", "server_key"), ("server_key", "server_certificate")):
        if not getattr(tls, option):
            raise CertificateError(option, f"is missing: tls.{other} is given")
        _read(option, getattr(tls, option))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # TLS 1.3 sends tickets after its handshake. A client that blocks reading them and only then writes (FreeRADIUS 3.2 over RadSec does,
    # now and then) would wait for an answer to what it has not asked; and links that stay open for weeks have nothing to resume.
    context.num_tickets = 0
    _load_own(context, tls)
    _trust(context, tls)
    return context


def client_context(tls: Tls) -> ssl.SSLContext:
    """What our own connections over TLS speak: the server must show a certificate of ca_certificate (or of an authority that the system
    trusts); client_certificate is shown where there is one. CertificateError for what cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    if tls.ca_certificate:
        _read("ca_certificate", tls.ca_certificate)
        try:
            context.load_verify_locations(tls.ca_certificate)
        except (ssl.SSLError, ValueError) as error:
            raise CertificateError("ca_certificate", f"{tls.ca_certificate} holds no certificates in PEM form") from error
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if tls.client_certificate or tls.client_key:
        for option in ("client_certificate", "client_key"):
            _read(option, getattr(tls, option))
        try:
            context.load_cert_chain(tls.client_certificate, tls.client_key, "")
        except (ssl.SSLError, ValueError, OSError) as error:
            raise CertificateError("client_certificate", f"{tls.client_certificate} cannot be used: {_words(error)}") from None
    return context


def _load_own(context: ssl.SSLContext, tls: Tls) -> None:
    asked: list[str] = []

    def password() -> str:
        asked.append("")
        return ""

    try:
        context.load_cert_chain(tls.server_certificate, tls.server_key, password)
    except (ssl.SSLError, ValueError, OSError) as error:
        if asked:
            raise CertificateError("server_key", f"{tls.server_key} has a password: one without is needed") from None
        reason = getattr(error, "reason", "") or ""
        if reason == "KEY_VALUES_MISMATCH":
            raise CertificateError("server_key", f"{tls.server_key} is not the key of {tls.server_certificate}") from None
        if b"PRIVATE KEY-----" not in _read("server_key", tls.server_key):
            raise CertificateError("server_key", f"{tls.server_key} holds no private key in PEM form") from None
        if b"-----BEGIN CERTIFICATE-----" not in _read("server_certificate", tls.server_certificate):
            raise CertificateError("server_certificate", f"{tls.server_certificate} holds no certificate in PEM form") from None
        raise CertificateError("server_certificate", f"{tls.server_certificate} cannot be used: {_words(reason or error)}") from None


def _trust(context: ssl.SSLContext, tls: Tls) -> None:
    """Whose client certificates are good, and whether one is needed."""
    if tls.server_policy not in POLICIES:
        raise CertificateError("server_policy", "2 takes any client certificate without a check, which protects nothing: use 0, 3 or 4")
    if tls.ca_certificate:
        _read("ca_certificate", tls.ca_certificate)
        try:
            context.load_verify_locations(tls.ca_certificate)
        except (ssl.SSLError, ValueError) as error:
            reason = _words(getattr(error, "reason", "") or error)
            raise CertificateError("ca_certificate", f"{tls.ca_certificate} holds no certificates in PEM form ({reason})") from None
    elif POLICIES[tls.server_policy] is not ssl.CERT_NONE:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = POLICIES[tls.server_policy]


def _read(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise CertificateError(option, f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _words(reason: object) -> str:
    return str(reason).lower().replace("_", " ")


def check_certificates(tree: Tree, report: Report) -> None:
    """Reports what the tls section names and cannot be used, and what an operator should know of it."""
    if tree.is_default(("tls",)):
        return
    tls = tree.tls
    try:
        server_context(tls)
    except CertificateError as fault:
        source, offset = tree.place(("tls", fault.option)) or tree.place(("tls",)) or (DEFAULTS, -1)
        report.fault(source, offset, str(fault))
        return
    source, offset = tree.place(("tls", "server_key")) or (DEFAULTS, -1)
    if tls.server_key and is_open(tls.server_key):
        report.caution(source, offset, f"tls.server_key: {tls.server_key} may be read by everybody on this machine")
    if not tls.ca_certificate and tls.server_certificate and POLICIES[tls.server_policy] is not ssl.CERT_NONE:
        source, offset = tree.place(("tls",)) or (DEFAULTS, -1)
        trusted = "a client's certificate of any authority that the system trusts is good"
        report.caution(source, offset, f"tls.server_policy is {tls.server_policy} and tls.ca_certificate is empty: {trusted}")
