"""What travels with a picture: its whole recipe, settings other tools read, and a manifest that c2pa validates."""

from __future__ import annotations

import io
import json
import re
import stat
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import c2pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.core import sent_copies
from engine.pictures import contact_sheet, provenance, signing
from engine.pictures.provenance import Origin, Recipe
from engine.pictures.source_types import SourceType
from engine.prompt import PortraitPrompt, parse
from engine.recipes.picture_text import MAX_TEXT, exif_comment, texts, with_texts

RECIPE = Recipe(
    prompt=parse('@ana in a red coat, a badge reading "MILO", Rembrandt lighting, 85mm f/1.4 --ar 2:3 --no hat'),
    model="sd35-large",
    model_title="Stable Diffusion 3.5: Large",
    words="the person, in a red coat, “quoted”, Żółć",
    negative="hat",
    seed=3141592653,
    steps=28,
    guidance=4.5,
    width=832,
    height=1216,
)


def png(size: tuple[int, int] = (48, 72)) -> bytes:
    """A small picture with something in it."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def read_like_a1111(text: str) -> tuple[str, str, dict[str, str]]:
    """Prompt, negative prompt and settings, by the convention that web UIs and model sites share."""
    *lines, last = text.strip().split("\n")
    found = re.findall(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)', last)
    said, unwanted, negative = list[str](), list[str](), False
    for line in lines:
        negative = negative or line.startswith("Negative prompt:")
        (unwanted if negative else said).append(line.removeprefix("Negative prompt:").strip())
    return "\n".join(said), "\n".join(unwanted), {name: json.loads(v) if v[:1] == '"' else v for name, v in found}


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> signing.Credentials:
    return signing.self_made(tmp_path_factory.mktemp("certificates"))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A picture with one more chunk behind its header."""
    raw = png()
    return raw[:33] + chunk(kind, data) + raw[33:]


def test_a_picture_gives_back_exactly_what_made_it() -> None:
    """Everything: slots, characters, words in the picture, model, seed and steps."""
    assert provenance.read(provenance.mark(png(), RECIPE).picture) == RECIPE


def test_the_prompt_of_a_picture_brings_its_seed() -> None:
    """`from_image:` makes the same portrait again."""
    found = provenance.read_recipe(provenance.mark(png(), RECIPE).picture)
    assert found == replace(RECIPE.prompt, seed=RECIPE.seed)


def test_other_tools_read_the_words_that_were_really_sent() -> None:
    """The `parameters` text, taken apart the way A1111 and Civitai do."""
    with Image.open(io.BytesIO(provenance.mark(png(), RECIPE).picture)) as picture:
        words, negative, found = read_like_a1111(picture.info["parameters"])
    assert words == RECIPE.words
    assert negative == "hat"
    assert found["Seed"] == "3141592653"
    assert found["Steps"] == "28"
    assert found["CFG scale"] == "4.5"
    assert found["Size"] == "832x1216"
    assert found["Model"] == "Stable Diffusion 3.5: Large"


def read_by_cuts(text: str) -> tuple[str, str, dict[str, str]]:
    """The same as other parsers read it, sd-parsers among them: they cut at each comma and colon, look for the line of
    settings from below, and want a sampler and two more settings of how it worked."""
    known = {"Sampler", "CFG scale", "Seed", "Steps", "ENSD", "Schedule type"}
    lines = text.split("\n")
    for number in range(len(lines) - 1, -1, -1):
        pairs = [item.split(":") for item in lines[number].split(",")]
        found = {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2}
        if len(known & found.keys()) >= 3:
            assert "Sampler" in found
            words, _, negative = "\n".join(lines[:number]).partition("Negative prompt:")
            assert "Negative prompt:" not in negative
            return words.strip(), negative.strip(), found
    raise AssertionError(f"no settings in {text}")


