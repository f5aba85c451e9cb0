"""Portraits spoiled on purpose, each in one known way, and changed in ways that a judge should not mind.

Everything takes and gives pictures (H, W, 3) of sRGB bytes; `unit` is the distance between the eyes in pixels.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter, map_coordinates

from engine.review.colour_names import linear, of_opponent, opponent
from engine.review.face_frame import FaceFrame, Picture
from engine.review.mesh_points import EyeFound

Weights = npt.NDArray[np.float64]
Source = Callable[[Weights, Weights], tuple[Weights, Weights]]

_SOFT: Final = 0.03
"""How far a blurred picture is blurred, in units of the face: two millimetres."""
_SMOOTH: Final = 0.05
_WIDE: Final = 0.25
_SKIN: Final = ((-0.47, 0.58, 0.36), (0.47, 0.58, 0.36), (0.0, -0.58, 0.42), (0.0, 0.3, 0.22), (0.0, 1.75, 0.25))


def blurred(picture: Picture, unit: float) -> Picture:
    """As by a lens that is out of focus."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(_SOFT * unit)))


def plastic(frame: FaceFrame) -> Picture:
    """Skin without its texture: what is finer than three millimetres is gone from cheeks, forehead, nose and chin."""
    weight = _skin_weight(frame)[..., None]
    smooth = np.stack(
        [gaussian_filter(frame.picture[..., one].astype(float), _SMOOTH * frame.unit) for one in range(3)], -1
    )
    return _bytes(weight * smooth + (1 - weight) * frame.picture)


def evenly_coloured(frame: FaceFrame) -> Picture:
    """Skin of one hue: its lightness is as it was, its redness and yellowness follow what lies 16 millimetres round."""
    weight = _skin_weight(frame)
    lab = opponent(linear(frame.picture))
    lightness = np.maximum(lab[..., :1], 0.1)
    own, near = lab[..., 1:] / lightness, _smooth(weight, _WIDE * frame.unit) + 1e-3
    flat = [_smooth(own[..., one] * weight, _WIDE * frame.unit) / near for one in range(2)]
    shown = 255 * _shown(of_opponent(np.concatenate([lab[..., :1], np.stack(flat, -1) * lightness], -1)))
    return _bytes(weight[..., None] * shown + (1 - weight[..., None]) * frame.picture)


def _smooth(values: Weights, sigma: float) -> Weights:
    """A wide Gaussian, of a smaller picture: quick, and the same but for what is finer than a quarter of it."""
    small = Image.fromarray(values.astype(np.float32)).reduce(max(1, int(sigma / 4)))
    wide = gaussian_filter(np.asarray(small), sigma * small.width / values.shape[1])
    return np.asarray(Image.fromarray(wide).resize(values.shape[::-1], Image.Resampling.BILINEAR), float)


def _shown(light: Weights) -> Weights:
    """Linear light as it is encoded, 0 to 1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _skin_weight(frame: FaceFrame) -> Weights:
    weight = np.max([frame.disk(*place) for place in _SKIN], axis=0).astype(float)
    return np.asarray(gaussian_filter(weight, 0.04 * frame.unit))


def grainy(picture: Picture, seed: int, strength: float = 4.0) -> Picture:
    """Grain of so many levels of 255."""
    noise = np.random.default_rng(seed).normal(0, strength, picture.shape[:2])[..., None]
    return _bytes(picture + noise)


def mirrored(picture: Picture) -> Picture:
    """Left is right: the light comes from the other side."""
    return np.ascontiguousarray(picture[:, ::-1])


def two_lights(frame: FaceFrame) -> Picture:
    """The face lit from the other side than all the rest: it is put back mirrored."""
    u = frame.u - 0.42 * frame.aside
    inside = ((u / 0.95) ** 2 + ((frame.v - 0.45) / 1.2) ** 2 <= 1).astype(float)
    weight = gaussian_filter(inside, 0.08 * frame.unit)[..., None]
    y, x = np.mgrid[0 : frame.size[1], 0 : frame.size[0]].astype(float)
    across = frame.across / np.hypot(*frame.across)
    axis = frame.middle + 0.42 * frame.aside * frame.across
    far = 2 * ((x - axis[0]) * across[0] + (y - axis[1]) * across[1])
    other = _moved(frame.picture, x - far * across[0], y - far * across[1])
    return _bytes(weight * other + (1 - weight) * frame.picture)


def mismatched(picture: Picture, eye: EyeFound) -> Picture:
    """One iris mirrored, so that its catchlight is on the other side than the other eye's."""
    return _in_iris(picture, eye, lambda x, y: (2 * eye.iris[0] - x, y))


def cross_eyed(picture: Picture, eyes: tuple[EyeFound, EyeFound], share: float = 0.16) -> Picture:
    """Both irises moved towards the nose by a share of the eye's width."""
    for eye in eyes:
        picture = _pulled(picture, eye, share * (eye.inner - eye.outer))
    return picture


