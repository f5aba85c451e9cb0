"""Words set the scene: the 200 prompts that the studio is measured by, and what must hold beside them."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from engine.prompt import parse
from engine.renderer.palette import HAIR, LIPS, SKIN, linear, natural
from engine.renderer.reading import SceneReading, read
from engine.renderer.scene import Hair, Person
from engine.renderer.studio_lexicon import table

COLOURS = {
    "red": ("#b3121d", "#8c0f1e"), "blue": ("#1f4fa8", "#16254f"), "green": ("#1d7a3a", "#0c7a4d"),
    "yellow": ("#f0c818", "#c8951c"), "white": ("#f2f1ee",), "black": ("#101011",), "grey": ("#84868a", "#37393d"),
    "orange": ("#e0661a", "#a64a1e"), "purple": ("#6a2d8f",), "pink": ("#e58fb0",), "teal": ("#127a80",),
    "brown": ("#5f3a20", "#4a2a17"), "beige": ("#d9c7a5", "#efe0bd"),
}  # fmt: skip
"""What the words of the prompts' labels may be drawn as."""
DRAWN = {"overalls": ("overalls", "jumpsuit")}
"""Garments that the labels have one name for."""


@cache
def prompts() -> list[dict[str, Any]]:
    text = (files("engine.renderer") / "evaluation" / "prompts.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def reading(text: str, seed: int = 1) -> SceneReading:
    return read(parse(text), seed=seed)


def misread(row: dict[str, Any]) -> list[str]:
    """What the scene of a labelled prompt has otherwise than its label says."""
    truth, found = row["truth"], reading(row["prompt"], row["id"]).scene
    sitter = found.sitters[0]
    person, outfit = sitter.person, sitter.outfit
    hair = next((name for name, colour in HAIR.items() if colour == person.hair.colour), "")
    place = {linear("#b3121d"): "red backdrop"}.get(found.place.colour or (0.0, 0.0, 0.0), "blue backdrop")
    checks = {
        "sex": (person.masculinity < 0.5) == (truth["sex"] == "woman"),
        "skin": "skin" not in truth or person.skin.tone == SKIN[truth["skin"]],
        "bald": (person.hair.style == "bald") == truth["bald"],
        "hair": "hair" not in truth or hair == truth["hair"],
        "glasses": bool(person.glasses) == truth["glasses"],
        "beard": (person.beard.kind != "none") == truth["beard"],
        "garment": outfit.garment in DRAWN.get(truth["garment"], (truth["garment"],)),
        "clothes": outfit.colour in map(linear, COLOURS[truth["clothes"]]),
        "place": (place if found.place.name == "backdrop" else found.place.name) == truth["place"],
        "framing": found.camera.framing == truth["framing"],
        "text": [one.words for one in found.lettering] == ([truth["text"]] if truth["text"] else []),
        "film": (found.film.stock == "natural") == (not truth["film"]),
    }
    if truth["side"] in {"left", "right"}:
        checks["side"] = (found.light.lamps[0].side < 0) == (truth["side"] == "left")
    return [name for name, right in checks.items() if not right]


def test_no_electric_bulb_lights_somebody_in_space() -> None:
    lamp = read(parse("a woman in space, stars behind, lit from the left"), seed=1).scene.light.lamps[0]
    assert max(lamp.colour) < 1.1 * min(lamp.colour)
    assert lamp.side < 0


def test_the_labelled_prompts_are_read_as_labelled() -> None:
    wrong = {row["id"]: missed for row in prompts() if (missed := misread(row))}
    assert not wrong


def test_the_same_words_and_seed_are_the_same_scene_and_another_seed_is_somebody_else() -> None:
    text = "a woman in a red coat, on a beach"
    assert reading(text) == reading(text)
    one, other = (reading(text, seed).scene for seed in (1, 2))
    assert one.sitters[0].person.shape != other.sitters[0].person.shape
    assert one.sitters[0].outfit.garment == other.sitters[0].outfit.garment == "coat"


@pytest.mark.parametrize(
    "text", ["a girl of 6 in a garden", "a 12 year old boy", "a child, smiling", "a schoolgirl", "a teenager, 15"]
)
def test_nobody_under_18_is_drawn(text: str) -> None:
    assert all(sitter.person.age >= 18 for sitter in reading(text).scene.sitters)


@pytest.mark.parametrize("text", ["a red jumpsuit", "blue coveralls", "a flight suit"])
def test_a_jumpsuit_is_no_bib_overalls(text: str) -> None:
    assert reading(f"a woman in {text}").scene.sitters[0].outfit.garment == "jumpsuit"
    assert reading("a woman in blue dungarees").scene.sitters[0].outfit.garment == "overalls"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a rock singer on stage in a red jacket", "stage"), ("Subject: a singer on a big stage", "stage"),
        ("Subject: a woman sitting by the window", "window room"), ("Subject: a man in a library, reading", "library"),
        ("a stage actor in a blue coat", "grey studio"), ("Subject: a singer in a stage costume", "grey studio"),
        ("Subject: a man in a sea captain's coat", "grey studio"), ("Subject: a woman in ice blue", "grey studio"),
        ("Subject: a woman, not in a forest", "grey studio"), ("Subject: a woman in a space suit", "grey studio"),
    ],
)  # fmt: skip
def test_a_place_that_is_said_of_the_sitter_is_where_they_are(text: str, place: str) -> None:
    assert reading(text).scene.place.name == place


