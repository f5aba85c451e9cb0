"""What is stored of a picture looks as it did for its sender: colours, bits, white behind it, which side is up."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
from PIL import Image, ImageChops, ImageCms, features

from engine.pictures.decoding import boxes, tasks
from engine.pictures.decoding.bare import bare, counted
from engine.pictures.decoding.colour_management import seen
from engine.pictures.decoding.decoder import Decoder
from engine.pictures.intake import BadPicture, CleanPicture
from tests.engine import hostile
from tests.engine.pictures.test_decoding import cleaned, most_mib, mutated, opened

P3: Final = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE: Final = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SENT, SEEN = (205, 140, 110), (216, 136, 104)
"""A colour by its numbers in Display P3, and by those in sRGB."""


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    decoder = Decoder(wall_s=120.0)
    yield decoder
    await decoder.close()


def profile(columns: tuple[tuple[float, ...], ...] = P3, gamma: float = 0.0) -> bytes:
    """A display's ICC profile, from the published columns of its matrix (D50); sRGB's curve unless `gamma` is given."""

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    curve = b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    curve = b"para\0\0\0\0\0\0\0\0" + fixed(gamma) if gamma else curve
    named = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": named, b"cprt": b"text\0\0\0\0none\0", b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249)}
    tags |= {
        name + b"XYZ": b"XYZ \0\0\0\0" + fixed(*column)
        for name, column in zip((b"r", b"g", b"b"), columns, strict=True)
    }
    tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    return _icc(b"mntrRGB XYZ ", tags)


def grey(gamma: float) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    return _icc(b"mntrGRAYXYZ ", {b"wtpt": white, b"kTRC": curve, b"cprt": b"text\0\0\0\0none\0"})


def _icc(kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        body += bytes(-len(body) % 4)
        table += struct.pack(">4sII", name, at + len(data), len(body))
        data += body
    head = bytes(4) + b"lcms" + b"\x04\x30\0\0" + kind + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return struct.pack(">I", 128 + len(table) + len(data)) + head[4:128] + table + data


async def first_pixel(decoder: Decoder, raw: bytes) -> tuple[int, ...]:
    made = await cleaned(decoder, raw)
    assert isinstance(made, CleanPicture), made
    pixel = opened(made).getpixel((20, 20))
    assert isinstance(pixel, tuple)
    return tuple(map(int, pixel))


def near(one: tuple[int, ...], other: tuple[int, ...], by: int = 2) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
async def test_display_p3_becomes_srgb(decoder: Decoder, kind: str) -> None:
    """Pictures of telephones: their skin would be pale otherwise."""
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": "4:4:4"}
    raw = hostile.encoded(Image.new("RGB", (64, 64), SENT), kind, icc_profile=profile(), **options)
    assert near(await first_pixel(decoder, raw), SEEN, 2 if kind in ("PNG", "WEBP") else 4)


async def test_what_a_provider_sent_becomes_srgb_too(decoder: Decoder) -> None:
    raw = hostile.encoded(Image.new("RGB", (64, 64), SENT), "PNG", icc_profile=profile())
    assert near(opened(await decoder.plain(raw, "somebody")).getpixel((1, 1)), SEEN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("icc", "mode", "sent", "wanted"),
    [
        (profile(ADOBE, 2.2), "RGB", (100, 150, 80), (66, 151, 74)),
        (profile(P3), "RGBA", (*SENT, 255), SEEN),
        (profile(P3), "P", SENT, SEEN),
        (grey(1.0), "L", 55, (128, 128, 128)),
        (grey(2.2), "RGB", (9, 99, 199), (9, 99, 199)),
        (profile(P3)[:200], "RGB", (9, 99, 199), (9, 99, 199)),
        (b"nonsense", "RGB", (9, 99, 199), (9, 99, 199)),
        (profile(P3).ljust(5 * 2**20, b"\0"), "RGB", (9, 99, 199), (9, 99, 199)),
    ],
)
async def test_profiles_of_every_kind(
    decoder: Decoder, icc: bytes, mode: str, sent: int | tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    """Of a wide space, with transparency, of greys, for other colours than the picture's, damaged, too large."""
    source = Image.new("RGB" if mode == "P" else mode, (64, 64), sent)
    raw = hostile.encoded(source.quantize() if mode == "P" else source, "PNG", icc_profile=icc)
    assert near(await first_pixel(decoder, raw), wanted, 3)


async def test_inks_are_converted_by_their_profile_or_without_one(decoder: Decoder) -> None:
    plain = await first_pixel(decoder, hostile.colour("JPEG", 64, 64, "CMYK", quality=100))
    odd = await first_pixel(decoder, hostile.colour("JPEG", 64, 64, "CMYK", quality=100, icc_profile=profile()))
    assert near(plain, odd, 1)


def test_srgb_itself_changes_nothing() -> None:
    picture = hostile.photo()
    with Image.open(io.BytesIO(picture)) as photo:
        own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        assert ImageChops.difference(seen(photo, own), photo.convert("RGB")).getbbox() is None


