"""Cloth wrapped around the head with an opening for the face: headscarves and hoods that are up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from engine.renderer.body import Body
from engine.renderer.heads import Array, Head
from engine.renderer.mesh import Mesh
from engine.renderer.regions import bump
from engine.renderer.wardrobe import bases, cloth_uv, draping, parts, pieces

Look = dict[str, Any]


def _openings(up_most: float, wide: float, down: float) -> Callable[[Array, Array], Array]:
    """Positive outside a face's opening: an egg about what is ahead."""

    def outside(around: Array, up: Array) -> Array:
        tall = np.where(up > 0, up_most, down)
        return np.asarray(np.hypot(around / wide, up / tall) - 1)

    return outside


FACES: Final = {"headscarf": _openings(31, 58, 57), "hood": _openings(37, 66, 62)}
"""By name: positive, at degrees around and up, outside what is left open."""


def headscarf(face: Head, body: Body, clothes: Sequence[Mesh], told: Look) -> list[Mesh]:
    """A scarf close about the head, wrapped under the chin and lying on the shoulders, over `clothes`."""
    shell = _shell(face, "headscarf", 0.012, told)
    cape = _over(_cape(body, 0.012), clothes)
    return [shell, cloth_uv.mesh(pieces.hemmed(cape), **told), _wrap(face, body, told)]


def hood(face: Head, body: Body, clothes: Sequence[Mesh], told: Look, cape: bool) -> list[Mesh]:
    """A hood that stands off the head; with a `cape` it falls onto the shoulders, else what is worn holds it."""
    made = [_shell(face, "hood", 0.026, told), _wrap(face, body, told)]
    return [*made, cloth_uv.mesh(pieces.hemmed(_over(_cape(body, 0.020), clothes)), **told)] if cape else made


def _over(cape: pieces.Piece, clothes: Sequence[Mesh]) -> pieces.Piece:
    """The cape lifted off what is worn under it."""
    low, high, inside = float(cape.v[:, 2].min()), float(cape.v[:, 2].max()), cape.v.mean(0) - (0, 0, 0.05)
    for mesh in [*clothes, *clothes]:  # what the first lift brings near to something else is lifted again
        outer = ((mesh.v - inside) * mesh.n).sum(1) > 0  # not the linings of hems
        near = outer & (mesh.v[:, 2] > low - 0.02) & (mesh.v[:, 2] < high)
        if mesh.kind == "cloth" and near.sum() > 200:
            cape = draping.clear(
                cape, draping.Under.of(np.asarray(mesh.v[near], float), np.asarray(mesh.n[near], float)), 0.006
            )
    return cape


def _shell(face: Head, name: str, ease: float, told: Look) -> Mesh:
    """The part about the head, its edge at the face turned in."""
    turn = np.linspace(-180, 180, 132, endpoint=False)
    back = np.linspace(0, 1, 44)
    # polar coordinates about what is ahead: the opening's edge first, the back of the head last
    edge = np.array([_edge(name, t) for t in turn])
    polar = edge[:, None] * (1 - back) + 178 * back
    around, up = _polar(polar, np.broadcast_to(turn[:, None], polar.shape))
    up = np.clip(up, -70, 90)
    ears = 0.026 * bump(np.abs(around) - 93, 27) * bump(up + 11, 28)
    folds = np.sin(np.radians(turn * 5 + 30))[:, None] * np.sin(back * 8 + 1) + 0.6 * np.sin(
        np.radians(turn * 9)[:, None] + back * 15
    )
    off = ears + ease * (0.55 + 0.45 * np.clip(back * 5, 0, 1)) + 0.0016 * folds * np.clip(back * 6, 0, 1)
    points = face.point(around, up, off)
    rim = face.point(around[:, :1], up[:, :1], off[:, :1] * 0.6 + 0.003)  # the edge is folded back once
    deep = face.point(around[:, :1], up[:, :1] * 1.03, 0.001)
    points = np.concatenate([deep, rim, points], 1)
    chart = np.stack(np.broadcast_arrays(turn[:, None] * 0.002, np.linspace(0, 0.3, points.shape[1])[None]), -1)
    return parts.sheet(points, chart, closed=True, out=points - face.centre, **told)


