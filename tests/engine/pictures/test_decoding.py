"""Pictures from outside: the worst of them end in a picture or in one sentence, within bounds, and others go on."""

import io
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image, ImageOps

from engine.pictures.decoding.decoder import Decoder
from engine.pictures.intake import BadPicture, CleanPicture
from tests.engine import hostile

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = hostile.all_of_them()
MOST_MIB = 704 + 64
"""What one process may take, itself included."""


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {kind: hostile.photo(kind) for kind in hostile.FORMATS}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def decoder() -> AsyncIterator[Decoder]:
    """One for all pictures here, as in a bot: what one of them did to a process the next would meet."""
    decoder = Decoder(wall_s=120.0)
    yield decoder
    await decoder.close()


def most_mib(decoder: Decoder) -> int:
    """The most memory that a process of it ever took."""
    told = [Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in decoder.pids]
    return max((int(one.split("VmHWM:")[1].split()[0]) // 1024 for one in told), default=0)


async def cleaned(decoder: Decoder, raw: bytes) -> CleanPicture | str:
    try:
        return await decoder.clean(raw, "somebody")
    except BadPicture as error:
        return str(error)


async def told(decoder: Decoder, raw: bytes) -> str:
    """A sentence on the recipe in it; there is no third thing."""
    try:
        recipe = await decoder.recipe(raw, "somebody")
    except BadPicture as error:
        return str(error)
    return f"There is {recipe.found or recipe.own or 'none'}."


def opened(picture: CleanPicture) -> Image.Image:
    return Image.open(io.BytesIO(picture.png))


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_picture_is_a_picture_or_a_sentence_and_the_next_one_works(
    decoder: Decoder, name: str, pictures: dict[str, bytes]
) -> None:
    raw = HOSTILE[name]()
    made = await cleaned(decoder, raw)
    assert isinstance(made, CleanPicture) or made.endswith(".")
    assert (await told(decoder, raw)).endswith(".")
    assert most_mib(decoder) < MOST_MIB
    assert isinstance(await cleaned(decoder, pictures["JPEG"]), CleanPicture)


@pytest.mark.parametrize("kind", hostile.FORMATS)
@pytest.mark.parametrize("longer", ["wide", "tall"])
@pytest.mark.parametrize("turned", [1, 6])
async def test_a_strip_that_would_end_under_the_least_side_is_refused(
    decoder: Decoder, kind: str, longer: str, turned: int
) -> None:
    long = 12_000
    for short, good in ((32, False), (187, False), (188, True)):
        size = (long, short) if longer == "wide" else (short, long)
        picture = Image.new("RGB", size, "teal")
        told = await cleaned(decoder, hostile.with_exif(kind, hostile.exif((0x0112, 3, 1, bytes([turned]))), picture))
        if good:
            assert isinstance(told, CleanPicture)
            assert min(told.width, told.height) >= 32
        else:
            assert "too narrow" in str(told)


async def test_a_strip_of_a_million_is_refused(decoder: Decoder) -> None:
    assert "too narrow" in str(await cleaned(decoder, hostile.png(width=1_250_000, height=32)))
    assert "too narrow" in str(await cleaned(decoder, hostile.png(width=32, height=1_250_000)))


@pytest.mark.parametrize("kind", hostile.FORMATS)
async def test_every_corrupt_rational_in_exif_leaves_a_picture_that_is_upright(decoder: Decoder, kind: str) -> None:
    for data in hostile.corrupt_rationals():
        made = await cleaned(decoder, hostile.with_exif(kind, data))
        assert isinstance(made, CleanPicture)
        assert (made.width, made.height) == (48, 64)


@pytest.mark.parametrize("kind", hostile.FORMATS)
@pytest.mark.parametrize("turned", range(10))
async def test_a_picture_is_turned_as_its_exif_says(decoder: Decoder, kind: str, turned: int) -> None:
    source = Image.new("RGB", (96, 64), "teal")
    source.paste("gold", (0, 0, 32, 32))
    raw = hostile.with_exif(kind, hostile.exif((0x0112, 3, 1, bytes([turned]))), source)
    with Image.open(io.BytesIO(raw)) as sent:
        wanted = ImageOps.exif_transpose(sent).convert("RGB")
    made = await cleaned(decoder, raw)
    assert isinstance(made, CleanPicture)
    assert opened(made).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("kind", hostile.FORMATS)
async def test_nothing_but_pixels_is_left_of_a_picture(decoder: Decoder, kind: str) -> None:
    raw = hostile.photo(kind, exif=hostile.exif((0x010E, 2, 4, b"ana\0")), icc_profile=hostile.profile(4000))
    made = await cleaned(decoder, raw)
    assert isinstance(made, CleanPicture)
    assert opened(made).info == {}
    with Image.open(io.BytesIO(raw)) as sent:
        assert opened(made).tobytes() == sent.convert("RGB").tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "I;16", "CMYK", "YCbCr"])
