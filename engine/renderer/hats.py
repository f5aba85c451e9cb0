"""Hats: shells over the head's own shape, measured by rays from its middle, with brims, folds and bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from engine.renderer.body import Body
from engine.renderer.geometry import smooth, unit, unweld
from engine.renderer.mesh import Mesh
from engine.renderer.regions import bump
from engine.renderer.scene import RGB, Outfit
from engine.renderer.tracing.embree import RayScene
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe import bases, parts, pieces

Array: TypeAlias = npt.NDArray[Any]

_USUAL: Final = 0.072
_ROUND, _TALL = 96, 60
_FROM: Final = -75.0
"""Degrees of elevation at which the head's table begins."""
COLOURS: Final[Mapping[str, RGB]] = {
    "cap": (0.03, 0.05, 0.13),
    "beanie": (0.16, 0.03, 0.03),
    "fedora": (0.10, 0.07, 0.05),
    "straw hat": (0.62, 0.46, 0.22),
    "beret": (0.12, 0.012, 0.02),
    "headscarf": (0.10, 0.20, 0.28),
    "turban": (0.45, 0.20, 0.04),
    "hood": (0.10, 0.10, 0.11),
    "helmet": (0.72, 0.50, 0.03),
    "crown": (0.83, 0.60, 0.22),
    "headband": (0.03, 0.03, 0.035),
    "headphones": (0.022, 0.022, 0.024),
    "surgical": (0.16, 0.38, 0.42),
}
"""What a hat is dyed where nobody says."""


@dataclass(frozen=True)
class Head:
    """The head's size all around its middle, in a frame that turns with it: −y ahead, z up."""

    centre: Array
    turn: Array
    radius: Array
    """(_ROUND, _TALL): by degrees from ahead, and of elevation."""
    scale: float

    def at(self, around: Array, up: Array) -> Array:
        """The head's radius in directions (degrees)."""
        column = (around % 360) / 360 * _ROUND
        row = np.clip((up - _FROM) / (90 - _FROM) * (_TALL - 1), 0, _TALL - 1.001)
        c, r = np.floor(column).astype(int), np.floor(row).astype(int)
        x, y = column - c, row - r
        a, b = c % _ROUND, (c + 1) % _ROUND
        low = self.radius[a, r] * (1 - x) + self.radius[b, r] * x
        high = self.radius[a, r + 1] * (1 - x) + self.radius[b, r + 1] * x
        return np.asarray(low * (1 - y) + high * y)

    def point(self, around: Array, up: Array, off: Array | float = 0.0) -> Array:
        """Points in the studio that lie `off` metres over the head."""
        return self.placed(way(around, up) * (self.at(around, up) + off)[..., None])

    def placed(self, local: Array) -> Array:
        """Points of the head's frame in the studio."""
        return np.asarray(self.centre + local @ self.turn.T)

    def seen(self, points: Array) -> tuple[Array, Array, Array]:
        """Degrees around and up, and the distance, of points (N, 3) in the studio."""
        local = (points - self.centre) @ self.turn
        far = np.linalg.norm(local, axis=-1)
        around = np.degrees(np.arctan2(local[..., 0], -local[..., 1]))
        return around, np.degrees(np.arcsin(np.clip(local[..., 2] / np.maximum(far, 1e-9), -1, 1))), far


def way(around: Array, up: Array) -> Array:
    """Unit directions of degrees from ahead (to the body's left) and of elevation."""
    a, e = np.radians(around), np.radians(up)
    return np.stack([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e) + 0 * a], -1)


def head(body: Body) -> Head:
    """The head of a body, without its ears."""
    return _head(body.part.vertices.tobytes(), _Box(body))


@dataclass(frozen=True)
class _Box:
    body: Body

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Box)


