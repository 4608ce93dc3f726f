"""Profiles of every kind: set, get, remove, list, count, for clients and for replicating peers. One loop over the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec

from engine.commands import GetItem, ListItems, PutItem, RemoveItem
from engine.errors import RequestError, mandatory_missing, not_found, server_error
from engine.fields.making import value_parts
from engine.fields.template import Template
from engine.filters.rule import inline_rule
from engine.profiles.policies import KINDS
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.filter_rules import check_references, check_rules
from gateway.api.gotypes import GoType, List, Number, Pointer, Struct, read_number
from gateway.api.limits import MAX_LISTED_REFERENCES
from gateway.api.paging import page_of_ids
from gateway.api.profile_kinds import ATTRIBUTE_V2_SETTER, PROFILE_KINDS, ProfileKind
from gateway.api.shapes import PAGINATOR_WITH_TENANT, TENANT_ID_WITH_OPTS, TENANT_WITH_OPTS
from gateway.api.table import Handler, Method, method

_ANY: Final = "*any"
_FILTER: Final = "filter"
_ATTRIBUTE: Final = "attribute_profile"
_STAT: Final = "stat_queue_profile"
_TYPES: Final[Mapping[str, Any]] = MappingProxyType({kind.name: kind.type for kind in KINDS})
_FIELDS: Final[Mapping[str, Struct]] = MappingProxyType({row.kind: row.fields for row in PROFILE_KINDS})
_METRICS: Final = frozenset(
    ["*asr", "*acd", "*tcd", "*acc", "*tcc", "*pdd", "*ddc", "*sum", "*average", "*distinct", "*highest", "*lowest", "*repsc", "*repfc"]
)


# -- between arguments, items and answers ------------------------------------------------------------------------------


def item_of(api: Api, row: ProfileKind, args: Mapping[str, object]) -> dict[str, object]:
    """What an argument describes: the kind's own fields, with what empty ones mean filled in."""
    item = {name: args[name] for name in row.fields.fields}
    item["Tenant"] = api.tenant(str(item["Tenant"]))
    if row.contexts and not item[row.contexts]:
        item[row.contexts] = [_ANY]
    if row.never_null and item[row.never_null] is None:
        item[row.never_null] = []
    return item


def key_of(item: Mapping[str, object]) -> str:
    """The id that an item is stored under."""
    return f"{item['Tenant']}:{item['ID']}"


def _store(api: Api, row: ProfileKind, item: Mapping[str, object]) -> None:
    struct = msgspec.convert(_to_stored(row.fields, item), _TYPES[row.kind])
    api.step(PutItem(row.kind, key_of(item), struct))


def _to_stored(kind: GoType, value: object) -> object:
    """A value as the items hold it: numbers that are floats on the wire are decimal text."""
    if value is None:
        return None
    if isinstance(kind, Number):
        assert isinstance(value, int | Decimal), "a number is an int or a Decimal"
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(kind, List) and isinstance(kind.item, Pointer) and isinstance(value, list):
        value = [one for one in value if one is not None]  # an element that is null is none
    return _walk(kind, value, _to_stored)


def _to_shown(kind: GoType, value: object) -> object:
    """The same value as clients see it."""
    if isinstance(kind, Number) and isinstance(value, str):
        return read_number(value)
    return _walk(kind, value, _to_shown)


def shown_profile(kind: str, item: object) -> object:
    """A stored profile as clients see it."""
    return _to_shown(_FIELDS[kind], msgspec.to_builtins(item))


def _walk(kind: GoType, value: object, turn: Callable[[GoType, object], object]) -> object:
    if isinstance(kind, Pointer):
        return turn(kind.target, value)
    if isinstance(kind, List) and isinstance(value, list | tuple):
        return [turn(kind.item, item) for item in value]
    if isinstance(kind, Struct) and isinstance(value, dict):
        return {name: turn(kind.fields[name][0], item) for name, item in value.items() if name in kind.fields}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _walk(kind, item, turn) for name, item in value.items()}
    return value


