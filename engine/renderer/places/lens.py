"""What the lens makes of layers: each is blurred by a disk as large as its distance asks for, the far ones first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.renderer.camera import Optics
from engine.renderer.places.canvas import Canvas, Layer, noise
from engine.renderer.tracing.vectors import F, Floats

_WIDER = 1.9
"""Times the true angle of view: a real place so near would be one patch of its wall."""
_FARTHEST = 300.0
_SHARPEST = 92.0
"""The least blur's radius is the picture's height by this: no set is as fine as a place."""
MARGIN = 1.34
"""How much larger than the picture a set is painted that is then seen at an angle."""
_NEAR = 12.0
"""Metres within which things throw soft shadows on what is behind them."""


@dataclass(frozen=True)
class Lens:
    """What of the optics a picture of a place depends on; may be a key of a cache."""

    height: float
    aperture: float
    focus: float
    focal_mm: float
    sensor_mm: float
    rise: float
    """Radians that the camera looks up."""

    @classmethod
    def of(cls, optics: Optics) -> Lens:
        """This camera's."""
        rise = float(np.arcsin(np.clip(optics.forward[2], -1, 1)))
        shown = (optics.height, optics.aperture, optics.focus, optics.focal_mm, optics.sensor_mm, rise)
        return cls(*(round(float(x), 5) for x in shown))

    @property
    def tall(self) -> float:
        """Radians of a place from the picture's lower to its upper edge."""
        return float(np.clip(2 * np.arctan(self.height / 2) * _WIDER, np.radians(34), np.radians(80)))

    def blur(self, away: float, rows: int) -> float:
        """Radius in pixels of the disk that a point this far behind the sitter becomes, in a picture of `rows`."""
        away = min(away, _FARTHEST)
        magnified = self.focal_mm / 1000 / max(self.focus - self.focal_mm / 1000, 0.05)
        circle_mm = 2 * self.aperture * 1000 * magnified * (away / (self.focus + away))
        return circle_mm / self.sensor_mm * rows / 2

    def coarse(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size to paint at: as fine as the blur leaves anything to be seen."""
        width, height = size
        parts = 3.0 if self.blur(4, height) > 20 else 2.0
        parts = min(parts, max(height / 128, 1.0))
        return max(round(width / parts), 8), max(round(height / parts), 8)


def view(
    lens: Lens, size: tuple[int, int], turn: float, pitch: float, seed: int, time: str, margin: float = 1.0
) -> Canvas:
    """A canvas of what the camera sees, and `margin` times as much; `turn` and `pitch` in degrees."""
    half = np.tan(lens.tall / 2)
    pixel = 2 * half / size[1]
    width, height = (round(side * margin) for side in size)
    x = (np.arange(width, dtype=np.float32) - F((width - 1) / 2)) * F(pixel) + F(np.radians(turn))
    y = F((height - 1) / 2) - np.arange(height, dtype=np.float32)
    rise = float(np.tan(np.radians(pitch) + lens.rise * 0.6))
    return Canvas(x.astype(np.float32), (y * F(pixel) + F(rise)).astype(np.float32), float(pixel), seed, time)


def around(turn: float, seed: int, time: str, rows: int = 64) -> Canvas:
    """A canvas of all directions, upside up, the middle column what the lens looks at."""
    columns = rows * 2
    u = ((np.arange(columns) + 0.5) / columns - 0.5) * 2 * np.pi + np.radians(turn)
    u = (u + np.pi) % (2 * np.pi) - np.pi
    up = (0.5 - (np.arange(rows) + 0.5) / rows) * np.pi
    return Canvas(u.astype(np.float32), np.tan(up).astype(np.float32), 2 * np.pi / columns, seed, time)


def seen(layers: Sequence[Layer], lens: Lens, size: tuple[int, int], slant: float = 0.0) -> Floats:
    """Layers from the farthest to the nearest as one picture (H, W, 3) of `size`, blurred as the lens does.

    `slant` is the tangent of the angle at which the set's walls are seen; then they are painted with a margin.
    """
    from scipy.ndimage import gaussian_filter

    rows, picture = size[1], np.zeros((1, 1, 3), np.float32)
    for number, group in enumerate(_groups(layers, lens, rows)):
        away, canvas = group[0].away, group[0].canvas
        sharp = np.concatenate([part if part.ndim == 3 else part[..., None] for part in _flat(group)], -1)
        sharp = _slanted(sharp, canvas, size, slant)
        sharp[..., :3] *= _worn(sharp.shape[:2], canvas, number)[..., None] if away < _FARTHEST else F(1)
        both = disk(sharp, max(lens.blur(away, rows), rows / (_SHARPEST if away > 0.5 else 2.2 * _SHARPEST)))
        if number == 0:
            picture = both[..., :3]
            continue
        if away < _NEAR:
            shadow = gaussian_filter(both[..., 3], rows * 0.028, mode="nearest")
            picture = picture * (1 - F(0.42) * shadow)[..., None]
        picture = picture * (1 - np.clip(both[..., 3:], 0, 1)) + both[..., :3]
    return np.maximum(picture, 0)


def _slanted(sharp: Floats, canvas: Canvas, size: tuple[int, int], slant: float) -> Floats:
    """What was painted straight on (H, W, 4) as it is seen when its walls run away to one side."""
    from scipy.ndimage import map_coordinates

    width, height = size
    if sharp.shape[:2] == (height, width):
        return sharp
    rows = len(sharp)
    middle = (float(canvas.u[0]) + float(canvas.u[-1])) / 2
    x = (np.arange(width, dtype=np.float32) - F((width - 1) / 2)) * F(canvas.pixel)
    far = 1 / (1 - x * F(slant))
    y = float(canvas.v[0]) - (np.arange(height, dtype=np.float32) + F((rows - height) / 2)) * F(canvas.pixel)
    across = (x * far + F(middle - float(canvas.u[0]))) / F(canvas.pixel)
    down = (F(canvas.v[0]) - y[:, None] * far[None]) / F(canvas.pixel)
    at = np.stack([down, np.broadcast_to(across, down.shape)])
    seen = [map_coordinates(sharp[..., k], at, order=1, mode="nearest", output=np.float32) for k in range(4)]
    return np.stack(seen, -1)


def _worn(shape: tuple[int, ...], canvas: Canvas, number: int) -> Floats:
    """Light and dirt as they are anywhere (H, W), about 1: broad pools of light, blotches, and a fine grain."""
    random = canvas.random(f"worn {number}")
    y, x = (np.arange(side, dtype=np.float32) / F(shape[0]) for side in shape)
    pools = noise(x[None] * F(1.7), y[:, None] * F(1.7), random, 2) - F(0.5)
    marks = noise(x[None] * F(11), y[:, None] * F(14), random, 2, 0.7) - F(0.5)
    return np.asarray(np.exp(F(0.95) * pools + F(0.09) * marks))


def flat(layers: Sequence[Layer]) -> Floats:
    """All layers, sharp."""
    return _flat(layers)[0]


def _groups(layers: Sequence[Layer], lens: Lens, rows: int) -> list[list[Layer]]:
    """Neighbours that the lens blurs alike."""
    groups: list[list[Layer]] = []
    for layer in layers:
        radius = lens.blur(layer.away, rows)
        if groups and abs(radius - lens.blur(groups[-1][0].away, rows)) < max(0.12 * radius, 0.4):
            groups[-1].append(layer)
        else:
            groups.append([layer])
    return groups


def _flat(layers: Sequence[Layer]) -> tuple[Floats, Floats]:
    paint, alpha = layers[0].paint, layers[0].alpha
    for layer in layers[1:]:
        kept = 1 - layer.alpha
        paint = paint * kept[..., None] + layer.paint
        alpha = alpha * kept + layer.alpha
    return paint, alpha


def disk(picture: Floats, radius: float) -> Floats:
    """Each point of (H, W, C) spread over a disk of this radius in pixels, its rim a little brighter."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    reach = max(int(np.ceil(radius)), 1)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    far = np.hypot(x, y)
    kernel = (np.clip(radius + 0.5 - far, 0, 1) * (0.88 + 0.24 * (far / max(radius, 1)) ** 4)).astype(np.float32)
    kernel /= kernel.sum()
    padded = np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    shape = [next_fast_len(side + 2 * reach, real=True) for side in padded.shape[:2]]
    height, width = picture.shape[:2]
    spectrum = rfft2(kernel, shape)[..., None]
    spread = irfft2(rfft2(padded, shape, axes=(0, 1)) * spectrum, shape, axes=(0, 1))
    return np.ascontiguousarray(spread[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width], np.float32)


def grown(picture: Floats, size: tuple[int, int]) -> Floats:
    """At its full size."""
    from PIL import Image

    if picture.shape[1::-1] == size:
        return picture
    bicubic = Image.Resampling.BICUBIC
    parts = [Image.fromarray(np.ascontiguousarray(picture[..., c])).resize(size, bicubic) for c in range(3)]
    return np.maximum(np.stack([np.asarray(part) for part in parts], -1), 0)
