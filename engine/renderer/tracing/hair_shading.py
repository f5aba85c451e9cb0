"""Hair: light mirrored by a fibre, through it, and back out of it, and what gets through to the fibres behind."""

from __future__ import annotations

import numpy as np

from engine.renderer.mesh import Mesh
from engine.renderer.tracing.draws import Draws
from engine.renderer.tracing.emitters import Emitter
from engine.renderer.tracing.lighting import Lights
from engine.renderer.tracing.surfaces import Values
from engine.renderer.tracing.textures import texel
from engine.renderer.tracing.vectors import F, Floats, column, dot, unit
from engine.renderer.tracing.world import World

_BRIGHTEST = F(5.0)
_TURNED_AWAY = F(-0.35)
"""Below this cosine the head itself is in the way of the light."""


def _lobe(angle: Floats, shift: float, width: float) -> Floats:
    """A bell about the cone that a lobe leaves by; `angle` is half the sum of both inclinations."""
    return np.exp(F(-0.5) * np.square((angle - F(shift)) * F(1 / width))) * F(1 / (width * 2.5066))


def scattered(colour: Floats, tangent: Floats, normal: Floats, view: Floats, way: Floats, shine: float) -> Floats:
    """What of light from `way` one fibre sends to the eye (3, N): R, TT and TRT of Marschner, and a matt rest."""
    tv, tl = dot(tangent, view), dot(tangent, way)
    half = (np.arcsin(np.clip(tl, -1, 1)) + np.arcsin(np.clip(tv, -1, 1))) * F(0.5)
    around = np.clip(dot(unit(way - tl * tangent), unit(view - tv * tangent)), -1, 1)
    front, behind = (1 + around) * F(0.5), (1 - around) * F(0.5)
    behind = behind * behind * behind
    mirrored = _lobe(half, -0.05, 0.13) * np.sqrt(front) * F(0.0100 * shine)
    returned = _lobe(half, 0.08, 0.22) * (front * front * F(0.105))
    through = _lobe(half, 0.03, 0.12) * (behind * behind * F(0.22))
    level = np.sqrt(np.clip(1 - tl * tl, 0, 1))
    matt = level * np.clip(dot(normal, way) * F(0.75) + F(0.25), 0, 1) * F(0.58 / np.pi)
    spread = matt * (1 + colour * (1 - colour))  # through other hairs too: the paler, the more
    return mirrored + colour * (returned + spread + through * np.sqrt(np.clip(colour, 0, 1)))


def fibre(
    world: World, lights: Lights, mesh: Mesh, values: Values, position: Floats, view: Floats, draws: Draws
) -> tuple[Floats, Floats, Floats]:
    """Radiance, colour and tangent (3, N) of hair where rays have met it."""
    tangent, colour = unit(values["tangent"]), values["colour"]
    normal = unit(values["n"])
    shine = float(mesh.info.get("shine", 0.4))
    reach = F(0.0012 + 0.010 * min(float(mesh.info.get("light", 0.1)), 0.5))
    away = -np.log(1 - draws.one() * F(0.98)) * reach + F(0.0006)
    out = np.zeros(position.shape, np.float32)
    for emitter in lights.emitters:
        out += _from(world, emitter, colour, tangent, normal, position, view, away, shine, draws)
    pick = draws.one()
    way, radiance, density = lights.environment.drawn(pick, *draws.two())
    seen = 1 - world.solid.blocked(position + way * away, way, 50.0).astype(np.float32)
    share = np.minimum(seen / np.maximum(density, F(1e-4)), F(40))
    out += radiance * share * scattered(colour, tangent, normal, view, way, shine) * F(0.6)
    out += colour * (1 + colour * (1 - colour)) * lights.environment.mean * (F(0.07) + F(0.21) * seen)
    return np.minimum(out, _BRIGHTEST), colour, tangent


def _from(
    world: World, emitter: Emitter, colour: Floats, tangent: Floats, normal: Floats,
    position: Floats, view: Floats, away: Floats, shine: float, draws: Draws,
) -> Floats:  # fmt: skip
    points = emitter.points(*draws.two())
    way = points - position
    squared = dot(way, way)
    way /= np.sqrt(squared)
    arriving = emitter.reaching(way, squared) * emitter.through(position, way)
    facing = np.flatnonzero(dot(normal, way) * (arriving > 0) > _TURNED_AWAY)
    seen = np.zeros(len(away), np.float32)
    seen[facing] = world.visible((position + way * away)[:, facing], points[:, facing])
    strength = arriving * seen * F(np.pi)
    return emitter.radiance * strength * scattered(colour, tangent, normal, view, way, shine)


def opacity(mesh: Mesh, values: Values) -> Floats:
    """How solid a card of lashes is where rays met it (N)."""
    return texel(mesh.info["alpha"], values["uv"])[0]


def lash(mesh: Mesh, lights: Lights, count: int) -> Floats:
    """Radiance (3, N) of lashes: dark, a little lit by the place."""
    return np.repeat(column(mesh.info["colour"]) * (lights.environment.mean + F(0.25)), count, axis=1)
