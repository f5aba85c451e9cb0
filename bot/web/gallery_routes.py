"""What members' galleries answer, and to whom: everything but the door and the page's own looks needs a session, and
shows what is its person's alone. No path names a file: what can be asked for is a number or stands in a table."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final, TypeAlias

import aiohttp
import discord
from aiohttp import web

from bot.app import App
from bot.components.deleting import delete_portrait
from bot.core.errors import Refused
from bot.core.gallery_address import PATH, PublicAddress
from bot.languages import audience
from bot.languages.speech import reworded, told
from bot.web.gallery_answers import GalleryAnswers
from bot.web.gallery_doors import GalleryDoors
from bot.web.gallery_pace import GalleryPace, TooFast
from bot.web.gallery_texts import TEXTS, asked_language, filled, said
from bot.web.thumbnails import Thumbnails
from data.core import presence
from data.core.data_errors import DataError, PictureMissing
from data.people.gallery_keys import GallerySession
from data.people.gallery_rows import GalleryPicture, GalleryQuery

log = logging.getLogger(__name__)

LONGEST_WORDS: Final = 200
FORM_PATIENCE_S: Final = 10.0
DISCORD_PATIENCE_S: Final = 20.0
OPEN_AT_ONCE: Final = 4
NUMBER: Final = "{number:[1-9][0-9]{0,17}}"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Permissions-Policy": "camera=(), clipboard-read=(), geolocation=(), microphone=()",
}
KEPT: Final = "private, max-age=86400, immutable"
"""How browsers keep pictures: for this session's cookie alone, as they vary by it, and no proxy does."""
_UNSAID: Final = " hidden data-wrong><"
_LOOKS: Final = {
    "gallery.css": "text/css",
    "gallery.js": "text/javascript",
    "door.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
_MemberHandler: TypeAlias = Callable[[web.Request, GallerySession], Awaitable[web.StreamResponse]]


class GalleryRoutes:
    """The routes of one bot's galleries, on an aiohttp application of their own below `/gallery`."""

    def __init__(self, bot: App, address: PublicAddress) -> None:
        self.doors = GalleryDoors(bot, address)
        self._bot = bot
        self._answers = GalleryAnswers(bot)
        self._thumbnails = Thumbnails(bot.stores.pictures)
        self._pace = GalleryPace()
        self._opening = asyncio.Semaphore(OPEN_AT_ONCE)
        folder = files("bot.web") / "static"
        self._looks = {name: (folder / name).read_bytes() for name in _LOOKS}
        self._pages = {name: (folder / f"{name}.html").read_text(encoding="utf-8") for name in ("gallery", "door")}

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded])
        get, post = app.router.add_get, app.router.add_post
        get("/", self._page)
        get("/open", self._door)
        post("/open", self._open)
        get("/texts.json", self._texts)
        for name in _LOOKS:
            get(f"/static/{name}", self._look_of(name))
        get("/overview.json", self._for_members(self._overview, 4))
        get("/portraits.json", self._for_members(self._portraits, 6))
        get("/characters.json", self._for_members(self._characters, 6))
        get("/series.json", self._for_members(self._series, 8))
        get(f"/portraits/{NUMBER}.json", self._for_members(self._portrait, 3))
        get(f"/portraits/{NUMBER}/thumbnail", self._for_members(self._thumbnail, 1))
        get(f"/portraits/{NUMBER}/picture", self._for_members(self._picture, 4))
        get(f"/portraits/{NUMBER}/recipe.json", self._for_members(self._recipe, 4))
        get(f"/faces/{NUMBER}/thumbnail", self._for_members(self._face, 1))
        post(f"/portraits/{NUMBER}/delete", self._for_members(self._delete, 10, changes=True))
        post("/leave", self._for_members(self._leave, 4, changes=True))
        post("/leave-everywhere", self._for_members(self._leave_everywhere, 4, changes=True))
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Every answer carries the gallery's headers, errors too; what goes wrong is told in words."""
        # Until a session says whose language it is.
        await audience.for_visitor(asked_language(request.headers.get("Accept-Language", "")))
        presence.begin()  # what this request stores of a person is not stored once they were erased meanwhile
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = _told(error.status, error.reason)
        except TooFast as error:
            response = _told(429, reworded(TEXTS["too_fast"]))
            response.headers["Retry-After"] = str(round(error.again_s) + 1)
        except Refused as error:
            response = _told(403, told(error))
        except PictureMissing:
            response = _told(404, reworded(TEXTS["gone"]))
        except DataError:
            log.exception("a gallery could not be read")
            response = _told(503, reworded(TEXTS["failed"]))
        response.headers.update(HEADERS)
        return response

    def _for_members(self, handler: _MemberHandler, turns: float, *, changes: bool = False) -> _Handler:
        async def asked(request: web.Request) -> web.StreamResponse:
            if changes and not self.doors.comes_from_here(request):
                return _told(403, reworded(TEXTS["strange"]))
            session = await self.doors.session_of(request)
            if session is None:
                return _told(401, reworded(TEXTS["over"]))
            await self._pace.admit(session.token_hash, turns)
            return await handler(request, session)

        return asked

    async def _page(self, request: web.Request) -> web.Response:
        try:
            known = await self.doors.session_of(request) is not None
        except Refused as error:
            page = filled(self._pages["door"]).replace(_UNSAID, f">{escape(told(error))}<", 1)
            return web.Response(text=page, status=403, content_type="text/html")
        page = filled(self._pages["gallery" if known else "door"])
        return web.Response(text=page, status=200 if known else 401, content_type="text/html")

    async def _door(self, request: web.Request) -> web.Response:
        """The same for everybody and for every link: nothing of a link comes here before it is sent by a press."""
        return web.Response(text=filled(self._pages["door"]), content_type="text/html")

    async def _open(self, request: web.Request) -> web.Response:
        if not self.doors.comes_from_here(request):
            return _told(403, reworded(TEXTS["strange"]))
        link = (await _sent(request)).get("link")
        before = await self._session_before(request)
        async with self._opening:
            secret = await self.doors.open(link) if isinstance(link, str) else None
        if secret is None:
            return _told(403, reworded(TEXTS["door_failed"]))
        if before is not None:
            await self._bot.stores.gallery_keys.end(before)
        response = web.json_response({})
        self.doors.keep(response, secret)
        return response

    async def _session_before(self, request: web.Request) -> GallerySession | None:
        try:
            return await self.doors.session_of(request)
        except Refused:
            return None

    async def _texts(self, request: web.Request) -> web.Response:
        await self._session_before(request)  # whose language it is in
        return web.json_response(said(), headers={"Cache-Control": "no-cache"})

    def _look_of(self, name: str) -> _Handler:
        async def look(request: web.Request) -> web.Response:
            return web.Response(
                body=self._looks[name],
                content_type=_LOOKS[name],
                charset="utf-8",
                headers={"Cache-Control": "no-cache"},
            )

        return look

    async def _overview(self, request: web.Request, session: GallerySession) -> web.Response:
        return web.json_response(await self._answers.overview(session.user_id))

    async def _portraits(self, request: web.Request, session: GallerySession) -> web.Response:
        query = request.query
        sought = GalleryQuery(
            words=_short(query.get("words", "")),
            model=_short(query.get("model", "")),
            character=_number(query.get("character", "")),
            series=_short(query.get("series", "")),
        )
        if sought.words:
            await self._pace.admit(session.token_hash, 6)
        found = await self._answers.page(session.user_id, sought, _number(query.get("before", "")))
        return web.json_response(found)

    async def _characters(self, request: web.Request, session: GallerySession) -> web.Response:
        return web.json_response({"characters": await self._answers.characters(session.user_id)})

    async def _series(self, request: web.Request, session: GallerySession) -> web.Response:
        return web.json_response(await self._answers.series(session.user_id, _short(request.query.get("before", ""))))

    async def _portrait(self, request: web.Request, session: GallerySession) -> web.Response:
        found = await self._answers.portrait(session.user_id, _asked_number(request))
        return _told(404, reworded(TEXTS["gone"])) if found is None else web.json_response(found)

    async def _thumbnail(self, request: web.Request, session: GallerySession) -> web.StreamResponse:
        return await self._small(
            await self._bot.stores.gallery.picture(session.user_id, _asked_number(request)), session
        )

    async def _face(self, request: web.Request, session: GallerySession) -> web.StreamResponse:
        return await self._small(await self._bot.stores.gallery.face(session.user_id, _asked_number(request)), session)

    async def _small(self, picture: GalleryPicture | None, session: GallerySession) -> web.StreamResponse:
        if picture is None:
            return _told(404, reworded(TEXTS["gone"]))
        file = await self._thumbnails.of(picture, session.user_id)
        return web.FileResponse(file, headers=_kept("image/webp"))

    async def _picture(self, request: web.Request, session: GallerySession) -> web.StreamResponse:
        """The file as it was delivered; with `?download` as one to save."""
        number = _asked_number(request)
        picture = await self._bot.stores.gallery.picture(session.user_id, number)
        if picture is None:
            return _told(404, reworded(TEXTS["gone"]))
        kind = "jpeg" if picture.ext == "jpg" else picture.ext
        headers = _kept(f"image/{kind}")
        if "download" in request.query:
            headers |= _as_file(f"likeness-{number}.{picture.ext}")
        return web.FileResponse(self._bot.stores.pictures.file(picture.sha256, picture.ext), headers=headers)

    async def _recipe(self, request: web.Request, session: GallerySession) -> web.Response:
        number = _asked_number(request)
        item = await self._bot.stores.gallery.portrait(session.user_id, number)
        picture = await self._bot.stores.gallery.picture(session.user_id, number)
        if item is None or picture is None:
            return _told(404, reworded(TEXTS["gone"]))
        file = self._bot.stores.pictures.file(picture.sha256, picture.ext)
        return web.Response(
            text=await self._answers.recipe(item, file),
            content_type="application/json",
            headers=_as_file(f"likeness-{number}.json"),
        )

    async def _delete(self, request: web.Request, session: GallerySession) -> web.Response:
        item = await self._bot.stores.gallery.portrait(session.user_id, _asked_number(request))
        if item is None:
            return _told(404, reworded(TEXTS["gone"]))
        if not self._bot.is_ready():
            return _told(503, reworded(TEXTS["not_connected"]))
        try:
            async with asyncio.timeout(DISCORD_PATIENCE_S):
                await delete_portrait(self._bot, item)
        except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("the message of a deleted portrait stays: %s", type(error).__name__)
            return web.json_response({"message": False})
        return web.json_response({"message": True})

    async def _leave(self, request: web.Request, session: GallerySession) -> web.Response:
        await self._bot.stores.gallery_keys.end(session)
        return self._left()

    async def _leave_everywhere(self, request: web.Request, session: GallerySession) -> web.Response:
        await self._bot.stores.gallery_keys.end_all(session.user_id)
        return self._left()

    def _left(self) -> web.Response:
        response = web.json_response({})
        self.doors.forget(response)
        return response


def is_of_galleries(request: web.Request) -> bool:
    """Whether a request's path is below the galleries'."""
    return request.path == PATH or request.path.startswith(f"{PATH}/")


async def _sent(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent; {} for anything else."""
    try:
        async with asyncio.timeout(FORM_PATIENCE_S):
            found = json.loads(await request.text())
    except (TimeoutError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _short(text: str) -> str:
    if len(text) > LONGEST_WORDS:
        raise web.HTTPBadRequest(reason=reworded(TEXTS["too_long"]))
    return text


def _number(text: str) -> int | None:
    """None for no number; what is none of ours is 0, which nothing has."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


def _asked_number(request: web.Request) -> int:
    return int(request.match_info["number"])


def _kept(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "Cache-Control": KEPT, "Vary": "Cookie"}


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _told(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