QUOTING: Final = (
    'a poster that reads "Steps: 20, Sampler: Euler, Seed: 5", Negative prompt: none\n'
    "Steps: 4, Sampler: DDIM, CFG scale: 1, Seed: 9"
)
HOSTED: Final = Recipe(
    prompt=parse("a man"), words="a man", model="gpt", model_title="GPT Image 2", width=1024, height=1536
)
OUTWARDS: Final = {
    "of a local model": replace(RECIPE, sampler="Euler"),
    "with a schedule": replace(RECIPE, sampler="DPM++ 2M", schedule="Karras"),
    "with a fine-tune": replace(RECIPE, sampler="Euler", fine_tune="rope", fine_tune_strength=0.8),
    "of a hosted model": HOSTED,
    "of a hosted model with a seed": replace(HOSTED, seed=77),
    "of a hosted model with a seed, steps and guidance": replace(HOSTED, seed=77, steps=28, guidance=7.5),
    "of a title with commas": replace(RECIPE, sampler="Euler", model_title='Mine, "new", v2: Seed: 4, Steps: 1'),
    "of words that quote settings": replace(RECIPE, sampler="Euler", words=QUOTING, negative=QUOTING),
    "without anything known": Recipe(prompt=parse("a man"), words="a man"),
}


def delivered(recipe: Recipe, kind: str) -> str:
    """What stands where other tools look, in the PNG and in the WebP that is sent where the PNG is too large."""
    made = provenance.mark(png(), recipe).picture
    if kind == "PNG":
        with Image.open(io.BytesIO(made)) as picture:
            return str(picture.info["parameters"])
    with Image.open(io.BytesIO(sent_copies.as_webp(made, 10**6))) as picture:
        return str(picture.getexif().get_ifd(0x8769)[0x9286][8:].decode("utf-16-be"))


@pytest.mark.parametrize("kind", ["PNG", "WebP"])
@pytest.mark.parametrize("name", OUTWARDS)
def test_other_tools_read_every_picture_of_ours_right(name: str, kind: str) -> None:
    """By the rule of A1111 and by that of parsers that cut at every comma; nothing is claimed that is not known."""
    recipe = OUTWARDS[name]
    text = delivered(recipe, kind)
    for read in (read_like_a1111, read_by_cuts):
        words, negative, found = read(text)
        assert words.partition(" <lora:")[0].lower() == " ".join(recipe.words.split()).lower()
        assert negative.lower() == " ".join(recipe.negative.split()).lower()
        assert found["Sampler"] == (recipe.sampler or "unknown")
        assert found.get("Seed") == (None if recipe.seed is None else str(recipe.seed))
        assert found.get("Steps") in ((str(recipe.steps),) if recipe.steps else (None, "unknown"))
        assert found.get("CFG scale") == (f"{recipe.guidance:g}" if recipe.guidance else None)
        assert found.get("Size") == (f"{recipe.width}x{recipe.height}" if recipe.width else None)
        assert found["Version"] == "Likeness"
    if recipe.model_title:
        assert read_like_a1111(text)[2]["Model"] == recipe.model_title


KEPT: Final[list[Image.Image]] = []
"""sd-parsers takes a picture at the address of an earlier one for that one."""


@pytest.mark.parametrize("name", OUTWARDS)
def test_sd_parsers_itself_reads_them(name: str) -> None:
    """Where it is installed; the rule it follows is tested above in any case."""
    sd_parsers = pytest.importorskip("sd_parsers")
    recipe = OUTWARDS[name]
    made = provenance.mark(png(), recipe).picture
    for raw in (made, sent_copies.as_webp(made, 10**6)):
        KEPT.append(Image.open(io.BytesIO(raw)))
        found = sd_parsers.ParserManager().parse(KEPT[-1])
        assert found is not None
        (sampler,) = found.samplers
        assert sampler.name == (recipe.sampler or "unknown")
        assert sampler.parameters.get("seed") == (None if recipe.seed is None else str(recipe.seed))
        assert [one.value.partition(" <lora:")[0].lower() for one in sampler.prompts] == [
            " ".join(recipe.words.split()).lower()
        ]


@pytest.mark.parametrize("name", OUTWARDS)
def test_the_webp_that_is_delivered_brings_our_own_recipe_too(name: str) -> None:
    recipe = OUTWARDS[name]
    assert provenance.read(sent_copies.as_webp(provenance.mark(png(), recipe).picture, 10**6)) == recipe


