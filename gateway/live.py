"""The parts of a running gateway that take another configuration (gateway.api.configuration.Part): who they are, what they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from engine.options import EngineOptions
from gateway.api.bidirectional import BidirectionalClients
from gateway.config.certificates import CertificateError, server_context
from gateway.config.tree import Tree
from gateway.observe.log import set_level
from gateway.told import client_options, server_options, session_options
from gateway.transport.tls import Certificates

if TYPE_CHECKING:
    from gateway.agents.diameter.agent import DiameterAgent
    from gateway.agents.radius.agent import RadiusAgent
    from gateway.agents.surroundings import Surroundings
    from gateway.api.server import ApiServer

Take = Callable[[], None]

_SESSIONS: Final = tuple(
    f"sessions.{name}"
    for name in (
        "default_usage debit_interval session_ttl session_ttl_max_delay session_ttl_last_used session_ttl_usage session_last_usage "
        "store_session_costs failed_begin_ttl alterable_fields min_dur_low_balance channel_sync_interval stale_chan_max_extra_usage"
    ).split()
)
_OF_DIAMETER: Final = ("diameter_agent.topup_reauthorizes", "diameter_agent.tariff_change_reauthorizes")


class LogPart:
    """What is logged."""

    def takes(self, tree: Tree) -> tuple[str, ...]:
        return ("general.log_level",)

    def ready(self, tree: Tree) -> Take:
        return lambda: set_level(tree.general.log_level)


class ClientsPart:
    """How clients of the bidirectional port are called."""

    def __init__(self, called: BidirectionalClients) -> None:
        self._called = called

    def takes(self, tree: Tree) -> tuple[str, ...]:
        return "general.reply_timeout", "sessions.client_protocol"

    def ready(self, tree: Tree) -> Take:
        options = client_options(tree)

        def take() -> None:
            self._called.options = options

        return take


class SessionsPart:
    """What sessions are told; those that are open keep what they have begun with."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options

    def takes(self, tree: Tree) -> tuple[str, ...]:
        return _SESSIONS if tree.diameter() is None else _SESSIONS + _OF_DIAMETER

    def ready(self, tree: Tree) -> Take:
        options = session_options(tree)

        def take() -> None:
            begun = self._options.sessions  # what takes effect at the next start only stays as it is
            options.indexes = begun.indexes
            options.connected = begun.connected
            options.replication = begun.replication
            options.closed_sessions_ttl_ns = begun.closed_sessions_ttl_ns
            options.channel_sync_timeout_ns = begun.channel_sync_timeout_ns
            self._options.sessions = options

        return take


class CertificatesPart:
    """The certificates of TLS ports, for connections that come from now on; their files are read anew each time."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def takes(self, tree: Tree) -> tuple[str, ...]:
        return ("tls",)

    def ready(self, tree: Tree) -> Take:
        try:
            context = server_context(tree.tls)
        except CertificateError as error:
            raise ValueError(str(error)) from None
        if context is None:
            raise ValueError("tls.server_certificate: there are ports that speak TLS")

        def take() -> None:
            self._certificates.context = context

        return take


class HttpPart:
    """Who may use HTTP; passwords and tokens that stand in files are read anew with the rest."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    def takes(self, tree: Tree) -> tuple[str, ...]:
        return "http.use_basic_auth", "http.auth_users", "http.token"

    def ready(self, tree: Tree) -> Take:
        options = server_options(tree, "")
        return lambda: self._server.ask(options.users, options.token)


class DiameterPart:
    """The Diameter agent, as long as the configuration has one."""

    def __init__(self, agent: DiameterAgent, around: Surroundings) -> None:
        self._agent = agent
        self._around = around

    def takes(self, tree: Tree) -> tuple[str, ...]:
        from gateway.agents.diameter.assembly import live_of

        section = tree.diameter()
        return () if section is None else live_of(section)

    def ready(self, tree: Tree) -> Take:
        from gateway.agents.diameter.assembly import spoken_of

        section = tree.diameter()
        if section is None:  # taken out of the files: it goes on as it is until the next start
            return lambda: None
        try:
            spoken = spoken_of(tree, section, self._around)
        except CertificateError as error:
            raise ValueError(str(error)) from None
        return lambda: self._agent.speak(spoken)


class RadiusPart:
    """The RADIUS agent, as long as the configuration has one."""

    def __init__(self, agent: RadiusAgent, around: Surroundings) -> None:
        self._agent = agent
        self._around = around

    def takes(self, tree: Tree) -> tuple[str, ...]:
        from gateway.agents.radius.assembly import LIVE

        return LIVE if tree.radius() is not None else ()

    def ready(self, tree: Tree) -> Take:
        from gateway.agents.radius.assembly import spoken_of

        section = tree.radius()
        if section is None:
            return lambda: None
        spoken = spoken_of(tree, section, self._around, self._agent.intake.nases)
        return lambda: self._agent.speak(spoken)
