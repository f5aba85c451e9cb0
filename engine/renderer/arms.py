"""Arms as they hang when nobody thinks of them: beside the body, palms to the thighs, fingers a little curled.

Each joint is turned in its turn, from the shoulder to the finger tips, about where it then is. Metres and degrees.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np

from engine.renderer import assets
from engine.renderer.geometry import Array
from engine.renderer.regions import ramp

LOWERED: Final = 36.0
"""How far the whole arm is lowered from the rest pose's."""
_SWUNG: Final = (-7.0, 4.0)
"""How far an upper arm hangs before (or, less than 0, behind) the upright."""
_UNEVEN_M: Final = 0.007
"""How much lower one shoulder is than the other at most."""
_SHOULDERS_SINK_M: Final = 0.022
"""How much lower shoulders are when arms hang: the collar bones sink with them."""
_ELBOW_BENT: Final = ((7.0, 13.0), (15.0, 23.0))
"""How far the forearms that hang are before the upright, one less than the other: never quite straight."""
_CLEAR_M: Final = 0.032
"""From the hip to the middle of the wrist: trousers, and half a hand."""
_MOST_ASIDE: Final = 20.0
_PALM_BACK: Final = (18.0, 38.0)
"""How far a palm that hangs looks behind the thigh."""
_TWIST: Final = MappingProxyType({"lowerarm01": 0.3, "lowerarm02": 0.4, "wrist": 0.3})
"""Which part of a forearm's turn about itself each bone makes."""
_CURLED: Final = MappingProxyType(
    {2: (12.0, 16.0, 8.0), 3: (17.0, 20.0, 10.0), 4: (21.0, 23.0, 12.0), 5: (23.0, 24.0, 12.0)}
)
"""How far each finger's three joints are bent more than in the rest pose, from the index to the little finger."""
_TOGETHER: Final = 0.75
"""How much of the angle between a finger and the middle one is closed."""
_THUMB_IN: Final = (0.7, 8.0, 14.0)
"""How much of the way a thumb lies along the hand, and how far its other joints are bent."""


@dataclass(frozen=True)
class _Limb:
    """One side's forearm and hand. `whole` is what goes along with a bone, and with all that hangs on it, 0…1."""

    side: float
    whole: Mapping[str, Array]
    heads: Mapping[str, Array]
    tails: Mapping[str, Array]

    def head(self, bone: str, vertices: Array) -> Array:
        """Where the joint is about which the bone turns, (3,)."""
        return np.asarray(vertices[self.heads[bone]].mean(0))

    def tail(self, bone: str, vertices: Array) -> Array:
        """The bone's other end, (3,)."""
        return np.asarray(vertices[self.tails[bone]].mean(0))

    def way(self, first: str, last: str, vertices: Array) -> Array:
        """The unit direction from one bone's joint to another's far end."""
        return _unit(self.tail(last, vertices) - self.head(first, vertices))

    def turn(self, vertices: Array, bone: str, axis: Array, degrees: float, at: Array | None = None) -> None:
        """Turns a bone and what hangs on it, in place, about its joint or another point."""
        weight = self.whole[bone]
        rows = np.flatnonzero(weight)
        pivot = self.head(bone, vertices) if at is None else at
        angle = np.radians(degrees) * weight[rows]
        vertices[rows] = pivot + _about(vertices[rows] - pivot, axis, angle)

    def point(self, vertices: Array, bone: str, now: Array, then: Array, share: float = 1.0) -> None:
        """Turns a bone the shortest way from one direction to another, or a share of that way."""
        axis = np.cross(now, then)
        degrees = float(np.degrees(np.arctan2(np.linalg.norm(axis), now @ then)))
        if degrees > 1e-3:
            self.turn(vertices, bone, _unit(axis), degrees * share)


@lru_cache(maxsize=1)
def _limbs() -> tuple[_Limb, _Limb]:
    """The body's left and right."""
    bones = assets.arms()
    return _limb(bones, "L"), _limb(bones, "R")