def test_a_webp_as_it_was_delivered_before_is_still_read() -> None:
    """Its comment held the recipe itself."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 60)).save(buffer, "WEBP", exif=exif_comment(provenance.to_text(RECIPE)))
    assert provenance.read(buffer.getvalue()) == RECIPE


def test_marking_leaves_every_pixel_alone(credentials: signing.Credentials) -> None:
    """The picture that was rendered is the picture that is delivered."""
    plain = png()
    with (
        Image.open(io.BytesIO(plain)) as before,
        Image.open(io.BytesIO(provenance.mark(plain, RECIPE, credentials).picture)) as after,
    ):
        assert before.tobytes() == after.tobytes()


def test_a_self_made_signature_is_valid_and_its_signer_unknown(credentials: signing.Credentials) -> None:
    """c2pa's own reader finds nothing wrong but that nobody vouches for the signer."""
    marked = provenance.mark(png(), RECIPE, credentials)
    assert (marked.signed, marked.problem) == (True, "")
    with c2pa.Reader("image/png", io.BytesIO(marked.picture)) as reader:
        assert reader.get_validation_state() == "Valid"
        failures = reader.get_validation_results()["activeManifest"]["failure"]
        manifest = reader.get_active_manifest()
    assert [failure["code"] for failure in failures] == ["signingCredential.untrusted"]
    (made,) = manifest["assertions"][0]["data"]["actions"]
    assert manifest["assertions"][0]["created"] is True
    assert made["action"] == "c2pa.created"
    assert made["digitalSourceType"] == SourceType.TRAINED


