"""How a decoded picture is seen: its colours in sRGB, sixteen bits as eight, and white where it is see-through.

It is done in strips, so that a large picture takes no more memory than it and its outcome.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

from PIL import Image

STRIP: Final = 1_000_000
"""Pixels that are worked on at once."""
_NEAR: Final = 3
"""Steps of 255 that nobody sees: a profile that changes colours by no more is left out."""
_SPACES: Final = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}

_Convert = Callable[[Image.Image], Image.Image]


def seen(picture: Image.Image, profile: bytes = b"") -> Image.Image:
    """The picture (RGB) as it looks to its sender; `profile` is its ICC profile, which is left out where it is none."""
    convert = _converter(_opaque_mode(picture), profile)
    if picture.mode == "RGB" and not _see_through(picture) and convert is _plainly:
        return picture.convert("RGB")
    made = Image.new("RGB", picture.size)
    rows = max(1, STRIP // max(1, picture.width))
    for top in range(0, picture.height, rows):
        box = (0, top, picture.width, min(picture.height, top + rows))
        made.paste(_strip(picture, box, convert), box)
    return made


def _strip(picture: Image.Image, box: tuple[int, int, int, int], convert: _Convert) -> Image.Image:
    part = picture.crop(box)
    if part.mode.startswith("I;16"):
        return convert(_eight_bits(part))
    if part.mode in ("I", "F"):
        return convert(part.convert("L"))
    if not _see_through(picture):
        return convert(part.convert(_opaque_mode(picture)))
    part.info = picture.info  # a palette's or a colour's transparency is said there
    with_alpha = part.convert("RGBA")
    alpha = with_alpha.getchannel("A")
    opaque = with_alpha.convert("RGB")
    shown = convert(opaque.convert("L") if _opaque_mode(picture) == "L" else opaque)
    made = Image.new("RGB", part.size, "white")
    made.paste(shown, mask=alpha)
    return made


def _see_through(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _opaque_mode(picture: Image.Image) -> str:
    """The mode that the colours of a picture are in, apart from how they are stored."""
    if picture.mode in ("1", "L", "LA", "La", "I", "F") or picture.mode.startswith("I;16"):
        return "L"
    return "CMYK" if picture.mode == "CMYK" else "RGB"


def _eight_bits(part: Image.Image) -> Image.Image:
    """The upper byte of each sixteen bits."""
    upper = slice(0, None, 2) if part.mode.endswith("B") else slice(1, None, 2)
    return Image.frombytes("L", part.size, part.tobytes()[upper])


def _plainly(part: Image.Image) -> Image.Image:
    return part.convert("RGB")


def _converter(mode: str, profile: bytes) -> _Convert:
    """What makes sRGB of colours in this mode; without a profile that says otherwise they are sRGB."""
    if not profile:
        return _plainly
    from PIL import ImageCms

    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if own.profile.xcolor_space != _SPACES[mode]:
            return _plainly
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(own, srgb, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
        probe = _probe(mode)
        shown = ImageCms.applyTransform(probe, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError):
        return _plainly
    if shown is None or _alike(shown, probe.convert("RGB")):
        return _plainly
    return lambda part: _applied(transform, part)


def _applied(transform: Any, part: Image.Image) -> Image.Image:
    from PIL import ImageCms

    return ImageCms.applyTransform(part, transform) or part.convert("RGB")


def _probe(mode: str) -> Image.Image:
    """Colours from all over the mode's space."""
    levels = range(0, 256, 51)
    probe = Image.new("RGB", (36, 6))
    probe.putdata([(red, green, blue) for blue in levels for red in levels for green in levels])
    return probe.convert(mode)


def _alike(one: Image.Image, other: Image.Image) -> bool:
    return all(abs(a - b) <= _NEAR for a, b in zip(one.tobytes(), other.tobytes(), strict=True))
