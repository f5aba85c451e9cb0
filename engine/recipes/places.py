"""Where texts lie in a PNG, JPEG or WebP: text chunks, EXIF, XMP and comments, each under the name of its place.

Nothing is decoded, and every length is looked at before anything of that length is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from engine.recipes import exif, picture_text, xmp
from engine.recipes.exif import LIKENESS
from engine.recipes.found_recipe import Texts
from engine.recipes.picture_text import MAX_PARTS, MAX_TEXT, PARAMETERS, PNG, RECIPE

MAX_GRAPH: Final = 2**20
"""Bytes of a text that holds the nodes of a graph; the largest that people make have a third of that."""
GRAPHS: Final = frozenset({"prompt", "workflow", "invokeai_metadata", "parameters"})
KEYWORDS: Final = GRAPHS | {
    *("Comment", "comment", "Description", "Title", "Software", "Source", "Author", "UserComment", "fooocus_scheme"),
    *("Dream", "sd-metadata", "invokeai", "generation_data", "negative_prompt", "Negative Prompt", "Prompt", "seed"),
    *("Seed", "width", "Width", "height", "Height", "use_stable_diffusion_model", "Stable Diffusion model"),
    *("num_inference_steps", "Steps", "guidance_scale", "Guidance Scale", "sampler_name", "Sampler"),
}
XMP: Final = "XML:com.adobe.xmp"
MAX_TRIES: Final = 48
OURS_ALONE: Final = (RECIPE, LIKENESS)
OWN: Final = (*OURS_ALONE, PARAMETERS, "exif:UserComment")
"""Where a recipe of ours may stand, the last two in pictures that were made long ago or saved anew elsewhere."""

_JPEG: Final = b"\xff\xd8\xff"
_XAP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD9)})


def texts_in(raw: bytes) -> Texts:
    """All texts of a picture that a recipe may stand in; none for what is no picture of these kinds."""
    if raw.startswith(PNG):
        return _of_png(raw)
    if raw.startswith(_JPEG):
        return _gathered(_jpeg_parts(raw))
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return _gathered(_webp_parts(raw))
    return Texts({})


def _of_png(raw: bytes) -> Texts:
    keywords = picture_text.keywords(raw) & {*KEYWORDS, RECIPE, XMP}
    small = picture_text.texts(raw, keywords - GRAPHS, tries=MAX_TRIES)
    large = picture_text.texts(raw, keywords & GRAPHS, most=MAX_GRAPH, tries=len(GRAPHS))
    found = {**small, **large}
    if XMP in found:
        found |= xmp.texts(found.pop(XMP))
    data = next((raw[start:end] for kind, start, end in picture_text.chunks(raw) if kind == b"eXIf"), b"")
    others = exif.texts(data) if len(data) <= MAX_GRAPH else {}
    return Texts({**others, **found}, keywords - found.keys() - {XMP})


def _gathered(parts: Iterator[tuple[str, bytes]]) -> Texts:
    """The texts in the first part of each kind."""
    found: dict[str, str] = {}
    for kind, data in parts:
        match kind:
            case "exif":
                found = exif.texts(data) | found
            case "xmp" if len(data) <= MAX_TEXT:
                found = xmp.texts(data.decode("utf-8", "replace")) | found
            case "comment" if len(data) <= MAX_TEXT:
                found.setdefault("comment", exif.plain(data))
    if "xmp" in found:
        found = xmp.texts(found.pop("xmp")[:MAX_TEXT]) | found
    return Texts(found)


def _jpeg_parts(raw: bytes) -> Iterator[tuple[str, bytes]]:
    position, seen = 2, set[str]()
    for _ in range(MAX_PARTS):
        if position + 4 > len(raw) or raw[position] != 0xFF:
            return
        marker = raw[position + 1]
        if marker in _BARE_MARKERS or marker == 0xFF:
            position += 2 if marker != 0xFF else 1
            continue
        if marker in {0xDA, 0xD9}:
            return
        (length,) = struct.unpack_from(">H", raw, position + 2)
        kind, data = _segment(marker, raw[position + 4 : position + 2 + length])
        if kind and kind not in seen:
            seen.add(kind)
            yield kind, data
        position += 2 + max(length, 2)


def _segment(marker: int, body: bytes) -> tuple[str, bytes]:
    """What kind of part a segment of a JPEG is, "" for none that holds a text."""
    if marker == 0xFE:
        return "comment", body
    if marker == 0xE1 and body.startswith(b"Exif\0\0"):
        return "exif", body
    if marker == 0xE1 and body.startswith(_XAP):
        return "xmp", body[len(_XAP) :]
    return "", b""


def _webp_parts(raw: bytes) -> Iterator[tuple[str, bytes]]:
    position, seen = 12, set[bytes]()
    for _ in range(MAX_PARTS):
        if position + 8 > len(raw):
            return
        kind, length = struct.unpack_from("<4sI", raw, position)
        if kind in (b"EXIF", b"XMP ") and kind not in seen and length <= MAX_GRAPH:
            seen.add(kind)
            yield kind.decode().strip().lower(), raw[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
