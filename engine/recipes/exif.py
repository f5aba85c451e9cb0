"""The texts in EXIF data, wherever tools put them: in the first directory as well as in its own, in any byte order.

Reads only the few tags that it knows, with no more steps than there are entries.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from engine.recipes.picture_text import OURS

MOST_ENTRIES: Final = 512
MOST_TEXT: Final = 2**20
"""Bytes of one text."""

_INNER: Final = 0x8769
_TAGS: Final = {
    0x010E: "exif:ImageDescription",
    0x010F: "exif:Make",
    0x0110: "exif:Model",
    0x0131: "exif:Software",
    0x013B: "exif:Artist",
    0x02BC: "xmp",
    0x927C: "exif:MakerNote",
    0x9286: "exif:UserComment",
    0x9C9B: "exif:XPTitle",
    0x9C9C: "exif:XPComment",
}
_BYTES: Final = (1, 2, 7)
"""The types of entries that hold bytes."""
_WIDE: Final = ("exif:XPTitle", "exif:XPComment")
LIKENESS: Final = "exif:Likeness"
"""The place of our own recipe."""


def texts(data: bytes) -> dict[str, str]:
    """The texts of EXIF data, with or without its "Exif" header, by their places; {} for what is none."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return {}
    found: dict[str, str] = {}
    for at in _directories(data, order):
        for tag, value in _entries(data, order, at):
            place = _TAGS.get(tag, "")
            text = _text(place, value, order)
            if text and place not in found:
                found[LIKENESS if place.endswith("MakerNote") and value.startswith(OURS) else place] = text
    return found


def _directories(data: bytes, order: str) -> Iterator[int]:
    """Where the first directory stands, and the one that it points to."""
    (first,) = struct.unpack_from(f"{order}I", data, 4)
    yield first
    for tag, kind, count, value in _raw_entries(data, order, first):
        if tag == _INNER and kind in (4, 13) and count == 1:
            (inner,) = struct.unpack(f"{order}I", value)
            if inner != first:
                yield inner
            return


def _entries(data: bytes, order: str, at: int) -> Iterator[tuple[int, bytes]]:
    """Tag and bytes of each known entry of a directory."""
    for tag, kind, count, value in _raw_entries(data, order, at):
        if tag not in _TAGS or kind not in _BYTES or count > MOST_TEXT:
            continue
        if count > 4:
            (start,) = struct.unpack(f"{order}I", value)
            value = data[start : start + count]
        yield tag, value[:count]


def _raw_entries(data: bytes, order: str, at: int) -> Iterator[tuple[int, int, int, bytes]]:
    if at + 2 > len(data):
        return
    (entries,) = struct.unpack_from(f"{order}H", data, at)
    for number in range(min(entries, MOST_ENTRIES)):
        if at + 14 + 12 * number > len(data):
            return
        yield struct.unpack_from(f"{order}HHI4s", data, at + 2 + 12 * number)


def _text(place: str, value: bytes, order: str) -> str:
    if not place:
        return ""
    if place == "exif:UserComment":
        return comment(value, order)
    if place in _WIDE:
        return value.decode("utf-16-le", "replace").strip("\0 ")
    return plain(value.removeprefix(OURS))


def comment(value: bytes, order: str = ">") -> str:
    """A UserComment: eight bytes that name its letters, then the text. Some tools leave the eight bytes out."""
    code, rest = value[:8], value[8:]
    if code == b"UNICODE\0":
        return wide(rest, order)
    if code in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", bytes(8)):
        return plain(rest)
    if value[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return wide(value, order)
    return plain(value)


def plain(value: bytes) -> str:
    """Letters of one byte, or UTF-8."""
    value = value.rstrip(b"\0 ")
    if value[:1] == b"\0" or value[1:2] == b"\0":  # it says one thing and is another
        return wide(value + b"\0" * (len(value) % 2), "<")
    try:
        return value.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip("\0 ")


def wide(value: bytes, order: str) -> str:
    """UTF-16 in whichever byte order it is: by its mark, else by where the zeros of Latin letters stand.

    Where there are no Latin letters, by which reading has more of the scripts that are written without them, and then
    by the order of the EXIF data. Tools that say UTF-16 and write UTF-8 are read too.
    """
    if value[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return value.decode("utf-16", "replace").strip("\0 ")
    high, low = value[0::2].count(0), value[1::2].count(0)
    if not high and not low and (as_utf8 := _utf8(value)) is not None:
        return as_utf8
    if high == low:
        high, low = _of_a_script(value, "utf-16-be"), _of_a_script(value, "utf-16-le")
    big = high > low if high != low else order == ">"
    return value.decode("utf-16-be" if big else "utf-16-le", "replace").strip("\0 ")


def _utf8(value: bytes) -> str | None:
    try:
        return value.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return None


def _of_a_script(value: bytes, encoding: str) -> int:
    """How many letters are Cyrillic, Greek, kana, Chinese or Korean, or punctuation of those."""
    text = value[:4096].decode(encoding, "replace")
    return sum(
        "\u0370" <= sign <= "\u052f"
        or "\u3000" <= sign <= "\u30ff"
        or "\u4e00" <= sign <= "\u9fff"
        or "\uac00" <= sign <= "\ud7a3"
        or "\uff00" <= sign <= "\uff65"
        for sign in text
    )
