"""Reads dictionary files, in the XML layout that operators have from other Diameter software:

    <diameter>
      <application id="4" type="auth" name="Credit Control">
        <vendor id="10415" name="TGPP"/>
        <command code="272" short="CC" name="Credit-Control">
          <request><rule avp="Session-Id" required="true" max="1"/></request><answer>...</answer>
        </command>
        <avp name="CC-Request-Type" code="416" must="M" may="P" must-not="V" may-encrypt="Y" vendor-id="...">
          <data type="Enumerated"><item code="1" name="INITIAL_REQUEST"/></data>
        </avp>
      </application>
    </diameter>

An AVP without `vendor-id` is its application's vendor's where `must` has V, else nobody's. `must-not` with M: sent without the M bit.
Every fault of a file is told with its line, and a file with one is not taken at all.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final
from xml.parsers import expat

from engine.errors import Fault
from gateway.protocols.diameter.dictionary import ACCT, AUTH, Application, Avp, Command, Dictionary, Member
from gateway.protocols.diameter.kinds import ENUM, GROUPED, KINDS
from gateway.protocols.diameter.limits import (
    DICTIONARY_AVPS,
    DICTIONARY_BYTES,
    DICTIONARY_FAULTS,
    DICTIONARY_ITEMS,
    DICTIONARY_SUGGESTIONS,
)

_MAX_U32: Final = 0xFFFF_FFFF
_MAX_U24: Final = 0xFF_FFFF
_SHOWN: Final = 60  # characters of a wrong text that a fault repeats

# Which elements stand in which, and the attributes of each; what is marked ! has to be there.
_INSIDE: Final[dict[str, tuple[str, ...]]] = {
    "": ("diameter",),
    "diameter": ("application",),
    "application": ("vendor", "command", "avp"),
    "command": ("request", "answer"),
    "request": ("rule",),
    "answer": ("rule",),
    "avp": ("data",),
    "data": ("item", "rule"),
    "vendor": (),
    "item": (),
    "rule": (),
}
_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "diameter": (),
    "application": ("id!", "type", "name", "uri"),
    "vendor": ("id!", "name"),
    "command": ("code!", "name!", "short"),
    "request": (),
    "answer": (),
    "avp": ("name!", "code!", "must", "may", "must-not", "may-encrypt", "vendor-id"),
    "data": ("type!",),
    "item": ("code!", "name!"),
    "rule": ("avp!", "required", "min", "max"),
}


def read_dictionary(dictionary: Dictionary, file: str, text: str | bytes) -> list[Fault]:
    """Adds a file's rows to a dictionary; what is wrong with the file, in which case nothing is added."""
    reader = Reader(dictionary, file)
    reader.read(text.encode() if isinstance(text, str) else text)
    if not reader.faults:
        reader.commit()
    return reader.faults


class EntitiesError(Exception):
    """A file declares entities."""


