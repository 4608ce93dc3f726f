"""Indexes: from an event to the profiles that may match it, without a look at the others.

A profile stands under each value of its `*string`, `*prefix`, `*suffix` and `*exists` rules, those of its stored filters included; one
without any filter stands under `*none`; one whose filters hold no such rule stands nowhere and is found only while `indexed_selects`
is off. An event asks for the values it has. What is found so is then asked all its filters. Reference services.md section 0.

A change of a profile, or of a filter that it names, is brought in before the next event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.fields.path import Path, split_path
from engine.fields.template import DYNAMIC
from engine.fields.values import MISSING, value_text
from engine.fields.view import OTHER_ROOMS, View
from engine.filters.match import ALWAYS, FILTER_KIND, Condition, Filters, Period, RuleText, period_of, undecidable
from engine.filters.rule import INDEXED
from engine.money import Amount, parse_amount
from engine.profiles.items import Items
from engine.profiles.policies import DroppedIndex

ANY: Final = "*any"
NONE: Final = "*none"
DROPPED_KIND: Final = "dropped_index"
Key = tuple[str, str, str]
"""Type, path and value that profiles stand under; `("*none", "*any", "*any")` for those without filters."""
UNFILTERED: Final[Key] = (NONE, ANY, ANY)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Which profiles events are compared with. Fields are paths, `*req.Destination`; None: `*string` rules of all fields lead."""

    indexed_selects: bool = True
    string_fields: tuple[str, ...] | None = None
    prefix_fields: tuple[str, ...] = ()
    suffix_fields: tuple[str, ...] = ()
    exists_fields: tuple[str, ...] = ()
    nested_fields: bool = False


class Entry:
    """A profile made ready."""

    key: str
    profile: object
    number: int
    weight: Amount
    period: Period
    contexts: tuple[str, ...]
    filter_ids: tuple[str, ...]
    conditions: list[Condition]
    keys: list[Key]

    def __init__(self, key: str, profile: object, number: int, filters: Filters, tenant: str) -> None:
        self.key = key
        self.profile = profile
        self.number = number
        self.weight = 0
        self.period = ALWAYS
        self.contexts = contexts_of(profile)
        self.filter_ids = filter_ids_of(profile)
        self.conditions = [filters.condition(tenant, filter_id) for filter_id in self.filter_ids]
        self.keys = keys_of(self.conditions)
        try:
            self.weight = parse_amount(str(getattr(profile, "Weight", "0")) or "0")
            self.period = period_of(getattr(profile, "ActivationInterval", None), filters.zone)
        except ValueError as error:  # what was written past all checks is told to the events that meet it, not to all others
            self.conditions.append(undecidable(f"SERVER_ERROR: {error}"))

    def passes(self, view: View, now_ns: int) -> bool:
        return all(condition.passes(view, now_ns) for condition in self.conditions)


def contexts_of(profile: object) -> tuple[str, ...]:
    """The contexts of a profile; none where its kind has none."""
    return tuple(getattr(profile, "Contexts", None) or getattr(profile, "Subsystems", None) or ())


def filter_ids_of(profile: object) -> tuple[str, ...]:
    """The filters of a profile."""
    return tuple(getattr(profile, "FilterIDs", None) or ())


def dropped_key(tenant: str, kind: str, context: str) -> str:
    """What is stored of the profiles that were taken out of these indexes by hand is stored under this id."""
    return f"{tenant}:{kind}:{context}"


def keys_of(conditions: Sequence[Condition]) -> list[Key]:
    """What a profile with these filters stands under."""
    if not conditions:
        return [UNFILTERED]
    found: dict[Key, None] = {}
    for condition in conditions:
        for written in condition.written:
            for key in _rule_keys(written):
                found[key] = None
    return list(found)


def _rule_keys(written: RuleText) -> list[Key]:
    type_, element, values = written
    if type_ not in INDEXED:
        return []
    if element.startswith(DYNAMIC):
        if _asks_others(element):
            return []
        path = element[1:]
        if type_ == "*exists":
            return [(type_, path, "")]
        return [(type_, path, value) for value in values if not value.startswith(DYNAMIC)]
    return [(type_, value[1:], element) for value in values if value.startswith(DYNAMIC) and not _asks_others(value)]


