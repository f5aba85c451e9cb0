"""Glasses: frames that sit on the nose, run close to the head and end behind the ears."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.renderer.body import Body
from engine.renderer.geometry import Array
from engine.renderer.mesh import Mesh
from engine.renderer.scene import RGB
from engine.renderer.solids import bar, merged, rounded

_USUAL_HALF_WIDTH: Final = 0.072
_FRAMES: Final[dict[str, dict[str, Any]]] = {
    "round": {
        "power": 1.0,
        "wide": 0.0235,
        "tall": 0.0225,
        "wire": 0.0011,
        "metal": True,
    },
    "thin": {
        "power": 0.70,
        "wide": 0.0262,
        "tall": 0.0190,
        "wire": 0.0010,
        "metal": True,
    },
    "thick": {"power": 0.50, "wide": 0.0268, "tall": 0.0195, "wire": 0.0019, "colour": (0.010, 0.009, 0.009)},
    "square": {"power": 0.45, "wide": 0.0265, "tall": 0.0178, "wire": 0.0013, "colour": (0.014, 0.011, 0.010)},
    "cat": {
        "power": 0.60,
        "wide": 0.0268,
        "tall": 0.0185,
        "wire": 0.0020,
        "colour": (0.030, 0.008, 0.008),
        "wing": 0.007,
    },
    "sunglasses": {
        "power": 0.72,
        "wide": 0.0278,
        "tall": 0.0220,
        "wire": 0.0014,
        "colour": (0.010, 0.009, 0.009),
        "dark": True,
    },
}
"""Shapes of lenses: roundness, half their width and height, half the rim's thickness; metres."""


_METAL: Final = {"dark": (0.62, 0.50, 0.30), "fair": (0.20, 0.15, 0.085)}
"""Frames of wire: pale gold on dark skin, old gold on fair skin, so that they are seen."""
_DARK_SKIN: Final = 0.16
MIRRORED = 0.07
"""How much of bare glass's mirroring a coated lens keeps: enough to be seen, and the eye behind it still is."""


def glasses(frame: str, body: Body, skin: RGB = (0.48, 0.30, 0.22)) -> list[Mesh]:
    """Rims, bridge, pads, temples that end behind the ears, and lenses, fitted to eyes, nose and head.

    Metal is chosen for the `skin` (linear RGB).
    """
    told = _FRAMES.get(frame, _FRAMES["square"])
    scale = body.half_width / _USUAL_HALF_WIDTH
    spread = _eye_gap(body)
    rims = [_rim(told, side, scale) for side in (-1, 1)]
    centre = _on_nose(body, scale)
    apart = np.clip(spread, 0.029 * scale, 0.034 * scale)
    turn = body.head_turn
    shaped = [centre + (rim + np.array((side * apart, 0, 0))) @ turn.T for rim, side in zip(rims, (-1, 1), strict=True)]
    wire = told["wire"] * scale
    tubes = [bar(rim, wire * (1.25 if told["wire"] > 0.0015 else 1.0), wire) for rim in shaped]
    toward = np.array((1.0, 0, 0.35)) @ turn.T
    inner = [shaped[0][np.argmax(shaped[0] @ toward)], shaped[1][np.argmin(shaped[1] @ (toward * (1, 1, -1)))]]
    arch = np.linspace(inner[0], inner[1], 11)
    lift = np.sin(np.linspace(0, np.pi, 11))[:, None]
    arch = arch + (np.array((0, -0.0012, 0.0032)) * scale * lift + np.array((0, 0, 0.0015))) @ turn.T
    tubes.append(bar(arch, wire, wire))
    tubes += [bar(path, wire * 1.3, wire * 0.8) for path in _temples(shaped, told, body, scale)]
    metal = bool(told.get("metal"))
    colour = _METAL["dark" if float(np.mean(skin)) < _DARK_SKIN else "fair"] if metal else told["colour"]
    info = {"colour": np.array(colour, np.float32), "rough": 0.30 if metal else 0.22, "metal": metal}
    lenses = [_lens(rim, turn) for rim in shaped]
    frame_mesh = merged("plain", tubes, info)
    if told.get("dark"):
        tint = {"colour": np.array((0.012, 0.010, 0.009), np.float32), "rough": 0.06, "f0": 0.06}
        return [frame_mesh, merged("plain", lenses, tint)]
    return [frame_mesh, merged("glass", lenses, {"mirror": MIRRORED})]


def _eye_gap(body: Body) -> float:
    return float(np.linalg.norm(body.eyes[0].centre - body.eyes[1].centre) / 2)