# -- checks of single kinds --------------------------------------------------------------------------------------------


def _check(api: Api, row: ProfileKind, item: dict[str, object]) -> None:
    """What CGRateS refuses when a profile is written."""
    if row.kind == _FILTER:
        check_rules(_objects(item, "Rules"))
    if row.kind == _ATTRIBUTE and any(not one.get("Path") for one in _objects(item, "Attributes")):
        raise mandatory_missing("Path")
    if row.kind == _ATTRIBUTE:
        _check_values(item)
    if row.kind == _STAT:
        for metric in _objects(item, "Metrics"):
            name = str(metric.get("MetricID"))
            if name.partition("#")[0] not in _METRICS:
                raise server_error(f"unsupported metric type <{name}>")
    if row.index:
        tenant = str(item["Tenant"])
        for filter_ids in _filter_lists(item):
            check_references(filter_ids, key_of(item), lambda filter_id: api.step(GetItem(_FILTER, f"{tenant}:{filter_id}")) is not None)


def _objects(item: Mapping[str, object], name: str) -> list[dict[str, object]]:
    value = item.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []


def _filter_lists(item: Mapping[str, object]) -> Iterator[Sequence[str]]:
    """The filter ids of a profile, and of each part of it that has its own."""
    for holder in (item, *(part for name in item for part in _objects(item, name))):
        if isinstance(filter_ids := holder.get("FilterIDs"), list | tuple):
            yield filter_ids


# -- handlers ----------------------------------------------------------------------------------------------------------


def _setter(row: ProfileKind, *, checked: bool) -> Handler:
    def set_profile(api: Api, args: Args) -> object:
        item = item_of(api, row, args)
        if checked:
            _check(api, row, item)
        _store(api, row, item)
        return "OK"

    return set_profile


def _getter(row: ProfileKind) -> Handler:
    def get_profile(api: Api, args: Args) -> object:
        tenant = api.tenant(args.text("Tenant"))
        item = api.step(GetItem(row.kind, f"{tenant}:{args.text('ID')}"))
        if item is None and row.kind == _FILTER:
            return _inline_filter(tenant, args.text("ID"))
        if item is None:
            raise RequestError(row.not_found)
        return shown_profile(row.kind, item)

    return get_profile


def _inline_filter(tenant: str, text: str) -> object:
    """A rule written as a filter id, shown as if it were a stored filter."""
    rule = inline_rule(text)
    if rule is None:
        raise not_found()
    kind, element, values = rule
    return {"Tenant": tenant, "ID": text, "Rules": [{"Type": kind, "Element": element, "Values": values}], "ActivationInterval": None}


def _remover(row: ProfileKind, *, checked: bool) -> Handler:
    def remove_profile(api: Api, args: Args) -> object:
        tenant, id_ = api.tenant(args.text("Tenant")), args.text("ID")
        if checked and row.kind == _FILTER:
            _check_unused(api, tenant, id_)
        found = api.step(RemoveItem(row.kind, f"{tenant}:{id_}"))
        if checked and not found:
            raise RequestError(row.not_found)
        return "OK"

    return remove_profile


def _check_unused(api: Api, tenant: str, filter_id: str) -> None:
    """A filter that profiles of its tenant refer to cannot go."""
    users: dict[str, dict[str, dict[str, object]]] = {}
    for row in PROFILE_KINDS:
        if not row.index:
            continue
        for id_, item in _of_tenant(api, row.kind, tenant):
            fields = msgspec.to_builtins(item)
            if len(users.get(row.index, ())) < MAX_LISTED_REFERENCES and any(filter_id in ids for ids in _filter_lists(fields)):
                users.setdefault(row.index, {})[id_] = {}
    if users:
        named = json.dumps(users, separators=(",", ":"), sort_keys=True)
        raise server_error(f"cannot remove filter <{tenant}:{filter_id}> because will broken the reference to following items: {named}")