@lru_cache(maxsize=4)
def _head(key: bytes, box: _Box) -> Head:
    del key
    body = box.body
    scale = body.half_width / _USUAL
    centre = body.middle + body.head_turn @ (np.array((0.0, 0.078, 0.028)) * scale)
    rays = RayScene()
    faces = body.part.faces
    kept = (body.masks["ears"][faces].max(1) < 0.3) & (body.part.rest[faces][..., 2].min(1) > 0.52)
    rays.add_triangles(body.part.vertices.astype(np.float32), faces[kept])
    rays.commit()
    around, up = np.meshgrid(np.arange(_ROUND) * 360 / _ROUND, np.linspace(_FROM, 90, _TALL), indexing="ij")
    ways = way(around, up).reshape(-1, 3) @ body.head_turn.T
    hits = rays.first((centre + ways * 0.4).T.astype(np.float32), (-ways).T.astype(np.float32))
    radius = np.where(hits.geometry >= 0, 0.4 - np.minimum(hits.distance, 1), np.nan).reshape(_ROUND, _TALL)
    radius = np.where(np.isnan(radius), np.nanmedian(radius, axis=0), radius)
    radius = np.clip(radius, 0.05, 0.16 * scale)
    tall = np.concatenate([radius, radius, radius])
    return Head(centre, body.head_turn, gaussian_filter(tall, (1.2, 1.0), mode="nearest")[_ROUND : 2 * _ROUND], scale)


def _grid(low: Callable[[Array], Array], high: float = 90.0, rows: int = 34, columns: int = 120) -> tuple[Array, Array]:
    """Directions (columns, rows) from a rim to the top."""
    around = np.linspace(-180, 180, columns, endpoint=False)
    t = np.linspace(0, 1, rows)
    start = low(around)
    return np.broadcast_to(around[:, None], (columns, rows)), start[:, None] * (1 - t) + high * t


def _shell(face: Head, around: Array, up: Array, off: Array, **info: Any) -> Mesh:
    """A closed shell of cloth, its rim turned in."""
    points = face.point(around, up, off)
    inner = face.point(around[:, :1], up[:, :1], np.maximum(off[:, :1] - 0.004, 0.001))
    deep = face.point(around[:, :1], up[:, :1] + 6, np.full_like(up[:, :1], 0.001))
    points = np.concatenate([deep, inner, points], 1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=1), axis=2).mean(0))])
    wide = 2 * np.pi * 0.095 * (np.arange(len(points)) / len(points))
    chart = np.stack(np.broadcast_arrays(wide[:, None], length[None]), -1)
    return parts.sheet(points, chart, closed=True, out=points - face.centre, **info)


RIMS: Final[dict[str, Callable[[Array], Array]]] = {
    "cap": lambda a: 21 - 20 * np.clip(np.abs(a) / 120, 0, 1) ** 1.2,
    "beanie": lambda a: 20 - 22 * np.clip(np.abs(a) / 100, 0, 1) ** 1.3,
    "fedora": lambda a: 24 - 16 * np.clip(np.abs(a) / 150, 0, 1),
    "straw hat": lambda a: 22 - 16 * np.clip(np.abs(a) / 150, 0, 1),
    "beret": lambda a: 27 - 20 * np.clip(np.abs(a) / 130, 0, 1),
    "turban": lambda a: 24 - 28 * np.clip(np.abs(a) / 100, 0, 1) ** 1.2,
    "helmet": lambda a: 20 - 24 * np.clip(np.abs(a) / 110, 0, 1) ** 1.4,
    "surgical": lambda a: 22 - 22 * np.clip(np.abs(a) / 100, 0, 1) ** 1.2,
}
"""Elevation of a hat's rim by degrees from ahead."""


def _openings(up_most: float, wide: float, down: float) -> Callable[[Array, Array], Array]:
    """Positive outside a face's opening: an egg about what is ahead."""

    def outside(around: Array, up: Array) -> Array:
        tall = np.where(up > 0, up_most, down)
        return np.asarray(np.hypot(around / wide, up / tall) - 1)

    return outside


_FACES: Final = {"headscarf": _openings(31, 58, 57), "hood": _openings(37, 66, 62)}


def covers(outfit: Outfit, body: Body) -> Callable[[Array], Array]:
    """Which points (N, 3) a hat leaves no hair at."""
    name = outfit.hat
    if name in _FACES:
        face = head(body)
        return lambda points: _wrapped(face, name, points)
    if name not in RIMS:
        return lambda points: np.zeros(len(points), bool)
    face, rim = head(body), RIMS[name]

    def under(points: Array) -> Array:
        around, up, _ = face.seen(points)
        return np.asarray(up > rim(around) + 1.0)

    return under


def above_rim(outfit: Outfit, body: Body) -> Callable[[Array], Array] | None:
    """How many degrees above a hat's rim points (N, 3) are; None where hair is not pressed to the head."""
    if outfit.hat not in RIMS:
        return None
    face, rim = head(body), RIMS[outfit.hat]

    def degrees(points: Array) -> Array:
        around, up, _ = face.seen(points)
        return np.asarray(up - rim(around))

    return degrees


