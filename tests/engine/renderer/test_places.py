"""What holds of places: each is itself whatever the seed, lens and hour, and lights as it looks."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.renderer import camera, film, lights, places
from engine.renderer.places import telling
from engine.renderer.scene import Camera, Film, Place, Scene
from engine.renderer.tracing.vectors import LUMA, Floats

SIZE = (48, 72)
EYES = (0.0, -0.1, 1.6)
WORDS = Path(places.__file__).parents[1] / "words" / "places.toml"
NAMED = sorted(tomllib.loads(WORDS.read_text())["place"])
DARK = {"black studio", "space", "city night", "bar", "stage"}


def setting(name: str, seed: int = 1, f_number: float = 2.0, **more: object) -> places.Setting:
    optics = camera.aim(Camera(f_number=f_number), EYES, SIZE)
    return places.place(Place(name=name, **more), optics, seed)  # type: ignore[arg-type]


def behind(name: str, size: tuple[int, int] = SIZE, seed: int = 1, f_number: float = 2.0, **more: object) -> Floats:
    return setting(name, seed, f_number, **more).backdrop(size, seed)


def sharpness(picture: Floats) -> float:
    seen = film.printed(picture, Film(grain=0.0), 0).mean(-1)
    return float(np.abs(np.diff(seen, axis=0)).mean() + np.abs(np.diff(seen, axis=1)).mean())


@pytest.mark.parametrize("name", NAMED)
def test_every_place_that_has_a_word_is_seen_and_lights(name: str) -> None:
    here = setting(name)
    picture = here.backdrop(SIZE, 1)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert picture.dtype == here.environment.dtype == np.float32
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert float(np.median(picture @ LUMA)) > (0.0 if name in DARK else 0.03)
    assert np.isfinite(here.environment).all()
    assert 0.4 < float((here.environment @ LUMA).mean()) < 6.0
    assert name in places.NAMES


@pytest.mark.parametrize("name", NAMED)
def test_the_same_seed_is_the_same_picture_and_another_is_another(name: str) -> None:
    places.forget()
    once = behind(name).copy()
    places.forget()
    assert np.array_equal(once, behind(name))
    assert not np.array_equal(once, behind(name, seed=2))


@pytest.mark.parametrize("name", ["library", "city night", "garden", "church", "workshop", "rooftop"])
def test_a_wide_aperture_blurs_a_place_more(name: str) -> None:
    narrow, wide = (sharpness(behind(name, (96, 144), f_number=number)) for number in (8.0, 1.8))
    assert narrow > 1.1 * wide


@pytest.mark.parametrize("name", NAMED)
def test_a_place_is_told_from_all_others(name: str) -> None:
    there = np.ones((SIZE[1], SIZE[0]), bool)
    there[12:60, 14:34] = False
    scene = Scene(place=Place(name=name, colour=(0.4, 0.03, 0.05) if name == "backdrop" else None), seed=7)
    seen = places.place(scene.place, camera.aim(scene.camera, EYES, SIZE), 7).backdrop(SIZE, 7)
    printed = film.printed(seen * np.array(lights.spill(scene.light), np.float32), scene.film, 7)
    assert telling.told((printed * 255).astype(np.uint8), there, scene, NAMED) == name


@pytest.mark.parametrize(
    "name", ["beach", "field", "mountains", "city day", "park", "cafe", "office", "sky", "rooftop"]
)
def test_places_are_darker_at_night_than_by_day(name: str) -> None:
    day, night = (float((behind(name, time=time) @ LUMA).mean()) for time in ("day", "night"))
    assert night < 0.8 * day


@pytest.mark.parametrize("name", ["beach", "field", "desert", "sea"])
def test_a_sunset_is_redder_than_a_day(name: str) -> None:
    def warmth(time: str) -> float:
        seen = behind(name, time=time)[: SIZE[1] // 2].mean((0, 1))
        return float(seen[0] / seen[2])

    assert warmth("sunset") > 1.4 * warmth("day")


def test_a_backdrop_takes_its_colour_and_lights_in_it() -> None:
    red = setting("backdrop", colour=(0.5, 0.02, 0.02))
    seen = red.backdrop(SIZE, 1).mean((0, 1))
    assert seen[0] > 8 * seen[2]
    middle = red.environment[:, red.environment.shape[1] * 3 // 8 : red.environment.shape[1] * 5 // 8].mean((0, 1))
    assert middle[0] > 1.5 * middle[2]


@pytest.mark.parametrize("name", ["daylight studio", "cafe", "kitchen", "desert", "stage"])
def test_light_from_behind_has_the_colour_of_what_is_seen(name: str) -> None:
    here = setting(name, f_number=8.0)
    seen = here.backdrop(SIZE, 1).mean((0, 1))
    rows, columns = here.environment.shape[:2]
    lit = here.environment[int(rows * 0.38) : int(rows * 0.62), int(columns * 0.46) : int(columns * 0.54)].mean((0, 1))
    assert np.corrcoef(seen, lit)[0, 1] > 0.5 or np.ptp(seen / seen.mean()) < 0.25


@pytest.mark.parametrize("name", ["stage", "bar", "forest", "space"])
def test_no_place_tints_the_front_of_a_sitter_so_far_that_cloth_loses_its_name(name: str) -> None:
    here = setting(name).environment
    rows, columns = here.shape[:2]
    level = np.sin((np.arange(rows) + 0.5) / rows * np.pi)[:, None]
    facing = level**2 * np.maximum(-np.cos(((np.arange(columns) + 0.5) / columns - 0.5) * 2 * np.pi), 0)
    light = np.tensordot(facing, here, 2)
    assert np.abs(np.log2(light / float(light @ LUMA))).max() < 0.15


def test_the_level_and_the_turn_are_heard() -> None:
    assert np.allclose(behind("library", level=0.5) * 2, behind("library"), rtol=1e-4)
    assert not np.array_equal(behind("library", turn=40.0), behind("library"))


def test_an_unknown_place_is_a_grey_studio() -> None:
    assert np.array_equal(behind("the moon's far side"), behind("grey studio"))


def test_a_preview_shows_what_the_picture_will() -> None:
    def small(size: tuple[int, int]) -> Floats:
        seen = behind("garden", size)
        step = size[0] // 16
        return np.asarray(seen.reshape(24, step, 16, step, 3).mean((1, 3)))

    assert np.corrcoef(small((64, 96)).ravel(), small((256, 384)).ravel())[0, 1] > 0.9


def test_places_turn_with_the_camera_looking_up() -> None:
    level, up = (camera.aim(replace(Camera(), height=height), EYES, SIZE) for height in (0.0, -25.0))
    seen = [places.place(Place(name="beach"), optics, 1).backdrop(SIZE, 1) for optics in (level, up)]
    assert float(seen[1][-8:, :, 2].mean() / seen[1][-8:, :, 0].mean()) > float(
        seen[0][-8:, :, 2].mean() / seen[0][-8:, :, 0].mean()
    )


def test_lenses_and_stops_that_photographers_tell_apart_are_compared_with_pictures_of_their_own() -> None:
    lenses = {telling.frame_of(Camera(focal_mm=focal)) for focal in (24, 35, 50, 60, 70, 85, 105, 135)}
    stops = {telling.frame_of(Camera(f_number=stop)) for stop in (1.4, 2.0, 2.8, 4.0, 5.6)}
    assert (len(lenses), len(stops)) == (8, 5)
