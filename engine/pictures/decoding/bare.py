"""The part of a PNG, JPEG, WebP, GIF, AVIF or HEIC that its pixels are made of, and its size; no pixel is decoded.

Text, EXIF, thumbnails, later frames and what hangs on behind are left out here, so that no decoder reads or unpacks
them; of the last two, whose parts point at each other, they stay where they are, and nobody asks for them. All that is
kept of EXIF is which side is up, and a colour profile goes beside the pixels. Every loop here is bounded by the length
of the file.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from engine.pictures.decoding import boxes
from engine.pictures.intake import BadPicture
from engine.recipes.picture_text import unpack
from engine.sayings import worded

Format = Literal["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIC"]

MAX_PARTS: Final = 4096
"""Chunks or segments of a picture that are looked at; those that hold PNG pixels are not counted."""
MAX_PIXEL_PARTS: Final = 2**16
MAX_SCANS: Final = 64
"""Scans of a JPEG: encoders write about ten, and each is a pass over all its pixels."""
MAX_SCANNED_PIXELS: Final = 1_000_000_000
"""Pixels of a JPEG times its scans."""
MAX_EXIF: Final = 2**16
MAX_PROFILE: Final = 4 * 2**20
"""Bytes of a colour profile; the largest, those of printing presses, have three MiB. A larger one is left out."""
MAX_HEAD: Final = 2**20
"""How far into a JPEG its size is looked for before it is taken apart."""
UNREADABLE: Final = worded("That file is not a picture I can read. Send a PNG, JPEG, WebP, GIF or AVIF.")
DAMAGED: Final = worded("That picture is damaged or incomplete. Save it again as PNG or JPEG and retry.")
CROWDED: Final = worded("That picture holds too many parts to unpack. Save it again as a plain PNG or JPEG and retry.")

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_GIF: Final = (b"GIF87a", b"GIF89a")
_SIZES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""The markers of a JPEG that say its size."""
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The next marker among a scan's data, where FF 00 is a byte and FF D0 to FF D7 are no end."""
_WEBP_COUNTS: Final = 2
"""A pixel of a WebP takes 16 bytes while it is decoded, twice what one of a PNG or JPEG takes at the most."""
_ANIMATED, _SEE_THROUGH = 0x02, 0x10
_ORIENTATION: Final = 0x0112


@dataclass(frozen=True, slots=True)
class Bare:
    """A picture without anything but its pixels. `orientation` is EXIF's, 1 for upright; sides in pixels as stored.

    `profile` is its colour profile, b"" for none.
    """

    format: Format
    data: bytes
    width: int
    height: int
    orientation: int = 1
    profile: bytes = b""

    @property
    def counted(self) -> int:
        """Its pixels by the memory that they take; those of a WebP or AVIF count twice or more."""
        return self.width * self.height * _counts(self.data)


def bare(raw: bytes) -> Bare:
    """Raises BadPicture for what is no such picture, is cut off, or holds more than its pixels could need."""
    if raw.startswith(_PNG):
        return _bare_png(raw)
    if raw.startswith(_JPEG):
        return _bare_jpeg(raw)
    if _is_webp(raw):
        return _bare_webp(raw)
    if raw[:6] in _GIF:
        return _bare_gif(raw)
    if boxed := boxes.kind(raw):
        return _bare_boxes(boxed, raw)
    raise BadPicture(UNREADABLE)


def size(raw: bytes) -> tuple[int, int]:
    """The width and height that the file claims, (0, 0) where it claims none. Takes microseconds."""
    try:
        if raw.startswith(_PNG):
            width, height = struct.unpack_from(">II", raw, 16)
            return width, height
        if raw.startswith(_JPEG):
            return next((size for _, size, *_ in _segments(raw[:MAX_HEAD]) if size), (0, 0))
        if raw[:6] in _GIF:
            wide, high = struct.unpack_from("<HH", raw, 6)
            return wide, high
        if boxes.kind(raw):
            return boxes.size(raw)
        return _webp_size(raw[12:16], raw[20:30])
    except (struct.error, BadPicture):
        return 0, 0


def counted(raw: bytes) -> int:
    """The pixels that the file claims as `Bare.counted` counts them, 0 where it claims none. Takes microseconds."""
    width, height = size(raw)
    return width * height * _counts(raw)


def _counts(raw: bytes) -> int:
    if _is_webp(raw):
        return _WEBP_COUNTS
    return boxes.counts(raw) if boxes.kind(raw) else 1


def _is_webp(raw: bytes) -> bool:
    return raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"


