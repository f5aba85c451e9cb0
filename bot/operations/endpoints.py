"""Where Discord is: its own addresses unless the settings name others, such as a proxy in front of the API.

discord.py keeps both addresses in class attributes, so they hold for every client of the process.
"""

from __future__ import annotations

import discord.gateway
import discord.http
import yarl

from bot.core.errors import SettingsError

SCHEMES = {"API": ("http", "https"), "gateway": ("ws", "wss")}


class BadEndpoint(SettingsError):
    """An address in the settings that cannot be one; its text says what it should look like."""


def point_discord_at(api_url: str | None, gateway_url: str | None) -> None:
    """Send discord.py's requests to `api_url` and its WebSocket to `gateway_url`; None leaves one as it is.

    `api_url` includes the version, as in "https://discord.com/api/v10". Call it before a client logs in.
    Raises BadEndpoint; then neither address has changed.
    """
    api = _checked(api_url, "API", "https://discord.com/api/v10") if api_url else None
    gateway = _checked(gateway_url, "gateway", "wss://gateway.discord.gg/") if gateway_url else None
    if api is not None:
        discord.http.Route.BASE = str(api).rstrip("/")
    if gateway is not None:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway


def _checked(address: str, what: str, example: str) -> yarl.URL:
    try:
        url = yarl.URL(address)
        fits = url.scheme in SCHEMES[what] and bool(url.host)
    except ValueError:
        fits = False
    if not fits:
        raise BadEndpoint(f'The Discord {what} address "{address}" is not valid; it looks like "{example}".')
    return url
