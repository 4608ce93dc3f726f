"""Every bound of the listeners, named, with its unit and what happens at it."""

from __future__ import annotations

from typing import Final

MAX_CONNECTIONS: Final = 20_000  # of all doors together, as far as files may be open; one more is closed as it is accepted
RESERVED_FILES: Final = 256  # open files that are kept for the database, logs and our own connections
MAX_HANDSHAKES: Final = 1_024  # TLS connections of one port that have not shaken hands yet; one more is closed as it is accepted
HANDSHAKE_SECONDS: Final = 10.0  # that a TLS handshake may take; then the connection is dropped
TLS_CLOSE_SECONDS: Final = 5.0  # that a TLS client may take to close when we close; then the connection is cut
ACCEPTS_PER_TURN: Final = 64  # connections of a TLS port that are accepted before others get their turn
ACCEPT_PAUSE_SECONDS: Final = 0.1  # after which accepting is tried again when the system had no file or memory for it
MAX_IN_FLIGHT: Final = 1_024  # requests of one connection that are not answered yet; then it is not read on
MAX_QUEUED_REQUESTS: Final = 65_536  # requests that wait for their turn beyond cores.caps; one more is refused
MAX_QUEUED_BYTES: Final = 256 * 1024 * 1024  # of their arguments; who goes beyond it is refused
MAX_CALLS_PER_TURN: Final = 256  # requests answered before other connections get their turn
TURN_SECONDS: Final = 0.005  # that such answers may take together: no other connection waits longer for its turn
MAX_HELD_BYTES: Final = 256 * 1024 * 1024  # of unfinished requests, all connections together; who goes beyond it is dropped
MAX_UNSENT_BYTES: Final = 64 * 1024 * 1024  # of answers that one client does not take; then it is dropped (HTTP: gets no further ones)
MAX_WAITING_BYTES: Final = 4 * 1024 * 1024  # of answers of one connection that wait for the disk; then it is not read on
HIGH_WATER_BYTES: Final = 256 * 1024  # of answers not sent: the connection is not read on until they are
FLUSH_BYTES: Final = 64 * 1024  # of answers gathered in one turn before they are written
STALL_SECONDS: Final = 60.0  # how long a client may leave HIGH_WATER_BYTES unread before it is dropped
BACKLOG: Final = 1_024  # connections that the kernel holds for us
MAX_STUCK_BYTES: Final = 512 * 1024 * 1024  # of answers that clients do not take, all of one door together; who goes beyond it is dropped
REQUEST_SECONDS: Final = 60.0  # from the first octet of a request to its last (HTTP: of its body); who takes longer is dropped
LOOK_SECONDS: Final = 5.0  # how often it is looked for such clients
HTTP_IDLE_SECONDS: Final = 75.0  # that an HTTP connection may be silent, and that a request's head may take; then it is closed
ANSWER_BYTES_PER_SECOND: Final = 64 * 1024  # of an HTTP answer that a client has to take, after STALL_SECONDS; else it is dropped
MAX_OUTSTANDING_CALLS: Final = 1_024  # of the server to one bidirectional client that are not answered; one more fails at once
KEEPALIVE_SECONDS: Final = 120  # of silence after which the system asks whether a peer is there still
KEEPALIVE_PAUSE_SECONDS: Final = 30  # between such questions
KEEPALIVE_TRIES: Final = 4  # questions without an answer after which the connection is gone
MAX_FETCH_CONNECTIONS: Final = 256  # to services that values are fetched from; who finds none free waits, within its time limit
MAX_FETCHED_BYTES: Final = 64 * 1024  # of what such a service answers; more is a failure
MAX_GATE_BYTES: Final = 256 * 1024 * 1024  # of answers of all connections that wait for the disk; then who has one there is not read on
DATAGRAM_BATCH: Final = 16  # datagrams that one call of the system reads or sends
MAX_DATAGRAM_BYTES: Final = 4_096  # of one; what goes beyond it is cut off (RADIUS has no longer ones)
MAX_KNOWN_WAYS: Final = 1_024  # addresses of ours, with the interface, that datagrams came to and that are remembered as answers need them
CLOSE_SECONDS: Final = 1.0  # that a WebSocket client may take to close when we close; then the connection is cut
