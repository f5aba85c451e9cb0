"""Pictures as they are sent: as they are stored where they are small enough, else as smaller copies marked alike."""

import asyncio
from typing import Final

from bot.core.marking import Marker
from engine.pictures import intake, provenance
from engine.pictures.source_types import said_in, xmp
from engine.recipes.picture_text import exif_comment

SAFE_UPLOAD_BYTES: Final = 2 * 1024 * 1024
"""What an attachment may have anywhere."""
MANIFEST_BYTES: Final = 64 * 1024
"""What a manifest of ours takes at most, with that of the picture before it; a provider's may take more."""


async def fitting(png: bytes, limit: int, marker: Marker) -> tuple[bytes, str]:
    """A stored picture as it may be sent, and its kind: as it is, or as a smaller copy that is marked too."""
    if len(png) <= limit:
        return png, "png"
    # A manifest has that of the stored picture in it, which a small limit has no room for.
    room = limit - MANIFEST_BYTES if limit > 4 * MANIFEST_BYTES else limit
    smaller = await asyncio.to_thread(as_webp, png, room)
    for parent in (png, b""):
        marked = await marker.smaller(smaller, said_in(png), parent)
        if len(marked) <= limit:
            return marked, "webp"
    return smaller, "webp"


def as_webp(png: bytes, limit: int) -> bytes:
    """The recipe goes along, for us and for other tools, and what the stored PNG's XMP says."""
    recipe = provenance.read(png)
    exif = exif_comment(provenance.parameters(recipe), provenance.to_text(recipe)) if recipe else b""
    return intake.to_webp(png, limit, exif, xmp(said_in(png)).encode())
