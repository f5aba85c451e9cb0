"""The WebSocket side: hello, identify, heartbeats, resume, and events out, compressed as the bot asks.

Events are numbered and kept, so that a connection that breaks can be resumed. Heartbeats are recorded with the
time they came and how late they were.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.standin import payloads
from tests.standin.model import Guild, Json, Member, clock
from tests.standin.world import GUILD_MEMBERS, MESSAGE_CONTENT, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, MEMBERS = 0, 1, 2, 3, 6, 7, 8
INVALID_SESSION, HELLO, HEARTBEAT_ACK = 9, 10, 11
WRONG_TOKEN, ALREADY_IDENTIFIED, NOT_ALLOWED_INTENTS = 4004, 4005, 4014
PRIVILEGED = GUILD_MEMBERS | MESSAGE_CONTENT | 1 << 8

Sent = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a heartbeat came, and by how many seconds more than the interval it was after the one before."""

    at: float
    late_s: float


@dataclass(eq=False, slots=True)
class Session:
    """What outlives a connection: the number of the last event and the events themselves."""

    id: str
    intents: int
    sequence: int = 0
    events: list[Json] = field(default_factory=list)


class Connection:
    """One WebSocket. Payloads leave in the order in which they were queued."""

    def __init__(self, socket: web.WebSocketResponse, compress: str) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.connected_at = clock()
        self.heartbeats: list[Heartbeat] = []
        # discord.py also takes plain text where it asked for zstd, so only zlib is worth imitating.
        self._zlib = zlib.compressobj() if compress == "zlib-stream" else None
        self._queue: asyncio.Queue[tuple[Json, Sent | None]] = asyncio.Queue()

    def queue(self, payload: Json, sent: Sent | None = None) -> None:
        """Send `payload` as soon as may be; `sent` is called right before it leaves."""
        self._queue.put_nowait((payload, sent))

    async def write(self) -> None:
        """Send what is queued until cancelled or closed."""
        with contextlib.suppress(ConnectionError):
            while not self.socket.closed:
                payload, sent = await self._queue.get()
                if sent is not None:
                    sent()
                text = json.dumps(payload)
                if self._zlib is None:
                    await self.socket.send_str(text)
                else:
                    packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)


