"""A photograph, from the sitter's chair to the print: the story of one picture, read top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.renderer import camera, crew, develop, kept, lettering, lights, places, sitting
from engine.renderer.mesh import Mesh
from engine.renderer.passes import EFFORTS, Exposure, first_step
from engine.renderer.scene import Scene
from engine.renderer.stops import Cancelled
from engine.renderer.tracing.environment import Environment
from engine.renderer.tracing.lighting import Lights
from engine.renderer.tracing.tracer import Tracer, layers
from engine.renderer.tracing.vectors import Floats
from engine.renderer.tracing.world import World

Picture: TypeAlias = npt.NDArray[np.uint8]
Report: TypeAlias = Callable[[float, "Picture | None"], None]
"""Hears the share that is done, and a preview when there is a new one."""

SIZE: Final = (512, 768)
DENSITY: Final = {"preview": 0.35, "draft": 0.22, "standard": 1.0, "fine": 1.0}
"""Strands of hair, as a share of the style's own."""
_QUICK: Final = ("preview", "draft")
_SKETCHED: Final = 0.3
"""Strands of whoever is not met yet, in the first look: it comes before all of their hair is grown."""
_STRANDS_SEEN: Final = 2600.0
"""Pixels a metre from which all of a style's strands are worth growing."""
DRAFT_PIXELS: Final = 272 * 408
"""A draft is traced no larger than this, and enlarged."""
_FACE_M: Final = (0.045, 0.027, 0.058)
"""Half the width, and the height above and below the eyes, of the part of a face by which pictures are exposed."""


@dataclass(frozen=True)
class Photograph:
    """A finished picture (height, width, 3), and seconds by stage."""

    picture: Picture
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class _Clock:
    """What each stage took, what is reported, and whether it is still wanted."""

    report: Report | None
    cancelled: Callable[[], bool] | None
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)
    _from: float = 0.0
    _to: float = 0.0

    def stage(self, name: str, share: float) -> None:
        """Ends the stage `name`; the next one brings what is done to `share`."""
        now = time.perf_counter()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + now - self._since, 3)
        self._since, self._from, self._to = now, self._to, share
        self(0.0)

    def __call__(self, within: float, preview: Picture | None = None) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        if self.report is not None:
            self.report(self._from + (self._to - self._from) * within, preview)


