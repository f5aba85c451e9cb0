"""Film and process: characteristic curves, colour, grain, halation and vignette of known stocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.renderer.scene import RGB, Film
from engine.renderer.tracing.vectors import LUMA, F, Floats

_PIVOT: Final = 0.34
_PIVOT_SEEN: Final = 0.40
"""Scene light of lit skin of a middle tone, and what every film makes of it (linear, 0 to 1)."""
_GAMMA: Final = 1.48
"""How steep the curve of a film of contrast 0 is at its toe."""
_BURNT: Final = (0.70, 0.45)
"""Scene light above which broad bright parts are held back in printing, and how far (0 not at all, 1 to one level)."""
_DYES: Final = 0.34
"""How far the strongest colours fall short: no dye takes away all of one colour and nothing of the others."""
_SOFT_PIXELS: Final = 0.60
"""How far a lens and a film spread a point, in a picture 768 high."""
_GLARE: Final = ((0.008, 0.030), (0.060, 0.014))
"""Light scattered in a lens: how far, as a share of the picture's height, and how much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How a film answers to light; colours are added in the shadows and the lights, 1 is as it is elsewhere."""

    exposure: float = 0.0
    contrast: float = 0.0
    """How steep its characteristic curve is: 0 as most colour negatives, 1 hard."""
    white: float = 1.05
    """Where its shoulder ends: at 1 it never gives pure white, above 1.1 it clips like a sensor."""
    saturation: float = 1.0
    balance: RGB = (1.0, 1.0, 1.0)
    shadows: RGB = (0.0, 0.0, 0.0)
    lights: RGB = (0.0, 0.0, 0.0)
    lift: float = 0.0
    """The lightest black: faded prints."""
    grain: float = 0.0055
    grain_size: float = 0.50
    """Pixels, in a picture 768 high: finer than half of one is a sensor's noise, and a faster film's is coarser."""
    coloured_grain: float = 0.12
    halation: float = 0.22
    """How far bright light creeps through the film, red the farthest."""
    halo: RGB = (1.0, 0.62, 0.45)
    vignette: float = 0.18
    mono: RGB | None = None
    """What a black and white film sees of red, green and blue."""
    tone: RGB = (1.0, 1.0, 1.0)
    """Of the paper: sepia."""
    cross: float = 0.0
    """Cross-processing: curves of the colours pulled apart."""


_PANCHROMATIC = (0.34, 0.50, 0.16)

