"""What holds of photographs: light falls from where it was asked, lenses blur, the same scene is the same picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.renderer import crew, develop, film, lights, photograph
from engine.renderer.evaluation import blind
from engine.renderer.photograph import Picture
from engine.renderer.scene import Camera, Film, Hair, Light, Outfit, Person, Place, Scene, Sitter, Skin

SIZE = (64, 96)
SMALL = (48, 72)
BALD = Person(seed=1, hair=Hair(style="bald"))


def a_scene(person: Person = BALD, light: Light | None = None, camera: Camera | None = None, **more: object) -> Scene:
    scene = Scene(
        sitters=(Sitter(person=person, outfit=Outfit(garment="sweater")),),
        light=light or lights.rig("loop", "left"),
        camera=camera or Camera(turn=0.0, framing="close-up"),
    )
    return replace(scene, **more)  # type: ignore[arg-type]


def taken(scene: Scene, size: tuple[int, int] = SIZE, quality: str = "draft") -> Picture:
    return photograph.photograph(scene, size, quality).picture


def cheeks(picture: Picture) -> tuple[float, float]:
    """How bright the viewer's left and right cheek are."""
    height, width = picture.shape[:2]
    rows = slice(int(height * 0.46), int(height * 0.60))
    left, right = slice(int(width * 0.27), int(width * 0.40)), slice(int(width * 0.60), int(width * 0.73))
    return float(picture[rows, left].mean()), float(picture[rows, right].mean())


@pytest.mark.parametrize("name", ["rembrandt", "split", "window", "golden hour", "low key"])
def test_the_cheek_that_light_comes_from_is_the_brighter(name: str) -> None:
    left, right = cheeks(taken(a_scene(light=lights.rig(name, "left")), SMALL))
    assert left > right + 8
    left, right = cheeks(taken(a_scene(light=lights.rig(name, "right")), SMALL))
    assert right > left + 8


@pytest.mark.parametrize("name", ["church", "desert", "warehouse", "window room"])
def test_light_comes_from_where_it_was_asked_in_places_with_light_of_their_own(name: str) -> None:
    for side, sign in lights.SIDES.items():
        scene = a_scene(light=lights.rig("overcast", side), place=Place(name=name), seed=3)
        left, right = cheeks(taken(scene, SMALL))
        assert (right - left) * sign > 0


def test_light_from_below_lights_the_chin_more_than_light_from_above() -> None:
    below, above = (taken(a_scene(light=lights.rig("loop", side))) for side in ("below", "above"))
    chin = (slice(66, 76), slice(26, 38))
    brow = (slice(26, 36), slice(26, 38))
    assert below[chin].mean() / below[brow].mean() > above[chin].mean() / above[brow].mean()


def test_a_wide_aperture_blurs_more_than_a_narrow_one() -> None:
    def sharpness(f_number: float) -> float:
        camera = Camera(f_number=f_number, framing="head and shoulders", turn=0.0)
        picture = taken(a_scene(camera=camera, place=Place(name="city"), film=Film(grain=0.0)), (96, 144))
        behind = picture[:40, :24].astype(float).mean(-1)
        return float(np.abs(np.diff(behind, axis=0)).mean() + np.abs(np.diff(behind, axis=1)).mean())

    assert sharpness(8.0) > 1.3 * sharpness(1.4)


def test_the_same_scene_is_the_same_picture_bit_for_bit_however_many_work_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene, small = a_scene(replace(BALD, hair=Hair(style="buzz"))), (32, 48)
    once = taken(scene, small)
    assert np.array_equal(once, taken(scene, small))
    monkeypatch.setattr(crew, "hands_here", lambda: 1)
    assert np.array_equal(once, taken(scene, small))
    assert not np.array_equal(once, taken(replace(scene, seed=1), small))


@pytest.mark.parametrize(("tone", "least", "most"), [((0.62, 0.45, 0.36), 150, 225), ((0.07, 0.035, 0.022), 45, 125)])
def test_skin_is_exposed_for_what_it_is(tone: tuple[float, float, float], least: int, most: int) -> None:
    picture = taken(a_scene(replace(BALD, skin=Skin(tone=tone)), lights.rig("flat", "left")))
    forehead = picture[30:36, 24:40].reshape(-1, 3)
    assert least < np.median(forehead.max(1)) < most
    assert (forehead.min(1) > 250).mean() < 0.01


