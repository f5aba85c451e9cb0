"""What a person wears and sees with: clothes cut from the body's helper mesh, glasses, eyeballs."""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from engine.builtin.geometry import Array, Part, clip, compact, unit

CLOTH = {
    "red": (0.56, 0.012, 0.015),
    "orange": (0.90, 0.23, 0.010),
    "yellow": (0.88, 0.62, 0.020),
    "green": (0.020, 0.26, 0.050),
    "blue": (0.018, 0.065, 0.42),
    "purple": (0.20, 0.020, 0.36),
    "white": (0.80, 0.80, 0.79),
    "black": (0.020, 0.020, 0.021),
}
IRIS = {
    "brown": (0.085, 0.030, 0.010),
    "blue": (0.085, 0.22, 0.46),
    "green": (0.10, 0.21, 0.085),
    "hazel": (0.22, 0.115, 0.030),
    "grey": (0.24, 0.28, 0.31),
}
FRAMES = ((0.01, 0.01, 0.01), (0.10, 0.035, 0.012), (0.30, 0.27, 0.22))
CLOTH_BOX = (-0.30, 0.30, 0.10, 0.64)
"""Left, right, bottom, top of the template's front view that a cloth texture covers."""
CLOTH_TEXELS = (320, 300)


def cloth_uv(rest: Array) -> Array:
    """Texture coordinates (u right, v up) of template positions on a cloth texture."""
    left, right, bottom, top = CLOTH_BOX
    u = (rest[:, 0] - left) / (right - left)
    v = (rest[:, 2] - bottom) / (top - bottom)
    return np.clip(np.stack([u, v], 1), 0.002, 0.998)


def _front(rest: Array) -> Array:
    return np.asarray(np.clip((-rest[:, 1] - 0.01) / 0.05, 0, 1))


def _neckline(cut: str, rest: Array) -> Array:
    """Metres by which a template position lies inside the cut: beyond its neckline, positive."""
    side, up = np.abs(rest[:, 0]), rest[:, 2]
    if cut == "turtleneck":
        return np.asarray(0.588 - up)
    from_neck = np.hypot(rest[:, 0], rest[:, 1] + 0.035)
    crew = np.maximum(from_neck - 0.069, 0.530 - up)
    opening = {"v-neck": (0.450, 1.75), "shirt": (0.485, 2.6), "jacket": (0.385, 2.1)}
    if cut not in opening:
        return np.asarray(crew)
    bottom, slope = opening[cut]
    collar_line = bottom + slope * side - up
    return np.asarray(np.where(_front(rest) > 0.3, np.minimum(np.maximum(crew, 0.560 - up), collar_line), crew))


def _folds(part: Part, amount: float, rng: np.random.Generator) -> Array:
    waves = rng.normal(size=(3, 7)) * np.array([[22.0], [10.0], [14.0]])
    phase = rng.uniform(0, 6.3, 7)
    lower = np.clip((0.55 - part.rest[:, 2]) / 0.06, 0, 1)
    return np.asarray(amount * lower * np.sin(part.rest @ waves + phase).mean(1))


def garment(tights: Part, cut: str, offset: float, rng: np.random.Generator, folds: float = 0.004) -> Part:
    """A garment with this cut's neckline, `offset` metres over the helper mesh."""
    kept, below = clip(tights, _neckline(cut, tights.rest))
    hem = 1.0 - 0.45 * np.exp(-np.clip(below, 0, 1) / 0.004)
    moved = kept.vertices + kept.normals() * (offset * hem + _folds(kept, folds, rng))[:, None]
    return Part(moved, kept.faces, kept.rest)


