"""ConfigSv1: the configuration that is in force, as the reference writes it; options changed while the process runs. And
TollwireV1.ReloadConfig, which reads the files of the start again.

Everything can be tried (DryRun). What ConfigSv1 changes for good has to be options that a running part of the process takes; any other is
refused by name, for nothing would act on it until the next start. TollwireV1.ReloadConfig changes those that can be, and names the others.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast

import msgspec

from engine.errors import Fault, RequestError, mandatory_missing
from gateway.api.args import Args
from gateway.api.context import Api
from gateway.api.limits import MAX_NAMED_OPTIONS
from gateway.api.shapes import shape
from gateway.api.table import method
from gateway.config import Loaded, Tree, load
from gateway.config.change import differences, is_cut, keeping, over, section_names
from gateway.config.kinds import Conns, Flag, Group, Kind, Map, Number, Texts, Whole
from gateway.config.options import SECTIONS
from gateway.config.reference import to_reference_json
from gateway.config.source import UnreadableError

CONFIGURATION: Final = "configuration"  # the name under which Api.rooms has it
REQUEST: Final = "request"  # what faults call the text of a request
_COMMON: Final = "Tenant string; APIOpts map[string]any;"
_SECTION: Final = shape("config.SectionWithAPIOpts", f"{_COMMON} Section string")
_SET: Final = shape("config.SetConfigArgs", f"{_COMMON} Config map[string]any; DryRun bool")
_SET_TEXT: Final = shape("config.SetConfigFromJSONArgs", f"{_COMMON} Config string; DryRun bool")
_RELOAD: Final = shape("config.ReloadArgs", f"{_COMMON} Path string; Section string; DryRun bool")
_AGAIN: Final = shape("tollwire.ReloadConfigArgs", "DryRun bool; APIOpts map[string]any")

# What Go's decoder calls the structs of sections, in its complaints about a value of a wrong type.
_STRUCTS: Final[Mapping[str, str]] = {
    "apiers": "ApierJsonCfg",
    "attributes": "AttributeSJsonCfg",
    "cdrs": "CdrsJsonCfg",
    "chargers": "ChargerSJsonCfg",
    "general": "GeneralJsonCfg",
    "listen": "ListenJsonCfg",
    "rals": "RalsJsonCfg",
    "resources": "ResourceSJsonCfg",
    "routes": "RouteSJsonCfg",
    "schedulers": "SchedulerJsonCfg",
    "sessions": "SessionSJsonCfg",
    "stats": "StatServJsonCfg",
    "thresholds": "ThresholdSJsonCfg",
}

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class FaultyError(Exception):
    """Files that cannot be used; `faults` are all that is wrong with them, each a line for an operator."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(faults[0])
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of reading the files again: options by name that changed, and those that take effect at the next start."""

    changed: tuple[str, ...]
    waiting: tuple[str, ...]


class Part(Protocol):
    """Something of the process that takes options while it runs."""

    def takes(self, tree: Tree) -> tuple[str, ...]:
        """The names of these options; all that lies under one of them is taken too."""

    def ready(self, tree: Tree) -> Callable[[], None]:
        """Makes ready what a tree says, in another thread; what it gives puts that in place, on the loop's, and does not fail.
        ValueError, one line, for what cannot be."""


class Configured(Protocol):
    """What ConfigSv1 shows and changes."""

    def shown(self, section: str) -> dict[str, object]:
        """A section by its name, or all; without what is ours alone. RequestError for a name that is none."""

    async def change(self, text: str, *, dry_run: bool) -> None:
        """Puts the options of a JSON text over those in force. RequestError, and nothing is changed, where that cannot be done."""

    async def reload(self, path: str, section: str, *, dry_run: bool) -> None:
        """Reads a section, or all, anew from the files of a folder. RequestError, and nothing is changed, where that cannot be done."""

    async def read_again(self, *, dry_run: bool) -> Reloaded:
        """Reads the files of the start anew. FaultyError, and nothing is changed, where they cannot be used."""


class Configuration:
    """The configuration in force, and the parts of the process that take another one while they run.

    `load_again` reads the files of the start anew, None where there are none.
    """

    def __init__(self, tree: Tree, parts: Sequence[Part], load_again: Callable[[], Loaded] | None = None) -> None:
        self._tree = tree
        self._parts = parts
        self._load_again = load_again
        self._one_at_a_time = asyncio.Lock()
        self._shown: dict[str, dict[str, object]] = {}  # what was shown of the tree, by the section that was asked for

    def shown(self, section: str) -> dict[str, object]:
        """See `Configured`."""
        if section and (section not in SECTIONS or SECTIONS[section].own):
            raise RequestError("Invalid section")
        if section not in self._shown:
            self._shown[section] = to_reference_json(self._tree, [section] if section else None)
        return self._shown[section]

    async def change(self, text: str, *, dry_run: bool) -> None:
        """See `Configured`."""
        async with self._one_at_a_time:
            names = _sections_of(text)
            tree, faults = over(self._tree, text, REQUEST)
            if faults:
                raise _wrong(faults)
            await self._take(tree, names, dry_run=dry_run)

    async def reload(self, path: str, section: str, *, dry_run: bool) -> None:
        """See `Configured`."""
        async with self._one_at_a_time:
            loaded = await asyncio.to_thread(_load, path)  # a folder may be large
            if loaded is None:
                raise RequestError(f'path:"{path}" is not reachable')
            if section and section not in SECTIONS:
                raise RequestError(f"Invalid section: <{section}>")
            if loaded.faults:
                raise _wrong(list(loaded.faults))
            await self._take(loaded.tree, [section] if section else list(SECTIONS), dry_run=dry_run)

    async def read_again(self, *, dry_run: bool) -> Reloaded:
        """See `Configured`."""
        if self._load_again is None:
            raise FaultyError(["this process knows no files that it could read again"])
        async with self._one_at_a_time:
            loaded = await asyncio.to_thread(self._load_again)
            if loaded.faults:
                raise FaultyError([str(fault) for fault in loaded.faults])
            changed = differences(self._tree, loaded.tree, SECTIONS)
            live = frozenset(self._live(loaded.tree, changed))
            waiting = [name for name in changed if name not in live]
            try:
                await self._put(keeping(self._tree, loaded.tree, waiting), dry_run=dry_run)
            except ValueError as fault:
                raise FaultyError([str(fault)]) from None
            return Reloaded(tuple(name for name in changed if name in live), tuple(waiting))

    def _live(self, tree: Tree, changed: Sequence[str]) -> list[str]:
        """Those of some options that a running part takes."""
        taken = tuple(name for part in self._parts for name in part.takes(tree))
        return [name for name in changed if name in taken or name.startswith(tuple(f"{one}{end}" for one in taken for end in ".["))]

    async def _take(self, tree: Tree, sections: list[str], *, dry_run: bool) -> None:
        if dry_run:
            return
        changed = differences(self._tree, tree, sections)
        live = frozenset(self._live(tree, changed))
        waiting = [name for name in changed if name not in live]
        if waiting:
            more = f" and {len(waiting) - MAX_NAMED_OPTIONS} more" if len(waiting) > MAX_NAMED_OPTIONS else ""
            raise RequestError(f"SERVER_ERROR: takes effect at the next start only: {', '.join(waiting[:MAX_NAMED_OPTIONS])}{more}")
        if changed:
            others = [name for name in differences(self._tree, tree, SECTIONS) if name not in live]
            try:
                await self._put(keeping(self._tree, tree, others))
            except ValueError as fault:
                raise RequestError(f"invalid configuration: {fault}") from None

    async def _put(self, tree: Tree, *, dry_run: bool = False) -> None:
        """Has every part take a tree; ValueError, and none has, where one of them cannot."""

        def ready() -> list[Callable[[], None]]:
            return [part.ready(tree) for part in self._parts]

        taking = await asyncio.to_thread(ready)  # dictionaries and certificates are files
        if not dry_run:
            for take in taking:
                take()
            self._tree = tree
            self._shown.clear()


def _load(path: str) -> Loaded | None:
    """What a folder or file says; None where there is none."""
    return load(path) if "\0" not in path and os.path.exists(path) else None


def _sections_of(text: str) -> list[str]:
    try:
        names = section_names(text, REQUEST)
    except UnreadableError as fault:
        raise RequestError("unexpected EOF" if is_cut(text, fault) else f"invalid configuration: {fault.message}") from None
    for name in names:
        if name not in SECTIONS:
            raise RequestError(f"Invalid section: <{name}>")
    complaint = _wrong_type(text)
    if complaint:
        raise RequestError(complaint)
    return names


def _wrong(faults: list[Fault]) -> RequestError:
    shown = "; ".join(str(fault) for fault in faults[:MAX_NAMED_OPTIONS])
    more = f"; and {len(faults) - MAX_NAMED_OPTIONS} more" if len(faults) > MAX_NAMED_OPTIONS else ""
    return RequestError(f"invalid configuration: {shown}{more}")


def _wrong_type(text: str) -> str:
    """Go's complaint about the first option of a plain type whose JSON is of another; empty where there is none."""
    try:
        sections = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return ""  # comments, say: the faults of our own reader will do
    if not isinstance(sections, dict):
        return "" if sections is None else f"json: cannot unmarshal {_json_type(sections)} into Go value of type config.CgrJsonCfg"
    for name, options in sections.items():
        kind = SECTIONS[name].kind
        if name in _STRUCTS and isinstance(options, dict) and isinstance(kind, Group):
            known = {option.name: option.kind for option in kind.options}
            for option, value in options.items():
                wanted = _go_type(known.get(option))
                given = _json_type(value)
                if wanted and given not in ("null", _json_of(wanted)):
                    field = f"{_STRUCTS[name]}.{option[:1].upper()}{option[1:]}"
                    return f"json: cannot unmarshal {given} into Go struct field {field} of type {wanted}"
    return ""


