"""The stand-in's memory and its rules: who may see what, and what every change tells the bot.

Knows neither sockets nor HTTP: `gateway.py` takes the events from `emit`, `routes.py` calls the methods.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.standin import payloads
from tests.standin.compose import Draft, compose, make_attachment, pings
from tests.standin.errors import (
    ApiError,
    cannot_dm,
    missing_access,
    missing_permissions,
    unknown_channel,
    unknown_message,
)
from tests.standin.interaction import Interaction
from tests.standin.limits import check_message
from tests.standin.model import (
    DISCORD_EPOCH_MS,
    EPHEMERAL,
    EVERYBODY,
    LOADING,
    Attachment,
    Body,
    Channel,
    File,
    Guild,
    Json,
    Member,
    Message,
    Permission,
    Revision,
    Role,
    User,
    clock,
)
from tests.standin.pulse import Pulse

GUILDS, GUILD_MEMBERS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1, 1 << 1, 1 << 9, 1 << 12, 1 << 15
ALWAYS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How this Discord behaves. `privileged_intents` are those that its developer portal has switched on."""

    token: str = "stand-in.token"
    heartbeat_interval_s: float = 1.0
    acknowledge_within_s: float = 3.0
    token_lifetime_s: float = 15 * 60
    nonce_window_s: float = 180.0
    privileged_intents: int = 0
    edits_per_window: int = 5
    sends_per_window: int = 5
    window_s: float = 5.0
    requests_per_s: int = 50


@dataclass(frozen=True, slots=True)
class Sync:
    """One overwrite of the registered commands. `guild_id` is None for the global ones."""

    at: float
    guild_id: int | None
    names: tuple[str, ...]


