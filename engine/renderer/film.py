"""Film and process: curves, colour, grain, halation and vignette of known stocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.renderer.scene import RGB, Film
from engine.renderer.tracing.vectors import LUMA, F, Floats

_WHITE_POINT: Final = F(0.72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How a film answers to light; colours are added in the shadows and the lights, 1 is as it is elsewhere."""

    exposure: float = 0.0
    contrast: float = 0.0
    """A curve in S: 0 as the eye sees, 1 hard."""
    saturation: float = 1.0
    balance: RGB = (1.0, 1.0, 1.0)
    shadows: RGB = (0.0, 0.0, 0.0)
    lights: RGB = (0.0, 0.0, 0.0)
    lift: float = 0.0
    """The lightest black: faded prints."""
    grain: float = 0.006
    grain_size: float = 0.6
    """Pixels, in a picture 768 high."""
    coloured_grain: float = 0.25
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
    "digital": Stock(grain=0.003, halation=0.1, vignette=0.10, contrast=0.08),
    "portra 400": Stock(
        saturation=0.93, balance=(1.03, 1.0, 0.945), shadows=(0.018, 0.014, 0.020), contrast=-0.05, grain=0.012,
        exposure=0.12, grain_size=0.75,
    ),
    "portra 160": Stock(
        saturation=0.95, balance=(1.02, 1.0, 0.96), shadows=(0.012, 0.010, 0.014), contrast=-0.03, grain=0.007,
        exposure=0.1,
    ),
    "gold 200": Stock(
        saturation=1.08, balance=(1.06, 1.0, 0.88), shadows=(0.020, 0.010, 0.0), contrast=0.08, grain=0.013,
        grain_size=0.8,
    ),
    "ektar": Stock(saturation=1.24, balance=(1.03, 1.0, 0.98), contrast=0.20, grain=0.006),
    "velvia": Stock(saturation=1.42, balance=(1.02, 0.99, 1.03), contrast=0.34, shadows=(-0.01, -0.01, 0.01)),
    "provia": Stock(saturation=1.15, balance=(0.99, 1.0, 1.03), contrast=0.18, grain=0.006),
    "kodachrome": Stock(
        saturation=1.15, balance=(1.05, 1.0, 0.93), contrast=0.26, grain=0.008, shadows=(0.012, -0.002, -0.006)
    ),
    "cinestill 800t": Stock(
        saturation=1.02, balance=(0.90, 0.99, 1.16), halation=1.0, halo=(1.0, 0.20, 0.08), contrast=0.05, grain=0.018,
        shadows=(-0.004, 0.010, 0.020), grain_size=0.85,
    ),
    "polaroid": Stock(
        saturation=0.84, balance=(1.05, 1.01, 0.90), lift=0.055, shadows=(0.010, 0.026, 0.034),
        lights=(0.0, 0.0, -0.03), contrast=-0.08, grain=0.010, grain_size=1.2, vignette=0.34,
    ),
    "black and white": Stock(mono=_PANCHROMATIC, contrast=0.22, grain=0.014),
    "tri-x": Stock(mono=_PANCHROMATIC, contrast=0.40, grain=0.026, grain_size=0.95),
    "hp5": Stock(mono=(0.30, 0.52, 0.18), contrast=0.20, grain=0.022, grain_size=0.9),
    "delta 3200": Stock(mono=(0.31, 0.50, 0.19), contrast=0.30, grain=0.044, grain_size=1.2),
    "t-max 100": Stock(mono=(0.32, 0.48, 0.20), contrast=0.25, grain=0.007),
    "sepia": Stock(mono=_PANCHROMATIC, tone=(1.07, 0.93, 0.74), contrast=0.1, grain=0.012, lift=0.025),
    "daguerreotype": Stock(
        mono=(0.10, 0.42, 0.48), tone=(1.02, 0.97, 0.90), contrast=0.3, lift=0.05, grain=0.020, vignette=0.5
    ),
    "high contrast": Stock(contrast=0.7, saturation=1.05, grain=0.008),
    "cinematic": Stock(
        saturation=0.93, shadows=(-0.016, 0.006, 0.022), lights=(0.016, 0.004, -0.016), contrast=0.16, grain=0.009,
        vignette=0.26,
    ),
    "vintage": Stock(
        saturation=0.80, balance=(1.06, 1.0, 0.86), lift=0.05, shadows=(0.030, 0.012, 0.0), contrast=-0.05, grain=0.018,
        grain_size=0.9, vignette=0.32,
    ),
    "faded": Stock(saturation=0.70, lift=0.085, contrast=-0.20, balance=(1.02, 1.0, 0.97), grain=0.008),
    "cross processed": Stock(saturation=1.22, cross=1.0, contrast=0.28, grain=0.012),
    "bleach bypass": Stock(saturation=0.52, contrast=0.5, grain=0.014),
    "warm film": Stock(
        saturation=0.95, balance=(1.04, 1.0, 0.92), shadows=(0.020, 0.014, 0.016), grain=0.010
    ),
    "infrared": Stock(mono=(0.86, 0.30, -0.16), contrast=0.3, halation=0.9, halo=(1, 1, 1), grain=0.022, exposure=0.2),
}  # fmt: skip
"""Every film; what is not here is "natural"."""


