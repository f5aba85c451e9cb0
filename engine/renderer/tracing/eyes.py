"""The eye: an iris of fibres under a wet cornea, and what is mirrored in it."""

from __future__ import annotations

import numpy as np

from engine.renderer.mesh import Mesh
from engine.renderer.tracing.noise import grain
from engine.renderer.tracing.surfaces import Surface, Values
from engine.renderer.tracing.vectors import F, Floats, column, dot, unit

EDGE = F(24.5)
"""Degrees from the gaze at which the iris ends."""
_ROUND_TO = float(np.radians(34))
"""Radians from the gaze at which the cornea has passed into the white."""
_WHITE = column((0.46, 0.405, 0.385))
_PHASES = (0.7, 2.9, 4.4, 5.8)


def iris_colour(mesh: Mesh, share: Floats, angle: Floats) -> Floats:
    """Fibres, the ring about the pupil, the dark rim and the pupil; `share` is 0 at the middle and 1 at the edge."""
    phases = mesh.info.get("phase", _PHASES)
    fibre = sum(
        np.sin(angle * F(k) + F(phase) + F(1.5) * np.sin(share * 5 + F(phase)))
        for k, phase in zip((23, 37, 61, 14), phases, strict=True)
    ) * F(0.25)
    base = column(mesh.info["iris"])
    inner = column(mesh.info.get("inner", np.asarray(mesh.info["iris"]) * (1.45, 1.4, 1.3)))
    colour = base * (1 + F(0.38) * fibre * np.clip(share * F(1.6) - F(0.3), 0, 1))
    ring = np.exp(F(-0.5) * np.square((share - F(0.48)) * F(1 / 0.13))) * F(0.75)
    colour = colour * (1 - ring) + inner * ring
    colour = colour * (1 - F(0.72) * np.clip((share - F(0.80)) * F(5), 0, 1))
    pupil = np.clip((F(0.37) - share) * F(1 / 0.03), 0, 1)
    return np.asarray(colour * (1 - pupil) + F(0.003) * pupil, np.float32)


def eye(mesh: Mesh, values: Values, position: Floats, view: Floats, normal: Floats) -> Surface:
    """An eyeball under its lids: the white darkens to the corners and under the upper lid and its lashes."""
    polar, around = values["polar"][0], unit_two(values["around"])
    colour = iris_colour(mesh, np.clip(polar / EDGE, 0, F(1.4)), np.arctan2(around[1], around[0]))
    _, blotch = grain(position, 0.0009)
    white = _WHITE * F(mesh.info.get("white", 1.0)) * (1 - F(0.45) * np.clip((polar - 32) * F(1 / 34), 0, 1))
    white = white * (1 + F(0.02) * blotch * column((0.3, 1, 1)))
    outside = np.clip((polar - EDGE + F(1.5)) * F(1 / 3.0), 0, 1)
    lid = np.clip((polar * around[1] - F(7)) * F(1 / 20), 0, 1)
    albedo = (colour * (1 - outside) + white * outside) * (1 - F(0.5) * lid)
    gaze = column(mesh.info["gaze"])
    bowl = unit(gaze * F(1.75) - normal)
    shading = np.where(polar < EDGE, unit(normal * F(0.35) + bowl * F(0.65)), normal)
    rough = np.full(position.shape[1], 0.1, np.float32)
    return Surface(position, shading, normal, view, albedo, rough, np.full((1, 1), 0.025, np.float32), gloss=0.0)


def cornea(mesh: Mesh, normal: Floats) -> Floats:
    """The wet surface's normals: the cornea is rounder than the ball, so that it mirrors lamps from far aside."""
    gaze = column(mesh.info["gaze"])
    along = np.clip(dot(normal, gaze), -1, 1)
    angle = np.arccos(along)
    aside = unit(normal - along * gaze)
    rounder = angle + F(0.55) * np.minimum(angle, np.maximum(F(_ROUND_TO) - angle, F(0)) * F(3))
    return np.cos(rounder) * gaze + np.sin(rounder) * aside


def wetness(values: Values) -> Floats:
    """How much of the mirror image is seen: less beside the cornea, less under the upper lid."""
    polar, around = values["polar"][0], unit_two(values["around"])
    lid = np.clip((polar * around[1] - F(10)) * F(1 / 18), 0, 1)
    return np.where(polar > 26, F(0.45), F(1.0)) * (1 - F(0.6) * lid)


def unit_two(values: Floats) -> Floats:
    """Unit vectors of a plane, (2, N)."""
    return values / np.maximum(np.sqrt(values[0] * values[0] + values[1] * values[1]), F(1e-9))


def fresnel(normal: Floats, view: Floats, f0: float) -> Floats:
    """Schlick's share of mirrored light."""
    grazing = 1 - np.clip(dot(normal, view), 0, 1)
    fifth = grazing * grazing
    return F(f0) + F(1 - f0) * fifth * fifth * grazing
