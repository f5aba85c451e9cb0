"""What the process apart can do to a picture: one function a kind of job, in `JOBS`.

Each takes the file as it came and gives bytes back, and facts that JSON can hold. A new kind is a function and a line
in the table; what it imports beyond Pillow it imports inside itself, so that the process starts in a tenth of a second.
All of it may raise BadPicture, or anything: the process turns that into a sentence.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from engine.pictures.decoding.bare import (
    DAMAGED,
    MAX_EXIF,
    MAX_PROFILE,
    UNREADABLE,
    Bare,
    bare,
    counted,
    orientation,
    size,
)
from engine.pictures.decoding.colour_management import seen
from engine.pictures.intake import KEPT_SIDE_PX, MAX_PIXELS, MIN_SIDE_PX, BadPicture, encode_png
from engine.pictures.source_types import SourceType, xmp
from engine.sayings import worded

PREVIEW_SIDE_PX: Final = 512
MOST_SENT_SIDE_PX: Final = 16_384
LEAST_SENT_SIDE_PX: Final = 8
NO_HEIC: Final = worded("I cannot read HEIC pictures here. Save it as JPEG and send it again.")
_T = Image.Transpose
_UPRIGHT: Final = {
    2: _T.FLIP_LEFT_RIGHT,
    3: _T.ROTATE_180,
    4: _T.FLIP_TOP_BOTTOM,
    5: _T.TRANSPOSE,
    6: _T.ROTATE_270,
    7: _T.TRANSVERSE,
    8: _T.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Made:
    """What a job made."""

    content: bytes = b""
    facts: Mapping[str, Any] = field(default_factory=dict)


def clean(raw: bytes) -> Made:
    """A PNG (RGB), upright, its long side at most 2,048 px; `width` and `height`."""
    if all(said := size(raw)):
        _check_size(*said, counted(raw))
    source = bare(raw)
    picture, turned = _pixels(source, within=_kept_size(source.width, source.height))
    picture.thumbnail((KEPT_SIDE_PX, KEPT_SIDE_PX), Image.Resampling.LANCZOS)
    if turned in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[turned])
    return Made(encode_png(picture), {"width": picture.width, "height": picture.height})


def plain(raw: bytes) -> Made:
    """A PNG (RGB) with all the pixels that there are, and nothing beside them; `width` and `height`."""
    source = _bounded(raw)
    picture, _ = _pixels(source)
    facts = {"width": picture.width, "height": picture.height}
    if _is_plain(source):
        return Made(source.data, facts)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    return Made(buffer.getvalue(), facts)


def preview(raw: bytes) -> Made:
    """A small JPEG."""
    picture, _ = _pixels(_bounded(raw))
    factor = max(1, -(-max(picture.size) // PREVIEW_SIDE_PX))
    buffer = io.BytesIO()
    # A third of the time that a filter takes, and nobody sees the difference in a passing preview.
    picture.reduce(factor).save(buffer, "JPEG", quality=80, xmp=xmp(SourceType.TRAINED).encode())
    return Made(buffer.getvalue())


def recipe(raw: bytes) -> Made:
    """What the picture says of how it was made: `own` as we wrote it, or `found` as another tool did."""
    from engine.recipes import UnreadableRecipe
    from engine.recipes.embedded_recipe import embedded_in

    try:
        told = embedded_in(raw)
    except UnreadableRecipe as error:
        raise BadPicture(str(error)) from None
    return Made(facts={"own": told.own, "found": None if told.found is None else asdict(told.found)})


def faces(raw: bytes) -> Made:
    """The faces that are looked for first; see `engine.faces.identity`. For pictures of our own making alone."""
    from engine.faces import identity

    return Made(facts={"faces": [identity.facts_of(face) for face in identity.looked(raw)]})


def every_face(raw: bytes) -> Made:
    """Small ones too."""
    from engine.faces import identity

    return Made(facts={"faces": [identity.facts_of(face) for face in identity.looked(raw, thorough=True)]})


def sexual(raw: bytes, model: str = "") -> Made:
    """How sexual the picture is, as `score`; see `engine.safety`. `model` is the file of an operator's own."""
    from engine.safety.onnx_scores import scorer

    picture, _ = _pixels(_bounded(raw))
    return Made(facts={"score": scorer(model)(picture)})


def review(raw: bytes, prompt: str, references: str, kind: str) -> Made:
    """The portrait's review as data; see `engine.review`. Of our own making, so nothing that lies is expected."""
    import json

    import numpy as np

    from engine.prompt import from_json
    from engine.review.judged_parts import as_data
    from engine.review.portrait_review import reviewed

    picture, _ = _pixels(_bounded(raw))
    embeddings = [[bytes.fromhex(one) for one in each] for each in json.loads(references)]
    photographic = kind == "photographic"
    found = reviewed(np.asarray(picture), from_json(prompt), embeddings, photographic=photographic)
    return Made(facts=as_data(found))


