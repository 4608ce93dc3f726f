"""What the rooms are told of a configuration: the tree's options as each room's own struct."""

from __future__ import annotations

from base64 import b64decode
from typing import Final

from engine.attributes.asked import Defaults
from engine.attributes.decide import AttributeOptions
from engine.chargers.decide import ChargerOptions
from engine.event import ORIGIN_HOST
from engine.filters.index import IndexOptions
from engine.options import CdrOptions, EngineOptions, SessionOptions
from engine.rating.call import RatingOptions
from engine.times import SECOND, zone_of
from engine.usage import parse_duration
from gateway import VERSION
from gateway.api.bidirectional import ClientOptions
from gateway.api.context import ApiOptions
from gateway.api.server import ServerOptions
from gateway.api.stirkeys import StirOptions
from gateway.config import Tree
from gateway.config.certificates import client_context
from gateway.config.tree import Indexed
from gateway.transport.fetcher import FetchOptions

_ROOMS: Final = ("attributes", "cdrs", "ips", "resources", "thresholds", "stats", "routes")  # that sessions may be wired to
_ZERO_SUBJECT: Final = "*zero"
_DAY_SECONDS: Final = 86_400.0


def engine_options(tree: Tree, node_id: str, zone_name: str) -> EngineOptions:
    """What the engine is told of a configuration. ValueError for a rating subject that is no step."""
    general, rals, sessions = tree.general, tree.rals, tree.sessions
    return EngineOptions(
        rating=RatingOptions(
            exact=general.increment_rounding == "exact",
            rounding_decimals=general.rounding_decimals,
            fallback_depth=rals.fallback_depth,
            max_increments=rals.max_increments,
            subject_prefix_matching=rals.rp_subject_prefix_matching,
            max_usage_ns=rals.max_computed_usage,
            returned_units=frozenset(sessions.returned_units),
        ),
        default_steps={tor: _step_of(subject) for tor, subject in rals.balance_rating_subject.items()},
        sessions=session_options(tree),
        default_tenant=general.default_tenant,
        default_category=general.default_category,
        default_request_type=general.default_request_type,
        zone=zone_of(zone_name),
        remove_expired=rals.remove_expired,
        scheduler=tree.schedulers.enabled,
        scheduler_filters=tree.schedulers.filters,
        dynaprepaid_actionplans=tree.schedulers.dynaprepaid_actionplans,
        cdrs=cdr_options(tree),
        store_cdrs=tree.cdrs.store_cdrs,
        filters_ask=bool(tree.filters.apiers_conns),
        attributes_ask=bool(tree.attributes.apiers_conns),
        attributes=attribute_options(tree, zone_name),
        chargers=ChargerOptions(bool(tree.chargers.attributes_conns), index_options(tree.chargers)),
        chargers_connected=bool(sessions.chargers_conns),
        attributes_connected=bool(sessions.attributes_conns),
        rals_connected=bool(sessions.rals_conns),
        node_id=node_id,
    )


def session_options(tree: Tree) -> SessionOptions:
    """What sessions are told."""
    sessions, diameter = tree.sessions, tree.diameter()
    restarts = () if tree.radius() is None else (ORIGIN_HOST,)  # who begins anew is found by that
    return SessionOptions(
        default_usage=sessions.default_usage,
        debit_interval_ns=sessions.debit_interval_ns,
        session_ttl_ns=sessions.session_ttl_ns,
        store_session_costs=sessions.store_session_costs,
        failed_begin_ttl_ns=sessions.failed_begin_ttl_ns,
        closed_sessions_ttl_ns=tree.caches.partitions["*closed_sessions"].ttl_ns,
        alterable_fields=sessions.alterable_fields,
        ttl_max_delay_ns=sessions.session_ttl_max_delay_ns or 0,
        ttl_last_used_ns=sessions.session_ttl_last_used_ns,
        ttl_last_usage_ns=sessions.session_last_usage_ns,
        ttl_usage_ns=sessions.session_ttl_usage_ns,
        indexes=(*restarts, *sessions.session_indexes),
        min_low_balance_ns=sessions.min_dur_low_balance_ns or 0,
        channel_sync_interval_ns=sessions.channel_sync_interval_ns,
        channel_sync_timeout_ns=sessions.channel_sync_timeout_ns,
        stale_max_extra_usage_ns=sessions.stale_chan_max_extra_usage_ns,
        replication=sessions.replication_conns,
        connected=frozenset(room for room in _ROOMS if getattr(sessions, f"{room}_conns")),
        topup_reauthorizes=diameter is not None and diameter.topup_reauthorizes,
        tariff_change_reauthorizes=diameter is not None and diameter.tariff_change_reauthorizes,
    )