async def test_pictures_of_every_mode_look_as_they_did(decoder: Decoder, mode: str) -> None:
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG", "PA": "WEBP"}.get(mode, "PNG")
    with Image.open(io.BytesIO(hostile.photo())) as photo:
        source = photo.convert("RGBA" if mode == "PA" else "L" if mode == "I;16" else mode)
        # Its greys from black to white, not only the darkest of them.
        raw = hostile.encoded(
            source.convert("I").point(lambda v: v * 257).convert("I;16") if mode == "I;16" else source, kind
        )
    made = await cleaned(decoder, raw)
    assert isinstance(made, CleanPicture)
    assert opened(made).tobytes() == shown(raw).tobytes()


def shown(raw: bytes) -> Image.Image:
    """A picture as a viewer shows it on white."""
    with Image.open(io.BytesIO(raw)) as sent:
        if sent.mode.startswith("I;16"):
            return Image.frombytes("L", sent.size, sent.tobytes()[1::2]).convert("RGB")
        white = Image.new("RGBA", sent.size, "white")
        return Image.alpha_composite(white, sent.convert("RGBA")).convert("RGB")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
async def test_of_an_animation_the_first_picture_is_taken(decoder: Decoder, kind: str) -> None:
    made = await cleaned(decoder, hostile.moving(kind, 5))
    assert isinstance(made, CleanPicture)
    assert opened(made).size == (48, 48)


@pytest.mark.parametrize("kind", hostile.FORMATS)
async def test_a_picture_cut_off_anywhere_is_a_picture_or_a_sentence(
    decoder: Decoder, kind: str, pictures: dict[str, bytes]
) -> None:
    raw = pictures[kind]
    for end in [*range(64), *range(64, len(raw), len(raw) // 60)]:
        assert isinstance(await cleaned(decoder, raw[:end]), CleanPicture | str)


@pytest.mark.parametrize("kind", hostile.FORMATS)
async def test_mutated_pictures_are_pictures_or_sentences(
    decoder: Decoder, kind: str, pictures: dict[str, bytes]
) -> None:
    chance = random.Random(kind)
    exif = hostile.exif((0x0112, 3, 1, b"\6\0"), (0x8825, 4, 1, b"\x26\0\0\0"))
    seeds = [pictures[kind], hostile.with_exif(kind, exif), hostile.colour(kind, 40, 60, progressive=True)]
    for number in range(300):
        raw = mutated(seeds[number % 3], chance)
        assert isinstance(await cleaned(decoder, raw), CleanPicture | str)
        assert (await told(decoder, raw)).endswith(".")


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, most of them near the beginning; a stretch taken out, doubled or put elsewhere."""
    made = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        made[int(len(made) * chance.random() ** 3)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    start = chance.randrange(len(made))
    stretch = made[start : start + chance.choice((1, 4, 12, 64))]
    match chance.randrange(4):
        case 0:
            del made[start : start + len(stretch)]
        case 1:
            made[start:start] = stretch * chance.choice((1, 2, 100))
        case 2:
            put = int(start * chance.random())
            made[put:put] = stretch
    return bytes(made)


async def test_what_a_provider_sent_keeps_all_its_pixels(decoder: Decoder) -> None:
    """A plain PNG is passed on as it is, without what else it holds; anything else is encoded anew."""
    raw = hostile.png(hostile.text_chunk(b"zTXt", b"Comment", b"words"), width=300, height=200)
    made = await decoder.plain(raw, "somebody")
    assert (made.width, made.height) == (300, 200)
    assert b"zTXt" not in made.png
    large = await decoder.plain(hostile.colour("JPEG", 3000, 2200), "somebody")
    assert opened(large).size == (3000, 2200)
    with pytest.raises(BadPicture):
        await decoder.plain(hostile.colour("PNG", 7, 7000), "somebody")
