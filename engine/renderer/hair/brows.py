"""Brows: single hairs where the template says that they grow, up at the nose and outwards at the temple."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.renderer import regions
from engine.renderer.body import Body
from engine.renderer.geometry import unit
from engine.renderer.hair import fibres, scalp
from engine.renderer.hair.field import Floats, Frame
from engine.renderer.mesh import Mesh
from engine.renderer.palette import HAIR, natural
from engine.renderer.scene import RGB, Person

_LIGHT: Final = 0.085
"""The brightest channel of brown hair's brows: fair people's are little lighter."""
_GREY: Final = 0.25
"""Hair lighter than this and without colour has gone grey, and so have the brows."""
_WHITENED: Final = ((45.0, 85.0), (0.20, 0.50))
"""How light brows are beside grey or white hair, by years."""
_CENTRE_M: Final = 0.7485


def brows(person: Person, body: Body, frame: Frame) -> Mesh:
    """Both brows."""
    random = np.random.default_rng((person.seed & 0xFFFFFFFF, 14))
    count = int(650 + 650 * person.brow_thickness)

    def share(rest: Floats) -> Floats:
        amount = regions.brow(rest, person.brow_thickness, person.brow_arch, **regions.brows_of(person))
        inner = np.clip((np.abs(rest[:, 0]) - 0.011) / 0.012, 0.45, 1)
        return np.asarray(np.clip(amount * inner, 0, 1))

    near = (body.masks["brow"] > 0.003) & (body.masks["mouth"] < 0.5)
    roots = scalp.scatter(body, frame, near, count, random, share)
    points, normals = _grown(roots, person, random)
    colour = brow_colour(person)
    shades = fibres.coloured(fibres.runs(points), colour, random, max(person.hair.grey - 0.35, 0), vary=0.25)
    return fibres.mesh(frame.outside(points), frame.way(normals)[:, None], 0.00012, shades, taper=0.2, shine=0.08)


def brow_colour(person: Person) -> RGB:
    """Hair's colour, darker and calmer; nobody dyes brows blue, and white hair's brows keep dark hairs for long."""
    grown = next(filter(natural, (person.hair.colour, person.beard.colour)), HAIR["dark brown"])
    red, green, blue = grown
    if min(red, green, blue) > max(_GREY, 0.8 * max(red, green, blue)):
        white = float(np.interp(person.age, *_WHITENED))
        return (1.06 * white * red, white * green, 0.92 * white * blue)
    brightest = max(red, green, blue, 1e-3)
    share = min(0.70, _LIGHT * (brightest / 0.15) ** 0.4 / brightest)
    grey = 0.3 * red + 0.6 * green + 0.1 * blue
    return tuple(share * (grey + 0.75 * (x - grey)) for x in (red, green, blue))


def _grown(roots: scalp.Roots, person: Person, random: np.random.Generator) -> tuple[Floats, Floats]:
    count, side = len(roots), np.sign(roots.rest[:, :1])
    along = np.clip((np.abs(roots.rest[:, :1]) - 0.0125) / 0.036, 0, 1)
    middle = _CENTRE_M + 0.0065 * person.brow_arch * np.sin(along**1.4 * np.pi)
    above = np.clip((roots.rest[:, 2:] - middle) / 0.0035, -1, 1)
    # a row that rises at the nose and falls at the temple would look sad, however level its roots are
    rising = 0.50 - 1.0 * along**0.8 - 0.55 * above * np.clip(along * 3, 0, 1)
    way = side * np.array((1.0, 0, 0)) * (0.25 + 0.9 * along**0.6) + np.array((0, 0, 1.0)) * rising
    way = way + 0.16 * random.normal(size=(count, 3))
    n = roots.normals
    way = unit(way - n * (way * n).sum(1, keepdims=True)) + 0.26 * n
    length = random.uniform(0.0030, 0.0068, (count, 1, 1)) * (1 - 0.35 * along[:, :, None])
    t = np.linspace(0, 1, 5)[None, :, None]
    out = (side * np.array((1.0, 0, -0.15)))[:, None]
    points = roots.points[:, None] + length * (way[:, None] * t + t**2 * (0.20 * out - 0.18 * n[:, None]))
    return points.astype(np.float32), n
