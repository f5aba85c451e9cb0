"""Beards: where each kind grows on a face, and its hairs falling down and away from the middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import unit
from engine.renderer.hair import fibres, scalp
from engine.renderer.hair.cutting import resampled
from engine.renderer.hair.field import Field, Floats, Frame
from engine.renderer.mesh import Mesh
from engine.renderer.regions import bump, edge, front
from engine.renderer.scene import RGB, Person


@dataclass(frozen=True, slots=True)
class BeardKind:
    """A beard: its parts with how long each is in metres, its hairs at full density, and how wide they are."""

    lip: float = 0.0
    chin: float = 0.0
    soul: float = 0.0
    jaw: float = 0.0
    cheek: float = 0.0
    sides: float = 0.0
    """Sideburns down to the jaw."""
    strands: int = 14_000
    width: float = 0.00017
    curl: float = 0.25
    twirl: float = 0.0
    """How much the moustache's ends turn up."""
    along: float = 0.0
    """How much the moustache is combed sideways."""


KINDS: Final[dict[str, BeardKind]] = {
    "stubble": BeardKind(0.0024, 0.0024, 0.0021, 0.0024, 0.0020, 0.0022, strands=30_000, width=0.00014, curl=0.1),
    "short beard": BeardKind(0.007, 0.010, 0.007, 0.0085, 0.0065, 0.005, strands=34_000, width=0.00016),
    "full beard": BeardKind(0.014, 0.024, 0.014, 0.018, 0.012, 0.006, strands=36_000, width=0.00018, curl=0.35),
    "long beard": BeardKind(0.020, 0.115, 0.045, 0.075, 0.034, 0.010, strands=32_000, width=0.00020, curl=0.4),
    "goatee": BeardKind(0.010, 0.017, 0.010, strands=12_000, width=0.00018),
    "moustache": BeardKind(0.014, strands=6_500, width=0.00018, along=0.60),
    "handlebar": BeardKind(0.034, strands=5_500, along=1.0, twirl=1.0, curl=0.05),
    "mutton chops": BeardKind(0.008, 0.0, 0.0, 0.013, 0.011, 0.009, strands=22_000, width=0.00018),
}
_ALSO: Final = {"full": "full beard", "short": "short beard", "long": "long beard", "beard": "full beard"}
_MOUTH_Z, _NOSE_Z, _CHIN_Z = 0.661, 0.690, 0.617
_STEPS: Final = 7


def kind(name: str) -> BeardKind:
    """The kind of that name; others are full beards."""
    name = name.strip().lower()
    return KINDS.get(_ALSO.get(name, name), KINDS["full beard"])


def areas(rest: Floats) -> dict[str, Floats]:
    """How much each part of a beard grows at template positions, 0 to 1, soft at the edges."""
    side, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    lip = edge(0.0265 - side, 0.0022) * edge(z - _MOUTH_Z - 0.0075 + 0.10 * np.clip(side - 0.010, 0, 1), 0.0010)
    lip = lip * edge(_NOSE_Z - 0.0075 - 0.30 * np.clip(side - 0.010, 0, 1) - z, 0.0012)
    lip = lip * (1 - 0.6 * bump(side, 0.0022))
    soul = edge(0.0085 - side, 0.0015) * edge(_MOUTH_Z - 0.0105 - z, 0.001) * edge(z - 0.634, 0.002)
    chin = edge(0.021 - side, 0.003) * edge(0.6405 - z - 0.25 * np.clip(0.016 - side, 0, 1), 0.0018)
    beside = bump(side - 0.0275, 0.0042) * edge(_MOUTH_Z + 0.010 - z, 0.003) * edge(z - 0.630, 0.003)
    cheek_line = 0.6465 + 0.95 * np.clip(side - 0.030, 0, 1) + 14 * np.clip(side - 0.048, 0, 1) ** 2
    low = edge(z - _neck(y, side), 0.004)
    jaw = edge(side - 0.017, 0.0025) * edge(cheek_line - 0.013 - z, 0.004) * low
    cheek = edge(side - 0.026, 0.003) * edge(cheek_line - z, 0.0026) * low
    burns = edge(side - 0.058, 0.0016) * edge(y + 0.089 + 0.55 * np.clip(0.715 - z, 0, 0.06), 0.0025)
    burns = burns * edge(z - 0.655, 0.006) * edge(0.731 - z, 0.005)
    under = edge(0.024 - side, 0.004) * edge(0.6405 - z, 0.002) * low
    made = {
        "lip": lip * front(rest), "soul": soul * front(rest), "chin": np.maximum(chin, under) * low,
        "beside": beside * front(rest), "jaw": jaw, "cheek": cheek, "sides": burns * edge(-0.067 - y, 0.003),
    }  # fmt: skip
    return {name: np.asarray(value) for name, value in made.items()}


def _neck(y: Floats, side: Floats) -> Floats:
    """The beard's lower edge, under the jaw."""
    return np.asarray(0.609 + 0.25 * np.clip(side - 0.02, 0, 0.06) + 0.32 * np.clip(y + 0.130, 0, 0.08))


