"""A head in a moment: points of skin and eyes put on a small picture, lit softly from the front.

It is no photograph, but a face recogniser tells people apart in it nearly as well, in a twentieth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.renderer import assets, body, eyes, regions, skin
from engine.renderer.fitting.controls import Held
from engine.renderer.geometry import Array, Index, unit, vertex_normals
from engine.renderer.scene import Person, Pose

Picture = npt.NDArray[np.uint8]

SIDE: Final = 192
"""Pixels of the picture's sides."""
VIEW_M: Final = 0.30
"""What it shows, in metres at the eyes."""
FAR_M: Final = 1.3
"""How far away the lens is."""
_BELOW_EYES_M: Final = 0.025
_LAMPS: Final = ((np.array((-0.45, -0.80, 0.42)), 0.62), (np.array((0.70, -0.70, 0.15)), 0.30))
_AMBIENT: Final = 0.30
_HAIR_M: Final = 0.012
_BACKGROUND: Final = 0.30
_BALL_POINTS: Final = 2600
_BEHIND_LIDS_M: Final = 0.0015


@dataclass(frozen=True)
class _Head:
    """The part of the smooth skin above the neck."""

    matrix: Any
    faces: Index
    rest: Array
    uv: Array
    masks: dict[str, Array]
    lids: Index
    """Faces around the eyes, whose middles are drawn too so that no ball shines through."""


@lru_cache(maxsize=1)
def _head() -> _Head:
    whole = assets.surface()
    kept = (whole.rest[:, 2] > 0.56) & (whole.rest[:, 1] < 0.05)
    number = np.cumsum(kept) - 1
    faces = whole.faces[kept[whole.faces].all(1)]
    masks = {name: mask[kept] for name, mask in whole.masks.items()}
    at = whole.rest[faces].mean(1)
    near = np.hypot(np.abs(at[:, 0]) - regions.EYE[0], at[:, 2] - regions.EYE[1]) < 0.022
    lids = number[faces[near & (at[:, 1] < -0.05)]]
    return _Head(whole.matrix[kept], number[faces], whole.rest[kept], whole.uv[kept], masks, lids)


@lru_cache(maxsize=1)
def _ball() -> Array:
    """Directions all around, (N, 3), evenly spread."""
    k = np.arange(_BALL_POINTS) + 0.5
    z, around = 1 - 2 * k / _BALL_POINTS, k * (np.pi * (1 + 5**0.5))
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(around), flat * np.sin(around), z], 1)


def drawn(person: Person, held: Held) -> Picture:
    """A quick picture of a head, (SIDE, SIDE, 3)."""
    head = _head()
    base = _posed(person, held)
    points = head.matrix @ base
    normals = vertex_normals(points, head.faces)
    masks = regions.masks(head.rest, head.masks, person.brow_thickness, person.brow_arch, receded=person.hair.line)
    colour = _skin_colour(person, head, masks)
    hair = np.clip(masks["growth"] / 6, 0, 1) * (person.hair.style != "bald")
    points = points + normals * (_HAIR_M * hair)[:, None]
    lit = colour * _light(normals)[:, None]
    facing = normals[:, 1] < 0.2
    lids = head.lids
    seen = [(points[facing], lit[facing]), *((points[f].mean(1), lit[f].mean(1)) for f in (lids,)), _eyes(person, base)]
    middle = np.mean(eyes.centres(base), 0)
    return _splat(np.concatenate([at for at, _ in seen]), np.concatenate([of for _, of in seen]), middle)


def _posed(person: Person, held: Held) -> Array:
    moved = body.shaped(person)
    add = assets.base().actions.add
    for name, amount in (
        ("mouthSmile", held.smile), ("jawOpen", held.jaw), ("eyeWide" if held.lids > 0 else "eyeBlink", abs(held.lids)),
    ):  # fmt: skip
        for side in ("Left", "Right") if name != "jawOpen" else ("",):
            add(moved, f"{name}{side}", amount)
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        add(moved, name, held.brows)
    return body.head_posed(moved, Pose(turn=held.turn, nod=held.nod))


