"""Eyeballs that look somewhere, lashes, teeth and tongue."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy.spatial import cKDTree

from engine.renderer import assets, regions
from engine.renderer.geometry import Array, Index, smooth, unit, unweld, vertex_normals
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Person, Pose

MOST: Final = 38.0
"""Degrees."""
_TEETH: Final = (0.78, 0.725, 0.63)
"""What enamel leaves of its photograph's white."""
_TONGUE: Final = (0.50, 0.42, 0.44)
_COVER: Final = 1.045
"""Times the eyeball's radius: nearer than this to its centre no lid's outside comes."""
IRIS_BALL: Final = 0.0146
"""Metres: the eyeball whose iris is as large as people's. anny's eyeballs differ, irises hardly do."""
KAPPA: Final = 4.5
"""Degrees between an eye's own axis and its line of sight."""
GROUPS: Final = ("helper-r-eye", "helper-l-eye")


@dataclass(frozen=True)
class Eye:
    """One eyeball: its centre, radius, where it looks, and its mesh (extras: polar, dir, around, lids)."""

    centre: Array
    radius: float
    gaze: Array
    mesh: Mesh


def centres(base: Array) -> tuple[Array, Array]:
    """Both eyeballs' centres, the picture's left one first."""
    found = []
    for name in GROUPS:
        v = base[np.unique(assets.base().quads[name])]
        found.append((v.min(0) + v.max(0)) / 2)
    return found[0], found[1]


@dataclass(frozen=True)
class Look:
    """Where eyes look: at a point, given from their middle, or where that is far, along a direction."""

    towards: Array
    """Unit."""
    distance: float

    def seen_from(self, offset: Array) -> Array:
        """The direction in which an eye, `offset` from the middle of both, is turned: outwards of what it sees.

        The spot that sees sharply lies beside the middle of the eye's back (angle kappa, some 5 degrees in adults:
        Basmak et al. 2007), without which everybody seems to squint.
        """
        sight = unit(self.towards * self.distance - offset)
        aside = offset - sight * (offset @ sight)
        return unit(sight + np.tan(np.radians(KAPPA)) * unit(aside))


def direction(pose: Pose, head_turn: Array, lens: tuple[float, float, float]) -> Look:
    """The pose's gaze, or into the lens, as far as eyes go without the head."""
    if pose.gaze is None:
        point = np.asarray(lens, float)
        ahead, distance = head_turn.T @ unit(point), float(np.linalg.norm(point))
    else:
        right, up = np.radians(pose.gaze)
        ahead, distance = np.array((-np.sin(right) * np.cos(up), -np.cos(right) * np.cos(up), np.sin(up))), 3.0
    return Look(head_turn @ _reachable(ahead), distance)


def _reachable(ahead: Array) -> Array:
    """Nobody's eyes turn farther than `MOST` from straight ahead."""
    away = np.arccos(np.clip(-ahead[1], -1, 1))
    if away <= np.radians(MOST):
        return ahead
    side = unit(np.array((ahead[0], 0.0, ahead[2])))
    return np.asarray(np.sin(np.radians(MOST)) * side + np.cos(np.radians(MOST)) * np.array((0, -1.0, 0)))


@dataclass(frozen=True)
class _Lids:
    """Which vertices of the skin lie about one eye: upper lid, lower lid, inner corner; and all that cover the ball."""

    upper: Index
    lower: Index
    corner: Index
    covering: Index


@lru_cache(maxsize=1)
def _lids() -> tuple[_Lids, _Lids]:
    """Of both eyes, the picture's left one first."""
    made = []
    for side in (-1.0, 1.0):
        offset = assets.surface().rest * (side, 1, 1) - regions.EYEBALL
        away = np.linalg.norm(offset, axis=1) / regions.EYEBALL_M
        near = np.flatnonzero((away < 1.18) & (offset[:, 1] < 0))
        x, y, z = offset[near].T
        along, up = np.degrees(np.arctan2(x, -y)), np.degrees(np.arctan2(z, np.hypot(x, y)))
        above = up - np.interp(along, *regions.LID_LINE)
        opening = (along > -46) & (along < 58)
        corner = (np.abs(along + 43) < 4) & (np.abs(above) < 6)
        covering = np.flatnonzero((away > 1.03) & (away < 1.9) & (offset[:, 1] < 0))
        made.append(_Lids(near[opening & (above > 0)], near[opening & (above <= 0)], near[corner], covering))
    return made[0], made[1]


def lids_before(vertices: Array, base: Array) -> Array:
    """The skin's vertices with lids that no squint pushes into the eyeballs, (V, 3)."""
    moved = vertices.copy()
    for name, centre, lids in zip(GROUPS, centres(base), _lids(), strict=True):
        radius = _radius(base, name, centre)
        offset = moved[lids.covering] - centre
        away = np.linalg.norm(offset, axis=1)
        out = np.maximum(away, radius * _COVER)
        moved[lids.covering] = centre + offset * (out / away)[:, None]
    return moved


def _radius(base: Array, name: str, centre: Array) -> float:
    return float(np.median(np.linalg.norm(base[np.unique(assets.base().quads[name])] - centre, axis=1)))