def _bare_png(raw: bytes) -> Bare:
    kept, data, exif, profile = [_PNG], [], b"", b""
    for number, (kind, start, end) in enumerate(_png_chunks(raw)):
        if (number == 0) != (kind == b"IHDR") or (number == 0 and end - start != 13):
            raise BadPicture(DAMAGED)
        if kind == b"IDAT":
            data.append(raw[start:end])
        elif kind in (b"IHDR", b"PLTE", b"tRNS") and not data:
            kept.append(raw[start - 8 : end + 4])
        elif kind == b"eXIf":
            exif = exif or raw[start : min(end, start + MAX_EXIF)]
        elif kind == b"iCCP" and not profile and end - start <= MAX_PROFILE:
            profile = unpack(raw[start:end].partition(b"\0")[2][1:], MAX_PROFILE) or b""
    if not data:
        raise BadPicture(DAMAGED)
    width, height = struct.unpack_from(">II", raw, 16)
    # One chunk instead of thousands: Pillow reads each in Python.
    whole = (*kept, _png_chunk(b"IDAT", b"".join(data)), _png_chunk(b"IEND", b""))
    return Bare("PNG", b"".join(whole), width, height, orientation(exif), profile)


def _png_chunks(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk's data, IEND left out."""
    at, others, of_pixels = len(_PNG), 0, 0
    while at + 12 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, at)
        start, at = at + 8, at + 12 + length
        if kind == b"IEND":
            return
        if at > len(raw):
            raise BadPicture(DAMAGED)
        of_pixels += kind == b"IDAT"
        others += kind != b"IDAT"
        if others > MAX_PARTS or of_pixels > MAX_PIXEL_PARTS:
            raise BadPicture(CROWDED)
        yield kind, start, start + length


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _bare_jpeg(raw: bytes) -> Bare:
    kept, exif, sizes, scans, profile = [raw[:2]], b"", [], 0, dict[int, bytes]()
    for marker, size, start, end in _segments(raw):
        if marker == 0xE1 and raw[start + 4 : start + 10] == b"Exif\0\0":
            exif = exif or raw[start + 10 : end]
        elif marker == 0xE2 and raw[start + 4 : start + 16] == b"ICC_PROFILE\0" and end - start > 18:
            profile.setdefault(raw[start + 16], raw[start + 18 : end])
        # Of what applications add, JFIF's and Adobe's own say which colours the numbers stand for.
        if not (0xE1 <= marker <= 0xEF and marker != 0xEE) and marker != 0xFE:
            kept.append(raw[start:end])
        sizes += [size] if size else []
        scans += marker == 0xDA
    if len(sizes) != 1 or not scans:
        raise BadPicture(DAMAGED)
    width, height = sizes[0]
    if scans > MAX_SCANS or scans * width * height > MAX_SCANNED_PIXELS:
        raise BadPicture(CROWDED)
    whole = b"".join(profile[number] for number in sorted(profile))
    whole = whole if len(whole) <= MAX_PROFILE else b""
    return Bare("JPEG", b"".join(kept), width, height, orientation(exif), whole)


def _segments(raw: bytes) -> Iterator[tuple[int, tuple[int, int] | None, int, int]]:
    """Marker, size where it says one (width, height), start and end of each segment; a scan's end is behind its data.

    Ends behind the first end of the picture, or with what is there of the last scan when it is cut off.
    """
    at = 2
    for _ in range(MAX_PARTS):
        at = _behind_fill(raw, at)
        if at + 2 > len(raw):
            return
        marker = raw[at + 1]
        if raw[at] != 0xFF or marker == 0xD8:
            raise BadPicture(DAMAGED)
        if marker == 0xD9:
            yield marker, None, at, at + 2
            return
        end = at + 2 if marker == 0x01 or 0xD0 <= marker <= 0xD7 else _segment_end(raw, at)
        size = None
        if marker in _SIZES and end - at >= 9:
            height, width = struct.unpack_from(">HH", raw, at + 5)
            size = (width, height)
        if marker == 0xDA:
            found = _MARKER.search(raw, end)
            end = found.start() if found else len(raw)
        yield marker, size, at, end
        at = end
    raise BadPicture(CROWDED)


def _behind_fill(raw: bytes, at: int) -> int:
    """Any number of FF may stand before a marker."""
    if raw[at : at + 2] != b"\xff\xff":
        return at
    rest = _NOT_FILL.search(raw, at)
    return rest.start() - 1 if rest else len(raw)