def test_what_is_denied_is_not_drawn() -> None:
    sitter = reading("a man with a beard, without glasses, no hat, wearing a suit").scene.sitters[0]
    assert (sitter.person.beard.kind, sitter.person.glasses, sitter.outfit.hat) == ("full beard", "", "")


def test_what_is_not_known_is_told_and_what_is_known_is_not() -> None:
    assert reading("a woman in a blue dress, holding a parrot").missed == ("holding a parrot",)
    assert reading("a jazz musician in a navy suit, in a bar, 85mm f/2").missed == ()


def test_a_saved_person_stays_but_for_what_the_words_change() -> None:
    ana = Person(seed=9, age=44, hair=Hair(style="bob", colour=HAIR["red"]), glasses="round")
    found = read(parse("@ana with black hair, in a white shirt, smiling"), seed=5, characters={"ana": ana}).scene
    person = found.sitters[0].person
    assert (person.seed, person.age, person.glasses, person.hair.style) == (9, 44, "round", "bob")
    assert person.hair.colour == HAIR["black"]
    assert found.sitters[0].outfit.garment == "shirt"


@pytest.mark.parametrize("text", ["a woman wearing red lipstick", "portrait of a woman, red lips"])
def test_lipstick_is_put_on_the_lips(text: str) -> None:
    assert reading(text).scene.sitters[0].person.skin.lips == LIPS["red"]


def test_heavy_make_up_darkens_the_eyes() -> None:
    skin = reading("portrait of a woman with heavy make-up").scene.sitters[0].person.skin
    assert skin.eye_shadow is not None
    assert skin.eyeliner > 0.5


def test_two_people_stand_side_by_side_in_their_own_clothes() -> None:
    scene = reading("two women laughing, left in a red dress, right in a black suit, on a rooftop").scene
    left, right = scene.sitters
    assert left.place < 0 < right.place
    assert (left.outfit.garment, right.outfit.garment) == ("dress", "suit")
    assert left.person != right.person


def test_every_word_of_the_tables_leads_to_one_entry_of_its_table() -> None:
    for name in ("garment", "place", "rig", "hair_style", "colour"):
        assert table(name)


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ('a man in a denim jacket, a sign behind reads "OPEN"', "sign"),
        ('a woman in a green shirt, holding a board with "OPEN"', "sign"),
        ('a man in a T-shirt with "OPEN" printed on the chest', "shirt"),
        ('a woman in a red jacket, wearing a badge that says "OPEN"', "badge"),
    ],
)
def test_words_stand_on_the_thing_that_is_named_nearest(text: str, on: str) -> None:
    assert [one.on for one in reading(text).scene.lettering] == [on]


@pytest.mark.parametrize("text", ["x" * 4000, "red " * 1000, "a" + ", blue shirt" * 300, "no " * 1300, "85mm " * 700])
def test_long_texts_are_read_in_a_moment(text: str) -> None:
    reading(text)


@pytest.mark.parametrize(
    ("text", "garment", "outer", "under"),
    [
        ("a man, white shirt and grey suit with a tie", "suit", "#84868a", "#f2f1ee"),
        ("a man in a navy blazer over a white t-shirt", "blazer", "#16254f", "#f2f1ee"),
        ("a man in black turtleneck and camel coat", "coat", "#b98f5f", "#101011"),
        ("a woman, red and white striped shirt", "shirt", "#b3121d", "#f2f1ee"),
    ],
)
def test_each_garment_has_the_colour_that_stands_with_it(text: str, garment: str, outer: str, under: str) -> None:
    outfit = reading(text).scene.sitters[0].outfit
    assert (outfit.garment, outfit.colour, outfit.second) == (garment, linear(outer), linear(under))


def test_a_beard_is_of_natural_colour_under_dyed_hair_unless_it_is_dyed_too() -> None:
    beard = reading("a man with short blue hair and a full beard").scene.sitters[0].person.beard
    assert beard.kind == "full beard"
    assert natural(beard.colour)
    dyed = reading("a man with short blue hair and a blue full beard").scene.sitters[0].person.beard
    assert not natural(dyed.colour)
    plain = reading("a man with short red hair and a full beard").scene.sitters[0].person
    assert plain.beard.colour == plain.hair.colour