def test_a_high_key_is_brighter_and_a_low_key_darker_than_a_loop() -> None:
    high, loop, low = (
        taken(a_scene(light=lights.rig(name, "left")), SMALL).mean() for name in ("high key", "loop", "low key")
    )
    assert high > loop + 10 > low + 20


@pytest.mark.parametrize("name", sorted(lights.RIGS))
def test_every_set_up_lights_a_face(name: str) -> None:
    picture = taken(a_scene(light=lights.rig(name, "right")), (24, 36))
    assert picture.std() > 4
    assert lights.rig(name, "right").name == name


def test_an_unknown_set_up_is_a_loop() -> None:
    assert lights.rig("disco inferno").name == "loop"


@pytest.mark.parametrize("stock", sorted(film.STOCKS))
def test_every_film_prints_finite_values(stock: str) -> None:
    light = np.random.default_rng(1).random((24, 16, 3), np.float32) * 3
    printed = film.printed(light, Film(stock=stock), seed=4)
    assert np.isfinite(printed).all()
    assert 0 <= printed.min() <= printed.max() <= 1
    assert printed.std() > 0.03
    grey = np.linspace(0, 4, 64, dtype=np.float32)[None, :, None].repeat(3, -1).repeat(16, 0)
    ramp = film.printed(grey, Film(stock=stock, grain=0.0, vignette=0.0), seed=4).mean((0, 2))
    assert (np.diff(ramp[3:-3]) > -2e-3).all()
    if film.STOCKS[stock].mono and stock not in ("sepia", "daguerreotype"):
        assert np.ptp(printed, axis=-1).max() < 1e-3


def test_previews_come_before_the_picture_and_the_share_done_only_grows() -> None:
    said: list[tuple[float, Picture | None]] = []
    taken = photograph.photograph(a_scene(), SIZE, "standard", lambda share, preview: said.append((share, preview)))
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    previews = [preview for _, preview in said if preview is not None]
    assert len(previews) >= 2
    assert taken.picture.shape == (SIZE[1], SIZE[0], 3)


def test_somebody_new_is_shown_with_few_of_their_hairs_and_the_finished_picture_is_the_same() -> None:
    scene, size = a_scene(replace(BALD, seed=9, hair=Hair(style="crop"))), (48, 72)
    shown: list[Picture] = []

    def told(share: float, preview: Picture | None) -> None:
        if preview is not None:
            shown.append(preview)

    told_of = photograph.photograph(scene, size, "standard", told).picture
    assert len(shown) == 2
    assert np.array_equal(told_of, photograph.photograph(scene, size, "standard").picture)


def test_somebody_met_in_another_light_is_as_they_would_be_there_at_once() -> None:
    scene = a_scene(replace(BALD, seed=9))
    taken(scene, SMALL, "standard")
    other = replace(scene, light=lights.rig("split", "right"), place=Place(name="city"))
    again = taken(other, SMALL, "standard")
    photograph.forget()
    assert np.array_equal(again, taken(other, SMALL, "standard"))


def test_two_sitters_are_both_in_the_picture() -> None:
    pair = a_scene().sitters[0]
    dark = replace(BALD, seed=2, skin=Skin(tone=(0.06, 0.03, 0.02)))
    scene = replace(
        a_scene(), sitters=(replace(pair, place=-0.5), replace(pair, person=dark, place=0.5)), camera=Camera(turn=0.0)
    )
    picture = taken(scene, (96, 96)).astype(float)
    height = picture.shape[0]
    row = slice(int(height * 0.35), int(height * 0.5))
    assert picture[row, 14:24].mean() > picture[row, 72:82].mean() + 25


def test_a_picture_is_given_up_as_soon_as_it_is_not_wanted() -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 4

    with pytest.raises(photograph.Cancelled):
        photograph.photograph(a_scene(), SIZE, "draft", None, cancelled)
    assert len(asked) == 5