def build(person: Person, base: Array, look: Look, skin: Array) -> tuple[Eye, Eye]:
    """Two eyeballs between the lids of `skin` (V, 3).

    Each vertex knows its angle from the gaze in degrees, the angle around it, and (`lids`, millimetres) how far it is
    from the upper lid, the lower lid and the inner corner.
    """
    both = centres(base)
    middle = (both[0] + both[1]) / 2
    made = []
    for name, centre, lids in zip(GROUPS, both, _lids(), strict=True):
        radius = _radius(base, name, centre)
        forward = look.seen_from(centre - middle)
        ball = _ball(centre, radius, forward, person)
        v = np.asarray(ball.v, float)
        ball.extra["lids"] = np.stack([_apart(v, skin[x]) for x in (lids.upper, lids.lower, lids.corner)], 1)
        made.append(Eye(centre, radius, forward, ball))
    return made[0], made[1]


def _apart(points: Any, others: Array) -> Array:
    """Millimetres from each point to the nearest of the others."""
    away, _ = cKDTree(others).query(points, distance_upper_bound=0.02)
    return np.asarray(np.minimum(away, 0.02) * 1000)


def _ball(centre: Array, radius: float, forward: Array, person: Person) -> Mesh:
    right = unit(np.cross(forward, (0, 0, 1.0)))
    up = np.cross(right, forward)
    polar = np.concatenate([np.linspace(0, 42, 40), np.linspace(45, 125, 14)])
    away, turn = np.meshgrid(np.radians(polar), np.linspace(0, 2 * np.pi, 64, endpoint=False), indexing="ij")
    round_it = np.cos(turn)[..., None] * right + np.sin(turn)[..., None] * up
    d = np.cos(away)[..., None] * forward + np.sin(away)[..., None] * round_it
    bulge = 1 + 0.035 * np.clip(1 - (np.degrees(away) / 30) ** 2, 0, 1)
    v = (centre + radius * bulge[..., None] * d).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(len(polar) - 1), np.arange(64), indexing="ij")
    a, b = row * 64 + column, row * 64 + (column + 1) % 64
    f = np.concatenate([np.stack([a, a + 64, b], -1), np.stack([b, a + 64, b + 64], -1)]).reshape(-1, 3)
    n = vertex_normals(v, f)
    n *= np.sign((n * (v - centre)).sum(1, keepdims=True))
    extra = {
        "polar": np.degrees(away).reshape(-1, 1) * (radius / IRIS_BALL), "dir": d.reshape(-1, 3),
        "around": np.stack([np.cos(turn), np.sin(turn)], -1).reshape(-1, 2),
    }  # fmt: skip
    return Mesh("eye", v, f, n, extra, _iris(person, forward))


def _iris(person: Person, forward: Array) -> dict[str, Any]:
    """Colours of the eye: the iris, its ring round the pupil (warmer, as in real eyes), its fibres, the white."""
    rng = np.random.default_rng(person.seed + 3)
    iris = np.array(person.iris, np.float32)
    light = float(np.clip(iris.mean() / 0.14, 0, 1))
    warm = np.array((1.75 + 0.35 * rng.random(), 1.35, 0.85), np.float32)
    fair = float(np.clip(np.dot(person.skin.tone, (0.3, 0.6, 0.1)) / 0.32, 0, 1))
    iris = _calmed(iris) * np.float32(0.58 + 0.20 * fair)
    white = np.array((0.84, 0.785, 0.745)) * (0.12 + 0.66 * fair) * (1 - 0.03 * rng.random())
    white = white * (1 - np.clip((person.age - 50) / 40, 0, 1) * np.array((0.05, 0.09, 0.16)))
    white = white * (1 - (1 - fair) * np.array((0.0, 0.03, 0.09)))
    return {
        "gaze": forward, "iris": iris, "inner": iris * (1 + (warm - 1) * (0.2 + 0.4 * light)),
        "phase": rng.uniform(0, 6, 4), "white": white.astype(np.float32),
    }  # fmt: skip


def _calmed(colour: Any) -> Any:
    """An iris's colour as a camera sees it: the cornea and its own shadows take much of the colour's strength."""
    grey = colour @ np.array((0.3, 0.6, 0.1), np.float32)
    return grey + (colour - grey) * np.float32(0.62)


def lashes(person: Person, base: Array) -> Mesh:
    """The lashes as a card with their picture's alpha."""
    found = assets.proxy("eyelashes-02" if person.masculinity < 0.5 else "eyelashes-01")
    name = "eyelashes-02" if person.masculinity < 0.5 else "eyelashes-01"
    card = unweld("card", found.fitted(base), found.faces, found.uv, found.uv_faces, colour=(0.012, 0.009, 0.008))
    thin = 0.45 * float(np.clip((person.age - 50) / 35, 0, 1))
    strength = (0.7 + 0.3 * person.skin.mascara) * (1 - thin)
    card.info["alpha"] = assets.alpha(name) * np.float32(strength)
    return card


def mouth(base: Array) -> tuple[Mesh, ...]:
    """Teeth with their gums, and the tongue."""
    made = []
    for name, texture, colour in (("teeth-base", "teeth", _TEETH), ("tongue", "tongue", _TONGUE)):
        found = assets.proxy(name)
        v, f, uv, uv_faces = smooth(found.fitted(base), found.faces, found.uv, found.uv_faces, 1)
        own = {"map": assets.colours(texture), "colour": np.array(colour, np.float32), "rough": 0.25}
        made.append(unweld("plain", v, f, uv, uv_faces, **own))
    return tuple(made)
