"""What the status page answers, and to whom: everything but `/health`, the form that opens a session, and the page's
own looks needs the token. No path names a file: what can be asked for is in tables."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any, Final

from aiohttp import web

from bot.core.gallery_address import PATH
from bot.web.doors import COOKIE, SESSION_S, Doors
from bot.web.figures import StudioFigures
from bot.web.gallery_routes import GalleryRoutes, is_of_galleries
from bot.web.health import HealthChecks
from bot.web.snapshot import StatusSnapshot
from bot.web.viewers import StatusViewers, TooManyViewers

LARGEST_FORM: Final = 4096
FORM_PATIENCE_S: Final = 10.0
WRITE_PATIENCE_S: Final = 10.0
PLAIN_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # with none at all the login form would come from nowhere
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_HEALTH_ALONE: Final = "STATUS_TOKEN is not set, so only /health is answered. Set it in .env and start the bot again.\n"
_STRANGE_HOST: Final = (
    "This page is not reached by this name. STATUS_HOSTS in .env lists the names of the status page; GALLERY_URL has "
    "that of the galleries.\n"
)
_LOOKS: Final = {"status.css": "text/css", "status.js": "text/javascript", "icon.svg": "image/svg+xml"}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StatusRoutes:
    """The routes of one bot's status page, on an aiohttp application of their own."""

    def __init__(
        self,
        doors: Doors,
        figures: StudioFigures,
        health: HealthChecks,
        snapshot: StatusSnapshot,
        viewers: StatusViewers,
        galleries: GalleryRoutes | None = None,
    ) -> None:
        self._galleries = galleries
        self._doors = doors
        self._figures = figures
        self._health = health
        self._snapshot = snapshot
        self._viewers = viewers
        folder = files("bot.web") / "static"
        self._texts = {name: (folder / name).read_bytes() for name in (*_LOOKS, "status.html", "login.html")}

    def application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_FORM, middlewares=[self._guarded])
        app.router.add_get("/health", self._tell_health)
        app.router.add_get("/health/live", self._tell_life)
        app.router.add_post("/login", self._log_in)
        app.router.add_post("/logout", self._log_out)
        for name in _LOOKS:
            app.router.add_get(f"/static/{name}", self._look_of(name))
        app.router.add_get("/", self._page)
        app.router.add_get("/metrics", self._for_the_known(self._metrics))
        app.router.add_get("/events", self._for_the_known(self._events), allow_head=False)
        app.router.add_get("/previews/{name:[A-Za-z0-9_-]{1,40}}", self._for_the_known(self._preview))
        if self._galleries is not None:
            app.router.add_get(PATH, self._to_galleries)
            app.add_subapp(PATH, self._galleries.application())
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Every answer carries the headers, errors too; a strange host name is answered with nothing else."""
        if not self._is_reached_by(request, request.headers.get("Host", "")):
            return _told(421, _STRANGE_HOST)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = _told(error.status, f"{error.status}: {error.reason}\n")
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    def _is_reached_by(self, request: web.Request, host: str) -> bool:
        """The galleries by their public name alone, and by that name nothing else unless STATUS_HOSTS has it too."""
        if self._galleries is not None and is_of_galleries(request):
            return self._galleries.doors.knows(host)
        return self._doors.knows(host)

    async def _to_galleries(self, request: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": f"{PATH}/"})

    def _for_the_known(self, handler: _Handler) -> _Handler:
        async def asked(request: web.Request) -> web.StreamResponse:
            if not self._doors.has_token:
                return _told(403, _HEALTH_ALONE)
            if not self._doors.admits(request):
                return _told(401, "The token is missing or wrong.\n", {"WWW-Authenticate": "Bearer"})
            return await handler(request)

        return asked

    async def _tell_health(self, request: web.Request) -> web.Response:
        health = await self._health.look()
        said = {"live": True, "ready": health.is_ready, "parts": dict(health.parts)}
        return _as_json(said, 200 if health.is_ready else 503)

    async def _tell_life(self, request: web.Request) -> web.Response:
        return _as_json({"live": True}, 200)

    def _look_of(self, name: str) -> _Handler:
        async def look(request: web.Request) -> web.Response:
            return web.Response(body=self._texts[name], content_type=_LOOKS[name], charset="utf-8")

        return look

    async def _page(self, request: web.Request) -> web.Response:
        if not self._doors.has_token:
            return _told(403, _HEALTH_ALONE)
        known = self._doors.admits(request)
        return self._html("status.html" if known else "login.html", 200 if known else 401)

    async def _log_in(self, request: web.Request) -> web.Response:
        if not self._doors.comes_from_here(request):
            return _told(403, "This form was not sent by the status page.\n")
        try:
            async with asyncio.timeout(FORM_PATIENCE_S):
                token = (await request.post()).get("token", "")
        except TimeoutError:
            return _told(408, "The form did not come.\n")
        secret = self._doors.open_session(token.strip()) if isinstance(token, str) else None
        if secret is None:
            return self._html("login.html", 401, wrong=True)
        response = web.Response(status=303, headers={"Location": "./"})
        secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        response.set_cookie(
            COOKIE, secret, max_age=SESSION_S, path="/", httponly=True, samesite="Strict", secure=secure
        )
        return response

    async def _log_out(self, request: web.Request) -> web.Response:
        if not self._doors.comes_from_here(request):
            return _told(403, "This form was not sent by the status page.\n")
        self._doors.end_session(request)
        response = web.Response(status=303, headers={"Location": "./"})
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    async def _metrics(self, request: web.Request) -> web.Response:
        await self._snapshot.books.read()
        self._snapshot.measure((await self._health.look()).parts)
        self._figures.metrics.viewers.set(len(self._viewers))
        body = await asyncio.to_thread(self._figures.metrics.text)
        return web.Response(body=body, headers={"Content-Type": PLAIN_TEXT})

    async def _preview(self, request: web.Request) -> web.Response:
        jpeg = self._figures.live.preview(request.match_info["name"])
        if jpeg is None:
            return _told(404, "It is not shown any more.\n")
        return web.Response(body=jpeg, content_type="image/jpeg")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Written until the page closes, the session's end included; whoever does not read is let go."""
        events = self._viewers.events()
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        try:
            async for event in events:
                if not self._doors.admits(request):
                    break
                async with asyncio.timeout(WRITE_PATIENCE_S):
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(event)
        except TooManyViewers:
            return _told(503, "Too many people look at this page already.\n", {"Retry-After": "30"})
        except (TimeoutError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            await events.aclose()
        return response

    def _html(self, name: str, status: int, *, wrong: bool = False) -> web.Response:
        text = self._texts[name].decode()
        shown = text.replace(" hidden data-wrong", " data-wrong") if wrong else text
        return web.Response(text=shown, status=status, content_type="text/html")


def _told(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(text=sentence, status=status, headers={**HEADERS, **(headers or {})})


def _as_json(content: dict[str, Any], status: int) -> web.Response:
    return web.Response(text=json.dumps(content), status=status, content_type="application/json")
