"""Which attribute profile an event meets, and what becomes of the event.

Run by run the heaviest matching profile changes a copy of the event; a profile does not follow itself. The event that was given is
never changed. Behaviour of reference services.md section 1 and of recordings api/attribute-*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine import commands
from engine.attributes.asked import CONTEXT, PROFILE_IDS, SUBSYSTEM, Asked, Defaults, asked
from engine.attributes.compiled import Compiled
from engine.attributes.inline import inline_profile, is_inline
from engine.attributes.reply import AttributesReply
from engine.errors import mandatory_missing, not_found, server_error
from engine.event import Event
from engine.fields.values import FieldNotFoundError
from engine.fields.view import TENANT, VARS, Rooms, View
from engine.filters.index import IndexOptions, ProfileIndex
from engine.filters.match import Filters
from engine.limits import MAX_INLINE_PROFILES
from engine.profiles.items import Items
from engine.profiles.policies import AttributeProfile
from engine.times import UTC_ZONE, Zone

KIND: Final = "attribute_profile"
ANY: Final = "*any"
WANTED: Final = "*attributes"  # a field with this value must be filled by a profile
PROCESS_RUNS: Final = "*processRuns"
PROCESSED: Final = "*processedProfileIDs"


@dataclass
class AttributeOptions:
    """`any_context`: profiles of the context *any serve every context."""

    any_context: bool = True
    defaults: Defaults = field(default_factory=Defaults)
    index: IndexOptions = field(default_factory=IndexOptions)
    decimals: int = 5  # of *value_exponent
    zone: Zone = UTC_ZONE


class Attributes:
    """The room of attribute profiles. `rooms` answers values such as ~*accounts.<id>; filters have their own."""

    items: Items
    filters: Filters
    index: ProfileIndex
    options: AttributeOptions
    rooms: Rooms
    _compiled: dict[str, Compiled]
    _compiled_inline: dict[tuple[str, str], Compiled]

    def __init__(self, items: Items, filters: Filters, options: AttributeOptions, rooms: Rooms) -> None:
        self.items = items
        self.filters = filters
        self.index = ProfileIndex(items, KIND, filters, options.index)
        self.options = options
        self.rooms = rooms
        self._compiled = {}
        self._compiled_inline = {}
        items.watch(KIND, self._forget)

    def steps(self) -> dict[type, Callable[..., object]]:
        return {
            commands.ProcessAttributes: lambda command, now_ns: self.process(command.event, now_ns),
            commands.FindAttributeProfile: lambda command, now_ns: self.profile_for(command.event, now_ns),
        }

    def process(self, event: Event, now_ns: int, *, context: str = "", ids: Sequence[str] | None = None) -> AttributesReply:
        """The event as its profiles change it.

        `context` is that of the room that asks (`*sessions`), used where the event's option *context names none; filters see it as
        ~*opts.*subsys. `ids`, when given, become the option *attrProfileIDs: only these profiles are looked at, [] means all.
        RequestError: NOT_FOUND when no profile matches or a value is missing, MANDATORY_IE_MISSING for fields that still say
        *attributes, SERVER_ERROR with what is wrong.
        """
        reply = self.change(event, now_ns, context=context, ids=ids)
        if reply is None:
            raise not_found()
        return reply

    def change(self, event: Event, now_ns: int, *, context: str = "", ids: Sequence[str] | None = None) -> AttributesReply | None:
        """As `process`, None instead of NOT_FOUND."""
        try:
            want = asked(event.options, self.options.defaults, context, ids)
        except ValueError as fault:
            raise server_error(str(fault)) from None
        if not want.profile_ids and want.process_runs > 0 and not self.index.serves(event.tenant):
            _refuse_wanted(event)
            return None
        event = event.copy()
        given = event.options.get(CONTEXT)
        if context:
            event.options[SUBSYSTEM] = context
            event.options[CONTEXT] = given or context
        if ids is not None:
            event.options[PROFILE_IDS] = list(ids)
        scene = Scene(self, event, now_ns)
        try:
            matched, altered = self._runs(scene, want)
        except FieldNotFoundError:
            return None
        except ValueError as fault:
            raise server_error(str(fault)) from None
        _refuse_wanted(event)
        if not matched and want.process_runs > 0:
            return None
        if context and not given and event.options.get(CONTEXT) == context:
            del event.options[CONTEXT]
        event.tenant = scene.values.tenant
        return AttributesReply(matched, altered, event)

    def profile_for(self, event: Event, now_ns: int) -> AttributeProfile:
        """The profile that would change the event first. RequestError NOT_FOUND, or SERVER_ERROR with what is wrong."""
        try:
            found = self._next(Scene(self, event, now_ns), asked(event.options, self.options.defaults), "", {})
        except ValueError as fault:
            raise server_error(str(fault)) from None
        if found is None:
            raise not_found()
        return found.profile

    # -- runs ---------------------------------------------------------------------------------------------------------

    def _runs(self, scene: Scene, want: Asked) -> tuple[list[str], list[str]]:
        """The names of the profiles that were applied and the paths that they wrote."""
        matched: list[str] = []
        altered: dict[str, None] = {}
        times: dict[str, int] = {}
        last = ""
        for run in range(want.process_runs):
            scene.scopes[VARS] = {PROCESS_RUNS: run + 1, PROCESSED: list(matched)}
            found = self._next(scene, want, last, times)
            if found is None:
                break
            last = found.name
            times[last] = times.get(last, 0) + 1
            for step in found.steps:
                if scene.passes(step.filter_ids):
                    step.apply(scene.values)
                    altered[step.path] = None
            matched.append(last)
            if found.profile.Blocker:
                break
        return matched, list(altered)

    def _next(self, scene: Scene, want: Asked, last: str, times: dict[str, int]) -> Compiled | None:
        """The heaviest profile that matches, is not the last one and has not had all its times."""
        for found in self._matching(scene, want):
            if found.name != last and (want.profile_runs <= 0 or times.get(found.name, 0) < want.profile_runs):
                return found
        return None

    def _matching(self, scene: Scene, want: Asked) -> list[Compiled]:
        """The profiles that match, the heaviest first; of equals those that were named first, or came first."""
        tenant, rules = scene.values.tenant, scene.rules
        rules.tenant = tenant
        stored = [id for id in want.profile_ids if not is_inline(id)]
        found: list[Compiled] = []
        if stored or not want.profile_ids:
            contexts = (want.context, ANY) if self.options.any_context and want.context != ANY else (want.context,)
            profiles = self.index.matching(tenant, rules, rules.now_ns, stored, want.ignore_filters, contexts)
            found = [self._ready(profile) for profile in profiles if isinstance(profile, AttributeProfile)]
        if len(stored) < len(want.profile_ids):
            found.extend(self._written_out(tenant, id) for id in want.profile_ids if is_inline(id))
            places = {id: place for place, id in reversed(list(enumerate(want.profile_ids)))}
            found.sort(key=lambda one: (-one.weight, places[one.profile.ID]))
        return found

    def _ready(self, profile: AttributeProfile) -> Compiled:
        name = f"{profile.Tenant}:{profile.ID}"
        found = self._compiled.get(name)
        if found is None:
            self._compiled[name] = found = Compiled(profile, name, self.options.decimals)
        return found

    def _written_out(self, tenant: str, text: str) -> Compiled:
        found = self._compiled_inline.get((tenant, text))
        if found is None:
            if len(self._compiled_inline) >= MAX_INLINE_PROFILES:
                self._compiled_inline.clear()
            self._compiled_inline[tenant, text] = found = Compiled(inline_profile(tenant, text), text, self.options.decimals)
        return found

    def _forget(self, key: str) -> None:
        self._compiled.pop(key, None)


def _refuse_wanted(event: Event) -> None:
    """RequestError MANDATORY_IE_MISSING for fields that no profile has filled."""
    if WANTED not in event.fields.values():
        return
    raise mandatory_missing(*sorted(name for name, value in event.fields.items() if value == WANTED))


class Scene:
    """An event while it is changed: what values see and what rules see is the same, but each asks its own rooms."""

    values: View
    rules: View
    scopes: dict[str, object]
    _filters: Filters

    def __init__(self, house: Attributes, event: Event, now_ns: int) -> None:
        self.values = View(event, now_ns, house.options.zone, house.rooms)
        self.values.scopes[TENANT] = event.tenant
        self.scopes = self.values.scopes
        self.rules = house.filters.view(event, now_ns)
        self.rules.scopes = self.scopes
        self._filters = house.filters

    def passes(self, filter_ids: Sequence[str]) -> bool:
        return not filter_ids or self._filters.matches(self.values.tenant, filter_ids, self.rules, self.rules.now_ns)
