"""The status page of a running bot: opened before it connects, so that its health can be asked, and closed with it."""

import asyncio
import logging
from typing import Any, Final

from aiohttp import web

from bot.app import App
from bot.core.errors import SettingsError
from bot.core.gallery_address import PATH, public_address
from bot.core.status_address import ListenAddress, listen_address
from bot.web.doors import Doors
from bot.web.figures import StudioFigures
from bot.web.gallery_routes import GalleryRoutes
from bot.web.health import HealthChecks
from bot.web.last_errors import LastErrors
from bot.web.loop_lag import LoopLag
from bot.web.snapshot import StatusSnapshot
from bot.web.status_routes import StatusRoutes
from bot.web.viewers import MOST_VIEWERS, StatusViewers

log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = MOST_VIEWERS + 150
HEAD_PATIENCE_S: Final = 10.0
"""A connection that has sent no whole request by then is closed."""
IDLE_S: Final = 15.0
_LONGEST_LINE: Final = 4096


class StatusSite:
    """Serves one bot's page. `figures` is the bot's watcher."""

    def __init__(self, bot: App, figures: StudioFigures) -> None:
        settings = bot.settings
        self._settings = settings
        self._figures = figures
        self._lag = LoopLag(figures.metrics.lag.observe)
        self._errors = LastErrors(figures.logged)
        health = HealthChecks(bot)
        snapshot = StatusSnapshot(bot, figures, self._errors, self._lag, health)
        self.viewers = StatusViewers(snapshot.take)
        listen = listen_address(settings.status_listen)
        self._doors = Doors(settings.status_token.get_secret_value(), (listen.host, *settings.status_hosts))
        galleries = GalleryRoutes(bot, public_address(settings.gallery_url)) if settings.gallery_url else None
        self._routes = StatusRoutes(self._doors, figures, health, snapshot, self.viewers, galleries)
        self._listen = listen
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._silent: set[Any] = set()

    @property
    def address(self) -> str:
        """Where the page is, once it is open."""
        if self._server is None:
            raise RuntimeError("the status page is not open")
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def open(self) -> None:
        """Listen from now on. Raises SettingsError where that address cannot be listened on."""
        app = self._routes.application()
        app.middlewares.insert(0, self._has_spoken)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=1.0,
            keepalive_timeout=IDLE_S,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )
        await self._runner.setup()
        await self._bind(self._listen)
        logging.getLogger().addHandler(self._errors)
        self._lag.start()
        log.info("the status page is at %s", self.address)
        if self._settings.gallery_url:
            log.info("members' galleries are at %s%s", self._settings.gallery_url, PATH)
        if not self._doors.has_token:
            log.warning("STATUS_TOKEN is not set: the status page answers /health alone")

    async def close(self) -> None:
        """Every page is let go of."""
        if self._runner is None:
            return
        logging.getLogger().removeHandler(self._errors)
        await self.viewers.close()
        await self._lag.stop()
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    async def _bind(self, listen: ListenAddress) -> None:
        try:
            self._server = await asyncio.get_running_loop().create_server(self._connection, listen.host, listen.port)
        except OSError as error:
            raise SettingsError(
                f"STATUS_LISTEN is {self._settings.status_listen}, and that cannot be listened on: "
                f"{error.strerror or error}. Name another port, or stop what uses it."
            ) from error

    def _connection(self) -> asyncio.Protocol:
        """One more caller; beyond so many at once, or after a while without a request, the connection is closed."""
        server = self._runner.server if self._runner is not None else None
        if server is None or len(server.connections) >= MOST_CONNECTIONS:
            return _Refusing()
        handler = server()
        self._silent.add(handler)
        asyncio.get_running_loop().call_later(HEAD_PATIENCE_S, self._close_silent, handler)
        return handler

    def _close_silent(self, handler: Any) -> None:
        if handler in self._silent:
            self._silent.discard(handler)
            handler.force_close()

    @web.middleware
    async def _has_spoken(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        answer: web.StreamResponse = await handler(request)
        return answer


class _Refusing(asyncio.Protocol):
    """Hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
