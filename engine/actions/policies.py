"""Actions that write profiles of policies: filters, thresholds, stats, attributes, routes, rankings, trends, resources.

Their extra parameters are a row of the profile's sheet, parted by semicolons, and one more for API options, which nothing asks. Lists
inside a parameter are parted by `&`. A parameter that is `~*req.Field`, and `<~*req.Field>` inside any, is a field of the event that the
set runs for, else of the account; elsewhere such words belong to the profile. The tenant `*tenant` is the account's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.actions.dynamic import fields_known
from engine.actions.running import Failed, Ready, Running
from engine.event import field_text

SHEETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "*dynamic_filter": "Filters",
        "*dynamic_threshold": "Thresholds",
        "*dynamic_stats": "Stats",
        "*dynamic_attribute": "Attributes",
        "*dynamic_route": "Routes",
        "*dynamic_ranking": "Rankings",
        "*dynamic_trend": "Trends",
        "*dynamic_resource": "Resources",
    }
)
_FILTER: Final = "filter"
_TENANT: Final = "*tenant"
_WHOLE: Final = re.compile(r"~\*req\.([A-Za-z0-9_*]+)\Z")
_INSIDE: Final = re.compile(r"<~\*req\.([A-Za-z0-9_*]+)>")
_FILTERS: Final = ("FilterIDs", "AttributeFilterIDs", "RouteFilterIDs", "MetricFilterIDs")
_TEMPLATES: Final = frozenset((*_FILTERS, "Path", "Value", "Element"))  # in these a field without brackets is one of later events
_LISTS: Final = frozenset(("list", "interval"))


def profile(running: Running, action: Ready) -> None:
    """Writes the profile, in place of one of its name."""
    sheet = SHEETS[action.kind]
    columns = running.house.columns_of(sheet)
    parts = action.extra.split(";")
    if len(parts) != len(columns) + 1:
        raise Failed(f"{action.kind} takes {len(columns) + 1} parameters, not {len(parts)}")
    known = fields_known(running)
    cells: list[str] = []
    for (name, kind), part in zip(columns, parts[:-1], strict=True):
        cell = filled(known, part, bracketed_only=name in _TEMPLATES)
        cells.append(cell.replace("&", ";") if kind in _LISTS else cell)
    cells[0] = tenant_meant(running, cells[0]) if cells[0] else ""
    _check_filters(running, columns, cells)
    try:
        kind, key, item = running.house.profile_of_row(sheet, cells, running.at_ns)
    except ValueError as fault:
        raise Failed(f"{action.kind}: {fault}") from None
    running.work.put_item(kind, key, item)


def tenant_meant(running: Running, text: str) -> str:
    """The tenant that a parameter names; `*tenant` and nothing mean the account's, without an account the default one."""
    if text not in ("", _TENANT):
        return text
    return running.account.tenant if running.account is not None else running.house.options.default_tenant


def filled(known: Mapping[str, object], text: str, *, bracketed_only: bool) -> str:
    """The text with the fields that it asks for: `<~*req.Field>`, and unless `bracketed_only` a text that is `~*req.Field`."""

    def field(found: re.Match[str]) -> str:
        if found.group(1) not in known:
            raise Failed(f"no field {found.group(1)} for {text}")
        return field_text(known[found.group(1)])

    whole = None if bracketed_only else _WHOLE.match(text)
    return field(whole) if whole is not None else _INSIDE.sub(field, text)


def _check_filters(running: Running, columns: list[tuple[str, str]], cells: list[str]) -> None:
    for (name, _), cell in zip(columns, cells, strict=True):
        if name not in _FILTERS:
            continue
        for filter_id in cell.split(";"):
            if filter_id and filter_id[0] != "*" and running.work.item(_FILTER, f"{cells[0]}:{filter_id}") is None:
                raise Failed(f"broken reference to filter: <{filter_id}> for item with ID: {cells[0]}:{cells[1]}")