_NOT_FILL: Final = re.compile(rb"[^\xff]")


def _segment_end(raw: bytes, at: int) -> int:
    if at + 4 > len(raw):
        raise BadPicture(DAMAGED)
    (length,) = struct.unpack_from(">H", raw, at + 2)
    if length < 2 or at + 2 + length > len(raw):
        raise BadPicture(DAMAGED)
    return int(at + 2 + length)


def _bare_webp(raw: bytes) -> Bare:
    found: dict[bytes, bytes] = {}
    for kind, start, end in _webp_chunks(raw):
        if kind == b"EXIF":
            found.setdefault(kind, raw[start + 8 : min(end, start + 8 + MAX_EXIF)])
        elif kind == b"ICCP" and end - start <= MAX_PROFILE:
            found.setdefault(kind, raw[start + 8 : end])
        elif kind in (b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"):
            found.setdefault(kind, raw[start:end])
    head = found.get(b"VP8X", b"")[8:]
    flags = head[0] if head else 0
    kinds = (b"ANIM", b"ANMF") if flags & _ANIMATED else (b"ALPH", b"VP8 ") if b"VP8 " in found else (b"VP8L",)
    parts = [found[kind] for kind in kinds if kind in found]
    if not parts or (flags & _ANIMATED and len(parts) < 2):
        raise BadPicture(DAMAGED)
    if head:
        parts.insert(0, b"VP8X" + struct.pack("<I", 10) + bytes([flags & (_ANIMATED | _SEE_THROUGH)]) + head[1:10])
    body = b"WEBP" + b"".join(part + b"\0" * (len(part) % 2) for part in parts)
    width, height = _webp_size(parts[0][:4], parts[0][8:18])
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    turned = orientation(found.get(b"EXIF", b"").removeprefix(b"Exif\0\0"))
    return Bare("WEBP", data, width, height, turned, found.get(b"ICCP", b""))


def _bare_gif(raw: bytes) -> Bare:
    """The first of its pictures, with what says which colour of that is see-through."""
    width, height, flags = struct.unpack_from("<HHB", raw.ljust(13, b"\0"), 6)
    at = 13 + _colours(flags)
    head, control = raw[:at], b""
    for _ in range(MAX_PARTS):
        if raw[at : at + 1] == b"\x2c" and at + 10 <= len(raw):
            end = _behind_blocks(raw, at + 11 + _colours(raw[at + 9]))
            return Bare("GIF", head + control + raw[at:end] + b"\x3b", width, height)
        if raw[at : at + 1] != b"\x21":
            raise BadPicture(DAMAGED)
        end = _behind_blocks(raw, at + 2)
        control = raw[at:end] if raw[at + 1 : at + 2] == b"\xf9" else control
        at = end
    raise BadPicture(CROWDED)


def _colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_blocks(raw: bytes, at: int) -> int:
    """Where blocks end, each of which begins with its length; the last has none. They may be cut off."""
    for _ in range(MAX_PIXEL_PARTS):
        if at >= len(raw) or not raw[at]:
            return min(at + 1, len(raw))
        at += 1 + raw[at]
    raise BadPicture(CROWDED)


def _bare_boxes(kind: Literal["AVIF", "HEIC"], raw: bytes) -> Bare:
    """Its profile and which side is up are what its decoder says."""
    width, height = boxes.size(raw)
    if not width or not height:
        raise BadPicture(DAMAGED)
    return Bare(kind, raw, width, height)


def _webp_chunks(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk, its head included."""
    at, last = 12, min(len(raw), struct.unpack_from("<I", raw, 4)[0] + 8)
    for _ in range(MAX_PARTS):
        if at + 8 > last:
            return
        kind, length = struct.unpack_from("<4sI", raw, at)
        if at + 8 + length > len(raw):
            raise BadPicture(DAMAGED)
        yield kind, at, at + 8 + length
        at += 8 + length + length % 2
    raise BadPicture(CROWDED)


def _webp_size(kind: bytes, head: bytes) -> tuple[int, int]:
    """The width and height by the first ten bytes of a chunk's data."""
    if len(head) >= 10 and kind == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if len(head) >= 10 and kind == b"VP8 ":
        wide, high = struct.unpack_from("<HH", head, 6)
        return wide & 0x3FFF, high & 0x3FFF
    if len(head) >= 5 and kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise BadPicture(DAMAGED)


def orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, that EXIF data ("Exif" header left out) gives; 1 where it gives none that is right."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, at)
        for number in range(entries):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, at + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if kind == 3 and count == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
