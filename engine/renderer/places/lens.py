"""What the lens makes of layers: each is blurred by a disk as large as its distance asks for, the far ones first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.renderer.camera import Optics
from engine.renderer.places.canvas import Canvas, Layer
from engine.renderer.tracing.vectors import F, Floats

_WIDER = 1.9
"""Times the true angle of view: a real place so near would be one patch of its wall."""
_FARTHEST = 300.0
_SHARPEST = 130.0
"""The least blur's radius is the picture's height by this: no set is as fine as a place."""


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


def view(lens: Lens, size: tuple[int, int], turn: float, pitch: float, seed: int, time: str) -> Canvas:
    """A canvas of what the camera sees; `turn` and `pitch` in degrees."""
    width, height = size
    half = np.tan(lens.tall / 2)
    pixel = 2 * half / height
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


def seen(layers: Sequence[Layer], lens: Lens, rows: int) -> Floats:
    """Layers from the farthest to the nearest as one picture (H, W, 3), blurred as a picture of `rows` would be."""
    picture = None
    for group in _groups(layers, lens, rows):
        paint, alpha = _flat(group)
        radius = max(lens.blur(group[0].away, rows), rows / _SHARPEST)
        if picture is None:
            picture = disk(paint, radius)
            continue
        both = disk(np.concatenate([paint, alpha[..., None]], -1), radius)
        picture = picture * (1 - np.clip(both[..., 3:], 0, 1)) + both[..., :3]
    return np.zeros((1, 1, 3), np.float32) if picture is None else np.maximum(picture, 0)


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
    """Each point of (H, W, C) spread over a disk of this radius in pixels, its rim a little brighter as lenses draw it."""
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
