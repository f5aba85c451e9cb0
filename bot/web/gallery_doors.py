"""Who may look into a gallery: whoever exchanged a link for a session, from the page itself, under its own name.

A link's secret comes by a POST that somebody's press sends, so that whoever looks at links before (previews, scanners)
neither uses it up nor opens anything. No other site's page can send one, or any change: its origin is looked at.
"""

import asyncio
import time
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from bot import guard
from bot.app import App
from bot.core.gallery_address import PublicAddress
from bot.languages import audience
from data.core.presence import BeingErased, ErasedMeanwhile
from data.people.gallery_keys import SESSION_S, GallerySession

AT_ONCE: Final = 8
"""So many requests at once ask who they are from: commands read by the same connection, and do not wait behind more."""
_LONGEST_SECRET: Final = 100
_HERE: Final = "same-origin"


class GalleryDoors:
    def __init__(self, bot: App, address: PublicAddress) -> None:
        self._bot = bot
        self._keys = bot.stores.gallery_keys
        self._address = address
        self._room = asyncio.Semaphore(AT_ONCE)
        # With this beginning a browser takes it from this host alone, and over TLS.
        self.cookie = "__Host-likeness_gallery" if address.is_secure else "likeness_gallery"

    def knows(self, host: str) -> bool:
        """Whether this Host header is the public address's; its port may be a proxy's own."""
        try:
            return urlsplit(f"//{host}").hostname == self._address.host and "@" not in host
        except ValueError:
            return False

    def comes_from_here(self, request: web.Request) -> bool:
        """Whether a change was sent by the gallery's own page."""
        if request.content_type != "application/json":
            return False
        fetched, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if fetched is not None and fetched != _HERE:
            return False
        return origin == self._address.origin or (origin in (None, "null") and fetched == _HERE)

    async def session_of(self, request: web.Request) -> GallerySession | None:
        """The session of a request, whose language is spoken from now on.

        Raises Refused where its person may not use the bot any more.
        """
        secret = request.cookies.get(self.cookie, "")
        if not secret or len(secret) > _LONGEST_SECRET:
            return None
        async with self._room:
            session = await self._keys.session(secret, now=time.time())
            if session is not None:
                await audience.for_visitor(session.language)
                await guard.require_welcome(self._bot, session.guild_id, session.user_id)
            return session

    async def open(self, link: str) -> str | None:
        """A session's secret for a link's; None where that opens nothing. Raises Refused as `session_of`."""
        if len(link) > _LONGEST_SECRET:
            return None
        owner = await self._keys.link_owner(link, now=time.time())
        if owner is None:
            return None
        await guard.require_welcome(self._bot, owner[1], owner[0])
        try:
            return await self._keys.exchange(link, now=time.time())
        except (BeingErased, ErasedMeanwhile):
            return None

    def keep(self, response: web.Response, secret: str) -> None:
        """Hand the browser its session."""
        response.set_cookie(
            self.cookie,
            secret,
            max_age=int(SESSION_S),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._address.is_secure,
        )

    def forget(self, response: web.Response) -> None:
        """Take it back, with what the browser keeps of the pages."""
        response.del_cookie(self.cookie, path="/", httponly=True, samesite="Strict", secure=self._address.is_secure)
        response.headers["Clear-Site-Data"] = '"cache"'
