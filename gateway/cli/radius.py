"""tollwire radius: a RADIUS client that sends what it is told and prints what comes back, decoded and with its signatures looked at.

`send` asks a server: Access-Request, Accounting-Request, Status-Server. `coa` and `disconnect` ask a NAS to change or to end a session
(RFC 5176), and print why it does not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from getpass import getpass
from pathlib import Path
from random import SystemRandom
from typing import Final

from gateway.cli.client import context_of, read_server, tls_arguments
from gateway.cli.limits import RADIUS_COPIES, RADIUS_SECONDS
from gateway.cli.outcome import CommandError, Exit, UsageError
from gateway.cli.radiuslink import RadiusLink
from gateway.cli.radiusrequests import (
    ACCESS_PORT,
    AUTH,
    KINDS,
    PORTS,
    WANTED,
    Maker,
    Plan,
    Wanted,
    over,
    read_file,
    read_kind,
    read_words,
)
from gateway.cli.terminal import cell, plain_json
from gateway.protocols.radius.asking import Flight, Pace
from gateway.protocols.radius.attributes import first_value
from gateway.protocols.radius.builtin import load_dictionary
from gateway.protocols.radius.codes import ACCESS_REQUEST, CODE_NAMES, ERROR_CAUSE, ERROR_CAUSES, USER_NAME
from gateway.protocols.radius.dictionary import Dictionary
from gateway.protocols.radius.mschap import mschap2_success, nt_hash
from gateway.protocols.radius.packet import Packet
from gateway.protocols.radius.showing import Line, shown
from gateway.protocols.radius.signing import ABSENT, message_authenticator

SECRET_VARIABLE: Final = "TOLLWIRE_RADIUS_SECRET"
PASSWORD_VARIABLE: Final = "TOLLWIRE_RADIUS_PASSWORD"
RADSEC_SECRET: Final = b"radsec"  # RFC 6614 section 2.3
RADSEC_PORT: Final = 2083
DEFAULT_HOST: Final = "127.0.0.1"
NANO: Final = 1_000_000_000
ABOUT: Final = {
    "send": "send requests to a server, print its answers",
    "coa": "ask a NAS to change a session",
    "disconnect": "ask a NAS to end a session",
}
ASKED: Final = {"coa": "CoA-Request", "disconnect": "Disconnect-Request"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares its arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, about in ABOUT.items():
        one = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.", allow_abbrev=False)
        if name == "send":
            one.add_argument("request", nargs="?", metavar="REQUEST", help=f"{', '.join(KINDS)}")
        one.add_argument("words", nargs="*", metavar="NAME=VALUE", help="attributes by name, in their order; an empty value leaves one out")
        _common(one, "--nas" if name in ASKED else "--server")


def _common(parser: argparse.ArgumentParser, where: str) -> None:
    parser.add_argument(
        where, dest="server", metavar="HOST[:PORT]", help=f"who is asked ({DEFAULT_HOST}, and the port that is usual for the request)"
    )
    parser.add_argument("--file", metavar="FILE", help="a TOML file with requests, or with attributes that they have in common")
    parser.add_argument("--secret-file", metavar="FILE", help=f"file whose first line is the shared secret (else ${SECRET_VARIABLE})")
    parser.add_argument("--secret", metavar="TEXT", help="the shared secret; others on this machine can see it in the list of processes")
    parser.add_argument(
        "--auth", choices=AUTH, default="pap", help="how the password of an Access-Request (User-Password=, or a prompt) is proved (pap)"
    )
    parser.add_argument("--password-file", metavar="FILE", help=f"file whose first line is that password (else ${PASSWORD_VARIABLE})")
    parser.add_argument("--ask-password", action="store_true", help="ask for that password")
    parser.add_argument("--no-message-authenticator", action="store_true", help="send without Message-Authenticator, as old clients do")
    parser.add_argument("--tcp", action="store_true", help="over TCP (RFC 6613)")
    parser.add_argument(
        "--dictionaries", metavar="PATH", action="append", default=[], help="further dictionaries, a file or a folder; may be said again"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object an answer")
    parser.add_argument("--retries", type=int, default=RADIUS_COPIES, metavar="N", help=f"send again so often over UDP ({RADIUS_COPIES})")
    tls_arguments(parser, RADSEC_PORT)
    parser.add_argument(
        "--timeout", type=float, default=RADIUS_SECONDS, metavar="SECONDS", help=f"how long an answer is waited for ({RADIUS_SECONDS:g})"
    )


def run(options: argparse.Namespace) -> int:
    """Sends and prints; 1 when an answer was none that was wanted, 3 when nobody is there or answers."""
    if not options.timeout > 0 or not 0 <= options.retries < 16:
        raise UsageError("--timeout must be above 0, --retries from 0 to 15")
    dictionary, faults = load_dictionary([Path(path) for path in options.dictionaries])
    if faults:
        raise CommandError("\n".join(f"{fault.file}:{fault.line}: {fault.message}" for fault in faults[:10]))
    plan = _plan(options)
    return Exit.OK if Sending(dictionary, plan, options).run() else Exit.REFUSED


def _plan(options: argparse.Namespace) -> Plan:
    plan = read_file(options.file) if options.file else Plan()
    plan.server = options.server or plan.server or DEFAULT_HOST
    name, words = ASKED.get(options.action, ""), list(options.words)
    if not name and options.request:
        if "=" in options.request and plan.requests:
            words.insert(0, options.request)
        else:
            name = read_kind(options.request)
    own = read_words(words)
    if name:
        if plan.requests:
            raise UsageError("a REQUEST or a --file with [[request]] is wanted, not both")
        plan.requests = [Wanted(name, over(plan.attributes, own))]
    elif not plan.requests:
        raise UsageError("a REQUEST is wanted, or a --file with [[request]]")
    else:
        for wanted in plan.requests:
            wanted.attributes = over(wanted.attributes, own)
    for wanted in plan.requests:
        wanted.auth = wanted.auth or options.auth
    return plan


# -- secrets -------------------------------------------------------------------------------------------------------------


def _secret(options: argparse.Namespace, *, radsec: bool) -> bytes:
    """The shared secret: as it is said, from a file, of the environment, `radsec` over TLS, else asked for. UsageError for none."""
    text = options.secret or _line(options.secret_file) or os.environ.get(SECRET_VARIABLE, "")
    if not text and radsec:
        return RADSEC_SECRET
    if not text:
        text = _asked("shared secret: ", f"a shared secret is wanted: --secret-file, --secret, or ${SECRET_VARIABLE}")
    return str(text).encode("utf-8", "surrogateescape")


def _password(options: argparse.Namespace) -> str:
    text = _line(options.password_file) or os.environ.get(PASSWORD_VARIABLE, "")
    return _asked("password: ", "there is no terminal to ask for a password") if options.ask_password else text


def _line(name: str | None) -> str:
    """The first line of a file. UsageError where it cannot be read, or is empty."""
    if not name:
        return ""
    try:
        with open(name, encoding="utf-8", errors="surrogateescape") as file:
            text = file.readline().rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    if not text:
        raise UsageError(f"{name}: its first line is empty")
    return text


def _asked(prompt: str, otherwise: str) -> str:
    text = getpass(prompt) if sys.stdin.isatty() else ""
    if not text:
        raise UsageError(otherwise)
    return text


# -- sending -------------------------------------------------------------------------------------------------------------


class Sending:
    """One run: requests one after the other, what is printed of them."""

    def __init__(self, dictionary: Dictionary, plan: Plan, options: argparse.Namespace) -> None:
        self.dictionary, self.plan, self.as_json = dictionary, plan, options.json
        self.context = context_of(options)
        self.stream = options.tcp or self.context is not None
        self.secret = _secret(options, radsec=self.context is not None)
        self.maker = Maker(dictionary, self.secret, _password(options), signed=not options.no_message_authenticator)
        first = 0 if self.stream else int(options.timeout * NANO) // ((2 << options.retries) - 1)
        self.pace = Pace(first, 1 << 60, int(options.timeout * NANO), options.retries + 1)
        self.chance = SystemRandom()
        self.links: dict[tuple[str, int], RadiusLink] = {}

    def run(self) -> bool:
        """Whether every answer was as it was wanted."""
        for wanted in self.plan.requests:
            self.maker.make(wanted, 0)  # what cannot be written is told before anything is sent
        good = True
        try:
            for wanted in self.plan.requests:
                time.sleep(wanted.pause)
                good &= self.send(wanted)
        finally:
            for link in self.links.values():
                link.close()
        return good

    def send(self, wanted: Wanted) -> bool:
        """Sends one request and prints its answer; whether it was as it was wanted."""
        link = self.link_of(wanted)
        began = time.perf_counter()
        flight, answer = link.exchange(lambda identifier: self.maker.make(wanted, identifier), self.secret, self.pace)
        proved = self.proves(wanted, flight, answer)
        self.told(wanted, flight, answer, time.perf_counter() - began, proved)
        right = (wanted.expect,) if wanted.expect else WANTED[wanted.code]
        return answer.code in right and proved is not False

    def link_of(self, wanted: Wanted) -> RadiusLink:
        """The way to who is asked: one for each port."""
        port = RADSEC_PORT if self.context is not None else PORTS.get(wanted.code, ACCESS_PORT)
        address = read_server(self.plan.server, str(port))
        link = self.links.get(address)
        if link is None:
            link = self.links[address] = RadiusLink(
                address, stream=self.stream, context=self.context, chance=self.chance, tell=lambda text: print(text, file=sys.stderr)
            )
        return link

    def proves(self, wanted: Wanted, flight: Flight, answer: Packet) -> bool | None:
        """Whether an answer to MS-CHAPv2 shows that the server knows the password, too; None where it says nothing of it."""
        if wanted.code != ACCESS_REQUEST or wanted.auth != "mschapv2" or not self.maker.challenge:
            return None
        row = self.dictionary.named("MS-CHAP2-Success")
        said = None if row is None else first_value(answer, row)
        if said is None:
            return None
        user = Packet(flight.raw).first(USER_NAME) or b""
        success = mschap2_success(self.maker.response, self.maker.challenge, user, nt_hash(self.maker.password))
        return bool(success) and said[1:].startswith(success[1:])

    # -- printing ------------------------------------------------------------------------------------------------------

    def told(self, wanted: Wanted, flight: Flight, answer: Packet, took: float, proved: bool | None) -> None:
        """Prints an answer. Its Response Authenticator is right: others are passed over."""
        lines = shown(self.dictionary, answer, self.secret, flight.authenticator)
        signed = "absent" if message_authenticator(answer, self.secret, flight.authenticator) == ABSENT else "right"
        name, cause = CODE_NAMES.get(answer.code, str(answer.code)), cause_of(answer)
        if self.as_json:
            told: dict[str, object] = {"request": wanted.name, "answer": name, "ms": round(took * 1000, 3), "copies": flight.copies}
            told |= {"message_authenticator": signed} | ({} if proved is None else {"mschap2_success": proved})
            print(plain_json(told | ({"error_cause": cause} if cause else {}) | {"attributes": _as_data(lines)}), flush=True)
            return
        notes = [f"{took * 1000:.1f} ms", *([f"asked {flight.copies} times"] if flight.copies > 1 else [])]
        notes += ["Response Authenticator right", f"Message-Authenticator {signed}"]
        if proved is not None:
            notes.append("the server knows the password" if proved else "the server does NOT know the password")
        print(f"{wanted.name} -> {name}{f': {cause}' if cause else ''} ({', '.join(notes)})")
        for attribute, text in lines:
            print(f"  {attribute} = {cell(text)}")
        sys.stdout.flush()


def cause_of(answer: Packet) -> str:
    """The Error-Cause of an answer in words; empty where it has none."""
    value = answer.first(ERROR_CAUSE)
    if value is None or len(value) != 4:
        return ""
    number = int.from_bytes(value, "big")
    return f"{ERROR_CAUSES.get(number, 'unknown Error-Cause')} ({number})"


def _as_data(lines: list[Line]) -> dict[str, object]:
    """Attributes as one object for JSON: what is there several times as a list."""
    found: dict[str, object] = {}
    for name, text in lines:
        held = found.get(name)
        found[name] = text if held is None else [*held, text] if isinstance(held, list) else [held, text]
    return found