def printed(light: Floats, film: Film, seed: int) -> Floats:
    """Scene light (H, W, 3), skin rightly exposed, as a picture of values 0 to 1 for a screen."""
    stock = STOCKS.get(film.stock, STOCKS["natural"])
    height = light.shape[0]
    light = light * F(2**stock.exposure) * np.array(stock.balance, np.float32) * _warmth(film.warmth)
    light = _vignetted(_haloed(light, stock, height), stock.vignette if film.vignette is None else film.vignette)
    if stock.mono is not None:
        light = np.maximum(light @ np.array(stock.mono, np.float32), 0)[..., None].repeat(3, -1)
    seen = _graded(_screened(_curved(light * _WHITE_POINT)), stock, film)
    return np.clip(_grained(seen, stock, film, seed), 0, 1)


def _warmth(share: float) -> Floats:
    """−1 cold to 1 warm, brightness kept."""
    return np.array((1 + 0.16 * share, 1.0, 1 - 0.20 * share), np.float32)


def _haloed(light: Floats, stock: Stock, height: int) -> Floats:
    from scipy.ndimage import gaussian_filter

    if stock.halation <= 0:
        return light
    bright = np.clip(light - F(0.9), 0, 4)
    step = 4 if min(light.shape[:2]) >= 128 else 1
    small = _halved(bright, step)
    glow = np.stack([gaussian_filter(small[..., c], height * 0.009 / step) for c in range(3)], -1)
    glow = glow.repeat(step, 0).repeat(step, 1)[: light.shape[0], : light.shape[1]] if step > 1 else glow
    if step > 1:
        padded = np.zeros_like(light)
        padded[: glow.shape[0], : glow.shape[1]] = glow
        glow = np.stack([gaussian_filter(padded[..., c], step * 0.8) for c in range(3)], -1)
    return np.asarray(light + glow * np.array(stock.halo, np.float32) * F(stock.halation), np.float32)


def _halved(picture: Floats, step: int) -> Floats:
    if step == 1:
        return picture
    height, width = (side // step * step for side in picture.shape[:2])
    return np.asarray(picture[:height, :width].reshape(height // step, step, width // step, step, 3).mean((1, 3)))


def _vignetted(light: Floats, strength: float) -> Floats:
    height, width = light.shape[:2]
    y = (np.arange(height, dtype=np.float32) / height - F(0.5))[:, None] / F(0.75)
    x = (np.arange(width, dtype=np.float32) / width - F(0.5))[None] / F(0.75)
    return light * (1 - F(strength) * np.clip(x * x + y * y, 0, 1))[..., None]


def _shoulder(x: Floats) -> Floats:
    """Narkowicz's fit of the ACES curve: toe, straight line, shoulder."""
    return np.clip((x * (F(2.51) * x + F(0.03))) / (x * (F(2.43) * x + F(0.59)) + F(0.14)), 0, 1)


def _curved(light: Floats) -> Floats:
    """The curve a colour, mixed with the curve of brightness alone, which keeps hues where light is strong."""
    bright = light @ LUMA
    kept = light / np.maximum(bright, F(1e-4))[..., None] * _shoulder(bright)[..., None]
    return np.clip(F(0.65) * _shoulder(light) + F(0.35) * np.clip(kept, 0, 1), 0, 1)


def _screened(linear: Floats) -> Floats:
    """sRGB's curve."""
    low = linear * F(12.92)
    return np.where(linear < 0.0031308, low, F(1.055) * np.power(np.maximum(linear, F(1e-6)), F(1 / 2.4)) - F(0.055))


def _graded(seen: Floats, stock: Stock, film: Film) -> Floats:
    grey = (seen @ LUMA)[..., None]
    if stock.mono is None:
        seen = grey + (seen - grey) * F(max(stock.saturation * (1 + film.saturation), 0))
    seen = seen + np.array(stock.shadows, np.float32) * (1 - grey) ** 2 + np.array(stock.lights, np.float32) * grey
    if stock.cross:
        seen = seen + F(0.045 * stock.cross) * np.sin(2 * np.pi * seen) * np.array((-1.0, -0.6, 1.2), np.float32)
    contrast = stock.contrast + film.contrast
    seen = seen - F(0.14 * contrast) * np.sin(2 * np.pi * np.clip(seen, 0, 1))
    seen = seen * np.array(stock.tone, np.float32)
    return np.asarray(F(stock.lift) + seen * F(1 - stock.lift * 1.2), np.float32)


def _grained(seen: Floats, stock: Stock, film: Film, seed: int) -> Floats:
    from scipy.ndimage import gaussian_filter

    amount = stock.grain if film.grain is None else film.grain * 0.04
    if amount <= 0:
        return seen
    height, width = seen.shape[:2]
    size = max(stock.grain_size * height / 768, 0.35)
    random = np.random.default_rng((seed & 0xFFFFFFFF, 77))
    white = random.normal(size=(height, width, 4)).astype(np.float32)
    noise = gaussian_filter(white, (size, size, 0))
    noise /= max(float(noise.std()), 1e-6)
    colour = 0.0 if stock.mono is not None else stock.coloured_grain
    mixed = noise[..., :1] + F(colour) * noise[..., 1:]
    grey = (np.clip(seen, 0, 1) @ LUMA)[..., None]
    return np.asarray(seen + F(amount) * mixed * (F(0.35) + F(0.65) * (1 - np.abs(2 * grey - 1))), np.float32)