STOCKS: Final[dict[str, Stock]] = {
    "natural": Stock(),
    "digital": Stock(white=1.09, grain=0.003, halation=0.1, vignette=0.10, contrast=0.08),
    "portra 400": Stock(
        saturation=0.93, balance=(1.03, 1.0, 0.945), shadows=(0.018, 0.014, 0.020), contrast=-0.05, grain=0.0085,
        exposure=0.08, grain_size=0.62, white=1.02,
    ),
    "portra 160": Stock(
        saturation=0.95, balance=(1.02, 1.0, 0.96), shadows=(0.012, 0.010, 0.014), contrast=-0.03, grain=0.0055,
        exposure=0.1,
    ),
    "gold 200": Stock(
        saturation=1.08, balance=(1.06, 1.0, 0.88), shadows=(0.020, 0.010, 0.0), contrast=0.08, grain=0.0095,
        grain_size=0.64,
    ),
    "ektar": Stock(saturation=1.24, balance=(1.03, 1.0, 0.98), contrast=0.20, grain=0.005),
    "velvia": Stock(
        saturation=1.42, balance=(1.02, 0.99, 1.03), contrast=0.34, shadows=(-0.01, -0.01, 0.01), grain=0.0045,
    ),
    "provia": Stock(saturation=1.15, balance=(0.99, 1.0, 1.03), contrast=0.18, grain=0.005),
    "kodachrome": Stock(
        saturation=1.15, balance=(1.05, 1.0, 0.93), contrast=0.26, grain=0.0055, shadows=(0.012, -0.002, -0.006)
    ),
    "cinestill 800t": Stock(
        saturation=1.02, balance=(0.94, 0.99, 1.09), halation=1.0, halo=(1.0, 0.20, 0.08), contrast=0.05, grain=0.0130,
        shadows=(-0.004, 0.010, 0.020), grain_size=0.67,
    ),
    "polaroid": Stock(
        saturation=0.84, balance=(1.05, 1.01, 0.90), lift=0.055, shadows=(0.010, 0.026, 0.034),
        lights=(0.0, 0.0, -0.03), contrast=-0.08, grain=0.010, grain_size=0.8, white=0.99, vignette=0.34,
    ),
    "black and white": Stock(mono=_PANCHROMATIC, contrast=0.22, grain=0.0105, grain_size=0.60),
    "tri-x": Stock(mono=_PANCHROMATIC, contrast=0.40, grain=0.0185, grain_size=0.68),
    "hp5": Stock(mono=(0.30, 0.52, 0.18), contrast=0.20, grain=0.0165, grain_size=0.66),
    "delta 3200": Stock(mono=(0.31, 0.50, 0.19), contrast=0.30, grain=0.031, grain_size=0.85),
    "t-max 100": Stock(mono=(0.32, 0.48, 0.20), contrast=0.25, grain=0.0045),
    "sepia": Stock(
        mono=_PANCHROMATIC, tone=(1.07, 0.93, 0.74), contrast=0.1, grain=0.0095, lift=0.025, grain_size=0.60,
    ),
    "daguerreotype": Stock(
        mono=(0.10, 0.42, 0.48), tone=(1.02, 0.97, 0.90), contrast=0.3, lift=0.05, grain=0.015, grain_size=0.66,
        vignette=0.5
    ),
    "high contrast": Stock(contrast=0.7, saturation=1.05, grain=0.006),
    "cinematic": Stock(
        saturation=0.93, shadows=(-0.016, 0.006, 0.022), lights=(0.016, 0.004, -0.016), contrast=0.16, grain=0.007,
        vignette=0.26,
    ),
    "vintage": Stock(
        saturation=0.80, balance=(1.06, 1.0, 0.86), lift=0.05, shadows=(0.030, 0.012, 0.0), contrast=-0.05, grain=0.013,
        grain_size=0.70, white=1.0, vignette=0.32,
    ),
    "faded": Stock(saturation=0.70, lift=0.085, contrast=-0.20, balance=(1.02, 1.0, 0.97), grain=0.006),
    "cross processed": Stock(saturation=1.22, cross=1.0, contrast=0.28, grain=0.0095, grain_size=0.60),
    "bleach bypass": Stock(saturation=0.52, contrast=0.5, grain=0.0105, grain_size=0.62),
    "warm film": Stock(
        saturation=0.95, balance=(1.04, 1.0, 0.92), shadows=(0.020, 0.014, 0.016), grain=0.008, grain_size=0.58
    ),
    "infrared": Stock(
        mono=(0.78, 0.28, -0.06), contrast=0.3, halation=0.9, halo=(1, 1, 1), grain=0.016, grain_size=0.68,
        exposure=0.2,
    ),
}  # fmt: skip
"""Every film; what is not here is "natural"."""


def printed(light: Floats, film: Film, seed: int) -> Floats:
    """Scene light (H, W, 3), skin rightly exposed, as a picture of values 0 to 1 for a screen."""
    stock = STOCKS.get(film.stock, STOCKS["natural"])
    height = light.shape[0]
    light = _through_lens(_burned(light), height)
    light = light * (F(2**stock.exposure) * np.array(stock.balance, np.float32) * _warmth(film.warmth))
    light = _vignetted(_haloed(light, stock, height), stock.vignette if film.vignette is None else film.vignette)
    if stock.mono is not None:
        light = np.maximum(light @ np.array(stock.mono, np.float32), 0)[..., None]
    gamma = _GAMMA * (1 + 0.55 * max(stock.contrast + film.contrast, -0.6))
    seen = _graded(_screened(_curved(light, gamma, stock.white)), stock, film)
    return np.clip(_grained(seen, stock, film, seed), 0, 1)