def _asks_others(text: str) -> bool:
    return text[1:].partition(".")[0] in OTHER_ROOMS


Entries = dict[int, Entry]


class _Values:
    """The entries under the values of one path."""

    path: Path
    values: dict[str, Entries]
    longest: int  # characters of the longest value; it does not shrink when values go

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values = {}
        self.longest = 0


class Partition:
    """The indexes of one tenant and one context."""

    unfiltered: Entries
    types: dict[str, dict[str, _Values]]  # by type and path
    fields: dict[str, dict[str, _Values]]  # *string indexes of whole fields, by scope and name
    nested: dict[str, _Values]  # *string indexes below the first level
    _open: list[object] | None  # what `open_to_all` answers, where `_settled`
    _settled: bool

    def __init__(self) -> None:
        self.unfiltered = {}
        self.types = {type_: {} for type_ in sorted(INDEXED)}
        self.fields = {}
        self.nested = {}
        self._open = None
        self._settled = False

    def open_to_all(self) -> list[object] | None:
        """All profiles, the heaviest first, where every event meets all of them; None where that depends on the event or the time."""
        if not self._settled:
            self._settled = True
            entries = list(self.unfiltered.values())
            filtered = any(self.types.values())
            if not filtered and all(entry.period is ALWAYS and not entry.conditions for entry in entries):
                entries.sort(key=_rank)
                self._open = [entry.profile for entry in entries]
        return self._open

    def _unsettle(self) -> None:
        self._settled = False
        self._open = None

    def add(self, entry: Entry, key: Key) -> None:
        type_, path, value = key
        self._unsettle()
        if type_ == NONE:
            self.unfiltered[entry.number] = entry
            return
        paths = self.types[type_]
        found = paths.get(path)
        if found is None:
            found = paths[path] = _Values(_steps(path))
            if type_ == "*string":
                self._register(path, found)
        found.values.setdefault(value, {})[entry.number] = entry
        found.longest = max(found.longest, len(value))

    def _register(self, path: str, found: _Values) -> None:
        steps = found.path
        if any(step[0] == "[" for step in steps) or len(steps) < 2:
            return
        if len(steps) == 2:
            self.fields.setdefault(steps[0], {})[steps[1]] = found
        else:
            self.nested[path] = found

    def drop(self, entry: Entry, key: Key) -> None:
        type_, path, value = key
        self._unsettle()
        if type_ == NONE:
            self.unfiltered.pop(entry.number, None)
            return
        found = self.types[type_].get(path)
        if found is None or value not in found.values:
            return
        entries = found.values[value]
        entries.pop(entry.number, None)
        if not entries:
            del found.values[value]
        if not found.values:
            self._unregister(type_, path, found)

    def _unregister(self, type_: str, path: str, found: _Values) -> None:
        del self.types[type_][path]
        if type_ == "*string":
            self.nested.pop(path, None)
            if len(found.path) == 2:
                self.fields.get(found.path[0], {}).pop(found.path[1], None)


def _steps(path: str) -> Path:
    try:
        return split_path(path)
    except ValueError:
        return ()


