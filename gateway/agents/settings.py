"""What agents are made of before the first request comes, whatever they speak: terms, processors, templates."""

from __future__ import annotations

from typing import Final

from engine.filters.match import Filters
from engine.times import Zone
from gateway.config.tree import Tree
from gateway.processors.check import FLAGS, INPUTS, OUTPUTS, PROCESSORS, TYPES
from gateway.processors.reading import UnreadableError, compile_fields, compile_processors
from gateway.processors.run import Fields, Processors
from gateway.processors.settings import Settings
from gateway.processors.terms import Terms
from gateway.processors.usercache import UserCache

TEMPLATES: Final = "templates"
USER_CACHE: Final = "*uch"


class SettingsError(ValueError):
    """The agent cannot be started as it is configured; one line for the operator."""


def user_cache_of(tree: Tree) -> UserCache:
    """What processors of all agents keep for later requests (`*uch`)."""
    kept = tree.caches.partitions.get(USER_CACHE)
    return UserCache() if kept is None else UserCache(kept.limit, kept.ttl_ns, kept.static_ttl)


def terms_of(tree: Tree, section: str, zone: Zone, filters: Filters, cache: UserCache) -> Terms:
    """What the processors of an agent's section are read by and work with."""
    return Terms(
        tree.general.default_tenant,
        zone,
        separator=tree.general.rsr_separator,
        decimals=tree.general.rounding_decimals,
        filters=filters,
        rooms=filters.rooms,
        settings=Settings(tree),
        cache=cache,
        outputs=OUTPUTS.get(section, ()),
        inputs=INPUTS.get(section, ()),
        types=TYPES.get(section, ()),
        flags=FLAGS.get(section, ()),
    )


def processors_of(tree: Tree, section: str, rows: object, terms: Terms) -> Processors:
    """Processors made ready. SettingsError where one of them cannot be read."""
    try:
        return compile_processors(rows, tree.values[TEMPLATES], terms, (section, PROCESSORS))
    except UnreadableError as error:
        raise SettingsError(str(error)) from None


def template_of(tree: Tree, name: str, terms: Terms) -> Fields:
    """A template made ready. SettingsError where there is none of that name, or it cannot be read."""
    templates = tree.values[TEMPLATES]
    assert isinstance(templates, dict), "a section of templates by name"
    if name not in templates:
        raise SettingsError(f"there is no template {name}")
    try:
        return compile_fields(templates[name], templates, terms, (TEMPLATES, name))
    except UnreadableError as error:
        raise SettingsError(str(error)) from None
