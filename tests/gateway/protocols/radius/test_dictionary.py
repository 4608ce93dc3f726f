"""Dictionaries: what operators write, every fault with its line, what is built in, and that others have the same numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.protocols.radius.builtin import builtin_folder, load_dictionary, read_file
from gateway.protocols.radius.dictionary import Attribute, Dictionary
from gateway.protocols.radius.kinds import BYTE, EVS, HOLDING, INTEGER, IPADDR, KINDS, NAMES, OCTETS, SIGNED, TEXT, TLV
from gateway.protocols.radius.limits import DICTIONARY_BYTES, DICTIONARY_DEPTH, DICTIONARY_FAULTS
from gateway.protocols.radius.reading import read_dictionary
from tests.gateway.protocols.radius.samples import RECORDINGS, ROOT, TOLLGATE, known, read_files, read_text

DEBIAN = Path("/usr/share/freeradius")
TEXT_OF_ALL = """
# a comment, and one at the end of a line
ATTRIBUTE Extended-Attribute-1 241 extended
ATTRIBUTE Extended-Vendor-Specific-1 241.26 evs
VENDOR Acme 66001
VENDOR Wide 66002 format=2,1
VENDOR Wi 66003 format=1,1,c   # as WiMAX
VALUE Acme-Speed Later 9
BEGIN-VENDOR Acme
ATTRIBUTE Acme-Speed 0x01 integer
ATTRIBUTE Acme-Secret 2 string encrypt=2,has_tag
ATTRIBUTE Acme-Key 3 octets[16]
ATTRIBUTE Acme-Box 4 tlv
BEGIN-TLV Acme-Box
ATTRIBUTE Acme-Lid 1 byte
VALUE Acme-Lid Open 1
ATTRIBUTE Acme-Inner 2 tlv
BEGIN-TLV Acme-Inner
ATTRIBUTE Acme-Core 7 String
END-TLV Acme-Inner
END-TLV Acme-Box
ATTRIBUTE Acme-Hinge 4.3 short
VALUE Acme-Speed Slow 0x40
VALUE Acme-Speed Fast 200
VALUE Acme-Speed Quick 200
END-VENDOR Acme
BEGIN-VENDOR Wide
ATTRIBUTE Wide-One 0x0701 ipaddr array
END-VENDOR Wide
BEGIN-VENDOR Acme parent=Extended-Vendor-Specific-1
ATTRIBUTE Acme-Extended 5 signed
VALUE Acme-Extended Minus -1
END-VENDOR Acme
ATTRIBUTE Old-Acme 9 string Acme
ATTRIBUTE Plain 200 octets concat
ATTRIBUTE Deep 241.7 tlv
ATTRIBUTE Deeper 241.7.2 uint32
ATTRIBUTE By-Vendor 26.66001.77 ether
ATTRIBUTE Group-Name 1005 string virtual
"""


def test_the_whole_grammar() -> None:
    dictionary, faults = read_text(TEXT_OF_ALL)
    assert faults == []
    found = {
        name: (one.oid, NAMES[one.kind])
        for name in re.findall(r"^ATTRIBUTE (\S+)", TEXT_OF_ALL, re.MULTILINE)
        if (one := dictionary.named(name)) is not None
    }
    assert found == {
        "Extended-Attribute-1": ("241", "extended"),
        "Extended-Vendor-Specific-1": ("241.26", "evs"),
        "Acme-Speed": ("26.66001.1", "integer"),
        "Acme-Secret": ("26.66001.2", "string"),
        "Acme-Key": ("26.66001.3", "octets"),
        "Acme-Box": ("26.66001.4", "tlv"),
        "Acme-Lid": ("26.66001.4.1", "byte"),
        "Acme-Inner": ("26.66001.4.2", "tlv"),
        "Acme-Core": ("26.66001.4.2.7", "string"),
        "Acme-Hinge": ("26.66001.4.3", "short"),
        "Wide-One": ("26.66002.1793", "ipaddr"),
        "Acme-Extended": ("241.26.66001.5", "signed"),
        "Old-Acme": ("26.66001.9", "string"),
        "Plain": ("200", "octets"),
        "Deep": ("241.7", "tlv"),
        "Deeper": ("241.7.2", "integer"),
        "By-Vendor": ("26.66001.77", "ether"),
        "Group-Name": ("1005", "string"),
    }
    wide, wi = dictionary.vendor_named("Wide"), dictionary.vendor_named("Wi")
    assert wide is not None
    assert wi is not None
    assert (wide.type_bytes, wide.length_bytes, wide.continued) == (2, 1, False)
    assert (wi.type_bytes, wi.length_bytes, wi.continued) == (1, 1, True)
    speed = dictionary.named("Acme-Speed")
    assert speed is not None
    assert speed.numbers == {"Later": 9, "Slow": 64, "Fast": 200, "Quick": 200}
    assert speed.values == {9: "Later", 64: "Slow", 200: "Quick"}  # of two names the later is read
    flags = {one.name: (one.encrypt, one.has_tag, one.concat, one.array, one.internal, one.size) for one in dictionary.attributes}
    assert flags["Acme-Secret"] == (2, True, False, False, False, 0)
    assert flags["Acme-Key"] == (0, False, False, False, False, 16)
    assert flags["Plain"] == (0, False, True, False, False, 0)
    assert flags["Wide-One"] == (0, False, False, True, False, 0)
    assert flags["Group-Name"] == (0, False, False, False, True, 0)
    extended = dictionary.named("Acme-Extended")
    assert extended is not None
    assert extended.values == {-1: "Minus"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ATTRIBUET A 1 string", "no such keyword: ATTRIBUET (did you mean ATTRIBUTE?)"),
        ("ATTRIBUTE A 1", "ATTRIBUTE takes a name, a number, a type and perhaps flags"),
        ("ATTRIBUTE A 1 strnig", "no such type: strnig (did you mean string?)"),
        ("ATTRIBUTE A 1 octets[0]", "no such type: octets[0] (did you mean octets?)"),
        ("ATTRIBUTE A one string", "one is no number of an attribute: 1, 0x1f, 241.26"),
        ("ATTRIBUTE A 1.2 string", "A: 1.2 leads into no attribute of the type tlv"),
        ("ATTRIBUTE A 26.77.2 string", "A: no VENDOR of the number 77"),
        ("ATTRIBUTE A 241.256 string", "A: 256 is beyond 255, the greatest number there"),
        ("ATTRIBUTE A 1 string has_tga", "no such flag: has_tga; it is passed over (did you mean has_tag?)"),
        ("ATTRIBUTE A 1 string encrypt=4", "no such flag: encrypt=4; it is passed over (did you mean encrypt=3?)"),
        (f"ATTRIBUTE {'A' * 129} 1 string", "a name of more than 128 characters"),
        ("VENDOR Acme", "VENDOR takes a name, a number and perhaps format=1,1"),
        ("VENDOR Acme x", "x is no vendor's number: 1 to 16777215"),
        ("VENDOR Acme 0", "0 is no vendor's number: 1 to 16777215"),
        ("VENDOR Known 5", "Known is vendor 66009 already"),
        (
            "VENDOR Acme 7 format=3,1",
            "format=3,1 is no format: octets of type (1, 2, 4), of length (0 to 2), ,c for WiMAX (did you mean format=1,1?)",
        ),
        ("BEGIN-VENDOR", "BEGIN-VENDOR takes a vendor's name and perhaps parent=ATTRIBUTE"),
        ("BEGIN-VENDOR Knonw", "no VENDOR Knonw (did you mean Known?)"),
        ("END-VENDOR Known", "END-VENDOR without a BEGIN-VENDOR"),
        ("BEGIN-TLV User-Name", "BEGIN-TLV takes the name of an attribute of the type tlv, not User-Name (did you mean User-Name?)"),
        ("END-TLV Box", "END-TLV without a BEGIN-TLV"),
        ("VALUE Rate Fast", "VALUE takes an attribute's name, a name and a number"),
        ("VALUE Rate Fast quick", "quick is no value of Rate: a whole number of 8 bits"),
        ("VALUE Rate Fast 256", "256 is no value of Rate: a whole number of 8 bits"),
        ("VALUE Rate Fast -1", "-1 is no value of Rate: a whole number of 8 bits"),
        ("VALUE User-Name Fast 1", "User-Name is no number: it has no named values"),
        ("VALUE Raet Fast 1", "VALUE of Raet, which is no ATTRIBUTE (did you mean Rate?)"),
        ("$INCLUDE", "$INCLUDE takes the name of a file"),
        ("$INCLUDE other", "other cannot be read: No such file or directory"),
        ("PROTOCOL RADIUS 1", "PROTOCOL is a word of FreeRADIUS 4; dictionaries are read in the syntax of version 3"),
    ],
)
def test_a_fault_is_told_and_the_rest_is_taken(line: str, said: str) -> None:
    before = "VENDOR Known 66009\nATTRIBUTE User-Name 1 string\nATTRIBUTE Rate 5 byte"
    dictionary, faults = read_text(f"{before}\n{line}\nATTRIBUTE Last 6 string\n")
    assert faults == [f"dictionary:4: {said}"]
    assert dictionary.named("Last") is not None


def test_blocks_that_are_not_ended() -> None:
    dictionary, faults = read_text(
        "VENDOR A 1\nVENDOR B 2\nBEGIN-VENDOR A\nATTRIBUTE A-Box 1 tlv\nBEGIN-TLV A-Box\nATTRIBUTE A-In 1 byte\nBEGIN-VENDOR B\n"
        "ATTRIBUTE B-One 1 byte\nEND-VENDOR A\nBEGIN-VENDOR B\nATTRIBUTE B-Box 2 tlv\nBEGIN-TLV B-Box\n"
    )
    assert faults == [
        "dictionary:7: BEGIN-VENDOR inside that of A, whose END-VENDOR is missing",
        "dictionary:9: END-VENDOR ends that of B (did you mean END-VENDOR B?)",
        "dictionary:13: END-TLV B-Box is missing at the end of the file",
        "dictionary:13: END-VENDOR B is missing at the end of the file",
    ]
    assert [one.oid for one in dictionary.attributes] == ["26.1.1", "26.2.1", "26.2.2"]


def test_files_include_each_other() -> None:
    files = {
        "etc/dictionary": "$INCLUDE sub/one\n$INCLUDE- missing\n$INCLUDE ./dictionary\nATTRIBUTE Last 3 string\n",
        "etc/sub/one": "ATTRIBUTE One 1 string\n$INCLUDE two\nATTRIBUTE Wrong x string\n",
        "etc/sub/two": "ATTRIBUTE Two 2 string\n$INCLUDE one\n",
    }
    dictionary, faults = read_files(files, root="etc/dictionary")
    assert faults == [
        "etc/sub/two:2: etc/sub/one includes itself, by etc/sub/one > etc/sub/two",
        "etc/sub/one:3: x is no number of an attribute: 1, 0x1f, 241.26",
        "etc/dictionary:3: etc/dictionary includes itself, by etc/dictionary",
    ]
    assert [one.name for one in dictionary.attributes] == ["One", "Two", "Last"]


def test_bounds() -> None:
    deep = {f"f{number}": f"$INCLUDE f{number + 1}\nATTRIBUTE A{number} {number} byte" for number in range(1, 40)}
    dictionary, faults = read_files(deep, root="f1")
    assert [fault.split(":")[0] for fault in faults] == [f"f{DICTIONARY_DEPTH}"]
    assert len(list(dictionary.attributes)) == DICTIONARY_DEPTH
    dictionary, faults = read_text("#" * (DICTIONARY_BYTES + 1))
    assert faults == [f"dictionary: a dictionary of more than {DICTIONARY_BYTES} octets"]
    _, faults = read_text("WRONG\n" * 5_000)
    assert len(faults) == DICTIONARY_FAULTS + 1
    assert faults[-1].endswith(f"more than {DICTIONARY_FAULTS} faults: no more are named")
    nested = "ATTRIBUTE T0 200 tlv\n" + "".join(f"BEGIN-TLV T{n}\nATTRIBUTE T{n + 1} 1 tlv\n" for n in range(12))
    _, faults = read_text(nested)
    assert any("TLVs more than 8 deep" in fault for fault in faults)


def test_the_later_counts_and_the_earlier_is_found_by_its_name() -> None:
    dictionary, faults = read_text(
        "ATTRIBUTE Client-Id 4 ipaddr\nATTRIBUTE NAS-IP-Address 4 octets\nATTRIBUTE Kind 5 integer\nVALUE Kind One 1\n"
        "ATTRIBUTE Kind 5 byte\nVALUE Kind Two 2\nATTRIBUTE Box 6 tlv\nATTRIBUTE In 6.1 byte\nATTRIBUTE Box 6 tlv\n"
    )
    assert faults == []
    address, older = dictionary.attribute(4), dictionary.named("Client-Id")
    assert address is not None
    assert older is not None
    assert (address.name, address.kind) == ("NAS-IP-Address", OCTETS)
    assert (older.oid, older.kind) == ("4", IPADDR)
    kind = dictionary.named("Kind")
    assert kind is not None
    assert (kind.kind, kind.values) == (BYTE, {1: "One", 2: "Two"})
    inner = dictionary.named("In")
    assert inner is not None
    assert inner.parent is dictionary.named("Box")


def test_a_vendor_may_have_several_names() -> None:
    vendor = known().vendor(2352)
    assert vendor is not None
    assert vendor is known().vendor_named("Redback") is known().vendor_named("Ericsson-AB")


def test_attributes_that_no_file_has_are_named_by_their_numbers() -> None:
    dictionary = known()
    for oid, name in (
        ("1", "User-Name"),
        ("250", "Attr-250"),
        ("26.9.1", "Cisco-AVPair"),
        ("26.4242.1", "Attr-26.4242.1"),
        ("241.5.1", "IP-Port-Type"),
        ("241.200", "Attr-241.200"),
        ("245.26.9.3", "Attr-245.26.9.3"),
    ):
        attribute = dictionary.named(f"Attr-{oid}")
        assert attribute is not None
        assert (attribute.name, attribute.oid) == (name, oid)
    for oid in ("", "x", "26.0.1", "26.16777216.1", "1.2", "1.2.3.4.5.6.7.8.9", "99999999999"):
        assert dictionary.named(f"Attr-{oid}") is None


def test_values_of_the_built_in_files_can_read_as_numbers() -> None:
    """As in CGRateS, whose own dictionary names no values: recorded in radius-accounting."""
    dictionary, faults = load_dictionary([TOLLGATE], named_values=False)
    assert faults == []
    status, cause = dictionary.named("Acct-Status-Type"), dictionary.named("Acct-Terminate-Cause")
    assert status is not None
    assert cause is not None
    assert status.values == {1: "Start", 2: "Stop", 3: "Interim-Update", 7: "Accounting-On"}
    assert cause.values == {}
    assert cause.numbers["User-Request"] == 1


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "dictionary.b").write_text("ATTRIBUTE Second 201 string\n")
    (tmp_path / "dictionary.a").write_text("ATTRIBUTE First 201 string\n")
    (tmp_path / "else").write_text("ATTRIBUTE Else 202 string\n")
    dictionary, faults = load_dictionary([tmp_path])
    assert faults == []
    row = dictionary.attribute(201)
    assert row is not None
    assert (row.name, dictionary.attribute(202)) == ("Second", None)
    (tmp_path / "dictionary").write_text("$INCLUDE else\n")
    dictionary, faults = load_dictionary([tmp_path])
    assert (faults, dictionary.attribute(201)) == ([], None)
    assert dictionary.attribute(202) is not None
    _, faults = load_dictionary([tmp_path / "nowhere"])
    assert [fault.message for fault in faults] == [f"{tmp_path}/nowhere cannot be read: No such file or directory"]


def test_what_is_built_in_loads() -> None:
    dictionary, faults = load_dictionary()
    assert faults == []
    assert len(list(dictionary.attributes)) > 2_000
    assert len(list(dictionary.vendors)) > 25
    assert {file.name for file in builtin_folder().iterdir()} == {
        "dictionary",
        *re.findall(r"^\$INCLUDE +(\S+)", (builtin_folder() / "dictionary").read_text(), re.MULTILINE),
    }


@pytest.mark.parametrize("folder", [TOLLGATE, RECORDINGS / "radius-nas" / "cgrates" / "dict"], ids=["radius", "radius-nas"])
def test_the_dictionaries_of_the_recordings_load(folder: Path) -> None:
    assert load_dictionary([folder])[1] == []


def all_rows(dictionary: Dictionary) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    waiting = list(dictionary.attributes)
    while waiting:
        one = waiting.pop()
        waiting.extend(one.children.values())
        found[one.oid] = one
    return found


@pytest.mark.skipif(not (DEBIAN / "dictionary").is_file(), reason="freeradius-common is not installed")
def test_debian_has_the_same_numbers() -> None:
    """The dictionary of freeradius-common loads without a fault, and says the same of all that we say something of."""
    debian = Dictionary()
    assert read_dictionary(debian, str(DEBIAN / "dictionary"), read_file) == []
    assert len(list(debian.attributes)) > 6_000
    assert read_dictionary(debian, str(DEBIAN / "dictionary.rfc5090"), read_file) == []  # not in it: others have taken its numbers
    compared = 0
    for ours in all_rows(load_dictionary()[0]).values():
        other = debian.named(ours.name, debian.vendor(ours.vendor.number))
        assert other is not None, ours.name
        compared += 1
        assert (ours.oid, ours.kind, ours.size) == (other.oid, other.kind, other.size), ours.name
        assert (ours.encrypt, ours.has_tag, ours.concat, ours.array) == (other.encrypt, other.has_tag, other.concat, other.array), ours.name
        for name, number in ours.numbers.items():
            assert other.numbers.get(name) == number, f"{ours.name} {name}"
    assert compared > 2_500


@pytest.mark.parametrize("name", ["rfc2865", "rfc2866", "rfc2868", "rfc2869", "rfc3162", "microsoft", "cisco", "mikrotik", "wispr"])
def test_pyrad_reads_the_same(name: str) -> None:
    """Another reader of the same syntax."""
    from pyrad.dictionary import Dictionary as PyradDictionary

    theirs = PyradDictionary(str(builtin_folder() / "dictionary.rfc2865"), str(builtin_folder() / f"dictionary.{name}"))
    compared = 0
    for attribute in all_rows(read_files_of(name)).values():
        if attribute.kind in HOLDING:
            continue
        other = theirs.attributes[attribute.name]
        compared += 1
        vendor = theirs.vendors.GetForward(other.vendor) if other.vendor else 0
        assert (other.code, vendor, other.encrypt, bool(other.has_tag)) == (
            attribute.number,
            attribute.vendor.number,
            attribute.encrypt,
            attribute.has_tag,
        )
        assert KINDS[other.type] == attribute.kind
        for text, number in attribute.numbers.items():
            assert other.values.HasForward(text), (attribute.name, text)
            assert int.from_bytes(other.values.GetForward(text), "big") == number
    assert compared > 3


def read_files_of(name: str) -> Dictionary:
    dictionary = Dictionary()
    for one in ("rfc2865", name):
        assert read_dictionary(dictionary, str(builtin_folder() / f"dictionary.{one}"), read_file) == []
    return dictionary


def test_the_sample_of_the_manual_loads() -> None:
    manual = (ROOT / "docs" / "radius.md").read_text()
    (sample,) = re.findall(r"```\n(VENDOR.*?)```", manual, re.DOTALL)
    dictionary, faults = read_text(sample)
    assert faults == []
    assert sorted(one.oid for one in all_rows(dictionary).values()) == [
        *[f"26.66001.{number}" for number in (1, 2, 3, 4, 5)],
        "26.66001.5.1",
        "26.66001.5.2",
    ]
    rfcs = len([file for file in builtin_folder().iterdir() if ".rfc" in file.name])
    vendors = len({one.vendor.number for one in load_dictionary()[0].attributes if one.vendor.number})
    assert f"of\n{rfcs} RFCs and of {vendors} vendors" in manual


def test_kinds_are_all_different() -> None:
    assert len(set(KINDS.values())) == len(KINDS) == len(NAMES)
    assert {TEXT, INTEGER, SIGNED, EVS, TLV} <= set(NAMES)