class ProfileIndex:
    """The profiles of one kind, found by their filters."""

    items: Items
    kind: str
    filters: Filters
    options: IndexOptions
    _entries: dict[str, Entry]
    _partitions: dict[str, Partition]
    _tenants: dict[str, dict[int, Entry]]
    _users: dict[str, dict[str, None]]  # keys of profiles by the key of a stored filter they name
    _dirty: dict[str, None]
    _next: int

    def __init__(self, items: Items, kind: str, filters: Filters, options: IndexOptions) -> None:
        self.items = items
        self.kind = kind
        self.filters = filters
        self.options = options
        self._entries = {}
        self._partitions = {}
        self._tenants = {}
        self._users = {}
        self._dirty = dict.fromkeys(items.ids(kind))
        self._next = 0
        items.watch(kind, self.changed)
        items.watch(FILTER_KIND, self._filter_changed)
        items.watch(DROPPED_KIND, self._drop_changed)

    # -- what changes -------------------------------------------------------------------------------------------------

    def changed(self, key: str = "") -> None:
        """A profile, or without a key any of them, is to be read again before the next event. The items tell by themselves."""
        if key:
            self._dirty[key] = None
        else:
            self._dirty.update(dict.fromkeys(self._entries))
            self._dirty.update(dict.fromkeys(self.items.ids(self.kind)))

    def _filter_changed(self, key: str) -> None:
        self._dirty.update(self._users.get(key, {}))

    def _drop_changed(self, key: str) -> None:
        tenant, kind, _ = key.split(":", 2)
        if kind == self.kind:
            self._dirty.update(dict.fromkeys([entry.key for entry in self._tenants.get(tenant, {}).values()]))

    def _is_dropped(self, entry: Entry, tenant: str, context: str) -> bool:
        dropped = self.items.get(DROPPED_KIND, dropped_key(tenant, self.kind, context))
        return isinstance(dropped, DroppedIndex) and entry.key[len(tenant) + 1 :] in dropped.IDs

    def refresh(self) -> None:
        """Brings in what changed; `matching` does so by itself, this is for a moment at which nobody waits."""
        while self._dirty:
            key = next(iter(self._dirty))
            del self._dirty[key]
            known = self._entries.pop(key, None)
            if known is not None:
                self._take_out(known)
            profile = self.items.get(self.kind, key)
            if profile is not None:
                self._bring_in(key, profile, self._next if known is None else known.number)
                if known is None:
                    self._next += 1

    def _bring_in(self, key: str, profile: object, number: int) -> None:
        tenant = key.partition(":")[0]
        entry = Entry(key, profile, number, self.filters, tenant)
        self._entries[key] = entry
        self._tenants.setdefault(tenant, {})[number] = entry
        for filter_id in entry.filter_ids:
            if not filter_id.startswith("*"):
                self._users.setdefault(f"{tenant}:{filter_id}", {})[key] = None
        for context in entry.contexts or ("",):
            if self._is_dropped(entry, tenant, context):
                continue
            partition = self._partitions.setdefault(_partition_name(tenant, context), Partition())
            for one in entry.keys:
                partition.add(entry, one)

    def _take_out(self, entry: Entry) -> None:
        tenant = entry.key.partition(":")[0]
        self._tenants[tenant].pop(entry.number, None)
        for filter_id in entry.filter_ids:
            self._users.get(f"{tenant}:{filter_id}", {}).pop(entry.key, None)
        for context in entry.contexts or ("",):
            partition = self._partitions.get(_partition_name(tenant, context))
            if partition is not None:
                for one in entry.keys:
                    partition.drop(entry, one)

    # -- what matches -------------------------------------------------------------------------------------------------

    def serves(self, tenant: str) -> bool:
        """Whether the tenant has any profile of this kind."""
        self.refresh()
        return bool(self._tenants.get(tenant))

    def open_to_all(self, tenant: str) -> list[object] | None:
        """What `matching` finds for every event of the tenant, of kinds without contexts; None where it depends on the event. The list is
        not to be changed."""
        self.refresh()
        partition = self._partitions.get(_partition_name(tenant, "")) if self.options.indexed_selects else None
        return None if partition is None else partition.open_to_all()

    def matching(
        self,
        tenant: str,
        view: View,
        now_ns: int,
        ids: Sequence[str] = (),
        ignore_filters: bool = False,
        contexts: Sequence[str] = (),
    ) -> list[object]:
        """The profiles of a tenant that are active and pass, the heaviest first, equals in the order in which they first came.

        `ids`, where given, are the only profiles looked at, whatever the indexes say; `ignore_filters` then leaves out the filters.
        `contexts`, of kinds that have them: those of the request, `*any` among them where that counts. RequestError for a filter that is
        unknown or cannot be decided.
        """
        self.refresh()
        found: list[Entry] = []
        for entry in self._candidates(tenant, view, ids, contexts):
            if not entry.period.holds(view.at_ns):
                continue
            if (ids and ignore_filters) or entry.passes(view, now_ns):
                found.append(entry)
        found.sort(key=_rank)
        return [entry.profile for entry in found]

    def _candidates(self, tenant: str, view: View, ids: Sequence[str], contexts: Sequence[str]) -> list[Entry]:
        if ids:
            named = [self._entries.get(f"{tenant}:{id}") for id in ids]
            return [entry for entry in dict.fromkeys(named) if entry is not None and _in_context(entry, contexts)]
        if not self.options.indexed_selects:
            return [entry for entry in self._tenants.get(tenant, {}).values() if _in_context(entry, contexts)]
        found: Entries = {}
        for context in contexts or ("",):
            partition = self._partitions.get(_partition_name(tenant, context))
            if partition is not None:
                _Search(partition, self.options, view, found).run()
        return [found[number] for number in sorted(found)]


