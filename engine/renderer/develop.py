"""The darkroom: noise cleaned, light through skin, exposure for the face, the backdrop behind, and film."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.renderer import film as films
from engine.renderer.scene import Film
from engine.renderer.tracing.vectors import LUMA, F, Floats

_SCATTER = ((0.25, (0.30, 0.52, 0.72)), (1.1, (0.36, 0.33, 0.22)), (2.8, (0.34, 0.15, 0.06)))
"""How far light goes through skin: millimetres, and how much of red, green and blue goes so far."""
_BRIGHTEST = 60.0
_GREY_SKIN = 0.36
_LIT_SIDE = ((0.08, 0.36), (0.48, 0.66))
"""How bright the middle of a face may be held beside its lit side, by the skin's tone: in light from one side a dark
face is exposed for its shadows, which a fair one's lit side has no room for."""
_WHITEST = 1.2
"""Scene light that the brightest cloth should not pass: the whole picture is exposed a little less for it."""

_STEEP: Final = 0.172
"""How much of a smoothed pixel's cover changes from one to the next where an edge is four pixels wide; 0.2 if sharp."""
_OUTLINE_PIXELS: Final = 0.6
"""How far an outline is softened, in a picture 768 high: against a bright place its few rays would be a staircase."""
_EVEN_PIXELS: Final = 2.2
"""How far wide edges are smoothed; they are wider than that."""


@dataclass(frozen=True)
class Print:
    """What is developed besides the rays: the picture of the place, and who is where."""

    backdrop: Floats
    """(H, W, 3), as bright as it is to look beside a rightly exposed face."""
    faces: tuple[tuple[int, int, int, int], ...]
    """Top, bottom, left, right of each face, in pixels."""
    pixels_a_mm: float
    exposure: float
    film: Film
    seed: int


@functools.cache
def _device(threads: int) -> Any:
    """Open Image Denoise on this many threads, once a process."""
    pyoidn = _pyoidn()
    device = pyoidn.Device()
    device.set_int("numThreads", threads)
    device.set_bool("setAffinity", False)
    device.commit()
    return device


@functools.cache
def _pyoidn() -> Any:
    """The package, kept from importing torch, which takes seconds and 200 MB and is not used."""
    spared = "torch" not in sys.modules
    if spared:
        sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("pyoidn")
    finally:
        if spared:
            del sys.modules["torch"]


def cleaned(picture: Floats, guide: Floats, normal: Floats, threads: int = 2, fast: bool = False) -> Floats:
    """A picture (H, W, 3) without noise; colours and normals say where edges are."""
    pyoidn = _pyoidn()
    device = _device(threads)
    out = np.empty(picture.shape, np.float32)
    images = {
        "color": np.ascontiguousarray(np.clip(np.nan_to_num(picture), 0, _BRIGHTEST), np.float32),
        "albedo": np.ascontiguousarray(np.clip(guide, 0, 1), np.float32),
        "normal": np.ascontiguousarray(np.clip(normal, -1, 1), np.float32),
        "output": out,
    }
    with pyoidn.Filter(device, "RT") as work:  # it holds 200 MB, and is made in a twentieth of a second
        for name, image in images.items():
            work.set_image(name, image, pyoidn.OIDN_FORMAT_FLOAT3)
        work.set_bool("hdr", True)
        work.set_quality(pyoidn.OIDN_QUALITY_FAST if fast else pyoidn.OIDN_QUALITY_BALANCED)
        work.commit()
        work.execute()
    if message := device.get_error():
        raise RuntimeError(f"The denoiser failed: {message}")
    return out


def through_skin(light: Floats, skin: Floats, pixels_a_mm: float) -> Floats:
    """Irradiance (H, W, 3) spread as skin spreads it: a little, and red farther; `skin` (H, W) is where skin is."""
    from scipy.ndimage import gaussian_filter

    out = np.zeros_like(light)
    for millimetres, weights in _SCATTER:
        sigma = max(millimetres * pixels_a_mm, 0.35)
        there = np.maximum(gaussian_filter(skin, sigma, truncate=3.0), F(0.02))
        for channel, weight in enumerate(weights):
            out[..., channel] += gaussian_filter(light[..., channel], sigma, truncate=3.0) / there * F(weight)
    return out