def _edge(name: str, turn: float) -> float:
    """Degrees from ahead to the opening's edge, in the direction `turn` about it."""
    polar = np.arange(15, 120, 0.5)
    outside = FACES[name](*_polar(polar, np.full(len(polar), turn))) > 0
    return float(polar[outside.argmax()])


def _polar(polar: Array, turn: Array) -> tuple[Array, Array]:
    """Degrees around and up, of degrees from ahead and of turn about that (0 up)."""
    p, t = np.radians(polar), np.radians(turn)
    x, z, y = np.sin(p) * np.sin(t), np.sin(p) * np.cos(t), -np.cos(p)
    return np.degrees(np.arctan2(x, -y)), np.degrees(np.arcsin(np.clip(z, -1, 1)))


def _cape(body: Body, ease: float) -> pieces.Piece:
    """What lies about the neck and on the shoulders."""
    piece = pieces.finer(bases.close(body), 1)
    x, y, z = piece.rest.T
    low = 0.475 - 0.085 * np.exp(-(((x - 0.025) / 0.085) ** 2)) * (y < -0.03) + 0.02 * (y > -0.03)
    piece, _ = pieces.cut(piece, np.minimum(np.minimum(0.59 - z, z - low), 0.185 - np.abs(x)))
    up = np.clip((piece.rest[:, 2] - 0.54) / 0.06, 0, 1)
    piece = pieces.moved(piece, piece.normals * (0.015 + 0.3 * ease + 0.014 * up)[:, None])
    piece = pieces.even(pieces.finer(piece, 1))
    fold = np.sin(piece.rest[:, 2] * 130 + 5 * np.sin(piece.rest[:, 0] * 24) + piece.rest[:, 1] * 40)
    return pieces.moved(piece, piece.normals * (0.0034 * fold)[:, None])


def _wrap(face: Head, body: Body, told: Look) -> Mesh:
    """From under the jaw down to the collar bones, in slanting folds: it hides the throat."""
    around = np.linspace(-180, 180, 120, endpoint=False)
    ahead = np.clip(np.abs(around) / 75, 0, 1)
    start = face.point(around, -61 + 34 * ahead**1.5, 0.004 + 0.018 * bump(np.abs(around) - 95, 30))
    base = bases.close(body)
    foot = base.v[(base.rest[:, 2] > 0.53) & (base.rest[:, 2] < 0.56) & (np.abs(base.rest[:, 0]) < 0.09)].mean(0)
    turn = np.radians(around)
    end = foot + np.stack(
        [0.118 * np.sin(turn), 0.016 - 0.112 * np.cos(turn), -0.020 - 0.036 * np.cos(turn)], 1
    )  # fmt: skip
    t = np.linspace(0, 1, 30)
    fall = t**1.25
    points = start[:, None] * (1 - fall)[None, :, None] + end[:, None] * fall[None, :, None]
    out = points - points.mean((0, 1)) * (1, 1, 0) - (0, 0, 1) * points
    out /= np.linalg.norm(out, axis=-1, keepdims=True) + 1e-9
    slant = t[None] * 3.1 + 0.55 * np.sin(turn + 0.7)[:, None] + 0.12 * np.sin(3 * turn)[:, None]
    folds = 1 - 2 * np.abs(np.sin(np.pi * slant)) ** 0.8
    points = points + out * (0.013 * np.sin(np.pi * t**0.6) + 0.0050 * folds * np.clip(t * 5, 0, 1))[..., None]
    length = np.linspace(0, 0.16, 30)
    chart = np.stack(np.broadcast_arrays(around[:, None] * 0.0018, length[None]), -1)
    return parts.sheet(points, chart, closed=True, out=out, **told)