def lopsided(frame: FaceFrame, eye: EyeFound, drop: float = 0.13) -> Picture:
    """One eye with its brow lower by a share of a unit."""
    y, x = np.mgrid[0 : frame.size[1], 0 : frame.size[0]].astype(float)
    middle = (eye.outer + eye.inner) / 2
    fall = np.exp(-((((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (0.42 * frame.unit) ** 2) ** 2))
    shift = drop * frame.down
    return _bytes(_moved(frame.picture, x - fall * shift[0], y - fall * shift[1]))


def two_faces(picture: Picture, other: Picture) -> Picture:
    """Two portraits side by side as one, of the first one's size."""
    size = picture.shape[1], picture.shape[0]
    wide = Image.new("RGB", (2 * size[0], size[1]))
    wide.paste(Image.fromarray(picture), (0, 0))
    wide.paste(Image.fromarray(other).resize(size), (size[0], 0))
    return np.asarray(wide)


def other_clothes(frame: FaceFrame) -> Picture:
    """What is below the neck in the colour across the circle of hues; grey, black and white stay as they are."""
    below = np.clip((frame.v - 2.3) / 0.2, 0, 1)[..., None]
    lab = opponent(linear(frame.picture))
    lab[..., 1:] *= 1 - 2 * below
    return _bytes(255 * _shown(of_opponent(lab)))


def nearer(frame: FaceFrame, picture: Picture, times: float) -> Picture:
    """The picture cut round the face so that it is so many times as large, in the picture's own size."""
    width, height = frame.size
    left, top = (share * side for share, side in zip(corner_of_nearer(frame, times), frame.size, strict=True))
    box = left, top, left + width / times, top + height / times
    return np.asarray(Image.fromarray(picture).resize(frame.size, Image.Resampling.LANCZOS, box=box))


def corner_of_nearer(frame: FaceFrame, times: float) -> tuple[float, float]:
    """Where that is cut: its left and its top, as shares of the picture's width and height."""
    kept = 1 / times
    left, top = frame.middle[0] / frame.size[0] - 0.5 * kept, frame.middle[1] / frame.size[1] - 0.42 * kept
    return float(np.clip(left, 0, 1 - kept)), float(np.clip(top, 0, 1 - kept))


def as_jpeg(picture: Picture, quality: int = 60) -> Picture:
    """Saved as JPEG and opened again."""
    raw = io.BytesIO()
    Image.fromarray(picture).save(raw, "JPEG", quality=quality)
    return np.asarray(Image.open(raw).convert("RGB"))


def resized(picture: Picture, factor: float) -> Picture:
    """The same in another size."""
    size = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def warmer(picture: Picture, stops: float) -> Picture:
    """In light that is redder by so many stops over blue."""
    gains = 2.0 ** np.array((stops / 2, 0.0, -stops / 2))
    return _bytes(255 * np.clip((picture / 255.0) ** 2.2 * gains, 0, 1) ** (1 / 2.2))


def _in_iris(picture: Picture, eye: EyeFound, source: Source) -> Picture:
    def change(part: Picture, x: Weights, y: Weights) -> Weights:
        weight = _iris_weight(eye, x, y)[..., None]
        return weight * _moved(picture, *source(x, y)) + (1 - weight) * part

    return _patched(picture, eye, change)


def _iris_weight(eye: EyeFound, x: Weights, y: Weights) -> Weights:
    away = np.hypot(x - eye.iris[0], y - eye.iris[1]) / eye.radius
    return np.asarray(np.clip((0.95 - away) / 0.12, 0, 1))


def _pulled(picture: Picture, eye: EyeFound, shift: Weights) -> Picture:
    """An iris moved within its eye, what is round it giving way."""
    middle = eye.iris + shift

    def change(part: Picture, x: Weights, y: Weights) -> Weights:
        give = np.clip(2.0 - np.hypot(x - middle[0], y - middle[1]) / eye.radius, 0, 1)
        return _moved(picture, x - give * shift[0], y - give * shift[1])

    return _patched(picture, eye, change)


def _patched(picture: Picture, eye: EyeFound, change: Callable[[Picture, Weights, Weights], Weights]) -> Picture:
    """The picture with what is round an eye changed."""
    reach = 4 * eye.radius
    left, top = (max(0, int(at - reach)) for at in eye.iris)
    right, bottom = (int(at + reach) + 1 for at in eye.iris)
    part = picture[top:bottom, left:right]
    y, x = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]].astype(float)
    changed = picture.copy()
    changed[top:bottom, left:right] = _bytes(change(part, x, y))
    return changed


def _moved(picture: Picture, x: Weights, y: Weights) -> Weights:
    """The picture at (x, y) for every pixel."""
    return np.stack(
        [map_coordinates(picture[..., one].astype(float), [y, x], order=1, mode="nearest") for one in range(3)], -1
    )


def _bytes(values: Weights) -> Picture:
    return np.asarray(np.clip(values + 0.5, 0, 255)).astype(np.uint8)