def developed(layers: Mapping[str, Floats], plan: Print, threads: int = 2, fast: bool = False) -> npt.NDArray[np.uint8]:
    """Rays to a picture for a screen (H, W, 3)."""
    light = composed(layers, plan, threads, fast)
    seen = films.printed(light, plan.film, plan.seed)
    return (seen * F(255) + F(0.5)).astype(np.uint8)


def glimpsed(layers: Mapping[str, Floats], plan: Print, threads: int = 2) -> npt.NDArray[np.uint8]:
    """As `developed`, of a few rays and to be looked at for a moment: cleaned once, light not led through skin."""
    whole = np.array(plan.backdrop, np.float32)
    shown = _box(layers["alpha"][..., 0] > 0, 2)
    if shown is not None:
        seen = {name: layer[shown] for name, layer in layers.items()}
        light, alpha = _glimpsed_sitters(seen, _cut(plan, shown), threads)
        whole[shown] = light + whole[shown] * (1 - alpha)
    return (films.printed(whole, plan.film, plan.seed) * F(255) + F(0.5)).astype(np.uint8)


def _glimpsed_sitters(layers: Mapping[str, Floats], plan: Print, threads: int) -> tuple[Floats, Floats]:
    skin = layers["skin_light"] * layers["skin_colour"] / np.maximum(layers["skin"], F(0.05))
    guide, normal = _calmed(layers)
    light = cleaned(layers["rest"] + skin, guide, normal, threads, fast=True)
    alpha = layers["alpha"]
    edge = np.clip(100 * alpha * (1 - alpha) + _steep(alpha), 0, 1)
    light, alpha = (_softened(x, edge) for x in (light, alpha))
    return light * F(_exposed(light, layers, plan)), alpha


def _steep(alpha: Floats) -> Floats:
    """1 about where cover (H, W, 1) changes, else 0."""
    from scipy.ndimage import maximum_filter, minimum_filter

    return np.asarray(maximum_filter(alpha, (3, 3, 1)) - minimum_filter(alpha, (3, 3, 1)))


def composed(layers: Mapping[str, Floats], plan: Print, threads: int = 2, fast: bool = False) -> Floats:
    """Scene light (H, W, 3): the sitter exposed for their skin, the place behind."""
    shown = _box(layers["alpha"][..., 0] > 0, 12)
    if shown is None:
        return plan.backdrop
    light, alpha = _sitters({name: layer[shown] for name, layer in layers.items()}, _cut(plan, shown), threads, fast)
    light, alpha = _outlines_soft(light, alpha, _OUTLINE_PIXELS * len(plan.backdrop) / 768)
    whole = np.array(plan.backdrop, np.float32)
    whole[shown] = light + whole[shown] * (1 - alpha)
    return whole


def _cut(plan: Print, part: tuple[slice, slice]) -> Print:
    """The plan of a part of the picture."""
    rows, columns = part
    origin = np.array((rows.start, rows.start, columns.start, columns.start))
    most = np.array((rows.stop, rows.stop, columns.stop, columns.stop)) - origin
    moved = (np.clip(np.array(face) - origin, 0, most).tolist() for face in plan.faces)
    faces = tuple((top, bottom, left, right) for top, bottom, left, right in moved)
    return replace(plan, backdrop=plan.backdrop[part], faces=faces)


def _sitters(layers: Mapping[str, Floats], plan: Print, threads: int, fast: bool) -> tuple[Floats, Floats]:
    """Light from whoever is in the picture (H, W, 3), and how much they hide of what is behind (H, W, 1)."""
    blurred = _blurred_skin(layers)
    guide, normal = _calmed(layers, blurred)
    thin = np.maximum(_thin_hair(layers), blurred)
    skin, alpha = _masks(layers, guide, normal, thin, threads)
    whole = cleaned(_filled(layers["rest"], layers["alpha"]), guide, normal, threads, fast)
    light = _softened(whole, F(0.8) * thin) * alpha
    light = _strands_kept(light, layers)
    box = _box(layers["skin"][..., 0] > 0, int(10 * plan.pixels_a_mm) + 2)
    if box is not None:
        met, there = layers["skin"][box], skin[box]
        lit = cleaned(_filled(layers["skin_light"][box], met), guide[box], normal[box], threads, fast=True)
        spread = through_skin(lit * there, there[..., 0], plan.pixels_a_mm)
        light[box] += spread * _filled(layers["skin_colour"][box], met) * there
    light *= F(_exposed(light, layers, plan))
    return _wide_edges_even(light, alpha, layers["hair"])


