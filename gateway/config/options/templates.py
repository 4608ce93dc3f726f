"""Field templates that other fields take in by name (type *template)."""

from __future__ import annotations

from typing import Final

from gateway.config.kinds import Fields, Map, Raw, Section
from gateway.config.options.nastemplates import NAS_TEMPLATES
from gateway.config.options.parts import field

DIAMETER_ORIGIN: Final = (
    field("SessionId", "*rep.Session-Id", "~*req.Session-Id", mandatory=True),
    field("OriginHost", "*rep.Origin-Host", "~*vars.OriginHost", mandatory=True),
    field("OriginRealm", "*rep.Origin-Realm", "~*vars.OriginRealm", mandatory=True),
)
CCA: Final = (
    DIAMETER_ORIGIN[0],
    field("ResultCode", "*rep.Result-Code", "2001", kind="*constant"),
    *DIAMETER_ORIGIN[1:],
    field("AuthApplicationId", "*rep.Auth-Application-Id", "~*vars.*appid", mandatory=True),
    field("CCRequestType", "*rep.CC-Request-Type", "~*req.CC-Request-Type", mandatory=True),
    field("CCRequestNumber", "*rep.CC-Request-Number", "~*req.CC-Request-Number", mandatory=True),
)


# The head of a request that the server sends in its own name: it needs no Destination-Host in the session's first request.
FROM_US: Final = (
    field("SessionId", "*diamreq.Session-Id", "~*req.Session-Id", mandatory=True),
    field("OriginHost", "*diamreq.Origin-Host", "~*vars.OriginHost", mandatory=True),
    field("OriginRealm", "*diamreq.Origin-Realm", "~*vars.OriginRealm", mandatory=True),
    field("DestinationRealm", "*diamreq.Destination-Realm", "~*req.Origin-Realm", mandatory=True),
    field("DestinationHost", "*diamreq.Destination-Host", "~*req.Origin-Host", mandatory=True),
    field("AuthApplicationId", "*diamreq.Auth-Application-Id", "~*vars.*appid", mandatory=True),
)


def towards_client(*, swapped: bool) -> tuple[dict[str, Raw], ...]:
    """The head of a request that the server sends; swapped: the kept request came from where this one goes."""
    ours, theirs = ("Destination", "Origin") if swapped else ("Origin", "Destination")
    destination = [
        field("DestinationRealm", "*diamreq.Destination-Realm", f"~*req.{theirs}-Realm", mandatory=True),
        field("DestinationHost", "*diamreq.Destination-Host", f"~*req.{theirs}-Host", mandatory=True),
    ]
    return (
        field("SessionId", "*diamreq.Session-Id", "~*req.Session-Id", mandatory=True),
        field("OriginHost", "*diamreq.Origin-Host", f"~*req.{ours}-Host", mandatory=True),
        field("OriginRealm", "*diamreq.Origin-Realm", f"~*req.{ours}-Realm", mandatory=True),
        *destination,
        field("AuthApplicationId", "*diamreq.Auth-Application-Id", "~*vars.*appid", mandatory=True),
    )


POLICY_COUNTER: Final = "*diamreq.Policy-Counter-Status-Report"
PENDING: Final = f"{POLICY_COUNTER}.Pending-Policy-Counter-Information"
SPENDING: Final = (
    field("OriginID", "*cgreq.OriginID", "~*req.Session-Id", mandatory=True),
    field("OriginHost", "*cgreq.OriginHost", "~*req.Origin-Host", mandatory=True),
    field("OriginRealm", "*cgreq.OriginRealm", "~*req.Origin-Realm", mandatory=True),
)
SY: Final = field("RequestType", "*cgreq.RequestType", "*sy", kind="*constant")
SLR: Final = (
    *SPENDING,
    field("Account", "*cgreq.Account", "~*req.Subscription-Id.Subscription-Id-Data[~Subscription-Id-Type(0)]"),
    SY,
    field(
        "BalanceIDPolicyFilter",
        "*opts.*syPolicyFilters",
        "*string:~*asm.BalanceSummaries.*default.ID:balance_data",
        kind="*group",
        mandatory=True,
    ),
    field(
        "BalanceIDPolicyFilter2",
        "*opts.*syPolicyFilters",
        "*lte:~*asm.BalanceSummaries.balance_data.Value:0",
        kind="*group",
        mandatory=True,
    ),
)
SNR: Final = (
    *towards_client(swapped=False),
    field("Policy-Counter-Identifier", f"{POLICY_COUNTER}.Policy-Counter-Identifier", "Monthly", kind="*group", new_branch=True),
    field("Policy-Counter-Status", f"{POLICY_COUNTER}.Policy-Counter-Status", "512KBPS", kind="*group"),
    field("Pending-Policy-Counter-Information-Status", f"{PENDING}.Policy-Counter-Status", "30GB", kind="*group"),
    field(
        "Pending-Policy-Counter-Information-Status-Change-Time",
        f"{PENDING}.Pending-Policy-Counter-Change-Time",
        "*now",
        kind="*datetime",
    ),
)
RADIUS_SESSION: Final = tuple(
    field(name, f"*radDAReq.{name}", f"~*oreq.{name}") for name in ("User-Name", "NAS-IP-Address", "Acct-Session-Id")
)


def cdr(name: str, value: str) -> dict[str, Raw]:
    """One field of the CDR that an action writes."""
    kind = "*variable" if value.startswith("~") else "*constant"
    return field(name, f"*cdr.{name}", value, kind=kind, mandatory=True)


CDR_LOG: Final = (
    cdr("ToR", "~*req.BalanceType"),
    cdr("OriginHost", "127.0.0.1"),
    cdr("RequestType", "*none"),
    cdr("Tenant", "~*req.Tenant"),
    cdr("Account", "~*req.Account"),
    cdr("Subject", "~*req.Account"),
    cdr("Cost", "~*req.Cost"),
    cdr("Source", "*cdrLog"),
    cdr("Usage", "1"),
    cdr("RunID", "~*req.ActionType"),
    cdr("SetupTime", "*now"),
    cdr("AnswerTime", "*now"),
    cdr("PreRated", "true"),
)

REAUTHORIZE: Final = field("ReAuthRequestType", "*diamreq.Re-Auth-Request-Type", "0", kind="*constant")

BUILT_IN: Final[dict[str, Raw]] = {
    "*err": DIAMETER_ORIGIN,
    "*cca": CCA,
    "*asr": towards_client(swapped=True),
    "*rar": (
        *towards_client(swapped=True),
        REAUTHORIZE,
    ),
    "*slr": SLR,
    "*snr": SNR,
    "*str": (*SPENDING, SY),
    "*dmr": (*RADIUS_SESSION, field("Reply-Message", "*radDAReq.Reply-Message", "~*req.DisconnectCause")),
    "*coa": (*RADIUS_SESSION, field("Filter-Id", "*radDAReq.Filter-Id", "~*req.CustomFilter")),
    **NAS_TEMPLATES,
    "*errSip": (field("Request", "*rep.Request", "SIP/2.0 500 Internal Server Error", kind="*constant", mandatory=True),),
    "*cdrLog": CDR_LOG,
}

TEMPLATES: Final = Section(
    "templates",
    Map(Fields()),
    "Lists of fields that *template takes in.",
    effective=True,
    default=BUILT_IN,
    appliance=BUILT_IN | {"*asr": FROM_US, "*rar": (*FROM_US, REAUTHORIZE)},
)

SECTIONS: Final = (TEMPLATES,)