def _wrapped(face: Head, name: str, points: Array) -> Array:
    around, up, far = face.seen(points)
    on_face = (_FACES[name](around, up) < 0.08) & (far < face.at(around, up) + 0.02)
    if name == "headscarf":  # no hair over the forehead
        on_face &= up < 12
    return np.asarray(~on_face)


def hat(outfit: Outfit, body: Body) -> list[Mesh]:
    """The hat of an outfit; one that isn't known is a cap."""
    name = outfit.hat if outfit.hat in COLOURS else "cap"
    colour = np.array(outfit.hat_colour or COLOURS[name], np.float32)
    return _MAKERS[name](head(body), colour, outfit, body)


def _cloth(fabric: str, colour: Array) -> dict[str, Any]:
    return {"look": FABRICS[fabric], "colour": colour}


def _cap(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    around, up = _grid(RIMS["cap"])
    panel = np.abs(np.sin(np.radians(around * 3)))
    top = np.clip((up - 20) / 40, 0, 1)
    off = 0.007 + 0.012 * top * (0.6 + 0.4 * np.cos(np.radians(around))) - 0.0012 * bump(panel, 0.05) * (up > 25)
    told = _cloth("cotton", colour)
    across = np.linspace(-62, 62, 49)
    reach = np.linspace(0, 1, 18)
    rim = face.point(across, RIMS["cap"](across) + 1.5, 0.008)
    ahead = face.turn @ np.array((0, -1.0, 0))
    down = face.turn @ np.array((0, 0, -1.0))
    long = 0.074 * face.scale * np.cos(np.radians(across * 90 / 64)) ** 0.75
    drop = 0.012 + 0.012 * (across / 62) ** 2
    visor = (
        rim[:, None]
        + ahead * (long[:, None] * reach)[..., None]
        + down * (drop[:, None] * reach + 0.010 * reach**2)[..., None]
    )
    upper = visor - down * 0.0016
    both = np.concatenate([upper, visor[:, ::-1] + down * 0.0016], 1)
    chart = np.stack(np.broadcast_arrays(across[:, None] * 0.0015, np.linspace(0, 0.15, 36)[None]), -1)
    made = [_shell(face, around, up, off, **told), parts.sheet(both, chart, out=-down, **told)]
    knob = face.point(np.array([0.0]), np.array([89.0]), 0.021)[0]
    return [
        *made,
        parts.tube(
            knob + np.linspace(-1, 1, 6)[:, None] * -down * 0.003,
            np.array((0.001, 0.006, 0.007, 0.007, 0.005, 0.0005)),
            **told,
        ),
    ]


def _beanie(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    around, up = _grid(RIMS["beanie"], rows=44)
    above = up - RIMS["beanie"](around)
    fold = 0.008 * np.clip((23 - above) / 2.5, 0, 1) * np.clip(above / 2 + 0.4, 0, 1)
    off = (
        0.008
        + fold
        + 0.016 * np.clip((up - 45) / 40, 0, 1)
        + 0.0015 * np.sin(np.radians(around * 7)) * np.clip((up - 30) / 40, 0, 1)
    )
    return [_shell(face, around, up, off, **_cloth("rib", colour))]


def _fedora(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit
    v, f, uv, uv_faces = body.proxy("clothes-fedora")
    v = face.centre + (v - face.centre) * 1.045 + face.turn @ np.array((0, 0, 0.004))
    v, f, uv, uv_faces = smooth(v, f, uv, uv_faces, 1)
    made = unweld("cloth", v, f, uv, uv_faces, **_cloth("wool", colour))
    return [made, _ribbon(face, 26, 0.013, colour * 0.25 + 0.004, 0.020)]


def _ribbon(face: Head, start: float, off: float, colour: Array, tall: float) -> Mesh:
    around = np.linspace(-180, 180, 97)[:-1]
    low = face.point(around, RIMS["fedora"](around) + start - 22, off)
    up = face.turn @ np.array((0, 0, 1.0))
    v = low[:, None] + up * np.linspace(0, tall, 5)[None, :, None]
    out = unit(low - face.centre)[:, None]
    v = v + out * np.array((-0.003, 0.002, 0.002, 0.002, -0.003))[None, :, None]
    return parts.sheet(v, v[..., :2], closed=True, out=out, **_cloth("satin", np.asarray(colour, np.float32)))


def _brimmed(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    """A straw hat: a round crown and a wide brim."""
    del outfit, body
    rim = RIMS["straw hat"]
    around = np.linspace(-180, 180, 120, endpoint=False)
    low = face.point(around, rim(around), 0.009)
    up = face.turn @ np.array((0, 0, 1.0))
    middle = low.mean(0)
    out = unit((low - middle) - ((low - middle) @ up)[:, None] * up)
    rise = np.array((0.0, 0.02, 0.045, 0.065, 0.078, 0.084, 0.086, 0.086))
    inward = np.array((0.0, 0.002, 0.005, 0.010, 0.020, 0.040, 0.062, 0.078))
    crown = low[:, None] + up * rise[None, :, None] - out[:, None] * inward[None, :, None]
    reach = np.array((0.0, 0.012, 0.03, 0.05, 0.07, 0.083, 0.085, 0.083, 0.05, 0.0))
    sag = -0.10 * reach + 0.004 * np.sin(np.radians(around * 3))[:, None] * reach / 0.08 * 2
    thick = np.array((0, 0, 0, 0, 0, 0, -0.0015, -0.003, -0.003, -0.003))
    brim = low[:, None] + out[:, None] * reach[None, :, None] + up * (sag + thick)[..., None]
    whole = np.concatenate([brim[:, ::-1], crown[:, 1:]], 1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(whole, axis=1), axis=2).mean(0))])
    chart = np.stack(np.broadcast_arrays(around[:, None] * 0.002, length[None]), -1)[..., ::-1]
    straw: dict[str, Any] = {"look": FABRICS["corduroy"], "colour": colour}
    band = (
        low[:, None]
        + up * np.linspace(0.002, 0.026, 5)[None, :, None]
        + out[:, None] * np.array((0.0, 0.002, 0.001, 0.0, -0.004))[None, :, None]
    )
    ribbon = parts.sheet(
        band, band[..., :2], closed=True, out=out[:, None], **_cloth("satin", np.array((0.03, 0.03, 0.035), np.float32))
    )
    return [parts.sheet(whole, chart, closed=True, out=up, **straw), ribbon]


def _beret(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    around, up = _grid(RIMS["beret"], rows=44)
    above = np.clip((up - RIMS["beret"](around)) / 60, 0, 1)
    puff = np.sin(np.clip(above * 1.6, 0, 1) * np.pi * 0.62)
    lean = 0.5 + 0.5 * np.cos(np.radians(around - 105))
    off = (
        0.006
        + puff * (0.012 + 0.040 * lean)
        - 0.012 * np.clip(above - 0.5, 0, 1)
        + 0.0015 * np.sin(np.radians(around * 9)) * puff
    )
    return [_shell(face, around, up, off, **_cloth("wool", colour))]


def _turban(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    around, up = _grid(RIMS["turban"], rows=64, columns=144)
    above = np.clip((up - RIMS["turban"](around)) / 62, 0, 1.2)
    slant = above * 4.2 + np.where(around >= 0, 1, -1) * np.clip(1 - np.abs(around) / 150, 0, 1) * 1.5
    wraps = 1 - np.abs(np.sin(np.pi * slant)) ** 0.7
    off = 0.010 + 0.032 * np.sin(np.clip(above, 0, 1) * np.pi * 0.72) - 0.010 * wraps * (above < 1.05)
    return [_shell(face, around, up, off, **_cloth("cotton", colour))]


def _helmet(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del body
    around, up = _grid(RIMS["helmet"], rows=40)
    ridge = bump(np.sin(np.radians(around)) * np.cos(np.radians(up)), 0.08)
    off = 0.022 + 0.006 * ridge + 0.010 * np.clip((3 - (up - RIMS["helmet"](around))) / 3, 0, 1)
    if outfit.garment == "armour":
        told: dict[str, Any] = {
            "look": FABRICS["metal"],
            "colour": np.array((0.55, 0.55, 0.56), np.float32) if outfit.hat_colour is None else colour,
        }
        return [_shell(face, around, up, off, **told)]
    front = (
        0.020 * np.clip(np.cos(np.radians(around)), 0, 1) ** 2 * np.clip((4 - (up - RIMS["helmet"](around))) / 4, 0, 1)
    )
    shell = _shell(face, around, up, off + front, kind="plain", rough=0.25, f0=0.05, colour=colour)
    return [shell]


def _surgical(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    around, up = _grid(RIMS["surgical"], rows=44)
    above = np.clip((up - RIMS["surgical"](around)) / 60, 0, 1)
    gather = np.sin(np.radians(around * 17)) * np.clip(above * 6, 0, 1) * np.exp(-above * 5)
    off = (
        0.005
        + 0.020 * np.sin(np.clip(above * 1.3, 0, 1) * np.pi * 0.6) * (0.7 - 0.3 * np.cos(np.radians(around)))
        + 0.0018 * gather
    )
    return [_shell(face, around, up, off, **_cloth("cotton", colour))]


def _veil(face: Head, colour: Array, name: str, body: Body, ease: float, fabric: str) -> list[Mesh]:
    """Cloth about the head with an opening for the face, down to the shoulders."""
    turn = np.linspace(-180, 180, 132, endpoint=False)
    back = np.linspace(0, 1, 40)
    # polar coordinates about what is ahead: the opening's edge first, the back of the head last
    opening = _FACES[name]
    edge = np.array(
        [
            next(p for p in np.arange(15, 120, 0.5) if opening(*_polar(np.array([p]), np.array([t])))[0] > 0)
            for t in turn
        ]
    )
    polar = edge[:, None] * (1 - back) + 178 * back
    around, up = _polar(polar, np.broadcast_to(turn[:, None], polar.shape))
    up = np.clip(up, -70, 90)
    ears = 0.028 * bump(np.abs(around) - 92, 24) * bump(up + 18, 22)
    off = (
        ears
        + ease * (0.55 + 0.45 * np.clip(back * 5, 0, 1))
        + 0.0022 * np.sin(np.radians(turn * 6))[:, None] * np.sin(back * 9 + 1)
    )
    points = face.point(around, up, off)
    rim = face.point(around[:, :1], up[:, :1], off[:, :1] * 0.4)  # the seam's edge
    points = np.concatenate([face.point(around[:, :1], np.clip(up[:, :1], -70, 90) * 1.03, 0.001), rim, points], 1)
    told = _cloth(fabric, colour)
    chart = np.stack(np.broadcast_arrays(turn[:, None] * 0.002, np.linspace(0, 0.3, points.shape[1])[None]), -1)
    made = [parts.sheet(points, chart, closed=True, out=points - face.centre, **told)]
    return [*made, _cape(body, ease, **told)]


def _polar(polar: Array, turn: Array) -> tuple[Array, Array]:
    """Degrees around and up, of degrees from ahead and of turn about that (0 up)."""
    p, t = np.radians(polar), np.radians(turn)
    x, z, y = np.sin(p) * np.sin(t), np.sin(p) * np.cos(t), -np.cos(p)
    return np.degrees(np.arctan2(x, -y)), np.degrees(np.arcsin(np.clip(z, -1, 1)))


def _cape(body: Body, ease: float, **told: Any) -> Mesh:
    """What of a veil lies about the neck and on the shoulders."""
    piece = pieces.finer(bases.close(body), 1)
    height = np.minimum(0.6165 - piece.rest[:, 2], piece.rest[:, 2] - 0.455 - 0.06 * (piece.rest[:, 1] > -0.03))
    piece, _ = pieces.cut(piece, np.minimum(height, 0.17 - np.abs(piece.rest[:, 0])))
    up = np.clip((piece.rest[:, 2] - 0.54) / 0.06, 0, 1)
    piece = pieces.moved(piece, piece.normals * (0.022 + 0.6 * ease + 0.016 * up)[:, None])
    piece = pieces.even(pieces.finer(piece, 1))
    fold = np.sin(piece.rest[:, 2] * 210 + 5 * np.sin(piece.rest[:, 0] * 24) + piece.rest[:, 1] * 40)
    piece = pieces.moved(piece, piece.normals * (0.0032 * fold)[:, None])
    from engine.renderer.wardrobe import charts

    return charts.mesh(pieces.hemmed(piece), **told)


def _headscarf(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit
    return _veil(face, colour, "headscarf", body, 0.012, "cotton")


def _hood(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    hue = colour if outfit.hat_colour is not None else np.array(outfit.colour, np.float32)
    return _veil(face, hue, "hood", body, 0.028, "wool")


def _crown(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    around = np.linspace(-180, 180, 192, endpoint=False)
    up = face.turn @ np.array((0, 0, 1.0))
    low = face.point(around, 36 - 6 * np.cos(np.radians(around)) * -1, 0.012)
    points = np.abs((around / 45 + 0.5) % 1 - 0.5) * 2
    tall = 0.022 + 0.030 * (1 - points) ** 1.3
    level = np.array((0.0, 0.0, 0.10, 0.14, 1.0, 1.0, 0.1, 0.0))
    deep = np.array((0.0, 0.0025, 0.0025, 0.001, 0.0025, 0.0005, 0.0, 0.0))
    out = unit((low - face.centre) - ((low - face.centre) @ up)[:, None] * up)
    v = low[:, None] + up * (tall[:, None] * level)[..., None] + out[:, None] * (deep + 0.010 * level)[None, :, None]
    gold: dict[str, Any] = {"colour": colour, "metal": True, "rough": 0.22}
    made = [parts.sheet(v, v[..., :2], closed=True, kind="plain", out=out[:, None], **gold)]
    jewels = []
    for k in range(0, 192, 24):
        at = low[k] + up * 0.010 + out[k] * 0.0045
        jewels.append(
            parts.tube(
                at + out[k] * np.linspace(-0.003, 0.003, 6)[:, None],
                np.array((0.002, 0.0045, 0.005, 0.0045, 0.003, 0.0005)),
                kind="plain",
            )
        )
    return [*made, parts.merged(jewels, "plain", colour=np.array((0.30, 0.01, 0.03), np.float32), rough=0.08, f0=0.08)]


def _arc(face: Head, lean: float, ends: float, off: float, half: float, thick: float, **info: Any) -> Mesh:
    """A band over the top of the head from ear to ear, leaning back by degrees."""
    t = np.linspace(-ends, ends, 90)
    p = np.radians(t)
    local = np.stack([np.sin(p), np.sin(np.radians(lean)) * np.cos(p), np.cos(np.radians(lean)) * np.cos(p)], 1)
    around = np.degrees(np.arctan2(local[:, 0], -local[:, 1]))
    up = np.degrees(np.arcsin(np.clip(local[:, 2], -1, 1)))
    path = face.placed(local * (face.at(around, up) + off)[:, None])
    for _ in range(6):
        path[1:-1] = 0.25 * path[:-2] + 0.5 * path[1:-1] + 0.25 * path[2:]
    out = unit(path - face.centre)
    side = unit(np.cross(unit(np.gradient(path, axis=0)), out))
    angle = np.linspace(0, 2 * np.pi, 21)
    x, y = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.5, np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.7
    v = path[:, None] + side[:, None] * (x * half)[None, :, None] + out[:, None] * (y * thick)[None, :, None]
    chart = np.stack(np.broadcast_arrays(t[:, None] * 0.0017, angle[None] * half), -1)
    return parts.sheet(v, chart, out=v - path[:, None], **info)


def _headband(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    return [_arc(face, 12.0, 90.0, 0.010, 0.011, 0.0028, **_cloth("velvet", colour))]


def _headphones(face: Head, colour: Array, outfit: Outfit, body: Body) -> list[Mesh]:
    del outfit, body
    told: dict[str, Any] = {"kind": "plain", "colour": colour, "rough": 0.35}
    made = [_arc(face, 8.0, 88.0, 0.020, 0.013, 0.0050, **told)]
    profile = np.array(
        ((0.0, -0.004), (0.026, -0.004), (0.031, 0.003), (0.031, 0.015), (0.027, 0.022), (0.018, 0.025), (0.0, 0.026))
    )
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    for side in (-90.0, 90.0):
        base = face.point(np.array([side + np.sign(side) * 6]), np.array([-16.0]), 0.012)[0]
        out = face.turn @ np.array((np.sign(side), 0, 0))
        up, ahead = face.turn @ np.array((0, 0, 1.0)), face.turn @ np.array((0, -1.0, 0))
        ring = np.cos(angle)[:, None] * ahead + np.sin(angle)[:, None] * up * 1.2
        v = base + ring[:, None] * profile[None, :, :1] + out * profile[None, :, 1:]
        made.append(parts.sheet(v, v[..., :2], closed=True, out=out, **told))
    return made


_Maker = Callable[[Head, Array, Outfit, Body], list[Mesh]]
_MAKERS: Final[dict[str, _Maker]] = {
    "cap": _cap, "beanie": _beanie, "fedora": _fedora, "straw hat": _brimmed, "beret": _beret, "headscarf": _headscarf,
    "turban": _turban, "hood": _hood, "helmet": _helmet, "crown": _crown, "headband": _headband,
    "headphones": _headphones, "surgical": _surgical,
}  # fmt: skip
