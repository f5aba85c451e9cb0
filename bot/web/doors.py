"""Who may see the status page: whoever has the token, in a header or by a session that it opened; and by which names
the page is reached, so that no other site can pose as it (DNS rebinding)."""

import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Collection
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

COOKIE: Final = "likeness_status"
SESSION_S: Final = 12 * 3600
MOST_SESSIONS: Final = 100
_OURSELVES: Final = frozenset({"same-origin", "none"})


class Doors:
    """Sessions are kept in memory alone: a restart ends them."""

    def __init__(self, token: str, names: Collection[str]) -> None:
        """`token` "": nobody is let in. `names` are host names that the page is reached by, beside addresses."""
        self._token = _digest(token) if token else b""
        self._names = {name.casefold() for name in (*names, "localhost")}
        self._sessions: OrderedDict[bytes, float] = OrderedDict()

    @property
    def has_token(self) -> bool:
        return bool(self._token)

    def knows(self, host: str) -> bool:
        """Whether the page is reached by this Host header: an address, or one of its names.

        A page of somebody else that had its own name point here would send that name.
        """
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name or "@" in host:
            return False
        return name in self._names or _is_address(name)

    def admits(self, request: web.Request) -> bool:
        """Whether the request carries the token, or a session that the token opened."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() == "bearer":
            return self._is_token(given.strip())
        return self._is_session(request.cookies.get(COOKIE, ""))

    def comes_from_here(self, request: web.Request) -> bool:
        """Whether a form was sent by the page itself, not by another site's."""
        fetched = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if fetched is not None and fetched not in _OURSELVES:
            return False
        return origin is None or urlsplit(origin).netloc.casefold() == request.headers.get("Host", "").casefold()

    def open_session(self, token: str) -> str | None:
        """A session's secret for whoever knows the token, else None; the oldest of too many ends."""
        if not self._is_token(token):
            return None
        secret = secrets.token_urlsafe(32)
        self._sessions[_digest(secret)] = time.monotonic() + SESSION_S
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return secret

    def end_session(self, request: web.Request) -> None:
        """The session of this request, where it has one."""
        self._sessions.pop(_digest(request.cookies.get(COOKIE, "")), None)

    def _is_token(self, given: str) -> bool:
        # Digests are of one length, so that the time says nothing of the token.
        return self.has_token and hmac.compare_digest(_digest(given), self._token)

    def _is_session(self, secret: str) -> bool:
        ends = self._sessions.get(_digest(secret))
        return ends is not None and time.monotonic() < ends


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogateescape")).digest()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
