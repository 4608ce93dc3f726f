"""JSON drawn by chance: arguments of the shape that a method declares, arguments that are not, and bytes that are hardly JSON.

Everything is text already, since what a client can write goes beyond what a JSON encoder would: 1e400, doubled members, half a
surrogate pair, members in another letter case.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Final

from gateway.api.gotypes import Anything, Flag, GoType, Instant, Integer, List, Map, Number, Octets, Pointer, Struct, Text

MAX_DEPTH: Final = 5
ROUTINE: Final = 0.85  # how often a value is of the kind that its field expects

NUMBERS: Final = (
    "0 1 -1 2 7 60 3600 0.1 -0.1 0.01 1e-30 -1e-30 1e30 -1e30 1e15 1e308 1e309 1e400 -1e400 1E+2 0e9 -0 -0.0 0.000000001 0.0000000005"
    " 2147483648 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551616"
    " 1000000000000000000000000000000 12345678901234567890.123456789 60000000000 3600000000000 99999999999999999"
).split()
NAMES: Final = (
    *"1001 1002 1003 1001 1002 fuzz cgrates.org default default default 4915123 4420 *any *default *none".split(),
    *"*string *prefix *internal *raw *voice *data *sms *mms".split(),
    *"*monetary *generic *postpaid *prepaid *rated *pseudoprepaid call data RP_1 ACT_1 AP_1 TRG_1 DST_1 SG_1 FLTR_1 *out".split(),
    *"a:b :a a: :: cgrates.org:1001 *out:cgrates.org:call:*any ~*req.Account".split(),
    "",
    " ",
    "\x00",
    "\x01\x1f\x7f",
    "line\nbreak",
    'quo"te',
    "back\\slash",
    "a;b&c|d",
    "é",
    "\U0001f600",
    "\ud800",
    "x" * 300,
    "y" * 70_000,
    "../../etc/passwd",
    "%s%n{0}",
    "' OR 1=1 --",
)
TIMES: Final = (
    *"2026-04-07T10:00:00Z 2026-04-07T10:00:00.123456789+02:00 2014-01-14T00:00:00Z 1969-12-31T23:59:59Z 0000-01-01T00:00:00Z".split(),
    *"0001-01-01T00:00:00Z 9999-12-31T23:59:59Z 9999-12-31T23:59:59-23:59 10000-01-01T00:00:00Z 99999-01-01T00:00:00Z".split(),
    *"2026-02-30T00:00:00Z 2026-13-01T00:00:00Z 2024-02-29T23:59:60Z *now *asap *unlimited *never *monthly *daily +1h -1h".split(),
    *"*month_end *yearly +9999999h 1700000000 -1 253402300800 9223372036854775807 1e400 2026-04-07 0000-00-00T00:00:00Z".split(),
    "2026-04-07 10:00:00",
    "20260407100000",
    "",
)
DURATIONS: Final = (
    *"0 1 60 60s 1m 1h30m -1s -60 0s 1ns 9223372036854775807 9223372036854775808ns 2562047h47m16.854775807s 99999999999h".split(),
    *"1e400 1.5 .5s 1us 1µs h 1d *unlimited *any 1024000 nan inf 0x10 1_000 ٣s".split(),
    "",
)
TYPES: Final = (
    *"*monetary *voice *data *sms *mms *generic *event *prepaid *postpaid *rated *pseudoprepaid *none *free *disconnect".split(),
    *"*topup *topup_reset *debit *debit_reset *log *reset_triggers *reset_account *set_balance *remove_balance *remove_account".split(),
    *"*enable_account *disable_account *unlimited *transfer_balance *remove_expired *cdrlog *set_expiry *allow_negative".split(),
    *"*deny_negative *max_balance *min_balance *max_event_counter *min_event_counter *max_balance_counter *balance *event".split(),
    *"*string *prefix *gt *exists *rsr *destinations *ai *notstring *variable *constant *sum *lowest *highest *random".split(),
    *"*up *down *middle *bogus * *json *csv *all *runID".split(),
)
FILTERS: Final = (
    *"*string:~*req.Account:1001 *prefix:~*req.Destination:49;44 *gt:~*req.Usage:1e400 *ai:~*req.AnswerTime:2014-01-14T00:00:00Z".split(),
    *"*rsr:~*req.Account:^10 *rsr:~*req.Account:((((( *exists:~*req.X: *string *string: *string:: ~*req.Account *bogus:~*req.A:1".split(),
    *"*string:~*req.Account.A[5].B[-1]:x *apiban:x:y *lt:~*req.Cost:0.000 *never FLTR_1 !*string:~*req.A:1 *regex:~*req.A:(a+)+$".split(),
    "",
)
JSON_TEXTS: Final = ('{"a":1}', "{", "[]", '{"*out":1e400}', "null", '{"Balance":{"Value":"x"}}')
FIELDS: Final = (
    *"Account Subject Destination Category Tenant ToR RequestType OriginID OriginHost Source AnswerTime SetupTime Usage LastUsed".split(),
    *"CGRID RunID ExtraInfo Cost Flags Answered Route Nested CostDetails OrderID PreRated Partial".split(),
)
OPTIONS: Final = "*cgrID *originID *subsys *sesTTL *usage *sesDebitInterval *sesRefund *rerate *cdrsRALs *rateS".split()

Pool = tuple[str, ...]
_POOLS: Final[tuple[tuple[tuple[str, ...], Pool], ...]] = (
    (("filter",), FILTERS),
    (("extraparameters", "filters"), JSON_TEXTS),
    (("time", "expir", "activation", "startdate", "month", "year", "weekday"), TIMES),
    (("usage", "duration", "ttl", "interval", "increment", "delay", "sleep", "used"), DURATIONS),
    (("type", "strategy", "rounding", "tor", "method", "action"), TYPES),
    (("value", "units", "weight", "cost", "rate", "fee", "factor", "limit", "decimals"), (*NUMBERS, *DURATIONS)),
)


def pool_of(field: str) -> Pool:
    """Texts that suit a field of this name."""
    folded = field.casefold()
    for words, pool in _POOLS:
        if any(word in folded for word in words):
            return pool
    return NAMES


class Values:
    """Draws JSON. `paths` are what stands for folders and files of the server's."""

    def __init__(self, chance: random.Random, paths: Pool) -> None:
        self.chance = chance
        self.paths = paths
        self._makers: dict[type[GoType], Callable[[GoType, str, int], str]] = {
            Text: lambda kind, field, depth: self.text(field),
            Flag: lambda kind, field, depth: self.chance.choice(("true", "false")),
            Integer: lambda kind, field, depth: self.whole(),
            Number: lambda kind, field, depth: self.number(),
            Instant: lambda kind, field, depth: quoted(self.chance.choice(TIMES[:9] if self.chance.random() < 0.95 else TIMES)),
            Octets: lambda kind, field, depth: self.chance.choice(('""', '"UEsDBA=="', '"!"', '"AAAA"')),
            Anything: lambda kind, field, depth: self.anything(depth, field),
            Pointer: self._pointer,
            List: self._list,
            Map: self._map,
            Struct: self._struct,
        }

    # -- of the right shape --------------------------------------------------------------------------------------------

    def of(self, kind: GoType, field: str, depth: int = 0) -> str:
        """JSON text of a Go type, most of the time."""
        draw = self.chance.random()
        if draw < 0.0015:
            return self.anything(depth, field)
        if depth > MAX_DEPTH or draw < 0.01:
            return "null"
        return self._makers[type(kind)](kind, field, depth)

    def text(self, field: str) -> str:
        folded = field.casefold()
        if "path" in folded or "folder" in folded:
            return quoted(self.chance.choice(self.paths))
        return quoted(self.chance.choice(pool_of(field) if self.chance.random() < ROUTINE else self.chance.choice((NAMES, TIMES, NUMBERS))))

    def whole(self) -> str:
        if self.chance.random() < 0.998:
            return str(self.chance.choice((0, 1, 2, 10, -1, 60 * 10**9, 10**12, 2**63 - 1, -(2**63), self.chance.getrandbits(20))))
        return self.chance.choice(NUMBERS)

    def number(self) -> str:
        return self.chance.choice(NUMBERS) if self.chance.random() < 0.15 else f"{self.chance.randrange(-100, 1000) / 10}"

    def _pointer(self, kind: GoType, field: str, depth: int) -> str:
        assert isinstance(kind, Pointer)
        return self.of(kind.target, field, depth + 1)

    def _list(self, kind: GoType, field: str, depth: int) -> str:
        assert isinstance(kind, List)
        return f"[{','.join(self.of(kind.item, field, depth + 1) for _ in range(self.chance.choice((0, 1, 1, 2, 3))))}]"

    def _map(self, kind: GoType, field: str, depth: int) -> str:
        assert isinstance(kind, Map)
        names = FIELDS if field in ("Event", "ExtraFields") else OPTIONS if field == "APIOpts" else (*TYPES, *NAMES, *FIELDS)
        chosen = self.chance.sample(names, self.chance.choice((0, 1, 2, 5, 10)))
        return self._object([(name, self.of(kind.item, name, depth + 1)) for name in chosen])

    def _struct(self, kind: GoType, field: str, depth: int) -> str:
        assert isinstance(kind, Struct)
        share = self.chance.choice((0.3, 0.8, 0.98, 1.0))
        members = [(name, self.of(inner, name, depth + 1)) for name, (inner, _) in kind.fields.items() if self.chance.random() < share]
        if members and self.chance.random() < 0.05:
            members.append((self.chance.choice(members)[0], self.anything(depth, field)))
        return self._object(members)

    def _object(self, members: list[tuple[str, str]]) -> str:
        if self.chance.random() < 0.05:
            members = [(name.swapcase(), value) for name, value in members]
        return f"{{{','.join(f'{quoted(name)}:{value}' for name, value in members)}}}"

    # -- of any shape --------------------------------------------------------------------------------------------------

    def anything(self, depth: int = 0, field: str = "") -> str:
        """Any JSON; what suits the field more often than not."""
        draw = self.chance.random()
        if draw < 0.5:
            return self.text(field)
        if draw < 0.75:
            return self.chance.choice(NUMBERS)
        if draw < 0.85 or depth > MAX_DEPTH:
            return self.chance.choice(("true", "false", "null", "[]", "{}", '""'))
        size = self.chance.choice((0, 1, 2, 4))
        if draw < 0.92:
            return f"[{','.join(self.anything(depth + 1, field) for _ in range(size))}]"
        names = [self.chance.choice((*FIELDS, *NAMES[:30])) for _ in range(size)]
        return self._object([(name, self.anything(depth + 1, name)) for name in names])

    def spoilt(self, request: bytes) -> bytes:
        """A request with something done to its bytes; it may well break the stream."""
        at = self.chance.randrange(len(request))
        match self.chance.randrange(8):
            case 0:
                return request[:at]
            case 1:
                return request[:at] + bytes([self.chance.getrandbits(8)]) + request[at + 1 :]
            case 2:
                return request[:at] + self.chance.choice((b'"', b"{", b"}", b"]", b",", b"\\", b"\xff", b"\x00", b"\n")) + request[at:]
            case 3:
                return request[:at] + b"[" * 3000 + request[at:]
            case 4:
                return b'{"method":"CoreSv1.Ping","params":' + b'{"a":' * 500 + b"[]" + b"}" * 500 + b',"id":1}'
            case 5:
                return request[at:] + request[:at]
            case 6:
                return (
                    b'{"id":{"a":[1,2,{}]},"params":['
                    + request
                    + b'],"method":'
                    + self.chance.choice((b"7", b"null", b'"a"', b"{}"))
                    + b"}"
                )
            case _:
                return request.replace(b":", b": \t\r\n", 3) + b"\r\n\r\n"


def quoted(text: str) -> str:
    """The JSON string; half a surrogate pair stays one."""
    return json.dumps(text)