def photograph(
    scene: Scene,
    size: tuple[int, int] = SIZE,
    quality: str = "standard",
    report: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Photograph:
    """Takes the picture of a scene; the same scene, size and quality give the same picture.

    `report` is called often, with a preview a few times; `cancelled` is asked as often. Raises Cancelled, or
    `crew.HandLost` when a process that helped was ended.
    """
    clock = _Clock(report, cancelled)
    clock(0.0)
    wanted, size = size, _traced(size, quality)
    scene = lettering.fits(scene)
    seats = [sitting.seat(sitter) for sitter in scene.sitters]
    eyes = np.mean([seat.eyes for seat in seats], axis=0)
    optics = camera.aim(scene.camera, eyes, size, len(seats))
    setting = places.lit_from(places.place(scene.place, optics, scene.seed), lights.side(scene.light))
    clock.stage("body", 0.06)
    darkroom = _Darkroom(scene, setting, optics, [seat.eyes for seat in seats], size)
    film = _exposed(scene, seats, optics, _lit(scene, setting, optics, eyes), (size, quality), darkroom, clock)
    _made_room(quality)  # before the denoiser takes as much
    picture = _enlarged(darkroom.print(film, size, fast=quality in _QUICK), wanted)
    kept.give_back()
    clock.stage("developing", 1.0)
    clock(1.0)
    return Photograph(picture, clock.seconds)


def _exposed(
    scene: Scene,
    seats: list[sitting.Seat],
    optics: camera.Optics,
    lit: Lights,
    asked: tuple[tuple[int, int], str],
    darkroom: _Darkroom,
    clock: _Clock,
) -> Floats:
    """The film with all its samples; `asked` is the size that is traced, and the quality."""
    size, quality = asked
    density = _hair_density(quality, size[1] / optics.view)
    views = [(optics.eye, density, sitting.shows_legs(optics, seat.eyes)) for seat in seats]
    met = all(seat.met(*view) for seat, view in zip(seats, views, strict=True))
    if not met:
        _WORLD.clear()
    sharpens = quality not in _QUICK
    sketched = sharpens and not met and clock.report is not None
    if sketched:
        _sketch(scene, seats, optics, lit, size, darkroom, clock)
    meshes = [mesh for seat, view in zip(seats, views, strict=True) for mesh in seat.meshes(*view)]
    meshes = lettering.added(scene, seats[0].sitter, seats[0].shift, meshes, optics)
    clock.stage("hair and clothes", 0.12)
    _made_room(quality)
    world = _world(meshes, keep=len(seats) == 1 and not scene.lettering)
    clock.stage("tree", 0.16)
    tracer = Tracer(world, lit, optics, size, scene.seed)
    exposure = Exposure(tracer, EFFORTS[quality], crew.Crew(crew.hands_here()))
    return _taken(exposure, darkroom, clock, looked=sketched, again=sharpens)


def _made_room(quality: str) -> None:
    """Memory of the last stage goes back before the next takes more; a draft's is so little that time counts more."""
    if quality not in _QUICK:
        kept.give_back()


_WORLD: Final[list[World]] = []
"""The last picture's, for other light, places and films: about 100 MB."""


def forget() -> None:
    """Lets go of the last picture's world."""
    _WORLD.clear()


def _world(meshes: list[Mesh], keep: bool) -> World:
    """The last picture's world where it is of the same meshes; two people's would take too much memory to `keep`."""
    if _WORLD and _WORLD[0].of_same(meshes):
        return _WORLD[0]
    _WORLD.clear()
    world = World.of(meshes, crew.hands_here())
    if keep:
        _WORLD.append(world)
    return world


def _sketch(
    scene: Scene,
    seats: list[sitting.Seat],
    optics: camera.Optics,
    lit: Lights,
    size: tuple[int, int],
    darkroom: _Darkroom,
    clock: _Clock,
) -> None:
    """Shows people with few of their hairs, while the rest of them is still to be grown."""
    step = first_step(size)
    small = size[0] // step, size[1] // step
    meshes = [
        mesh for seat in seats for mesh in seat.sketched(optics.eye, _SKETCHED, sitting.shows_legs(optics, seat.eyes))
    ]
    meshes = lettering.added(scene, seats[0].sitter, seats[0].shift, meshes, optics)
    tracer = Tracer(World.of(meshes, crew.hands_here()), lit, optics, small, scene.seed)
    exposure = Exposure(tracer, EFFORTS["preview"], crew.Crew(crew.hands_here()))
    exposure.all_pixels(lambda within: clock(0.0))
    clock(0.0, darkroom.glimpse(exposure.film, small))
    clock.stage("sketch", 0.08)


def _hair_density(quality: str, pixels_a_metre: float) -> float:
    """Strands of hair as a share of the style's own: fewer and wider ones where they are finer than can be seen."""
    seen = min(max(pixels_a_metre / _STRANDS_SEEN, 0.4), 1.0)
    return min(DENSITY[quality], round(seen, 1))


def _traced(size: tuple[int, int], quality: str) -> tuple[int, int]:
    """The size that rays are taken at."""
    share = (DRAFT_PIXELS / (size[0] * size[1])) ** 0.5
    return size if quality != "draft" or share >= 1 else (round(size[0] * share), round(size[1] * share))


def _enlarged(picture: Picture, size: tuple[int, int]) -> Picture:
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _lit(scene: Scene, setting: places.Setting, optics: camera.Optics, eyes: npt.ArrayLike) -> Lights:
    environment = Environment(setting.environment, optics.forward.astype(np.float32), scene.light.ambient)
    lamps, mirrored = (put(scene.light, optics, eyes) for put in (lights.emitters, lights.catchlights))
    return Lights(lamps, environment, mirrored)


def _taken(exposure: Exposure, darkroom: _Darkroom, clock: _Clock, looked: bool, again: bool) -> Floats:
    """All passes: a preview after the first unless people have `looked` already, and one after the second if `again`.

    A draft has none there: it is done as soon.
    """
    if clock.report is not None and not looked:
        small, small_size = exposure.coarse(clock)
        clock.stage("first look", 0.20)
        clock(0.0, darkroom.glimpse(small, small_size))
        clock.stage("preview", 0.20)
    exposure.all_pixels(clock)
    clock.stage("all pixels", 0.45)
    if clock.report is not None and again:
        halved, half_size = _halved(exposure.film, exposure.tracer.size)
        clock(0.0, darkroom.glimpse(halved, half_size))
        clock.stage("preview", 0.45)
    exposure.difficult(clock)
    clock.stage("difficult pixels", 0.92)
    return exposure.film


def _halved(film: Floats, size: tuple[int, int]) -> tuple[Floats, tuple[int, int]]:
    """Sums of two by two pixels."""
    width, height = size[0] // 2, size[1] // 2
    cut = film.reshape(-1, size[1], size[0])[:, : height * 2, : width * 2]
    return cut.reshape(-1, height, 2, width, 2).sum((2, 4)).reshape(len(film), -1), (width, height)


@dataclass(frozen=True)
class _Darkroom:
    """Prints of one picture at any size."""

    scene: Scene
    setting: places.Setting
    optics: camera.Optics
    eyes: list[npt.NDArray[np.float64]]
    size: tuple[int, int]

    def print(self, film: Floats, size: tuple[int, int], fast: bool) -> Picture:
        """Sums of rays as a picture of `size`."""
        return develop.developed(layers(film, size), self._plan(size), crew.hands_here(), fast)

    def glimpse(self, film: Floats, size: tuple[int, int]) -> Picture:
        """A look at what is not finished yet, in a fraction of the time."""
        return develop.glimpsed(layers(film, size), self._plan(size), crew.hands_here())

    def _plan(self, size: tuple[int, int]) -> develop.Print:
        spill = lights.spill(self.scene.light, places.own_light(self.scene.place))
        return develop.Print(
            self.setting.backdrop(size, self.scene.seed) * np.array(spill, np.float32),
            tuple(self._face(eyes, size) for eyes in self.eyes),
            size[1] / self.optics.view / 1000,
            self.scene.light.exposure,
            self.scene.film,
            self.scene.seed,
        )

    def _face(self, eyes: npt.NDArray[np.float64], size: tuple[int, int]) -> tuple[int, int, int, int]:
        x, y = self.optics.shown(eyes, size)
        metre = size[1] / self.optics.view
        half, above, below = (length * metre for length in _FACE_M)
        top, bottom = np.clip((y - above, y + below), 0, size[1]).astype(int)
        left, right = np.clip((x - half, x + half), 0, size[0]).astype(int)
        return int(top), int(bottom), int(left), int(right)


__all__ = ["SIZE", "Cancelled", "Photograph", "Picture", "Report", "photograph"]
