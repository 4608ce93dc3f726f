"""A service of the operator: an HTTP server that answers what a test has it answer."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Service:
    """`asked` are the bodies that came, read; `paths` the paths. It answers with the text of `texts` for a path, else with `text`, once
    `gate` is open."""

    def __init__(self) -> None:
        self.url = ""
        self.text = "value"
        self.status = 200
        self.texts: dict[str, str] = {}
        self.asked: list[dict[str, object]] = []
        self._came = asyncio.Condition()
        self.paths: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer: Answer | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(json.loads(await request.read() or b"{}"))
        self.paths.append(f"{request.method} {request.path_qs} {request.headers.get('Content-Type', '')}")
        async with self._came:
            self._came.notify_all()
        await self.gate.wait()
        if self.answer is not None:
            return await self.answer(request)
        return web.Response(text=self.texts.get(request.path, self.text), status=self.status)

    async def until_asked(self, count: int) -> None:
        """Returns when so many questions came."""
        async with asyncio.timeout(60), self._came:
            await self._came.wait_for(lambda: len(self.asked) >= count)


@asynccontextmanager
async def service(context: ssl.SSLContext | None = None) -> AsyncIterator[Service]:
    """A service on a port that the system chooses."""
    made = Service()
    server = web.Server(made.handle, access_log=None)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    made.url = f"{'http' if context is None else 'https'}://127.0.0.1:{port}"
    try:
        yield made
    finally:
        made.gate.set()
        listener.close()
        await server.shutdown(0.1)
