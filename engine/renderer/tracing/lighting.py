"""Light at points: from lamps with their soft shadows, from the place all around, and bounced once off what is near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.renderer.tracing.draws import Draws
from engine.renderer.tracing.emitters import Emitter
from engine.renderer.tracing.environment import Environment
from engine.renderer.tracing.eye_shading import fresnel
from engine.renderer.tracing.surfaces import Surface, most_mirrored, sent
from engine.renderer.tracing.vectors import INVERSE_PI, LUMA, PI, F, Floats, dot, hemisphere, mirrored, unit
from engine.renderer.tracing.world import World

CLEAR = F(0.0004)
"""Metres that a ray starts off its surface, so that it does not meet it again."""
_BRIGHTEST_BOUNCE = F(4.0)
_GRAZING = F(0.02)
"""Of Schlick's fifth power: beyond this a surface mirrors much."""
_PLACE = F(0.25)
"""How much of the place small wet or glass mirrors show: brows, lashes and the sitter's own side hide the rest."""
_LAMP, _BRIGHTEST = F(1.2), F(20)
"""How lamps are mirrored in them, and no brighter: on a film that is exposed for dark skin a whole iris would burn."""
_POLISHED = 0.4
"""Surfaces that mirror more than this share show what is in the place, not only how bright it is."""


@dataclass(frozen=True)
class Lights:
    """All light of a picture."""

    emitters: tuple[Emitter, ...]
    environment: Environment
    catchlights: tuple[Emitter, ...] = ()
    """The lamps as eyes mirror them: where lids do not hide them, and large enough to be seen."""


def lit(world: World, lights: Lights, surface: Surface, draws: Draws) -> tuple[Floats, Floats]:
    """Irradiance over π (3, N), which albedo turns into what is seen, and mirrored light (3, N)."""
    irradiance = np.zeros(surface.position.shape, np.float32)
    gloss = np.zeros(surface.position.shape, np.float32)
    start = surface.position + surface.true_normal * CLEAR
    for emitter in lights.emitters:
        _add_emitter(world, emitter, surface, start, draws, irradiance, gloss)
    _add_place(world, lights, surface, start, draws, irradiance)
    light, unmet = bounced(world, lights, surface, start, draws)
    irradiance += light
    if surface.gloss:
        gloss += _mirrored_place(world, lights, surface, start, unmet, irradiance, draws)
    if surface.sheen:
        facing = 1 - np.clip(dot(surface.normal, surface.view), 0, 1)
        fuzz = facing * facing
        gloss += (surface.albedo * F(0.5) + F(0.02)) * (fuzz * fuzz * F(surface.sheen * 1.6)) * irradiance
    return irradiance, gloss


def _add_emitter(
    world: World, emitter: Emitter, surface: Surface, start: Floats, draws: Draws, irradiance: Floats, gloss: Floats
) -> None:
    points = emitter.points(*draws.two())
    way = points - surface.position
    squared = dot(way, way)
    way /= np.sqrt(squared)
    cosine = np.maximum(dot(surface.normal, way), F(0))
    arriving = emitter.reaching(way, squared) * emitter.through(surface.position, way)
    arriving *= dot(surface.true_normal, way) > F(-0.1)
    rows = np.flatnonzero(arriving * cosine > F(1e-6))
    if not len(rows):
        return
    seen = np.zeros(len(squared), np.float32)
    seen[rows] = world.visible(start[:, rows], points[:, rows])
    arriving = arriving * cosine * seen
    irradiance += emitter.radiance * arriving
    if surface.gloss:
        gloss += (emitter.radiance * (arriving * PI * F(surface.gloss))) * sent(surface, way)


def _add_place(world: World, lights: Lights, surface: Surface, start: Floats, draws: Draws, irradiance: Floats) -> None:
    """Light drawn from the bright parts of the place; what `bounced` finds of it as well is weighed against it."""
    way, radiance, density = lights.environment.drawn(draws.one(), *draws.two())
    cosine = np.maximum(dot(surface.normal, way), F(0))
    rows = np.flatnonzero((cosine > 0) & (dot(surface.true_normal, way) > 0))
    if not len(rows):
        return
    seen = np.zeros(len(cosine), np.float32)
    seen[rows] = 1 - world.solid.blocked(start[:, rows], way[:, rows], 50.0)
    share = seen * cosine / (density + cosine * INVERSE_PI)
    light = radiance * (share * INVERSE_PI)
    irradiance += light


