"""The review tells good from bad on drawn faces whose truth is known, and says what it cannot measure."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from engine.faces import identity
from engine.prompt import NOTHING, parse
from engine.review import __main__ as command
from engine.review import (
    colour_asked,
    eye_contrast,
    face_light,
    mesh_points,
    portrait_review,
    skin_texture,
    written_words,
)
from engine.review.asked_words import AskedFor, asked
from engine.review.colour_names import CLOTH, HAIR
from engine.review.face_frame import FaceFrame, Picture, framed
from engine.review.judged_parts import (
    LEAST_AREA,
    PortraitReview,
    ReviewMeasure,
    ReviewPart,
    as_data,
    between,
    from_data,
    known_answers,
    offered,
    over_series,
)
from engine.review.measuring import LIMITS, every_part
from engine.review.mesh_points import EyeFound
from engine.review.sight import Sight, seen
from tests import faces

UNIT = 64
MIDDLE = (160, 140)
POINTS = np.array([(112, 140), (144, 140), (176, 140), (208, 140), (160, 186)])
"""The corners of both eyes and the nose of the drawn face."""


def drawn(skin: int = 150, hair: str = "#502010", cloth: str = "#2040c0", left: int = 0) -> Image.Image:
    """A head in front of grey; `left` is how much brighter its left half is."""
    picture = Image.new("RGB", (320, 420), "#707070")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 300, 280, 420), fill=cloth)
    draw.ellipse((80, 20, 240, 200), fill=hair)
    for half, more in (((90, 60, 160, 270), left), ((160, 60, 230, 270), 0)):
        draw.rectangle(half, fill=(min(255, skin + 40 + more), skin + more, skin - 30 + more))
    return picture


def frame(picture: Image.Image | Picture) -> FaceFrame:
    return framed(np.asarray(picture), POINTS)


def textured(skin: int) -> Image.Image:
    """Skin with dots of a millimetre."""
    picture = np.asarray(drawn(skin)).astype(float)
    dots = np.random.default_rng(1).normal(0, 0.12, picture.shape[:2])
    fine = np.asarray(
        Image.fromarray((dots * 300 + 128).clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))
    )
    own = frame(picture.astype(np.uint8))
    face = own.box(-1, -1, 1, 1.4)
    picture[face] *= 1 + (fine[face][:, None] - 128.0) / 300
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def eye(x: int, *, shine: tuple[int, int] | None) -> tuple[EyeFound, tuple[int, int] | None]:
    middle = np.array((x, 140.0))
    corners = (middle - np.array((16, 0)), middle + np.array((16, 0)))
    return EyeFound(*corners, middle, 8.0, 0.0, np.array(corners)), shine


def looking(*shines: tuple[int, int] | None) -> tuple[FaceFrame, list[EyeFound]]:
    """A face whose irises have highlights at these places from their middles."""
    picture = drawn()
    draw = ImageDraw.Draw(picture)
    eyes = []
    for x, shine in zip((128, 192), shines, strict=True):
        draw.ellipse((x - 8, 132, x + 8, 148), fill="#302010")
        if shine is not None:
            at = x + shine[0], 140 + shine[1]
            draw.ellipse((at[0] - 2, at[1] - 2, at[0] + 2, at[1] + 2), fill="#ffffff")
        eyes.append(eye(x, shine=shine)[0])
    return frame(picture), eyes


def test_blur_and_smoothing_take_texture_from_skin_and_grain_does_not_bring_it_back() -> None:
    real = textured(150)
    soft = np.asarray(real.filter(ImageFilter.GaussianBlur(4)))
    grain = np.random.default_rng(2).normal(0, 6, soft.shape[:2])[..., None]
    grainy = (soft + grain).clip(0, 255).astype(np.uint8)
    true, blurred, noisy = (skin_texture.texture(frame(each))["texture"] for each in (real, soft, grainy))
    assert true > 3 * blurred
    assert true > 2 * noisy


def test_the_brighter_cheek_says_where_light_comes_from_whatever_the_size() -> None:
    lit = drawn(left=60)
    for times in (1, 2):
        picture = lit.resize((lit.width * times, lit.height * times))
        near = framed(np.asarray(picture), POINTS * times).scaled(UNIT)
        assert 0.4 < face_light.side_stops(near) < 2
        mirrored = framed(np.asarray(picture)[:, ::-1], (np.array((lit.width, 0)) * (1, 0) - POINTS * (1, -1)) * times)
        assert face_light.side_stops(mirrored.scaled(UNIT)) < -0.4
    assert abs(face_light.side_stops(frame(drawn()))) < 0.1


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [((3, -3), (3, -3), True), ((3, -3), (-4, 2), False), ((2, -3), (3, -3), True)],
)
def test_catchlights_match_where_one_lamp_shines_in_both_eyes(
    one: tuple[int, int], other: tuple[int, int], alike: bool
) -> None:
    face, eyes = looking(one, other)
    apart = eye_contrast.apart(*(eye_contrast.catchlight(face, each) for each in eyes))
    assert apart is not None
    assert (between(-apart, *LIMITS["catchlights"]) > 50) is alike


def test_eyes_are_not_judged_by_a_catchlight_that_one_of_them_lacks() -> None:
    for shines in ((None, None), ((3, -3), None)):
        face, eyes = looking(*shines)
        assert eye_contrast.apart(*(eye_contrast.catchlight(face, each) for each in eyes)) is None


def test_blurred_eyes_are_told() -> None:
    face, _ = looking((3, -3), (3, -3))
    soft = frame(Image.fromarray(face.picture).filter(ImageFilter.GaussianBlur(3)))
    assert eye_contrast.sharpness(soft) < 0.5 * eye_contrast.sharpness(face)


def test_clothes_and_hair_go_by_the_names_of_their_colours() -> None:
    near = frame(drawn(hair="#c05020", cloth="#2040c0"))
    clothes, hair = colour_asked.clothes_shares(near), colour_asked.hair_shares(near)
    assert clothes is not None
    assert hair is not None
    assert clothes["blue"] > 0.9 > 0.1 > clothes["red"]
    assert hair["red"] > 0.9 > 0.1 > hair["grey"]
    assert colour_asked.colourless(frame(drawn().convert("L").convert("RGB")))
    assert not colour_asked.colourless(near)


def test_what_a_prompt_asks_for_is_read_and_the_rest_left_open() -> None:
    words = "a woman with long dark brown hair, a navy sweater, gold earrings, in a snowy forest"
    assert asked(parse(f"{words}, window light from the left, headshot, 4:5")) == AskedFor(
        side="left", clothes="blue", hair="dark brown", place="light", framing="head and shoulders", aspect="4:5"
    )
    assert asked(parse("two women, ring light")).people == 2
    assert asked(parse("two women, ring light")).side == "front"
    assert asked(parse("a man")) == asked(NOTHING) == AskedFor()
    for colour in CLOTH:
        assert asked(parse(f"a man, wearing a {colour} shirt")).clothes == colour
    for colour in HAIR:
        assert asked(parse(f"a man with {colour} hair")).hair == colour


def test_light_has_the_side_that_is_said_of_the_light_on_the_face_and_else_none() -> None:
    sides = {
        "soft window light": "", "rim light from the left": "", "backlit from the right": "", "ring light": "front",
        "soft light from the left and a rim light from the right": "left", "light from left and right": "",
        "key light from the left, fill from the right": "left", "window light from her left": "",
        "shadows falling to the right": "", "hair light from the right, clamshell lighting": "front",
        "light from the front": "front", "lit by a ring of candles": "", "beauty dish": "", "side light": "",
        "warm lamp on the right": "right",
    }  # fmt: skip
    assert {words: asked(parse(f"a woman, {words}")).side for words in sides} == sides
    warmths = {"warm key, cold rim": "warm", "cool rim light": "", "golden hour": "warm", "blue hour": "cold"}
    assert {words: asked(parse(f"a woman, {words}")).warmth for words in warmths} == warmths
    assert asked(parse("a woman, on a beach at sunset")).place == ""


def test_one_light_is_told_by_what_is_of_one_colour_on_both_sides() -> None:
    lit = np.asarray(drawn(left=60)).copy()
    lit[250:, :160] = (lit[250:, :160] * 1.25).clip(0, 255)
    assert face_light.agreement(frame(np.asarray(drawn(left=0)))) is None  # lit from the front
    agreeing = face_light.agreement(frame(lit))
    turned = np.concatenate((lit[:205], lit[205:, ::-1]))
    turned[:80, 160:] = (200, 40, 40)
    against = face_light.agreement(frame(turned))
    assert agreeing is not None
    assert against is not None
    assert between(agreeing, *LIMITS["one light"]) > 90 > 50 > between(against, *LIMITS["one light"])
    turned[205:295, 160:] = (200, 40, 40)
    assert face_light.agreement(frame(turned)) is None  # the shoulders alone accuse nobody
    for other in (slice(80), slice(250, None)):
        lit[other, 160:] = (200, 40, 40)
    assert face_light.agreement(frame(lit)) is None


def test_scores_run_between_their_limits_and_no_part_is_shown_that_cannot_tell() -> None:
    assert [between(value, 1.0, 3.0) for value in (0, 1, 2, 3, 4)] == [0, 0, 50, 100, 100]
    assert between(1.5, 2.0, 1.0) == 50
    known = known_answers()
    assert set(known) <= {*LIMITS, "face count", "likeness"}
    for part, area in known.items():
        assert offered(ReviewPart(part, 50.0, "")) is (area >= LEAST_AREA)
    assert not offered(ReviewPart("never validated", 50.0, ""))


def test_a_review_says_its_worst_and_goes_through_json() -> None:
    parts = (ReviewPart("gaze", 90.0, "Fine."), ReviewPart("catchlights", 20.0, "They differ.", {"value": -1.0}))
    review = PortraitReview(
        (ReviewMeasure("eyes", parts), ReviewMeasure("skin", (ReviewPart("x", None, "Too small."),)))
    )
    assert review.measure("eyes").score == 20.0
    assert review.measure("eyes").told == "They differ."
    assert review.measure("skin").score is None
    assert review.measure("skin").told == "Too small."
    assert from_data(json.loads(json.dumps(as_data(review)))) == review
    assert over_series([review, review], "eyes") == (20.0, 20.0)
    assert over_series([review], "skin") is None


needs_dlib = pytest.mark.skipif(bool(identity.missing()), reason="dlib is not installed")


@needs_dlib
def test_the_command_reviews_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ana.png"
    file.write_bytes(faces.png("ana-1"))
    assert command.main([str(file), "--prompt", "two women", "--like", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    count = told["measures"]["anatomy"]["parts"]["face count"]
    assert (count["score"], count["read"]) == (0.0, {"faces": 1.0})
    assert told["measures"]["same face"]["score"] == 100
    assert bool(told["left_out"]) is bool(mesh_points.missing())
    assert command.main([str(tmp_path / "none.png")]) == 2
    assert "none.png" in capsys.readouterr().err


@needs_dlib
def test_a_process_apart_gives_the_same_review() -> None:
    picture = faces.png("ana-1")
    prompt = parse("a woman in a red shirt, headshot")
    with Image.open(io.BytesIO(picture)) as opened:
        here = portrait_review.reviewed(np.asarray(opened.convert("RGB")), prompt)
    there = portrait_review.review(picture, prompt)
    assert as_data(there) == as_data(here)
    with pytest.raises(portrait_review.NotReviewed, match="picture"):
        portrait_review.review(b"no picture", prompt)


@pytest.mark.skipif(bool(mesh_points.missing() or identity.missing()), reason="the extra `review` is not installed")
def test_irises_are_found_within_their_eyes_turned_or_not() -> None:
    with Image.open(io.BytesIO(faces.png("ana-1"))) as opened:
        picture = opened.convert("RGB").resize((384, 576), Image.Resampling.LANCZOS)
    for turned in (picture, picture.rotate(12, Image.Resampling.BICUBIC)):
        mesh = seen(np.asarray(turned)).mesh
        assert mesh is not None
        assert len(mesh.points) == 468
        for one in mesh.eyes:
            width = np.hypot(*(one.outer - one.inner))
            assert np.hypot(*(one.iris - (one.outer + one.inner) / 2)) < 0.3 * width
            assert 0.12 < one.radius / width < 0.35
        assert mesh.eyes[0].iris[0] < mesh.eyes[1].iris[0]


def test_a_picture_without_a_face_is_told_and_nothing_else_is() -> None:
    found = every_part(Sight(np.zeros((64, 64, 3), np.uint8), ()), AskedFor(clothes="red", side="left"))
    assert [part.score for parts in found.values() for part in parts] == [0.0]
    assert every_part(Sight(np.zeros((64, 64, 3), np.uint8), None), AskedFor()) == {}


@pytest.mark.skipif(bool(written_words.missing()), reason="tesseract is not installed")
def test_words_are_read_and_others_are_not() -> None:
    picture = drawn(cloth="#f0f0f0")
    ImageDraw.Draw(picture).text((100, 345), "BERLIN", fill="#101010", font_size=26)
    face = frame(picture)
    assert written_words.legibility(face, "Berlin")[0] == 1
    assert between(written_words.legibility(face, "MARKET")[0], *LIMITS["text"]) < 50