def _of_tenant(api: Api, kind: str, tenant: str) -> list[tuple[str, object]]:
    """The items of a kind that a tenant has, by their ids, sorted."""
    items = api.step(ListItems(kind))
    assert isinstance(items, dict), "a kind's items are listed as a dict"
    prefix = f"{tenant}:"
    found = [(key[len(prefix) :], item) for key, item in items.items() if key.startswith(prefix)]
    return sorted(found, key=lambda pair: pair[0])


def _lister(row: ProfileKind) -> Handler:
    def list_profiles(api: Api, args: Args) -> object:
        return page_of_ids([id_ for id_, _ in _of_tenant(api, row.kind, api.tenant(args.text("Tenant")))], args)

    return list_profiles


def _counter(row: ProfileKind) -> Handler:
    def count_profiles(api: Api, args: Args) -> object:
        count = len(_of_tenant(api, row.kind, api.tenant(args.text("Tenant"))))
        if count == 0:
            raise not_found()
        return count

    return count_profiles


# -- attribute profiles of version 2 -----------------------------------------------------------------------------------


def _set_attributes_v2(api: Api, args: Args) -> object:
    """The values are one text each, their parts parted by semicolons."""
    attributes = []
    if not args.each("Attributes"):
        raise server_error("MANDATORY_IE_MISSING: [Attributes]")
    for one in args.each("Attributes"):
        for name in ("Path", "Value"):
            if not one.text(name):
                raise server_error(f"MANDATORY_IE_MISSING: [{name}]")
        attributes.append({**one, "Value": [{"Rules": part} for part in _parts(one.text("Value"))]})
    if not args.text("ID").strip():
        raise mandatory_missing("ID")
    row = PROFILE_KINDS[0]
    item = item_of(api, row, {**args, "Attributes": attributes})
    _check(api, row, item)
    _store(api, row, item)
    return "OK"


def _parts(value: str) -> list[str]:
    """The parts of a value; backticks keep a semicolon."""
    try:
        return value_parts(value)
    except ValueError as fault:
        raise server_error(str(fault)) from None


def _check_values(item: dict[str, object]) -> None:
    """Refuses a value that cannot be read: an unknown converter, an expression without its end."""
    for one in _objects(item, "Attributes"):
        for part in _objects(one, "Value"):
            try:
                Template.single(str(part.get("Rules", "")))
            except ValueError as fault:
                raise server_error(str(fault)) from None


# -- rows --------------------------------------------------------------------------------------------------------------


def _rows(row: ProfileKind) -> Iterator[Method]:
    noun = row.noun
    yield method(f"APIerSv1.Set{noun}", row.setter, _setter(row, checked=True), row.mandatory)
    yield method(f"APIerSv1.Get{noun}", row.getter, _getter(row), "ID")
    yield method(f"APIerSv1.Remove{noun}", TENANT_ID_WITH_OPTS, _remover(row, checked=True), "ID")
    if row.listed:
        yield method(f"APIerSv1.Get{noun}IDs", PAGINATOR_WITH_TENANT, _lister(row))
    if row.counted:
        yield method(f"APIerSv1.Get{noun}Count", TENANT_WITH_OPTS, _counter(row))
    yield method(f"ReplicatorSv1.Set{noun}", row.replica_setter or row.setter, _setter(row, checked=False), "ID")
    yield method(f"ReplicatorSv1.Get{noun}", TENANT_ID_WITH_OPTS, _getter(row), "ID")
    yield method(f"ReplicatorSv1.Remove{noun}", TENANT_ID_WITH_OPTS, _remover(row, checked=False), "ID")


METHODS: Final = (
    *(one for row in PROFILE_KINDS for one in _rows(row)),
    method("APIerSv2.SetAttributeProfile", ATTRIBUTE_V2_SETTER, _set_attributes_v2),
)
