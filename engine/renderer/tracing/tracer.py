"""Samples of pixels: a ray through the lens, what it meets, how that is lit, and the sums that a picture is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.camera import Optics
from engine.renderer.mesh import Mesh
from engine.renderer.tracing import eye_shading, hair_shading
from engine.renderer.tracing.draws import Draws
from engine.renderer.tracing.embree import Hits
from engine.renderer.tracing.lighting import Lights, lit, reflection
from engine.renderer.tracing.surfaces import SURFACES
from engine.renderer.tracing.vectors import LUMA, F, Floats, dot, unit
from engine.renderer.tracing.world import SHEER, World

LAYERS: Final = {
    "skin_light": slice(0, 3),
    "skin_colour": slice(3, 6),
    "rest": slice(6, 9),
    "guide": slice(9, 12),
    "normal": slice(12, 15),
    "skin": slice(15, 16),
    "alpha": slice(16, 17),
    "hair": slice(17, 18),
    "eye": slice(18, 19),
    "squares": slice(19, 20),
    "count": slice(20, 21),
}
"""Sums a pixel: irradiance of skin (light goes through it later), skin's colour, all other light, what guides the
denoiser, how much of the pixel is skin, anything, hair, eyes; squared luminance and how many samples."""
CHANNELS: Final = 21
_MOST_SHEER = 5
"""Lashes and lenses that a ray goes through before it is given up."""
_BLOCK: Final = 6000
"""Points that are shaded at once: their arrays stay in the processor's cache."""


@dataclass(frozen=True)
class Tracer:
    """One picture's world, light and lens."""

    world: World
    lights: Lights
    optics: Optics
    size: tuple[int, int]
    seed: int

    def trace(self, pixels: npt.NDArray[np.int64], first: int, samples: int, film: Floats) -> None:
        """Adds `samples` samples, from number `first`, of each of some pixels to `film` (CHANNELS, height × width)."""
        pixel = np.repeat(pixels, samples)
        sample = np.tile(np.arange(first, first + samples), len(pixels))
        batch = _Batch(self, pixel, sample)
        batch.run()
        film[:, pixels] += batch.out.reshape(CHANNELS, len(pixels), samples).sum(-1)


