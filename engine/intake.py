"""Pictures that people hand in: checked, decoded and re-encoded before anything else sees them.

Everything here is blocking and belongs in a thread. What comes out carries no EXIF, no GPS and no text chunks.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
MIN_SIDE_PX: Final = 32
KEPT_SIDE_PX: Final = 2048
FORMATS: Final = ("PNG", "JPEG", "WEBP")


class BadPicture(Exception):
    """A picture that cannot be used; `str()` is a sentence that says why and what to send instead."""


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture as PNG bytes (RGB), freshly encoded; sides in pixels."""

    png: bytes
    width: int
    height: int


def clean(raw: bytes) -> CleanPicture:
    """Decode `raw` (PNG, JPEG or WebP), turn it upright and encode it anew, its long side at most 2,048 px.

    The size is read from the header and refused before any pixel is decoded.
    Raises BadPicture.
    """
    if len(raw) > MAX_BYTES:
        raise BadPicture(f"That file has {len(raw) / 2**20:.0f} MiB; pictures may have at most 10 MiB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
                _check_size(*opened.size)
                picture = ImageOps.exif_transpose(opened).convert("RGB")
    except BadPicture:
        raise
    except Image.DecompressionBombError as error:
        raise BadPicture(_too_large()) from error
    except UnidentifiedImageError as error:
        raise BadPicture("That file is not a picture I can read. Send a PNG, JPEG or WebP.") from error
    except (OSError, ValueError, SyntaxError, MemoryError, OverflowError) as error:
        raise BadPicture("That picture is damaged or incomplete. Save it again as PNG or JPEG and retry.") from error
    picture.thumbnail((KEPT_SIDE_PX, KEPT_SIDE_PX), Image.Resampling.LANCZOS)
    return CleanPicture(encode_png(picture), *picture.size)


def encode_png(picture: Image.Image) -> bytes:
    """Encode without metadata."""
    buffer = io.BytesIO()
    Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(buffer, "PNG")
    return buffer.getvalue()


def to_webp(png: bytes, limit: int, exif: bytes = b"") -> bytes:
    """The picture as WebP of at most `limit` bytes, at the best quality that fits; `exif` goes in as it is.

    Raises BadPicture when even a small one is too large.
    """
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        picture = opened.convert("RGB")
    for quality in (95, 90, 80, 60, 40):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=4, exif=exif)
        if buffer.tell() <= limit:
            return buffer.getvalue()
    while min(picture.size) > MIN_SIDE_PX:
        picture = picture.resize((max(1, picture.width // 2), max(1, picture.height // 2)), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=80, method=4, exif=exif)
        if buffer.tell() <= limit:
            return buffer.getvalue()
    raise BadPicture("This server's upload limit is too small for the portrait; it stays in /portraits.")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise BadPicture(f"That picture is {width:,} × {height:,}. " + _too_large())
    if min(width, height) < MIN_SIDE_PX:
        raise BadPicture(f"That picture is only {width} × {height}; each side needs at least {MIN_SIDE_PX} pixels.")


def _too_large() -> str:
    return "Pictures may have at most 40 megapixels; scale it down and send it again."