def _outlines_soft(light: Floats, alpha: Floats, pixels: float) -> tuple[Floats, Floats]:
    """Light and cover smoothed alike along outlines, as a lens does."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    partly = maximum_filter(((alpha > 0.02) & (alpha < 0.98)).astype(np.float32), (3, 3, 1))
    soft_light, soft_alpha = (x + partly * (gaussian_filter(x, (pixels, pixels, 0)) - x) for x in (light, alpha))
    return soft_light, soft_alpha


def _wide_edges_even(light: Floats, alpha: Floats, hair: Floats) -> tuple[Floats, Floats]:
    """Light and cover where the lens draws an edge out over many pixels: of the few rays there teeth would be left.

    Both are smoothed alike, so that no rim is brighter than what it parts; sharp edges and hair stay as they are.
    """
    from scipy.ndimage import gaussian_filter, maximum_filter, uniform_filter

    broad = gaussian_filter(alpha[..., 0], 2.0)
    down, across = np.gradient(broad)
    steepest = maximum_filter(np.hypot(down, across), 11)  # both sides of a sharp edge are gentle a few pixels off
    gentle = np.clip((F(_STEEP) - steepest) / F(0.25 * _STEEP), 0, 1)
    between = np.clip(16 * broad * (1 - broad), 0, 1) ** 2
    share = (gentle * between * np.clip(1 - 4 * uniform_filter(hair[..., 0], 9), 0, 1))[..., None]
    even = ((x, gaussian_filter(x, (_EVEN_PIXELS, _EVEN_PIXELS, 0))) for x in (light, alpha))
    smooth_light, smooth_alpha = (np.asarray(x + share * (smooth - x), np.float32) for x, smooth in even)
    return smooth_light, smooth_alpha


def _calmed(layers: Mapping[str, Floats], blurred: Floats | None = None) -> tuple[Floats, Floats]:
    """What guides the denoiser, smoothed where some rays met hair and others not: it would keep that as texture.

    So it is, by a share (H, W, 1), where skin is `blurred`.
    """
    from scipy.ndimage import uniform_filter

    hair, alpha = (uniform_filter(layers[name], (5, 5, 1)) for name in ("hair", "alpha"))
    mixed = np.clip(100 * np.maximum(hair * (1 - hair), alpha * (1 - alpha)), 0, 1)
    mixed = mixed if blurred is None else np.maximum(mixed, blurred)
    guide, normal = layers["guide"], layers["normal"]
    calm, even = (x * (1 - mixed) + uniform_filter(x, (5, 5, 1)) * mixed for x in (guide, normal))
    return calm, even


def _thin_hair(layers: Mapping[str, Floats]) -> Floats:
    """Where single hairs cross skin (H, W, 1): few rays met them, and the denoiser would keep what those met."""
    from scipy.ndimage import uniform_filter

    hair, skin = (uniform_filter(layers[name], (5, 5, 1)) for name in ("hair", "skin"))
    return np.clip(60 * hair * skin, 0, 1)


def _blurred_skin(layers: Mapping[str, Floats]) -> Floats:
    """Where the lens draws the edge between skin and cloth out over several pixels (H, W, 1), 0 to 1."""
    from scipy.ndimage import gaussian_filter, uniform_filter

    skin = layers["skin"]
    partly = uniform_filter(((skin > 0) & (skin < 1)).astype(np.float32), (5, 5, 1))
    return np.asarray(gaussian_filter(np.clip((partly - F(0.35)) * F(4), 0, 1), (1, 1, 0)), np.float32)


def _softened(picture: Floats, share: Floats) -> Floats:
    """A picture (H, W, C) smoothed over a pixel or so, by a share (H, W, 1)."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(picture + share * (gaussian_filter(picture, (0.9, 0.9, 0)) - picture), np.float32)


