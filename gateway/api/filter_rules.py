"""What is checked of filters and of references to them when they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from engine.errors import server_error

_PATTERN_TYPES = frozenset({"*regex", "*notregex"})


def inline_rule(text: str) -> tuple[str, str, list[str]] | None:
    """Type, element and values of a rule written as `*type:element:value|value`; None where the text is no such rule."""
    parts = text.split(":", 2)
    if not text.startswith("*") or len(parts) < 3:
        return None
    return parts[0], parts[1], parts[2].split("|") if parts[2] else []


def _readable(rule: tuple[str, str, list[str]]) -> bool:
    kind, element, values = rule
    if element.count("{") != element.count("}"):
        return False
    patterns = values if kind in _PATTERN_TYPES else [value[1:] for value in values if kind.endswith("rsr") and value.startswith("~")]
    try:
        for pattern in patterns:
            re.compile(pattern)
    except re.error:
        return False
    return True


def check_references(filter_ids: Sequence[str], item: str, exists: Callable[[str], bool]) -> None:
    """Refuses a filter id that is neither a rule nor the id of a stored filter. `item` is <tenant>:<id> of what refers to it."""
    for filter_id in filter_ids:
        rule = inline_rule(filter_id)
        if rule is None or not _readable(rule):
            if rule is None and exists(filter_id):
                continue
            raise server_error(f"broken reference to filter: <{filter_id}> for item with ID: {item}")


def check_rules(rules: Sequence[Mapping[str, object]]) -> None:
    """Refuses a stored filter with a rule that looks at nothing."""
    for rule in rules:
        if not rule.get("Element"):
            raise server_error("empty RSRParser in rule: <>")
