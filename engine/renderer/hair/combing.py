"""Which way hair leaves each part of the head: parted, swept, back, from the crown."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.renderer.geometry import unit
from engine.renderer.hair.field import Floats
from engine.renderer.hair.scalp import REGIONS, Roots
from engine.renderer.hair.styles import Flows, Style
from engine.renderer.scene import Hair

RIGHT, BACK, UP = np.eye(3, dtype=np.float32)
CENTRE: Final = np.array((0.0, 0.0733, 0.0153), np.float32)
"""The head's middle, against the eyes'."""
Weights = dict[str, Floats]


def flows(style: Style) -> Flows:
    """Where each region's hair is combed."""
    return (style.flow,) * 5 if isinstance(style.flow, str) else style.flow


def leaving(
    style: Style, hair: Hair, roots: Roots, weights: Weights, half_width: float, random: np.random.Generator
) -> Floats:
    """Directions in which hair leaves the skin."""
    upright = each(style.upright, weights)[:, None]
    lift = each(style.lift, weights)[:, None] * unit(roots.normals * (1 - upright) + UP * upright)
    return unit(_combed(style, hair, roots, weights, half_width, random) + lift)


def each(values: float | tuple[float, ...], weights: Weights) -> Floats:
    """A number for each root, of what a style says for each region."""
    if isinstance(values, int | float):
        return np.full(len(weights["top"]), values, np.float32)
    return np.asarray(sum(weights[name] * value for name, value in zip(REGIONS, values, strict=True)))


def has_fringe(style: Style, hair: Hair) -> bool:
    """Whether hair hangs over the forehead."""
    return style.fringe_cut is not None or (hair.fringe and style.ball is None)


def parting(style: Style, hair: Hair, half_width: float) -> float:
    """Where the parting is, metres from the middle."""
    at = float(np.clip(hair.parting, -1, 1))
    if abs(at) < style.aside:
        at = style.aside if at > 0 else -style.aside
    return at * half_width * 0.62


def _combed(
    style: Style, hair: Hair, roots: Roots, weights: Weights, half_width: float, random: np.random.Generator
) -> Floats:
    """Where each root's hair is combed to, along the skin."""
    names = flows(style)
    if has_fringe(style, hair) and names[0] == "part":
        names = ("fall", *names[1:])
    made = {name: _flow(name, style, hair, roots, half_width) for name in set(names)}
    total = sum(weights[region][:, None] * made[name] for region, name in zip(REGIONS, names, strict=True))
    noise = style.noise * random.standard_normal(roots.points.shape, np.float32)
    return np.asarray(_along(np.asarray(total), roots.normals) + noise)


def _along(ways: Floats, normals: Floats) -> Floats:
    return np.asarray(ways - normals * (ways * normals).sum(1, keepdims=True))


def _flow(name: str, style: Style, hair: Hair, roots: Roots, half_width: float) -> Floats:
    n = roots.normals
    from_middle = unit(roots.points - CENTRE)
    aside = -1.0 if hair.parting > 0 else 1.0
    if name == "back":
        return np.asarray(np.broadcast_to(BACK - 0.25 * UP, n.shape))
    if name == "forward":
        return np.asarray(np.broadcast_to(-BACK + 0.30 * aside * RIGHT - 0.1 * UP, n.shape))
    if name == "sweep":
        return np.asarray(np.broadcast_to(0.45 * aside * RIGHT - 0.35 * BACK, n.shape))
    if name == "fall":
        outward = np.clip(from_middle[:, :1] / 0.5, -1, 1)
        return np.asarray(-BACK - 1.1 * UP + (0.25 * outward + 0.1 * aside) * RIGHT)
    if name == "swept":
        return np.asarray(np.broadcast_to(-0.55 * BACK - 0.25 * UP + 0.85 * aside * RIGHT, n.shape))
    if name == "down":
        return np.asarray(np.broadcast_to(-UP, n.shape))
    if name == "up":
        return n
    pole = unit(np.array((0.10 * aside, 0.50, 0.85), np.float32))
    whorl = unit(from_middle * (from_middle @ pole)[:, None] - pole)
    if name == "whorl":
        return np.asarray(whorl)
    side = np.tanh((roots.points[:, :1] - parting(style, hair, half_width)) / 0.0025)
    behind = np.clip((from_middle[:, 1:2] - 0.05) / 0.45, 0, 1)
    front = np.clip((-from_middle[:, 1:2] - 0.25) / 0.5, 0, 1)
    first = np.clip((9 - roots.inside[:, None]) / 7, 0, 1) * front
    parted = unit(
        side * RIGHT * (0.95 - 0.35 * first) + BACK * (0.30 + 0.15 * front + 0.35 * first)
        - UP * (0.55 - 0.35 * front - 0.75 * first)
    )  # fmt: skip
    return np.asarray(parted * (1 - behind) + whorl * behind)
