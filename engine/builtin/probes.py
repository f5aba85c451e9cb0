"""Measures what a portrait shows, from its pixels alone: light side, colours, tone, place, framing.

Each probe is a linear classifier on colours of regions around the face. It is fitted on renders of people
that training saw and validated on renders of people it did not; it never looks at the model's own workings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]

PROBED = ("light_side", "clothes_colour", "hair_colour", "skin", "place", "framing")
BINS = 5
STRENGTH = {"skin": 3e-4}
"""The penalty of a probe's weights where the usual one is too strong."""


def features(picture: Image.Image, face: Box) -> dict[str, Array]:
    """For each probe, what it looks at. `face` is left, top, right, bottom as fractions of the picture."""
    pixels = np.asarray(picture.convert("RGB"), float) / 255
    left, top, right, bottom = face
    wide, tall, middle = right - left, bottom - top, (left + right) / 2
    torso = _crop(pixels, middle - wide, bottom + 0.30 * tall, middle + wide, 1.0)
    crown = _crop(pixels, middle - 0.36 * wide, top - 0.56 * tall, middle + 0.36 * wide, top + 0.02 * tall)
    brow_line = _crop(pixels, middle - 0.45 * wide, top - 0.15 * tall, middle + 0.45 * wide, top + 0.10 * tall)
    beside = [
        _crop(pixels, left - 0.15 * wide, top - 0.1 * tall, left + 0.05 * wide, top + 0.45 * tall),
        _crop(pixels, right - 0.05 * wide, top - 0.1 * tall, right + 0.15 * wide, top + 0.45 * tall),
    ]
    skin = _crop(pixels, left + 0.15 * wide, top + 0.15 * tall, right - 0.15 * wide, bottom - 0.1 * tall)
    grid = _grid(skin, 6, 6)
    grey = grid.mean(-1)
    sides = [_crop(pixels, 0, 0, 0.22, 0.62), _crop(pixels, 0.78, 0, 1, 0.62), _crop(pixels, 0, 0, 1, 0.12)]
    return {
        "light_side": np.concatenate([(np.log(grey + 0.02) - np.log(grey + 0.02).mean()).ravel()]),
        "clothes_colour": np.concatenate([_colours(torso), _grid(torso, 3, 4).ravel()]),
        "hair_colour": np.concatenate(
            [
                *(_hues(part) for part in (crown, brow_line, np.concatenate([_flat(b) for b in beside]))),
                _hair(crown, beside, skin),
            ]
        ),
        "skin": np.concatenate([_colours(skin), _grid(skin, 3, 3).ravel(), _tones(skin, 4, 4).ravel()]),
        "place": np.concatenate([_colours(side) for side in sides] + [_grid(side, 6, 3).ravel() for side in sides]),
        "framing": np.array([tall, wide, tall * picture.height / picture.width, top, bottom]),
    }


def _crop(pixels: Array, left: float, top: float, right: float, bottom: float) -> Array:
    height, width = pixels.shape[:2]
    x0, x1 = int(np.clip(left * width, 0, width - 2)), int(np.clip(right * width, 2, width))
    y0, y1 = int(np.clip(top * height, 0, height - 2)), int(np.clip(bottom * height, 2, height))
    return pixels[y0 : max(y1, y0 + 2), x0 : max(x1, x0 + 2)]


def _flat(pixels: Array) -> Array:
    return pixels.reshape(-1, 3)


def _grid(pixels: Array, rows: int, columns: int) -> Array:
    """Mean colours of a grid of cells, (rows, columns, 3)."""
    image = Image.fromarray((pixels * 255).astype(np.uint8))
    return np.asarray(image.resize((columns, rows), Image.Resampling.BOX), float) / 255


def _colours(pixels: Array) -> Array:
    """Square roots of the shares of BINS³ colours, with the median colour."""
    flat = _flat(pixels)
    cell = np.minimum((flat * BINS).astype(int), BINS - 1)
    counts = np.bincount(cell @ (BINS * BINS, BINS, 1), minlength=BINS**3)
    return np.concatenate([np.sqrt(counts / len(flat)), np.median(flat, 0)])


def _hues(pixels: Array) -> Array:
    """Square roots of the shares of lightness and of two opponent colours, each in ten steps."""
    flat = _flat(pixels)
    red, green, blue = flat.T
    light = (red + green + blue) / 3
    axes = (light, 0.5 + (red - green) / (light + 0.1) / 2, 0.5 + (green - blue) / (light + 0.1) / 2)
    cells = [np.minimum((np.clip(axis, 0, 0.999) * 10).astype(int), 9) for axis in axes]
    single = [np.bincount(cell, minlength=10) for cell in cells]
    joint = np.bincount(cells[0] // 2 * 25 + cells[1] // 2 * 5 + cells[2] // 2, minlength=125)
    return np.sqrt(np.concatenate([*single, joint]) / len(flat))


def _tones(pixels: Array, rows: int, columns: int) -> Array:
    """Logarithms of a grid's lightness, and of red over green and green over blue, (rows, columns, 3)."""
    logs = np.log(_grid(pixels, rows, columns) + 0.03)
    return np.stack([logs.mean(-1), logs[..., 0] - logs[..., 1], logs[..., 1] - logs[..., 2]], -1)


def _hair(crown: Array, beside: list[Array], skin: Array) -> Array:
    """Tones above and beside the face, against the skin's: hair is told by how it differs from what is lit alike."""
    lit = _tones(skin, 1, 1)
    above = _tones(crown, 6, 3)
    parts = [above, above - lit, *(_tones(part, 2, 1) - lit for part in beside), lit]
    return np.concatenate([part.ravel() for part in parts])


@dataclass(frozen=True)
class Probe:
    """A fitted linear classifier of one slot."""

    classes: tuple[str, ...]
    mean: Array
    scale: Array
    weights: Array

    def __call__(self, seen: Array) -> str:
        """The class that the features look most like."""
        scores = np.append((seen - self.mean) / self.scale, 1.0) @ self.weights
        return self.classes[int(scores.argmax())]


def fit(seen: Array, labels: list[str], strength: float = 1e-3, rounds: int = 600) -> Probe:
    """Softmax regression with Nesterov's momentum; `seen` is (N, D), `strength` its quadratic penalty."""
    classes = tuple(sorted(set(labels)))
    mean, scale = seen.mean(0), seen.std(0) + 0.02
    inputs = np.hstack([(seen - mean) / scale, np.ones((len(seen), 1))])
    wanted = np.eye(len(classes))[[classes.index(label) for label in labels]]
    weights = np.zeros((inputs.shape[1], len(classes)))
    before = weights
    rate = 4.0 / np.linalg.norm(inputs, 2) ** 2 * len(seen)
    for turn in range(rounds):
        ahead = weights + turn / (turn + 3) * (weights - before)
        scores = inputs @ ahead
        chances = np.exp(scores - scores.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        slope = inputs.T @ (chances - wanted) / len(seen) + strength * ahead
        before, weights = weights, ahead - rate * slope
    return Probe(classes, mean, scale, weights)
