"""Values that services of the operator give over HTTP: a GET with the question in its body, and a text as the answer.

aiohttp speaks the protocol. Redirections are not followed, proxies of the environment not used, cookies not kept, and answers are taken as
they come: a compressed one is refused, so that nobody is handed more than MAX_FETCHED_BYTES.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, Final

from engine.tally import Histogram
from gateway.config.certificates import CertificateError
from gateway.transport import limits

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

MAX_FETCHED_BYTES = limits.MAX_FETCHED_BYTES  # a test sets it lower

# what becomes of a question
DONE: Final = "done"
LATE: Final = "late"
UNREACHED: Final = "unreached"
REFUSED: Final = "refused"
UNUSABLE: Final = "unusable"
OUTCOMES: Final = (DONE, LATE, UNREACHED, REFUSED, UNUSABLE)

OK: Final = 200
_PIECE_BYTES: Final = 16_384


class FetchError(Exception):
    """A value that is not to be had. `outcome` is one of the words above, the text says more."""

    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """`seconds`: that all values of one request may take; `most`: requests that wait for theirs at a time; `per_host`: connections to one
    host, 0 for no bound of its own; `idle_seconds`: that an idle connection is kept, where one `keeps` any; `verifies`: servers must show
    a certificate that `context` takes (CertificateError where ours cannot be used)."""

    seconds: float
    most: int
    per_host: int
    idle_seconds: float
    keeps: bool
    context: Callable[[], ssl.SSLContext]
    verifies: bool
    agent: str


class Fetcher:
    """Asks services. `outcomes` counts what became of it, `took` how long those answered took, `under_way` is how many are being asked."""

    def __init__(self, options: FetchOptions) -> None:
        self.seconds: Final = options.seconds
        self.most: Final = options.most
        self.outcomes: Final = dict.fromkeys(OUTCOMES, 0)
        self.took: Final = Histogram()
        self.under_way = 0
        self._options = options
        self._opening: asyncio.Task[ClientSession] | None = None

    async def fetch(self, url: str, body: bytes, until: float) -> str:
        """What a service answers. `until`: the loop's time at which it is too late. FetchError."""
        begun_ns = monotonic_ns()
        self.under_way += 1
        try:
            text = await self._asked(url, body, until)
        except FetchError as error:
            self.outcomes[error.outcome] += 1
            raise
        finally:
            self.under_way -= 1
        self.outcomes[DONE] += 1
        self.took.note(monotonic_ns() - begun_ns)
        return text

    async def _asked(self, url: str, body: bytes, until: float) -> str:
        opening = self._opening
        if opening is None or _has_failed(opening):  # what it lacked may be there now: a file, or a file descriptor
            opening = self._opening = asyncio.get_running_loop().create_task(_open(self._options))
        try:
            async with asyncio.timeout_at(until):
                session = await asyncio.shield(opening)
                return await _ask(session, url, body)
        except TimeoutError:
            raise FetchError(LATE, f"no answer within {self.seconds:g} s") from None
        except CertificateError as error:
            raise FetchError(UNREACHED, f"our certificates cannot be used: {error}") from None

    async def stop(self) -> None:
        """Closes what is open."""
        opening = self._opening
        if opening is None:
            return
        await asyncio.wait((opening,))
        if not _has_failed(opening):
            await opening.result().close()


def _has_failed(opening: asyncio.Task[ClientSession]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)


async def _open(options: FetchOptions) -> ClientSession:
    """aiohttp takes a quarter of a second to import, beside the loop."""
    aiohttp = await asyncio.to_thread(_import_client)
    context = await asyncio.to_thread(options.context) if options.verifies else False
    idle = {"keepalive_timeout": options.idle_seconds} if options.keeps else {}
    connector = aiohttp.TCPConnector(
        limit=limits.MAX_FETCH_CONNECTIONS,
        limit_per_host=options.per_host,
        ssl=context,
        force_close=not options.keeps,
        **idle,
    )
    session: ClientSession = aiohttp.ClientSession(
        connector=connector,
        headers={"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": options.agent},
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )
    return session


def _import_client() -> Any:
    import aiohttp

    return aiohttp


async def _ask(session: ClientSession, url: str, body: bytes) -> str:
    from aiohttp import ClientError

    try:
        async with session.get(url, data=body, allow_redirects=False) as answer:
            if answer.status != OK:
                raise FetchError(REFUSED, f"it answered with status {answer.status}")
            return _text_of(await _octets_of(answer))
    except TimeoutError:
        raise
    except (ClientError, OSError, ValueError) as error:
        raise FetchError(UNREACHED, f"it was not reached, or broke off: {type(error).__name__}") from None


async def _octets_of(answer: ClientResponse) -> bytes:
    coding = answer.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        raise FetchError(UNUSABLE, "its answer is compressed, which was not asked for")
    if (answer.content_length or 0) > MAX_FETCHED_BYTES:
        raise FetchError(UNUSABLE, f"it answered more than {MAX_FETCHED_BYTES} octets")
    found = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE_BYTES):
        found += piece
        if len(found) > MAX_FETCHED_BYTES:
            raise FetchError(UNUSABLE, f"it answered more than {MAX_FETCHED_BYTES} octets")
    return bytes(found)


def _text_of(octets: bytes) -> str:
    """The text of an answer, without the end of line that many programs put behind it."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise FetchError(UNUSABLE, "its answer is no UTF-8") from None
    if "\0" in text:
        raise FetchError(UNUSABLE, "its answer holds NUL")
    return text.removesuffix("\n").removesuffix("\r")
