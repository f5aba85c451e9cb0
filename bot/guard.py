"""Who somebody is and what they may do, asked anew for every command, press and form.

`admit` is asked for every interaction by default (the client's tree, `bot/components/base.py`), and is the only place
where it is decided. Whoever is open to everybody is named in the lists here.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.app import App, Interaction
from bot.core.errors import NotAllowed, Refused
from bot.core.requests import Whereabouts
from bot.languages.speech import worded
from data.core import presence
from data.people.servers import ServerSettings

OPEN_COMMANDS: Final = frozenset({"help", "privacy"})
"""For everybody everywhere: who is banned, or has left, can still read what this is and have their own erased."""
OWNERS_COMMANDS: Final = frozenset({"studio-admin"})
"""For the bot's owners also where a server is not let in: with these they let it in."""
OPEN_CONTROLS: Final = frozenset({"privacy", "tour"})
"""How the custom ids of the open commands' own buttons begin, up to the colon."""
_ADMITTED: Final = "admitted"
_PERSON: Final = "person"
_SLASH: Final = discord.AppCommandType.chat_input.value


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in a place; `moderator` holds for Manage Server and for the server's studio role."""

    user_id: int
    place: Whereabouts
    moderator: bool


async def admit(interaction: Interaction) -> None:
    """Raises Refused unless the person may use the bot there, or what they use is open to everybody.

    It comes before the acknowledgement, so it is quick: two reads at most.
    """
    if not _is_open(interaction):
        if is_away(interaction) and not interaction.client.settings.discord_user_installs:
            raise Refused(worded("Portraits are made in servers that have the bot, not by the app of a single person."))
        await require_welcome(interaction.client, server_of(interaction), interaction.user.id)
        interaction.extras[_ADMITTED] = True


def _is_open(interaction: Interaction) -> bool:
    data: Any = interaction.data or {}
    if interaction.type is discord.InteractionType.component:
        return str(data.get("custom_id", "")).partition(":")[0] in OPEN_CONTROLS
    if interaction.type is discord.InteractionType.modal_submit or data.get("type", 1) != _SLASH:
        return False
    name = data.get("name")
    return name in OPEN_COMMANDS or (name in OWNERS_COMMANDS and interaction.client.is_owner(interaction.user.id))


async def person_of(interaction: Interaction) -> Actor:
    """Who uses the bot, read once for an interaction. Raises Refused where it may not be used."""
    known = interaction.extras.get(_PERSON)
    if not isinstance(known, Actor):
        known = interaction.extras[_PERSON] = await _read_person(interaction)
    return known


async def _read_person(interaction: Interaction) -> Actor:
    guild_id, away = server_of(interaction), is_away(interaction)
    bot = interaction.client
    if _ADMITTED not in interaction.extras:
        await require_welcome(bot, guild_id, interaction.user.id)
    settings = await bot.stores.servers.get(guild_id)
    moderator = not away and is_moderator(interaction.user, interaction.permissions, settings)
    return Actor(
        user_id=interaction.user.id,
        place=Whereabouts(
            guild_id=guild_id,
            channel_id=0 if away else interaction.channel_id or 0,
            adult=not away and _is_adult(interaction.channel),
            moderator=moderator,
        ),
        moderator=moderator,
    )


def is_away(interaction: Interaction) -> bool:
    """Whether the bot is there as somebody's own app alone: in a group, or in a server that it is no member of.

    It can do nothing there but answer by an interaction's token. The server's rules and its moderators are not the
    bot's: it counts as a direct message with the person.
    """
    if interaction.guild_id is None:
        return bool(interaction.context.private_channel)
    return not interaction.is_guild_integration() and interaction.client.get_guild(interaction.guild_id) is None


def server_of(interaction: Interaction) -> int:
    """The id of the server whose books and rules hold; 0 for the person's own, in direct messages and away."""
    return 0 if is_away(interaction) else interaction.guild_id or 0


async def require_welcome(bot: App, guild_id: int, user_id: int) -> None:
    """Raises Refused where the bot may not be used, and for those who are banned from it there."""
    await require_open(bot, guild_id)
    await require_present(bot, user_id)
    if await bot.stores.bans.get(guild_id, user_id):
        raise Refused(
            worded("You cannot use the studio on this server. Ask a moderator if you think that is a mistake.")
        )


async def require_present(bot: App, user_id: int) -> None:
    """Raises Refused while everything of this person is being erased; knows one who comes back afterwards."""
    presence.begin_unless_begun()
    privacy = bot.stores.privacy
    if privacy.is_being_erased(user_id):
        raise Refused(worded("Everything of yours is being erased just now. Try again in a minute."))
    await privacy.recognise(user_id, now=time.time())


async def require_open(bot: App, guild_id: int) -> None:
    """Raises Refused in servers that the bot's owner has not let in, and in direct messages unless allowed."""
    if guild_id == 0:
        if not bot.settings.answers_directly:
            raise Refused(worded("Portraits are made in servers here, not in direct messages."))
        return
    if not await bot.serves(guild_id):
        raise Refused(
            worded(
                "This server has not been let into the studio. The bot's owner can allow it with "
                "/studio-admin servers allow."
            )
        )


def is_moderator(
    user: discord.User | discord.Member, permissions: discord.Permissions, settings: ServerSettings
) -> bool:
    if not isinstance(user, discord.Member):
        return False
    if permissions.manage_guild or permissions.administrator:
        return True
    return settings.studio_role_id is not None and user.get_role(settings.studio_role_id) is not None


def require_moderator(person: Actor) -> None:
    """Raises NotAllowed."""
    if not person.moderator:
        raise NotAllowed


def _is_adult(channel: object) -> bool:
    if isinstance(channel, discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel):
        return channel.is_nsfw()
    return False
