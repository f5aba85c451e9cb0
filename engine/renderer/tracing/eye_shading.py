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
MOST_MIRRORED = F(0.08)
"""The share of light that a wet eye mirrors at most: tears lie uneven, and lids shade what grazes."""
_PHASES = (0.7, 2.9, 4.4, 5.8)
_PINK = column((0.42, 0.185, 0.16))
"""The flesh of the inner corner."""
_UP = column((0.0, 0.0, 1.0))


def iris_colour(mesh: Mesh, share: Floats, angle: Floats) -> Floats:
    """Fibres, the ring about the pupil, the dark rim and the pupil; `share` is 0 at the middle and 1 at the edge."""
    phases = mesh.info.get("phase", _PHASES)
    fibre = sum(
        np.sin(angle * F(k) + F(phase) + F(1.5) * np.sin(share * 5 + F(phase)))
        for k, phase in zip((23, 37, 61, 14), phases, strict=True)
    ) * F(0.25)
    base = column(mesh.info["iris"])
    inner = column(mesh.info.get("inner", np.asarray(mesh.info["iris"]) * (1.45, 1.4, 1.3)))
    colour = base * (1 + F(0.75) * fibre * np.clip(share * F(1.6) - F(0.3), 0, 1))
    ring = np.exp(F(-0.5) * np.square((share - F(0.50) - F(0.05) * fibre) * F(1 / 0.13))) * F(0.6)
    colour = colour * (1 - ring) + inner * ring
    colour = colour * (1 - F(0.58) * smooth((share - F(0.70)) * F(1 / 0.30)))
    pupil = smooth((F(0.385) - share) * F(1 / 0.045))
    return np.asarray(colour * (1 - pupil) + F(0.003) * pupil, np.float32)


def eye(mesh: Mesh, values: Values, position: Floats, view: Floats, normal: Floats) -> Surface:
    """An eyeball under its lids: the white darkens to the corners and under the upper lid and its lashes."""
    polar, around = values["polar"][0], unit_two(values["around"])
    upper, lower, corner = values["lids"]
    colour = iris_colour(mesh, np.clip(polar / EDGE, 0, F(1.4)), np.arctan2(around[1], around[0]))
    _, blotch = grain(position, 0.0009)
    _, vein = grain(position * column((1.0, 1.0, 2.6)), 0.00035)
    aside = np.clip((polar - 30) * F(1 / 30), 0, 1)
    red = F(0.03) * blotch + aside * (F(0.10) + F(0.16) * np.clip(vein - F(0.9), 0, 1))
    white = column(mesh.info["white"]) * F(0.50) * (1 - red * column((0.25, 1.0, 0.95))) * (1 - F(0.30) * aside)
    flesh = np.exp(F(-0.5) * np.square(corner * F(1 / 2.2)))
    white = white * (1 - flesh) + _PINK * flesh
    outside = smooth((polar - EDGE + F(2.6)) * F(1 / 4.4))
    gaze = column(mesh.info["gaze"])
    bowl = unit(gaze * F(1.75) - normal)
    soft = unit(normal * F(0.75) + gaze * F(0.25))
    shading = np.where(polar < EDGE, unit(normal * F(0.35) + bowl * F(0.65)), soft)
    albedo = (colour * (1 - outside) + white * outside) * shaded(upper, lower)
    rough = np.full(position.shape[1], 0.1, np.float32)
    return Surface(position, shading, normal, view, albedo, rough, np.full((1, 1), 0.025, np.float32), gloss=0.0)


def shaded(upper: Floats, lower: Floats) -> Floats:
    """What lids and lashes leave of the light, so many millimetres from the upper and the lower lid."""
    lashes = F(0.45) * np.exp(F(-0.5) * np.square(upper * F(1 / 2.0)))
    contact = F(0.40) * np.exp(-upper * F(1 / 0.7))
    below = F(0.35) * np.exp(-lower * F(1 / 0.8))
    return (1 - lashes) * (1 - contact) * (1 - below)


def cornea(mesh: Mesh, values: Values, normal: Floats) -> Floats:
    """The wet surface's normals: the cornea is rounder than the ball, so that it mirrors lamps from far aside.

    Where it meets the lower lid, tears stand and look up.
    """
    gaze = column(mesh.info["gaze"])
    along = np.clip(dot(normal, gaze), -1, 1)
    angle = np.arccos(along)
    aside = unit(normal - along * gaze)
    rounder = angle + F(0.55) * np.minimum(angle, np.maximum(F(_ROUND_TO) - angle, F(0)) * F(3))
    wet = np.cos(rounder) * gaze + np.sin(rounder) * aside
    tears = np.exp(F(-0.5) * np.square(values["lids"][1] * F(1 / 0.3)))
    return unit(wet + _UP * (F(0.9) * tears))


def wetness(values: Values) -> Floats:
    """How much of the mirror image is seen: less beside the cornea, under the upper lid and at the inner corner."""
    polar = values["polar"][0]
    upper, lower, corner = values["lids"]
    tears = np.exp(F(-0.5) * np.square(lower * F(1 / 0.3)))
    share = F(1.0) - F(0.60) * smooth((polar - 23) * F(1 / 8))
    share = share * smooth((corner - F(1.5)) * F(1 / 4.0))
    return share * (1 - F(0.85) * np.exp(F(-0.5) * np.square(upper * F(1 / 0.8)))) + F(0.35) * tears


def smooth(t: Floats) -> Floats:
    """From 0 to 1 without a corner, as t goes from 0 to 1."""
    inside = np.clip(t, 0, 1)
    return inside * inside * (3 - 2 * inside)


def unit_two(values: Floats) -> Floats:
    """Unit vectors of a plane, (2, N)."""
    return values / np.maximum(np.sqrt(values[0] * values[0] + values[1] * values[1]), F(1e-9))


def fresnel(normal: Floats, view: Floats, f0: float) -> Floats:
    """Schlick's share of mirrored light."""
    grazing = 1 - np.clip(dot(normal, view), 0, 1)
    fifth = grazing * grazing
    return F(f0) + F(1 - f0) * fifth * fifth * grazing