@pytest.mark.parametrize("size", [(96, 48), (48, 96), (64, 64), (40, 96)])
@pytest.mark.parametrize("framing", ["extreme close-up", "bust", "three-quarter"])
def test_every_shape_and_framing_has_the_eyes_in_it(size: tuple[int, int], framing: str) -> None:
    from engine.renderer import camera

    optics = camera.aim(Camera(framing=framing, roll=8.0), (0.0, -0.1, 1.6), size)
    x, y = optics.shown((0.0, -0.1, 1.6), size)
    assert 0.2 * size[0] < x < 0.8 * size[0]
    assert 0.05 * size[1] < y < 0.7 * size[1]


def test_a_longer_lens_stands_farther_away() -> None:
    from engine.renderer import camera

    near, far = (camera.aim(Camera(focal_mm=mm), (0.0, 0.0, 1.6), (512, 768)) for mm in (35.0, 135.0))
    assert np.linalg.norm(far.eye) > np.linalg.norm(near.eye)
    assert far.focus / near.focus == pytest.approx(135 / 35, rel=0.1)


def test_a_large_draft_has_the_size_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photograph, "DRAFT_PIXELS", 24 * 36)
    assert taken(a_scene(), (40, 60)).shape == (60, 40, 3)


def test_bright_cloth_keeps_its_texture() -> None:
    cloth = np.full((96, 96, 3), 0.1, np.float32)
    cloth[:, 40:] = 1.8
    cloth[::4, 40:] *= 1.25
    seen = film.printed(cloth, Film(grain=0.0, vignette=0.0), 0)[:, 64:80].mean((1, 2)) * 255
    assert seen.max() < 250
    assert np.ptp(seen[20:-20]) > 3


@pytest.mark.parametrize("stock", ["delta 3200", "hp5", "natural", "portra 400", "tri-x"])
def test_grain_is_fine_and_nearly_the_same_in_all_colours(stock: str) -> None:
    grey = np.full((192, 128, 3), 0.3, np.float32)
    grain = film.printed(grey, Film(stock=stock, vignette=0.0), 5) - film.printed(
        grey, Film(stock=stock, vignette=0.0, grain=0.0), 5
    )
    level = grain.mean(-1)
    apart = level[:, 2:]
    assert np.corrcoef(level[:, :-2].ravel(), apart.ravel())[0, 1] < 0.5
    assert (grain - level[..., None]).std() < 0.25 * level.std()


def on_grey(stock: str, grain: float | None = None) -> np.ndarray:
    """Plain grey on a film, (768, 512)."""
    grey = np.full((768, 512, 3), 0.3, np.float32)
    return np.asarray(film.printed(grey, Film(stock=stock, vignette=0.0, grain=grain), 5).mean(-1))


def test_no_film_has_more_grain_than_photographs() -> None:
    for stock in film.STOCKS:
        shown = (on_grey(stock)[..., None].repeat(3, -1) * 255 + 0.5).astype(np.uint8)
        assert blind.noise(shown) < blind.NOISE[1], stock


def test_fast_films_have_the_most_grain() -> None:
    grain = {stock: float(np.std(on_grey(stock) - on_grey(stock, 0.0))) for stock in film.STOCKS}

    for fast in ("hp5", "tri-x", "delta 3200", "cinestill 800t"):
        assert grain[fast] > 1.4 * grain["portra 400"]
    assert grain["portra 400"] > 1.4 * grain["portra 160"]
    assert grain["delta 3200"] == max(grain.values())


def test_only_edges_that_the_lens_draws_out_are_evened() -> None:
    """A place shows through nobody beside a sharp edge; the teeth of few rays go from a wide one."""
    across = np.arange(64, dtype=np.float32)[None, :, None].repeat(64, 0)
    none = np.zeros_like(across)
    sharp = np.clip(across - 31.5, 0, 1)
    light, alpha = develop._wide_edges_even(sharp * np.float32(0.03) * np.ones(3, np.float32), sharp, none)
    assert np.abs(alpha - sharp).max() < 0.01
    assert np.abs(light - 0.03 * sharp).max() < 0.001
    random = np.random.default_rng(3)
    wide = (random.random((64, 64, 8)) < np.clip((across - 24) / 16, 0, 1)).mean(-1, keepdims=True).astype(np.float32)
    _, even = develop._wide_edges_even(wide * np.ones(3, np.float32), wide, none)
    assert np.abs(np.diff(even, axis=0)).mean() < 0.5 * np.abs(np.diff(wide, axis=0)).mean()
