"""Where cloth comes from: garments of the pack, fitted to a body, and the body's own close cover to cut from."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from engine.renderer import arms, assets
from engine.renderer.body import Body
from engine.renderer.geometry import Array, Index, triangles
from engine.renderer.wardrobe.pieces import Piece

_WHITE: Final = 0.30
"""Luminance from which a suit's texel is of its shirt."""
_TIE: Final = ((0.34, 0.49, 0.505, 0.52, 0.535, 0.549), (0.008, 0.033, 0.028, 0.024, 0.020, 0.015))
"""Half the width of a suit's tie by height on the template."""
_BUCKLES: Final = (0.45, 0.49)
"""Heights on the template of the overalls' modelled buckles, too fine to be laid over a body."""
_LOWEST: Final = 1.2
"""Metres below the eyes that no framing shows."""


def shipped(name: str, body: Body, which: str = "top") -> Piece:
    """A garment of the pack: its "top", its "legs", or, by colour, a suit's "jacket", "shirt" and "tie".

    "front" is a suit's shirt with its tie, to be dyed as one.
    """
    found = assets.proxy(f"clothes-{name}")
    rest, arm, faces = _told(name, which)
    v = found.anchors(body.base) + body.size * arms.along(found.standing_off, np.sign(rest[:, 0]), arm)
    piece = Piece(v, found.faces, rest, arm, found.uv[found.uv_faces]).only(faces)
    return piece.only(piece.v[piece.f][..., 2].min(1) > body.middle[2] - _LOWEST)


@lru_cache(maxsize=64)
def _told(name: str, which: str) -> tuple[Array, Array, Index]:
    """The template's places of a garment's vertices, how much each is sleeve, and the faces of a part of it."""
    found, base = assets.proxy(f"clothes-{name}"), assets.base()
    rest = found.fitted(base.rest)
    arm = (base.arms[found.on] * found.weights).sum(1)
    island = _islands(found.uv_faces)
    mean = np.array([rest[found.faces[island == k]][..., 2].mean() for k in range(island.max() + 1)])
    parts = _welds(found.faces)
    low = np.array([rest[found.faces[parts == k]][..., 2].max() for k in range(parts.max() + 1)])
    buckles = np.zeros(len(island), bool)
    if "worksuit" in name:  # overalls are bib and legs in one
        buckles = (mean[island] > _BUCKLES[0]) & (mean[island] < _BUCKLES[1]) & (np.bincount(island)[island] > 500)
        mean, low = mean * 0, low * 0 + 1
    legs = (low[parts] < 0.22) | (mean[island] < -0.02)
    if which == "legs":
        return rest, arm, np.flatnonzero(legs)
    kept = ~legs
    if which in ("jacket", "shirt", "tie", "front"):
        kept &= _suit(name, found, island) == (which != "jacket")
    elif which.startswith("part"):
        order = np.argsort(-np.bincount(parts[kept], minlength=parts.max() + 1))
        kept &= (parts == order[int(which[4:])]) & ~buckles
    return rest, arm, np.flatnonzero(kept)


def lowest(name: str, which: str) -> float:
    """The template's height at which a garment of the pack ends in the middle."""
    rest, arm, faces = _told(name, which)
    used = np.unique(assets.proxy(f"clothes-{name}").faces[faces])
    return float(rest[used[arm[used] < 0.3], 2].min())


def _suit(name: str, found: assets.Proxy, island: Index) -> Index:
    """0 jacket, 1 shirt with its tie: by the texture's colours on each island."""
    picture = assets.colours(f"clothes-{name}-diffuse")
    height, width = picture.shape[:2]
    at = np.clip(found.uv[found.uv_faces].mean(1), 0, 0.999)
    light = picture[((1 - at[:, 1]) * height).astype(int), (at[:, 0] * width).astype(int)].mean(1)
    kind = np.zeros(len(island), np.int64)
    for k in range(island.max() + 1):
        mine = island == k
        if float(np.quantile(light[mine], 0.9)) > _WHITE:
            kind[mine] = 1
    return kind


def tie_line(rest: Array) -> Array:
    """Positive on a suit's tie, which is cut of the shirt below it."""
    half = np.interp(rest[:, 2], *_TIE)
    return np.asarray(np.minimum(half - np.abs(rest[:, 0]), 0.549 - rest[:, 2]))


def _welds(faces: Index) -> Index:
    """Which of the meshes that hang together each face is of."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    size = int(faces.max()) + 1
    graph = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (size, size))
    label = connected_components(graph, directed=False)[1][faces[:, 0]]
    return np.asarray(np.unique(label, return_inverse=True)[1].reshape(-1))


def _islands(uv_faces: Index) -> Index:
    """Which piece of the pattern (island of the texture) each face is of."""
    return _welds(uv_faces)


def close(body: Body) -> Piece:
    """The body's close cover from the wrists and thighs to under the chin."""
    faces, used, rest, arm = _cover("helper-tights")
    return _without_texture(body.base[used], faces, rest, arm)


def skirt(body: Body) -> Piece:
    """A skirt from the waist down."""
    faces, used, rest, arm = _cover("helper-skirt")
    return _without_texture(body.base[used], faces, rest, arm * 0)


@lru_cache(maxsize=2)
def _cover(name: str) -> tuple[Index, Index, Array, Array]:
    base = assets.base()
    faces = triangles(base.quads[name])
    faces = faces[base.rest[faces][..., 2].min(1) > -0.66]
    used, renumbered = np.unique(faces, return_inverse=True)
    return renumbered.reshape(faces.shape), used, base.rest[used], base.arms[used]


def _without_texture(v: Array, faces: Index, rest: Array, arm: Array) -> Piece:
    return Piece(v, faces, rest, arm, np.zeros((len(faces), 3, 2)))
