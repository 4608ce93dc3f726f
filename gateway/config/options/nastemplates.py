"""Field templates of requests to NASes (RFC 5176), ready for use: what each vendor finds a session by, and what it takes for less speed or
another way out.

`~*vars.Throttle` and `~*vars.Redirect` are what the session's event says, else the client's options `throttle` and `redirect`; a request
that lacks the one it needs is not made.
"""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Raw
from gateway.config.options.parts import field

Rows = tuple[dict[str, Raw], ...]

GENERIC: Final = "generic"
VENDORS: Final = (GENERIC, "mikrotik", "cisco", "juniper", "erx", "huawei")
DISCONNECT: Final = "disconnect"
THROTTLE: Final = "throttle"
REDIRECT: Final = "redirect"
_WHAT: Final = {THROTTLE: "~*vars.Throttle", REDIRECT: "~*vars.Redirect"}


def session(*names: str) -> Rows:
    """The attributes that a NAS finds the session by, as its own request had them."""
    return tuple(field(name, f"*radDAReq.{name}", f"~*oreq.{name}") for name in names)


def changed(name: str, action: str) -> Rows:
    """The attribute that says what becomes of it."""
    return (field(name, f"*radDAReq.{name}", _WHAT[action], mandatory=True),)


def service(action: str) -> Rows:
    """A service of Cisco's ISG or of identity-based networking."""
    pair = "*radDAReq.Cisco.Cisco-AVPair"
    return (
        field("Command", pair, "subscriber:command=activate-service", kind="*group"),
        field("Service", pair, f"subscriber:service-name=;{_WHAT[action]}", kind="*group", mandatory=True),
    )


_SESSION: Final = session("User-Name", "NAS-IP-Address", "Acct-Session-Id")
_MIKROTIK: Final = session("User-Name", "Acct-Session-Id", "Framed-IP-Address")
_CISCO: Final = session("Acct-Session-Id")
_USER: Final = session("User-Name", "Acct-Session-Id")
_ACTIVATE: Final = "ERX.ERX-Service-Activate:1"

_SERVICES: Final[dict[str, Rows]] = {
    DISCONNECT: _USER,
    THROTTLE: (*_USER, *changed(_ACTIVATE, THROTTLE)),
    REDIRECT: (*_USER, *changed(_ACTIVATE, REDIRECT)),
}

ACTIONS: Final[dict[str, dict[str, Rows]]] = {
    GENERIC: {
        DISCONNECT: _SESSION,
        THROTTLE: (*_SESSION, *changed("Filter-Id", THROTTLE)),
        REDIRECT: (*_SESSION, *changed("Filter-Id", REDIRECT)),
    },
    "mikrotik": {
        DISCONNECT: _MIKROTIK,
        THROTTLE: (*_MIKROTIK, *changed("Mikrotik.Mikrotik-Rate-Limit", THROTTLE)),
        REDIRECT: (*_MIKROTIK, *changed("Mikrotik.Mikrotik-Address-List", REDIRECT)),
    },
    "cisco": {
        DISCONNECT: _CISCO,
        THROTTLE: (*_CISCO, *service(THROTTLE)),
        REDIRECT: (*_CISCO, *service(REDIRECT)),
    },
    "juniper": _SERVICES,  # Junos
    "erx": _SERVICES,  # JunosE
    "huawei": {
        DISCONNECT: _USER,
        THROTTLE: (*_USER, *changed("Huawei.Huawei-Qos-Profile-Name", THROTTLE)),
        REDIRECT: (*_USER, *changed("Huawei.Huawei-HTTP-Redirect-URL", REDIRECT)),
    },
}


def template_name(vendor: str, action: str) -> str:
    """What the template of a vendor for an action is called."""
    return f"*{vendor}_{action}"


NAS_TEMPLATES: Final[dict[str, Raw]] = {
    template_name(vendor, action): rows for vendor, actions in ACTIONS.items() for action, rows in actions.items()
}
