"""Text in a PNG's own chunks, and the EXIF data that goes into a WebP. Never decodes a pixel.

Everything read here may be hostile: a size is looked at before anything of that size is read or unpacked, and only the
texts that are asked for are unpacked at all, the first of each keyword. What strangers hand in is read in a process
apart (`engine.pictures.decoding`); where else other tools put texts is in `engine.recipes.places`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from PIL import Image

MAX_TEXT: Final = 64 * 1024
"""The longest text that is read, in bytes after unpacking; a longer one is passed over."""
MAX_PARTS: Final = 4096
"""How many chunks or segments of a picture are looked at."""

RECIPE: Final = "likeness"
PARAMETERS: Final = "parameters"
MAX_TRIES: Final = 16
"""How many chunks of the keywords that are asked for are unpacked at most; of those, all but one each are damaged."""
PNG: Final = b"\x89PNG\r\n\x1a\n"
OURS: Final = b"Likeness\0"
"""What a maker note of ours begins with; behind it stands the recipe as UTF-8."""

_TEXT_KINDS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_EXIF_IFD, _USER_COMMENT, _MAKER_NOTE = 0x8769, 0x9286, 0x927C


def texts(
    raw: bytes, wanted: Collection[str] = (RECIPE, PARAMETERS), *, most: int = MAX_TEXT, tries: int = MAX_TRIES
) -> dict[str, str]:
    """The wanted texts of a PNG by keyword, each of at most `most` bytes; {} for anything else.

    Reads `raw` without decoding it, so a picture that is damaged elsewhere still gives its texts.
    """
    found: dict[str, str] = {}
    for keyword, kind, start, end in _text_chunks(raw):
        if keyword not in wanted or keyword in found or end - start > most + 256:
            continue
        tries -= 1
        if tries < 0:
            break
        text = _chunk_text(kind, raw[start:end], most)
        if text is not None:
            found[keyword] = text
    return found


def keywords(raw: bytes) -> set[str]:
    """The keywords of all texts of a PNG, those too that are too long or damaged."""
    return {keyword for keyword, *_ in _text_chunks(raw)}


def with_texts(png: bytes, added: Mapping[str, str]) -> bytes:
    """The PNG with these texts behind its header, those of the same keywords replaced; pixels are not touched.

    Keywords are 1–79 characters of Latin-1. Raises ValueError when `png` is no PNG.
    """
    if not png.startswith(PNG):
        raise ValueError("Only a PNG can be given texts.")
    kept, end = [PNG], len(PNG)
    for kind, start, end in chunks(png):
        if kind in _TEXT_KINDS and png[start:end].partition(b"\0")[0].decode("latin-1") in added:
            continue
        kept.append(png[start - 8 : end + 4])
        if kind == b"IHDR":
            kept += [_text_chunk(keyword, text) for keyword, text in added.items()]
    return b"".join((*kept, png[end + 4 :]))


def exif_comment(text: str, recipe: str = "") -> bytes:
    """EXIF data ("Exif" header left out) as Pillow's `save(exif=…)` takes it: the text as the comment that other tools
    read, and our own recipe as the maker's note."""
    exif = Image.Exif()
    inner = exif.get_ifd(_EXIF_IFD)
    inner[_USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be", "replace")
    if recipe:
        inner[_MAKER_NOTE] = OURS + recipe.encode("utf-8", "replace")
    return exif.tobytes()


def chunks(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk's data of a PNG, up to the first that does not fit."""
    position = len(PNG)
    for _ in range(MAX_PARTS):
        if position + 12 > len(raw):
            return
        length, kind = struct.unpack_from(">I4s", raw, position)
        start = position + 8
        if start + length + 4 > len(raw):
            return
        yield kind, start, start + length
        position = start + length + 4


def _text_chunks(raw: bytes) -> Iterator[tuple[str, bytes, int, int]]:
    """Keyword and kind of each text of a PNG, start and end of what stands behind the keyword."""
    if not raw.startswith(PNG):
        return
    for kind, start, end in chunks(raw):
        if kind in _TEXT_KINDS:
            keyword = raw[start : min(end, start + 80)].partition(b"\0")[0]
            yield keyword.decode("latin-1"), kind, min(end, start + len(keyword) + 1), end


def _chunk_text(kind: bytes, body: bytes, most: int) -> str | None:
    if kind == b"tEXt":
        return _latin(body) if len(body) <= most else None
    if kind == b"zTXt":
        unpacked = unpack(body[1:], most)
        return None if unpacked is None else _latin(unpacked)
    packed, _language, _translated, text = body[:1], *_three(body[2:])
    plain = unpack(text, most) if packed == b"\1" else text if len(text) <= most else None
    return None if plain is None else plain.decode("utf-8", "replace")


def _latin(text: bytes) -> str:
    """By the standard it is Latin-1; tools that don't know that write UTF-8, which Latin-1 never looks like."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _three(body: bytes) -> tuple[bytes, bytes, bytes]:
    language, _, rest = body.partition(b"\0")
    translated, _, text = rest.partition(b"\0")
    return language, translated, text


def unpack(packed: bytes, most: int) -> bytes | None:
    """Unpack at most `most` bytes; None for more, or for what is damaged."""
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(packed, most + 1)
    except zlib.error:
        return None
    return plain if len(plain) <= most else None


def _text_chunk(keyword: str, text: str) -> bytes:
    """Latin-1 beyond ASCII would be lawful in a tEXt too, but not every reader takes it for that."""
    name = keyword.encode("latin-1")
    if text.isascii():
        kind, data = b"tEXt", name + b"\0" + text.replace("\0", " ").encode()
    else:
        kind, data = b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8", "replace")
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
