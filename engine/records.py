"""What the journal keeps: one small frozen struct per kind of fact, written as msgpack arrays with integer tags.

A step of the engine hands its records to the journal in one `append`; they become durable together or not at all. Every
`...Put` carries the whole new state of its key, so that the last one wins and nothing else is needed to build it again.

msgpack integers have 64 bits, amounts and instants here may need more: they are written as `Parts`, see engine.parts.
New fields go to the end of a struct and have a default; tags are never used again for something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.limits import MAX_ANSWERS
from engine.parts import Parts, join_amount


class AccountPut(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=1):
    """The whole state of one account after a step; `body` is the accounts room's own encoding."""

    key: str
    body: bytes


class AccountRemoved(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=2):
    """The account is no more; its entries stay."""

    key: str


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=3):
    """One movement of one balance. Entries of a balance in the order of their ids give its value.

    `delta` and `after` are amounts as `Parts`; `cause` says what kind of thing moved it (debit, refund, topup...), `cause_id`
    which one; `at` is an instant (ns since 1970) as `Parts`. Ids count upwards and are never used twice.
    """

    entry_id: int
    account: str
    balance: str
    balance_type: str
    delta: Parts
    after: Parts
    cause: str
    cause_id: str
    at: Parts

    @property
    def delta_amount(self) -> int:
        """By how much the balance moved, in 10**-9."""
        return join_amount(self.delta)

    @property
    def after_amount(self) -> int:
        """The value of the balance after it, in 10**-9."""
        return join_amount(self.after)

    @property
    def at_ns(self) -> int:
        """When, in ns since 1970 UTC."""
        return join_amount(self.at)


class EntriesForwarded(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=4):
    """The entries of `account` with ids up to `through_id` are closed into `forwards`: one entry for each balance that had any.

    `forwards` keep ids of entries that they replace, so that the order of the ledger stays.
    """

    account: str
    through_id: int
    forwards: tuple[Entry, ...]


class SessionPut(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=5):
    """What of a session stays as it is from its begin to its end, or that it is over and known for that; `body` is the sessions room's
    own encoding. Its progress follows in the same append."""

    cgrid: str
    body: bytes


class SessionClosed(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=6):
    """The session is over, its progress too."""

    cgrid: str


class CdrPut(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=7):
    """One record of one run, stored or replaced under its order id.

    Order ids are consecutive: a new record takes the one after the last, whatever it was (storage cuts its indexes by them).
    `setup`, `answer`, `created`, `updated` are instants, `usage` is in ns (a byte or an event is 1), `cost` an amount or None when
    there is none, each as `Parts`; the offsets are the seconds ahead of UTC of the clock that wrote the instants. `extra_fields` is a
    JSON object of texts; `cost_details` is the EventCost, packed by the rating room (engine.rating.packing), or empty. `settled`: no
    balance stands for the cost (any more), because it was given back or only quoted; nothing is to be given back for it. `taken`: the
    packed EventCost of what stands taken instead of `cost_details`, after a rating that was not to be stored; empty when it is the
    same. `usage_untold`: the cost's own usage is not shown.
    """

    order_id: int
    cgrid: str
    run_id: str
    origin_host: str = ""
    source: str = ""
    origin_id: str = ""
    tor: str = ""
    request_type: str = ""
    tenant: str = ""
    category: str = ""
    account: str = ""
    subject: str = ""
    destination: str = ""
    setup: Parts = (0, 0)
    answer: Parts = (0, 0)
    created: Parts = (0, 0)
    updated: Parts = (0, 0)
    usage: Parts = (0, 0)
    cost: Parts | None = None
    extra_fields: bytes = b"{}"
    extra_info: str = ""
    cost_source: str = ""
    cost_details: bytes = b""
    partial: bool = False
    pre_rated: bool = False
    setup_offset: int = 0
    answer_offset: int = 0
    settled: bool = False
    taken: bytes = b""
    usage_untold: bool = False

    @property
    def setup_ns(self) -> int:
        """Set-up time in ns since 1970 UTC."""
        return join_amount(self.setup)

    @property
    def answer_ns(self) -> int:
        """Answer time in ns since 1970 UTC."""
        return join_amount(self.answer)

    @property
    def created_ns(self) -> int:
        """When the record was first stored, in ns since 1970 UTC."""
        return join_amount(self.created)

    @property
    def updated_ns(self) -> int:
        """When the record was last stored, in ns since 1970 UTC."""
        return join_amount(self.updated)

    @property
    def usage_ns(self) -> int:
        """Usage in ns; bytes and events count 1 each."""
        return join_amount(self.usage)

    @property
    def cost_amount(self) -> int | None:
        """Cost in 10**-9; None when the record has none."""
        return None if self.cost is None else join_amount(self.cost)


class CdrRemoved(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=8):
    """The record with this order id is no more."""

    order_id: int


class ItemPut(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=9):
    """One item that operators write: a profile, a rating plan, an action set...; `kind` names its row in the table of kinds."""

    kind: str
    item_id: str
    body: bytes


class ItemRemoved(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=10):
    """The item is no more."""

    kind: str
    item_id: str


class MetaPut(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=11):
    """A single value of the engine itself, such as a load id or a counter."""

    key: str
    body: bytes


class EffectPut(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=12):
    """Something that a step asked of the outside and that is to be performed; `body` is its own encoding (engine.effects). Ids count
    upwards in the order in which effects are to be performed."""

    effect_id: int
    body: bytes


