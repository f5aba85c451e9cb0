"""Hats: shells over the head's own shape, measured by rays from its middle, with brims, folds and bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from engine.renderer import veils
from engine.renderer.body import Body
from engine.renderer.geometry import smooth, unit, unweld
from engine.renderer.heads import Array, Head, head
from engine.renderer.mesh import Mesh
from engine.renderer.regions import bump
from engine.renderer.scene import RGB, Outfit
from engine.renderer.tracing.surfaces import FABRICS
from engine.renderer.wardrobe import parts
from engine.renderer.wardrobe.dyes import dyed

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


def _grid(low: Callable[[Array], Array], high: float = 90.0, rows: int = 34, columns: int = 120) -> tuple[Array, Array]:
    """Directions (columns, rows) from a rim to the top."""
    around = np.linspace(-180, 180, columns, endpoint=False)
    t = np.linspace(0, 1, rows)
    start = low(around)
    return np.broadcast_to(around[:, None], (columns, rows)), start[:, None] * (1 - t) + high * t


def _shell(face: Head, around: Array, up: Array, off: Array, **info: Any) -> Mesh:
    """A closed shell of cloth, its rim turned in."""
    off = _meeting(off)
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
    "beanie": lambda a: 17 - 26 * np.clip(np.abs(a) / 100, 0, 1) ** 1.3,
    "fedora": lambda a: 24 - 16 * np.clip(np.abs(a) / 150, 0, 1),
    "straw hat": lambda a: 22 - 16 * np.clip(np.abs(a) / 150, 0, 1),
    "beret": lambda a: 27 - 20 * np.clip(np.abs(a) / 130, 0, 1),
    "turban": lambda a: 24 - 28 * np.clip(np.abs(a) / 100, 0, 1) ** 1.2,
    "helmet": lambda a: 20 - 24 * np.clip(np.abs(a) / 110, 0, 1) ** 1.4,
    "surgical": lambda a: 22 - 22 * np.clip(np.abs(a) / 100, 0, 1) ** 1.2,
}
"""Elevation of a hat's rim by degrees from ahead."""


def covers(outfit: Outfit, body: Body) -> Callable[[Array], Array]:
    """Which points (N, 3) a hat leaves no hair at."""
    name = outfit.hat
    if name in veils.FACES:
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
    on_face = (veils.FACES[name](around, up) < 0.08) & (far < face.at(around, up) + 0.02)
    if name == "headscarf":  # no hair over the forehead
        on_face &= up < 12
    return np.asarray(~on_face)


def hat(outfit: Outfit, body: Body, clothes: Sequence[Mesh] = ()) -> list[Mesh]:
    """The hat of an outfit, over `clothes` where it reaches down to them; one that isn't known is a cap."""
    name = outfit.hat if outfit.hat in COLOURS else "cap"
    colour = np.array(outfit.hat_colour or COLOURS[name], np.float32)
    if name == "headscarf":
        return veils.headscarf(head(body), body, clothes, _cloth("cotton", colour))
    if name == "hood":
        hue = colour if outfit.hat_colour is not None else np.array(outfit.colour, np.float32)
        cape = outfit.garment not in ("hoodie", "coat", "raincoat")
        return veils.hood(head(body), body, clothes, _cloth("wool", hue), cape)
    return _MAKERS[name](head(body), colour, outfit, body)


def _cloth(fabric: str, colour: Array) -> dict[str, Any]:
    red, green, blue = (float(value) for value in colour)
    return {"look": FABRICS[fabric], "colour": np.array(dyed((red, green, blue), fabric), np.float32)}


def _meeting(off: Array) -> Array:
    """Heights (columns, rows) whose last rows come together at the top without a spike."""
    share = np.clip((np.linspace(0, 1, off.shape[1]) - 0.80) / 0.20, 0, 1)
    return np.asarray(off * (1 - share) + off[:, -4].mean() * share)


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
        + 0.0022 * np.sin(np.radians(around * 5 + 40)) * np.clip((up - 30) / 40, 0, 1)
        + 0.0016 * np.sin(np.radians(around * 3 + 4 * up))
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
    ridge = bump(np.sin(np.radians(around)) * np.cos(np.radians(up)), 0.10)
    off = 0.022 + 0.0035 * ridge + 0.010 * np.clip((3 - (up - RIMS["helmet"](around))) / 3, 0, 1)
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
    "cap": _cap, "beanie": _beanie, "fedora": _fedora, "straw hat": _brimmed, "beret": _beret, "turban": _turban,
    "helmet": _helmet, "crown": _crown, "headband": _headband, "headphones": _headphones, "surgical": _surgical,
}  # fmt: skip
