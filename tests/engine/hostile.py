"""Pictures that are made to do harm, each by the least that it takes, and ordinary ones to spoil."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from PIL import Image, ImageCms

from tests import faces

FORMATS: Final = ("PNG", "JPEG", "WEBP")
PNG: Final = b"\x89PNG\r\n\x1a\n"


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(kind: str = "PNG", **options: Any) -> bytes:
    """A small picture of a person."""
    with Image.open(io.BytesIO(faces.png("ana-1"))) as opened:
        return encoded(opened.convert("RGB"), kind, **options)


def colour(kind: str, width: int, height: int, mode: str = "RGB", **options: Any) -> bytes:
    return encoded(Image.new(mode, (width, height), (200, 120, 80, 90)[: len(mode)]), kind, **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def cut_off(kind: str) -> bytes:
    whole = photo(kind)
    return whole[: len(whole) // 2]


def png(*parts: bytes, width: int = 64, height: int = 64, data: bytes | None = None) -> bytes:
    """A PNG of so many pixels with these chunks before its pixels; `data` in their place, packed."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    packed = zlib.compress((b"\0" + b"\x50" * 3 * width) * height) if data is None else data
    return PNG + head + b"".join(parts) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def text_chunk(kind: bytes, keyword: bytes, plain: bytes) -> bytes:
    """A packed zTXt or iTXt."""
    between = b"\0\0" if kind == b"zTXt" else b"\0\1\0\0\0"
    return chunk(kind, keyword + between + zlib.compress(plain, 9))


def many_texts(kind: bytes, count: int = 4000, keyword: bytes = b"Comment") -> bytes:
    """Each unpacks to 64 KiB of a character that takes four bytes in memory."""
    one = text_chunk(kind, keyword, "\U0001f600".encode() * 16_000 if kind == b"iTXt" else b"a" * 64_000)
    return png(one * count)


def segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment of a JPEG of ours; a scan has its data with it."""
    at = 2
    while at < len(jpeg) and jpeg[at + 1] != 0xD9:
        (length,) = struct.unpack_from(">H", jpeg, at + 2)
        end = at + 2 + length
        if jpeg[at + 1] == 0xDA:
            while jpeg[end] != 0xFF or jpeg[end + 1] == 0 or 0xD0 <= jpeg[end + 1] <= 0xD7:
                end += 1
        yield jpeg[at + 1], jpeg[at:end]
        at = end


def scans(count: int, width: int, height: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until there are so many."""
    parts = list(segments(colour("JPEG", width, height, progressive=True)))
    had = sum(marker == 0xDA for marker, _ in parts)
    return b"\xff\xd8" + b"".join(part for _, part in parts) + parts[-1][1] * (count - had) + b"\xff\xd9"


def with_segments(*added: tuple[int, bytes], jpeg: bytes = b"") -> bytes:
    """A JPEG with more segments right at its beginning."""
    more = (struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in added)
    return b"\xff\xd8" + b"".join(more) + (jpeg or photo("JPEG"))[2:]


def exif(*entries: tuple[int, int, int, bytes], gps: bytes = b"") -> bytes:
    """EXIF data, little-endian, with these entries (tag, type, count, four bytes) and what follows them."""
    body = b"".join(
        struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0") for tag, kind, count, value in entries
    )
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + b"\0\0\0\0" + gps


def corrupt_rationals() -> Iterator[bytes]:
    """EXIF whose rationals are cut off, count none, divide by nothing or are text, in GPS and beside it."""
    for kind in (1, 2, 3, 5, 7, 10, 12):
        for value in (b"\0\0\0\0", b"\x1a\0\0\0", b"\xff\xff\xff\xff"):
            for count in (0, 1, 3, 2**31):
                yield exif((0x0112, 3, 1, b"\6\0"), (0x011A, kind, count, value), (0x829A, kind, count, value))
                inner = struct.pack("<H", 1) + struct.pack("<HHI", 2, kind, count) + value + b"\0\0\0\0"
                yield exif((0x0112, 3, 1, b"\6\0"), (0x8825, 4, 1, struct.pack("<I", 38)), gps=inner)


def with_exif(kind: str, data: bytes, picture: Image.Image | None = None) -> bytes:
    """A picture of any kind with this EXIF data, whatever it is."""
    source = picture or Image.new("RGB", (64, 48), "teal")
    if kind == "JPEG":
        return with_segments((0xE1, b"Exif\0\0" + data), jpeg=encoded(source, "JPEG"))
    return encoded(source, kind, exif=b"Exif\0\0" + data)