def _masks(
    layers: Mapping[str, Floats], guide: Floats, normal: Floats, thin: Floats, threads: int
) -> tuple[Floats, Floats]:
    """How much of each pixel is skin and how much is anything (H, W, 1), without the noise of few rays.

    The denoiser rings beside edges, where the place would show through as a bright line: no pixel gets more or less
    than rays found in it and its neighbours.
    """
    from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter

    met, any_ = layers["skin"], layers["alpha"]
    noisy = np.concatenate([met, any_, layers["hair"]], -1)
    clean = cleaned(noisy, guide, normal, threads, fast=True)
    cover = np.clip(clean[..., 1:2], minimum_filter(any_, (3, 3, 1)), maximum_filter(any_, (3, 3, 1)))
    clean = np.clip(clean, 0, 1)
    skin = clean[..., :1] + thin * (gaussian_filter(met, (0.9, 0.9, 0)) - clean[..., :1])
    whole = (minimum_filter(met, (9, 9, 1)) > F(0.999)).astype(np.float32)
    whole = np.minimum(gaussian_filter(whole, (2, 2, 0)), maximum_filter(whole, (7, 7, 1)))
    skin = skin + whole * (1 - skin)
    return skin, np.where(_inside(any_), F(1), cover)


def _filled(sums: Floats, skin: Floats) -> Floats:
    """What skin alone shows (H, W, 3), where `skin` (H, W, 1) of the rays met it; the neighbours' where none did."""
    from scipy.ndimage import uniform_filter

    missing = 1 - skin
    near, there = (uniform_filter(x, (7, 7, 1)) for x in (sums, skin))
    return np.asarray((sums + missing * near) / np.maximum(skin + missing * there, F(1e-4)), np.float32)


def _strands_kept(light: Floats, layers: Mapping[str, Floats]) -> Floats:
    """A little of what the denoiser took from hair: its fibres."""
    share = F(0.12) * layers["hair"]
    return light * (1 - share) + np.minimum(layers["rest"], light * F(1.8)) * share


def _inside(alpha: Floats) -> npt.NDArray[np.bool_]:
    """Where the sitter is wholly, a few pixels from any edge: nothing of the place shows there."""
    from scipy.ndimage import binary_closing, binary_erosion

    around = 8  # rows beyond the picture's edge are as those at it, or a seam of the place would show along it
    full = binary_closing(np.pad(alpha[..., 0] > 0.9, around, mode="edge"), iterations=2)
    inner = binary_erosion(full, iterations=4, border_value=1)[around:-around, around:-around]
    return np.asarray(inner)[..., None]


def _box(mask: npt.NDArray[np.bool_], margin: int) -> tuple[slice, slice] | None:
    """The part of the picture that holds all of a mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    height, width = mask.shape
    return (
        slice(max(int(rows[0]) - margin, 0), min(int(rows[-1]) + margin + 1, height)),
        slice(max(int(columns[0]) - margin, 0), min(int(columns[-1]) + margin + 1, width)),
    )


def _exposed(light: Floats, layers: Mapping[str, Floats], plan: Print) -> float:
    """What to multiply light by, so that faces look as bright as their skin is, and lit sides are not blown."""
    brights, tones = [], []
    for top, bottom, left, right in plan.faces:
        part = (slice(top, bottom), slice(left, right))
        skin = layers["skin"][part][..., 0] > 0.9
        if skin.any():
            brights.append((light[part] @ LUMA)[skin])
            tones.append((layers["skin_colour"][part] @ LUMA)[skin])
    if not brights:
        shown = layers["alpha"][..., 0] > 0.5
        level = float(np.median((light @ LUMA)[shown])) if shown.any() else 0.3
        return 0.3 / max(level, 1e-4)
    bright, tone = np.concatenate(brights), float(np.median(np.concatenate(tones)))
    middle, high = np.percentile(bright, (50, 88))
    level = max(float(middle), float(np.interp(tone, *_LIT_SIDE)) * float(high), 1e-4)
    gain = 0.34 * (max(tone, 0.02) / _GREY_SKIN) ** 0.74 / level
    shown = layers["alpha"][..., 0] > 0.95
    brightest = gain * float(np.percentile((light @ LUMA)[shown], 96)) if shown.any() else 0.0
    return float(gain * 2**plan.exposure * np.clip((_WHITEST / max(brightest, 1e-4)) ** 0.6, 0.86, 1.0))