class Reader:
    """One file while it is read."""

    faults: list[Fault]
    _dictionary: Dictionary
    _file: str
    _parser: expat.XMLParserType
    _open: list[str]  # the elements that are open
    _passed: int  # of these, elements of no known kind or place: what is inside them is passed over
    _applications: list[Application]
    _commands: list[Command]
    _avps: list[Avp]
    _rules: list[tuple[int, str]]
    _vendors: dict[int, str]
    _application: Application | None
    _command: Command | None
    _avp: Avp | None
    _waiting: list[tuple[Avp, int]]  # AVPs of the open application that are its vendor's, with their lines
    _has_vendor: bool
    _suggested: int

    def __init__(self, dictionary: Dictionary, file: str) -> None:
        self.faults = []
        self._dictionary = dictionary
        self._file = file
        self._open = []
        self._passed = 0
        self._applications = []
        self._commands = []
        self._avps = []
        self._rules = []
        self._vendors = {}
        self._application = None
        self._command = None
        self._avp = None
        self._waiting = []
        self._has_vendor = False
        self._suggested = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._entity

    def read(self, text: bytes) -> None:
        if len(text) > DICTIONARY_BYTES:
            self.faults.append(Fault(self._file, 0, 0, f"a dictionary of more than {DICTIONARY_BYTES} bytes"))
            return
        try:
            self._parser.Parse(text, True)
        except EntitiesError:
            self._fault("a dictionary declares no entities")
        except (LookupError, ValueError):
            self._fault("no XML: its encoding is not known")
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            self.faults.append(Fault(self._file, error.lineno, error.offset + 1, f"no XML: {said}"))

    def commit(self) -> None:
        """Adds what was read to the dictionary."""
        for application in self._applications:
            self._dictionary.add_application(application)
        for command in self._commands:
            self._dictionary.add_command(command)
        for avp in self._avps:
            self._dictionary.add_avp(avp)
        for line, name in self._rules:
            self._dictionary.add_rule(self._file, line, name)
        for vendor, name in self._vendors.items():
            self._dictionary.vendors.setdefault(vendor, name)

    # -- what the parser says ------------------------------------------------------------------------------------------

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if self._passed:
            self._passed += 1
            return
        if name not in _INSIDE[parent]:
            place = f"in <{parent}>" if parent else "as a dictionary's root"
            self._fault(f"<{name[:_SHOWN]}> has no place {place}", self._nearest(name, _INSIDE[parent]))
            self._passed = 1
            return
        if not self._attributes_fit(name, attributes):
            self._passed = 1
            return
        if name == "application":
            self._start_application(attributes)
        elif name == "vendor":
            self._start_vendor(attributes)
        elif name == "command":
            self._start_command(attributes)
        elif name == "avp":
            self._start_avp(attributes)
        elif name == "data":
            self._start_data(attributes)
        elif name == "item":
            self._start_item(attributes)
        elif name == "rule":
            self._start_rule(attributes)

    def _end(self, name: str) -> None:
        self._open.pop()
        if self._passed:
            self._passed -= 1
            return
        if name == "application":
            self._end_application()
        elif name == "avp":
            if self._avp is not None and self._avp.kind < 0:
                self._fault(f"{self._avp.name} has no <data type=...>")
            self._avp = None
        elif name == "command":
            self._command = None

    def _text(self, text: str) -> None:
        if not self._passed and text.strip():
            self._fault(f"text has no place here: {text.strip()[:_SHOWN]}")

    def _entity(self, *_what: object) -> None:
        raise EntitiesError  # what it would stand for is not to be made

    # -- elements ------------------------------------------------------------------------------------------------------

    def _start_application(self, attributes: dict[str, str]) -> None:
        number = self._number(attributes, "id", _MAX_U32)
        type = attributes.get("type", "") or AUTH
        if type not in (AUTH, ACCT):
            self._fault(f"an application's type is {AUTH} or {ACCT}, not {type[:_SHOWN]}", self._nearest(type, (AUTH, ACCT)))
        self._application = Application(number, attributes.get("name", ""), type)
        self._has_vendor = False

    def _start_vendor(self, attributes: dict[str, str]) -> None:
        vendor = self._number(attributes, "id", _MAX_U32)
        if vendor:
            self._vendors.setdefault(vendor, attributes.get("name", ""))
        if self._application is not None and not self._has_vendor:
            self._has_vendor = True
            self._application.vendor = vendor
            self._application.vendor_name = attributes.get("name", "")

    def _end_application(self) -> None:
        application = self._application
        assert application is not None, "an application that ends was begun"
        for avp, line in self._waiting:
            if not application.vendor:
                message = f"{avp.name} must have a vendor (V), and neither it nor its application names one"
                self._fault_at(line, message)
                continue
            self._avps.append(_of_vendor(avp, application.vendor))
        self._waiting = []
        if application.name or application.id:
            self._applications.append(application)
        self._application = None

    def _start_command(self, attributes: dict[str, str]) -> None:
        code = self._number(attributes, "code", _MAX_U24)
        name = attributes["name"]
        self._command = Command(code, name, attributes.get("short", "") or name)
        self._commands.append(self._command)

    def _start_avp(self, attributes: dict[str, str]) -> None:
        code = self._number(attributes, "code", _MAX_U32)
        name = attributes["name"].strip()
        if not name or "." in name or "[" in name:
            self._fault(f"an AVP's name stands in paths: it is not empty and has no dot and no bracket: {name[:_SHOWN]}")
        if len(self._avps) >= DICTIONARY_AVPS:
            self._fault(f"more than {DICTIONARY_AVPS} AVPs")
        must, must_not = _flags(attributes.get("must", "")), _flags(attributes.get("must-not", ""))
        vendor = self._number(attributes, "vendor-id", _MAX_U32) if attributes.get("vendor-id", "") else 0
        self._avp = Avp(name, code, vendor, -1, "M" not in must_not)
        if vendor or "V" not in must:
            self._avps.append(self._avp)
        else:
            self._waiting.append((self._avp, self._parser.CurrentLineNumber))

    def _start_data(self, attributes: dict[str, str]) -> None:
        avp = self._avp
        assert avp is not None, "data stands in an AVP"
        type = attributes["type"].strip()
        kind = KINDS.get(type, -1)
        if kind < 0:
            self._fault(f"{type[:_SHOWN]} is no data type", self._nearest(type, tuple(KINDS)))
            kind = 0
        avp.kind = kind

    def _start_item(self, attributes: dict[str, str]) -> None:
        avp = self._avp
        assert avp is not None, "an item stands in an AVP"
        number = self._signed(attributes, "code")
        if len(avp.values) >= DICTIONARY_ITEMS:
            self._fault(f"{avp.name} has more than {DICTIONARY_ITEMS} values")
        elif avp.kind == GROUPED:
            self._fault(f"{avp.name} is a group: it has rules, no items", "rule")
        else:
            avp.values.setdefault(number, attributes["name"])
            avp.numbers.setdefault(attributes["name"], number)

    def _start_rule(self, attributes: dict[str, str]) -> None:
        required = attributes.get("required", "false").strip().lower()
        if required not in ("true", "false", "1", "0"):
            self._fault(f"required is true or false, not {required[:_SHOWN]}", self._nearest(required, ("true", "false")))
        most = self._number(attributes, "max", _MAX_U32) if attributes.get("max", "") else 0
        member = Member(attributes["avp"].strip(), required in ("true", "1"), most)
        self._rules.append((self._parser.CurrentLineNumber, member.name))
        if self._open[-2] == "data":
            if self._avp is not None and self._avp.kind == GROUPED and len(self._avp.members) < DICTIONARY_ITEMS:
                self._avp.members.append(member)
            else:
                self._fault("rules stand in the data of a group", "item" if self._avp is not None and self._avp.kind == ENUM else "")
        elif self._command is not None:
            (self._command.request if self._open[-2] == "request" else self._command.answer).append(member)

    # -- attributes and faults -----------------------------------------------------------------------------------------

    def _attributes_fit(self, name: str, attributes: dict[str, str]) -> bool:
        known = _ATTRIBUTES[name]
        allowed = [one.rstrip("!") for one in known]
        fits = True
        for attribute in attributes:
            if attribute not in allowed:
                self._fault(f"{attribute[:_SHOWN]} is no attribute of <{name}>", self._nearest(attribute, tuple(allowed)))
        for one in known:
            if one.endswith("!") and not attributes.get(one[:-1], "").strip():
                self._fault(f"<{name}> needs {one[:-1]}")
                fits = False
        return fits

    def _number(self, attributes: dict[str, str], attribute: str, most: int) -> int:
        text = attributes[attribute].strip()
        if text.isdecimal() and text.isascii() and len(text) <= 10 and int(text) <= most:
            return int(text)
        self._fault(f"{attribute} is a whole number of 0 to {most}, not {text[:_SHOWN]}")
        return 0

    def _signed(self, attributes: dict[str, str], attribute: str) -> int:
        text = attributes[attribute].strip()
        digits = text.removeprefix("-")
        if digits.isdecimal() and digits.isascii() and len(digits) <= 10 and -(2**31) <= int(text) <= _MAX_U32:
            return int(text)
        self._fault(f"{attribute} is a whole number of 32 bits, not {text[:_SHOWN]}")
        return 0

    def _nearest(self, name: str, names: tuple[str, ...]) -> str:
        self._suggested += 1
        if self._suggested > DICTIONARY_SUGGESTIONS:
            return ""
        folded = {one.lower(): one for one in names}
        found = get_close_matches(name[:_SHOWN].lower(), list(folded), 1, 0.6)
        return folded[found[0]] if found else ""

    def _fault(self, message: str, suggestion: str = "") -> None:
        self._fault_at(self._parser.CurrentLineNumber, message, suggestion)

    def _fault_at(self, line: int, message: str, suggestion: str = "") -> None:
        if len(self.faults) < DICTIONARY_FAULTS:
            self.faults.append(Fault(self._file, line, 0, message, suggestion))


def _flags(text: str) -> frozenset[str]:
    """The letters of `M,V`; `-` says none."""
    return frozenset(text.upper().replace(".", ",").replace(" ", "").split(","))


def _of_vendor(avp: Avp, vendor: int) -> Avp:
    mine = Avp(avp.name, avp.code, vendor, avp.kind, bool(avp.flags & 0x40))
    mine.values = avp.values
    mine.numbers = avp.numbers
    mine.members = avp.members
    return mine
