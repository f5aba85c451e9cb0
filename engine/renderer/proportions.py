"""How large a body is beside its head: anny's are those of fashion drawings, eight heads tall and broad to match.

Adults are about seven and a half heads tall, their shoulders some three (men) or two and three quarters (women) of
the head's breadths across, and lower than anny's. The head stays as it is, and the neck passes over.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from engine.renderer import assets
from engine.renderer.geometry import Array, Index
from engine.renderer.regions import ramp
from engine.renderer.scene import Person

SINCE: Final = 2
"""The version of a person from which bodies have these proportions; whoever was saved before keeps the old ones."""
HEADS: Final = 7.5
"""How tall adults are, in heights of their heads."""
_TALL: Final = 1.42
"""How much taller than broad heads of `faces` usually are."""
_USUAL: Final = 8.7
"""How many heads tall anny's bodies are with such heads, on the whole."""
_OWN: Final = 0.25
"""How much somebody keeps of what sets them apart from that."""
_LEAST, _MOST = 0.80, 1.0
_RAISED: Final = (0.016, 0.010)
"""Metres by which a woman's and a man's body is nearer the chin: the neck is shorter."""
_NARROWER: Final = (0.012, 0.008)
"""Metres by which a woman's and a man's shoulders are nearer the middle."""
_LOWER: Final = (-0.016, 0.014)
"""Metres by which a woman's and a man's shoulders are lower: a man's trapezius holds them up beside the jaw."""


def size(vertices: Array) -> float:
    """How large the body should be, as a share of what it is, for the size of its head."""
    head, body, chin = _landmarks()
    crown, sole = vertices[head, 2].max(), vertices[body, 2].min()
    heads = (crown - sole) / (0.5 * (crown - vertices[chin, 2]) + 0.5 * _TALL * float(np.ptp(vertices[head, 0])))
    wanted = HEADS + _OWN * (heads - _USUAL)
    return float(np.clip(wanted / heads + (wanted / heads - 1) / heads, _LEAST, _MOST))


def scale(person: Person, vertices: Array) -> float:
    """The same for a person of this version."""
    return size(vertices) if person.version >= SINCE else 1.0


def natural(vertices: Array, person: Person) -> Array:
    """All vertices of the base in the rest pose, (19158, 3), the body in proportion to its head."""
    if person.version < SINCE:
        return vertices
    rest, man = assets.base().rest, min(max(person.masculinity, 0.0), 1.0)
    _, _, chin = _landmarks()
    share, below = size(vertices), _below_head(rest)
    pivot = np.array((0.0, assets.base().joint("neck", vertices)[1], vertices[chin, 2] - 0.01))
    moved = vertices + (below * (share - 1))[:, None] * (vertices - pivot)
    moved[:, 2] += below * _between(_RAISED, man)
    return _shoulders(moved, rest, man)


def _shoulders(vertices: Array, rest: Array, man: float) -> Array:
    """Narrower and lower; arms go along whole."""
    side, up = np.abs(rest[:, 0]), ramp((rest[:, 2] - 0.30) / 0.16) * _below_head(rest)
    up = np.maximum(up, assets.base().arms)
    vertices[:, 0] -= np.sign(rest[:, 0]) * _between(_NARROWER, man) * up * ramp((side - 0.05) / 0.12)
    vertices[:, 2] -= _between(_LOWER, man) * up * ramp((side - 0.016) / 0.125)
    return vertices


def _below_head(rest: Array) -> Array:
    """0 on the skull and the jaw, 1 below the neck's foot."""
    return np.asarray(1 - ramp((rest[:, 2] + 0.55 * (-rest[:, 1] - 0.05) - 0.515) / 0.115))


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share


@lru_cache(maxsize=1)
def _landmarks() -> tuple[Index, Index, int]:
    """Rows of the skull above the ears and of the whole body, and the chin's."""
    base = assets.base()
    body = np.unique(base.quads["body"])
    chin = body[np.argmin(np.linalg.norm(base.rest[body] - (0, -0.142, 0.62), axis=1))]
    skull = body[(base.rest[body, 2] > 0.76) & (base.rest[body, 1] > -0.1)]
    return skull, body, int(chin)