@dataclass(slots=True)
class World:
    options: Options
    pulse: Pulse = field(default_factory=Pulse)
    base_url: str = ""
    intents: int = 0
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    files: dict[str, Attachment] = field(default_factory=dict)
    commands: dict[int | None, list[Json]] = field(default_factory=dict)
    syncs: list[Sync] = field(default_factory=list)
    interactions: dict[int, Interaction] = field(default_factory=dict)
    tokens: dict[str, Interaction] = field(default_factory=dict)
    nonces: dict[tuple[int, str], tuple[float, Message]] = field(default_factory=dict)
    emit: Callable[[str, Json, int], object] = lambda event, payload, intent: None
    bot: User = field(init=False)
    developer: User = field(init=False)
    _last_id: int = 0

    def __post_init__(self) -> None:
        self.bot = self.add_user("Likeness", bot=True)
        self.developer = self.add_user("developer")

    # People and places

    def snowflake(self) -> int:
        now_ms = int(time.time() * 1000) - DISCORD_EPOCH_MS
        self._last_id = max(self._last_id + 1, now_ms << 22)
        return self._last_id

    def add_user(self, name: str, *, bot: bool = False) -> User:
        user = User(self.snowflake(), name, bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: User) -> Guild:
        number = self.snowflake()
        guild = Guild(number, name, owner, Role(number, "@everyone", int(EVERYBODY), 0))
        self.guilds[number] = guild
        for user in dict.fromkeys((owner, self.bot)):
            guild.members[user.id] = Member(user, guild)
        self.emit("GUILD_CREATE", payloads.guild(guild, [guild.members[self.bot.id]]), GUILDS)
        return guild

    def add_role(self, guild: Guild, name: str, permissions: int) -> Role:
        role = Role(self.snowflake(), name, int(permissions), len(guild.roles) + 1)
        guild.roles[role.id] = role
        event = {"guild_id": str(guild.id), "role": payloads.role(role)}
        self.emit("GUILD_ROLE_CREATE", event, GUILDS)
        return role

    def add_member(self, guild: Guild, user: User, roles: Sequence[Role] = ()) -> Member:
        member = Member(user, guild, list(roles))
        guild.members[user.id] = member
        event = {**payloads.member(member), "guild_id": str(guild.id)}
        self.emit("GUILD_MEMBER_ADD", event, GUILD_MEMBERS)
        return member

    def add_channel(self, guild: Guild, name: str, *, nsfw: bool = False) -> Channel:
        channel = Channel(self.snowflake(), name, guild=guild, nsfw=nsfw)
        self.channels[channel.id] = guild.channels[channel.id] = channel
        self.emit("CHANNEL_CREATE", payloads.channel(channel), GUILDS)
        return channel

    def add_thread(self, parent: Channel, name: str) -> Channel:
        """A public thread, or a post where the parent is a forum."""
        thread = Channel(self.snowflake(), name, guild=parent.guild, parent=parent)
        self.channels[thread.id] = thread
        self.emit("THREAD_CREATE", payloads.channel(thread), GUILDS)
        return thread

    def close_thread(self, thread: Channel, *, locked: bool) -> None:
        thread.archived, thread.locked = True, locked
        self.emit("THREAD_UPDATE", payloads.channel(thread), GUILDS)

    def add_group(self, name: str) -> Channel:
        """Messages of some people without the bot."""
        group = Channel(self.snowflake(), name)
        self.channels[group.id] = group
        return group

    def add_foreign_channel(self, owner: User) -> Channel:
        """A channel of a server that the bot is no member of."""
        number = self.snowflake()
        guild = Guild(number, "Elsewhere", owner, Role(number, "@everyone", int(EVERYBODY), 0))
        guild.members[owner.id] = Member(owner, guild)
        channel = Channel(self.snowflake(), "general", guild=guild)
        self.channels[channel.id] = channel
        return channel

    def direct_messages(self, user: User) -> Channel:
        """The channel between the bot and `user`; made when first asked for."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(self.snowflake(), "", recipient=user)
        self.channels[channel.id] = channel
        return channel

    def delete_channel(self, channel: Channel) -> None:
        channel.deleted = True
        del self.channels[channel.id]
        if channel.guild is not None:
            channel.guild.channels.pop(channel.id, None)
        self.emit("CHANNEL_DELETE", payloads.channel(channel), GUILDS)
        self.pulse.ring()

    # What the bot may reach

    def reach(self, channel_id: int, *needs: Permission) -> Channel:
        """The channel, if it is there and the bot has what it needs in it."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise unknown_channel()
        self.require(channel, *needs)
        return channel

    def require(self, channel: Channel, *needs: Permission) -> None:
        if channel.away(self.bot.id):
            raise missing_access()
        if channel.guild is None:
            if channel.recipient is not None and not channel.recipient.accepts_dms and needs:
                raise cannot_dm()
            return
        if channel.parent is not None:
            self._require_thread(channel, needs)
            needs = tuple(
                Permission.SEND_MESSAGES_IN_THREADS if one is Permission.SEND_MESSAGES else one for one in needs
            )
        bits = channel.guild.members[self.bot.id].permissions(channel)
        if not bits & Permission.VIEW_CHANNEL:
            raise missing_access()
        if any(not bits & need for need in needs):
            raise missing_permissions()

    def _require_thread(self, thread: Channel, needs: Sequence[Permission]) -> None:
        if needs and thread.archived and thread.locked:
            raise ApiError(400, 50083, "Thread is archived")

    def message(self, channel: Channel, message_id: int) -> Message:
        """A message that is there for the channel endpoint: not deleted, not ephemeral."""
        found = channel.messages.get(message_id)
        if found is None or found.deleted or found.ephemeral_to is not None:
            raise unknown_message()
        return found

    def sees_content(self, message: Message) -> bool:
        """Whether the bot gets the words of a message that did not come in an interaction."""
        return (
            bool(self.intents & MESSAGE_CONTENT)
            or message.author is self.bot
            or message.channel.guild is None
            or self.bot.mention in message.content
            or self.bot.mention in message.pings
        )

    # Messages

    def create_message(
        self,
        channel: Channel,
        author: User,
        draft: Draft,
        via: str,
        *,
        reply_to: Message | None = None,
        interaction: Interaction | None = None,
        ephemeral: bool = False,
    ) -> Message:
        """Check and post a message, and tell the bot of it."""
        flags = int(draft.payload.get("flags") or 0)
        check_message(draft.payload, draft.files, flags=flags, upload_limit_bytes=channel.upload_limit_bytes)
        number = self.snowflake()
        body = compose(draft, Body(), lambda file: self.store(file, channel))
        allowed = draft.payload.get("allowed_mentions")
        found = pings(body, allowed, reply_to.author.id if reply_to else None)
        message = Message(number, channel, author, [Revision(clock(), via, body, found)])
        message.reply_to, message.interaction = reply_to, interaction
        if ephemeral and interaction is not None:
            message.ephemeral_to = interaction.user
        nonce = draft.payload.get("nonce")
        message.nonce = None if nonce is None else str(nonce)
        self.add_message(message)
        return message

    def thinking(self, interaction: Interaction, *, ephemeral: bool) -> Message:
        """The message that says that the application is thinking."""
        message = Message(self.snowflake(), interaction.channel, self.bot, interaction=interaction)
        message.revisions.append(Revision(clock(), "callback", Body(flags=LOADING)))
        message.ephemeral_to = interaction.user if ephemeral else None
        self.add_message(message)
        return message

    def add_message(self, message: Message) -> None:
        message.channel.messages[message.id] = message
        self.announce("MESSAGE_CREATE", message)
        self.pulse.ring()

    def edit_message(self, message: Message, draft: Draft, via: str) -> None:
        """Check and apply an edit. The first words of a thinking message may ping, no other edit does."""
        before = message.body
        flags = before.flags | int(draft.payload.get("flags") or 0)
        limit = message.channel.upload_limit_bytes
        check_message(draft.payload, draft.files, flags=flags, upload_limit_bytes=limit)
        body = compose(draft, before, lambda file: self.store(file, message.channel))
        found = pings(body, draft.payload.get("allowed_mentions")) if message.loading else frozenset[str]()
        message.revisions.append(Revision(clock(), via, body, found))
        for gone in set(before.attachments) - set(body.attachments):
            self.files.pop(gone.url, None)
        self.announce("MESSAGE_UPDATE", message)
        self.pulse.ring()

    def delete_message(self, message: Message) -> None:
        message.deleted, message.deleted_at = True, clock()
        for attachment in message.attachments:
            self.files.pop(attachment.url, None)
        if message.ephemeral_to is None:
            event = {"id": str(message.id), "channel_id": str(message.channel.id)}
            if message.channel.guild is not None:
                event["guild_id"] = str(message.channel.guild.id)
            self.emit("MESSAGE_DELETE", event, self.message_intent(message.channel))
        self.pulse.ring()

    def announce(self, event: str, message: Message) -> None:
        if message.ephemeral_to is not None:
            return
        payload = payloads.message(message, content=self.sees_content(message))
        guild = message.channel.guild
        if guild is not None and message.author.id in guild.members:
            payload["member"] = payloads.partial_member(guild.members[message.author.id])
        if event == "MESSAGE_CREATE" and message.nonce is not None:
            payload["nonce"] = message.nonce
        self.emit(event, payload, self.message_intent(message.channel))

    def message_intent(self, channel: Channel) -> int:
        return DIRECT_MESSAGES if channel.guild is None else GUILD_MESSAGES

    def store(self, file: File, channel: Channel, *, ephemeral: bool = False) -> Attachment:
        """Keep a file and serve it; those of a command's options are ephemeral."""
        number = self.snowflake()
        folder = "ephemeral-attachments" if ephemeral else "attachments"
        place = f"{self.base_url}/{folder}/{channel.id}/{number}"
        attachment = make_attachment(number, file, place)
        attachment.ephemeral = ephemeral
        self.files[attachment.url] = attachment
        return attachment

    # Interactions

    def new_interaction(
        self, kind: int, user: User, channel: Channel, data: Json, source: Message | None
    ) -> Interaction:
        token = secrets.token_urlsafe(90)
        one = Interaction(
            id=self.snowflake(),
            kind=kind,
            token=token,
            application_id=self.bot.id,
            user=user,
            channel=channel,
            data=data,
            source=source,
            pulse=self.pulse,
            lifetime_s=self.options.token_lifetime_s,
        )
        self.interactions[one.id] = self.tokens[token] = one
        return one

    def is_ephemeral(self, payload: Json) -> bool:
        return bool(int(payload.get("flags") or 0) & EPHEMERAL)
