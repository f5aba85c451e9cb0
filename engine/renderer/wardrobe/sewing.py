"""What is sewn onto garments, by name: neckbands, collars, hoods, buttons, zips, pockets, ties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import Array, unit
from engine.renderer.mesh import Mesh
from engine.renderer.regions import bump
from engine.renderer.scene import RGB, Outfit
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe import parts
from engine.renderer.wardrobe.parts import Front, Rim
from engine.renderer.wardrobe.pieces import Piece, loops

Look = dict[str, Any]
GOLD: Final[RGB] = (0.83, 0.60, 0.22)
STEEL: Final[RGB] = (0.62, 0.62, 0.63)


class Tailor(Protocol):
    """Who dresses a body: what sewing needs to know."""

    outfit: Outfit
    body: Body
    meshes: list[Mesh]
    piece: Piece | None

    def dye(self, which: str | RGB) -> RGB:
        """A colour of the outfit."""


def sewn(name: str, tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """The part of this name on a piece."""
    return PARTS[name](tailor, piece, look)


def _plain(look: Look, **more: Any) -> Look:
    """A look without the garment's own picture."""
    return {name: value for name, value in look.items() if name != "map"} | more


def _ribbed(look: Look) -> Look:
    return _plain(look) | {"look": FABRICS["rib"]}


def _front(tailor: Tailor, piece: Piece) -> Front:
    return Front(piece, tailor.meshes)


def _metal(colour: RGB) -> Look:
    return {"colour": np.array(colour, np.float32), "metal": True, "rough": 0.28}


