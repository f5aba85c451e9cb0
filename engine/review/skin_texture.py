"""Skin: its fine texture, which blur and smoothing take away and grain does not replace, and its uneven colour."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.review.colour_names import brightness, linear, opponent
from engine.review.face_frame import FaceFrame, Mask

Grey = npt.NDArray[np.float64]

_PATCHES: Final = (
    (-0.47, 0.55, 0.17), (0.47, 0.55, 0.17), (-0.30, 0.40, 0.10), (0.30, 0.40, 0.10), (0.0, -0.55, 0.18),
    (-0.3, -0.55, 0.15), (0.3, -0.55, 0.15), (0.0, 0.25, 0.09), (0.0, 0.45, 0.10),
)  # fmt: skip
"""Cheeks, beneath the eyes, forehead, nose: (u, v, radius)."""
_FINE, _COARSE = 0.6, 1.6
"""Between these, in pixels of a frame of 64 a unit (one is a millimetre), lies what pores and lines make."""
_TILE: Final = 15
_SMOOTHEST: Final = 0.05
_ALIKE: Final = (0.6, 1.5)
"""Places as bright as the skin, by this much, say what the picture's grain is there."""
_LEAST_PIXELS: Final = 40
_MIDDLE: Final = 0.65
_TONED: Final = 0.3
"""Gloss shows more on dark skin: of pairs alike but for that, contrast falls with this power of lightness."""
_BRIGHT, _FLATTEST = 0.25, 0.65
"""Film and screen flatten what is brighter than 1 less the first of these, to the second where it is white."""


def texture(near: FaceFrame) -> dict[str, float]:
    """`texture` is the fine contrast of skin in per cent of lightness, with the picture's grain taken off; `raw` has it
    in, `grain` is what was taken off, `tone` is the skin's lightness. `pigment` is how uneven its colour is.
    """
    light = linear(near.picture)
    lightness = np.cbrt(brightness(light))
    fine = _band(lightness)
    places = [mask for place in _PATCHES if (mask := near.disk(*place)).sum() >= _LEAST_PIXELS]
    if not places:
        return {}
    parts = [(float(np.median(lightness[mask])), _spread(fine[mask])) for mask in places]
    tone = float(np.median([level for level, _ in parts]))
    grain = _grain(lightness, fine, tone)
    own = [_weight(level) * np.sqrt(max(spread**2 - grain**2, 0.0)) for level, spread in parts]
    raw = float(np.median([_weight(level) * spread for level, spread in parts]))
    return {
        "texture": 100 * float(np.median(own)), "raw": 100 * raw, "grain": 100 * grain, "tone": tone,
        "pigment": tone / _MIDDLE * _pigment(light, places),
    }  # fmt: skip


def _weight(level: float) -> float:
    """By how much contrast counts more on skin of this lightness, which may be its own or the light's."""
    return float((level / _MIDDLE) ** _TONED / np.clip((1 - level) / _BRIGHT, _FLATTEST, 1))


def _band(lightness: Grey) -> Grey:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(lightness, _FINE) - gaussian_filter(lightness, _COARSE))


def _spread(values: Grey) -> float:
    """Like a standard deviation, of the middle of the values: an edge or a lock of hair hardly counts."""
    return float(np.median(np.abs(values - np.median(values))) * 1.4826)


def _grain(lightness: Grey, fine: Grey, tone: float) -> float:
    """The fine contrast of the smoothest parts of the picture that are about as bright as the skin."""
    rows, columns = (side // _TILE for side in lightness.shape)
    if rows < 2 or columns < 2:
        return 0.0

    def tiles(values: Grey) -> Grey:
        cut = values[: rows * _TILE, : columns * _TILE].reshape(rows, _TILE, columns, _TILE)
        return np.asarray(cut.transpose(0, 2, 1, 3).reshape(rows * columns, -1))

    level = np.median(tiles(lightness), axis=1)
    own = tiles(fine)
    spread = np.median(np.abs(own - np.median(own, axis=1, keepdims=True)), axis=1) * 1.4826
    alike = (level > _ALIKE[0] * tone) & (level < _ALIKE[1] * tone)
    return float(np.quantile(spread[alike], _SMOOTHEST)) if alike.any() else 0.0


def _pigment(light: npt.NDArray[np.float64], places: list[Mask]) -> float:
    """How far red and yellow differ within patches of skin, light and shade taken off; in per cent."""
    from scipy.ndimage import gaussian_filter

    lab = opponent(np.stack([gaussian_filter(light[..., one], 1.5) for one in range(3)], -1))
    own = lab[..., 1:] / np.maximum(lab[..., :1], 0.1)
    return 100 * float(np.median([np.hypot(*own[mask].std(0)) for mask in places]))
