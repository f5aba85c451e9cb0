"""Pictures that are looked up by place: bilinear, v goes up."""

from __future__ import annotations

import numpy as np

from engine.renderer.tracing.vectors import F, Floats


def texel(picture: Floats, uv: Floats) -> Floats:
    """Colours (C, N) of a picture (H, W, C) at (2, N) coordinates, held at its edges."""
    height, width, channels = picture.shape
    x = np.clip(np.clip(uv[0], 0, 1) * F(width) - F(0.5), 0, F(width - 1.001))
    y = np.clip((1 - np.clip(uv[1], 0, 1)) * F(height) - F(0.5), 0, F(height - 1.001))
    column, row = x.astype(np.int32), y.astype(np.int32)
    right, down = (x - column)[:, None], (y - row)[:, None]
    flat = picture.reshape(-1, channels)
    at = row * width + column
    upper = flat[at] * (1 - right) + flat[at + 1] * right
    lower = flat[at + width] * (1 - right) + flat[at + width + 1] * right
    return np.ascontiguousarray((upper * (1 - down) + lower * down).T)


def tiled(picture: Floats, uv: Floats) -> Floats:
    """Colours (C, N) of a picture that repeats, without smoothing."""
    height, width, channels = picture.shape
    column = (uv[0] * F(width)).astype(np.int32) % width
    row = ((1 - uv[1]) * F(height)).astype(np.int32) % height
    return np.ascontiguousarray(picture.reshape(-1, channels)[row * width + column].T)