def moving(kind: str, frames: int) -> bytes:
    """An animation of small frames that differ."""
    made = [Image.new("RGB", (48, 48), (number % 256, number // 256, 60)) for number in range(frames)]
    return encoded(made[0], kind, save_all=True, append_images=made[1:], duration=20)


def profile(size: int) -> bytes:
    """A colour profile that is mostly air."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().ljust(size, b"\0")


def bomb(size: int) -> bytes:
    """Zeros, packed: one packed block again and again, without an end."""
    packer = zlib.compressobj(9)
    head = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + again * (size // 2**20 - 1)


def one_colour(width: int, height: int) -> bytes:
    """A WebP of a few bytes: where all pixels are the same none of them takes a bit."""
    small = bytearray(colour("WEBP", 1, 1, lossless=True))
    struct.pack_into("<I", small, 21, (width - 1) | (height - 1) << 14)
    return bytes(small)


def all_of_them() -> dict[str, Callable[[], bytes]]:
    """What hurt the studio once, or would hurt one that decodes as it comes, by name."""
    return {**_scans(), **_pixels(), **_parts(), **_broken()}


def _scans() -> dict[str, Callable[[], bytes]]:
    return {
        "16,540 scans": lambda: scans(16_540, 1000, 1000),
        "60 scans of 16 megapixels": lambda: scans(60, 4000, 4000),
        "2,000 frames of WebP": lambda: moving("WEBP", 2000),
        "500 frames of PNG": lambda: moving("PNG", 500),
    }


def _pixels() -> dict[str, Callable[[], bytes]]:
    row = zlib.compress((b"\0" + b"\x50" * 192) * 64)[:-4]
    return {
        "WebP of 40 megapixels in 34 bytes": lambda: one_colour(6300, 6300),
        "WebP of 40 megapixels, see-through": lambda: colour("WEBP", 6300, 6300, "RGBA", lossless=True, method=0),
        "WebP of 20 megapixels in 34 bytes": lambda: one_colour(4472, 4472),
        "WebP of 20 megapixels, see-through": lambda: colour("WEBP", 4472, 4472, "RGBA", lossless=True, method=0),
        "PNG of 40 megapixels": lambda: colour("PNG", 6300, 6300, compress_level=1),
        "PNG of 40 megapixels, see-through": lambda: colour("PNG", 6300, 6300, "RGBA", compress_level=1),
        "JPEG of 40 megapixels": lambda: colour("JPEG", 6300, 6300, "CMYK", progressive=True, subsampling=0),
        "PNG of 1,024 megapixels": lambda: png(width=32_000, height=32_000, data=bomb(2**30)),
        "WebP of 268 megapixels": lambda: one_colour(16_384, 16_384),
        "pixels that unpack to 4 GiB": lambda: png(data=row + bomb(2**32)),
        "one row of pixels that unpacks to 4 GiB": lambda: png(data=bomb(2**32)),
    }


def _parts() -> dict[str, Callable[[], bytes]]:
    made: dict[str, Callable[[], bytes]] = {
        "a profile that unpacks to 1 GiB": lambda: png(chunk(b"iCCP", b"x\0\0" + bomb(2**30))),
        "a text that unpacks to 1 GiB": lambda: png(chunk(b"zTXt", b"parameters\0\0" + bomb(2**30))),
        "200,000 empty chunks": lambda: png(chunk(b"tEXt", b"") * 200_000),
        "800,000 empty chunks of pixels": lambda: png(chunk(b"IDAT", b"") * 800_000),
        "60,000 empty chunks of pixels": lambda: png(chunk(b"IDAT", b"") * 60_000),
        "3,000 segments with a profile": lambda: with_segments(*[(0xE2, b"ICC_PROFILE\0\1\1" + bytes(3000))] * 3000),
        "100,000 comments": lambda: with_segments(*[(0xFE, b"")] * 100_000),
        "EXIF of 64 KB": lambda: with_exif("JPEG", exif((0x0112, 3, 1, b"\6\0")).ljust(65_000, b"\xff")),
        "EXIF with 65,535 entries": lambda: with_exif("WEBP", b"II*\0\x08\0\0\0\xff\xff" + bytes(12 * 65_535)),
    }
    for kind in FORMATS:
        made[f"{kind} with a profile of megabytes"] = partial(photo, kind, icc_profile=profile(10**6))
    for text in (b"iTXt", b"zTXt"):
        for name in (b"Comment", b"parameters", b"likeness", b"Raw profile type exif", b"XML:com.adobe.xmp"):
            made[f"4,000 {text.decode()} of {name.decode()}"] = partial(many_texts, text, keyword=name)
    return made


def _broken() -> dict[str, Callable[[], bytes]]:
    made: dict[str, Callable[[], bytes]] = {
        "a JPEG of two sizes": lambda: with_segments((0xC0, b"\x08\0\x40\0\x40\x01\x01\x11\0")),
        "a JPEG of FF alone": lambda: b"\xff\xd8" + b"\xff" * 10_000_000,
        "a JPEG of starts alone": lambda: b"\xff\xd8" * 5_000_000,
        "a JPEG of restarts alone": lambda: b"\xff\xd8" + b"\xff\xd0" * 5_000_000,
        "a PNG that says it is larger": lambda: png(width=4000, height=4000, data=zlib.compress(bytes(1000))),
    }
    for kind in FORMATS:
        made[f"{kind} cut off"] = partial(cut_off, kind)
    return made