def jpeg(size: tuple[int, int] = (48, 72)) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def actions(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """What was done, each with the source type that it says, "" for none."""
    (told,) = [one for one in manifest["assertions"] if one["label"] == "c2pa.actions.v2"]
    assert told["created"] is True
    return [(one["action"], one.get("digitalSourceType", "")) for one in told["data"]["actions"]]


def said_by_xmp(raw: bytes) -> str:
    """The source type that a picture's XMP says."""
    with Image.open(io.BytesIO(raw)) as picture:
        found = picture.info.get("XML:com.adobe.xmp") or picture.info.get("xmp") or b""
    text = found.decode() if isinstance(found, bytes) else str(found)
    return "".join(re.findall(r'DigitalSourceType="([^"]+)"', text))


OPENED: Final = ("c2pa.opened", "")
TRAINED, CHANGED = SourceType.TRAINED, SourceType.CHANGED_BY_TRAINED
ALGORITHMIC, SHEET = SourceType.ALGORITHMIC, SourceType.SHEET


def test_every_kind_of_picture_says_how_it_came_to_be_and_from_what(credentials: signing.Credentials) -> None:
    """By c2pa's own reader and in XMP, in each format; of a picture that was handed in nothing goes in but its hash."""

    def marked(origin: Origin) -> bytes:
        return provenance.mark(png(), RECIPE, credentials, origin).picture

    def signed(raw: bytes, **claim: Any) -> bytes:
        return provenance.signed(raw, credentials, **claim).picture

    ours, upload = marked(Origin()), png((640, 480))
    theirs = signed(jpeg(), source=TRAINED, title="Theirs")
    cell = contact_sheet.Cell(number=1, label="beach", picture=ours)
    whole = {"parent": ours, "actions": ("c2pa.transcoded",)}
    made: dict[str, tuple[bytes, SourceType, list[tuple[str, str]]]] = {
        "by a model": (ours, TRAINED, [("c2pa.created", TRAINED)]),
        "in the studio": (marked(Origin(source=ALGORITHMIC)), ALGORITHMIC, [("c2pa.created", ALGORITHMIC)]),
        "from an upload": (marked(Origin(source=CHANGED, changed=upload)), CHANGED, [OPENED, ("c2pa.edited", CHANGED)]),
        "from one of ours": (marked(Origin(changed=ours)), TRAINED, [OPENED, ("c2pa.edited", TRAINED)]),
        "by a provider": (marked(Origin(by_provider=theirs)), TRAINED, [OPENED, ("c2pa.transcoded", TRAINED)]),
        "smaller": (
            signed(sent_copies.as_webp(ours, 10**6), source=TRAINED, **whole),
            TRAINED,
            [OPENED, ("c2pa.transcoded", TRAINED)],
        ),
        "a sheet": (signed(contact_sheet.sheet("a", [cell]), source=SHEET), SHEET, [("c2pa.created", SHEET)]),
    }
    known = {"from one of ours", "by a provider", "smaller"}
    for name, (picture, source, done) in made.items():
        assert said_by_xmp(picture) == source, name
        with c2pa.Reader(signing.kind_of(picture), io.BytesIO(picture)) as reader:
            assert reader.get_validation_state() == "Valid", name
            store, manifest = json.loads(reader.json())["manifests"], reader.get_active_manifest()
        assert actions(manifest) == done, name
        parents = manifest.get("ingredients", [])
        assert [one["relationship"] for one in parents] == ["parentOf"] * (OPENED in done), name
        assert [bool(one.get("active_manifest")) for one in parents] == [name in known] * len(parents), name
        assert all("thumbnail" not in one for one in (*store.values(), *parents)), name
        assert len(picture) < 40_000, (name, len(picture))


def test_a_picture_before_it_that_cannot_be_read_costs_the_manifest_nothing_but_that(
    credentials: signing.Credentials,
) -> None:
    marked = provenance.mark(png(), RECIPE, credentials, Origin(by_provider=b"\x89PNG\r\n\x1a\njumb c2pa nonsense"))
    assert marked.signed
    with c2pa.Reader("image/png", io.BytesIO(marked.picture)) as reader:
        assert reader.get_validation_state() == "Valid"


def test_a_signed_picture_still_gives_its_recipe(credentials: signing.Credentials) -> None:
    """The manifest and the recipe do not get in each other's way."""
    assert provenance.read(provenance.mark(png(), RECIPE, credentials).picture) == RECIPE


def test_a_changed_picture_no_longer_validates(credentials: signing.Credentials) -> None:
    """A recipe cannot be swapped under a signature."""
    marked = provenance.mark(png(), RECIPE, credentials).picture
    swapped = with_texts(marked, {"parameters": "a forged prompt\nSteps: 1, Seed: 1"})
    with c2pa.Reader("image/png", io.BytesIO(swapped)) as reader:
        assert reader.get_validation_state() == "Invalid"


def test_a_failed_signature_is_told_and_the_picture_goes_out(credentials: signing.Credentials) -> None:
    """A broken certificate is a line in the log, not a lost portrait."""
    broken = replace(credentials, chain=b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    marked = provenance.mark(png(), RECIPE, broken)
    assert not marked.signed
    assert "not signed" in marked.problem
    assert provenance.read(marked.picture) == RECIPE


def test_what_is_no_png_is_passed_on_with_a_word() -> None:
    """Marking never raises."""
    marked = provenance.mark(b"not a picture", RECIPE)
    assert marked.picture == b"not a picture"
    assert marked.problem


def test_the_self_made_certificate_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """A restart signs as the same studio, and nobody else on the machine reads the key."""
    first = signing.self_made(tmp_path / "certificates")
    again = signing.self_made(tmp_path / "certificates")
    assert first == again
    assert first.self_made
    assert stat.S_IMODE((tmp_path / "certificates" / "content-credentials.key").stat().st_mode) == 0o600


def test_the_operators_certificate_is_used(tmp_path: Path) -> None:
    """A chain and a key from files, which are then not called self-made."""
    made = signing.self_made(tmp_path)
    found = signing.load(tmp_path / "content-credentials.pem", tmp_path / "content-credentials.key")
    assert (found.chain, found.key, found.self_made) == (made.chain, made.key, False)
    assert "PRIVATE" not in repr(found)


def test_a_key_of_another_certificate_is_refused_at_start(tmp_path: Path) -> None:
    """A mix-up is found when the bot starts, not with the first portrait."""
    signing.self_made(tmp_path / "one")
    signing.self_made(tmp_path / "two")
    with pytest.raises(signing.SigningFailed, match="not the P-256 key"):
        signing.load(tmp_path / "one" / "content-credentials.pem", tmp_path / "two" / "content-credentials.key")


def test_a_missing_certificate_says_what_to_do(tmp_path: Path) -> None:
    """The sentence names the file and the way out."""
    with pytest.raises(signing.SigningFailed, match="Check the paths"):
        signing.load(tmp_path / "no.pem", tmp_path / "no.key")


def test_a_picture_from_a_web_ui_gives_its_prompt() -> None:
    """Words, weights, negative prompt, seed and shape as A1111 wrote them into a PNG."""
    pasted = (
        "portrait of a (grizzled:1.2) sailor, wool peacoat, 85mm\nNegative prompt: cartoon\n"
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 77, Size: 512x768, Model: x"
    )
    found = provenance.read_recipe(with_texts(png(), {"parameters": pasted}))
    assert found is not None
    assert (found.clothing, found.camera, found.negative) == ("wool peacoat", "85mm", "cartoon")
    assert (found.seed, found.aspect) == (77, "2:3")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_jpeg_and_webp_bring_their_recipe_in_exif(kind: str) -> None:
    """The EXIF comment, where tools that save JPEG or WebP put the settings."""
    buffer = io.BytesIO()
    comment = exif_comment("a baker, apron\nSteps: 20, Sampler: Euler, Seed: 5, Size: 512x512")
    Image.new("RGB", (40, 60)).save(buffer, kind, exif=comment)
    found = provenance.read_recipe(buffer.getvalue())
    assert found is not None
    assert (found.subject, found.clothing, found.seed) == ("a baker", "apron", 5)


def test_a_picture_without_a_recipe_has_none() -> None:
    """A photograph is not mistaken for a recipe."""
    assert provenance.read(png()) is None
    assert provenance.read(b"") is None


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_text_that_unpacks_to_a_flood_is_passed_over(kind: bytes) -> None:
    """Ten megabytes packed into ten kilobytes are never unpacked."""
    packed = zlib.compress(b"a" * 10_000_000)
    head = b"parameters\0\0" if kind == b"zTXt" else b"parameters\0\1\0\0\0"
    assert texts(with_chunk(kind, head + packed)) == {}


def test_a_text_longer_than_the_limit_is_passed_over() -> None:
    """Its size in the chunk's head is enough to say no."""
    assert texts(with_chunk(b"tEXt", b"parameters\0" + b"a" * (MAX_TEXT + 1))) == {}


def test_packed_texts_of_honest_size_are_read() -> None:
    """Other tools pack them."""
    raw = with_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a sailor\nSteps: 9, Seed: 3"))
    assert texts(raw)["parameters"].startswith("a sailor")


def test_a_recipe_with_an_endless_prompt_is_refused() -> None:
    """What a picture brings is no longer than what may be typed."""
    long = Recipe(prompt=PortraitPrompt(subject="a man, " * 2000))
    assert provenance.read(provenance.mark(png(), long).picture) is None


@pytest.mark.parametrize(
    "stored",
    [
        '{"version":1}',
        '{"prompt":{"subject":"a"},"seed":"4"}',
        '{"prompt":{"subject":1}}',
        "[]",
        '{"prompt":[]}',
        "{" * 9000,
    ],
)
def test_a_damaged_recipe_is_no_recipe(stored: str) -> None:
    """Never a traceback out of a stranger's file."""
    assert provenance.read(with_texts(png(), {provenance.RECIPE_KEYWORD: stored})) is None


def test_a_recipe_of_a_newer_studio_is_read_as_far_as_it_is_known() -> None:
    """Unknown keys of a later version are left alone."""
    newer = '{"version":9,"prompt":{"subject":"a man","scent":"rose"},"mood":4}'
    found = provenance.read(with_texts(png(), {provenance.RECIPE_KEYWORD: newer}))
    assert found == Recipe(prompt=PortraitPrompt(subject="a man"))


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1\0\x20Exif\0\0", b"RIFF\0\0\0\0WEBPEXIF"]),
)
def test_no_bytes_make_the_reader_fail(body: bytes, head: bytes) -> None:
    """Truncated and forged files have no recipe, and that is all."""
    provenance.read(head + body)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, 2**63 - 1))
def test_any_words_survive_the_picture(subject: str, words: str, seed: int) -> None:
    """Line breaks, quotes and every script; control characters included."""
    recipe = Recipe(prompt=parse(subject), words=words, seed=seed)
    assert provenance.read(provenance.mark(png((4, 4)), recipe).picture) == recipe
