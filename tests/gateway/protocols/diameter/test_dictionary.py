"""Dictionaries: what operators write, every fault with its line, and what is built in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gateway.protocols.diameter.builtin import builtin_folder, load_dictionaries
from gateway.protocols.diameter.dictionary import Avp, Dictionary
from gateway.protocols.diameter.kinds import ENUM, GROUPED, OCTETS, U32, UTF8
from gateway.protocols.diameter.reading import read_dictionary
from tests.gateway.protocols.diameter.samples import RECORDINGS, ROOT, known

TEXT = """<?xml version="1.0"?>
<diameter>
  <application id="16777400" type="acct" name="Meter">
    <vendor id="66001" name="Acme"/>
    <command code="900" short="XX" name="Example">
      <request><rule avp="Session-Id" required="true" max="1"/></request>
      <answer><rule avp="Result-Code" required="true"/></answer>
    </command>
    <avp name="Acme-Kind" code="1" must="V,M" may="P" must-not="-" may-encrypt="N">
      <data type="Enumerated"><item code="0" name="NONE"/><item code="7" name="SEVEN"/></data>
    </avp>
    <avp name="Acme-Box" code="2" must="M" may="P" must-not="-" may-encrypt="N" vendor-id="66002">
      <data type="Grouped"><rule avp="Acme-Kind" required="false" max="3"/><rule avp="Acme-Knid" required="true"/></data>
    </avp>
    <avp name="Acme-Plain" code="70001" must="-" must-not="M,V"><data type="UTF8String"/></avp>
  </application>