def collar(tights: Part) -> Part:
    """A shirt's folded collar: a flared band around the neck, open and pointed in front."""
    rest = tights.rest
    band, _ = clip(tights, np.minimum(rest[:, 2] - 0.532, 0.582 - rest[:, 2]))
    side = np.abs(band.rest[:, 0])
    front = _front(band.rest)
    band, _ = clip(band, np.where(front > 0.5, side - 0.010 - 0.25 * (0.582 - band.rest[:, 2]), 0.02))
    fall = np.clip((0.582 - band.rest[:, 2]) / 0.050, 0, 1)
    out = 0.006 + 0.013 * fall
    point = _front(band.rest) * np.exp(-0.5 * ((np.abs(band.rest[:, 0]) - 0.035) / 0.016) ** 2)
    moved = band.vertices + band.normals() * out[:, None]
    moved[:, 2] -= fall * (0.004 + 0.026 * point)
    moved[:, 1] -= fall * 0.010 * point
    return Part(moved, band.faces, band.rest)


def cloth_texture(cut: str, colour: Array, rng: np.random.Generator) -> Array:
    """The cloth's colour over the front view, (H, W, 3) linear, with seams, buttons and weave."""
    width, height = CLOTH_TEXELS
    left, right, bottom, top = CLOTH_BOX
    x = left + (np.arange(width) + 0.5) / width * (right - left)
    z = top - (np.arange(height) + 0.5) / height * (top - bottom)
    x, z = np.meshgrid(x, z)
    shade = 1 + 0.05 * gaussian_filter(rng.normal(size=x.shape), 8) * 8 + 0.03 * rng.normal(size=x.shape)
    if cut == "v-neck" or cut == "turtleneck":
        shade *= 1 + 0.07 * np.sin(x * 900)
    if cut in ("t-shirt", "v-neck"):
        below = (0.528 + 8 * x**2 if cut == "t-shirt" else 0.450 + 1.75 * np.abs(x)) - z
        shade *= 1 - 0.22 * np.exp(-(((below - 0.012) / 0.0025) ** 2))
    if cut == "shirt":
        shade *= 1 - 0.25 * np.exp(-(((x - 0.012) / 0.002) ** 2))
        button = np.hypot(x, (z + 0.02) % 0.062 - 0.031)
        shade *= 1 - 0.5 * (button < 0.005) * (z < 0.48)
    if cut == "jacket":
        below = 0.385 + 2.1 * np.abs(x) - z
        wide = 0.075 + 0.03 * np.sin(np.clip((z - 0.385) / 0.15, 0, 1) * np.pi)
        shade *= 1 - 0.45 * np.exp(-(((below - wide) / 0.006) ** 2)) * (z > 0.385)
        shade *= 1 + 0.10 * (below < wide)
        shade *= 1 - 0.4 * np.exp(-((x / 0.003) ** 2)) * (z < 0.385)
    return np.asarray(np.clip(colour * shade[..., None], 0.002, 0.95))


def eyeball(helper: Part, gaze: float) -> tuple[Part, Array, Array]:
    """A sphere for an eye: the part, polar angle from the gaze in degrees and angle around it, one a vertex."""
    low, high = helper.vertices.min(0), helper.vertices.max(0)
    centre = (low + high) / 2
    radius = float(np.median(np.linalg.norm(helper.vertices - centre, axis=1)))
    yaw = np.radians(gaze)
    forward = np.array((np.sin(yaw), -np.cos(yaw), 0.0))
    right = np.array((np.cos(yaw), np.sin(yaw), 0.0))
    up = np.array((0.0, 0.0, 1.0))
    rings, spokes = 48, 40
    polar = np.concatenate([np.linspace(0, 40, 36), np.linspace(44, 120, rings - 36)])
    v, u = np.meshgrid(np.radians(polar), np.linspace(0, 2 * np.pi, spokes, endpoint=False), indexing="ij")
    direction = np.cos(v)[..., None] * forward + np.sin(v)[..., None] * (
        np.cos(u)[..., None] * right + np.sin(u)[..., None] * up
    )
    vertices = (centre + radius * direction).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(rings - 1), np.arange(spokes), indexing="ij")
    a, b = row * spokes + column, row * spokes + (column + 1) % spokes
    faces = np.concatenate([np.stack([a, a + spokes, b], -1), np.stack([b, a + spokes, b + spokes], -1)])
    part = Part(vertices, faces.reshape(-1, 3).astype(np.int64), vertices)
    return part, np.degrees(v).ravel(), u.ravel()