def _limb(bones: assets.Bones, side: str) -> _Limb:
    whole = [share.copy() for share in bones.shares]
    for k in reversed(range(len(whole))):  # a bone comes before all that hang on it
        if bones.parents[k] >= 0:
            whole[bones.parents[k]] += whole[k]
    own = {name[:-2]: k for k, name in enumerate(bones.names) if name.endswith(side)}
    return _Limb(
        1.0 if side == "L" else -1.0,
        {name: np.clip(whole[k], 0, 1) for name, k in own.items()},
        {name: bones.heads[k] for name, k in own.items()},
        {name: bones.tails[k] for name, k in own.items()},
    )


def hanging(vertices: Array, seed: int) -> Array:
    """A body in the rest pose with its arms hanging; the seed says how exactly, for two arms never hang alike."""
    rng = random.Random(f"arms-{seed}")
    moved = _swung(_lowered(vertices), rng)
    bent = rng.sample(_ELBOW_BENT, 2)
    for limb, how in zip(_limbs(), bent, strict=True):
        _forearm(moved, limb, rng.uniform(*how), rng.uniform(*_PALM_BACK))
        _hand(moved, limb, rng.uniform(0.7, 1.25))
    return moved


def _lowered(vertices: Array) -> Array:
    """Arms lowered from the rest pose, turned about the shoulders, which sink a little."""
    base = assets.base()
    side = np.sign(base.rest[:, 0])
    angle = np.radians(LOWERED) * base.arms
    pivot = base.joint("l-shoulder", vertices)
    x, z = np.abs(vertices[:, 0]) - abs(pivot[0]), vertices[:, 2] - pivot[2]
    moved = vertices.copy()
    moved[:, 0] = side * (abs(pivot[0]) + x * np.cos(angle) + z * np.sin(angle))
    moved[:, 2] = pivot[2] - x * np.sin(angle) + z * np.cos(angle)
    moved = np.where(angle[:, None] > 0, moved, vertices)
    moved[:, 2] -= _SHOULDERS_SINK_M * _shoulder()
    return moved


def _swung(vertices: Array, rng: random.Random) -> Array:
    """Upper arms a little before or behind the upright, each its own way, and one shoulder lower."""
    base = assets.base()
    pivot, left = base.joint("l-shoulder", vertices), base.rest[:, 0] > 0
    swing = np.where(left, rng.uniform(*_SWUNG), rng.uniform(*_SWUNG))
    angle = np.radians(swing) * base.arms
    y, z = vertices[:, 1] - pivot[1], vertices[:, 2] - pivot[2]
    moved = vertices.copy()
    moved[:, 1] = pivot[1] + y * np.cos(angle) + z * np.sin(angle)
    moved[:, 2] = pivot[2] - y * np.sin(angle) + z * np.cos(angle)
    lower = rng.uniform(-1, 1) * _UNEVEN_M / 2 * np.sign(base.rest[:, 0])
    moved[:, 2] -= lower * _shoulder()
    return moved


def _shoulder() -> Array:
    """How much each vertex goes along when a shoulder sinks, 0…1."""
    base = assets.base()
    out, up = ramp((np.abs(base.rest[:, 0]) - 0.055) / 0.115), ramp((base.rest[:, 2] - 0.36) / 0.12)
    below_head = 1 - ramp((base.rest[:, 2] - 0.57) / 0.05)
    return np.asarray(out * np.maximum(up * below_head, base.arms))


def along(offsets: Array, side: Array, arm: Array) -> Array:
    """What stood off a body in the rest pose, (N, 3), as it stands off lowered arms: `side` ±1, `arm` 0…1, one each."""
    angle = np.radians(LOWERED) * arm
    out, up = offsets[:, 0] * side, offsets[:, 2]
    turned = out * np.cos(angle) + up * np.sin(angle), -out * np.sin(angle) + up * np.cos(angle)
    return np.stack([side * turned[0], offsets[:, 1], turned[1]], 1)