def _partition_name(tenant: str, context: str) -> str:
    return f"{tenant}:{context}"


def _in_context(entry: Entry, contexts: Sequence[str]) -> bool:
    if not contexts:
        return True
    return any(context in entry.contexts for context in contexts)


def _rank(entry: Entry) -> tuple[Amount, int]:
    return (-entry.weight, entry.number)


def _text(value: object) -> str:
    """A field as rules' values are compared with it; empty for what none could name."""
    if value is MISSING:
        return ""
    try:
        return value_text(value)
    except ValueError:
        return ""


class _Search:
    """The look of one event into one partition."""

    partition: Partition
    options: IndexOptions
    view: View
    found: Entries

    def __init__(self, partition: Partition, options: IndexOptions, view: View, found: Entries) -> None:
        self.partition = partition
        self.options = options
        self.view = view
        self.found = found

    def run(self) -> None:
        self._strings()
        options = self.options
        for path in options.prefix_fields:
            self._longest("*prefix", path)
        for path in options.suffix_fields:
            self._longest("*suffix", path)
        exists = self.partition.types["*exists"]
        for path in options.exists_fields:
            values = exists.get(path)
            if values is not None and self.view.lookup(values.path) is not MISSING:
                self.found.update(values.values.get("", {}))
        self.found.update(self.partition.unfiltered)

    def _strings(self) -> None:
        named = self.options.string_fields
        if named is not None:
            strings = self.partition.types["*string"]
            self._equal([strings[path] for path in named if path in strings])
            return
        for scope, by_name in self.partition.fields.items():
            fields = self.view.scopes.get(scope)
            if isinstance(fields, dict):
                self._equal_fields(fields, by_name)
        if self.options.nested_fields:
            self._equal(self.partition.nested.values())

    def _equal_fields(self, fields: dict[str, object], by_name: dict[str, _Values]) -> None:
        if len(fields) < len(by_name):
            for name, value in fields.items():
                known = by_name.get(name)
                if known is not None:
                    self._take(known, value)
            return
        for name, known in by_name.items():
            if name in fields:
                self._take(known, fields[name])

    def _equal(self, indexes: Iterable[_Values]) -> None:
        for known in indexes:
            value = self.view.lookup(known.path)
            if value is not MISSING:
                self._take(known, value)

    def _take(self, known: _Values, value: object) -> None:
        entries = known.values.get(_text(value))
        if entries is not None:
            self.found.update(entries)

    def _longest(self, type_: str, path: str) -> None:
        """Only the entries of the longest prefix or suffix that is known; those of shorter ones are not looked at (recorded)."""
        known = self.partition.types[type_].get(path)
        if known is None:
            return
        text = _text(self.view.lookup(known.path))
        for length in range(min(len(text), known.longest), 0, -1):
            entries = known.values.get(text[:length] if type_ == "*prefix" else text[len(text) - length :])
            if entries is not None:
                self.found.update(entries)
                return
