"""What options of older CGRateS configurations are called today, for the hint beside an unknown name."""

from __future__ import annotations

from typing import Final

TODAY: Final[dict[str, str]] = {
    "aliases": "attributes",
    "cdrc": "ers",
    "cdre": "ees",
    "cdrstats": "stats",
    "http_conns": "rpc_conns",
    "lcr": "routes",
    "loaders": "loader",
    "pubsubs": "ees",
    "rater": "rals",
    "rls": "resources",
    "scheduler": "schedulers",
    "sm_asterisk": "asterisk_agent",
    "sm_freeswitch": "freeswitch_agent",
    "sm_generic": "sessions",
    "sm_kamailio": "kamailio_agent",
    "sm_opensips": "sessions",
    "suppliers": "routes",
    "tariffplan_db": "stor_db",
    "users": "attributes",
    "cdrs.cdrstats_conns": "cdrs.stats_conns",
    "diameter_agent.listen": "diameter_agent.listeners",
    "diameter_agent.listen_net": "diameter_agent.listeners",
    "dns_agent.listen": "dns_agent.listeners",
    "dns_agent.listen_net": "dns_agent.listeners",
    "general.failed_posts_dir": "ees.failed_posts.dir",
    "general.instance_id": "general.node_id",
    "general.internal_ttl": "general.reply_timeout",
    "radius_agent.listen_acct": "radius_agent.listeners",
    "radius_agent.listen_auth": "radius_agent.listeners",
    "radius_agent.listen_net": "radius_agent.listeners",
    "rals.cdrstats_conns": "rals.stats_conns",
    "sessions.listen_bigob": "listen.birpc_gob",
    "sessions.listen_bijson": "listen.birpc_json",
    "sessions.suppl_conns": "sessions.routes_conns",
    "sessions.resource_conns": "sessions.resources_conns",
}
"""By section, or section.option."""