class Gateway:
    """The gateway of one stand-in: one bot, one connection at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connection: Connection | None = None
        self.heartbeats: list[Heartbeat] = []
        self.identifies = 0
        self.resumes = 0
        self.refusals: list[int] = []
        self._sessions: dict[str, Session] = {}
        self._open: set[Connection] = set()
        world.emit = self.emit

    @property
    def ready(self) -> bool:
        """Whether a bot is connected and has been told that it is ready."""
        return self.connection is not None and self.connection.session is not None

    def emit(self, event: str, payload: Json, intent: int, sent: Sent | None = None) -> bool:
        """Send an event to the bot if its intents ask for it; False if nobody is there to receive it."""
        session = self._current()
        if session is None or (intent and not session.intents & intent):
            return False
        session.sequence += 1
        packet: Json = {"op": DISPATCH, "t": event, "s": session.sequence, "d": payload}
        session.events.append(packet)
        if self.connection is None or self.connection.session is not session:
            return False
        self.connection.queue(packet, sent)
        return True

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until either side closes it."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, request.query.get("compress", ""))
        self._open.add(connection)
        writer = asyncio.create_task(connection.write())
        interval_ms = round(self.world.options.heartbeat_interval_s * 1000)
        connection.queue({"op": HELLO, "d": {"heartbeat_interval": interval_ms}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and len(message.data) > 4096:
                    await socket.close(code=4002)
                elif message.type is WSMsgType.TEXT:
                    await self._received(connection, json.loads(message.data))
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._gone(connection)
        return socket

    async def _received(self, connection: Connection, packet: Json) -> None:
        op, data = packet["op"], packet.get("d")
        if op == HEARTBEAT:
            self._beat(connection)
        elif op == IDENTIFY and data is not None:
            await self._identify(connection, data)
        elif op == RESUME and data is not None:
            await self._resume(connection, data)
        elif op == MEMBERS and data is not None:
            self._members(data)
        self.world.pulse.ring()

    def _beat(self, connection: Connection) -> None:
        now = clock()
        previous = connection.heartbeats[-1].at if connection.heartbeats else None
        interval_s = self.world.options.heartbeat_interval_s
        # The first one is sent on hello, whenever that is; lateness is counted from there.
        late_s = 0.0 if previous is None else max(0.0, now - previous - interval_s)
        beat = Heartbeat(now, late_s)
        connection.heartbeats.append(beat)
        self.heartbeats.append(beat)
        connection.queue({"op": HEARTBEAT_ACK})

    async def _identify(self, connection: Connection, data: Json) -> None:
        intents = int(data.get("intents") or 0)
        if data.get("token") != self.world.options.token:
            await self._refuse(connection, WRONG_TOKEN, "Authentication failed.")
            return
        if connection.session is not None:
            await self._refuse(connection, ALREADY_IDENTIFIED, "Already authenticated.")
            return
        if intents & PRIVILEGED & ~self.world.options.privileged_intents:
            await self._refuse(connection, NOT_ALLOWED_INTENTS, "Disallowed intent(s).")
            return
        session = Session(secrets.token_hex(16), intents)
        self._sessions = {session.id: session}
        self._attach(connection, session)
        self.identifies += 1
        self._welcome()

    def _welcome(self) -> None:
        world, session = self.world, self._current()
        assert session is not None
        guilds = list(world.guilds.values())
        ready: Json = {
            "v": 10,
            "user": payloads.user(world.bot),
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "resume_gateway_url": world.base_url.replace("http", "ws", 1) + "/gateway",
            "shard": [0, 1],
            "application": {"id": str(world.bot.id), "flags": 0},
        }
        self.emit("READY", ready, 0)
        for guild in guilds:
            self.emit("GUILD_CREATE", payloads.guild(guild, self._visible(guild)), 1)

    def _visible(self, guild: Guild) -> list[Member]:
        """The members a bot is told of: all with the members intent, else itself alone."""
        if self.world.intents & GUILD_MEMBERS:
            return list(guild.members.values())
        return [guild.members[self.world.bot.id]]

    async def _resume(self, connection: Connection, data: Json) -> None:
        session = self._sessions.get(data.get("session_id") or "")
        if session is None or data.get("token") != self.world.options.token:
            connection.queue({"op": INVALID_SESSION, "d": False})
            return
        self._attach(connection, session)
        self.resumes += 1
        for packet in [p for p in session.events if p["s"] > int(data.get("seq") or 0)]:
            connection.queue(packet)
        self.emit("RESUMED", {}, 0)

    def _members(self, data: Json) -> None:
        guild = self.world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        wanted = data.get("user_ids") or list(guild.members)
        wanted = wanted if isinstance(wanted, list) else [wanted]
        found = [guild.members[int(n)] for n in wanted if int(n) in guild.members]
        chunk: Json = {"guild_id": str(guild.id), "members": [payloads.member(m) for m in found]}
        chunk |= {"chunk_index": 0, "chunk_count": 1, "nonce": data.get("nonce"), "not_found": []}
        self.emit("GUILD_MEMBERS_CHUNK", chunk, 0)

    async def _refuse(self, connection: Connection, code: int, why: str) -> None:
        self.refusals.append(code)
        await connection.socket.close(code=code, message=why.encode())

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session = session
        self.connection = connection
        self.world.intents = session.intents

    def _current(self) -> Session | None:
        if self.connection is not None and self.connection.session is not None:
            return self.connection.session
        return next(iter(self._sessions.values()), None)

    def _gone(self, connection: Connection) -> None:
        self._open.discard(connection)
        if self.connection is connection:
            self.connection = None
        self.world.pulse.ring()

    def ask_to_reconnect(self) -> None:
        """Tell the bot to reconnect and resume, as Discord does when it moves a bot to another machine."""
        if self.connection is not None:
            self.connection.queue({"op": RECONNECT})

    def forget_sessions(self) -> None:
        """Let the next resume fail, so that the bot has to identify anew."""
        self._sessions.clear()

    async def drop(self, code: int = 4000) -> None:
        """Close every connection with `code`; 4000 lets the bot resume."""
        for connection in list(self._open):
            await connection.socket.close(code=code)
