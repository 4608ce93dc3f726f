"""Writing along a path of an attribute profile: `*req.Account`, `*req.Sip.To`, `*opts.*rouLimit`, `*tenant`.

Unlike the paths that are read, these know no lists: `*req.Tags[0]` is a field of that odd name (recorded).
"""

from __future__ import annotations

from engine.fields.view import TENANT, View

WRONG_PATH = "WRONG_PATH"


def write(view: View, path: str, text: str) -> None:
    """Sets what the path names, making the maps on the way. ValueError where something else than a map is on the way.

    Maps inside the event are copied before they are changed, so that whoever has the event as it was keeps it.
    """
    names = path.split(".")
    if names == [TENANT]:
        view.scopes[TENANT] = text
        view.tenant = text
        return
    if len(names) == 1:
        if names[0].startswith("*"):
            raise ValueError(WRONG_PATH)
        view.scopes[names[0]] = text
        return
    place = view.scopes.setdefault(names[0], {})
    for name in names[1:-1]:
        place = _entered(place, name, makes=True)
    if not isinstance(place, dict):
        raise ValueError(WRONG_PATH)
    place[names[-1]] = text


def remove(view: View, path: str) -> None:
    """Takes what the path names away, if it is there. ValueError for a path that only names a scope."""
    names = path.split(".")
    if len(names) == 1:
        if names[0].startswith("*"):
            raise ValueError(WRONG_PATH)
        view.scopes.pop(names[0], None)
        return
    place = view.scopes.get(names[0])
    for name in names[1:-1]:
        if not isinstance(place, dict) or not isinstance(place.get(name), dict):
            return
        place = _entered(place, name, makes=False)
    if isinstance(place, dict):
        place.pop(names[-1], None)


def _entered(place: object, name: str, *, makes: bool) -> object:
    """The map inside a map, as a copy that has taken its place."""
    if not isinstance(place, dict):
        raise ValueError(WRONG_PATH)
    inner = place.get(name)
    if inner is None and makes:
        inner = {}
    if not isinstance(inner, dict):
        raise ValueError(WRONG_PATH)
    place[name] = inner = dict(inner)
    return inner
