"""A stand-in for Discord on real sockets: a gateway, the HTTP API and the files, all on 127.0.0.1.

Real discord.py connects to it, in this process or in another one, and every time it reports is real time. It
imitates what a bot that answers commands can notice: acknowledgement within three seconds, tokens that die, upload
and length limits, nonces, rate limits, ephemeral messages, missing rights, and connections that break.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from tests.standin import answers, payloads, routes
from tests.standin.api import MAX_REQUEST_BYTES, PREFIX, Api
from tests.standin.faults import Faults, Request
from tests.standin.gateway import Gateway, Heartbeat
from tests.standin.interaction import Interaction
from tests.standin.model import Channel, Guild, Message, Overwrite, Permission, Role, User
from tests.standin.person import Person
from tests.standin.world import Options, Sync, World

T = TypeVar("T")


class StandIn:
    """One Discord with one bot account. Start it, add a server, point the bot at its two addresses."""

    def __init__(self, options: Options | None = None) -> None:
        self.world = World(options or Options())
        self.faults = Faults(self.world.pulse)
        self.gateway = Gateway(self.world)
        self.api = Api(self.world, self.faults)
        self._runner: web.AppRunner | None = None

    # Running

    async def start(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        app = web.Application(client_max_size=MAX_REQUEST_BYTES)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        self.api.mount(app, [*routes.routes(), *answers.routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.world.base_url = f"http://{host}:{port}"
        return self

    async def stop(self) -> None:
        """Let go of what is held and close every connection."""
        self.faults.clear()
        await self.gateway.drop(code=1001)
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def api_url(self) -> str:
        """What takes the place of https://discord.com/api/v10."""
        return self.world.base_url + PREFIX

    @property
    def gateway_url(self) -> str:
        """What takes the place of wss://gateway.discord.gg/."""
        return self.world.base_url.replace("http", "ws", 1) + "/gateway"

    @property
    def token(self) -> str:
        return self.world.options.token

    # People and places

    @property
    def bot(self) -> User:
        return self.world.bot

    def add_user(self, name: str) -> Person:
        """Somebody who shares no server with the bot so far."""
        return Person(self.world.add_user(name), self.world, self.gateway)

    def add_guild(self, name: str = "Studio") -> Guild:
        """A server with an owner of its own and the bot in it."""
        return self.world.add_guild(name, self.world.add_user(f"owner of {name}"))

    def add_channel(self, guild: Guild, name: str = "portraits", *, nsfw: bool = False) -> Channel:
        return self.world.add_channel(guild, name, nsfw=nsfw)

    def add_role(self, guild: Guild, name: str, permissions: int = 0) -> Role:
        return self.world.add_role(guild, name, permissions)

    def add_member(self, guild: Guild, who: str | Person, roles: Sequence[Role] = ()) -> Person:
        """Somebody new by name, or somebody known who joins another server."""
        person = self.add_user(who) if isinstance(who, str) else who
        self.world.add_member(guild, person.user, roles)
        return person

    def add_moderator(self, guild: Guild, name: str = "moderator") -> Person:
        """A member who may manage the server."""
        role = self.add_role(guild, f"role of {name}", Permission.MANAGE_GUILD)
        return self.add_member(guild, name, [role])

    def deny(self, channel: Channel, who: User | Person | Role, *permissions: Permission) -> None:
        """Take permissions from a member (the bot too) or a role in a channel."""
        bits = 0
        for permission in permissions:
            bits |= int(permission)
        is_member = not isinstance(who, Role)
        channel.overwrites[who.id] = Overwrite(who.id, is_member, deny=bits)
        self.world.emit("CHANNEL_UPDATE", payloads.channel(channel), 1)

    def hide(self, channel: Channel, from_: User | Person | Role) -> None:
        """Let somebody no longer see a channel."""
        self.deny(channel, from_, Permission.VIEW_CHANNEL)

    def delete_channel(self, channel: Channel) -> None:
        self.world.delete_channel(channel)

    def delete_message(self, message: Message) -> None:
        """Delete a message as a moderator does."""
        self.world.delete_message(message)

    # What the bot did

    @property
    def ready(self) -> bool:
        """Whether a bot is connected and identified."""
        return self.gateway.ready

    @property
    def heartbeats(self) -> list[Heartbeat]:
        return self.gateway.heartbeats

    @property
    def requests(self) -> list[Request]:
        """Every request to a known route, in order."""
        return self.api.requests

    @property
    def unknown_requests(self) -> list[str]:
        """Requests to routes that the stand-in does not have; a test suite wants none."""
        return self.api.unknown

    @property
    def undescribed(self) -> list[str]:
        """Names of files that the bot sent without saying what they show; a test suite wants none."""
        revisions = [
            revision
            for channel in self.world.channels.values()
            for message in channel.messages.values()
            if message.author.id == self.bot.id
            for revision in message.revisions
        ]
        return [one.name for revision in revisions for one in revision.body.attachments if not one.description]

    @property
    def rate_limited(self) -> list[str]:
        """The routes that were answered with a 429 because the bot was too fast."""
        return self.api.rate_limits.hits

    @property
    def syncs(self) -> list[Sync]:
        """Every overwrite of the registered commands."""
        return self.world.syncs

    @property
    def interactions(self) -> list[Interaction]:
        return list(self.world.interactions.values())

    def expire(self, token: str) -> None:
        """Let an interaction's token die now."""
        self.world.tokens[token].expire()

    # Waiting

    async def wait_ready(self, timeout_s: float = 240, *, identifies: int = 1) -> None:
        """Return once the bot has identified (`identifies` times in all) and has registered its commands."""
        await self.until(lambda: self.ready and self.gateway.identifies >= identifies, timeout_s, "the bot to identify")

    async def until(self, look: Callable[[], T | bool | None], timeout_s: float = 120, what: str = "") -> T:
        """What `look` returns as soon as it is true; looked at after every change, without polling."""
        return await self.world.pulse.until(look, timeout_s, what)
