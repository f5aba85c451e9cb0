"""Files that people attach: refused by their size before they are fetched, and bounded while they are."""

from typing import Final

import aiohttp
import discord
from discord.http import HTTPClient

from bot.languages.speech import worded
from engine.pictures.decoding.decoder import too_heavy
from engine.pictures.intake import MAX_BYTES, BadPicture

FETCH_S: Final = 30.0
_CHUNK: Final = 2**16
_UNFETCHED: Final = worded("That file could not be fetched from Discord. Attach it again and retry.")


def check(attachment: discord.Attachment) -> None:
    """Raises BadPicture when the file is larger than pictures may be."""
    if attachment.size > MAX_BYTES:
        raise BadPicture(too_heavy(attachment.size))


async def read(attachment: discord.Attachment) -> bytes:
    """The file as it was sent. Raises BadPicture."""
    check(attachment)
    try:
        return await attachment.read()
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise BadPicture(_UNFETCHED) from error


def bound(http: HTTPClient) -> None:
    """From now on what this client fetches ends where pictures have to, whatever Discord said of its size."""

    async def get_from_cdn(url: str) -> bytes:
        return await fetch(http, url)

    http.get_from_cdn = get_from_cdn  # type: ignore[method-assign]  # discord.py's own reads without an end


async def fetch(http: HTTPClient, url: str) -> bytes:
    """Raises BadPicture, discord.NotFound, discord.HTTPException, aiohttp.ClientError, TimeoutError."""
    limit = aiohttp.ClientTimeout(total=FETCH_S)
    async with (
        aiohttp.ClientSession(connector=http.connector, connector_owner=False, timeout=limit) as session,
        session.get(url, allow_redirects=False, proxy=http.proxy, proxy_auth=http.proxy_auth) as response,
    ):
        if response.status == 404:
            raise discord.NotFound(response, "asset not found")
        if response.status != 200:
            raise discord.HTTPException(response, "failed to get asset")
        return await _body(response)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(_CHUNK):
        size += len(part)
        if size > MAX_BYTES:
            raise BadPicture(too_heavy(size))
        parts.append(part)
    return b"".join(parts)