def _lengths(told: BeardKind, rest: Floats) -> tuple[Floats, Floats]:
    """How likely a hair grows at template positions, and how long it is."""
    has = {
        "lip": told.lip, "soul": told.soul, "chin": told.chin, "jaw": told.jaw, "cheek": told.cheek,
        "sides": told.sides, "beside": min(told.lip, told.chin) or min(told.lip, told.jaw),
    }  # fmt: skip
    here = areas(rest)
    amount, length = np.zeros(len(rest)), np.zeros(len(rest))
    for name, long in has.items():
        if long:
            share = here[name] ** 2
            length, amount = length + share * long, amount + share
    return np.clip(np.sqrt(amount), 0, 1), length / np.maximum(amount, 1e-6)


def beard(person: Person, body: Body, frame: Frame, field: Field, density: float) -> Mesh:
    """Somebody's facial hair."""
    random = np.random.default_rng((person.seed & 0xFFFFFFFF, 15))
    told = kind(person.beard.kind)
    rest_z = body.part.rest[:, 2]
    near = (rest_z > 0.58) & (rest_z < 0.75) & (body.part.rest[:, 1] < -0.05) & (np.abs(body.part.rest[:, 0]) < 0.085)
    near &= (body.masks["mouth"] < 0.5) & (body.masks["lips"] < 0.25) & (body.masks["ears"] < 0.3)
    patchy = random.uniform(0, 6.28, 6)

    def share(rest: Floats) -> Floats:
        uneven = np.sin(rest[:, 0] * 420 + patchy[0]) + np.sin(rest[:, 2] * 510 + patchy[1])
        return np.asarray(np.clip(_lengths(told, rest)[0] * (0.92 + 0.10 * uneven), 0, 1))

    roots = scalp.scatter(body, frame, near, max(int(told.strands * density), 600), random, share)
    points = _grown(person, told, roots, random)
    if max(told.chin, told.jaw) > 0.02:
        field.pushed(points, 0.0006)
    lips = frame.inside(body.part.vertices[body.masks["lips"] > 0.4])
    points = _free_lips(points, lips)
    along = np.linspace(0.35, 1, points.shape[1], dtype=np.float32) * np.ones((len(points), 1), np.float32)
    shades = fibres.coloured(along, beard_colour(person), random, person.beard.grey, vary=0.22)
    width = told.width / density**0.7
    return fibres.mesh(frame.outside(points), frame.way(roots.normals)[:, None], width, shades, taper=0.35, shine=0.35)


def beard_colour(person: Person) -> RGB:
    """A little warmer and darker than the hair that it is told to match."""
    red, green, blue = person.beard.colour
    return (red * 0.92, green * 0.86, blue * 0.82)


def _grown(person: Person, told: BeardKind, roots: scalp.Roots, random: np.random.Generator) -> Floats:
    count = len(roots)
    length = (_lengths(told, roots.rest)[1] * person.beard.length)[:, None, None]
    length = length * random.uniform(0.65, 1.1, (count, 1, 1))
    x, z = roots.rest[:, :1], roots.rest[:, 2:]
    aside = np.tanh(x / 0.012)
    above = np.clip((z - _MOUTH_Z - 0.004) / 0.003, 0, 1) * (np.abs(x) < 0.03)
    n = roots.normals
    fall = np.array((0, 0, -1.0)) * (1 - 0.75 * told.along * above) + aside * np.array((1.0, 0, 0)) * (
        0.30 + (0.35 + 0.9 * told.along) * above
    )
    fall = fall - n * (fall * n).sum(1, keepdims=True) * 0.8
    long = np.clip(length[:, 0] / 0.04, 0, 1)
    untidy = (0.22 + told.curl * 0.3) * (1 - 0.75 * long)
    way = unit(n * (0.75 - 0.35 * above) + fall + untidy * random.normal(size=n.shape))
    t = np.linspace(0, 1, _STEPS)[None, :, None]
    gather = -0.45 * aside * np.array((1.0, 0, 0)) * np.clip(length[:, 0] / 0.06, 0, 1) * (1 - above)
    bend = (np.array((0, 0, -0.75)) * long - 0.25 * n + gather)[:, None]
    points = roots.points[:, None] + length * (way[:, None] * t + bend * t**2)
    phase, turns = random.uniform(0, 6.28, (count, 1, 3)), random.uniform(3, 7, (count, 1, 1))
    points = points + told.curl * 0.10 * length * (np.sin(turns * t + phase) - np.sin(phase)) * t
    if told.twirl:
        up = told.twirl * above[:, None] * np.clip(np.abs(x[:, None]) / 0.012, 0, 1)
        points = points + up * length * np.array((0, 0, 1.0)) * (0.85 * t**2.5 - 0.10 * t)
    return np.asarray(points.astype(np.float32))


def _free_lips(points: Floats, lips: Floats) -> Floats:
    """Hairs that would hang over the mouth end above it."""
    low, high = lips.min(0), lips.max(0)
    z = points[..., 2]
    over = (z < high[2] - 0.001) & (z > low[2] + 0.001) & (np.abs(points[..., 0]) < 0.7 * high[0])
    rooted = points[:, :1, 2] > high[2] - 0.004
    short = np.where((over & rooted).any(1), np.clip((over & rooted).argmax(1) - 0.6, 1.0, None), points.shape[1] - 1.0)
    return resampled(points, short, points.shape[1]).astype(np.float32)