def eye_colours(polar: Array, around: Array, iris: Array, rng: np.random.Generator) -> Array:
    """Linear colours of an eyeball's vertices: pupil, iris with fibres and a dark rim, white with a few veins."""
    fibres = 1 + 0.25 * np.sin(around * 17 + rng.uniform(0, 6)) * np.sin(around * 7 + rng.uniform(0, 6))
    ring = np.clip((polar - 9) / 18, 0, 1)
    inner = iris * (0.75 + 0.6 * ring * fibres)[:, None]
    rim = np.exp(-0.5 * ((polar - 26.5) / 1.6) ** 2)[:, None]
    inner = inner * (1 - 0.8 * rim)
    white = np.array((0.72, 0.68, 0.66)) * (1 - 0.25 * np.clip((polar - 45) / 40, 0, 1))[:, None]
    blend = np.clip((polar - 26.5) / 1.8, 0, 1)[:, None]
    colour = inner * (1 - blend) + white * blend
    pupil = np.clip((10.5 - polar) / 1.0, 0, 1)[:, None]
    return np.asarray(colour * (1 - pupil) + 0.004 * pupil)


def glasses(kind: str, eyes: tuple[Array, Array], half_width: float) -> Part:
    """Rims, bridge and temples fitted to the middles of two eyes (left, right as x grows)."""
    parts = []
    scale = half_width / 0.072
    front = np.array((0.0, -0.031 * scale, 0.0))
    angle = np.linspace(0, 2 * np.pi, 41)
    power = 1.0 if kind == "round" else 0.5
    wide, tall = (0.0250, 0.0230) if kind == "round" else (0.0275, 0.0200)
    rims = []
    for eye in eyes:
        x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * wide * scale
        z = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * tall * scale - 0.003 * scale
        rims.append(eye + front + np.stack([x, 0.004 * (np.abs(x) / wide) ** 2, z], 1))
        parts.append(tube(rims[-1], 0.0011 * scale))
    low, high = (0, 1) if eyes[0][0] < eyes[1][0] else (1, 0)
    inner = np.stack([rims[low][0], rims[high][20]])
    arch = np.linspace(inner[0], inner[1], 9)
    arch[:, 2] += 0.004 * scale * np.sin(np.linspace(0, np.pi, 9)) + 0.003
    parts.append(tube(arch, 0.0011 * scale))
    for rim, outer in ((rims[low], 20), (rims[high], 0)):
        hinge = rim[outer] + (0, 0.001, 0.006 * scale)
        middle = (eyes[0] + eyes[1]) / 2
        ear = np.array((middle[0] + np.sign(hinge[0] - middle[0]) * (half_width + 0.006), hinge[1] + 0.11, hinge[2]))
        corner = np.array((ear[0], hinge[1] + 0.012, hinge[2]))
        parts.append(tube(np.stack([hinge, corner, ear]), 0.0011 * scale))
    return merge(parts)


def tube(path: Array, radius: float) -> Part:
    """A round wire along a path of points (K, 3)."""
    tangent = unit(np.gradient(path, axis=0))
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, np.array((1.0, 0, 0)), np.array((0, 0, 1.0)))
    first = unit(np.cross(tangent, helper))
    second = np.cross(tangent, first)
    around = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = np.cos(around)[None, :, None] * first[:, None] + np.sin(around)[None, :, None] * second[:, None]
    vertices = (path[:, None] + radius * ring).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(len(path) - 1), np.arange(8), indexing="ij")
    a, b = row * 8 + column, row * 8 + (column + 1) % 8
    faces = np.concatenate([np.stack([a, b, a + 8], -1), np.stack([b, b + 8, a + 8], -1)]).reshape(-1, 3)
    return compact(vertices, faces.astype(np.int64), vertices)


def merge(parts: list[Part]) -> Part:
    """Several parts as one."""
    starts = np.cumsum([0] + [len(part.vertices) for part in parts])
    return Part(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([part.rest for part in parts]),
    )
