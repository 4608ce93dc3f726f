"""Reads dictionary files in FreeRADIUS' syntax, version 3 (its manual page dictionary(5)), with older spellings tolerated:

    VENDOR      NAME NUMBER [format=TYPE_OCTETS,LENGTH_OCTETS[,c]]
    BEGIN-VENDOR NAME [parent=ATTRIBUTE] ... END-VENDOR NAME        attributes of a vendor; parent: in that extended attribute (241.26)
    BEGIN-TLV NAME ... END-TLV NAME                                 attributes inside a TLV
    ATTRIBUTE   NAME NUMBER TYPE [FLAG,... | VENDOR]   NUMBER may be dotted (241.26, 26.24757.1.2); FLAG has_tag encrypt=1..3 ...
    VALUE       ATTRIBUTE NAME NUMBER                               may stand before its ATTRIBUTE
    $INCLUDE    FILE                                                beside the file that names it; $INCLUDE- passes over one that is missing

Every fault is told with its file and line; the line that has it is left out and the rest is taken.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

from engine.errors import Fault
from gateway.protocols.radius.codes import VENDOR_SPECIFIC
from gateway.protocols.radius.dictionary import PLAIN, Attribute, Dictionary, Vendor, is_extended, widest
from gateway.protocols.radius.kinds import BITS, EVS, KINDS, OCTETS, OTHER_NAMES, SIGNED, TLV
from gateway.protocols.radius.limits import (
    DICTIONARY_ATTRIBUTES,
    DICTIONARY_BYTES,
    DICTIONARY_DEPTH,
    DICTIONARY_FAULTS,
    DICTIONARY_FILES,
    DICTIONARY_NAME,
    DICTIONARY_SUGGESTIONS,
    DICTIONARY_VALUES,
    DICTIONARY_VENDORS,
    MAX_DEPTH,
    MAX_VALUE_BYTES,
)

Opener = Callable[[str], bytes]
"""The octets of a file by its name, `/` between folders. OSError: it is not there or cannot be read."""

_MAX_U24: Final = 0xFF_FFFF
_MAX_U32: Final = 0xFFFF_FFFF
_SHOWN: Final = 60  # characters of a wrong text that a fault repeats
_KEYWORDS: Final = ("ATTRIBUTE", "VALUE", "VENDOR", "BEGIN-VENDOR", "END-VENDOR", "BEGIN-TLV", "END-TLV", "$INCLUDE", "$INCLUDE-")
_NEWER: Final = ("ALIAS", "BEGIN", "BEGIN-PROTOCOL", "DEFINE", "END", "END-PROTOCOL", "ENUM", "FLAGS", "MEMBER", "PROTOCOL", "STRUCT")
_FLAGS: Final = ("has_tag", "encrypt=1", "encrypt=2", "encrypt=3", "concat", "array", "virtual", "secret", "internal")
_OLDER_FLAGS: Final = {
    "encrypt=User-Password": "encrypt=1",
    "encrypt=Tunnel-Password": "encrypt=2",
    "encrypt=Ascend-Secret": "encrypt=3",
    "has_tag=1": "has_tag",
}


def read_dictionary(dictionary: Dictionary, file: str, opener: Opener) -> list[Fault]:
    """Adds a file, and what it includes, to a dictionary; all that is wrong with them."""
    reader = Reader(dictionary, opener)
    reader.read(file)
    return reader.faults


class _Value:
    """A VALUE line that waits for its ATTRIBUTE."""

    file: str
    line: int
    vendor: Vendor
    attribute: str
    name: str
    number: str

    def __init__(self, file: str, line: int, vendor: Vendor, attribute: str, name: str, number: str) -> None:
        self.file = file
        self.line = line
        self.vendor = vendor
        self.attribute = attribute
        self.name = name
        self.number = number


class Reader:
    """One root file, and those that it includes, while they are read."""

    faults: list[Fault]
    _dictionary: Dictionary
    _opener: Opener
    _file: str
    _line: int
    _open: list[str]  # the files that include each other
    _files: int
    _attributes: int
    _values: int
    _waiting: list[_Value]
    _suggested: int
    _vendor: Vendor  # of BEGIN-VENDOR
    _space: int  # of its parent=
    _tlvs: list[Attribute]  # of BEGIN-TLV

    def __init__(self, dictionary: Dictionary, opener: Opener) -> None:
        self.faults = []
        self._dictionary = dictionary
        self._opener = opener
        self._file = ""
        self._line = 0
        self._open = []
        self._files = 0
        self._attributes = 0
        self._values = 0
        self._waiting = []
        self._suggested = 0
        self._vendor = dictionary.standard
        self._space = PLAIN
        self._tlvs = []

    def read(self, file: str) -> None:
        """Reads a root file."""
        self._include(file, False)
        waiting = self._waiting
        self._waiting = []
        for value in waiting:
            self._file = value.file
            self._line = value.line
            self._name_value(value, True)

    # -- files ---------------------------------------------------------------------------------------------------------

    def _include(self, file: str, optional: bool) -> None:
        if file in self._open:
            self._fault(f"{file} includes itself, by {' > '.join(self._open[self._open.index(file) :])}")
            return
        if len(self._open) >= DICTIONARY_DEPTH or self._files >= DICTIONARY_FILES:
            self._fault(f"more than {DICTIONARY_FILES} files, or {DICTIONARY_DEPTH} that include each other: {file} is left out")
            return
        try:
            octets = self._opener(file)
        except OSError as error:
            if not optional:
                if not self._open:
                    self._file = file
                self._fault(f"{file} cannot be read: {error.strerror or error}")
            return
        outside = (self._file, self._line)
        self._file = file
        self._line = 0
        self._files += 1
        self._open.append(file)
        if len(octets) > DICTIONARY_BYTES:
            self._fault(f"a dictionary of more than {DICTIONARY_BYTES} octets")
        else:
            self._lines(octets.decode("utf-8", "replace"))
        self._open.pop()
        self._file, self._line = outside

    def _lines(self, text: str) -> None:
        vendor, space, tlvs = self._vendor, self._space, self._tlvs
        self._vendor, self._space, self._tlvs = self._dictionary.standard, PLAIN, []
        if vendor.number:  # a file included inside a vendor's block goes on in it
            self._vendor, self._space, self._tlvs = vendor, space, list(tlvs)
        for line in text.split("\n"):
            self._line += 1
            words = _words(line)
            if words:
                self._take(words)
        if self._tlvs and self._tlvs != tlvs:
            self._fault(f"END-TLV {self._tlvs[-1].name} is missing at the end of the file")
        if self._vendor is not vendor and self._vendor.number:
            self._fault(f"END-VENDOR {self._vendor.name} is missing at the end of the file")
        self._vendor, self._space, self._tlvs = vendor, space, tlvs

    def _take(self, words: list[str]) -> None:
        keyword = words[0].upper()
        if keyword == "ATTRIBUTE":
            self._attribute(words)
        elif keyword == "VALUE":
            self._value(words)
        elif keyword == "VENDOR":
            self._add_vendor(words)
        elif keyword == "BEGIN-VENDOR":
            self._begin_vendor(words)
        elif keyword == "END-VENDOR":
            self._end_vendor(words)
        elif keyword == "BEGIN-TLV":
            self._begin_tlv(words)
        elif keyword == "END-TLV":
            self._end_tlv(words)
        elif keyword in ("$INCLUDE", "$INCLUDE-"):
            if len(words) != 2:
                self._fault("$INCLUDE takes the name of a file")
            else:
                self._include(posixpath.normpath(posixpath.join(posixpath.dirname(self._file), words[1])), keyword[-1] == "-")
        elif keyword in _NEWER:
            self._fault(f"{keyword} is a word of FreeRADIUS 4; dictionaries are read in the syntax of version 3")
        else:
            self._fault(f"no such keyword: {words[0][:_SHOWN]}", self._near(keyword, list(_KEYWORDS)))

    # -- vendors -------------------------------------------------------------------------------------------------------

    def _add_vendor(self, words: list[str]) -> None:
        if not 3 <= len(words) <= 4:
            self._fault("VENDOR takes a name, a number and perhaps format=1,1")
            return
        number = _number(words[2], _MAX_U24)
        if not number or not self._is_name(words[1]):
            self._fault(f"{words[2][:_SHOWN]} is no vendor's number: 1 to {_MAX_U24}")
            return
        if self._dictionary.vendor(number) is None and len(list(self._dictionary.vendors)) >= DICTIONARY_VENDORS:
            self._fault(f"more than {DICTIONARY_VENDORS} vendors")
            return
        try:
            vendor = self._dictionary.add_vendor(words[1], number)
        except ValueError as error:
            self._fault(str(error))
            return
        if len(words) == 4:
            self._format(vendor, words[3])

    def _format(self, vendor: Vendor, text: str) -> None:
        parts = text.removeprefix("format=").split(",")
        continued = len(parts) == 3 and parts[2] == "c"
        fits = text.startswith("format=") and (len(parts) == 2 or continued)
        if not fits or parts[0] not in ("1", "2", "4") or parts[1] not in ("0", "1", "2") or (continued and parts[:2] != ["1", "1"]):
            self._fault(f"{text[:_SHOWN]} is no format: octets of type (1, 2, 4), of length (0 to 2), ,c for WiMAX", "format=1,1")
            return
        vendor.type_bytes = int(parts[0])
        vendor.length_bytes = int(parts[1])
        vendor.continued = continued

    def _begin_vendor(self, words: list[str]) -> None:
        if not 2 <= len(words) <= 3:
            self._fault("BEGIN-VENDOR takes a vendor's name and perhaps parent=ATTRIBUTE")
            return
        if self._vendor.number:
            self._fault(f"BEGIN-VENDOR inside that of {self._vendor.name}, whose END-VENDOR is missing")
        vendor = self._dictionary.vendor_named(words[1])
        if vendor is None:
            self._fault(f"no VENDOR {words[1][:_SHOWN]}", self._dictionary.near_vendor(words[1]) if self._may_suggest() else "")
            return
        self._vendor = vendor
        self._space = PLAIN
        self._tlvs = []
        if len(words) == 3:
            self._parent(words[2])

    def _parent(self, text: str) -> None:
        kind, _, name = text.partition("=")
        attribute = self._dictionary.named(name) if kind in ("parent", "format") else None
        if attribute is None or attribute.kind != EVS:
            self._fault(f"{text[:_SHOWN]} names no attribute of the type evs", "parent=Extended-Vendor-Specific-1")
            return
        self._space = attribute.space

    def _end_vendor(self, words: list[str]) -> None:
        if not self._vendor.number:
            self._fault("END-VENDOR without a BEGIN-VENDOR")
            return
        if self._tlvs:
            self._fault(f"END-TLV {self._tlvs[-1].name} is missing")
        named = self._dictionary.vendor_named(words[1]) if len(words) == 2 else None
        if named is not self._vendor:
            self._fault(f"END-VENDOR ends that of {self._vendor.name}", f"END-VENDOR {self._vendor.name}")
        self._vendor = self._dictionary.standard
        self._space = PLAIN
        self._tlvs = []

    def _begin_tlv(self, words: list[str]) -> None:
        attribute = self._dictionary.named(words[1], self._vendor) if len(words) == 2 else None
        if attribute is None or attribute.kind != TLV:
            wrong = words[1][:_SHOWN] if len(words) > 1 else "nothing"
            self._fault(f"BEGIN-TLV takes the name of an attribute of the type tlv, not {wrong}", self._near_attribute(words[-1]))
            return
        self._tlvs.append(attribute)

    def _end_tlv(self, words: list[str]) -> None:
        if not self._tlvs:
            self._fault("END-TLV without a BEGIN-TLV")
            return
        attribute = self._tlvs.pop()
        if len(words) != 2 or words[1] != attribute.name:
            self._fault(f"END-TLV ends that of {attribute.name}", f"END-TLV {attribute.name}")

    # -- attributes ----------------------------------------------------------------------------------------------------

    def _attribute(self, words: list[str]) -> None:
        if len(words) < 4:
            self._fault("ATTRIBUTE takes a name, a number, a type and perhaps flags")
            return
        if not self._is_name(words[1]):
            return
        kind, size = self._kind(words[3])
        if kind < 0:
            return
        flags, vendor = self._flags(words[4:])
        attribute = self._placed(words[1], words[2], kind, vendor)
        if attribute is None:
            return
        if self._attributes >= DICTIONARY_ATTRIBUTES:
            self._fault(f"more than {DICTIONARY_ATTRIBUTES} attributes: {attribute.name} is left out")
            return
        attribute.size = size
        for flag in flags:
            if flag.startswith("encrypt="):
                attribute.encrypt = int(flag[8:])
            attribute.has_tag = attribute.has_tag or flag == "has_tag"
            attribute.concat = attribute.concat or flag == "concat"
            attribute.array = attribute.array or flag == "array"
            attribute.internal = attribute.internal or flag in ("virtual", "internal")
        self._attributes += 1
        self._dictionary.add_attribute(attribute)

    def _kind(self, text: str) -> tuple[int, int]:
        """The number of a type and the octets that it asks for; -1 after a fault."""
        name = text.lower()
        size = 0
        if name.startswith("octets[") and name.endswith("]"):
            number = _number(name[7:-1], MAX_VALUE_BYTES)
            name = "octets" if number else name
            size = number or 0
        kind = KINDS.get(name, OTHER_NAMES.get(name, -1))
        if kind < 0:
            self._fault(f"no such type: {text[:_SHOWN]}", self._near(name, list(KINDS)))
        return kind, size

    def _flags(self, words: list[str]) -> tuple[list[str], Vendor | None]:
        """The flags of a line; or the vendor, in the oldest layout, where it stands at their place."""
        found: list[str] = []
        vendor: Vendor | None = None
        for word in words:
            for text in word.split(","):
                flag = _OLDER_FLAGS.get(text, text)
                if flag in _FLAGS:
                    found.append(flag)
                elif self._dictionary.vendor_named(flag) is not None and not self._vendor.number:
                    vendor = self._dictionary.vendor_named(flag)
                elif flag:
                    self._fault(f"no such flag: {flag[:_SHOWN]}; it is passed over", self._near(flag, list(_FLAGS)))
        return found, vendor

    def _placed(self, name: str, text: str, kind: int, vendor: Vendor | None) -> Attribute | None:
        """An attribute at the place that its number says; None after a fault."""
        parts = text.removeprefix(".").split(".")
        numbers: list[int] = []
        for part in parts:
            number = _number(part, _MAX_U32)
            if number is None:
                self._fault(f"{text[:_SHOWN]} is no number of an attribute: 1, 0x1f, 241.26")
                return None
            numbers.append(number)
        space = self._space
        within = vendor if vendor is not None else self._vendor
        parent = self._tlvs[-1] if self._tlvs and vendor is None else None
        if parent is None and not within.number:
            if len(numbers) > 1 and is_extended(numbers[0]):
                space = numbers.pop(0)
            if len(numbers) > 2 and numbers[0] == VENDOR_SPECIFIC:
                named = self._dictionary.vendor(numbers[1])
                if named is None:
                    self._fault(f"{name}: no VENDOR of the number {numbers[1]}")
                    return None
                within = named
                numbers = numbers[2:]
        for number in numbers[:-1]:
            parent = self._dictionary.attribute(number, within.number, space) if parent is None else parent.children.get(number)
            if parent is None or parent.kind != TLV:
                self._fault(f"{name}: {text[:_SHOWN]} leads into no attribute of the type tlv")
                return None
        return self._fitting(Attribute(name, numbers[-1], kind, within, space, parent))

    def _fitting(self, attribute: Attribute) -> Attribute | None:
        if attribute.depth >= MAX_DEPTH:
            self._fault(f"{attribute.name}: TLVs more than {MAX_DEPTH} deep")
            return None
        if attribute.parent is not None:
            if attribute.number > 255:
                self._fault(f"{attribute.name}: a number inside a TLV is at most 255")
                return None
            return attribute
        most = widest(attribute.vendor, attribute.space)
        if attribute.number > most:
            if attribute.vendor.number or attribute.space:
                self._fault(f"{attribute.name}: {attribute.number} is beyond {most}, the greatest number there")
                return None
            attribute.internal = True
        return attribute

    # -- values --------------------------------------------------------------------------------------------------------

    def _value(self, words: list[str]) -> None:
        if len(words) != 4:
            self._fault("VALUE takes an attribute's name, a name and a number")
            return
        if self._values >= DICTIONARY_VALUES:
            self._fault(f"more than {DICTIONARY_VALUES} values: {words[2][:_SHOWN]} is left out")
            return
        self._values += 1
        self._name_value(_Value(self._file, self._line, self._vendor, words[1], words[2], words[3]), False)

    def _name_value(self, value: _Value, at_end: bool) -> None:
        attribute = self._dictionary.named(value.attribute, value.vendor) or self._dictionary.named(value.attribute)
        if attribute is None:
            if at_end:
                self._fault(f"VALUE of {value.attribute[:_SHOWN]}, which is no ATTRIBUTE", self._near_attribute(value.attribute))
            else:
                self._waiting.append(value)
            return
        if len(value.name) > DICTIONARY_NAME:
            self._fault(f"a name of more than {DICTIONARY_NAME} characters")
            return
        bits = BITS.get(attribute.kind, 0)
        if attribute.kind == OCTETS:
            return  # Debian's dictionary.cablelabs names the numbers inside of a structure: nothing to be read by
        if not bits:
            self._fault(f"{attribute.name} is no number: it has no named values")
            return
        text = value.number
        number = _number(text.removeprefix("-"), (1 << bits) - 1)
        if number is None or (text.startswith("-") and (attribute.kind != SIGNED or number > 1 << 31)):
            self._fault(f"{text[:_SHOWN]} is no value of {attribute.name}: a whole number of {bits} bits")
            return
        if text.startswith("-"):
            number = -number
        elif attribute.kind == SIGNED and number >= 1 << 31:
            number -= 1 << 32
        attribute.values[number] = value.name
        attribute.numbers[value.name] = number

    # -- faults --------------------------------------------------------------------------------------------------------

    def _is_name(self, name: str) -> bool:
        if len(name) <= DICTIONARY_NAME:
            return True
        self._fault(f"a name of more than {DICTIONARY_NAME} characters")
        return False

    def _fault(self, text: str, suggestion: str = "") -> None:
        if len(self.faults) < DICTIONARY_FAULTS:
            self.faults.append(Fault(self._file, self._line, 0, text, suggestion))
        elif len(self.faults) == DICTIONARY_FAULTS:
            self.faults.append(Fault(self._file, self._line, 0, f"more than {DICTIONARY_FAULTS} faults: no more are named"))

    def _may_suggest(self) -> bool:
        self._suggested += 1
        return self._suggested <= DICTIONARY_SUGGESTIONS

    def _near(self, text: str, names: list[str]) -> str:
        found = get_close_matches(text[:_SHOWN], names, 1, 0.6) if self._may_suggest() else []
        return found[0] if found else ""

    def _near_attribute(self, name: str) -> str:
        if not self._may_suggest():
            return ""
        vendor = self._vendor if self._vendor.number else None
        return self._dictionary.near(name[:_SHOWN], vendor)


def _words(line: str) -> list[str]:
    """The words of a line before a comment, which `#` begins at the start of a word."""
    if "#" not in line:
        return line.split()
    words: list[str] = []
    for word in line.split():
        if word.startswith("#"):
            break
        words.append(word)
    return words


def _number(text: str, most: int) -> int | None:
    """A number in decimal or, after 0x, hexadecimal digits; None for another text or one beyond `most`."""
    if len(text) > 12 or not text.isascii():
        return None
    if text.isdecimal():
        number = int(text)
    elif text[:2] in ("0x", "0X") and len(text) > 2 and all(digit in "0123456789abcdefABCDEF" for digit in text[2:]):
        number = int(text[2:], 16)
    else:
        return None
    return number if number <= most else None
