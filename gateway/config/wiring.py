"""What options say of each other: drivers that exist, connections that lead somewhere, templates that are there."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from engine.usage import parse_duration
from gateway.config.check import is_address
from gateway.config.kinds import INTERNAL, Conns, Fields, Group, Kind, Map, Objects, Value
from gateway.config.options import SECTIONS
from gateway.config.options.nastemplates import DISCONNECT, GENERIC, template_name
from gateway.config.report import Path, Report, dotted
from gateway.config.source import Source, nearest
from gateway.config.tree import Tree, split_address

if TYPE_CHECKING:
    from gateway.config.agents import RadiusDynamic

INSIDE: Final = (INTERNAL, "*birpc_internal")
LOCAL: Final = (*INSIDE, "*localhost", "*bijson_localhost")
HERE: Final = ("*internal", "internal")
DEFAULTS: Final = Source("defaults", "", "override")
ZERO: Final = "*zero"
WEB: Final = ("http://", "https://")
DIAMETER: Final = "diameter_agent"
RADIUS: Final = "radius_agent"
EVERYBODY: Final = "*default"
RADSEC: Final = "tls"
TLS: Final = "tcp-tls"
CERTIFICATE_REQUIRED: Final = 4  # of tls.server_policy
NAMED_TEMPLATES: Final = {
    "diameter_agent": ("asr_template", "rar_template", "slr_template", "snr_template", "str_template"),
    "radius_agent": ("dmr_template", "coa_template"),
}


def check_wiring(tree: Tree, report: Report) -> None:
    """Report what does not fit together, at the place of the option that says it."""
    for name in ("data_db", "stor_db"):
        check_driver(tree, report, name)
    check_subjects(tree, report)
    check_users(tree, report)
    check_token(tree, report)
    check_fetching(tree, report)
    check_diameter(tree, report)
    check_radius(tree, report)
    check_dynamic(tree, report)
    for name in SECTIONS:
        if tree.is_default((name,)):
            continue
        for kind, path, value in members(SECTIONS[name].kind, (name,), tree.values[name]):
            if isinstance(kind, Conns) and isinstance(value, list):
                check_conns(tree, report, kind, path, value)
            elif isinstance(kind, Fields) and isinstance(value, list):
                check_fields(tree, report, path, value)
    for section_name, options in NAMED_TEMPLATES.items():
        for option in () if tree.is_default((section_name,)) else options:
            template = tree.section(section_name)[option]
            if isinstance(template, str) and template and not tree.is_default((section_name, option)):
                check_template(tree, report, (section_name, option), template)


def members(kind: Kind, path: Path, value: Value) -> Iterator[tuple[Kind, Path, Value]]:
    """Every connection list and field list below a value."""
    match kind:
        case Group() if isinstance(value, dict):
            for option in kind.options:
                if isinstance(option.kind, Conns | Fields):
                    yield option.kind, (*path, option.name), value.get(option.name)
                elif isinstance(option.kind, Group | Map | Objects):
                    yield from members(option.kind, (*path, option.name), value.get(option.name))
        case Map() if isinstance(value, dict) and isinstance(kind.value, Group | Fields):
            for name, item in value.items():
                if isinstance(kind.value, Fields):
                    yield kind.value, (*path, name), item
                else:
                    yield from members(kind.value, (*path, name), item)
        case Objects() if isinstance(value, list):
            for index, item in enumerate(value):
                identity = item.get(kind.key) if kind.key and isinstance(item, dict) else None
                yield from members(kind.group, (*path, identity if isinstance(identity, str) and identity else index), item)
        case _:
            return


def check_diameter(tree: Tree, report: Report) -> None:
    """Refuse peers that cannot be, and requests of ours that nothing could fill."""
    section = tree.diameter()
    if section is None:
        return

    def fault(option: str, message: str) -> None:
        source, offset = tree.place((DIAMETER, option)) or tree.place((DIAMETER,)) or (DEFAULTS, -1)
        report.fault(source, offset, f"{DIAMETER}.{option}{message}")

    for text in section.allowed_networks:
        try:
            ip_network(text, strict=False)
        except ValueError:
            fault("allowed_networks", f": {text} is no network; 192.0.2.0/24 or 2001:db8::/32 is wanted")
    if any(one.network == TLS for one in section.listeners) and not tree.tls.server_certificate:
        fault("listeners", ": tcp-tls needs tls.server_certificate and tls.server_key")
    for peer in section.peers:
        if not peer.address:
            fault("peers", f": {peer.id or 'one of them'} has no address")
    kind = section.forced_disconnect
    if kind != "*none" and not getattr(section, f"{kind[1:]}_template"):
        source, offset = tree.place((DIAMETER, "forced_disconnect")) or (DEFAULTS, -1)
        report.loose(source, offset, f"{DIAMETER}.forced_disconnect is {kind} and {DIAMETER}.{kind[1:]}_template is empty: nobody is told")


def check_radius(tree: Tree, report: Report) -> None:
    """Refuse clients that cannot be told from others; say which are not answered, and who is let in without a signature."""
    section = tree.radius()
    if section is None:
        return
    told = tree.place((RADIUS,)) or (DEFAULTS, -1)
    if any(one.network == RADSEC for one in section.listeners):
        source, offset = tree.place((RADIUS, "listeners")) or told
        if not tree.tls.server_certificate:
            report.fault(source, offset, f"{RADIUS}.listeners: tls needs tls.server_certificate and tls.server_key")
        elif tree.tls.server_policy not in (3, 4):
            report.fault(source, offset, f"{RADIUS}.listeners: clients over tls show certificates: tls.server_policy must be 3 or 4")
    seen: dict[str, str] = {}
    rows = [(row.id, row.addresses or (row.id,), row.secret, (RADIUS, "clients", row.id)) for row in section.clients]
    named = {str(ip) for _, addresses, _, _ in rows for ip in addresses}
    rows += [(ip, (ip,), secret, (RADIUS, "client_secrets", ip)) for ip, secret in section.client_secrets.items() if ip not in named]
    for name, addresses, secret, path in rows:
        source, offset = tree.place(path) or told
        for address in addresses:
            try:
                network = address if address == EVERYBODY else str(ip_network(address, strict=False))
            except ValueError:
                wanted = "192.0.2.7, 192.0.2.0/24 or 2001:db8::/32 is wanted"
                report.fault(source, offset, f"{dotted(path)}: {address[:60]} is no address and no network; {wanted}")
                continue
            if network in seen:
                report.fault(source, offset, f"{dotted(path)}: {address[:60]} stands for {seen[network][:60]} already")
            seen[network] = name
        if not secret:
            report.caution(source, offset, f"{dotted(path)} has no secret: it is not answered")
    if not rows:
        report.caution(*told, f"{RADIUS} has no clients: nobody is answered")


def client_templates(row: RadiusDynamic) -> list[tuple[str, str]]:
    """The templates of requests to a client, with the options that say them: those that it has of its own."""
    named = [(option, getattr(row, option)) for option in ("dmr_template", "coa_template", "credit_end_template")]
    found = [(option, name) for option, name in named if name]
    if row.vendor and not row.dmr_template:
        found.append(("vendor", template_name(row.vendor, DISCONNECT)))
    if row.credit_end != DISCONNECT and not row.credit_end_template:
        found.append(("credit_end", template_name(row.vendor or GENERIC, row.credit_end)))
    return found


def check_dynamic(tree: Tree, report: Report) -> None:
    """Refuse requests to NASes that no template, or nobody's secret, could make; say where credit's end can only disconnect."""
    section = tree.radius()
    if section is None:
        return
    for key, row in section.client_da_addresses.items():
        path = (RADIUS, "client_da_addresses", key)
        for option, name in client_templates(row):
            check_template(tree, report, (*path, option), name)
        source, offset = tree.place(path) or tree.place(path[:-1]) or (DEFAULTS, -1)
        if "/" in key:
            try:
                ip_network(key, strict=False)
            except ValueError:
                report.fault(source, offset, f"{dotted(path)}: {key[:60]} is no network; 192.0.2.0/24 or 2001:db8::/32 is wanted")
        if row.credit_end != DISCONNECT and not row.credit_end_template and not getattr(row, row.credit_end):
            event = row.credit_end.capitalize()
            report.caution(
                source,
                offset,
                f"{dotted(path)}.{row.credit_end} is empty: sessions whose event has no {event} are disconnected at credit's end",
            )
    if section.client_da_addresses and not section.requests_cache_key:
        source, offset = tree.place((RADIUS, "client_da_addresses")) or (DEFAULTS, -1)
        report.caution(source, offset, f"{RADIUS}.requests_cache_key is empty: no NAS can be asked about its sessions")


def check_driver(tree: Tree, report: Report, section: str) -> None:
    """Refuse a store that this build cannot reach."""
    driver = tree.section(section)["db_type"]
    if driver not in HERE:
        source, offset = tree.place((section, "db_type")) or (DEFAULTS, -1)
        report.fault(source, offset, f'{section}.db_type is "{driver}": driver not available in this build', INTERNAL)


def check_users(tree: Tree, report: Report) -> None:
    """Passwords of HTTP users are written in base64, and there is somebody who may come in."""
    if tree.http.use_basic_auth and not tree.http.auth_users:
        source, offset = tree.place(("http", "use_basic_auth")) or (DEFAULTS, -1)
        report.caution(source, offset, "http.use_basic_auth is on and http.auth_users is empty: nobody may use HTTP")
    for name, text in tree.http.auth_users.items():
        try:
            b64decode(text, validate=True)
        except ValueError:
            source, offset = tree.place(("http", "auth_users", name)) or (DEFAULTS, -1)
            report.fault(source, offset, f"http.auth_users.{name[:60]} is not in base64")


def check_fetching(tree: Tree, report: Report) -> None:
    """There is time to fetch a value."""
    if tree.http.fetch_timeout_ns <= 0:
        source, offset = tree.place(("http", "fetch_timeout")) or (DEFAULTS, -1)
        report.fault(source, offset, "http.fetch_timeout leaves no time to fetch anything")


def check_token(tree: Tree, report: Report) -> None:
    """Who reaches HTTP from elsewhere is asked who he is."""
    token = tree.http.token
    if token and (not token.isascii() or not token.isprintable() or " " in token):
        source, offset = tree.place(("http", "token")) or (DEFAULTS, -1)
        report.fault(source, offset, "http.token must be printable ASCII without spaces: it is sent in a header")
    asked = token or tree.http.use_basic_auth
    certified = not tree.tls.server_certificate or tree.tls.server_policy == CERTIFICATE_REQUIRED
    for option, known in (("http", asked), ("http_tls", asked or certified)):
        address = split_address(getattr(tree.listen, option))
        if not known and address is not None and not is_loopback(address[0]):
            source, offset = tree.place(("listen", option)) or (DEFAULTS, -1)
            report.caution(source, offset, f"listen.{option} asks nobody who he is: neither http.token nor http.use_basic_auth is set")


def is_loopback(host: str) -> bool:
    """Whether a host of an address is this machine and nobody else can reach it."""
    return host in ("localhost", "::1") or host.startswith("127.")


def check_subjects(tree: Tree, report: Report) -> None:
    """The rating subject of a unit balance that names none is *zero and the step that is taken off it."""
    subjects = tree.section("rals")["balance_rating_subject"]
    for name, subject in subjects.items() if isinstance(subjects, dict) else ():
        path = ("rals", "balance_rating_subject", name)
        if not tree.is_default(path) and not is_step(str(subject)):
            source, offset = tree.place(path) or (DEFAULTS, -1)
            report.fault(source, offset, f'{dotted(path)} must be *zero and a duration, such as "*zero1s", not "{str(subject)[:60]}"')


def is_step(subject: str) -> bool:
    """Whether a rating subject is *zero and a duration above nothing."""
    try:
        return subject.startswith(ZERO) and parse_duration(subject.removeprefix(ZERO)) > 0
    except ValueError:
        return False


def check_conns(tree: Tree, report: Report, kind: Conns, path: Path, value: list[Value]) -> None:
    """Connections must have a name that exists, and *internal ones a room that is on."""
    if tree.is_default(path):
        return
    pools = tree.section("rpc_conns")
    for index, conn in enumerate(value):
        if not isinstance(conn, str):
            continue
        source, offset = tree.place((*path, index)) or (DEFAULTS, -1)
        if conn not in LOCAL and conn not in pools and not conn.startswith(WEB) and not (conn and is_address(conn)):
            known = [*LOCAL, *(name for name in pools)]
            message = f"{dotted(path)} names {conn[:60]}, which rpc_conns does not have and which is no address"
            report.loose(source, offset, message, nearest(conn, known))
        elif conn in INSIDE and tree.is_on(str(path[0])) and not tree.is_on(kind.room):
            message = f"{dotted(path)} asks this process, but {kind.room}.enabled is false"
            report.loose(source, offset, message)


def check_fields(tree: Tree, report: Report, path: Path, fields: list[Value]) -> None:
    """Templates taken in by name must exist."""
    for index, field in enumerate(fields):
        if isinstance(field, dict) and field.get("type") == "*template":
            check_template(tree, report, (*path, index, "value"), str(field.get("value", "")))


def check_template(tree: Tree, report: Report, path: Path, name: str) -> None:
    """Report a template that does not exist."""
    templates = tree.section("templates")
    if name not in templates:
        source, offset = tree.place(path) or tree.place(path[:-1]) or (DEFAULTS, -1)
        report.fault(source, offset, f"{dotted(path)} names the template {name[:60]}, which is not there", nearest(name, templates))