def sixteen(values: tuple[int, ...], colour: int) -> bytes:
    """A PNG of 64 × 64 pixels of sixteen bits a colour, all alike."""
    row = b"\0" + struct.pack(f">{len(values)}H", *values) * 64
    head = struct.pack(">IIBBBBB", 64, 64, 16, colour, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(row * 64)), (b"IEND", b""))
    return hostile.PNG + b"".join(hostile.chunk(*one) for one in chunks)


@pytest.mark.parametrize(
    ("values", "colour", "wanted"),
    [
        ((0x1234,), 0, (0x12, 0x12, 0x12)),
        ((0xABCD,), 0, (0xAB, 0xAB, 0xAB)),
        ((0x80FF, 0xFFFF), 4, (0x80, 0x80, 0x80)),
        ((0x80FF, 0x0000), 4, (255, 255, 255)),
        ((0x1234, 0x5678, 0x9ABC), 2, (0x12, 0x56, 0x9A)),
        ((0x1234, 0x5678, 0x9ABC, 0x0000), 6, (255, 255, 255)),
    ],
)
async def test_of_sixteen_bits_the_upper_eight_are_seen(
    decoder: Decoder, values: tuple[int, ...], colour: int, wanted: tuple[int, ...]
) -> None:
    assert near(await first_pixel(decoder, sixteen(values, colour)), wanted, 0)


def see_through() -> Iterator[bytes]:
    """Black that nobody sees, said in each way there is."""
    for kind in ("PNG", "WEBP", "AVIF"):
        options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        yield hostile.encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), kind, **options)
    yield hostile.encoded(Image.new("LA", (64, 64), (0, 0)), "PNG")
    yield hostile.encoded(Image.new("P", (64, 64), 0), "PNG", transparency=0)
    yield hostile.encoded(Image.new("RGB", (64, 64), "black"), "PNG", transparency=(0, 0, 0))
    yield hostile.encoded(Image.new("L", (64, 64), 0), "PNG", transparency=0)


async def test_what_is_see_through_is_white(decoder: Decoder) -> None:
    for raw in see_through():
        assert near(await first_pixel(decoder, raw), (255, 255, 255))


async def test_half_of_it_is_half_white(decoder: Decoder) -> None:
    raw = hostile.encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 128)), "PNG")
    assert near(await first_pixel(decoder, raw), (127, 127, 127))


def test_strips_join_without_a_seam() -> None:
    """A large picture is worked on piece by piece."""
    ramp = Image.linear_gradient("L").resize((1500, 2000)).convert("RGB")
    ramp.putalpha(Image.linear_gradient("L").resize((1500, 2000)).rotate(180))
    white = Image.alpha_composite(Image.new("RGBA", ramp.size, "white"), ramp).convert("RGB")
    assert max(ImageChops.difference(seen(ramp), white).tobytes()) <= 1


def gif(**options: object) -> bytes:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("teal", "gold", "navy")]
    return hostile.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], **options)


async def test_of_a_gif_the_first_picture_is_taken(decoder: Decoder) -> None:
    assert await first_pixel(decoder, gif(loop=0, comment=b"words")) == (0, 128, 128)
    assert b"words" not in bare(gif(comment=b"words")).data
    assert len(bare(gif()).data) < len(gif()) * 2 // 3


async def test_what_is_see_through_in_a_gif_is_white(decoder: Decoder) -> None:
    raw = hostile.encoded(Image.new("P", (64, 64), 0), "GIF", transparency=0)
    assert near(await first_pixel(decoder, raw), (255, 255, 255), 0)


async def test_a_gif_cut_off_changed_or_made_to_do_harm_is_a_picture_or_a_sentence(decoder: Decoder) -> None:
    raw, chance = gif(), random.Random(7)
    for end in range(0, len(raw), 5):
        assert isinstance(await cleaned(decoder, raw[:end]), CleanPicture | str)
    for _ in range(200):
        assert isinstance(await cleaned(decoder, mutated(raw, chance)), CleanPicture | str)
    head = raw[:13]
    for harmful in (
        head[:6] + b"\xff\xff\xff\xff" + raw[10:],
        head[:10] + b"\0\0\0" + b"\x21\xfe\x01a\0" * 1_000_000,
        head[:10] + b"\0\0\0" + b"\x21\xfe" + b"\x01a" * 3_000_000,
        head[:10] + b"\0\0\0\x2c" + bytes(4) + b"\xff\xff\xff\xff\0\x08" + b"\x01a" * 3_000,
    ):
        assert isinstance(await cleaned(decoder, harmful), str)
    assert most_mib(decoder) < 200


avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")


