"""Pictures on their way to and from a provider: small references out, files of a bounded size in.

What comes in is decoded in a process apart (`engine.pictures.decoding`), as everything from outside is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from PIL import Image

from engine.backends.answers import CHUNK, whole
from engine.backends.provider_errors import (
    PictureGone,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    UnusableAnswer,
)
from engine.sayings import worded

MAX_BYTES: Final = 48 * 2**20
SENT_SIDE_PX: Final = 1024
_TYPES: Final = ("image/png", "image/jpeg", "image/webp")
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_URL: Final = re.compile(r"[!-\[\]^_a-z~]{1,2048}")
"""What an address may consist of: nothing that another reader of it could take for a slash or an end."""
_PORTS: Final = {"http": 80, "https": 443}


def reference_jpeg(path: Path) -> bytes:
    """A reference picture as it leaves this machine: JPEG, no metadata, its long side at most 1,024 px. Blocking."""
    with Image.open(path, formats=_FORMATS) as opened:
        return _jpeg(opened, SENT_SIDE_PX, 92)


def is_at(url: object, hosts: Collection[str], *, plain_http: bool, ports: Collection[int] | None = None) -> bool:
    """Whether the address is at one of the hosts or below it; https, unless `plain_http` allows http too.

    Where `ports` are given it must have one of them, or its scheme's own.
    """
    if not isinstance(url, str) or not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.scheme not in (("https", "http") if plain_http else ("https",)):
        return False
    if ports is not None and port not in (None, _PORTS[parts.scheme], *ports):
        return False
    return any(host == name or host.endswith(f".{name}") for name in hosts)


async def download(session: aiohttp.ClientSession, url: str, title: str) -> bytes:
    """The picture at an address that was checked by `is_at`: no redirects, no other type, at most 48 MiB.

    Raises PictureGone, UnusableAnswer, and ProviderUnreachable, ProviderSilent or ProviderFailing, after which
    it may be tried again.
    """
    try:
        headers = {"Accept-Encoding": "identity"}
        async with session.get(url, allow_redirects=False, headers=headers) as response:
            if response.status in (403, 404, 410):
                raise PictureGone(title)
            if response.status == 429 or response.status >= 500:
                raise ProviderFailing(title, response.status)
            if response.status != 200:
                raise UnusableAnswer(title, worded("the picture's address answered {status}", status=response.status))
            if response.content_type not in _TYPES:
                raise UnusableAnswer(title, worded("it is not a picture"))
            return await whole(response.content.iter_chunked(CHUNK), response.headers, title, MAX_BYTES)
    except TimeoutError:
        raise ProviderSilent(title) from None
    # Its text could name the address, which lets anybody fetch the picture.
    except (aiohttp.ClientError, OSError, ValueError):
        raise ProviderUnreachable(title) from None


def _jpeg(opened: Image.Image, side_px: int, quality: int) -> bytes:
    picture = opened.convert("RGB")
    picture.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    picture.info.clear()
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
