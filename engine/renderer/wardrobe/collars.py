"""What is sewn on around the neck, by name: neckbands, collars that stand or fall, hoods that lie down, ties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from engine.renderer.geometry import Array, unit
from engine.renderer.mesh import Mesh
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe import bases, draping, parts
from engine.renderer.wardrobe.dyes import dyed
from engine.renderer.wardrobe.parts import Front, Profile, Rim
from engine.renderer.wardrobe.pieces import Piece, loops
from engine.renderer.wardrobe.tailor import Look, Part, Tailor, darker, metal, plain, ribbed

_LEAN: Final = -0.30
"""How far ahead a neck goes for each metre up."""


def _standing(
    piece: Piece, profile: Profile, out: Array | float, tall: Array | float, drop: Array | float = 1.0, **info: Any
) -> Mesh:
    """A strip on the neck's rim: its profile is metres away from the neck, and up or, by `drop`, down."""
    rim = parts.neck_rim(piece)
    shape = np.asarray(profile, float)
    away = unit((rim.points - rim.points.mean(0)) * (1, 1, 0))
    up = unit(np.array((0, _LEAN, 1.0)))
    wide, high, low = (np.broadcast_to(x, len(rim.points)) for x in (out, tall, drop))
    rise = shape[None, :, 1:] * np.where(shape[None, :, 1:] > 0, high[:, None, None], low[:, None, None])
    v = rim.points[:, None] + away[:, None] * (shape[None, :, :1] * wide[:, None, None]) + up * rise
    across = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(shape, axis=0), axis=1))])
    chart = np.stack(np.broadcast_arrays(rim.length[:, None], across[None]), -1)
    outer = shape[:, 0].argmax() + 1  # what lies below the leaf's edge is its lining
    v = np.concatenate([_off(v[:, :outer], piece, 0.0065), _off(v[:, outer:], piece, 0.0030)], 1)
    return parts.sheet(v, chart, closed=True, out=away[:, None] * (shape[None, :, :1] > shape[:, 0].mean()), **info)


def _off(v: Array, piece: Piece, gap: float) -> Array:
    """Points (K, L, 3) pushed off what they would lie in."""
    flat = v.reshape(-1, 3)
    loose = Piece(flat, np.zeros((0, 3), int), flat, np.zeros(len(flat)), np.zeros((0, 3, 2)))
    return draping.clear(loose, draping.Under.of(piece.v, piece.normals), gap).v.reshape(v.shape)


def _round(piece: Piece) -> Array:
    """Degrees from the front's middle at the points of the neck's rim."""
    return np.asarray(parts.neck_rim(piece).round)