def avif_of(size: tuple[int, int] = (96, 64), **options: object) -> bytes:
    source = Image.new("RGB", size, "teal")
    source.paste("gold", (0, 0, size[0] // 3, size[1] // 2))
    return hostile.encoded(source, "AVIF", speed=10, **options)


@avif
async def test_an_avif_is_taken_and_turned_upright(decoder: Decoder) -> None:
    """It says which side is up in its own way; its EXIF data and its size are read from its boxes."""
    for turned, size in ((1, (96, 64)), (3, (96, 64)), (6, (64, 96)), (8, (64, 96))):
        made = await cleaned(decoder, avif_of(exif=hostile.exif((0x0112, 3, 1, bytes([turned])))))
        assert isinstance(made, CleanPicture)
        assert (made.width, made.height) == size
        assert opened(made).info == {}


@avif
def test_its_pixels_are_counted_by_its_header_alone() -> None:
    raw = avif_of()
    assert (counted(raw), counted(raw[:400])) == (2 * 96 * 64, 2 * 96 * 64)
    assert (bare(raw).width, bare(raw).counted) == (96, 2 * 96 * 64)
    at = raw.index(b"av1C") + 6
    assert boxes.counts(raw[:at] + bytes([raw[at] | 0x40]) + raw[at + 1 :]) == 4
    assert boxes.counts(raw[:32]) == 4


@avif
@pytest.mark.parametrize("side", [4480, 60_000, 2**31, 2**32 - 1])
async def test_an_avif_that_says_it_is_too_large_is_refused_by_its_header(decoder: Decoder, side: int) -> None:
    raw = avif_of()
    at = raw.index(b"ispe") + 8
    made = await cleaned(decoder, raw[:at] + struct.pack(">II", side, side) + raw[at + 8 :])
    assert "megapixels" in str(made)
    assert most_mib(decoder) < 100


@avif
async def test_an_avif_that_says_it_is_smaller_than_it_is_stays_within_bounds(decoder: Decoder) -> None:
    raw = avif_of((2400, 1600))
    for at in [place for place in range(len(raw)) if raw.startswith(b"ispe", place)]:
        raw = raw[: at + 8] + struct.pack(">II", 64, 64) + raw[at + 16 :]
    assert isinstance(await cleaned(decoder, raw), CleanPicture | str)
    assert most_mib(decoder) < 365


@avif
async def test_an_avif_cut_off_or_changed_anywhere_is_a_picture_or_a_sentence(decoder: Decoder) -> None:
    raw, chance = avif_of(exif=hostile.exif((0x0112, 3, 1, b"\6\0"))), random.Random(5)
    for end in range(0, len(raw), max(1, len(raw) // 60)):
        assert isinstance(await cleaned(decoder, raw[:end]), CleanPicture | str)
    for _ in range(200):
        assert isinstance(await cleaned(decoder, mutated(raw, chance)), CleanPicture | str)
    assert isinstance(await cleaned(decoder, raw), CleanPicture)


HARMFUL: Final = (
    b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x08free" * 300_000,
    b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\xff\xffmeta\0\0\0\0" * 100_000,
    b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\0moov" * 100_000,
    b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x01meta" + b"\xff" * 8,
    b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x07meta" * 10,
    b"\xff\xff\xff\xffftypavif" + b"avif" * 100_000,
)


@pytest.mark.parametrize("raw", HARMFUL, ids=range(len(HARMFUL)))
async def test_boxes_without_an_end_are_refused_in_a_moment(decoder: Decoder, raw: bytes) -> None:
    from tests import hostile as slow

    slow.in_time(lambda: (boxes.size(raw), boxes.counts(raw)))
    with pytest.raises(BadPicture):
        bare(raw)
    assert isinstance(await cleaned(decoder, raw), str)


HEIC: Final = b"\0\0\0\x14ftypheic\0\0\0\0heic" + b"\0\0\0\x3cmeta\0\0\0\0\0\0\0\x30iprp\0\0\0\x28ipco"
HEIC_SIZE: Final = b"\0\0\0\x14ispe\0\0\0\0"


async def test_heic_is_refused_with_what_to_do_or_damaged(decoder: Decoder) -> None:
    """Where nothing decodes it; and never beyond its bounds."""
    made = await cleaned(decoder, HEIC + HEIC_SIZE + struct.pack(">II", 640, 480) + b"\0\0\0\x0cfree\0\0\0\0")
    assert "HEIC" in str(made) or "damaged" in str(made)
    large = HEIC + HEIC_SIZE + struct.pack(">II", 40_000, 40_000) + b"\0\0\0\x0cfree\0\0\0\0"
    assert "megapixels" in str(await cleaned(decoder, large))


def test_where_it_can_be_decoded_heic_is_taken_upright_in_srgb() -> None:
    """A telephone's picture: turned, in Display P3."""
    pytest.importorskip("pi_heif")
    heif = pytest.importorskip("pillow_heif")  # only this one can also write
    for exif, size in ((None, (96, 64)), (b"Exif\0\0" + hostile.exif((0x0112, 3, 1, b"\6\0")), (64, 96))):
        buffer = io.BytesIO()
        source = heif.from_pillow(Image.new("RGB", (96, 64), SENT))
        source.save(buffer, quality=100, chroma=444, exif=exif, icc_profile=profile())
        made = tasks.clean(buffer.getvalue())
        assert (made.facts["width"], made.facts["height"]) == size
        with Image.open(io.BytesIO(made.content)) as picture:
            assert near(picture.getpixel((20, 20)), SEEN, 5)  # type: ignore[arg-type]