def _warmth(share: float) -> Floats:
    """−1 cold to 1 warm, brightness kept."""
    return np.array((1 + 0.16 * share, 1.0, 1 - 0.20 * share), np.float32)


def _burned(light: Floats) -> Floats:
    """Broad bright parts printed down, their texture kept: bright cloth and skies keep their tones.

    What is broad is a guided filter's answer (He, Sun, Tang 2010) on a picture a sixth as large.
    """
    from scipy.ndimage import uniform_filter

    threshold, strength = _BURNT
    level = np.log2(np.maximum(light @ LUMA, F(2**-8)))
    if float(level.max()) < np.log2(threshold):
        return light
    step = max(min(level.shape) // 96, 1)
    small = _shrunk(level[..., None], step)[..., 0]
    mean = uniform_filter(small, 11)
    spread = np.maximum(uniform_filter(small * small, 11) - mean * mean, 0)
    slope = spread / (spread + F(0.12))
    slope, offset = uniform_filter(slope, 5), uniform_filter(mean * (1 - slope), 5)
    base = _grown(slope, level.shape) * level + _grown(offset, level.shape)
    over = np.logaddexp(0, (base - F(np.log2(threshold))) * F(4)) / F(4)
    return np.asarray(light * np.exp2(over * F(-strength))[..., None], np.float32)


def _through_lens(light: Floats, height: int) -> Floats:
    """What glass does to a picture: no point is quite sharp, and a little of all light is scattered over the rest."""
    from scipy.ndimage import gaussian_filter

    soft = _SOFT_PIXELS * height / 768
    out = gaussian_filter(light, (soft, soft, 0), truncate=3.0) if soft > 0.2 else light
    lost = sum(share for _, share in _GLARE)
    out = out * F(1 - lost)
    for far, share in _GLARE:
        out += _spread(light, far * height) * F(share)
    return out


def _haloed(light: Floats, stock: Stock, height: int) -> Floats:
    """Very bright light creeps through the film and back from its base."""
    bright = np.clip(light - F(0.9), 0, 4)
    if stock.halation <= 0 or not bright.any():
        return light
    glow = _spread(bright, height * 0.009)
    return np.asarray(light + glow * np.array(stock.halo, np.float32) * F(stock.halation), np.float32)


def _spread(picture: Floats, sigma: float) -> Floats:
    """A picture (H, W, 3) blurred by `sigma` pixels, worked out on a smaller one where that shows no difference."""
    from scipy.ndimage import gaussian_filter

    step = max(int(min(sigma / 1.5, min(picture.shape[:2]) / 16)), 1)
    small = gaussian_filter(_shrunk(picture, step), (sigma / step, sigma / step, 0), truncate=3.0, mode="nearest")
    return small if step == 1 else np.stack([_grown(small[..., c], picture.shape[:2]) for c in range(3)], -1)


def _shrunk(picture: Floats, step: int) -> Floats:
    """The mean of blocks of `step` pixels (H, W, C); the last rows and columns are repeated to fill theirs."""
    if step == 1:
        return picture
    height, width = (-side % step for side in picture.shape[:2])
    full = np.pad(picture, ((0, height), (0, width), (0, 0)), mode="edge")
    rows, columns = full.shape[0] // step, full.shape[1] // step
    return np.asarray(full.reshape(rows, step, columns, step, -1).mean((1, 3)))


def _grown(small: Floats, shape: tuple[int, ...]) -> Floats:
    """One channel at its full size (height, width)."""
    from PIL import Image

    enlarged = Image.fromarray(np.ascontiguousarray(small)).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(enlarged)


def _vignetted(light: Floats, strength: float) -> Floats:
    height, width = light.shape[:2]
    y = (np.arange(height, dtype=np.float32) / height - F(0.5))[:, None] / F(0.75)
    x = (np.arange(width, dtype=np.float32) / width - F(0.5))[None] / F(0.75)
    return light * (1 - F(strength) * np.clip(x * x + y * y, 0, 1))[..., None]


def _density(x: Floats, gamma: float, white: float) -> Floats:
    """A film's characteristic curve: a soft toe, a straight line in logarithms of light, a long shoulder."""
    power = np.power(np.maximum(x, 0), F(gamma))
    half = F(_PIVOT**gamma * (white / _PIVOT_SEEN - 1))
    return np.asarray(np.minimum(power / (power + half) * F(white), 1))


def _curved(light: Floats, gamma: float, white: float) -> Floats:
    """The curve a colour, mixed with the curve of brightness alone, which keeps hues where light is strong."""
    if light.shape[-1] == 1:
        return _density(light, gamma, white).repeat(3, -1)
    bright = light @ LUMA
    kept = light * (_density(bright, gamma, white) / np.maximum(bright, F(1e-4)))[..., None]
    return np.asarray(F(0.5) * (_density(light, gamma, white) + np.minimum(kept, 1)))


def _screened(linear: Floats) -> Floats:
    """sRGB's curve."""
    low = linear * F(12.92)
    return np.where(linear < 0.0031308, low, F(1.055) * np.power(np.maximum(linear, F(1e-6)), F(1 / 2.4)) - F(0.055))


def _graded(seen: Floats, stock: Stock, film: Film) -> Floats:
    grey = (seen @ LUMA)[..., None]
    if stock.mono is None:
        colourful = np.ptp(seen, axis=-1)[..., None]
        dyes = F(max(stock.saturation * (1 + film.saturation), 0)) * (1 - F(_DYES) * colourful * colourful)
        seen = grey + (seen - grey) * dyes
    seen = seen + np.array(stock.shadows, np.float32) * (1 - grey) ** 2 + np.array(stock.lights, np.float32) * grey
    if stock.cross:
        seen = seen + F(0.045 * stock.cross) * np.sin(2 * np.pi * seen) * np.array((-1.0, -0.6, 1.2), np.float32)
    seen = seen * np.array(stock.tone, np.float32)
    return np.asarray(F(stock.lift) + seen * F(1 - stock.lift * 1.2), np.float32)


def _grained(seen: Floats, stock: Stock, film: Film, seed: int) -> Floats:
    """Grain: fine, with a little that is coarser, strongest in the middle tones, nearly the same in all colours."""
    from scipy.ndimage import gaussian_filter

    amount = stock.grain if film.grain is None else film.grain * 0.04
    if amount <= 0:
        return seen
    height, width = seen.shape[:2]
    size = max(stock.grain_size * height / 768, 0.3)
    colour = 0.0 if stock.mono is not None else stock.coloured_grain
    random = np.random.default_rng((seed & 0xFFFFFFFF, 77))
    white = random.standard_normal((height, width, 4 if colour else 1), np.float32)
    fine = gaussian_filter(white, (size, size, 0), truncate=3.0)
    coarse = gaussian_filter(white[..., :1], (2.2 * size, 2.2 * size, 0), truncate=2.5)
    fine /= max(float(fine[..., 0].std()), 1e-6)
    mixed = F(0.92) * fine[..., :1] + coarse * F(0.38 / max(float(coarse.std()), 1e-6))
    if colour:
        mixed = mixed + F(colour) * fine[..., 1:]
    grey = np.clip(seen @ LUMA, 0, 1)[..., None]
    return np.asarray(seen + F(amount) * mixed * (F(0.12) + F(3.4) * grey * (1 - grey) * (F(1.25) - F(0.5) * grey)))