def cdr_options(tree: Tree) -> CdrOptions:
    """What the room of records is told."""
    cdrs = tree.cdrs
    return CdrOptions(
        attributes=bool(cdrs.attributes_conns),
        chargers=bool(cdrs.chargers_conns),
        rals=bool(cdrs.rals_conns),
        export=bool(cdrs.online_cdr_exports or cdrs.ees_conns),
        thresholds=bool(cdrs.thresholds_conns),
        stats=bool(cdrs.stats_conns),
        scheduler=bool(cdrs.scheduler_conns),
        ids_ttl_ns=tree.caches.partitions["*cdr_ids"].ttl_ns,
    )


def attribute_options(tree: Tree, zone_name: str) -> AttributeOptions:
    """What the attributes room is told."""
    section = tree.attributes
    opts = section.opts
    return AttributeOptions(
        any_context=section.any_context,
        defaults=Defaults(opts.profile_ids, opts.process_runs, opts.profile_runs, opts.profile_ignore_filters),
        index=index_options(section),
        decimals=tree.general.rounding_decimals,
        zone=zone_of(zone_name),
    )


def index_options(section: Indexed) -> IndexOptions:
    """How a room of profiles finds them."""
    return IndexOptions(
        indexed_selects=section.indexed_selects,
        string_fields=section.string_indexed_fields,
        prefix_fields=section.prefix_indexed_fields,
        suffix_fields=section.suffix_indexed_fields,
        exists_fields=section.exists_indexed_fields,
        nested_fields=section.nested_fields,
    )


def _step_of(subject: str) -> int:
    """The step, in ns, of a rating subject such as *zero1s; ValueError for another."""
    if not subject.startswith(_ZERO_SUBJECT):
        raise ValueError(f"rals.balance_rating_subject: {subject} is not *zero and a duration")
    return parse_duration(subject.removeprefix(_ZERO_SUBJECT))


def api_options(tree: Tree, node_id: str, zone_name: str, started_ns: int) -> ApiOptions:
    """What the API is told of a configuration."""
    stir = tree.sessions.stir
    return ApiOptions(
        sections=frozenset(name for name, value in tree.values.items() if isinstance(value, dict) and value.get("enabled") is True),
        version=f"Tollwire@{VERSION}",
        default_tenant=tree.general.default_tenant,
        default_timezone=zone_name,
        node_id=node_id,
        started_ns=started_ns,
        cache_ttls_ns={name: partition.ttl_ns for name, partition in tree.caches.partitions.items() if partition.ttl_ns},
        stir=StirOptions(stir.allowed_attest, stir.payload_maxduration_ns, stir.default_attest, stir.publickey_path, stir.privatekey_path),
    )


def client_options(tree: Tree) -> ClientOptions:
    """How clients of the bidirectional port are called."""
    return ClientOptions(int(tree.sessions.client_protocol), tree.general.reply_timeout_ns / SECOND)


def fetch_options(tree: Tree) -> FetchOptions:
    """How values of `*http#` are fetched; certificates are read when the first one is."""
    http = tree.http
    client = http.client_opts
    return FetchOptions(
        seconds=http.fetch_timeout_ns / SECOND,
        most=http.max_fetching,
        per_host=client.max_conns_per_host,
        idle_seconds=client.idle_conn_timeout_ns / SECOND or _DAY_SECONDS,
        keeps=not client.disable_keep_alives,
        context=lambda: client_context(tree.tls),
        verifies=not client.skip_tls_verify,
        agent=f"tollwire/{VERSION}",
    )


def _users_of(tree: Tree) -> dict[str, bytes]:
    """Passwords by user. ValueError for one that is not in base64."""
    found: dict[str, bytes] = {}
    for name, text in tree.http.auth_users.items():
        try:
            found[name] = b64decode(text, validate=True)
        except ValueError:
            raise ValueError(f"http.auth_users.{name} is not in base64") from None
    return found


def server_options(tree: Tree, process_tag: str) -> ServerOptions:
    """Where the API listens."""
    return ServerOptions(
        rpc_json=tree.listen.rpc_json,
        http=tree.listen.http,
        birpc_json=tree.listen.birpc_json if tree.sessions.enabled else "",
        rpc_json_tls=tree.listen.rpc_json_tls,
        http_tls=tree.listen.http_tls,
        caps=tree.cores.caps,
        caps_queue=tree.cores.caps_strategy == "*queue",
        caps_stats_seconds=tree.cores.caps_stats_interval_ns / SECOND,
        jsonrpc_path=tree.http.json_rpc_url,
        jsonrpc2_path=tree.http.json_rpc2_url,
        ws_path=tree.http.ws_url,
        max_request_bytes=tree.limits.request_size_bytes,
        users=_users_of(tree) if tree.http.use_basic_auth else None,
        token=tree.http.token.encode(),
        process_tag=process_tag,
    )