JOBS: Final[Mapping[str, Callable[..., Made]]] = {
    "clean": clean,
    "plain": plain,
    "preview": preview,
    "recipe": recipe,
    "faces": faces,
    "every face": every_face,
    "sexual": sexual,
    "review": review,
}


def _pixels(source: Bare, within: tuple[int, int] | None = None) -> tuple[Image.Image, int]:
    """The pixels (RGB) as they are seen, on white, and their orientation.

    A JPEG is decoded no larger than twice `within`.
    """
    with _opened(source) as opened:
        if within is not None:
            opened.draft(None, within)
        opened.load()
        turned, profile = source.orientation, source.profile
        if source.format in ("AVIF", "HEIC"):
            turned, profile = _told_by_decoder(opened)
        picture = seen(opened, profile)
    picture.info.clear()
    return picture, turned


def _told_by_decoder(opened: ImageFile.ImageFile) -> tuple[int, bytes]:
    """The orientation and the profile that it found among the boxes."""
    exif, profile = opened.info.get("exif") or b"", opened.info.get("icc_profile") or b""
    turned = orientation(exif[:MAX_EXIF].removeprefix(b"Exif\0\0"))
    return turned, profile if len(profile) <= MAX_PROFILE else b""


def _opened(source: Bare) -> ImageFile.ImageFile:
    """The picture with its header read; its format's own reader is asked and no other."""
    file = io.BytesIO(source.data)
    opened: ImageFile.ImageFile
    match source.format:
        case "PNG":
            opened = PngImagePlugin.PngImageFile(file)
        case "JPEG":
            opened = JpegImagePlugin.JpegImageFile(file)
        case "WEBP":
            opened = WebPImagePlugin.WebPImageFile(file)
        case "GIF":
            opened = GifImagePlugin.GifImageFile(file)
        case "AVIF":
            opened = _opened_avif(file)
        case "HEIC":
            opened = _opened_heic(file)
    # Who decodes HEIC turns it upright at once.
    sizes = [opened.size, opened.size[::-1]] if source.format == "HEIC" else [opened.size]
    if (source.width, source.height) not in sizes:
        raise BadPicture(DAMAGED)
    return opened


def _opened_avif(file: io.BytesIO) -> ImageFile.ImageFile:
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each would reserve memory of its own
    if not AvifImagePlugin.SUPPORTED:
        raise BadPicture(UNREADABLE)
    return AvifImagePlugin.AvifImageFile(file)


def _opened_heic(file: io.BytesIO) -> ImageFile.ImageFile:
    """Where the package for it is installed; Pillow alone has no decoder."""
    try:
        from pi_heif import as_plugin, options
    except ImportError:
        raise BadPicture(NO_HEIC) from None
    options.DECODE_THREADS = 1
    opened: ImageFile.ImageFile = as_plugin.HeifImageFile(file)
    return opened


def _is_plain(source: Bare) -> bool:
    """Whether it is a PNG of eight bits a colour already, without transparency or a profile."""
    eight_bits = source.format == "PNG" and source.data[24:26] == b"\x08\x02" and source.data[37:41] == b"IDAT"
    return eight_bits and not source.profile


def _kept_size(width: int, height: int) -> tuple[int, int]:
    """Rounded down: what is made of it is no smaller."""
    most = max(width, height, KEPT_SIDE_PX)
    return width * KEPT_SIDE_PX // most, height * KEPT_SIDE_PX // most


def _bounded(raw: bytes) -> Bare:
    """What a provider sent may have any shape that the page that shows it can hold."""
    source = bare(raw)
    longest, shortest = max(source.width, source.height), min(source.width, source.height)
    if source.counted > MAX_PIXELS or longest > MOST_SENT_SIDE_PX or shortest < LEAST_SENT_SIDE_PX:
        raise BadPicture(_too_large())
    return source


def _check_size(width: int, height: int, counts: int) -> None:
    if counts > MAX_PIXELS:
        raise BadPicture(
            worded("That picture is {width:,} × {height:,}. {most}", width=width, height=height, most=_too_large())
        )
    if min(width, height) < MIN_SIDE_PX:
        raise BadPicture(
            worded(
                "That picture is only {width} × {height}; each side needs at least {least} pixels.",
                width=width,
                height=height,
                least=MIN_SIDE_PX,
            )
        )
    if min(_kept_size(width, height)) < MIN_SIDE_PX:
        raise BadPicture(
            worded(
                "That picture is {width:,} × {height:,}, which is too narrow. "
                "Its long side may be at most {most} times its short one.",
                width=width,
                height=height,
                most=KEPT_SIDE_PX // MIN_SIDE_PX,
            )
        )


def _too_large() -> str:
    return worded("Pictures may have at most 40 megapixels, WebP, AVIF and HEIC 20; scale it down and send it again.")
