"""A provider that means harm: a bare server on loopback, which says good things until it is told to say others.

It speaks bytes, so that it can say what no HTTP library would. `says` has its answer for a point; other points get a
good one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final, Self

from engine.backends.cluster import ClusterBackend
from engine.backends.hosted import HostedBackend, JournalInMemory
from engine.jobs.job import Finished, Job, Lane
from engine.models.catalogue import Catalogue
from engine.models.hosted_models import DEFAULTS, Access, Server, hosted_models
from engine.models.model import Provider
from engine.queue.engine import Engine, Limits
from tests.engine.providers.stage import BACKENDS, WORDS
from tests.engine.providers.standin import KEY, Point, picture
from tests.engine.stage import picture as made

PRICE_MICROS: Final = 50_000
UNIT_USD: Final = 0.01
POINTS: Final[list[tuple[Provider, Point]]] = [
    ("openai", "submit"),
    ("cluster", "submit"),
    ("google", "submit"),
    ("mage", "submit"),
    ("mage", "look"),
    ("mage", "download"),
    ("bfl", "submit"),
    ("bfl", "look"),
    ("bfl", "download"),
]
Says = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Hostile:
    """`heard` are the requests as they came, `sent` the bytes that somebody took of its answers."""

    def __init__(self, provider: Provider = "openai") -> None:
        self.provider = provider
        self.says: dict[Point, Says | bytes] = {}
        self.heard: list[str] = []
        self.sent = 0
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def answer(self, point: Point) -> dict[str, Any]:
        """A good answer of this provider's."""
        image = base64.b64encode(picture((32, 48), 7)).decode()
        match self.provider, point:
            case "google", _:
                part = {"inlineData": {"mimeType": "image/png", "data": image}}
                return {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]}
            case "mage", "submit":
                return {"request_id": "req-1", "status": "queued", "billing": {"mode": "gems", "gems_charged": 12}}
            case "mage", _:
                result = {"type": "image", "url": f"{self.url}/media/1.png", "width": 32, "height": 48, "seed": 99}
                return {"request_id": "req-1", "status": "completed", "result": result, "error": None}
            case "bfl", "submit":
                return {"id": "1", "polling_url": f"{self.url}/v1/get_result?id=1", "cost": 6}
            case "bfl", _:
                return {"id": "1", "status": "Ready", "result": {"sample": f"{self.url}/media/1.png", "seed": 99}}
            case _:
                return {"created": 1, "data": [{"b64_json": image}]}

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                self.heard.append(head + body.decode(errors="replace"))
                await self._say(head, writer)
                await writer.drain()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _say(self, head: str, writer: asyncio.StreamWriter) -> None:
        method, path, *_ = head.split(" ", 2)
        point: Point = "download" if path.startswith("/media") else "submit" if method == "POST" else "look"
        said = self.says.get(point)
        if said is None and point == "download":
            said = reply(picture((32, 48), 7), kind="image/png")
        elif said is None:
            said = reply(json.dumps(self.answer(point)).encode())
        if isinstance(said, bytes):
            writer.write(said)
        else:
            await said(_Counted(writer, self))


class _Counted(asyncio.StreamWriter):
    """A writer that waits until what it wrote was taken, and counts it."""

    def __init__(self, writer: asyncio.StreamWriter, hostile: Hostile) -> None:
        self._inner = writer
        self._hostile = hostile

    def write(self, data: Any) -> None:
        self._hostile.sent += len(data)
        self._inner.write(data)

    async def drain(self) -> None:
        await self._inner.drain()

    def __del__(self, *_: object) -> None:
        """It owns nothing."""


def reply(body: bytes = b"", status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    """A whole answer. Underscores in names of headers are hyphens."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def flood(chunk: bytes, times: int, status: int = 200, first: bytes = b"", told: int | None = None) -> Says:
    """So many times the same, in an answer whose length is `told`, or not."""
    length = b"" if told is None else f"Content-Length: {told}\r\n".encode()

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status=status).replace(b"Content-Length: 0\r\n", length) + first)
        for _ in range(times):
            writer.write(chunk)
            await writer.drain()

    return say


def bomb(begin: bytes, mib: int, status: int = 200) -> Says:
    """A small answer that unpacks to `begin` and so many MiB of zeros."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(reply(packed(begin, mib), status, Content_Encoding="gzip"))

    return say


@cache
def packed(begin: bytes, mib: int) -> bytes:
    """`begin` and so many MiB of zeros as gzip."""
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(begin) + b"".join(packer.compress(bytes(2**20)) for _ in range(mib)) + packer.flush()


def drip(begin: bytes, drop: bytes = b" ") -> Says:
    """Begins an answer, and never ends it."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.01)

    return say


class Place:
    """A studio whose only provider is a hostile one. What is spent is in `journal`."""

    def __init__(self, hostile: Hostile, *, timeout_s: float = 20.0) -> None:
        self.hostile = hostile
        access = Access(
            key=KEY,
            base_url=hostile.url + ("/v1" if hostile.provider == "openai" else ""),
            models=DEFAULTS.get(hostile.provider, ("stabilityai/stable-diffusion-3.5-medium=Medium",))[:1],
            slots=4,
            hosts=("127.0.0.1",),
            timeout_s=timeout_s,
            servers=(Server(url=f"{hostile.url}/v1", slots=4),) if hostile.provider == "cluster" else (),
            unit_usd=UNIT_USD,
        )
        (named,) = hosted_models({hostile.provider: access}, {})
        models = tuple(hosted_models({hostile.provider: access}, {named.id: PRICE_MICROS / 1_000_000}))
        self.catalogue = Catalogue(models, models[0].id)
        self.journal = JournalInMemory()
        backends: dict[Provider, type[HostedBackend]] = {**BACKENDS, "cluster": ClusterBackend}
        backend = backends[hostile.provider]
        self.engine = Engine(
            self.catalogue,
            {hostile.provider: lambda: backend(self.catalogue, access, self.journal, unit_s=0.001)},
            limits=Limits(running_per_user=100, waiting_per_user=100),
        )

    async def order(self, name: str = "order.0", *, previews: bool = False) -> Finished:
        """Orders a portrait; whatever it ends with must come within a minute."""
        for each in (self.hostile.provider, f"{self.hostile.url}/v1"):
            self.catalogue.breaker.worked(each)
        async with asyncio.timeout(60):
            return await made(self.engine, self._job(name, previews=previews))

    def _job(self, name: str, *, previews: bool) -> Job:
        model = self.catalogue.models[0]
        width, height = model.sizes["2:3"]
        return Job(
            id=name,
            user=name.split(".")[0],
            lane=Lane.STANDARD,
            model=model.id,
            prompt=WORDS,
            width=width,
            height=height,
            steps=model.steps,
            guidance=model.guidance,
            seed=4321,
            arrival=0,
            previews=previews,
        )


@asynccontextmanager
async def place(provider: Provider, says: Mapping[Point, Says | bytes], **options: Any) -> AsyncIterator[Place]:
    """A studio and its hostile provider, which says this."""
    async with Hostile(provider) as hostile:
        hostile.says.update(says)
        found = Place(hostile, **options)
        try:
            yield found
        finally:
            await found.engine.stop(5.0)