def _on_nose(body: Body, scale: float) -> Array:
    """Where the bridge's middle is: just off the nose, clear of the lashes."""
    turn = body.head_turn
    local = (body.part.vertices - body.middle) @ turn
    nose = (np.abs(local[:, 0]) < 0.008) & (np.abs(local[:, 2] + 0.004 * scale) < 0.004) & (local[:, 1] < 0)
    front = float(local[nose, 1].min()) if nose.any() else -0.03
    cheek = (np.abs(np.abs(local[:, 0]) - 0.03) < 0.018) & (np.abs(local[:, 2] + 0.002) < 0.02) & (local[:, 1] < 0)
    before = min(front - 0.0005, float(local[cheek, 1].min()) - 0.007)
    return np.asarray(body.middle + turn @ np.array((0.0, before, -0.003 * scale)))


def _rim(told: dict[str, Any], side: int, scale: float) -> Array:
    """A lens's outline about its own middle, at a head that looks straight ahead."""
    angle = np.linspace(0, 2 * np.pi, 721)
    x = rounded(np.cos(angle), told["power"]) * told["wide"]
    z = rounded(np.sin(angle), told["power"]) * told["tall"]
    outward = x * side
    z = z + told.get("wing", 0.0) * np.clip(outward / told["wide"], 0, 1) ** 2 * (z > -0.004)
    x = x * (1 - 0.10 * np.clip(-z / told["tall"], 0, 1) * (outward < 0))
    y = 0.010 * (np.clip(outward + 0.03, 0, 1) / 0.06) ** 2
    # seen from the bridge: the body's right rim starts towards the nose
    outline = np.stack([x, y, z], 1) * scale
    # even steps, starting at the side of the picture's right as the angle does
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(outline, axis=0), axis=1))])
    at = np.linspace(0, length[-1], 73)
    even = np.stack([np.interp(at, length, outline[:, k]) for k in range(3)], 1)
    for _ in range(2):
        ring = even[:-1]
        even[:-1] = 0.25 * np.roll(ring, 1, 0) + 0.5 * ring + 0.25 * np.roll(ring, -1, 0)
        even[-1] = even[0]
    return np.asarray(even)


def _temples(rims: list[Array], told: dict[str, Any], body: Body, scale: float) -> list[Array]:
    """From the rims' outer ends straight back, close to the head, and down behind the ears."""
    turn, made = body.head_turn, []
    local = (body.part.vertices - body.middle) @ turn
    level = np.abs(local[:, 2] - 0.006 * scale) < 0.010
    not_ear = body.masks["ears"] < 0.3
    for rim, side in zip(rims, (-1, 1), strict=True):
        at = (rim - body.middle) @ turn
        outer = at[np.argmax(at[:, 0] * side + 0.3 * at[:, 2])]
        hinge = outer + np.array((side * 0.0015, 0.0005, 0.0))
        path = [hinge]
        back = np.linspace(hinge[1] + 0.008, hinge[1] + 0.105, 14)
        for k, y in enumerate(back):
            near = level & not_ear & (np.abs(local[:, 1] - y) < 0.006) & (local[:, 0] * side > 0.03)
            wide = float((local[near, 0] * side).max()) + 0.0030 if near.any() else abs(path[-1][0])
            ahead = abs(hinge[0]) + 0.0022 * min(k, 2)
            wide = max(wide, ahead) if k < 5 else wide
            z = hinge[2] + (0.004 * scale - hinge[2]) * k / 13 * 0.5
            path.append(np.array((side * wide, y, z)))
        tip = path[-1]
        path += [tip + np.array((-side * 0.001, 0.010, -0.006)), tip + np.array((-side * 0.003, 0.016, -0.020))]
        smooth = np.stack(path)
        for _ in range(2):
            smooth[2:-1] = 0.25 * smooth[1:-2] + 0.5 * smooth[2:-1] + 0.25 * smooth[3:]
        made.append(body.middle + smooth @ turn.T)
    return made


def _lens(rim: Array, turn: Array) -> tuple[Array, Any]:
    """A slightly domed pane within a rim."""
    ahead = turn @ np.array((0, -1.0, 0))
    middle = rim[:-1].mean(0) + ahead * 0.0022
    count = len(rim) - 1
    halfway = middle + 0.5 * (rim[:-1] - middle) + ahead * 0.0006
    around, after = np.arange(count), (np.arange(count) + 1) % count
    outer = np.concatenate(
        [np.stack([around, after, count + around], 1), np.stack([after, count + after, count + around], 1)]
    )
    inner = np.stack([count + around, count + after, np.full(count, 2 * count)], 1)
    return np.concatenate([rim[:-1], halfway, middle[None]]), np.concatenate([outer, inner])