class EffectDone(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=13):
    """The effect was performed, or given up."""

    effect_id: int


class SessionProgress(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=14):
    """What of a session moves with its events, whole; `body` is the sessions room's own encoding."""

    cgrid: str
    body: bytes


class AnswerPut(msgspec.Struct, array_like=True, frozen=True, gc=False, tag=15):
    """An answer that a repetition of its request gets again (engine.repetitions), in the append of what the request changed.

    `keys` are opaque octets. Numbers count upwards; an answer takes the place of the one MAX_ANSWERS before it, and is none any more at
    the instant `until` (ns since 1970, as `Parts`).
    """

    number: int
    keys: tuple[bytes, ...]
    body: bytes
    until: Parts

    @property
    def until_ns(self) -> int:
        """Until when it is given again, in ns since 1970 UTC."""
        return join_amount(self.until)


StateRecord = (
    AccountPut
    | AccountRemoved
    | SessionPut
    | SessionProgress
    | SessionClosed
    | ItemPut
    | ItemRemoved
    | MetaPut
    | EffectPut
    | EffectDone
    | AnswerPut
)
"""Records that make up what lives in memory; storage gives them back at start."""

Record = StateRecord | Entry | EntriesForwarded | CdrPut | CdrRemoved

_REMOVALS: Final = frozenset((AccountRemoved, SessionClosed, ItemRemoved, EffectDone))

META: Final = 1
ITEM: Final = 2
ACCOUNT: Final = 3
SESSION: Final = 4
EFFECT: Final = 5
PROGRESS: Final = 6  # of a session
ANSWER: Final = 7  # many of them in one row of state
COMING_AND_GOING: Final = frozenset((ITEM, SESSION, PROGRESS, EFFECT))
"""Kinds whose keys often end soon after they came."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_COMMIT_DECODER: Final = msgspec.msgpack.Decoder(list[list[Record]])
_CDR_DECODER: Final = msgspec.msgpack.Decoder(CdrPut)
_ENTRY_DECODER: Final = msgspec.msgpack.Decoder(Entry)
_STATE_DECODER: Final = msgspec.msgpack.Decoder(StateRecord)
_ANSWERS_DECODER: Final = msgspec.msgpack.Decoder(list[AnswerPut])


def encode_records(records: Sequence[Record]) -> bytes:
    """The records of one append as one msgpack array."""
    return _ENCODER.encode(records)


def encode_record(record: Record) -> bytes:
    """One record by itself, as tables keep it."""
    return _ENCODER.encode(record)


def join_commit(appends: Sequence[bytes]) -> bytes:
    """The body of one commit: a msgpack array of the encoded appends, in their order."""
    return b"\xdd" + len(appends).to_bytes(4, "big") + b"".join(appends)


def decode_commit(body: bytes) -> list[list[Record]]:
    """The appends of one commit; `msgspec.MsgspecError` when the body is none."""
    return _COMMIT_DECODER.decode(body)


def decode_cdr(body: bytes) -> CdrPut:
    """One record as `encode_record` wrote it."""
    return _CDR_DECODER.decode(body)


def decode_entry(body: bytes) -> Entry:
    """One entry as `encode_record` wrote it."""
    return _ENTRY_DECODER.decode(body)


def decode_state(body: bytes) -> StateRecord:
    """One record of state as `encode_record` wrote it."""
    record: StateRecord = _STATE_DECODER.decode(body)
    return record


def encode_answers(answers: Sequence[AnswerPut]) -> bytes:
    """Answers that lie in one row of state."""
    return _ENCODER.encode(answers)


def decode_answers(body: bytes) -> list[AnswerPut]:
    """Answers as `encode_answers` wrote them."""
    return _ANSWERS_DECODER.decode(body)


def answers_key(last_number: int) -> str:
    """The key of a row of answers, by the number of its last one: in their order as texts, too."""
    return f"{last_number:020}"


def state_key(record: StateRecord) -> tuple[int, str]:
    """What a record of state is about, as (kind, key); the same for a put and a removal."""
    if isinstance(record, SessionProgress):
        return (PROGRESS, record.cgrid)
    if isinstance(record, SessionPut) or isinstance(record, SessionClosed):  # noqa: SIM101 - mypy closes the chain, and it is quick
        return (SESSION, record.cgrid)
    if isinstance(record, ItemPut) or isinstance(record, ItemRemoved):  # noqa: SIM101
        return (ITEM, f"{record.kind}\x1f{record.item_id}")
    if isinstance(record, EffectPut) or isinstance(record, EffectDone):  # noqa: SIM101
        return (EFFECT, f"{record.effect_id:020}")
    if isinstance(record, AnswerPut):
        return (ANSWER, f"{record.number % MAX_ANSWERS:08}")
    return (META if isinstance(record, MetaPut) else ACCOUNT, record.key)


def ended_keys(record: StateRecord) -> tuple[tuple[int, str], ...]:
    """The keys that a record ends; none for a put."""
    if type(record) is SessionClosed:
        return ((SESSION, record.cgrid), (PROGRESS, record.cgrid))
    return (state_key(record),) if type(record) in _REMOVALS else ()


def is_removal(record: StateRecord) -> bool:
    """Whether the record ends its key."""
    return type(record) in _REMOVALS
