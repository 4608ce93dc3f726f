"""What a handler gets: the arguments of one call, every field of the method's shape in it."""

from __future__ import annotations

from decimal import Decimal


class Args(dict[str, object]):
    """The fields of a call's argument by their exact names, as the shape declares them; never changed by a handler.

    A field that the client left out, or wrote as null, has its Go zero value: "" 0 False for plain types, the zero instant for a
    time, None for pointers, lists and maps. So a pointer tells "not given" from "given as zero", and a list null from [].
    Times are canonical RFC 3339 text. Numbers with a fraction are Decimals, whole ones ints, as exact as they were written.

    The accessors below state the type that the shape promises; a wrong one is our own bug.
    """

    __slots__ = ()

    def text(self, name: str) -> str:
        value = self[name]
        assert isinstance(value, str), f"{name} is no text"
        return value

    def text_or_none(self, name: str) -> str | None:
        value = self[name]
        assert value is None or isinstance(value, str), f"{name} is no text"
        return value

    def flag(self, name: str) -> bool:
        value = self[name]
        assert isinstance(value, bool), f"{name} is no flag"
        return value

    def flag_or_none(self, name: str) -> bool | None:
        value = self[name]
        assert value is None or isinstance(value, bool), f"{name} is no flag"
        return value

    def integer(self, name: str) -> int:
        value = self[name]
        assert isinstance(value, int), f"{name} is no integer"
        return value

    def integer_or_none(self, name: str) -> int | None:
        value = self[name]
        assert value is None or isinstance(value, int), f"{name} is no integer"
        return value

    def number(self, name: str) -> int | Decimal:
        value = self[name]
        assert isinstance(value, int | Decimal), f"{name} is no number"
        return value

    def number_or_none(self, name: str) -> int | Decimal | None:
        value = self[name]
        assert value is None or isinstance(value, int | Decimal), f"{name} is no number"
        return value

    def texts(self, name: str) -> list[str] | None:
        """A list of texts; None where it is null."""
        value = self[name]
        assert value is None or isinstance(value, list), f"{name} is no list"
        return value

    def integers(self, name: str) -> list[int] | None:
        value = self[name]
        assert value is None or isinstance(value, list), f"{name} is no list"
        return value

    def mapping(self, name: str) -> dict[str, object] | None:
        """A map by its keys, which keep their letter case; None where it is null."""
        value = self[name]
        assert value is None or isinstance(value, dict), f"{name} is no map"
        return value

    def nested(self, name: str) -> Args | None:
        """A struct inside this one; None where it is null."""
        value = self[name]
        assert value is None or isinstance(value, Args), f"{name} is no struct"
        return value

    def each(self, name: str) -> list[Args]:
        """A list of structs; empty where it is null. Null elements are left out."""
        value = self[name]
        assert value is None or isinstance(value, list), f"{name} is no list"
        return [item for item in value or () if isinstance(item, Args)]


def is_zero(value: object) -> bool:
    """Whether a field counts as missing where it is mandatory: empty text, no list or an empty one, no map, no struct, 0, false."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, dict):
        return False
    return not value
