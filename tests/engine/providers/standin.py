"""What the stand-ins share: a server on loopback that checks every request and fails in the way it is told."""

from __future__ import annotations

import asyncio
import io
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, Literal, Self

from aiohttp import web
from PIL import Image

from engine.models.hosted_models import DEFAULTS, Access
from engine.models.model import Provider

KEY: Final = "sk-of-the-studio-0123456789"
Point = Literal["submit", "look", "download", "result"]
Fault = Literal[
    "credit",
    "key",
    "busy",
    "content",
    "invalid",
    "failed",
    "gone",
    "broken",
    "drop",
    "drop after",
    "silent",
    "garbage",
    "huge",
    "redirect",
    "wrong type",
    "elsewhere",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One submission, as it was understood."""

    model: str
    prompt: str
    aspect: str
    seed: int | None
    pictures: int
    repeat_key: str = ""
    sizes: tuple[tuple[int, int], ...] = ()


class StandIn(ABC):
    """One provider.

    `invalid` holds what was wrong with requests; a test ends with it empty. `bought` are the submissions that
    would be billed. `fail` queues a fault for the next request at that point. A submission takes `delay_s`,
    or until `let_go` when `held`.
    """

    provider: ClassVar[Provider]
    wait_header: ClassVar[str] = "0.01"
    prefix: ClassVar[str] = ""
    resolution: ClassVar[str] = ""
    quality: ClassVar[str] = ""

    def __init__(self, *, delay_s: float = 0.0, size: tuple[int, int] = (32, 48)) -> None:
        self.delay_s = delay_s
        self.size = size
        self.held = False
        self.url = ""
        self.invalid: list[str] = []
        self.bought: list[Sent] = []
        self.cancelled: list[str] = []
        self.keys: set[str] = set()
        self.asked = asyncio.Event()
        self.under_way = self.most_under_way = 0
        self._faults: defaultdict[Point, deque[Fault]] = defaultdict(deque)
        self._go = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._making: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=2**26)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.0, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self._go.set()
        for task in self._making:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def fail(self, point: Point, fault: Fault, times: int = 1) -> None:
        self._faults[point].extend([fault] * times)

    def in_background(self, making: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(making)
        self._making.add(task)
        task.add_done_callback(self._making.discard)

    def let_go(self) -> None:
        """Ends what is held."""
        self.held = False
        self._go.set()

    def access(self, **changes: Any) -> Access:
        values: dict[str, Any] = {
            "key": KEY,
            "base_url": self.url + self.prefix,
            "models": DEFAULTS.get(self.provider, ()),
            "slots": 20,
            "resolution": self.resolution,
            "quality": self.quality,
            "hosts": ("127.0.0.1",),
            "timeout_s": 20.0,
        }
        return Access(**{**values, **changes})

    @abstractmethod
    def routes(self) -> list[web.RouteDef]: ...

    @abstractmethod
    def refusal(self, fault: Fault) -> web.Response:
        """The provider's own way to say it."""

    def next_fault(self, point: Point) -> Fault | None:
        faults = self._faults[point]
        return faults.popleft() if faults else None

    def check_key(self, given: str) -> None:
        self.keys.add(given)
        if given != KEY:
            self.invalid.append("the key is not the studio's")

    async def under(self, fault: Fault | None, request: web.Request) -> web.Response | None:
        """What a fault makes of the request before it is understood; None when it goes on."""
        match fault:
            case None | "drop after":
                return None
            case "drop":
                return dropped(request)
            case "silent":
                self.asked.set()
                await self._go.wait()
                return dropped(request)
            case "garbage":
                return web.Response(text="<html>not what you think</html>", content_type="text/html")
            case _:
                return self.refusal(fault)

    async def work(self) -> None:
        """The time that a picture takes."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        self.asked.set()
        try:
            if self.held:
                await self._go.wait()
            await asyncio.sleep(self.delay_s)
        finally:
            self.under_way -= 1

    def picture(self, seed: int | None, kind: str = "PNG") -> bytes:
        return picture(self.size, seed or 0, kind)

    async def send_picture(self, request: web.Request) -> web.StreamResponse:
        """The download of a ticketed provider."""
        if "x-key" in request.headers or "Authorization" in request.headers:
            self.invalid.append("the key was sent along with a download")
        match self.next_fault("download"):
            case "gone":
                return web.Response(status=404)
            case "broken":
                return web.Response(status=503)
            case "redirect":
                return web.Response(status=302, headers={"Location": f"{self.url}/elsewhere.png"})
            case "wrong type":
                return web.Response(text="hello")
            case "garbage":
                return web.Response(body=b"\x89PNG not", content_type="image/png")
            case "huge":
                return await endless(request)
            case "drop":
                return dropped(request)
            case _:
                return web.Response(body=self.picture(int(request.query.get("seed", "0"))), content_type="image/png")


@lru_cache(maxsize=64)
def picture(size: tuple[int, int], seed: int, kind: str = "PNG") -> bytes:
    """A picture in one colour, which the seed decides."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (seed % 256, seed // 256 % 256, 128)).save(buffer, kind)
    return buffer.getvalue()


def sizes_of(pictures: Iterable[bytes]) -> tuple[tuple[int, int], ...]:
    """Width and height of each picture that was sent, in order."""
    return tuple(Image.open(io.BytesIO(each)).size for each in pictures)


def dropped(request: web.Request) -> web.Response:
    """Breaks the connection off without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    """More bytes than anybody should read."""
    response = web.StreamResponse(headers={"Content-Type": "image/png"})
    await response.prepare(request)
    try:
        for _ in range(1024):
            await response.write(bytes(2**20))
    except ConnectionError:
        pass
    return response
