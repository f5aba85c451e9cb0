"""Brows and beards: short fibres where the face's maps say that they grow."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import sample, unit
from engine.renderer.hair import fibres
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB, Person

_DARKEST_BROW: Final = 0.13
"""The brightest channel of a brow: fair people's are darker than their hair."""


def brows(person: Person, body: Body, random: np.random.Generator) -> Mesh:
    """Both brows, up at the nose and outwards at the temple."""
    count = int(700 + 800 * person.brow_thickness)
    amount = np.clip(body.masks["brow"], 0, 1) ** 1.5
    ramp = np.clip((np.abs(body.part.rest[:, 0]) - 0.011) / 0.012, 0.22, 1)
    roots, normals, rest = sample(body.part, amount * ramp + 1e-9, count, random, body.normals)
    side = np.sign(rest[:, 0])[:, None]
    along = np.clip((np.abs(rest[:, 0]) - 0.012) / 0.036, 0, 1)[:, None]
    way = side * np.array((1.0, 0, 0)) * (0.35 + 0.9 * along) + np.array((0, 0, 1.0)) * (0.85 - 1.15 * along)
    way = (way + 0.18 * random.normal(size=roots.shape)) @ body.head_turn.T
    way = unit(way - normals * (way * normals).sum(1, keepdims=True)) + 0.22 * normals
    t = np.linspace(0, 1, 4)[None, :, None]
    length = random.uniform(0.004, 0.0078, (count, 1, 1)) * (1 - 0.3 * along[:, :, None])
    points = roots[:, None] + way[:, None] * t * length - normals[:, None] * (t**2) * length * 0.16
    brightest = max(person.hair.colour)
    share = min(0.85, _DARKEST_BROW / max(brightest, 1e-3))
    colour: RGB = (person.hair.colour[0] * share, person.hair.colour[1] * share, person.hair.colour[2] * share)
    grey = max(person.hair.grey - 0.35, 0)
    shades = fibres.coloured(count, 4, colour, random, grey)
    return fibres.mesh(points, normals[:, None], 0.00012, shades, taper=0.25)


KINDS: Final = {
    "stubble": (9000, 0.0016, 0.00013),
    "full": (16000, 0.011, 0.00019),
    "moustache": (4500, 0.010, 0.00018),
}
"""Strands, length and width in metres; other kinds are full."""


def beard(person: Person, body: Body, random: np.random.Generator, density: float) -> Mesh:
    """Facial hair of a kind, falling down and away from the middle."""
    count, length, width = KINDS.get(person.beard.kind, KINDS["full"])
    count, length = max(int(count * density), 800), length * person.beard.length
    amount = np.clip(body.masks["beard"], 0, 1) + 1e-9
    roots, normals, rest = sample(body.part, amount, count, random, body.normals)
    side = np.sign(rest[:, 0])[:, None] * np.clip(np.abs(rest[:, 0]) / 0.02, 0, 1)[:, None]
    fall = (np.array((0.0, 0.0, -1.0)) + side * np.array((0.45, 0.0, 0.0))) @ body.head_turn.T
    way = unit(normals * 0.7 + fall + 0.25 * random.normal(size=roots.shape))
    t = np.linspace(0, 1, 4)[None, :, None]
    points = roots[:, None] + way[:, None] * t * length * random.uniform(0.6, 1.1, count)[:, None, None]
    points = points - normals[:, None] * t**2 * length * 0.3 + random.normal(size=(count, 1, 3)) * t * length * 0.12
    shades = fibres.coloured(count, 4, person.beard.colour, random, person.beard.grey)
    return fibres.mesh(points, normals[:, None], width / density**0.7, shades * 0.9, taper=0.5)
