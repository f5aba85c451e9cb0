"""What is sewn on below the neck, by name: buttons, zips, pockets, straps; `collars` has what goes around it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from engine.renderer.geometry import Array, unit
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe import bases, parts
from engine.renderer.wardrobe.collars import COLLARS
from engine.renderer.wardrobe.parts import Front
from engine.renderer.wardrobe.pieces import Piece
from engine.renderer.wardrobe.tailor import GOLD, STEEL, Look, Part, Tailor, front, metal, plain


def sewn(name: str, tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """The part of this name on a piece."""
    return PARTS[name](tailor, piece, look)


def _cords(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    chest = front(tailor)
    made = []
    for side, length in ((-1, 0.125), (1, 0.140)):
        t = np.linspace(0, 1, 24)
        points, normals = chest.at(side * (0.030 + 0.010 * t + 0.004 * np.sin(5 * t + side)), 0.505 - length * t)
        made.append(parts.tube(points + normals * 0.0035, 0.0028))
    return [parts.merged(made, look=FABRICS["cotton"], colour=np.array((0.72, 0.72, 0.70), np.float32))]


def _kangaroo(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    chest = front(tailor)

    def line(u: Array, v: Array) -> tuple[Array, Array]:
        return (u - 0.5) * (0.22 - 0.08 * np.clip((v - 0.35) / 0.65, 0, 1)), 0.11 + 0.13 * v

    return [parts.patch(chest, line, (40, 26), 0.004, **plain(look))]


def _row(x: float, top: float, step: float, count: int) -> list[tuple[float, float]]:
    return [(x, top - k * step) for k in range(count)]


def _buttons(places: list[tuple[float, float]], radius: float = 0.0055, of: RGB | None = None) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        info = metal(of) if of else {"colour": np.asarray(np.clip(look["colour"] * 0.5 + 0.22, 0, 0.8), np.float32)}
        return [parts.buttons(front(tailor), places, radius, **info)]

    return add


def _double(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    dark = {"colour": np.array((0.03, 0.025, 0.02) if look["colour"].mean() > 0.15 else (0.30, 0.22, 0.14), np.float32)}
    places = _row(-0.045, 0.43, 0.065, 5) + _row(0.052, 0.43, 0.065, 5)
    return [parts.buttons(front(tailor), places, 0.0085, **dark)]


def _pockets(places: list[tuple[float, float]], size: tuple[float, float], flap: bool = False) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        chest = front(tailor)
        made = [
            parts.patch(chest, parts.rectangle(x, z, *size, round_=0.006), (26, 28), 0.0022, **plain(look))
            for x, z in places
        ]
        if flap:
            over = Front(bases.close(tailor.body), [*tailor.meshes, *made])
            made += [
                parts.patch(
                    over,
                    parts.rectangle(x, z + size[1] * 0.42, size[0] * 1.06, 0.034, -0.012),
                    (26, 14),
                    0.0026,
                    **plain(look),
                )
                for x, z in places
            ]
        return made

    return add


def _line(points: list[tuple[float, float]], wide: float, height: float = 0.002, **more: Any) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        told = plain(look, **more)
        return [parts.patch(front(tailor), parts.stroke(points, wide), (80, 8), height, **told)]

    return add


def _zip(points: list[tuple[float, float]], placket: float = 0.030) -> Part:
    def add(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
        chest = front(tailor)
        band = parts.patch(chest, parts.stroke(points, placket), (90, 10), 0.0022, **plain(look))
        over = Front(bases.close(tailor.body), [*tailor.meshes, band])
        path = np.asarray(points)
        u = np.linspace(0, 1, 220)
        length = np.linspace(0, 1, len(path))
        at, normal = over.at(np.interp(u, length, path[:, 0]), np.interp(u, length, path[:, 1]))
        teeth = 0.0017 + 0.0004 * np.sign(np.sin(u * 660))
        return [band, parts.tube(at + normal * 0.0012, teeth, 8, kind="plain", **metal(STEEL))]

    return add


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
        made.append(parts.sheet(v, v[..., :2], out=path[:, None, 3:], **plain(look)))
    return made


def _ribbons(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """Rows of medal ribbons on the left chest."""
    del look
    chest = front(tailor)
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
            parts.patch(chest, place, (8, 6), 0.003, 0.5, look=FABRICS["satin"], colour=np.array(hue, np.float32))
        )
    return made


def _apron_straps(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    chest = front(tailor)
    made = []
    for side in (-1, 1):
        path = [
            (side * 0.100, 0.395),
            (side * 0.098, 0.445),
            (side * 0.092, 0.49),
            (side * 0.080, 0.53),
            (side * 0.074, 0.56),
        ]
        made.append(parts.patch(chest, parts.stroke(path, 0.024), (40, 8), 0.004, **plain(look)))
    return made


def _bib_straps(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """From the bib's corners up to the straps over the shoulders, each held by a button."""
    made = []
    for side in (-1, 1):
        path = [(side * x, z) for x, z in ((0.069, 0.418), (0.072, 0.45), (0.076, 0.48), (0.079, 0.505), (0.081, 0.52))]
        made.append(parts.patch(front(tailor), parts.stroke(path, 0.034), (40, 8), 0.005, **plain(look)))
    buttons = _buttons([(-0.070, 0.428), (0.070, 0.428)], 0.0085, STEEL)
    return made + buttons(tailor, piece, look)