def _neckband(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    return [parts.band(parts.neck_rim(piece), parts.FLAT_BAND, **_plain(look))]


def _rib_neckband(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    return [parts.band(parts.neck_rim(piece), parts.FLAT_BAND, 1.35, 1.3, **_ribbed(look))]


def _edge(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """Narrow binding on every rim but the hem."""
    del tailor
    rims = [ring for ring in loops(piece.f) if piece.rest[ring, 2].mean() > 0.3]
    return [parts.band(Rim(piece, ring), parts.FLAT_BAND, 0.45, 0.75, **_plain(look)) for ring in rims]


_ROLL: Final = (
    (-0.004, 0.001), (0.010, 0.003), (0.026, 0.004), (0.034, 0.006), (0.036, 0.010), (0.032, 0.0135), (0.020, 0.0145),
    (0.004, 0.0140), (-0.014, 0.0130), (-0.020, 0.0115), (-0.021, 0.009), (-0.018, 0.007),
)  # fmt: skip


def _roll(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    return [parts.band(parts.neck_rim(piece), _ROLL, **_ribbed(look))]


_HOOD: Final = (
    (-0.016, 0.000), (-0.004, 0.010), (0.012, 0.018), (0.026, 0.020), (0.036, 0.026), (0.038, 0.036), (0.030, 0.046),
    (0.012, 0.054), (-0.010, 0.056), (-0.032, 0.050), (-0.046, 0.036), (-0.050, 0.018), (-0.046, 0.002),
)  # fmt: skip


def _hood(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A hood that lies on the back and crosses in front."""
    del tailor
    rim = parts.neck_rim(piece)
    around = np.abs(rim.round)
    back = np.clip((around - 25) / 110, 0, 1)
    wide = 0.50 + 0.95 * back**1.2 + 0.05 * np.sin(np.radians(rim.round) * 7)
    thick = 0.42 + 0.85 * back + 0.05 * np.sin(np.radians(rim.round) * 5 + 1)
    return [parts.band(rim, _HOOD, wide, thick, **_plain(look))]


def _cords(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    front = _front(tailor, piece)
    made = []
    for side, length in ((-1, 0.125), (1, 0.140)):
        t = np.linspace(0, 1, 24)
        points, normals = front.at(side * (0.030 + 0.010 * t + 0.004 * np.sin(5 * t + side)), 0.505 - length * t)
        made.append(parts.tube(points + normals * 0.0035, 0.0028))
    return [parts.merged(made, look=FABRICS["cotton"], colour=np.array((0.72, 0.72, 0.70), np.float32))]


def _kangaroo(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    front = _front(tailor, piece)

    def line(u: Array, v: Array) -> tuple[Array, Array]:
        return (u - 0.5) * (0.22 - 0.08 * np.clip((v - 0.35) / 0.65, 0, 1)), 0.11 + 0.13 * v

    return [parts.patch(front, line, (40, 26), 0.004, **_plain(look))]


def _mandarin(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    rim = parts.neck_rim(piece)
    open_ = np.clip((np.abs(rim.round) - 3) / 5, 0.02, 1)
    shape = (
        (-0.006, 0.0),
        (-0.005, 0.003),
        (0.0, 0.0045),
        (0.030, 0.0045),
        (0.033, 0.0025),
        (0.030, 0.0),
        (0.0, -0.002),
    )
    return [parts.band(rim, shape, open_, **_plain(look))]


def _wide_band(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A button band round the front and the neck."""
    rim = parts.neck_rim(piece)
    made = [parts.band(rim, parts.FLAT_BAND, 1.5, 1.2, **_ribbed(look))]
    front = Front(piece, [*tailor.meshes, *made])
    dots = [(0.012, z) for z in (0.275, 0.215, 0.155, 0.095)]
    line = parts.stroke(((0.010, 0.315), (0.010, 0.03)), 0.030)
    made.append(parts.patch(front, line, (70, 10), 0.003, **_ribbed(look)))
    return [*made, parts.buttons(Front(piece, [*tailor.meshes, *made]), dots, 0.0075, colour=_darker(look))]


def _darker(look: Look) -> Array:
    return np.asarray(look["colour"] * 0.35 + 0.01, np.float32)


def _kimono_collar(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A wide band that crosses in front, the left over the right."""
    del tailor
    shape = (
        (-0.034, -0.003),
        (-0.033, 0.002),
        (-0.030, 0.0045),
        (0.0, 0.0050),
        (0.016, 0.0042),
        (0.018, 0.002),
        (0.016, -0.001),
    )
    return [parts.band(parts.neck_rim(piece), shape, **_plain(look))]


def _white_collar(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    return [parts.band(parts.neck_rim(piece), parts.FLAT_BAND, 1.4, 1.0, **_plain(look))]


def _gold_edge(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor, look
    shape = ((-0.026, -0.002), (-0.025, 0.0045), (0.0, 0.0045), (0.002, 0.001), (0.0, -0.002))
    info: dict[str, Any] = {"look": FABRICS["satin"], "colour": np.array((0.62, 0.40, 0.09), np.float32)}
    return [parts.band(Rim(piece, ring, 5.0), shape, **info) for ring in loops(piece.f)[:1]]


def _row(x: float, top: float, step: float, count: int) -> list[tuple[float, float]]:
    return [(x, top - k * step) for k in range(count)]


def _buttons(places: list[tuple[float, float]], radius: float = 0.0055, metal: RGB | None = None) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        info = (
            _metal(metal) if metal else {"colour": np.asarray(np.clip(look["colour"] * 0.5 + 0.22, 0, 0.8), np.float32)}
        )
        return [parts.buttons(_front(tailor, piece), places, radius, **info)]

    return add


def _double(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    dark = {"colour": np.array((0.03, 0.025, 0.02) if look["colour"].mean() > 0.15 else (0.30, 0.22, 0.14), np.float32)}
    places = _row(-0.045, 0.43, 0.065, 5) + _row(0.052, 0.43, 0.065, 5)
    return [parts.buttons(_front(tailor, piece), places, 0.0085, **dark)]


def _pockets(places: list[tuple[float, float]], size: tuple[float, float], flap: bool = False) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        front = _front(tailor, piece)
        made = [
            parts.patch(front, parts.rectangle(x, z, *size, round_=0.006), (26, 28), 0.0022, **_plain(look))
            for x, z in places
        ]
        if flap:
            over = Front(piece, [*tailor.meshes, *made])
            made += [
                parts.patch(
                    over,
                    parts.rectangle(x, z + size[1] * 0.42, size[0] * 1.06, 0.034, -0.012),
                    (26, 14),
                    0.0026,
                    **_plain(look),
                )
                for x, z in places
            ]
        return made

    return add


def _line(points: list[tuple[float, float]], wide: float, height: float = 0.002, **more: Any) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        told = _plain(look, **more)
        return [parts.patch(_front(tailor, piece), parts.stroke(points, wide), (80, 8), height, **told)]

    return add


def _zip(points: list[tuple[float, float]], placket: float = 0.030) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        front = _front(tailor, piece)
        band = parts.patch(front, parts.stroke(points, placket), (90, 10), 0.0022, **_plain(look))
        over = Front(piece, [*tailor.meshes, band])
        path = np.asarray(points)
        u = np.linspace(0, 1, 220)
        length = np.linspace(0, 1, len(path))
        at, normal = over.at(np.interp(u, length, path[:, 0]), np.interp(u, length, path[:, 1]))
        teeth = 0.0021 + 0.0007 * np.sign(np.sin(u * 420))
        return [band, parts.tube(at + normal * 0.0012, teeth, 8, kind="plain", **_metal(STEEL))]

    return add


def _lapels(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """Turned-back fronts with a notch below the collar."""
    del tailor
    rim = parts.neck_rim(piece)
    z, around = rim.rest[:, 2], np.abs(rim.round)
    up = np.clip((z - 0.335) / 0.17, 0, 1)
    lapel = 0.078 * np.sin(np.clip(up * 1.15, 0, 1) * np.pi * 0.62) ** 0.8
    notch = np.where(z < 0.497, lapel, np.interp(around, (0, 60, 120, 180), (0.052, 0.050, 0.044, 0.044)))
    notch = notch * (1 - 0.55 * bump(z - 0.497, 0.006) * (around < 90))
    shape = np.array(
        (
            (0.006, -0.001),
            (0.006, 0.004),
            (0.0, 0.0075),
            (-0.25, 0.0085),
            (-0.6, 0.0075),
            (-0.97, 0.006),
            (-1.0, 0.004),
            (-0.97, 0.002),
        )
    )
    scale = np.stack([np.where(shape[:, 0] > 0, 1.0, width) for width in notch])
    v = (
        rim.points[:, None]
        + rim.beyond[:, None] * (shape[None, :, :1] * scale[..., None])
        + rim.off[:, None] * shape[None, :, 1:]
    )
    chart = np.stack(np.broadcast_arrays(rim.length[:, None], shape[None, :, 0] * 0.07), -1)
    return [parts.sheet(v, chart, closed=True, out=rim.off[:, None], **_plain(look))]


def _epaulettes(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """Straps on the shoulders, from the neck to the sleeve."""
    made = []
    top = piece.normals[:, 2] > 0.35
    for side in (-1, 1):
        grid = []
        for u in np.linspace(0, 1, 16):
            at = np.array((side * (0.082 + 0.078 * u), -0.015, 0.56 - 0.03 * u))
            near = np.flatnonzero(top & (np.abs(piece.rest[:, 0] - at[0]) < 0.012))
            if not len(near):
                continue
            order = near[np.argsort(np.abs(piece.rest[near, 1] + 0.02))][:6]
            grid.append(np.concatenate([piece.v[order].mean(0), unit(piece.normals[order].mean(0))]))
        if len(grid) < 4:
            continue
        path = np.stack(grid)
        way = unit(np.gradient(path[:, :3], axis=0))
        wide = unit(np.cross(way, path[:, 3:]))
        shape = np.array(((-1, -0.003), (-1, 0.004), (-0.9, 0.0055), (0.9, 0.0055), (1, 0.004), (1, -0.003)))
        half = np.full(len(path), 0.021)
        half[-1] *= 0.7
        v = (
            path[:, None, :3]
            + wide[:, None] * (shape[None, :, :1] * half[:, None, None])
            + path[:, None, 3:] * shape[None, :, 1:]
        )
        made.append(parts.sheet(v, v[..., :2], out=path[:, None, 3:], **_plain(look)))
    return made


def _ribbons(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """Rows of medal ribbons on the left chest."""
    del look
    front = _front(tailor, piece)
    hues = (
        (0.35, 0.02, 0.03),
        (0.03, 0.08, 0.30),
        (0.55, 0.42, 0.08),
        (0.05, 0.20, 0.08),
        (0.5, 0.5, 0.48),
        (0.28, 0.10, 0.02),
    )
    made = []
    for k, hue in enumerate(hues):
        place = parts.rectangle(0.075 + 0.030 * (k % 3), 0.422 - 0.013 * (k // 3), 0.028, 0.011)
        made.append(
            parts.patch(front, place, (8, 6), 0.003, 0.5, look=FABRICS["satin"], colour=np.array(hue, np.float32))
        )
    return made


def _apron_straps(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    front = Front(piece, tailor.meshes)
    made = []
    for side in (-1, 1):
        path = [
            (side * 0.100, 0.395),
            (side * 0.098, 0.445),
            (side * 0.092, 0.49),
            (side * 0.080, 0.53),
            (side * 0.074, 0.56),
        ]
        made.append(parts.patch(front, parts.stroke(path, 0.024), (40, 8), 0.004, **_plain(look)))
    return made


def _gorget(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    shape = (
        (-0.030, 0.004),
        (-0.028, 0.010),
        (-0.004, 0.016),
        (0.024, 0.016),
        (0.034, 0.022),
        (0.036, 0.019),
        (0.024, 0.012),
    )
    return [parts.band(parts.neck_rim(piece), shape, **_plain(look))]


def _neck_ring(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """The metal ring that a helmet locks to."""
    del look
    del tailor
    angle = np.linspace(0, 2 * np.pi, 73)[:-1]
    neck = (piece.rest[:, 2] > 0.50) & (np.abs(piece.rest[:, 0]) < 0.09)
    centre = piece.v[neck].mean(0) + np.array((0, -0.010, 0.006))
    ring = np.stack([np.sin(angle) * 0.112, -np.cos(angle) * 0.112, -0.026 * np.cos(angle)], 1)
    shape = np.array(
        (
            (-0.012, -0.040),
            (0.006, -0.036),
            (0.008, -0.010),
            (0.016, -0.008),
            (0.016, 0.008),
            (0.006, 0.010),
            (0.006, 0.018),
            (-0.004, 0.020),
            (-0.006, 0.0),
            (-0.012, -0.040),
        )
    )
    out = unit(ring * (1, 1, 0))
    v = centre + ring[:, None] + out[:, None] * shape[None, :, :1] + np.array((0, 0, 1.0)) * shape[None, :, 1:]
    return [parts.sheet(v, v[..., :2], closed=True, kind="plain", out=out[:, None], **_metal((0.70, 0.71, 0.72)))]


def _patches(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A flag-like patch, a name strip, and a control box on the chest."""
    del look
    front = _front(tailor, piece)
    told = (
        ((0.085, 0.435, 0.055, 0.036), (0.03, 0.06, 0.28), 0.003),
        ((-0.085, 0.435, 0.070, 0.022), (0.45, 0.45, 0.44), 0.003),
        ((0.0, 0.30, 0.13, 0.085), (0.32, 0.33, 0.34), 0.022),
    )
    return [
        parts.patch(
            front, parts.rectangle(*place), (20, 16), height, look=FABRICS["canvas"], colour=np.array(hue, np.float32)
        )
        for place, hue, height in told
    ]


def _hoses(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del look
    front = _front(tailor, piece)
    made = []
    for side, hue in ((-1, (0.25, 0.26, 0.28)), (1, (0.10, 0.14, 0.30))):
        t = np.linspace(0, 1, 90)
        points, normals = front.at(
            side * (0.05 + 0.075 * np.sin(t * np.pi * 0.6)), 0.335 + 0.0 * t - 0.20 * t**1.3 + 0.03 * np.sin(t * 3)
        )
        radius = 0.0095 + 0.0010 * np.sin(t * 160)
        made.append(
            parts.tube(points + normals * 0.014, radius, 12, look=FABRICS["rubber"], colour=np.array(hue, np.float32))
        )
    return made


def tie(tailor: Any, bow: bool, there: bool) -> list[Mesh]:
    """A tie over the collar, or a bow; suits have their tie already."""
    piece: Piece | None = tailor.piece
    if piece is None or (there and not bow):
        return []
    front = Front(piece, tailor.meshes)
    colour = np.array((0.012, 0.012, 0.014) if bow and tailor.outfit.tie is None else tailor.dye("tie"), np.float32)
    told = {"look": FABRICS["satin" if bow else "silk"], "colour": colour}
    if bow:

        def wing(u: Array, v: Array) -> tuple[Array, Array]:
            across = (u - 0.5) * 0.118
            return across, 0.512 + (v - 0.5) * (0.016 + 0.052 * np.abs(2 * u - 1) ** 0.8)

        made = [parts.patch(front, wing, (40, 14), 0.012, 2.5, **told)]
        return [*made, parts.patch(front, parts.rectangle(0.0, 0.512, 0.020, 0.024), (12, 12), 0.019, 2.0, **told)]

    def blade(u: Array, v: Array) -> tuple[Array, Array]:
        half = np.interp(v, (0, 0.10, 0.9, 1.0), (0.002, 0.040, 0.018, 0.015))
        return (u - 0.5) * 2 * half, 0.19 + (0.497 - 0.19) * v

    def knot(u: Array, v: Array) -> tuple[Array, Array]:
        return (u - 0.5) * 2 * (0.011 + 0.010 * v), 0.486 + 0.036 * v

    return [
        parts.patch(front, blade, (14, 60), 0.007, 2.5, **told),
        parts.patch(front, knot, (14, 14), 0.014, 2.0, **told),
    ]


_RIVETS: Final = ((0.105, 0.50), (0.115, 0.44), (0.140, 0.40))
Part = Callable[[Tailor, Piece, Look], list[Mesh]]
PARTS: Final[dict[str, Part]] = {
    "neckband": _neckband, "rib neckband": _rib_neckband, "edge": _edge, "roll": _roll, "hood": _hood, "cords": _cords,
    "kangaroo pocket": _kangaroo, "mandarin": _mandarin, "button band": _wide_band, "kimono collar": _kimono_collar,
    "white collar": _white_collar, "gold edge": _gold_edge, "lapels": _lapels, "epaulettes": _epaulettes,
    "ribbons": _ribbons, "apron straps": _apron_straps, "gorget": _gorget, "neck ring": _neck_ring,
    "patches": _patches, "hoses": _hoses, "double buttons": _double,
    "shirt buttons": _buttons(_row(0.006, 0.43, 0.068, 5)),
    "polo buttons": _buttons(_row(0.006, 0.475, 0.045, 2)),
    "vest buttons": _buttons(_row(0.006, 0.285, 0.042, 5), 0.006),
    "coat buttons": _buttons(_row(0.010, 0.29, 0.075, 3), 0.008),
    "gold buttons": _buttons(_row(0.010, 0.32, 0.06, 4), 0.009, GOLD),
    "metal buttons": _buttons(_row(0.008, 0.455, 0.062, 6), 0.0075, (0.72, 0.55, 0.36)),
    "snaps": _buttons([(-0.060, 0.452), (0.062, 0.452), (-0.052, 0.405), (0.055, 0.405)], 0.005, STEEL),
    "rivets": _buttons([(s * x, z) for s in (-1, 1) for x, z in _RIVETS], 0.005, STEEL),
    "chest pockets": _pockets([(-0.085, 0.385), (0.085, 0.385)], (0.085, 0.090), True),
    "flap pockets": _pockets([(-0.095, 0.16), (0.095, 0.16)], (0.11, 0.12), True),
    "left pocket": _pockets([(0.085, 0.395)], (0.078, 0.085)),
    "yoke": _line([(-0.16, 0.447), (0.16, 0.447)], 0.007, 0.002),
    "edge line": _line([(0.060, 0.52), (0.056, 0.02)], 0.012, 0.0025),
    "belt": _line([(-0.20, 0.17), (0.20, 0.17)], 0.045, 0.006),
    "zip": _zip([(0.0, 0.53), (0.0, 0.0)], 0.040),
    "slant zip": _zip([(0.014, 0.34), (0.016, 0.10)], 0.026),
}  # fmt: skip
