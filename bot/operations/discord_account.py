"""The bot's account, as Discord tells of it by its token: whose it is, where it is, and what it may do there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import discord

from bot.core import needed_permissions
from bot.core.errors import DiscordUnreachable, SettingsError

DISCORD_API: Final = "https://discord.com/api/v10"
PORTAL: Final = "https://discord.com/developers/applications"
_WITHIN_S: Final = 10.0
_PAGE: Final = 200


class TokenRefused(SettingsError):
    """Discord knows no bot by this token."""

    def __init__(self) -> None:
        super().__init__(
            f"Discord refused the token. Copy it anew: {PORTAL}, your application, Bot, Reset Token (the old one ends)."
        )


@dataclass(frozen=True, slots=True)
class ServerOfBot:
    """A server that the bot is in; `lacking` are the permissions that it needs and was not given."""

    id: int
    name: str
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BotAccount:
    """`owner` is a person's or a team's name. `public`: anybody may invite it. `code_grant`: nobody can, by a link.

    `commands` are the names of those that are registered now, by whatever program.
    """

    application_id: int
    name: str
    owner: str
    public: bool
    code_grant: bool
    servers: tuple[ServerOfBot, ...]
    commands: tuple[str, ...]

    @property
    def invite(self) -> str:
        """The link by which the bot comes to a server, with what it needs there."""
        return discord.utils.oauth_url(self.application_id, permissions=needed(), scopes=needed_permissions.SCOPES)


def needed() -> discord.Permissions:
    """The permissions that the bot needs."""
    return discord.Permissions(**dict.fromkeys(needed_permissions.NEEDED, True))


def lacking(given: discord.Permissions) -> list[str]:
    """What of them is not among these, as Discord shows it."""
    if given.administrator:
        return []
    # By name, one after the other: discord.py's own list knows some of them by an older one.
    return [title for name, title in needed_permissions.NEEDED.items() if not getattr(given, name)]


async def look(token: str, api_url: str = "") -> BotAccount:
    """Ask Discord about the bot of this token; `api_url` is where another address stands for Discord's.

    Raises TokenRefused, DiscordUnreachable, SettingsError.
    """
    base = (api_url or DISCORD_API).rstrip("/")
    if not base.startswith(("https://", "http://")):
        raise SettingsError("DISCORD_API_URL is no web address, so Discord cannot be asked.")
    timeout = aiohttp.ClientTimeout(total=_WITHIN_S)
    headers = {"Authorization": f"Bot {token}", "User-Agent": f"DiscordBot ({PORTAL}, {discord.__version__})"}
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            application = await _asked(session, f"{base}/applications/@me")
            servers = await _asked(session, f"{base}/users/@me/guilds?limit={_PAGE}")
            commands = await _asked(session, f"{base}/applications/{application['id']}/commands")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise DiscordUnreachable(
            f"Discord could not be reached ({type(error).__name__}). Check this machine's network"
            f"{' and DISCORD_API_URL' if api_url else ''}, then try again."
        ) from error
    return _account(application, servers, commands)


async def _asked(session: aiohttp.ClientSession, address: str) -> Any:
    async with session.get(address) as answer:
        match answer.status:
            case 200:
                return await answer.json(content_type=None)
            case 401:
                raise TokenRefused
            case 429:
                wait = answer.headers.get("Retry-After", "some")
                raise DiscordUnreachable(f"Discord asks to wait {wait} seconds before it is asked again. Try then.")
            case status:
                raise DiscordUnreachable(f"Discord answered {status}, so it could not be asked. Try again later.")


def _account(
    application: Mapping[str, Any], servers: Iterable[Mapping[str, Any]], commands: Iterable[Mapping[str, Any]]
) -> BotAccount:
    bot, owner = application.get("bot") or application, application.get("owner") or {}
    team = application.get("team") or {}
    return BotAccount(
        application_id=int(application["id"]),
        name=str(bot.get("username") or application["name"]),
        owner=str(team.get("name") or owner.get("global_name") or owner.get("username") or "somebody"),
        public=bool(application.get("bot_public")),
        code_grant=bool(application.get("bot_require_code_grant")),
        servers=tuple(_server(one) for one in servers),
        commands=tuple(str(one["name"]) for one in commands),
    )


def _server(told: Mapping[str, Any]) -> ServerOfBot:
    given = discord.Permissions(int(told.get("permissions") or 0))
    return ServerOfBot(int(told["id"]), str(told["name"]), tuple(lacking(given)))