def _patches(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A flag-like patch, a name strip, and a control box on the chest."""
    del look
    chest = front(tailor)
    told = (
        ((0.085, 0.435, 0.055, 0.036), (0.03, 0.06, 0.28), 0.003),
        ((-0.085, 0.435, 0.070, 0.022), (0.45, 0.45, 0.44), 0.003),
        ((0.0, 0.30, 0.13, 0.085), (0.32, 0.33, 0.34), 0.022),
    )
    return [
        parts.patch(
            chest, parts.rectangle(*place), (20, 16), height, look=FABRICS["canvas"], colour=np.array(hue, np.float32)
        )
        for place, hue, height in told
    ]


def _hoses(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """From the box on the chest, in an arc to the sides."""
    del look
    chest = front(tailor)
    made = []
    t = np.linspace(0, 1, 90)
    for side, hue in ((-1, (0.16, 0.17, 0.19)), (1, (0.08, 0.11, 0.24))):
        points, _ = chest.at(
            side * (0.05 + 0.085 * np.sin(t * np.pi * 0.6)), 0.315 - 0.17 * t**1.3 + 0.05 * np.sin(t * 3)
        )
        points[:, 1] = gaussian_filter1d(points[:, 1], 9) - 0.016
        radius = 0.0085 + 0.0006 * np.sin(t * 260)
        made.append(parts.tube(points, radius, 12, look=FABRICS["canvas"], colour=np.array(hue, np.float32)))
    return made


def _obi_cord(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A round cord about the obi's middle, and the edge of the scarf that is tucked in above it."""
    chest, hue = front(tailor), np.asarray(tailor.dye("colour"), np.float32)
    x = np.linspace(-0.125, 0.125, 60)
    points, normals = chest.at(x, 0.247 - 0.1 * x * x)
    cord = parts.tube(points + normals * 0.002, 0.0030, look=FABRICS["cotton"], colour=0.5 * hue + 0.10)
    tucked = parts.patch(
        chest, parts.stroke([(-0.115, 0.316), (0.0, 0.324), (0.115, 0.316)], 0.015), (60, 8), 0.002,
        **plain(look, colour=0.7 * hue + 0.08),
    )  # fmt: skip
    return [cord, tucked]


_RIVETS: Final = ((0.105, 0.50), (0.115, 0.44), (0.140, 0.40))
PARTS: Final[dict[str, Part]] = {
    **COLLARS,
    "cords": _cords, "kangaroo pocket": _kangaroo, "epaulettes": _epaulettes, "ribbons": _ribbons,
    "apron straps": _apron_straps, "bib straps": _bib_straps,
    "obi cord": _obi_cord, "patches": _patches, "hoses": _hoses, "double buttons": _double,
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
    "placket": _line([(0.0, 0.515), (0.0, 0.115)], 0.030, 0.0012),
    "yoke": _line([(-0.128, 0.447), (0.128, 0.447)], 0.007, 0.002),
    "edge line": _line([(0.060, 0.52), (0.056, 0.02)], 0.012, 0.0025),
    "zip": _zip([(0.0, 0.53), (0.0, 0.0)], 0.040),
}  # fmt: skip
