"""Pictures on their way to and from a provider: small references out, checked and freshly encoded PNG in.

Everything but `download` is blocking and belongs in a thread.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from PIL import Image, UnidentifiedImageError

from engine.backends.answers import CHUNK, whole
from engine.provider_errors import (
    PictureGone,
    ProviderFailing,
    ProviderSilent,
    ProviderUnreachable,
    UnusableAnswer,
)

MAX_BYTES: Final = 48 * 2**20
MAX_PIXELS: Final = 40_000_000
MOST_SIDE_PX: Final = 16_384
LEAST_SIDE_PX: Final = 8
SENT_SIDE_PX: Final = 1024
PREVIEW_SIDE_PX: Final = 512
_TYPES: Final = ("image/png", "image/jpeg", "image/webp")
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_URL: Final = re.compile(r"[!-\[\]^_a-z~]{1,2048}")
"""What an address may consist of: nothing that another reader of it could take for a slash or an end."""
_PORTS: Final = {"http": 80, "https": 443}
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def reference_jpeg(path: Path) -> bytes:
    """A reference picture as it leaves this machine: JPEG without metadata, its long side at most 1,024 px."""
    with Image.open(path, formats=_FORMATS) as opened:
        return _jpeg(opened, SENT_SIDE_PX, 92)


def preview_jpeg(raw: bytes) -> bytes | None:
    """A small JPEG of an unfinished picture; None when it cannot be read."""
    try:
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return None
            factor = max(1, -(-max(opened.size) // PREVIEW_SIDE_PX))
            buffer = io.BytesIO()
            # A third of the time that a filter takes, and nobody sees the difference in a passing preview.
            small = (opened if opened.mode == "RGB" else opened.convert("RGB")).reduce(factor)
            small.info.clear()
            small.save(buffer, "JPEG", quality=80)
            return buffer.getvalue()
    except (OSError, ValueError, SyntaxError):
        return None


def as_png(raw: bytes, title: str) -> tuple[bytes, int, int]:
    """The picture as PNG (RGB, no metadata), its width and height. Raises UnusableAnswer.

    The size is read from the header and refused before any pixel is decoded.
    """
    if len(raw) > MAX_BYTES:
        raise UnusableAnswer(title, "the picture is too large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as opened:
                _check_size(*opened.size, title)
                opened.load()
                if opened.format == "PNG" and opened.mode == "RGB" and (bare := _without_metadata(raw)):
                    return bare, opened.width, opened.height
                picture = opened.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise UnusableAnswer(title, "the picture is damaged") from error
    buffer = io.BytesIO()
    picture.info.clear()
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue(), picture.width, picture.height


def _check_size(width: int, height: int, title: str) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MOST_SIDE_PX:
        raise UnusableAnswer(title, "the picture has too many pixels")
    if min(width, height) < LEAST_SIDE_PX:
        raise UnusableAnswer(title, "the picture is too small")


def _without_metadata(png: bytes) -> bytes:
    """The same pixels without any other chunk, and without the time that encoding takes; b"" when it cannot be done."""
    kept, at = [png[: len(_PNG)]], len(_PNG)
    while at + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        end = at + 12 + length
        if kind in (b"IHDR", b"IDAT", b"IEND"):
            kept.append(png[at:end])
        if kind in (b"IEND", b"tRNS"):
            return b"".join(kept) if kind == b"IEND" and end <= len(png) else b""
        at = end
    return b""


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
                raise UnusableAnswer(title, f"the picture's address answered {response.status}")
            if response.content_type not in _TYPES:
                raise UnusableAnswer(title, "it is not a picture")
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
