"""The stand-in's objects as the JSON that Discord sends for them."""

from __future__ import annotations

import datetime

from tests.standin.compose import USER_MENTION, shown_elsewhere
from tests.standin.model import (
    DISCORD_EPOCH_MS,
    EPHEMERAL,
    Attachment,
    Channel,
    Guild,
    Json,
    Member,
    Message,
    Role,
    User,
)


def user(one: User) -> Json:
    return {
        "id": str(one.id),
        "username": one.name,
        "discriminator": "0",
        "global_name": one.name,
        "avatar": None,
        "bot": one.bot,
        "public_flags": 0,
    }


def role(one: Role) -> Json:
    return {
        "id": str(one.id),
        "name": one.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": one.position,
        "permissions": str(one.permissions),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def partial_member(one: Member) -> Json:
    """A member without its user, as inside messages."""
    return {
        "roles": [str(r.id) for r in one.roles],
        "joined_at": timestamp(one.user.id),
        "nick": None,
        "avatar": None,
        "premium_since": None,
        "pending": False,
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def member(one: Member, channel: Channel | None = None) -> Json:
    """A member; with a channel also its permissions there, as in interactions."""
    payload = {**partial_member(one), "user": user(one.user)}
    if channel is not None:
        payload["permissions"] = str(one.permissions(channel))
    return payload


def _thread(one: Channel, guild_: Guild, parent: Channel) -> Json:
    return {
        "id": str(one.id),
        "type": 11,
        "guild_id": str(guild_.id),
        "parent_id": str(parent.id),
        "owner_id": str(guild_.owner.id),
        "name": one.name,
        "message_count": 0,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": one.archived,
            "locked": one.locked,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
        },
    }


def channel(one: Channel) -> Json:
    if one.recipient is not None:
        return {
            "id": str(one.id),
            "type": 1,
            "last_message_id": None,
            "flags": 0,
            "recipients": [user(one.recipient)],
        }
    if one.guild is None:
        return {"id": str(one.id), "type": 3, "name": one.name, "owner_id": "1", "recipients": [], "flags": 0}
    if one.parent is not None:
        return _thread(one, one.guild, one.parent)
    return {
        "id": str(one.id),
        "type": one.kind,
        "guild_id": str(one.guild.id),
        "name": one.name,
        "position": 0,
        "nsfw": one.nsfw,
        "parent_id": None,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "flags": 0,
        "permission_overwrites": [
            {"id": str(o.target), "type": int(o.is_member), "allow": str(int(o.allow)), "deny": str(int(o.deny))}
            for o in one.overwrites.values()
        ],
    }


def guild(one: Guild, members: list[Member]) -> Json:
    """A GUILD_CREATE with those of its members that the bot's intents let it see."""
    return {
        "id": str(one.id),
        "name": one.name,
        "owner_id": str(one.owner.id),
        "roles": [role(r) for r in (one.everyone, *one.roles.values())],
        "channels": [channel(c) for c in one.channels.values()],
        "members": [member(m) for m in members],
        "member_count": len(one.members),
        "joined_at": timestamp(one.id),
        "large": False,
        "unavailable": False,
        "features": [],
        "emojis": [],
        "stickers": [],
        "threads": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "afk_timeout": 300,
        "system_channel_flags": 0,
    }


def attachment(one: Attachment) -> Json:
    payload: Json = {
        "id": str(one.id),
        "filename": one.name,
        "size": len(one.content),
        "url": one.url,
        "proxy_url": one.url,
        "content_type": one.content_type,
    }
    if one.width:
        payload |= {"width": one.width, "height": one.height}
    if one.description:
        payload["description"] = one.description
    if one.ephemeral:
        payload["ephemeral"] = True
    return payload


def message(one: Message, *, content: bool = True, nested: bool = False) -> Json:
    """A message. `content=False` blanks what a bot without the message content intent does not see."""
    body = one.body
    hidden = shown_elsewhere(body)
    mentioned = dict.fromkeys(USER_MENTION.findall(body.content))
    guild_ = one.channel.guild
    payload: Json = {
        "id": str(one.id),
        "channel_id": str(one.channel.id),
        "author": user(one.author),
        "content": body.content if content else "",
        "timestamp": timestamp(one.id),
        "edited_timestamp": timestamp(one.id) if len(one.revisions) > 1 else None,
        "tts": False,
        "mention_everyone": "@everyone" in one.pings or "@here" in one.pings,
        "mentions": mentions(one, mentioned),
        "mention_roles": [],
        "attachments": [attachment(a) for a in body.attachments if a.url not in hidden] if content else [],
        "embeds": list(body.embeds) if content else [],
        "components": list(body.components) if content else [],
        "pinned": False,
        "type": message_type(one),
        "flags": body.flags | (EPHEMERAL if one.ephemeral_to else 0),
    }
    if guild_ is not None:
        payload["guild_id"] = str(guild_.id)
    if one.interaction is not None:
        payload |= interaction_fields(one)
    if one.reply_to is not None:
        payload["message_reference"] = {
            "type": 0,
            "channel_id": str(one.channel.id),
            "message_id": str(one.reply_to.id),
        }
        if guild_ is not None:
            payload["message_reference"]["guild_id"] = str(guild_.id)
        if not nested:
            gone = one.reply_to.deleted
            payload["referenced_message"] = None if gone else message(one.reply_to, nested=True)
    return payload


def message_type(one: Message) -> int:
    if one.reply_to is not None:
        return 19
    return 20 if one.interaction is not None and one.interaction.kind == 2 else 0


def interaction_fields(one: Message) -> Json:
    source = one.interaction
    application = source.application_id
    return {
        "webhook_id": str(application),
        "application_id": str(application),
        "interaction_metadata": {
            "id": str(source.id),
            "type": source.kind,
            "user": user(source.user),
            "authorizing_integration_owners": {},
        },
    }


def mentions(one: Message, written: dict[str, None]) -> list[Json]:
    """The users that a message names, and the author it replies to where the reply pings."""
    people: dict[int, User] = {}
    if one.channel.guild is not None:
        people = {m.user.id: m.user for m in one.channel.guild.members.values()}
    elif one.channel.recipient is not None:
        people = {u.id: u for u in (one.channel.recipient, one.author)}
    named = [people[int(n)] for n in written if int(n) in people]
    if one.reply_to is not None and one.reply_to.author.mention in one.pings:
        named.append(one.reply_to.author)
    return [user(u) for u in dict.fromkeys(named)]


def timestamp(snowflake: int) -> str:
    seconds = ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
