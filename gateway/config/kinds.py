"""What an option may hold: one row of data per kind, which reading, merging, printing and the manual all look at."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

from msgspec import UNSET, Struct, UnsetType

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"
"""A checked value: durations are int nanoseconds, sizes int octets, everything else as the file says it."""

INTERNAL: Final = "*internal"


class Text(Struct, frozen=True):
    """A text. With `choices` another text is a fault; with `open_choices` it is one only where strictness is asked for."""

    choices: tuple[str, ...] = ()
    open_choices: bool = False
    prefixes: tuple[str, ...] = ()


class TimeZone(Struct, frozen=True):
    """A name of the zone database, UTC or Local; empty where it says so."""


class Secret(Struct, frozen=True):
    """A text that is never printed."""


class Flag(Struct, frozen=True):
    """true or false."""


class Whole(Struct, frozen=True):
    """A whole number within bounds."""

    low: int = -(2**31)
    high: int = 2**63 - 1


class Number(Struct, frozen=True):
    """A number that may have decimals; `choices` as texts."""

    choices: tuple[str, ...] = ()


class Duration(Struct, frozen=True):
    """A Go duration text, or a count of nanoseconds; kept as int nanoseconds."""


class Usage(Struct, frozen=True):
    """An amount of use as text: a duration, or a count of octets or events; kept as int."""


class Size(Struct, frozen=True):
    """Octets: a whole number with KB, MB or GB (powers of 1024); kept as int."""


class Address(Struct, frozen=True):
    """host:port; `:2012` is every address of the machine, an empty text is no listener."""


class Texts(Struct, frozen=True):
    """A list of texts."""

    choices: tuple[str, ...] = ()
    secret: bool = False


class Conns(Struct, frozen=True):
    """A list of connections: *internal, *localhost, a name from rpc_conns, or host:port. `room`: the section that answers them."""

    room: str = ""


class Map(Struct, frozen=True):
    """A table whose keys the operator chooses, or one of `keys`."""

    value: Kind
    keys: tuple[str, ...] = ()


class Group(Struct, frozen=True):
    """A table of options. A sparse one keeps only what was written; the others are filled with defaults."""

    options: tuple[Option, ...]
    sparse: bool = False

    def find(self, name: str) -> Option | None:
        """The option of that name."""
        for option in self.options:
            if option.name == name:
                return option
        return None


class Objects(Struct, frozen=True):
    """A list of tables. With `key` they merge by that member, and a new one begins as a copy of the one named `model`."""

    group: Group
    key: str = ""
    model: str = ""


class Fields(Struct, frozen=True):
    """A list of field templates; in short form a table from name to value, where a name means the path `prefix` + name."""

    prefix: str = ""


class Anything(Struct, frozen=True):
    """Whatever the file says."""


Kind: TypeAlias = (
    Text
    | TimeZone
    | Secret
    | Flag
    | Whole
    | Number
    | Duration
    | Usage
    | Size
    | Address
    | Texts
    | Conns
    | Map
    | Group
    | Objects
    | Fields
    | Anything
)

Raw: TypeAlias = "bool | int | str | tuple[Raw, ...] | dict[str, Raw] | None"
"""A default as a file would say it. None: unset; the option has no value until a file gives one."""


class Option(Struct, frozen=True):
    """One option: what it is called, what it may hold, what it holds by itself, and what it is for.

    `default` is that of the `cgrates` column, `appliance` that of the other where it differs. `effective` says whether anything in
    this build looks at it (None: as its section or group says); `own` marks options that CGRateS does not have.
    """

    name: str
    kind: Kind
    default: Raw
    doc: str
    appliance: Raw | UnsetType = UNSET
    effective: bool | None = None
    own: bool = False


class Section(Struct, frozen=True):
    """One top level name of a configuration: mostly a Group; http_agent, rpc_conns and templates are of other kinds. `appliance` is the
    default of the other column, where it differs."""

    name: str
    kind: Group | Map | Objects
    doc: str
    effective: bool = False
    own: bool = False
    default: Raw = None
    appliance: Raw = None


CGRATES: Final = "cgrates"
APPLIANCE: Final = "appliance"


def default_of(option: Option, column: str) -> Raw:
    """An option's default in a column, as a file would say it."""
    if column == APPLIANCE and not isinstance(option.appliance, UnsetType):
        return option.appliance
    return option.default


def is_secret(kind: Kind) -> bool:
    """Whether values of this kind must not be printed."""
    match kind:
        case Secret():
            return True
        case Texts():
            return kind.secret
        case Map():
            return is_secret(kind.value)
        case _:
            return False