def _skin_colour(person: Person, head: _Head, masks: dict[str, Array]) -> Array:
    texture = skin.skin_map(person)
    rows = np.clip(((1 - head.uv[:, 1]) * len(texture)).astype(int), 0, len(texture) - 1)
    columns = np.clip((head.uv[:, 0] * texture.shape[1]).astype(int), 0, texture.shape[1] - 1)
    colour = texture[rows, columns].astype(float)
    painted = skin.paint(person, masks, head.rest)
    colour = colour * painted["tint"] + painted["add"]
    hair = np.array(person.hair.colour) * (1 - 0.8 * person.hair.grey) + 0.30 * person.hair.grey
    brow, scalp = np.clip(masks["brow"], 0, 1), np.clip(masks["growth"] / 6, 0, 1) * (person.hair.style != "bald")
    share = np.maximum(0.75 * brow, 0.95 * scalp)[:, None]
    if person.beard.kind not in ("none", "stubble"):
        share = np.maximum(share, 0.8 * regions.beard(head.rest, masks["lips"], person.beard.kind)[:, None])
    return np.asarray(colour * (1 - share) + hair * share)


def _light(normals: Array) -> Array:
    total = np.full(len(normals), _AMBIENT)
    for towards, power in _LAMPS:
        total += power * np.clip((normals @ unit(towards) + 0.25) / 1.25, 0, None)
    return total


def _eyes(person: Person, base: Array) -> tuple[Array, Array]:
    """Points and colours of the eyeballs, that look into the lens."""
    points, colours = [], []
    for name, centre in zip(eyes.GROUPS, eyes.centres(base), strict=True):
        v = base[np.unique(assets.base().quads[name])]
        radius = float((v.max(0) - v.min(0)).mean()) / 2
        ball = _ball()
        gaze = unit(np.array((0.0, -FAR_M, 0.0)) + np.mean(eyes.centres(base), 0) - centre)
        away = np.degrees(np.arccos(np.clip(ball @ gaze, -1, 1)))
        white = np.array((0.62, 0.58, 0.55))
        colour = np.where((away < 28)[:, None], np.array(person.iris) * 1.2, white)
        colour = np.where((away < 11)[:, None], 0.005, colour)
        points.append(centre + ball * radius * 0.985 + np.array((0.0, _BEHIND_LIDS_M, 0.0)))
        colours.append(colour * (0.35 + 0.5 * np.clip(ball @ gaze, 0, 1))[:, None])
    return np.concatenate(points), np.concatenate(colours)


def _splat(points: Array, colours: Array, middle: Array) -> Picture:
    """The nearest points on twice the picture's pixels, what lies between them filled, halved, as sRGB."""
    side = 2 * SIDE
    eye = middle + np.array((0.0, -FAR_M, 0.0))
    depth = points[:, 1] - eye[1]
    scale = FAR_M / depth * side / VIEW_M
    # seen from the front, x to the body's left is to the viewer's right
    column = ((points[:, 0] - middle[0]) * scale + side / 2).astype(int)
    row = (side / 2 - (points[:, 2] - middle[2] + _BELOW_EYES_M) * scale).astype(int)
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    order = np.flatnonzero(inside)[np.argsort(-depth[inside], kind="stable")]
    picture = np.zeros((side, side, 3), np.float32)
    near = np.full((side, side), np.inf, np.float32)
    where = row[order], column[order]
    picture[where], near[where] = colours[order], depth[order]
    return _developed(*_filled(picture, near))


def _filled(picture: npt.NDArray[np.float32], near: npt.NDArray[np.float32]) -> tuple[Any, Any]:
    """Gaps, and points that shine through from behind, take the colour of nearer neighbours."""
    for _ in range(3):
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            beside, colour = np.roll(near, step, axis), np.roll(picture, step, axis)
            hidden = beside < near - 0.012
            near = np.where(hidden, beside, near)
            picture = np.where(hidden[..., None], colour, picture)
    return picture, near


def _developed(picture: npt.NDArray[np.float32], near: npt.NDArray[np.float32]) -> Picture:
    picture = np.where(np.isfinite(near)[..., None], picture, np.float32(_BACKGROUND))
    small = picture.reshape(SIDE, 2, SIDE, 2, 3).mean((1, 3))
    tone = np.clip(small * 1.35, 0, 1) ** (1 / 2.2)
    return np.asarray(Image.fromarray((tone * 255).astype(np.uint8)))