def _forearm(vertices: Array, limb: _Limb, bent: float, back: float) -> None:
    """The forearm hung from its elbow, clear of the hip, and turned so that the palm is at the thigh."""
    elbow, wrist = limb.head("lowerarm01", vertices), limb.head("wrist", vertices)
    long = float(np.linalg.norm(wrist - elbow))
    aside = (_hips(vertices, elbow[2] - long) + _CLEAR_M - abs(elbow[0])) / long
    out = np.clip(aside, 0.02, np.sin(np.radians(_MOST_ASIDE)))
    down = _unit(np.array((limb.side * out, -np.sin(np.radians(bent)), -np.cos(np.radians(bent)))))
    limb.point(vertices, "lowerarm01", _unit(wrist - elbow), down)
    turn = _between(_knuckles(vertices, limb), _ahead(limb, back), down)
    for bone, share in _TWIST.items():
        limb.turn(vertices, bone, down, share * turn, elbow)
    palm = limb.way("wrist", "metacarpal2", vertices)
    limb.point(vertices, "wrist", palm, down, 0.7)


def _hips(vertices: Array, height: float) -> float:
    """Half as wide as the body is near a hand that hangs."""
    tights = np.unique(assets.base().quads["helper-tights"])
    trunk = vertices[tights[assets.base().arms[tights] < 0.02]]
    near = np.abs(trunk[:, 2] - height) < 0.10
    return float(np.abs(trunk[near, 0]).max()) if near.any() else 0.2


def _knuckles(vertices: Array, limb: _Limb) -> Array:
    """From the little finger's knuckle to the index's, a unit direction: where the thumb is."""
    return _unit(limb.head("finger2-1", vertices) - limb.head("finger5-1", vertices))


def _ahead(limb: _Limb, back: float) -> Array:
    """Where the thumb of a hanging hand is: ahead, and in by the angle by which the palm looks back."""
    angle = np.radians(back)
    return np.array((-limb.side * np.sin(angle), -np.cos(angle), 0.0))


def _hand(vertices: Array, limb: _Limb, curl: float) -> None:
    """Fingers side by side and a little curled, the thumb along the index."""
    for finger in _CURLED:
        _closed(vertices, limb, finger)
    bend = -limb.side * _knuckles(vertices, limb)
    for finger, joints in _CURLED.items():
        for joint, degrees in enumerate(joints, 1):
            limb.turn(vertices, f"finger{finger}-{joint}", bend, curl * degrees)
    along, first, second = _THUMB_IN
    thumb, hand = limb.way("finger1-1", "finger1-3", vertices), limb.way("wrist", "metacarpal1", vertices)
    limb.point(vertices, "finger1-1", thumb, hand, along)
    for joint, degrees in ((2, first), (3, second)):
        axis = np.cross(limb.way(f"finger1-{joint}", f"finger1-{joint}", vertices), _palm(vertices, limb))
        limb.turn(vertices, f"finger1-{joint}", _unit(axis), degrees)


def _closed(vertices: Array, limb: _Limb, finger: int) -> None:
    """A finger turned in the hand's plane towards where the middle one points."""
    away = _palm(vertices, limb)
    own, middle = (limb.way(f"finger{k}-1", f"finger{k}-1", vertices) for k in (finger, 3))
    limb.turn(vertices, f"finger{finger}-1", away, _TOGETHER * _between(own, middle, away))


def _palm(vertices: Array, limb: _Limb) -> Array:
    """Where the palm looks, a unit direction."""
    along = limb.way("wrist", "metacarpal2", vertices)
    return _unit(np.cross(along, _knuckles(vertices, limb)) * limb.side)


def _between(first: Array, second: Array, axis: Array) -> float:
    """Degrees from one direction to another about an axis."""
    first, second = (_unit(way - axis * (way @ axis)) for way in (first, second))
    return float(np.degrees(np.arctan2(np.cross(first, second) @ axis, first @ second)))


def _unit(way: Array) -> Array:
    return np.asarray(way / max(float(np.linalg.norm(way)), 1e-9))


def _about(offset: Array, axis: Array, angle: Array) -> Array:
    """Offsets (N, 3) turned about a unit axis, each by its own angle (Rodrigues)."""
    sine, cosine = np.sin(angle)[:, None], np.cos(angle)[:, None]
    along = (offset @ axis)[:, None] * axis
    return np.asarray(along + (offset - along) * cosine + np.cross(axis, offset) * sine)
