"""Numbers of telephones: `{*libphonenumber:DE:0}` and `~*libphonenumber.<number>.Carrier`, by the data of libphonenumber.

Where a number lies (GeoLocation) is not answered: those data alone take 100 MB and seconds to load.
"""

from __future__ import annotations

from typing import Any, Final

from engine.fields.converter import Converter
from engine.fields.path import Path, walk
from engine.fields.values import MISSING, value_text
from engine.fields.view import View

NATIONAL: Final = 2
MAX_NUMBER_CHARACTERS: Final = 250

# What Go's port of the library says where Python's has its own words.
_COMPLAINTS: Final = {
    0: "invalid country code",
    1: "the phone number supplied is not a number",
    2: "phone number too short after IDD",
    3: "the string supplied is too short to be a phone number",
    4: "the string supplied is too long to be a phone number",
}


def _parsed(text: str, country: str | None) -> Any:
    """The number; ValueError when it is none. The library is loaded when the first number is read."""
    import phonenumbers

    try:
        return phonenumbers.parse(text[:MAX_NUMBER_CHARACTERS], country)
    except phonenumbers.NumberParseException as error:
        raise ValueError(_COMPLAINTS.get(error.error_type, "the phone number supplied is not a number")) from None


class PhoneNumber(Converter):
    """`*libphonenumber:country[:format]`: 0 E.164, 1 international, 2 national (the default), 3 a tel URI (RFC 3966)."""

    country: str
    format: int

    def __init__(self, parameters: str) -> None:
        country, _, form = parameters.partition(":")
        if not country:
            raise ValueError(f"unsupported *libphonenumber converter parameters: <{parameters}>")
        if form not in ("", "0", "1", "2", "3"):
            raise ValueError(f"unsupported number format: <{form}>")
        self.country = country
        self.format = int(form) if form else NATIONAL

    def convert(self, value: object, view: View) -> object:
        import phonenumbers

        number = _parsed(value_text(value), self.country)
        return str(phonenumbers.format_number(number, self.format))


def number_figures(_tenant: str, path: Path, _now_ns: int) -> object:
    """What a path leads to of an international number: `*libphonenumber.+493012345678.CountryCode`; MISSING when it is none."""
    from phonenumbers import carrier, length_of_national_destination_code, number_type, region_code_for_number

    try:
        number = _parsed(path[1], None)
    except ValueError:
        return MISSING
    figures = {
        "CountryCode": number.country_code,
        "NationalNumber": number.national_number,
        "Extension": number.extension or "",
        "ItalianLeadingZero": bool(number.italian_leading_zero),
        "NumberOfLeadingZeros": number.number_of_leading_zeros or 0,
        "LengthOfNationalDestinationCode": length_of_national_destination_code(number),
        "NumberType": number_type(number),
        "Region": region_code_for_number(number) or "",
        "Carrier": carrier.name_for_number(number, "en"),
    }
    return walk(figures, path, 2)
