"""What is known of applications, commands and AVPs: the rows of the dictionaries, found by number and by name.

A dictionary grows file by file (reading.py) and is then only looked into. Of rows with one number the later counts, so what an operator
adds overrules what is built in; the earlier's name stays a name of it. A vendor's AVP is found under its vendor alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from engine.errors import Fault
from gateway.protocols.diameter.codes import MANDATORY_BIT, VENDOR_BIT
from gateway.protocols.diameter.kinds import GROUPED

AUTH: Final = "auth"
ACCT: Final = "acct"


class Member:
    """An AVP that a group or a command has: its name, whether it has to be there, how often it may be (0: any number)."""

    name: str
    required: bool
    most: int

    def __init__(self, name: str, required: bool, most: int) -> None:
        self.name = name
        self.required = required
        self.most = most


class Avp:
    """One AVP. `key` is vendor << 32 | code; `flags` are the flags that it is sent with; `head` the first five octets of it on the wire.

    `values` are the names of an Enumerated by number, `numbers` the numbers by name; `members` what a group may hold.
    """

    name: str
    names: list[str]  # all that it is found by
    code: int
    vendor: int
    key: int
    kind: int
    flags: int
    head: bytes
    tail: bytes  # of the header: the vendor, or nothing
    values: dict[int, str]
    numbers: dict[str, int]
    members: list[Member]

    def __init__(self, name: str, code: int, vendor: int, kind: int, mandatory: bool = True) -> None:
        self.name = name
        self.names = [name]
        self.code = code
        self.vendor = vendor
        self.key = vendor << 32 | code
        self.kind = kind
        self.flags = (MANDATORY_BIT if mandatory else 0) | (VENDOR_BIT if vendor else 0)
        self.head = code.to_bytes(4, "big") + bytes([self.flags])
        self.tail = vendor.to_bytes(4, "big") if vendor else b""
        self.values = {}
        self.numbers = {}
        self.members = []

    @property
    def is_group(self) -> bool:
        return self.kind == GROUPED

    def wrap(self, value: bytes) -> bytes:
        """The AVP on the wire: header, value, padding."""
        length = 8 + len(self.tail) + len(value)
        rest = length & 3
        if rest == 0:
            return b"".join([self.head, length.to_bytes(3, "big"), self.tail, value])
        return b"".join([self.head, length.to_bytes(3, "big"), self.tail, value, _THREE if rest == 1 else _TWO if rest == 2 else _ONE])


_ONE: Final = b"\0"
_TWO: Final = b"\0\0"
_THREE: Final = b"\0\0\0"


class Command:
    """One command: its number, name and short name (`CC`, so `CCR` and `CCA`), and what its requests and answers have to hold."""

    code: int
    name: str
    short: str
    request: list[Member]
    answer: list[Member]

    def __init__(self, code: int, name: str, short: str) -> None:
        self.code = code
        self.name = name
        self.short = short
        self.request = []
        self.answer = []


class Application:
    """One application: number, name, `auth` or `acct`, and the vendor that it is told under in a capabilities exchange (0: none)."""

    id: int
    name: str
    type: str
    vendor: int
    vendor_name: str

    def __init__(self, id: int, name: str, type: str = AUTH, vendor: int = 0, vendor_name: str = "") -> None:
        self.id = id
        self.name = name
        self.type = type
        self.vendor = vendor
        self.vendor_name = vendor_name


class Dictionary:
    """All rows together."""

    applications: list[Application]
    vendors: dict[int, str]
    _avps: dict[int, Avp]  # by key
    _named: dict[str, Avp]
    _commands: dict[int, Command]
    _application_names: dict[int, str]
    _members: list[tuple[str, int, str]]  # file, line, name of each member that a rule names

    def __init__(self) -> None:
        self.applications = []
        self.vendors = {}
        self._avps = {}
        self._named = {}
        self._commands = {}
        self._application_names = {}
        self._members = []

    # -- looking up ----------------------------------------------------------------------------------------------------

    def avp(self, code: int, vendor: int = 0) -> Avp | None:
        """The AVP of a code and its vendor."""
        return self._avps.get(vendor << 32 | code)

    def keyed(self, key: int) -> Avp | None:
        """The AVP of a key, vendor << 32 | code."""
        return self._avps.get(key)

    def named(self, name: str) -> Avp | None:
        """The AVP of a name; where several vendors have one of that name, that of the file read last."""
        return self._named.get(name)

    def command(self, code: int) -> Command | None:
        return self._commands.get(code)

    def application(self, id: int) -> str | None:
        """The name of an application (the first that a file gave it), None for one that no file has."""
        return self._application_names.get(id)

    @property
    def names(self) -> Sequence[str]:
        """The names of all AVPs."""
        return list(self._named)

    @property
    def avps(self) -> Iterable[Avp]:
        return self._avps.values()

    @property
    def commands(self) -> Iterable[Command]:
        return self._commands.values()

    def chosen(self, texts: Sequence[str]) -> list[Application]:
        """The applications that a list such as `4`, `TGPP.16777238`, `Base Accounting` names, in the order of the files; all for none.

        ValueError with the text that names none.
        """
        for text in texts:
            if not any(_is_named(application, text) for application in self.applications):
                raise ValueError(text)
        return [one for one in self.applications if not texts or any(_is_named(one, text) for text in texts)]

    # -- adding --------------------------------------------------------------------------------------------------------

    def add_avp(self, avp: Avp) -> None:
        """Takes an AVP; one of the same number is replaced, and its names are names of this one."""
        before = self._avps.get(avp.key)
        if before is not None:
            for name in before.names:
                if self._named.get(name) is before:
                    self._named[name] = avp
                if name not in avp.names:
                    avp.names.append(name)
            if not avp.members:
                avp.members = before.members
            for number, name in before.values.items():
                avp.values.setdefault(number, name)
                avp.numbers.setdefault(name, number)
        self._avps[avp.key] = avp
        self._named[avp.name] = avp

    def add_command(self, command: Command) -> None:
        """Takes a command; one of the same number keeps its name, rules are added to it."""
        before = self._commands.get(command.code)
        if before is None:
            self._commands[command.code] = command
            return
        if not before.request:
            before.request = command.request
        if not before.answer:
            before.answer = command.answer

    def add_application(self, application: Application) -> None:
        """Takes an application, unless there is the same of the same vendor and type."""
        self._application_names.setdefault(application.id, application.name)
        for one in self.applications:
            if one.id == application.id and one.vendor == application.vendor and one.type == application.type:
                return
        self.applications.append(application)

    def add_rule(self, file: str, line: int, name: str) -> None:
        """Remembers that a rule names an AVP, for `unresolved`."""
        self._members.append((file, line, name))

    def unresolved(self) -> list[Fault]:
        """The members of groups and commands that no file has, once all files are read. Nothing is lost by them: they are hints."""
        from difflib import get_close_matches

        found: list[Fault] = []
        for file, line, name in self._members:
            if name not in self._named and name != "AVP":
                near = get_close_matches(name, list(self._named), 1, 0.6)
                found.append(Fault(file, line, 0, f"a rule names {name}, which no dictionary has", near[0] if near else ""))
        return found


def _is_named(application: Application, text: str) -> bool:
    number = str(application.id)
    if text in (number, application.name):
        return True
    vendor, _, rest = text.partition(".")
    return bool(rest) and vendor in (application.vendor_name, str(application.vendor)) and rest in (number, application.name)