def _neckband(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    return [parts.band(parts.neck_rim(piece), parts.FLAT_BAND, 0.95, 0.75, **ribbed(look))]


def _binding(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A band of the same cloth around the neck."""
    del tailor
    return [parts.band(parts.neck_rim(piece), parts.FLAT_BAND, 0.95, 0.7, **plain(look))]


def _rib_neckband(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    rim = parts.neck_rim(piece)
    uneven = 1 + 0.07 * np.sin(np.radians(rim.round * 3 + 40)) + 0.04 * np.sin(np.radians(rim.round * 7))
    return [parts.band(rim, parts.FLAT_BAND, 1.25 * uneven, 0.85 * uneven, **ribbed(look))]


def _edge(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """Narrow binding on every rim but the hem."""
    del tailor
    rims = [ring for ring in loops(piece.f) if piece.rest[ring, 2].mean() > 0.3]
    return [parts.band(Rim(piece, ring), parts.FLAT_BAND, 0.45, 0.75, **plain(look)) for ring in rims]


_ROLL: Final = (
    (-0.004, 0.001), (0.010, 0.003), (0.026, 0.004), (0.034, 0.006), (0.036, 0.010), (0.032, 0.0135), (0.020, 0.0145),
    (0.004, 0.0140), (-0.014, 0.0130), (-0.020, 0.0115), (-0.021, 0.009), (-0.018, 0.007),
)  # fmt: skip


def _roll(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    rim = parts.neck_rim(piece)
    uneven = 0.06 * np.sin(np.radians(rim.round * 2 + 70)) + 0.05 * np.sin(np.radians(rim.round * 5))
    under_chin = np.interp(np.abs(rim.round), (35, 80), (0.62, 1.0))  # which it would meet
    return [parts.band(rim, _ROLL, (1 + uneven) * under_chin, 0.85 + uneven, **ribbed(look))]


_FALL: Final = (
    (-0.003, -0.008), (-0.004, 0.010), (-0.004, 0.024), (-0.002, 0.030), (0.001, 0.0325), (0.005, 0.031),
    (0.009, 0.025), (0.016, 0.010), (0.024, -0.008), (0.030, -0.020), (0.031, -0.023), (0.028, -0.023),
    (0.020, -0.009), (0.009, 0.010),
)  # fmt: skip
"""Up the neck, over, and down to the leaf's edge and back beneath it."""


def _fall_collar(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A collar that is turned down, open in front, its points spread."""
    del tailor
    around = np.abs(_round(piece))
    open_ = np.clip((around - 4) / 5, 0.02, 1)
    leaf = np.interp(around, (4, 8, 15, 24, 60, 120, 180), (0.02, 1.0, 1.55, 1.15, 0.95, 0.90, 0.90))
    drop = np.interp(around, (4, 8, 15, 26, 60, 180), (0.2, 1.5, 2.4, 1.3, 0.95, 0.9))
    return [_standing(piece, _FALL, leaf, np.clip(open_ * 1.5, 0, 1.25), drop, **plain(look))]


def _shirt_collar(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A buttoned shirt's: thin, its leaves meeting over the knot."""
    del tailor
    around = np.abs(_round(piece))
    open_ = np.clip((around - 1.5) / 4, 0.02, 1)
    leaf = np.interp(around, (1.5, 5, 19, 28, 70, 180), (0.02, 0.55, 1.15, 0.85, 0.72, 0.70))
    drop = np.interp(around, (1.5, 6, 19, 30, 70, 180), (0.2, 0.9, 3.4, 1.6, 0.85, 0.8))
    return [_standing(piece, _FALL, leaf, np.clip(open_ * 1.6, 0, 1) * 0.98, drop, **plain(look))]


_HOOD: Final = (
    (-0.002, -0.010), (-0.006, 0.010), (-0.004, 0.026), (0.003, 0.036), (0.012, 0.038), (0.021, 0.032), (0.029, 0.020),
    (0.035, 0.004), (0.038, -0.012), (0.036, -0.024), (0.028, -0.028), (0.016, -0.022),
)  # fmt: skip


def _hood(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A hood that lies on the back, its edges crossing in front."""
    del tailor
    turn = _round(piece)
    around = np.abs(turn)
    side, back = np.clip(around / 55, 0, 1), np.clip((around - 60) / 100, 0, 1)
    slack = 0.03 * np.sin(np.radians(turn * 5 + 20)) + 0.02 * np.sin(np.radians(turn * 11))
    wide = 0.34 + 0.50 * side + 1.2 * back**1.2 + slack
    tall = 0.16 + 0.95 * side**0.8 - 0.25 * back + slack
    return [_standing(piece, _HOOD, wide, tall, **plain(look))]


_STAND: Final = (
    (-0.003, -0.006), (-0.003, 0.012), (-0.004, 0.028), (-0.002, 0.031), (0.0015, 0.030), (0.0035, 0.026),
    (0.0045, 0.010), (0.006, -0.004),
)  # fmt: skip


def _mandarin(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    open_ = np.clip((np.abs(_round(piece)) - 3) / 6, 0.05, 1)
    return [_standing(piece, _STAND, 1.0, open_, **plain(look))]


def _wide_band(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """A button band round the front and the neck."""
    rim = parts.neck_rim(piece)
    made = [parts.band(rim, parts.FLAT_BAND, 1.5, 1.0, **ribbed(look))]
    front = Front(bases.close(tailor.body), [*tailor.meshes, *made])
    dots = [(0.012, z) for z in (0.275, 0.215, 0.155, 0.095)]
    line = parts.stroke(((0.010, 0.315), (0.010, 0.03)), 0.030)
    made.append(parts.patch(front, line, (70, 10), 0.003, **ribbed(look)))
    return [
        *made,
        parts.buttons(Front(bases.close(tailor.body), [*tailor.meshes, *made]), dots, 0.0075, colour=darker(look)),
    ]


_LEFT_OVER: Final = ((0.022, 0.448), (-0.004, 0.400), (-0.050, 0.332), (-0.062, 0.315))
"""Template places of the middle of a kimono's collar where it goes on over the other side, down to the obi."""


def _straight(piece: Piece, look: Look, inwards: float, beyond: float) -> Mesh:
    """A straight band round a neck, and down both edges in front: metres that it lies on the cloth and past it."""
    shape = ((-inwards, -0.002), (0.002 - inwards, 0.003), (beyond - 0.002, 0.004), (beyond, 0.001), (beyond, -0.003))
    return parts.band(Rim(piece, parts.neck_ring(piece), 3.5), shape, **plain(look))


def _kimono_collar(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """The collar that crosses in front, the body's left over its right."""
    made = [_straight(piece, look, 0.040, 0.008)]
    chest = Front(bases.close(tailor.body), [*tailor.meshes, *made])
    return [*made, parts.patch(chest, parts.stroke(_LEFT_OVER, 0.046), (60, 12), 0.0045, 3.0, **plain(look))]


def _inner_collar(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor
    return [_straight(piece, look, 0.022, 0.012)]


def _gold_edge(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    del tailor, look
    shape = ((-0.020, -0.002), (-0.019, 0.0050), (0.0, 0.0050), (0.002, 0.002), (0.0, -0.002))
    info: dict[str, Any] = {"look": FABRICS["satin"], "colour": np.array((0.42, 0.28, 0.08), np.float32)}
    return [parts.band(Rim(piece, ring, 5.0), shape, **info) for ring in loops(piece.f)[:1]]


_GORGET: Final = (
    (0.014, -0.030), (0.016, -0.018), (0.008, -0.004), (0.002, 0.010), (0.000, 0.030), (0.002, 0.040), (0.007, 0.043),
    (0.010, 0.040), (0.006, 0.030),
)  # fmt: skip


def _gorget(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """The plate around the throat, its edge rolled over."""
    del tailor
    return [_standing(piece, _GORGET, 1.0, 1.0, **plain(look))]


def _neck_ring(tailor: Tailor, piece: Piece, look: Look) -> list[Mesh]:
    """The metal ring that a helmet locks to."""
    del look, piece
    angle = np.linspace(0, 2 * np.pi, 73)[:-1]
    base = bases.close(tailor.body)
    foot = (base.rest[:, 2] > 0.53) & (base.rest[:, 2] < 0.56) & (np.abs(base.rest[:, 0]) < 0.09)
    centre = base.v[foot].mean(0) + np.array((0, -0.014, 0.036))
    ring = np.stack([np.sin(angle) * 0.118, -np.cos(angle) * 0.118, 0.046 * -np.cos(angle)], 1)
    shape = np.array(
        (
            (-0.010, -0.036), (0.004, -0.036), (0.006, -0.010), (0.010, -0.009), (0.011, -0.002), (0.007, 0.000),
            (0.007, 0.010), (0.010, 0.011), (0.010, 0.016), (0.004, 0.018), (-0.004, 0.017), (-0.006, 0.0),
            (-0.010, -0.036),
        )
    )  # fmt: skip
    out = unit(ring * (1, 1, 0))
    v = centre + ring[:, None] + out[:, None] * shape[None, :, :1] + np.array((0, 0, 1.0)) * shape[None, :, 1:]
    told = metal((0.42, 0.43, 0.45)) | {"rough": 0.45}
    return [parts.sheet(v, v[..., :2], closed=True, kind="plain", out=out[:, None], **told)]


def tie(tailor: Any, bow: bool, there: bool) -> list[Mesh]:
    """A tie over the collar, or a bow; suits have their tie already."""
    piece: Piece | None = tailor.piece
    if piece is None or (there and not bow):
        return []
    front = Front(bases.close(tailor.body), tailor.meshes)
    hue = (0.012, 0.012, 0.014) if bow and tailor.outfit.tie is None else dyed(tailor.dye("tie"), "wool")
    told = {"look": FABRICS["satin" if bow else "silk"], "colour": np.array(hue, np.float32)}
    if bow:

        def wing(u: Array, v: Array) -> tuple[Array, Array]:
            across = (u - 0.5) * 0.118
            return across, 0.512 + (v - 0.5) * (0.016 + 0.040 * np.abs(2 * u - 1) ** 0.8)

        made = [parts.patch(front, wing, (40, 14), 0.012, 2.5, **told)]
        return [*made, parts.patch(front, parts.rectangle(0.0, 0.512, 0.020, 0.024), (12, 12), 0.019, 2.0, **told)]

    def blade(u: Array, v: Array) -> tuple[Array, Array]:
        half = np.interp(v, (0, 0.11, 0.9, 1.0), (0.002, 0.038, 0.019, 0.014))
        return (u - 0.5) * 2 * half, 0.14 + (0.508 - 0.14) * v

    def knot(u: Array, v: Array) -> tuple[Array, Array]:
        return (u - 0.5) * 2 * (0.012 + 0.009 * v), 0.496 + 0.034 * v

    return [
        parts.patch(front, blade, (18, 70), 0.005, 2.5, **told),
        parts.patch(front, knot, (16, 16), 0.013, 2.5, **told),
    ]


COLLARS: Final[Mapping[str, Part]] = {
    "neckband": _neckband, "binding": _binding, "rib neckband": _rib_neckband, "edge": _edge, "roll": _roll,
    "hood": _hood, "fall collar": _fall_collar, "shirt collar": _shirt_collar, "mandarin": _mandarin,
    "button band": _wide_band, "kimono collar": _kimono_collar, "inner collar": _inner_collar, "gold edge": _gold_edge,
    "gorget": _gorget, "neck ring": _neck_ring,
}  # fmt: skip