@pytest.mark.parametrize(
    ("backdrop", "like", "unlike"),
    [
        ("blue-grey backdrop", "grey", "blue"),
        ("grey-blue backdrop", "blue", "grey"),
        ("greenish grey background", "grey", "green"),
        ("olive-green wall", "olive", "green"),
    ],
)
def test_a_colour_of_two_names_is_one_colour_that_leans_to_the_second(backdrop: str, like: str, unlike: str) -> None:
    found, near, far = (_roots(text) for text in (backdrop, f"{like} backdrop", f"{unlike} backdrop"))
    assert np.abs(found - near).sum() < np.abs(found - far).sum()


def _roots(backdrop: str) -> Any:
    """The cube roots of a backdrop's colour, which is about how eyes see; grey where it has none."""
    return np.cbrt(reading(f"a woman, {backdrop}").scene.place.colour or linear("#84868a"))


def test_the_colours_of_a_pattern_stay_two() -> None:
    outfit = reading("a woman in a red-white striped shirt").scene.sitters[0].outfit
    assert (outfit.colour, outfit.second) == (linear("#b3121d"), linear("#f2f1ee"))


@pytest.mark.parametrize(
    ("text", "place", "garment", "colour"),
    [
        ("a woman on a beach with a red dress", "beach", "dress", "#b3121d"),
        ("a woman in a red dress on a beach at sunset", "beach", "dress", "#b3121d"),
        ("on a beach at sunset, a woman in a red dress", "beach", "dress", "#b3121d"),
        ("a man standing by a window in a blue shirt", "window room", "shirt", "#1f4fa8"),
        ("a man in a library with a navy suit", "library", "suit", "#16254f"),
    ],
)
def test_what_is_worn_in_a_place_is_no_part_of_it(text: str, place: str, garment: str, colour: str) -> None:
    scene = reading(text).scene
    outfit = scene.sitters[0].outfit
    assert (scene.place.name, outfit.garment, outfit.colour) == (place, garment, linear(colour))


def test_what_stands_in_a_place_is_not_worn() -> None:
    plain = reading("a woman in a cafe", seed=4).scene.sitters[0].outfit
    assert reading("a woman in a cafe with a coat rack", seed=4).scene.sitters[0].outfit == plain


def test_dusk_is_blue_and_no_sunset() -> None:
    scene = reading("a woman on a rooftop at dusk").scene
    assert (scene.place.time, scene.light.name) == ("blue hour", "blue hour")


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("a scar on the right cheek", ("cheek left",)),
        ("a thin scar down her left cheek", ("cheek right",)),
        ("a scarred left cheek", ("cheek right",)),
        ("scars on both cheeks", ("cheek left", "cheek right")),
        ("a scar through his right eyebrow", ("brow left",)),
        ("a scar under her left eye", ("cheek right",)),
        ("a scar on the forehead", ("forehead",)),
        ("a chin scar and freckles on the nose", ("chin",)),
        ("a scar above her lip, smiling", ("lip",)),
        ("a scar across the bridge of the nose and a scar on his jaw", ("nose", "jaw right")),
        ("a scar on his neck", ("neck",)),
        ("scars", ("cheek left",)),
        ("a nose ring and scars", ("cheek left",)),
        ("no scar on the chin", ()),
    ],
)
def test_a_scar_is_where_words_say_on_the_sitters_own_side(words: str, where: tuple[str, ...]) -> None:
    found = reading(f"a man of 40 with {words}, grey backdrop, lit from the left")
    assert found.scene.sitters[0].person.skin.scars == where
    assert not {"scar", "cheek", "left", "right"} & {word for missed in found.missed for word in missed.split()}


@pytest.mark.parametrize("backdrop", ["dark studio background", "dark studio backdrop", "plain dark backdrop"])
def test_a_dark_backdrop_is_black_and_no_hairs_brown(backdrop: str) -> None:
    assert reading(f"a man in a shirt, {backdrop}").scene.place.name == "black studio"
    assert reading("a man in a shirt, dark red backdrop").scene.place.colour == linear("#8c0f1e")


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("a woman in a red sari with gold border, dark background", "red"),
        ("a woman in a black dress with white lace trim", "black"),
        ("a man in a blue coat with gold buttons", "blue"),
        ("a woman in a white lace dress", "white"),
    ],
)
def test_what_is_sewn_on_does_not_dye_the_cloth(text: str, colour: str) -> None:
    outfit = reading(text).scene.sitters[0].outfit

    assert outfit.colour == linear(COLOURS[colour][0])
    assert outfit.second is None
