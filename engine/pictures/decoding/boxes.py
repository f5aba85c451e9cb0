"""The boxes of an AVIF or HEIC, as far as they say how large its picture is. No box is entered twice."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, Literal

MOST_BOXES: Final = 4096
MOST_HEAD: Final = 2**20
"""How far into the file boxes are looked at; the pixels stand behind what describes them."""

_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_ENTERED: Final = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"trak": 0}
"""Boxes that hold others, and how many bytes stand before those."""


def kind(raw: bytes) -> Literal["AVIF", "HEIC", ""]:
    """Which of the two the file claims to be by its brands; "" for neither."""
    if raw[4:8] != b"ftyp" or len(raw) < 16:
        return ""
    (length,) = struct.unpack_from(">I", raw)
    brands = raw[8 : min(length, 256)]
    claimed = {brands[at : at + 4] for at in range(0, len(brands), 4) if at != 4}
    return "AVIF" if claimed & _AVIF else "HEIC" if claimed & _HEIC else ""


def size(raw: bytes) -> tuple[int, int]:
    """The sides of the largest picture that is described: parts, thumbnails and depth are no larger. Zeros for none."""
    found = [_sides(raw, kind, start, end) for kind, start, end in _boxes(raw)]
    return max(found, key=lambda one: one[0] * one[1], default=(0, 0))


def counts(raw: bytes) -> int:
    """How many times the memory of a plain pixel one of these takes: two, or four where its colours have more bits."""
    deep = [_is_deep(kind, raw[start:end]) for kind, start, end in _boxes(raw) if kind in (b"av1C", b"hvcC")]
    return 2 if deep and not any(deep) else 4


def _is_deep(kind: bytes, configuration: bytes) -> bool:
    if kind == b"av1C":
        return len(configuration) < 3 or bool(configuration[2] & 0x40)
    return len(configuration) < 18 or bool(configuration[17] & 0x07)


def _sides(raw: bytes, kind: bytes, start: int, end: int) -> tuple[int, int]:
    if kind == b"ispe" and end - start >= 12:
        width, height = struct.unpack_from(">II", raw, start + 4)
        return width, height
    if kind == b"tkhd" and end - start >= 84:
        width, height = struct.unpack_from(">II", raw, end - 8)
        return width >> 16, height >> 16
    return 0, 0


def _boxes(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box, those inside others too."""
    waiting, last = [(0, len(raw))], min(len(raw), MOST_HEAD)
    for _ in range(MOST_BOXES):
        while waiting and waiting[-1][0] + 8 > min(waiting[-1][1], last):
            waiting.pop()
        if not waiting:
            return
        at, outer = waiting.pop()
        length, kind = struct.unpack_from(">I4s", raw, at)
        head = 8
        if length == 1 and at + 16 <= outer:
            head, (length,) = 16, struct.unpack_from(">Q", raw, at + 8)
        end = outer if length == 0 else min(at + length, outer)
        if end < at + head:
            return
        waiting.append((end, outer))
        if kind in _ENTERED:
            waiting.append((at + head + _ENTERED[kind], end))
        yield kind, at + head, end
