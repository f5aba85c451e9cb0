"""Eyeballs that look somewhere, lashes, teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.renderer import assets
from engine.renderer.geometry import Array, smooth, unit, unweld, vertex_normals
from engine.renderer.mesh import Mesh
from engine.renderer.scene import Person, Pose

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


def direction(pose: Pose, head_turn: Array, lens: tuple[float, float, float]) -> tuple[str, Array]:
    """What is looked at: ("at", a point from the eyes' middle) or ("along", a direction)."""
    if pose.gaze is None:
        return "at", np.asarray(lens, float)
    right, up = np.radians(pose.gaze)
    ahead = np.array((-np.sin(right) * np.cos(up), -np.cos(right) * np.cos(up), np.sin(up)))
    return "along", head_turn @ ahead


def build(person: Person, base: Array, look: tuple[str, Array]) -> tuple[Eye, Eye]:
    """Two eyeballs; each vertex knows its angle from the gaze in degrees and the angle around it."""
    middle = sum(centres(base)) / 2
    made = []
    for name, centre in zip(GROUPS, centres(base), strict=True):
        v = base[np.unique(assets.base().quads[name])]
        radius = float(np.median(np.linalg.norm(v - centre, axis=1)))
        how, where = look
        forward = unit(middle + where - centre) if how == "at" else unit(where)
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
        "polar": np.degrees(away).reshape(-1, 1), "dir": d.reshape(-1, 3),
        "around": np.stack([np.cos(turn), np.sin(turn)], -1).reshape(-1, 2),
    }  # fmt: skip
    return Mesh("eye", v, f, n, extra, {"gaze": forward, "iris": np.array(person.iris, np.float32)})


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
