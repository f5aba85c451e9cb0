"""What the stand-in Discord knows: users, servers, channels, messages and their history.

Plain live objects without JSON or sockets. Tests read them; only `world.py` changes them.
Times called `at` are seconds of `time.perf_counter()`, so that differences between them are real time even
where a test has replaced the wall clock.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
DISCORD_EPOCH_MS = 1_420_070_400_000
MIB = 1024 * 1024


def clock() -> float:
    """Seconds of a steady clock; only differences mean anything."""
    return time.perf_counter()


class Permission(enum.IntFlag):
    """The permission bits that matter to a bot that answers commands."""

    ADMINISTRATOR = 1 << 3
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYBODY = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.SEND_MESSAGES_IN_THREADS
)
ALL_PERMISSIONS = (1 << 53) - 1


@dataclass(eq=False, slots=True)
class User:
    """An account. `accepts_dms` is False for somebody who closed their direct messages."""

    id: int
    name: str
    bot: bool = False
    accepts_dms: bool = True

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False, slots=True)
class Role:
    id: int
    name: str
    permissions: int
    position: int


@dataclass(eq=False, slots=True)
class Member:
    """A user in one server."""

    user: User
    guild: Guild
    roles: list[Role] = field(default_factory=list)

    def permissions(self, channel: Channel | None = None) -> int:
        """The member's permission bits, in `channel` with its overwrites when one is given."""
        bits = self.guild.everyone.permissions
        for role in self.roles:
            bits |= role.permissions
        if self.user is self.guild.owner or bits & Permission.ADMINISTRATOR:
            return ALL_PERMISSIONS
        channel = channel.parent if channel is not None and channel.parent is not None else channel
        if channel is not None:
            for targets in ([self.guild.id], [role.id for role in self.roles], [self.user.id]):
                found = [channel.overwrites[target] for target in targets if target in channel.overwrites]
                for overwrite in found:
                    bits &= ~overwrite.deny
                for overwrite in found:
                    bits |= overwrite.allow
            if not bits & Permission.VIEW_CHANNEL:
                return 0
        return int(bits)


@dataclass(eq=False, slots=True)
class Guild:
    """A server. `upload_limit_bytes` is what one file may weigh there."""

    id: int
    name: str
    owner: User
    everyone: Role
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    upload_limit_bytes: int = 10 * MIB


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel allows or denies one role or one member."""

    target: int
    is_member: bool
    allow: int = 0
    deny: int = 0


@dataclass(eq=False, slots=True)
class Channel:
    """A channel of a server (`guild`), the direct messages with one user (`recipient`), or, with neither, a group's.

    The bot is no member of a group. `kind` is Discord's number of a server's channel; a thread has a `parent`.
    """

    id: int
    name: str
    guild: Guild | None = None
    recipient: User | None = None
    nsfw: bool = False
    kind: int = 0
    parent: Channel | None = None
    archived: bool = False
    locked: bool = False
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    deleted: bool = False

    @property
    def history(self) -> list[Message]:
        """Everything that is still there and that everyone there can see, oldest first."""
        return [m for m in self.messages.values() if not m.deleted and m.ephemeral_to is None]

    def away(self, bot_id: int) -> bool:
        """Whether the bot is no member there, so that only an interaction's token reaches it."""
        return bot_id not in self.guild.members if self.guild else self.recipient is None

    @property
    def upload_limit_bytes(self) -> int:
        return self.guild.upload_limit_bytes if self.guild else 10 * MIB


@dataclass(frozen=True, slots=True)
class File:
    """A file on its way in, as a test or a request brings it."""

    name: str
    content: bytes = field(repr=False)
    description: str | None = None


@dataclass(eq=False, slots=True)
class Attachment:
    """A file that the stand-in serves under `url`. Width and height are in pixels, for pictures."""

    id: int
    name: str
    content: bytes = field(repr=False)
    url: str
    content_type: str
    width: int | None = None
    height: int | None = None
    description: str | None = None
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What a message shows at one moment, `attachment://` links resolved."""

    content: str = ""
    embeds: tuple[Json, ...] = ()
    components: tuple[Json, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a message: when it came, by which way, and who was pinged by it.

    `via` is "callback", "token" (the interaction's webhook), "channel" or "user". `pings` holds mentions as
    they are written ("<@1>", "<@&2>", "@everyone"); an edit pings nobody.
    """

    at: float
    via: str
    body: Body
    pings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Button:
    """A button as it stands under a message. `custom_id` is empty for a link."""

    label: str
    custom_id: str
    disabled: bool
    url: str = ""


@dataclass(eq=False, slots=True)
class Message:
    """A message and all it ever showed. The properties speak of its latest state."""

    id: int
    channel: Channel
    author: User
    revisions: list[Revision] = field(default_factory=list)
    nonce: str | None = None
    reply_to: Message | None = None
    interaction: Any = None
    ephemeral_to: User | None = None
    deleted: bool = False
    deleted_at: float | None = None
    reactions: list[str] = field(default_factory=list)

    @property
    def body(self) -> Body:
        return self.revisions[-1].body

    @property
    def content(self) -> str:
        return self.body.content

    @property
    def embeds(self) -> tuple[Json, ...]:
        return self.body.embeds

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Every file of the message, also those that an embed or a gallery shows."""
        return self.body.attachments

    @property
    def loading(self) -> bool:
        """Whether it still says that the application is thinking."""
        return bool(self.body.flags & LOADING)

    @property
    def pings(self) -> frozenset[str]:
        """Everyone that any state of the message pinged."""
        return frozenset().union(*(revision.pings for revision in self.revisions))

    @property
    def text(self) -> str:
        """All words that a reader sees: content, embeds, text of components, labels left out."""
        return "\n".join(part for part in texts(self.body) if part)

    @property
    def buttons(self) -> list[Button]:
        return [
            Button(c.get("label") or "", c.get("custom_id") or "", bool(c.get("disabled")), c.get("url") or "")
            for c in walk(self.body.components)
            if c["type"] == 2
        ]

    @property
    def link(self) -> str:
        place = self.channel.guild.id if self.channel.guild else "@me"
        return f"https://discord.com/channels/{place}/{self.channel.id}/{self.id}"


def walk(components: tuple[Json, ...] | list[Json]) -> Iterator[Json]:
    """Every component of a tree, parents first."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for inner in ("accessory", "component"):
            if component.get(inner):
                yield from walk([component[inner]])


def texts(body: Body) -> Iterator[str]:
    """The words of a message's state in reading order."""
    yield body.content
    for embed in body.embeds:
        yield (embed.get("author") or {}).get("name") or ""
        yield embed.get("title") or ""
        yield embed.get("description") or ""
        for one in embed.get("fields") or []:
            yield one["name"]
            yield one["value"]
        yield (embed.get("footer") or {}).get("text") or ""
    for component in walk(body.components):
        if component["type"] == 10:
            yield component["content"]
