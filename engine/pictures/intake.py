"""Pictures that people hand in: what may be handed in, what becomes of it, and how ours are encoded.

What is handed in is decoded in a process apart alone (`engine.pictures.decoding`). What comes back carries no EXIF, no
GPS and no text chunks.
"""

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from engine.sayings import worded

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
MIN_SIDE_PX: Final = 32
KEPT_SIDE_PX: Final = 2048


class BadPicture(Exception):
    """A picture that cannot be used; `str()` is a sentence that says why and what to send instead."""


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture as PNG bytes (RGB), freshly encoded; sides in pixels."""

    png: bytes
    width: int
    height: int


def encode_png(picture: Image.Image) -> bytes:
    """Encode without metadata."""
    buffer = io.BytesIO()
    Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(buffer, "PNG")
    return buffer.getvalue()


def to_webp(png: bytes, limit: int, exif: bytes = b"", xmp: bytes = b"") -> bytes:
    """The picture as WebP of at most `limit` bytes, at the best quality that fits; `exif` and `xmp` go in as they are.

    Raises BadPicture when even a small one is too large.
    """
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        picture = opened.convert("RGB")
    for quality in (95, 90, 80, 60, 40):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=4, exif=exif, xmp=xmp)
        if buffer.tell() <= limit:
            return buffer.getvalue()
    while min(picture.size) > MIN_SIDE_PX:
        picture = picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=80, method=4, exif=exif, xmp=xmp)
        if buffer.tell() <= limit:
            return buffer.getvalue()
    raise BadPicture(worded("This server's upload limit is too small for the portrait; it stays in /portraits."))
