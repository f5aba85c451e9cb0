"""The HTTP client that the providers' SDKs are given: no redirects, no cookies, and limits on every answer.

Imports httpx: only to be imported when a backend connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx

from engine.backends.answers import ACCEPTED, events, tamed, whole
from engine.backends.provider_errors import ProviderError, ProviderSilent, RedirectRefused, UnreadableAnswer

CONNECT_S: Final = 20.0
MOST_ERROR: Final = 2**16
"""Bytes of an error's body that are looked at; its status says what matters."""
ERROR_S: Final = 5.0
_JSON: Final = "application/json; charset=utf-8"
_EVENTS: Final = "text/event-stream"


class GuardedClient(httpx.AsyncClient):
    """Hands an SDK answers that were read whole, within `limit_s` and `most_bytes`, and say only what they must.

    A refused answer is raised as a ProviderError. What an SDK asks for beside that (redirects) is not done.
    """

    def __init__(self, title: str, *, limit_s: float, most_bytes: int, keep: int) -> None:
        """`title` is the provider's name; `keep` connections stay open between requests."""
        super().__init__(
            follow_redirects=False,
            timeout=httpx.Timeout(limit_s, connect=min(CONNECT_S, limit_s)),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=keep),
            cookies=CookieJar(DefaultCookiePolicy(netscape=False, rfc2965=False)),
        )
        self._title = title
        self._limit_s = limit_s
        self._most_bytes = most_bytes

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """See httpx.AsyncClient.send. Raises ProviderError."""
        request.headers["Accept-Encoding"] = ACCEPTED
        request.extensions["timeout"] = self.timeout.as_dict()
        options["follow_redirects"] = False
        ends_s = asyncio.get_running_loop().time() + self._limit_s
        try:
            async with asyncio.timeout_at(ends_s):
                raw = await super().send(request, stream=True, **options)
                if stream and raw.is_success and _type(raw) == _EVENTS:
                    body = _Events(raw, self._title, self._most_bytes, ends_s)
                    return httpx.Response(200, headers={"Content-Type": _EVENTS}, stream=body, request=request)
                try:
                    return await self._read(raw, stream=stream)
                finally:
                    await raw.aclose()
        except TimeoutError:
            raise ProviderSilent(self._title) from None

    async def _read(self, raw: httpx.Response, *, stream: bool) -> httpx.Response:
        """The answer anew, with its status, its JSON and the wait that it asks for."""
        status = raw.status_code
        if 300 <= status < 400:
            raise RedirectRefused(self._title, status)
        if stream and raw.is_success:
            raise UnreadableAnswer(self._title)
        if not raw.is_success:
            return self._made(raw, status, await self._error(raw))
        body = await whole(raw.aiter_raw(), raw.headers, self._title, self._most_bytes, is_json=True)
        return self._made(raw, 200, await tamed(body, self._title))

    async def _error(self, raw: httpx.Response) -> bytes:
        """What an error says, or nothing when that is too much, too slow or no JSON."""
        try:
            async with asyncio.timeout(min(ERROR_S, self._limit_s / 2)):
                body = await whole(raw.aiter_raw(), raw.headers, self._title, MOST_ERROR, is_json=True)
                return await tamed(body, self._title)
        except (ProviderError, httpx.HTTPError, TimeoutError):
            return b"{}"

    def _made(self, raw: httpx.Response, status: int, body: bytes) -> httpx.Response:
        wait = raw.headers.get("Retry-After", "")
        headers = {"Content-Type": _JSON, **({"Retry-After": wait} if wait.isascii() and len(wait) < 64 else {})}
        return httpx.Response(status, headers=headers, content=body, request=raw.request)


class _Events(httpx.AsyncByteStream):
    """A stream of events that ends at its time."""

    def __init__(self, raw: httpx.Response, title: str, most_bytes: int, ends_s: float) -> None:
        self._raw = raw
        self._title = title
        self._most_bytes = most_bytes
        self._ends_s = ends_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        encoding = self._raw.headers.get("Content-Encoding", "")
        async for event in events(self._in_time(), encoding, self._title, self._most_bytes):
            yield event

    async def _in_time(self) -> AsyncIterator[bytes]:
        chunks = self._raw.aiter_raw()
        while True:
            try:
                async with asyncio.timeout_at(self._ends_s):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise ProviderSilent(self._title) from None
            if chunk is None:
                return
            yield chunk

    async def aclose(self) -> None:
        await self._raw.aclose()


def _type(response: httpx.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
