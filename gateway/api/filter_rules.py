"""What is checked of filters and of references to them when they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from engine.errors import server_error
from engine.filters.rule import inline_rule, rule_of


def _is_readable(rule: tuple[str, str, list[str]]) -> bool:
    kind, element, values = rule
    try:
        rule_of(kind, element, values)
    except ValueError:
        return False
    return True


def check_references(filter_ids: Sequence[str], item: str, exists: Callable[[str], bool]) -> None:
    """Refuses a filter id that is neither a rule nor the id of a stored filter. `item` is <tenant>:<id> of what refers to it."""
    for filter_id in filter_ids:
        rule = inline_rule(filter_id)
        if rule is None or not _is_readable(rule):
            if rule is None and exists(filter_id):
                continue
            raise server_error(f"broken reference to filter: <{filter_id}> for item with ID: {item}")


def check_rules(rules: Sequence[Mapping[str, object]]) -> None:
    """Refuses a stored filter with a rule that looks at nothing, or that cannot be read."""
    for rule in rules:
        element, values = rule.get("Element"), rule.get("Values")
        if not element:
            raise server_error("empty RSRParser in rule: <>")
        try:
            rule_of(str(rule.get("Type")), str(element), [str(value) for value in values] if isinstance(values, list | tuple) else [])
        except ValueError as fault:
            raise server_error(str(fault)) from None
