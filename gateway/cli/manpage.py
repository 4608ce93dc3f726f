"""The manual page tollwire(1), written from the commands' own parsers: python -m gateway.cli.manpage FILE"""

from __future__ import annotations

import sys
from typing import Final

from gateway import VERSION
from gateway.cli.described import Argument, Described, described
from gateway.config.roff import bold, escaped, head, italic, with_code
from gateway.config.written import write

STATUSES: Final = (
    ("0", "Done."),
    ("1", "There were faults, or the gateway said no."),
    ("2", "The command line is wrong."),
    ("3", "No gateway, or no peer, answers there."),
    ("130", "Interrupted."),
    ("141", "Whoever read the output has gone."),
)
VARIABLES: Final = (
    ("TOLLWIRE_SERVER", "Where the gateway is that commands talk to, HOST:PORT, when `--server` does not say it."),
    (
        "CREDENTIALS_DIRECTORY",
        "Where secrets of the configuration lie that are written `{ credential = NAME }`; systemd sets it for the service.",
    ),
    ("STATE_DIRECTORY", "The folder below which the state lies when neither `--state` nor `storage.state_folder` says where."),
    ("TZ", "The time zone of the configuration's `Local`."),
)
FILES: Final = (
    ("/etc/tollwire/tollwire.toml", "The configuration of the packaged service; see tollwire.toml(5)."),
    ("/etc/tollwire/conf.d/", "Further files of it, read after that one, in the order of their names."),
    ("/etc/tollwire/secrets/", "Secrets, handed to the service by systemd."),
    ("/var/lib/tollwire/default/tollwire.db", "The state: accounts, sessions, records."),
    ("/usr/share/tollwire/", "Dictionaries, dial plans and tariff plans to begin with."),
    ("/usr/share/doc/tollwire/", "The manual, and samples."),
)


def page() -> str:
    """The whole page."""
    commands = described()
    lines = [
        *head("tollwire", 1, VERSION, "charging gateway for network operators"),
        ".SH SYNOPSIS",
        f".B tollwire\n{italic('COMMAND')} ...",
        ".SH DESCRIPTION",
        "Network messages come in, each is authorized, reserved, rated and charged exactly, and a rated record with its explained",
        f"cost comes out. {bold('tollwire serve')} is the gateway; the other commands look after one.",
        f"{bold('tollwire COMMAND --help')} says the same as this page.",
        ".SH COMMANDS",
    ]
    for command in commands:
        lines += _command(command)
    lines += _listed("EXIT STATUS", STATUSES)
    lines += _listed("ENVIRONMENT", VARIABLES)
    lines += _listed("FILES", FILES)
    lines += [".SH SEE ALSO", ".BR tollwire.toml (5)"]
    return "\n".join(lines) + "\n"


def _command(command: Described) -> list[str]:
    lines = [f".SS tollwire {escaped(' '.join(command.words))}", f"{escaped(command.about[:1].upper() + command.about[1:])}."]
    for argument in (*command.places(), *command.options()):
        if "--help" not in argument.flags:
            lines += [".TP", _heading(argument), with_code(argument.about)]
    for inner in command.below:
        lines += _command(inner)
    return lines


def _heading(argument: Argument) -> str:
    value = " ".join(filter(None, [italic(argument.value) if argument.value else "", "..." if argument.many else ""]))
    if not argument.flags:
        return value if argument.needed else f"[{value}]"
    return ", ".join(map(bold, argument.flags)) + (f" {value}" if value else "")


def _listed(heading: str, rows: tuple[tuple[str, str], ...]) -> list[str]:
    lines = [f".SH {heading}"]
    for name, about in rows:
        lines += [".TP", bold(name), with_code(about)]
    return lines


def main(words: list[str]) -> int:
    """Writes the page to the file named, or to standard output."""
    return write(page(), words)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
