"""A small copy of a stored picture, for lists. Blocking; belongs in a thread."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from engine.pictures.source_types import said_in, xmp

LONGEST_PX: Final = 540
_QUALITY: Final = 78


def thumbnail(encoded: bytes, *, made: bool, longest_px: int = LONGEST_PX) -> bytes:
    """A WebP of at most `longest_px` a side, never larger than the picture.

    `made` says that the picture was made here: then the copy says so too, as the picture's own XMP does. Raises
    OSError for what is no picture.
    """
    with Image.open(io.BytesIO(encoded)) as opened:
        if opened.format == "JPEG":
            opened.draft("RGB", (longest_px, longest_px))
        picture = opened.convert("RGB")
    picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=2, xmp=xmp(said_in(encoded)).encode() if made else b"")
    return buffer.getvalue()
