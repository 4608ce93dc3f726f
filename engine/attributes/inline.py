"""Attribute profiles written out where an id is expected: `*constant:*req.Category:gold;*sum:*req.Total:~*req.A&10`.

Several attributes are joined by `;`, each is type, path and value, the parts of a value are joined by `&`.
"""

from __future__ import annotations

from typing import Final

from engine.fields.template import split_parts
from engine.profiles.policies import Attribute, AttributeProfile, Template

NO_ATTRIBUTES: Final = "*none"  # an id that stands for no profile
ANY_CONTEXT: Final = ("*any",)


def is_inline(id: str) -> bool:
    """Whether an id is a profile written out."""
    return id.startswith("*")


def inline_profile(tenant: str, text: str) -> AttributeProfile:
    """The profile that the text writes out; it has no filters and counts in every context. ValueError when it is none."""
    return AttributeProfile(tenant, text, Contexts=ANY_CONTEXT, Attributes=tuple(_attribute(part, text) for part in text.split(";")))


def _attribute(text: str, whole: str) -> Attribute:
    words = text.split(":", 2)
    if len(words) < 3:
        raise ValueError(f"inline parse error for string: <{text}>")
    type, path, value = words
    if not path:
        raise ValueError(f"empty path in inline AttributeProfile <{whole}>")
    return Attribute(Path=path, Type=type, Value=tuple(Template(part) for part in split_parts(value, "&")))