</diameter>
"""


def test_a_file_is_read() -> None:
    dictionary = Dictionary()
    assert read_dictionary(dictionary, "acme.xml", TEXT) == []
    kind = dictionary.named("Acme-Kind")
    assert kind is not None
    assert (kind.code, kind.vendor, kind.kind, kind.flags, kind.values) == (1, 66001, ENUM, 0xC0, {0: "NONE", 7: "SEVEN"})
    assert kind.numbers == {"NONE": 0, "SEVEN": 7}
    assert dictionary.avp(1, 66001) is kind
    assert dictionary.avp(1) is None
    box = dictionary.named("Acme-Box")
    assert box is not None
    assert (box.vendor, box.kind, [(member.name, member.required, member.most) for member in box.members]) == (
        66002,
        GROUPED,
        [("Acme-Kind", False, 3), ("Acme-Knid", True, 0)],
    )
    plain = dictionary.named("Acme-Plain")
    assert plain is not None
    assert (plain.vendor, plain.flags, plain.kind) == (0, 0, UTF8)
    command = dictionary.command(900)
    assert command is not None
    assert (command.short, command.request[0].name, command.answer[0].required) == ("XX", "Session-Id", True)
    assert [(one.id, one.name, one.type, one.vendor, one.vendor_name) for one in dictionary.applications] == [
        (16777400, "Meter", "acct", 66001, "Acme")
    ]
    assert dictionary.vendors == {66001: "Acme"}


def test_members_that_no_file_has_are_told_with_the_nearest() -> None:
    dictionary = Dictionary()
    read_dictionary(dictionary, "acme.xml", TEXT)
    assert [str(fault) for fault in dictionary.unresolved()] == [
        "acme.xml:6: a rule names Session-Id, which no dictionary has",
        "acme.xml:7: a rule names Result-Code, which no dictionary has",
        "acme.xml:13: a rule names Acme-Knid, which no dictionary has (did you mean Acme-Kind?)",
    ]


@pytest.mark.parametrize(
    ("before", "after", "faults"),
    [
        ("<vendor", "<vendr", ["d.xml:4: <vendr> has no place in <application> (did you mean vendor?)", "Acme-Kind must have a vendor"]),
        ('type="UTF8String"', 'type="UTF8"', ["d.xml:15: UTF8 is no data type"]),
        (
            'type="Grouped"',
            'type="Groupd"',
            ["d.xml:13: Groupd is no data type (did you mean Grouped?)", "rules stand in the data", "rules"],
        ),
        ('code="900"', 'code="16777216"', ["d.xml:5: code is a whole number of 0 to 16777215, not 16777216"]),
        ('code="2"', 'code="two"', ["d.xml:12: code is a whole number of 0 to 4294967295, not two"]),
        ('code="2"', "", ["d.xml:12: <avp> needs code"]),
        ('name="Acme-Plain"', 'nmae="Acme-Plain"', ["d.xml:15: nmae is no attribute of <avp> (did you mean name?)", "<avp> needs name"]),
        ('name="Acme-Plain"', 'name="Acme.Plain"', ["d.xml:15: an AVP's name stands in paths"]),
        ('type="acct"', 'type="account"', ["d.xml:3: an application's type is auth or acct, not account (did you mean acct?)"]),
        ('required="true" max', 'required="yes" max', ["d.xml:6: required is true or false, not yes"]),
        ('max="3"', 'max="many"', ["d.xml:13: max is a whole number of 0 to 4294967295, not many"]),
        ('<item code="0"', '<item code="x"', ["d.xml:10: code is a whole number of 32 bits, not x"]),
        ('<data type="UTF8String"/>', "", ["d.xml:15: Acme-Plain has no <data type=...>"]),
        ('<data type="UTF8String"/>', "UTF8String", ["d.xml:15: text has no place here: UTF8String", "Acme-Plain has no <data"]),
        ("</diameter>", "", ["d.xml:18:1: no XML: no element found"]),
        ('<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-Class"?>', ["d.xml:1: no XML: its encoding is not known"]),
        ("<diameter>", "<dictionary>", ["d.xml:2: <dictionary> has no place as a dictionary's root", "d.xml:17:3: no XML: mismatched tag"]),
        ("<diameter>", '<!DOCTYPE d [<!ENTITY a "aaaa">]><diameter>', ["d.xml:2: a dictionary declares no entities"]),
        ('<data type="UTF8String"/>', '<data type="Grouped"><item code="1" name="A"/></data>', ["d.xml:15: Acme-Plain is a group"]),
    ],
)
def test_every_fault_has_its_line_and_nothing_is_taken(before: str, after: str, faults: list[str]) -> None:
    dictionary = Dictionary()
    assert before in TEXT
    found = [str(fault) for fault in read_dictionary(dictionary, "d.xml", TEXT.replace(before, after, 1))]
    assert len(found) == len(faults), found
    for one, expected in zip(found, faults, strict=True):
        assert expected in one
    assert not list(dictionary.avps)
    assert not dictionary.applications


def test_many_faults_are_bounded() -> None:
    rows = "".join(f'<avp name="A{number}" code="x" must="-"><data type="Nothing{number}"/></avp>' for number in range(2_000))
    found = read_dictionary(Dictionary(), "d.xml", f'<diameter><application id="0">{rows}</application></diameter>')
    assert len(found) == 1_000


def test_a_file_that_is_too_big_is_not_read() -> None:
    assert "more than" in str(read_dictionary(Dictionary(), "d.xml", b" " * (9 << 20))[0])


def test_the_later_file_counts_and_the_earlier_name_stays() -> None:
    dictionary = Dictionary()
    row = '<diameter><application id="0"><avp name="{}" code="5" must="-"><data type="{}"/></avp></application></diameter>'
    assert read_dictionary(dictionary, "a.xml", row.format("First", "OctetString")) == []
    assert read_dictionary(dictionary, "b.xml", row.format("Second", "Unsigned32")) == []
    assert dictionary.named("First") is dictionary.named("Second") is dictionary.avp(5)
    second = dictionary.avp(5)
    assert second is not None
    assert (second.name, second.kind, sorted(second.names)) == ("Second", U32, ["First", "Second"])


def test_a_value_is_wrapped_and_padded() -> None:
    row = Avp("X", 0x01020304, 7, OCTETS)
    assert row.wrap(b"").hex() == "01020304c000000c00000007"
    assert row.wrap(b"abcde").hex() == "01020304c000001100000007" + "6162636465000000"
    assert Avp("Y", 25, 0, OCTETS).wrap(b"abcd").hex() == "000000194000000c61626364"


def test_folders_are_read_in_order_and_what_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.xml").write_text(TEXT)
    (tmp_path / "a.xml").write_text("<diameter>")
    (tmp_path / "notes.txt").write_text("no dictionary")
    (tmp_path / "c.xml").mkdir()
    dictionary, faults = load_dictionaries([tmp_path, tmp_path / "nowhere"], builtin=False)
    assert dictionary.named("Acme-Kind") is not None
    assert dictionary.named("CC-Time") is None
    assert [Path(fault.file).name for fault in faults] == ["a.xml", "c.xml", "nowhere"]


def test_the_sample_of_the_manual_loads() -> None:
    sample = (ROOT / "docs" / "diameter.md").read_text().partition("```xml\n")[2].partition("```")[0]
    dictionary, _ = load_dictionaries()
    assert read_dictionary(dictionary, "sample.xml", sample) == []
    assert dictionary.unresolved() == []
    zone, visit = dictionary.named("Acme-Zone"), dictionary.named("Acme-Visit")
    assert zone is not None
    assert visit is not None
    assert (zone.flags, visit.flags, zone.numbers) == (0xC0, 0x80, {"HOME": 0, "ABROAD": 1})


# -- what is built in ----------------------------------------------------------------------------------------------------


def test_the_built_in_files_have_no_fault_and_name_only_what_is_there() -> None:
    dictionary, faults = load_dictionaries()
    assert faults == []
    assert dictionary.unresolved() == []
    assert len(list(builtin_folder().glob("*.xml"))) == 7
    names = Counter(row.name for row in dictionary.avps)
    # of these two, 3GPP and others have one each; the path finds that of 3GPP TS 32.299
    assert {name for name in names if names[name] > 1} == {"Originator", "Application-Specific-Data"}
    assert known().named("Originator").code == 864  # type: ignore[union-attr]


@pytest.mark.parametrize("folder", sorted(RECORDINGS.glob("configs/diameter-*/files/dict")), ids=lambda folder: folder.parents[1].name)
def test_the_dictionaries_of_the_recordings_load(folder: Path) -> None:
    dictionary, faults = load_dictionaries([folder])
    assert faults == []
    box = dictionary.named("Tw-Box")
    assert box is not None
    assert (box.code, box.vendor, [member.name for member in box.members]) == (9003, 66000, ["Tw-Note", "Tw-Level", "Tw-Label"])


def test_applications_and_commands_have_the_names_of_the_recordings() -> None:
    assert known().application(1) == "Network Access"
    assert known().application(3) == "Base Accounting"
    assert known().application(424242) is None
    shorts = {
        code: command.short
        for code in (257, 258, 265, 271, 272, 274, 275, 280, 282, 8388635, 8388636)
        if (command := known().command(code))
    }
    assert list(shorts.values()) == ["CE", "RA", "AA", "AC", "CC", "AS", "ST", "DW", "DP", "SL", "SN"]


def test_applications_are_chosen_by_number_name_and_vendor() -> None:
    chosen = known().chosen(["4", "TGPP.16777238", "Base Accounting"])
    assert sorted((one.id, one.vendor, one.type) for one in chosen) == [
        (3, 0, "acct"),
        (4, 0, "auth"),
        (4, 10415, "auth"),
        (16777238, 10415, "auth"),
    ]
    assert known().chosen([]) == known().applications
    with pytest.raises(ValueError, match="Gz"):
        known().chosen(["4", "Gz"])