def _mirrored_place(
    world: World, lights: Lights, surface: Surface, start: Floats, unmet: Floats, irradiance: Floats, draws: Draws
) -> Floats:
    """What is mirrored besides the lamps (3, N): the place, or what stands before it, taken to be as the surface is.

    `unmet` (N) is 1 where a ray at random met nothing. That is good enough but at grazing angles, where most is
    mirrored: there a ray of its own is sent.
    """
    flat = mirrored(surface.true_normal, surface.view)
    grazing = fresnel(surface.true_normal, surface.view, 0.0)
    rows = np.flatnonzero(grazing > _GRAZING)
    seen = unmet
    if len(rows):
        seen = unmet.copy()
        share = np.minimum((grazing[rows] - _GRAZING) * F(10), F(1))
        way = flat[:, rows]
        way = unit(way * F(1.6) + hemisphere(way, *draws.of(rows, 5).two()))
        met = 1 - world.solid.blocked(start[:, rows], way, 50.0).astype(np.float32)
        seen[rows] += share * (met - seen[rows])
    bend = surface.f0 + np.maximum(1 - surface.rough - surface.f0, F(0)) * grazing * most_mirrored(surface.f0)
    polished = surface.mirror > _POLISHED
    place = lights.environment.mirrored(flat, sharp=False) if polished else lights.environment.dull(flat)
    around = place * seen + surface.albedo * irradiance * (1 - seen)
    return np.asarray(around * bend * F(surface.gloss * surface.mirror), np.float32)


def bounced(world: World, lights: Lights, surface: Surface, start: Floats, draws: Draws) -> tuple[Floats, Floats]:
    """One ray each way light could come: the place, or whatever stands there and how it is lit.

    Returns that light (3, N), and 1 where the ray met nothing, else 0 (N).
    """
    way = hemisphere(surface.true_normal, *draws.two())
    hits = world.solid.first(start, way)
    radiance, density = lights.environment.radiance(way)
    cosine = np.maximum(dot(surface.true_normal, way), F(1e-3)) * INVERSE_PI
    light = radiance * (cosine / (cosine + density))
    rows = np.flatnonzero(hits.geometry >= 0)
    if len(rows):
        at = start[:, rows] + way[:, rows] * hits.distance[rows]
        facing = unit(hits.normal[:, rows])
        facing *= -np.sign(dot(facing, way[:, rows]))
        albedo = world.thrown[:, hits.geometry[rows]]
        light[:, rows] = albedo * _roughly_lit(world, lights, at, facing, draws.of(rows, 3))
    return np.minimum(light, _BRIGHTEST_BOUNCE), (hits.geometry < 0).astype(np.float32)


def _roughly_lit(world: World, lights: Lights, at: Floats, facing: Floats, draws: Draws) -> Floats:
    """Irradiance over π where a bounced ray has landed: one lamp by chance, and the place's mean half hidden."""
    light = np.repeat(lights.environment.mean * F(0.4), at.shape[1], axis=1)
    emitters = lights.emitters
    if not emitters:
        return light
    weights = np.array([max(float(LUMA @ e.radiance[:, 0]) * float(e.area), 1e-6) for e in emitters])
    chances = weights / weights.sum()
    chosen = np.minimum(np.searchsorted(np.cumsum(chances), draws.one()), len(emitters) - 1)
    for number, emitter in enumerate(emitters):
        rows = np.flatnonzero(chosen == number)
        if not len(rows):
            continue
        way = emitter.position - at[:, rows]
        squared = dot(way, way)
        way /= np.sqrt(squared)
        arriving = emitter.reaching(way, squared) * np.maximum(dot(facing[:, rows], way), F(0))
        seen = world.visible(at[:, rows] + facing[:, rows] * CLEAR, np.repeat(emitter.position, len(rows), 1))
        light[:, rows] += emitter.radiance * (arriving * seen * F(1 / chances[number]))
    return light


def reflection(
    world: World, lights: Lights, position: Floats, normal: Floats, view: Floats, strength: Floats, sharp: bool
) -> Floats:
    """What a smooth wet or glass surface mirrors: lamps in their own shape, and the place."""
    way = mirrored(normal, view)
    seen = lights.environment.mirrored(way, sharp) * _PLACE
    start = position + normal * CLEAR
    for emitter in lights.catchlights or lights.emitters:
        meets, at = emitter.seen(position, way)
        rows = np.flatnonzero(meets & (dot(way, normal) > 0))
        if len(rows):
            clear = world.visible(start[:, rows], at[:, rows])
            seen[:, rows] += np.minimum(emitter.radiance * _LAMP, _BRIGHTEST) * clear
    return seen * strength
