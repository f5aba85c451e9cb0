"""Text that travels inside pictures: PNG text chunks and the EXIF comment of JPEG and WebP. Never decodes a pixel.

Everything read here may be hostile: a size is looked at before anything of that size is read or unpacked, and only the
texts that are asked for are unpacked at all, the first of each keyword. What strangers hand in is read in a process
apart (`engine.pictures.decoding`).
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

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_USER_COMMENT: Final = 0x9286
_EXIF_IFD: Final = 0x8769
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD9)})


def texts(raw: bytes, wanted: Collection[str] = (RECIPE, PARAMETERS)) -> dict[str, str]:
    """The wanted texts of a PNG by keyword; of a JPEG or WebP the EXIF comment as "parameters". {} for anything else.

    Reads `raw` without decoding it, so a picture that is damaged elsewhere still gives its texts.
    """
    if raw.startswith(_PNG):
        return _png_texts(raw, wanted)
    if raw.startswith(_JPEG):
        return _comment(b"".join(_jpeg_exif(raw)))
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return _comment(b"".join(_webp_exif(raw)))
    return {}


def with_texts(png: bytes, added: Mapping[str, str]) -> bytes:
    """The PNG with these texts behind its header, those of the same keywords replaced; pixels are not touched.

    Keywords are 1–79 characters of Latin-1. Raises ValueError when `png` is no PNG.
    """
    if not png.startswith(_PNG):
        raise ValueError("Only a PNG can be given texts.")
    kept, end = [_PNG], len(_PNG)
    for kind, start, end in _png_chunks(png):
        if kind in {b"tEXt", b"zTXt", b"iTXt"} and png[start:end].partition(b"\0")[0].decode("latin-1") in added:
            continue
        kept.append(png[start - 8 : end + 4])
        if kind == b"IHDR":
            kept += [_text_chunk(keyword, text) for keyword, text in added.items()]
    return b"".join((*kept, png[end + 4 :]))


def exif_comment(text: str) -> bytes:
    """The text as EXIF data ("Exif" header left out) with a UserComment, as Pillow's `save(exif=…)` takes it."""
    exif = Image.Exif()
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be", "replace")
    return exif.tobytes()


def _png_chunks(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk's data, up to the first that does not fit."""
    position = len(_PNG)
    for _ in range(MAX_PARTS):
        if position + 12 > len(raw):
            return
        length, kind = struct.unpack_from(">I4s", raw, position)
        start = position + 8
        if start + length + 4 > len(raw):
            return
        yield kind, start, start + length
        position = start + length + 4


def _png_texts(raw: bytes, wanted: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    exif: dict[str, str] = {}
    tries = 0
    for kind, start, end in _png_chunks(raw):
        if kind == b"eXIf" and not exif:
            exif = _comment(raw[start : min(end, start + MAX_TEXT + 257)])
        if kind not in {b"tEXt", b"zTXt", b"iTXt"} or end - start > MAX_TEXT + 256:
            continue
        keyword = raw[start : min(end, start + 80)].partition(b"\0")[0].decode("latin-1")
        if keyword not in wanted or keyword in found or tries == MAX_TRIES:
            continue
        tries += 1
        text = _chunk_text(kind, raw[start + len(keyword) + 1 : end])
        if text is not None:
            found[keyword] = text
    return exif | found


def _chunk_text(kind: bytes, body: bytes) -> str | None:
    if kind == b"tEXt":
        return body.decode("latin-1") if len(body) <= MAX_TEXT else None
    if kind == b"zTXt":
        unpacked = _unpacked(body[1:])
        return None if unpacked is None else unpacked.decode("latin-1")
    packed, _language, _translated, text = body[:1], *_three(body[2:])
    plain = _unpacked(text) if packed == b"\1" else text if len(text) <= MAX_TEXT else None
    return None if plain is None else plain.decode("utf-8", "replace")


def _three(body: bytes) -> tuple[bytes, bytes, bytes]:
    language, _, rest = body.partition(b"\0")
    translated, _, text = rest.partition(b"\0")
    return language, translated, text


def _unpacked(packed: bytes) -> bytes | None:
    """Unpack at most MAX_TEXT bytes; None for more, or for what is damaged."""
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(packed, MAX_TEXT + 1)
    except zlib.error:
        return None
    return plain if len(plain) <= MAX_TEXT else None


def _text_chunk(keyword: str, text: str) -> bytes:
    name = keyword.encode("latin-1")
    try:
        kind, data = b"tEXt", name + b"\0" + text.replace("\0", " ").encode("latin-1")
    except UnicodeEncodeError:
        kind, data = b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8", "replace")
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _jpeg_exif(raw: bytes) -> Iterator[bytes]:
    position = 2
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
        body = raw[position + 4 : position + 2 + length]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            yield body[6:]
            return
        position += 2 + max(length, 2)


def _webp_exif(raw: bytes) -> Iterator[bytes]:
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > len(raw):
            return
        kind, length = struct.unpack_from("<4sI", raw, position)
        if kind == b"EXIF":
            if length <= MAX_TEXT + 256:
                yield raw[position + 8 : position + 8 + length].removeprefix(b"Exif\0\0")
            return
        position += 8 + length + length % 2


def _comment(exif_data: bytes) -> dict[str, str]:
    """The UserComment of EXIF data as {PARAMETERS: …}; {} when there is none that can be read."""
    if not exif_data or len(exif_data) > MAX_TEXT + 256:
        return {}
    exif = Image.Exif()
    try:
        exif.load(exif_data)
        comment = exif.get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    except (SyntaxError, ValueError, KeyError, TypeError, IndexError, OSError, OverflowError, struct.error):
        return {}
    if isinstance(comment, str):
        return {PARAMETERS: comment}
    return {PARAMETERS: _decoded(comment)} if isinstance(comment, bytes) and len(comment) > 8 else {}


def _decoded(comment: bytes) -> str:
    code, text = comment[:8], comment[8:]
    if code == b"UNICODE\0":
        # Other tools write either byte order; Latin letters tell which.
        order = "utf-16-le" if text[1:2] == b"\0" else "utf-16-be"
        return text.decode(order, "replace")
    return text.decode("utf-8", "replace").strip("\0")
