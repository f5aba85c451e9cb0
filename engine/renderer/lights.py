"""Set-ups of light by name, as real lamps round the sitter, and lamps put into the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.camera import Optics
from engine.renderer.scene import RGB, Lamp, Light
from engine.renderer.tracing.emitters import Emitter

SIDES: Final = {"left": -1.0, "right": 1.0}
_HARDNESS: Final = {"hard": 0.06, "medium": 0.3, "soft": 0.55, "very soft": 0.85}


def kelvin(degrees: float) -> RGB:
    """The colour of a lamp of this temperature (Helland's fit), of luminance 1: the camera adapts to it by half."""
    t = min(max(degrees, 1000.0), 20000.0) / 100
    if t <= 66:
        red, green = 255.0, 99.4708 * np.log(t) - 161.1196
        blue = 0.0 if t <= 19 else 138.5177 * np.log(t - 10) - 305.0448
    else:
        red, green, blue = 329.6987 * (t - 60) ** -0.1332, 288.1222 * (t - 60) ** -0.0755, 255.0
    linear = np.clip(np.array((red, green, blue)) / 255, 0.002, 1) ** 2.2
    white = np.array((1.0, 0.945, 0.895))  # the same fit at 5600 K, which is the film's white
    linear = (linear / white) ** 0.5
    linear /= float(linear @ (0.2126, 0.7152, 0.0722))
    return float(linear[0]), float(linear[1]), float(linear[2])


DAYLIGHT: Final = (1.0, 0.97, 0.93)
_WARMTH: Final = {"warm": kelvin(3600), "neutral": DAYLIGHT, "cool": kelvin(8000)}


def _key(side: float, height: float, **more: object) -> Lamp:
    return replace(Lamp(side=side, height=height, colour=DAYLIGHT), **more)  # type: ignore[arg-type]


def _fill(side: float, power: float, **more: object) -> Lamp:
    lamp = Lamp(side=side, height=6, distance=1.9, radius=0.75, power=power, colour=(0.95, 0.97, 1.0), role="fill")
    return replace(lamp, **more)  # type: ignore[arg-type]


def _rim(side: float, power: float = 0.8, **more: object) -> Lamp:
    lamp = Lamp(side=side, height=48, distance=1.5, radius=0.28, power=power, colour=(1.0, 0.97, 0.93), role="rim")
    return replace(lamp, **more)  # type: ignore[arg-type]


def _hair(power: float = 0.7, **more: object) -> Lamp:
    lamp = Lamp(side=170, height=62, distance=1.3, radius=0.22, power=power, role="hair")
    return replace(lamp, **more)  # type: ignore[arg-type]


def _loop(s: float) -> Light:
    return Light(lamps=(_key(s * 44, 33), _fill(-s * 30, 0.05), _rim(-s * 158, 0.6)), ambient=0.10)


def _rembrandt(s: float) -> Light:
    return Light(lamps=(_key(s * 56, 40, radius=0.26), _fill(-s * 25, 0.04), _rim(-s * 155, 0.45)), ambient=0.08)


def _butterfly(s: float) -> Light:
    return Light(lamps=(_key(0, 48, radius=0.24, shape="round"), _fill(0, 0.12, height=-25), _hair(0.6)), ambient=0.14)


def _clamshell(s: float) -> Light:
    key = _key(s * 4, 38, radius=0.5, shape="square")
    return Light(
        lamps=(key, _fill(0, 0.5, height=-32, shape="square", distance=1.2, radius=0.45), _hair(0.7)), ambient=0.22
    )


def _split(s: float) -> Light:
    lamps = (_key(s * 86, 10, radius=0.22), _fill(-s * 12, 0.07), _rim(-s * 140, 0.3))
    return Light(lamps=lamps, ambient=0.06)


def _broad(s: float) -> Light:
    return Light(lamps=(_key(s * 40, 28), _fill(-s * 35, 0.09), _rim(-s * 158, 0.5)), ambient=0.14)


def _rim_light(s: float) -> Light:
    lamps = (_rim(s * 122, 2.6, height=20), _rim(-s * 132, 1.7, height=24), _fill(s * 20, 0.16))
    return Light(lamps=lamps, ambient=0.14, exposure=-0.95)


def _backlit(s: float) -> Light:
    sun = _rim(s * 146, 5.5, height=26, radius=0.16, colour=kelvin(4400))
    return Light(lamps=(sun, _fill(-s * 25, 0.5, height=15, radius=0.9)), ambient=0.55, exposure=-0.2)


def _silhouette(s: float) -> Light:
    return Light(lamps=(_rim(s * 150, 1.6, height=10), _rim(-s * 150, 1.6, height=10)), ambient=0.03, exposure=-3.2)


def _high_key(s: float) -> Light:
    lamps = (
        _key(s * 28, 25, radius=0.8, shape="square"),
        _fill(-s * 32, 0.65, radius=0.9),
        _rim(s * 150, 0.8),
        _rim(-s * 150, 0.8),
    )
    return Light(lamps=lamps, ambient=0.8, exposure=0.45)


def _low_key(s: float) -> Light:
    lamps = (_key(s * 64, 30, radius=0.22), _fill(-s * 12, 0.10), _rim(-s * 150, 0.7))
    return Light(lamps=lamps, ambient=0.05, exposure=-0.12)


def _ring(s: float) -> Light:
    ring = _key(0, 3, radius=0.22, shape="ring", distance=1.05)
    lamps = (ring, _fill(s * 62, 0.30, height=24, radius=0.5), _hair(0.5))
    return Light(lamps=lamps, ambient=0.15)


def _window(s: float) -> Light:
    pane = _key(s * 68, 14, radius=0.75, shape="window", distance=1.5, colour=kelvin(6200))
    return Light(lamps=(pane, _fill(-s * 50, 0.05)), ambient=0.13)


def _softbox(s: float) -> Light:
    return Light(
        lamps=(_key(s * 46, 32, radius=0.42, shape="square"), _fill(-s * 30, 0.05), _rim(-s * 158, 0.6)), ambient=0.10
    )


def _beauty_dish(s: float) -> Light:
    return Light(
        lamps=(_key(s * 14, 36, radius=0.25, distance=1.1), _fill(0, 0.16, height=-28), _hair(0.5)), ambient=0.15
    )


def _strip(s: float) -> Light:
    return Light(lamps=(_key(s * 58, 12, radius=0.5, shape="strip"), _rim(-s * 128, 0.9, shape="strip")), ambient=0.12)


def _golden_hour(s: float) -> Light:
    sun = _key(s * 62, 14, radius=0.16, distance=2.4, colour=kelvin(3600), power=1.0)
    return Light(lamps=(sun, _rim(-s * 150, 1.3, height=20, colour=kelvin(3300))), ambient=0.42)


def _blue_hour(s: float) -> Light:
    sky = _key(s * 20, 48, radius=1.2, distance=2.2, colour=kelvin(9500), power=0.8)
    return Light(lamps=(sky, _rim(-s * 140, 0.7, colour=kelvin(2900))), ambient=0.6, exposure=-0.55)


def _noon(s: float) -> Light:
    sun = _key(s * 30, 58, radius=0.06, distance=3.0, colour=kelvin(5600), shape="round")
    return Light(lamps=(sun, _fill(0, 0.16, height=-40, radius=1.2)), ambient=0.35)


def _overcast(s: float) -> Light:
    sky = _key(s * 36, 42, radius=1.6, distance=2.6, colour=kelvin(5900), power=0.85)
    return Light(lamps=(sky, _rim(-s * 165, 0.35, radius=0.9, colour=kelvin(6100))), ambient=0.5)


def _moonlight(s: float) -> Light:
    moon = _key(s * 48, 44, radius=0.06, distance=3.0, colour=kelvin(9000))
    return Light(lamps=(moon, _rim(-s * 145, 0.8, colour=kelvin(10000))), ambient=0.12, exposure=-1.0)


def _candle(s: float) -> Light:
    flame = _key(s * 26, -24, radius=0.035, distance=0.62, colour=kelvin(2850), shape="flame", role="practical")
    room = _fill(s * 20, 0.20, height=42, colour=kelvin(3200))  # a flame below leaves hair black
    return Light(lamps=(flame, room), ambient=0.06, exposure=-0.35)


def _fire(s: float) -> Light:
    lamps = (
        _key(s * 34, -22, radius=0.26, distance=1.1, colour=kelvin(2750), shape="flame", role="practical"),
        _key(s * 52, -12, radius=0.2, distance=1.3, colour=kelvin(2500), shape="flame", power=0.45, role="practical"),
        _rim(-s * 150, 0.35, colour=kelvin(8000)),
    )
    return Light(lamps=lamps, ambient=0.06, exposure=-0.45)


def _neon(s: float, first: RGB = (1.55, 0.30, 0.92), second: RGB = (0.22, 0.88, 1.50)) -> Light:
    lamps = (
        _key(s * 62, 12, radius=0.5, shape="strip", colour=first, role="practical"),
        _key(-s * 66, 10, radius=0.5, shape="strip", colour=second, power=0.85, role="practical"),
        _rim(-s * 140, 0.7, colour=second),
        _fill(0, 0.12),
    )
    return Light(lamps=lamps, ambient=0.12, exposure=-0.3)


def _stage(s: float) -> Light:
    spot = _key(s * 24, 52, radius=0.09, distance=2.6, colour=kelvin(4300))
    return Light(
        lamps=(spot, _rim(-s * 140, 1.6, colour=kelvin(7500)), _rim(s * 150, 1.2, colour=(0.9, 0.3, 1.5))),
        ambient=0.05,
        exposure=-0.3,
    )


def _flat(s: float) -> Light:
    return Light(lamps=(_key(s * 12, 12, radius=0.8), _fill(-s * 14, 0.7)), ambient=0.6)


def _flash(s: float) -> Light:
    return Light(lamps=(_key(s * 4, 9, radius=0.045, distance=1.6, shape="round"),), ambient=0.12)


def _under(s: float) -> Light:
    return Light(lamps=(_key(s * 14, -42, radius=0.2, distance=1.1), _rim(-s * 145, 0.5)), ambient=0.06, exposure=-0.4)


def _top(s: float) -> Light:
    return Light(lamps=(_key(s * 4, 76, radius=0.35), _fill(0, 0.07, height=-25)), ambient=0.12, exposure=-0.2)


def _screen(s: float) -> Light:
    glow = _key(s * 8, -14, radius=0.24, distance=0.6, shape="square", colour=kelvin(8500), role="practical")
    return Light(lamps=(glow, _rim(-s * 140, 0.35, colour=kelvin(2900))), ambient=0.06, exposure=-0.5)


def _natural(s: float) -> Light:
    return Light(lamps=(_key(s * 42, 30, radius=0.7, power=1.0), _rim(-s * 150, 0.55)), ambient=0.26)


def _cinematic(s: float) -> Light:
    lamps = (
        _key(s * 56, 26, radius=0.3, colour=kelvin(4300)),
        _fill(-s * 40, 0.06, colour=kelvin(9500)),
        _rim(-s * 140, 1.3, colour=kelvin(9000)),
    )
    return Light(lamps=lamps, ambient=0.12, exposure=-0.2)


def _dappled(s: float) -> Light:
    sun = _key(s * 40, 52, radius=0.07, distance=3.0, colour=kelvin(5200), pattern="leaves")
    return Light(lamps=(sun, _rim(-s * 150, 0.9, radius=0.12, pattern="leaves")), ambient=0.42)


def _blinds(s: float) -> Light:
    sun = _key(s * 58, 20, radius=0.05, distance=3.0, colour=kelvin(5000), pattern="blinds")
    return Light(lamps=(sun, _fill(-s * 30, 0.05)), ambient=0.12, exposure=-0.2)


def _tungsten(s: float) -> Light:
    lamp = _key(s * 44, 24, radius=0.16, distance=1.2, colour=kelvin(2900), role="practical")
    return Light(lamps=(lamp, _rim(-s * 140, 0.6, colour=kelvin(2700))), ambient=0.14, exposure=-0.15)


def _fluorescent(s: float) -> Light:
    tubes = _key(s * 8, 64, radius=0.6, distance=1.7, shape="strip", colour=(0.93, 1.02, 0.92))
    return Light(lamps=(tubes, _fill(s * 20, 0.3, colour=(0.95, 1.02, 0.94))), ambient=0.6)


RIGS: Final[dict[str, Callable[[float], Light]]] = {
    "loop": _loop, "rembrandt": _rembrandt, "butterfly": _butterfly, "paramount": _butterfly, "clamshell": _clamshell,
    "split": _split, "broad": _broad, "short": _loop, "rim": _rim_light, "backlit": _backlit, "silhouette": _silhouette,
    "high key": _high_key, "low key": _low_key, "ring": _ring, "window": _window, "softbox": _softbox,
    "beauty dish": _beauty_dish, "strip": _strip, "golden hour": _golden_hour, "blue hour": _blue_hour, "noon": _noon,
    "overcast": _overcast, "moonlight": _moonlight, "candle": _candle, "fire": _fire, "neon": _neon, "stage": _stage,
    "flat": _flat, "flash": _flash, "under": _under, "top": _top, "screen": _screen, "natural": _natural,
    "cinematic": _cinematic, "dramatic": _rembrandt, "dappled": _dappled, "blinds": _blinds, "tungsten": _tungsten,
    "fluorescent": _fluorescent,
}  # fmt: skip
"""Every set-up, for a key at the viewer's left (−1) or right (1)."""


def rig(
    name: str, side: str = "left", *, height: float | None = None, hardness: str = "", warmth: str = "",
    colours: Sequence[RGB] = (), dim: bool = False,
) -> Light:  # fmt: skip
    """A set-up by name, its key from "left", "right", "front", "above" or "below" (as the viewer sees it).

    `height` in degrees, `hardness` ("hard", "soft" …), `warmth` ("warm", "neutral", "cool") and the first of `colours`
    change the key; the second colours what shines against it. Unknown names and words are ignored.
    """
    made = replace(RIGS.get(name, _loop)(SIDES.get(side, -1.0)), name=name if name in RIGS else "loop")
    key, *others = made.lamps
    key = _from(key, side)
    if height is not None:
        key = replace(key, height=height)
    if hardness in _HARDNESS:
        key = replace(key, radius=_HARDNESS[hardness])
    if warmth in _WARMTH:
        key = replace(key, colour=_WARMTH[warmth])
    if colours:
        key = replace(key, colour=_gel(colours[0]))
    if len(colours) > 1:
        others = [replace(lamp, colour=_gel(colours[1])) if lamp.role != "fill" else lamp for lamp in others]
    if dim:
        made = replace(made, ambient=made.ambient * 0.5, exposure=made.exposure - 0.6)
    return replace(made, lamps=(key, *others))


def _from(key: Lamp, side: str) -> Lamp:
    """The lamp in the middle, for light from the front, above or below."""
    if side not in ("front", "above", "below"):
        return key
    return replace(key, side=0.0, height={"above": 70.0, "below": -40.0}.get(side, key.height))


def _gel(colour: RGB) -> RGB:
    """A coloured lamp that gives skin about as much light as a white one."""
    scale = 1.5 / max(*colour, 1e-3)
    return colour[0] * scale, colour[1] * scale, colour[2] * scale


_BEHIND: Final = ((0.0, 0.05, 0.10, 0.25, 0.5), (0.45, 0.52, 0.72, 0.86, 1.12))
"""How much light there is all round, and how bright a backdrop looks in it."""


def side(light: Light) -> float:
    """From which side the key comes: below 0 from the viewer's left, 0 where there is none."""
    return float(np.sin(np.radians(light.lamps[0].side))) if light.lamps else 0.0


def spill(light: Light, own: float = 0.0) -> RGB:
    """What the set-up does to how bright a backdrop looks: dark behind a low key, tinted behind coloured lamps.

    `own` is how much of a place's light is its own (`places.own_light`): neon, stars and far skies take no tint.
    """
    total = sum(lamp.power for lamp in light.lamps) or 1.0
    mixed = np.zeros(3)
    for lamp in light.lamps:
        mixed += np.array(lamp.colour) * (lamp.power / total)
    tint = 0.55 + 0.45 * mixed
    level = float(np.interp(light.ambient, *_BEHIND))
    red, green, blue = (tint * level * (1 - own) + own) * 2 ** (0.9 * light.exposure)
    return float(red), float(green), float(blue)


def emitters(light: Light, optics: Optics, face: npt.ArrayLike) -> tuple[Emitter, ...]:
    """The lamps where they stand: degrees are from the lens axis, seen from the face."""
    target = np.asarray(face, float)
    return tuple(_placed(lamp, optics, target) for lamp in light.lamps if lamp.power > 0)


def catchlights(light: Light, optics: Optics, face: npt.ArrayLike) -> tuple[Emitter, ...]:
    """The lamps as they are mirrored in eyes: lids hide what is high, and a cornea makes small what is small."""
    shown = [
        replace(
            lamp,
            side=float(np.clip(lamp.side, -48, 48)) if abs(lamp.side) < 80 else lamp.side,
            height=float(np.clip(lamp.height, -28, 24)),
            radius=min(max(1.5 * lamp.radius, 0.13 * lamp.distance), 0.38 * lamp.distance),
        )
        for lamp in light.lamps
        if lamp.role != "fill" or lamp.power > 0.3
    ]
    return emitters(replace(light, lamps=tuple(shown)), optics, face)


def _placed(lamp: Lamp, optics: Optics, target: npt.NDArray[np.float64]) -> Emitter:
    side, height = np.radians(lamp.side), np.radians(lamp.height)
    level = np.array((optics.forward[0], optics.forward[1], 0.0))
    level /= max(float(np.linalg.norm(level)), 1e-6)
    right = np.array((level[1], -level[0], 0.0))
    way = (right * np.sin(side) - level * np.cos(side)) * np.cos(height) + np.array((0, 0, np.sin(height)))
    power = np.asarray(lamp.colour) * lamp.power
    return Emitter.aimed(target + way * lamp.distance, target, lamp.radius, lamp.shape, power, lamp.pattern)