def _go_type(kind: Kind | None) -> str:
    match kind:
        case Flag():
            return "bool"
        case Whole():
            return "int"
        case Number():
            return "float64"
        case Texts() | Conns():
            return "[]string"
        case Group() | Map():
            return ""
        case _:
            return ""


def _json_of(go_type: str) -> str:
    return {"bool": "bool", "int": "number", "float64": "number", "[]string": "array"}[go_type]


def _json_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


# -- the methods -------------------------------------------------------------------------------------------------------


def _configured(api: Api) -> Configured:
    return cast("Configured", api.rooms[CONFIGURATION])


def _get(api: Api, args: Args) -> object:
    return _configured(api).shown(args.text("Section"))


def _get_text(api: Api, args: Args) -> object:
    return msgspec.json.encode(_configured(api).shown(args.text("Section")), order="sorted").decode()


async def _set(api: Api, args: Args) -> object:
    options = args.mapping("Config")
    if not options:
        raise mandatory_missing("Config")
    await _configured(api).change(_ENCODER.encode(options).decode(), dry_run=args.flag("DryRun"))
    return "OK"


async def _set_text(api: Api, args: Args) -> object:
    await _configured(api).change(args.text("Config"), dry_run=args.flag("DryRun"))
    return "OK"


async def _reload(api: Api, args: Args) -> object:
    if not args.text("Path"):
        raise mandatory_missing("Path")
    await _configured(api).reload(args.text("Path"), args.text("Section"), dry_run=args.flag("DryRun"))
    return "OK"


async def _reload_again(api: Api, args: Args) -> object:
    """What was changed, and what is in the files and takes effect at the next start."""
    try:
        found = await _configured(api).read_again(dry_run=args.flag("DryRun"))
    except FaultyError as error:
        raise RequestError("\n".join(["invalid configuration:", *error.faults])) from None
    return {"Changed": list(found.changed), "NextStart": list(found.waiting)}


METHODS: Final = (
    method("ConfigSv1.GetConfig", _SECTION, _get),
    method("ConfigSv1.GetConfigAsJSON", _SECTION, _get_text),
    method("ConfigSv1.SetConfig", _SET, _set),
    method("ConfigSv1.SetConfigFromJSON", _SET_TEXT, _set_text),
    method("ConfigSv1.ReloadConfig", _RELOAD, _reload),
    method("TollwireV1.ReloadConfig", _AGAIN, _reload_again),
)
