"""Argument shapes as data: what a method takes, written as Go's types are written, compiled at import into readers.

    ACTIVATION = shape("utils.ActivationInterval", "ActivationTime time.Time; ExpiryTime time.Time")
    CHARGER = shape("engine.ChargerProfile", "Tenant string; ID string; ActivationInterval *utils.ActivationInterval", ACTIVATION)
    CHARGER_WITH_OPTS = shape("v1.ChargerWithAPIOpts", "*engine.ChargerProfile; APIOpts map[string]any", CHARGER)

A field is its JSON name and a type: string bool int int64 float64 any []byte time.Duration time.Time, *T, []T, map[string]T, or the
name of a shape given after the text. A type alone is embedded: its fields are fields of this struct, unless this one has them too.
`?` before it makes its own name a field too, which is True where any of its fields was written and None where not.
Names with their package stand in complaints about wrong JSON types, which clients may see: write them as Go has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.api.gotypes import Anything, Flag, GoType, Instant, Integer, List, Map, Number, Octets, Pointer, Struct, Text

_PLAIN: Final[Mapping[str, GoType]] = MappingProxyType(
    {
        "string": Text(),
        "bool": Flag(),
        "int": Integer("int"),
        "int64": Integer("int64"),
        "uint64": Integer("uint64"),
        "time.Duration": Integer("time.Duration"),
        "float64": Number(),
        "time.Time": Instant(),
        "any": Anything(),
        "[]byte": Octets(),
    }
)


def shape(name: str, text: str, *inner: GoType) -> Struct:
    """The struct type `name` with the fields of text; `inner` are the named types that text uses."""
    known = {kind.name: kind for kind in inner}
    own: dict[str, tuple[GoType, tuple[str, ...]]] = {}
    embedded: dict[str, tuple[GoType, tuple[str, ...]]] = {}
    presence: dict[str, frozenset[str]] = {}
    for line in text.replace(";", "\n").splitlines():
        words = line.split()
        if len(words) == 2:
            own[words[0]] = (go_type(words[1], known), ())
        elif len(words) == 1:
            inside = _embedded(words[0].lstrip("?*"), known)
            embedded |= inside
            if words[0].startswith("?"):
                presence[words[0].rpartition(".")[2]] = frozenset(inside)
        else:
            assert not words, f"{name}: {line!r} is no field"
    return Struct(name, {field: own.get(field, kind) for field, kind in embedded.items()} | own, presence)


def _embedded(name: str, known: Mapping[str, GoType]) -> dict[str, tuple[GoType, tuple[str, ...]]]:
    kind = known[name]
    assert isinstance(kind, Struct), f"{name} cannot be embedded"
    step = name.rpartition(".")[2]
    return {field: (inner, (step, *path)) for field, (inner, path) in kind.fields.items()}


def named(name: str, text: str, *inner: GoType) -> GoType:
    """A type with a name of its own that is a list or a map: named("config.RSRParsers", "[]*config.RSRParser", PARSER)."""
    kind = go_type(text, {item.name: item for item in inner})
    if isinstance(kind, List):
        return List(kind.item, name)
    assert isinstance(kind, Map), f"{name} is no list and no map"
    return Map(kind.item, name)


def go_type(text: str, known: Mapping[str, GoType]) -> GoType:
    """The type that text names."""
    if text in _PLAIN:
        return _PLAIN[text]
    if text in known:
        return known[text]
    if text.startswith("*"):
        return Pointer(go_type(text[1:], known))
    if text.startswith("[]"):
        return List(go_type(text[2:], known))
    assert text.startswith("map[string]"), f"{text} is no type"
    return Map(go_type(text.removeprefix("map[string]"), known))


# -- arguments that are no struct: the field Arg ----------------------------------------------------------------------

TEXT: Final = _PLAIN["string"]
ANYTHING: Final = _PLAIN["any"]
ANY_MAP: Final = go_type("map[string]any", {})

# -- structs that many methods take ------------------------------------------------------------------------------------

NOTHING: Final = shape("struct {}", "")
ACTIVATION: Final = shape("utils.ActivationInterval", "ActivationTime time.Time; ExpiryTime time.Time")
TENANT_WITH_OPTS: Final = shape("utils.TenantWithAPIOpts", "Tenant string; APIOpts map[string]any")
TENANT_ID: Final = shape("utils.TenantID", "Tenant string; ID string")
TENANT_ID_WITH_OPTS: Final = shape("utils.TenantIDWithAPIOpts", "*utils.TenantID; APIOpts map[string]any", TENANT_ID)
PAGINATOR: Final = shape("utils.Paginator", "Limit *int; Offset *int; Search string")
PAGINATOR_WITH_TENANT: Final = shape("utils.PaginatorWithTenant", "Tenant string; utils.Paginator; APIOpts map[string]any", PAGINATOR)
TENANT_ACCOUNT: Final = shape("utils.TenantAccount", "Tenant string; Account string")
DURATION: Final = shape("utils.DurationArgs", "Duration time.Duration; APIOpts map[string]any; Tenant string")
EVENT: Final = shape("utils.CGREvent", "Tenant string; ID string; Time *time.Time; Event map[string]any; APIOpts map[string]any")
