"""Converters: what each makes of a value, and what it cannot use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import Event
from engine.fields.converters import CONVERTERS, converters_of
from engine.fields.template import Template
from engine.fields.view import View
from engine.times import zone_of

NOW = 1_772_618_400_000_000_000  # 2026-03-04T10:00:00Z


def converted(value: object, chain: str, zone: str = "UTC") -> str:
    event = Event("example.net", "e1", {"In": value}, {})
    return Template.parse(f"~*req.In{{{chain}}}").text(View(event, NOW, zone_of(zone)))


@pytest.mark.parametrize(
    ("value", "chain", "text"),
    [
        ("1m30.5s", "*duration_seconds", "90.5"),
        ("1h30m10s", "*duration_seconds", "5410"),
        (90_000_000_000, "*duration_seconds", "90"),
        ("90s", "*duration_minutes", "1.5"),
        ("100s", "*duration_minutes", "1.6666666666666667"),
        ("2s", "*duration_nanoseconds", "2000000000"),
        ("90", "*duration", "90ns"),
        ("1h2m3s", "*durfmt", "01:02:03"),
        ("3725s", "*durfmt:15h04m", "01h02m"),
        ("1.23456", "*round:2", "1.23"),
        ("1.231", "*round:2:*up", "1.24"),
        ("1.239", "*round:2:*down", "1.23"),
        ("1.5", "*round", "2"),
        ("-1.5", "*round", "-2"),
        ("1.005", "*round:1:*middle", "1"),
        ("0.1", "*multiply:3", "0.3"),
        ("3", "*multiply:1024", "3072"),
        ("2048", "*divide:1024", "2"),
        ("10", "*divide:-4", "-2.5"),
        ("10", "*divide:3", "3.3333333333333335"),
        ("6e20", "*divide:3", "200000000000000000000"),
        ("3.000000000000000000003", "*divide:3", "1"),
        ("7", "*float64", "7"),
        ("3.50", "*float64", "3.5"),
        ("1e3", "*float64", "1000"),
        ("3", "*gigawords", "12884901888"),
        ("1500ms", "*duration_seconds&*round", "2"),
        ("2m", "*duration_seconds&*multiply:2", "240"),
        ("10.1.2.3", "*ip2hex", "0x0a010203"),
        ("host", "*ip2hex", ""),
        ("Abc", "*string2hex", "0x416263"),
        ("sip:ann@pbx.example:5060", "*sipuri_host", "pbx.example"),
        ("sip:ann@pbx.example:5060", "*sipuri_user", "ann"),
        ("sip:1002@gw.example.org:5060;user=phone", "*sipuri_user", "1002"),
        ("INVITE sip:1002@gw.example.org SIP/2.0", "*sipuri_user", "1002"),
        ('"Ann" <sip:ann:secret@[2001:db8::1]:5060>;tag=1', "*sipuri_host", "[2001:db8::1]"),
        ('"Ann" <sips:ann:secret@pbx.example>;tag=1', "*sipuri_user", "ann"),
        ("INVITE sip:1002@gw.example.org SIP/2.0", "*sipuri_method", "INVITE"),
        ("2026-03-04T10:00:00Z", "*unixtime", "1772618400"),
        ("hello", "*len", "5"),
        ("grün", "*len", "5"),
        ('["a","b","c"]', "*slice&*len", "3"),
        ("abc", "*slice&*len", "1"),
        ("004930", "*strip:*prefix:00", "004930"),
        ("004930", "*strip:*prefix:2", "4930"),
        ("004930", "*strip:*suffix:2", "0049"),
        ("004930", "*strip:*both:1", "0493"),
        ("004930", "*strip:*prefix:*char:0", "4930"),
        ("004930", "*strip:*prefix:*char:0:1", "04930"),
        ("abcab", "*strip:*both:*char:ab", "c"),
        ("  x  ", "*strip:*both:*space", "x"),
        ("nilx", "*strip:*prefix:*nil", "nilx"),
        ("\0\0x\0", "*strip:*both:*nil", "x"),
        ("8.1.1.1.0.3.9.4.e164.arpa.", "*e164", "49301118"),
        ("8.1.1.1.0.3.9.4.e164.arpa.", "*e164Domain", "e164.arpa"),
        ("a b&c", "*urlencode", "a+b%26c"),
        ("a+b%26c", "*urldecode", "a b&c"),
        ("UP", "*conn_status", "1"),
        ("DOWN", "*conn_status", "-1"),
        ("x", "*json", '"x"'),
        ('say "<hi>"', "*json", '"say \\"\\u003chi\\u003e\\""'),
        ("x", "*random:5:6", "5"),
        ("2026-03-04T10:00:00Z", "*timestring:UTC:2006-01-02", "2026-03-04"),
        ("2026-03-04T10:00:00Z", "*timestring", "2026-03-04 10:00:00"),
        ("2026-07-04T10:00:00Z", "*timestring:Europe/Berlin", "2026-07-04 12:00:00"),
        ("2026-07-04T10:00:00Z", "*timestring:Europe/Berlin:Mon Jan _2 3:04PM -0700 2006", "Sat Jul  4 12:00PM +0200 2026"),
        ("2026-07-04T10:00:00Z", "*timestring:Europe/Berlin:MST", "CEST"),
        ("2026-07-04T10:00:00Z", "*timestring:UTC:MST", "UTC"),
        ("03012345678", "*libphonenumber:DE", "030 12345678"),
        ("03012345678", "*libphonenumber:DE:1", "+49 30 12345678"),
        ("03012345678", "*libphonenumber:DE:0", "+493012345678"),
        ("03012345678", "*libphonenumber:DE:3", "tel:+49-30-12345678"),
        ("+493012345678", "*libphonenumber:XX:0", "+493012345678"),
        ("0x8262f2100cab62f2100004d201", "*3gpp_uli:TAI.MCC", "262"),
        ("0x8262f2100cab62f2100004d201", "*3gpp_uli:TAI.MNC", "01"),
        ("0x8262f2100cab62f2100004d201", "*3gpp_uli:TAI.TAC", "3243"),
        ("0x8262f2100cab62f2100004d201", "*3gpp_uli:ECGI.ECI", "315905"),
        ("8062f2100cab", "*3gpp_uli", '{"GeographicLocationType":128,"TAI":{"MCC":"262","MNC":"01","TAC":3243}}'),
        ("0013001400010002", "*3gpp_uli:CGI.MNC", "410"),
        ("04/03/26 11:30", "*datetime:02/01/06 15:04", "2026-03-04T11:30:00Z"),
    ],
)
def test_converted(value: object, chain: str, text: str) -> None:
    assert converted(value, chain) == text


@pytest.mark.parametrize(
    ("value", "chain", "complaint"),
    [
        ("abc", "*round", 'strconv.ParseFloat: parsing "abc": invalid syntax'),
        ("abc", "*duration_seconds", 'time: invalid duration "abc"'),
        ("SIDEWAYS", "*conn_status", "unsupported connection status: <SIDEWAYS>"),
        ("soon", "*unixtime", "Unsupported time format"),
        ("1e30", "*multiply:1e30&*multiply:1e30", "value out of range"),
        ("1e-30", "*divide:1e30&*divide:1e30", "value out of range"),
        ("[" * 900 + "]" * 900, "*slice&*json", "a value nested too deeply"),
        ("030", "*libphonenumber:XX", "invalid country code"),
        ("abc", "*libphonenumber:DE", "the phone number supplied is not a number"),
        ("8262f210", "*3gpp_uli:TAI.MCC", "invalid location: TAI is cut off"),
        ("0x8062f2100cab", "*3gpp_uli:ECGI.ECI", "no <ECGI.ECI> in this location"),
        ("xyz", "*3gpp_uli", "invalid location: not hexadecimal"),
        ("", "*3gpp_uli", "invalid location: empty"),
        (
            "2026-03-04T10:00:00Z",
            "*datetime:RFC822",
            '*datetime converter: parsing failed for value "2026-03-04T10:00:00Z" with layout "RFC822": parsing time '  # noqa: ISC004
            '"2026-03-04T10:00:00Z" as "RFC822": cannot parse "2026-03-04T10:00:00Z" as "RFC8"',
        ),
    ],
)
def test_unusable(value: object, chain: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        converted(value, chain)
    assert str(refused.value) == complaint


@given(
    st.sampled_from(sorted(CONVERTERS)),
    st.text(alphabet="*:0123456789abUTC-x", max_size=12),
    st.text(max_size=20) | st.integers() | st.none(),
)
def test_no_converter_fails_otherwise_than_by_saying_so(name: str, parameters: str, value: object) -> None:
    view = View(Event("t", "e", {}, {}), NOW)
    try:
        for converter in converters_of(f"{name}:{parameters}" if parameters else name):
            value = converter.convert(value, view)
    except ValueError:
        return


def test_chance_is_the_same_for_the_same_event() -> None:
    assert converted("x", "*random:0:1000000") == converted("x", "*random:0:1000000")