class _Batch:
    """Samples on their way."""

    def __init__(self, tracer: Tracer, pixel: npt.NDArray[np.int64], sample: npt.NDArray[np.int64]) -> None:
        self.tracer, self.world, self.lights = tracer, tracer.world, tracer.lights
        self.draws = Draws(tracer.seed, pixel, sample)
        self.origin, self.direction = tracer.optics.rays(pixel, tracer.size, self.draws)
        self.out = np.zeros((CHANNELS, len(pixel)), np.float32)
        self.out[LAYERS["count"]] = 1
        self.before = np.zeros((3, len(pixel)), np.float32)
        """What lashes and glasses send to the lens before the rest."""
        self.clear = np.ones(len(pixel), np.float32)
        """What lashes let through of the rest."""

    def run(self) -> None:
        """All hits of all samples, shaded by kind."""
        live = np.arange(self.origin.shape[1])
        start = self.origin
        for _ in range(_MOST_SHEER):
            hits = self.world.first(start, self.direction[:, live])
            goes_on = np.zeros(len(live), bool)
            for number, mesh in enumerate(self.world.meshes):
                mine = np.flatnonzero(hits.geometry == number)
                for block in range(0, len(mine), _BLOCK):
                    rows = mine[block : block + _BLOCK]
                    goes_on[rows] = self._shade(number, mesh, live[rows], rows, hits, start)
            if not goes_on.any():
                break
            kept = np.flatnonzero(goes_on)
            ways = self.direction[:, live[kept]]
            start = start[:, kept] + ways * (hits.distance[kept] + F(2e-5))
            live = live[kept]
        self._veil()
        brightness = LUMA @ (
            self.out[LAYERS["rest"]] + self.out[LAYERS["skin_light"]] * self.out[LAYERS["skin_colour"]]
        )
        self.out[LAYERS["squares"]] = np.square(brightness)

    def _veil(self) -> None:
        """Puts lashes and lenses before what was met behind them; light within skin is spread before it meets them."""
        for name in ("rest", "skin_colour", "guide"):
            self.out[LAYERS[name]] *= self.clear
        self.out[LAYERS["rest"]] += self.before
        self.out[LAYERS["alpha"]] = np.maximum(self.out[LAYERS["alpha"]], 1 - self.clear)
        self.out[LAYERS["eye"]] = np.maximum(self.out[LAYERS["eye"]], self.clear < F(0.98))

    def _shade(
        self, number: int, mesh: Mesh, at: npt.NDArray[np.intp], rows: npt.NDArray[np.intp], hits: Hits, start: Floats
    ) -> npt.NDArray[np.bool_] | bool:
        """Shades hits of one mesh; true where the ray goes on through it."""
        view = -self.direction[:, at]
        position = start[:, rows] - view * hits.distance[rows]
        values = self.world.tables[number].at(hits.primitive[rows], hits.u[rows], hits.v[rows])
        draws = self.draws.of(at, 1)
        if mesh.kind in SHEER:
            self._sheer(mesh, at, values, position, view)
            return True
        if mesh.kind == "fibre":
            radiance, colour, tangent = hair_shading.fibre(self.world, self.lights, mesh, values, position, view, draws)
            self._put(
                at, rest=radiance, guide=np.clip(colour * F(1.5), 0, 1), normal=unit(values["n"] + F(0.5) * tangent)
            )
            self._put(at, alpha=1, hair=1)
            return False
        self._solid(mesh, at, values, position, view, draws)
        return False

    def _solid(
        self,
        mesh: Mesh,
        at: npt.NDArray[np.intp],
        values: dict[str, Floats],
        position: Floats,
        view: Floats,
        draws: Draws,
    ) -> None:
        normal = unit(values["n"])
        normal = np.where(dot(normal, view) < F(-0.05), -normal, normal)
        shade = eye_shading.eye if mesh.kind == "eye" else SURFACES[mesh.kind]
        surface = shade(mesh, values, position, view, normal)
        irradiance, gloss = lit(self.world, self.lights, surface, draws)
        self._put(at, guide=np.clip(surface.albedo, 0, 1), normal=surface.normal, alpha=1)
        if mesh.kind == "skin":
            self._put(at, skin_light=irradiance, skin_colour=surface.albedo, rest=gloss, skin=1)
            return
        if mesh.kind == "eye":
            wet = eye_shading.cornea(mesh, values, normal)
            strength = np.minimum(
                eye_shading.fresnel(wet, view, 0.025), eye_shading.MOST_MIRRORED
            ) * eye_shading.wetness(values)
            gloss = gloss + reflection(self.world, self.lights, position, wet, view, strength, sharp=True)
            self._put(at, eye=1)
        self._put(at, rest=surface.albedo * irradiance + gloss)

    def _sheer(
        self, mesh: Mesh, at: npt.NDArray[np.intp], values: dict[str, Floats], position: Floats, view: Floats
    ) -> None:
        if mesh.kind == "glass":
            normal = unit(values["n"])
            normal = np.where(dot(normal, view) < 0, -normal, normal)
            strength = eye_shading.fresnel(normal, view, 0.04) * F(mesh.info.get("mirror", 0.5))
            mirrored = reflection(self.world, self.lights, position, normal, view, strength, sharp=True)
            self.before[:, at] += mirrored * self.clear[at]
            return
        solid = hair_shading.opacity(mesh, values) * self.clear[at]
        self.before[:, at] += hair_shading.lash(mesh, self.lights, len(at)) * solid
        self.clear[at] -= solid

    def _put(self, at: npt.NDArray[np.intp], **layers: Floats | float) -> None:
        for name, value in layers.items():
            rows = LAYERS[name]
            if rows.stop - rows.start == 1:
                self.out[rows.start, at] = value
            else:
                for channel, values in zip(range(rows.start, rows.stop), np.asarray(value), strict=True):
                    self.out[channel, at] = values


def layers(film: Floats, size: tuple[int, int]) -> dict[str, Floats]:
    """What the film's sums say a pixel: each layer (height, width, k), over the number of samples."""
    width, height = size
    share = film / np.maximum(film[LAYERS["count"]], 1)
    return {name: np.moveaxis(share[rows].reshape(-1, height, width), 0, -1) for name, rows in LAYERS.items()}
