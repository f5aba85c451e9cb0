"""Clothes: every garment of the words is in the table, covers what it should, and has the colour that was asked for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine.renderer
from engine.renderer import body, photograph, wardrobe
from engine.renderer.mesh import Mesh
from engine.renderer.palette import linear
from engine.renderer.scene import Camera, Hair, Light, Outfit, Person, Place, Pose, Scene, Sitter
from engine.renderer.tracing.embree import RayScene
from engine.renderer.wardrobe.dyes import dyed
from engine.renderer.wardrobe.garments import named
from engine.renderer.wardrobe.patterns import PATTERNS, tile
from engine.renderer.wardrobe.table import GARMENTS

WORDS = tomllib.loads((Path(engine.renderer.__file__).parent / "words" / "clothes.toml").read_text())
WOMAN, MAN = (Person(seed=5, masculinity=m, hair=Hair(style="bald")) for m in (0.03, 0.97))
BARE = {"evening gown", "tank top"}
COLOURS = {"red": (0.40, 0.03, 0.03), "green": (0.04, 0.25, 0.08), "blue": (0.03, 0.06, 0.35)}


def dressed(garment: str, person: Person = WOMAN, **more: Any) -> list[Mesh]:
    return wardrobe.dress(Outfit(garment=garment, **more), body.build(person, Pose()))


def rendered(outfit: Outfit, person: Person = WOMAN) -> Any:
    scene = Scene(
        sitters=(Sitter(person=person, outfit=outfit),), camera=Camera(framing="bust", turn=0),
        place=Place(name="white studio"), light=Light(), seed=1,
    )  # fmt: skip
    return photograph.photograph(scene, (64, 96), "preview").picture


def test_every_garment_that_words_name_is_in_the_table() -> None:
    assert set(WORDS["garment"]) == set(GARMENTS)


def cut_for_both(garment: str) -> bool:
    return any(layer.women for layer in GARMENTS[garment].layers) or garment == "suit"


@pytest.mark.parametrize(
    ("garment", "person"),
    [
        pytest.param(garment, person, id=f"{garment}-{name}")
        for number, garment in enumerate(sorted(GARMENTS))
        for turn, (name, person) in enumerate((("woman", WOMAN), ("man", MAN)))
        if cut_for_both(garment) or number % 2 == turn
    ],
)
def test_a_garment_is_whole_and_covers_the_chest(garment: str, person: Person) -> None:
    made = dressed(garment, person)
    assert sum(len(mesh.f) for mesh in made) < 300_000
    for mesh in made:
        assert np.isfinite(mesh.v).all()
        assert np.isfinite(mesh.n).all()
        assert mesh.f.max() < len(mesh.v)
        assert all(len(values) == len(mesh.v) and np.isfinite(values).all() for values in mesh.extra.values())
    built = body.build(person, Pose())
    rest = built.part.rest
    low, high = 0.28 if garment == "sari" else 0.20, 0.36 if garment in BARE else 0.40
    chest = np.flatnonzero((np.abs(rest[:, 0]) < 0.10) & (rest[:, 2] > low) & (rest[:, 2] < high))
    assert covered(built, made, chest).mean() > 0.95, "the chest is bare"


def covered(built: body.Body, made: list[Mesh], at: Any) -> Any:
    """Whether cloth lies over places of the skin."""
    rays = RayScene()
    for mesh in made:
        rays.add_triangles(mesh.v.astype(np.float32), mesh.f)
    rays.commit()
    start, way = built.part.vertices[at] - 0.012 * built.normals[at], built.normals[at]
    return rays.blocked(start.T.astype(np.float32).copy(), way.T.astype(np.float32).copy(), 0.15)


@pytest.mark.parametrize("garment", ["shirt", "sweater"])
def test_the_asked_colour_is_the_cloths_mean_hue(garment: str) -> None:
    for number, colour in enumerate(COLOURS.values()):
        seen = rendered(Outfit(garment=garment, colour=colour), MAN)[70:94, 14:50].reshape(-1, 3).astype(float)
        strongest = np.argmax((seen - seen.mean(1, keepdims=True)).mean(0))
        assert strongest == number


def test_a_kimonos_white_collar_is_a_clean_edge() -> None:
    """Seen from before, a line across meets it on either side once: nothing sticks out through it."""
    made = dressed("kimono", MAN, colour=COLOURS["blue"])
    own = made[0].info["colour"]
    white = [number for number, mesh in enumerate(made) if np.array_equal(mesh.info["colour"], own)]
    rays = RayScene()
    for mesh in (*made, *body.build(MAN, Pose()).meshes):
        rays.add_triangles(mesh.v.astype(np.float32), mesh.f)
    rays.commit()
    band = made[white[-1]].v
    x, z = np.meshgrid(np.linspace(-0.12, 0.12, 160), np.linspace(band[:, 2].min(), band[:, 2].max(), 160))
    start = np.stack([x.ravel(), np.full(x.size, -1.0), z.ravel()]).astype(np.float32)
    ahead = np.repeat(np.array([[0.0], [1.0], [0.0]], np.float32), x.size, axis=1)
    seen = np.isin(rays.first(start, ahead).geometry, white).reshape(x.shape)
    met = (np.diff(np.pad(seen, ((0, 0), (1, 1))).astype(int), axis=1) == 1).sum(1)

    assert seen.sum() > 200
    assert (met > 2).mean() < 0.02


def test_patterns_are_seen() -> None:
    plain, striped = (
        rendered(Outfit(garment="shirt", colour=(0.05, 0.08, 0.3), pattern=name)).astype(int)
        for name in ("", "stripes")
    )
    assert np.abs(striped - plain)[60:].mean() > 4


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_has_both_colours(name: str) -> None:
    found = tile(name, (0.05, 0.08, 0.30), (0.5, 0.05, 0.05), "shirt")
    assert found is not None
    red = found[0][..., 0]
    assert red.min() < 0.1 < 0.25 < red.max()


def test_legs_are_dressed_where_the_picture_shows_them() -> None:
    built = body.build(WOMAN, Pose())
    whole, upper = (wardrobe.dress(Outfit(garment="t-shirt"), built, legs=legs) for legs in (True, False))
    lowest = [min(float(mesh.v[:, 2].min()) for mesh in made) for made in (whole, upper)]
    assert lowest[0] < lowest[1] - 0.3


def test_dyes_are_those_of_cloth() -> None:
    for colour in COLOURS.values():
        real = dyed(colour, "wool")
        assert np.argmax(real) == np.argmax(colour)
        assert max(real) / min(real) < max(colour) / min(colour)
    assert max(dyed((1.0, 1.0, 1.0), "cotton")) < 0.7
    assert min(dyed((0.0, 0.0, 0.0), "cotton")) > 0.005


def test_navy_is_not_black_and_cream_is_not_white() -> None:
    navy, cream = (dyed(linear(code), "canvas") for code in ("#16254f", "#efe0bd"))
    assert navy[2] > 2.2 * navy[0]
    assert cream[0] > 1.4 * cream[2]


def test_the_same_outfit_is_the_same_bit_for_bit() -> None:
    for garment in ("hoodie", "sari"):
        for first, again in zip(dressed(garment), dressed(garment), strict=True):
            assert first.v.tobytes() == again.v.tobytes()
            assert first.f.tobytes() == again.f.tobytes()


def test_what_is_not_known_is_the_nearest_garment() -> None:
    assert named("wool sweater") == "sweater"
    assert named("jacket") == "blazer"
    assert named("exoskeleton") == "t-shirt"
