"""A picture with the face that dlib finds in it, and where on it cheeks, hair and chest are: by its landmarks alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer.evaluation import detection
from engine.review import colour_names
from engine.review.face_frame import FaceFrame, Mask, Picture, Point, framed

_SHADES: Final = (0.045, 0.018, 0.018)
"""Steps of lightness and of both opponent colours within which hair has one shade."""
_COMMON: Final = 0.004
"""The share of the top of a head that a shade of hair has at least."""
_LEAST_TOP: Final = 200
"""Pixels of the top of the head that must be in the picture for its hair to be known."""
_FINER: Final = 1.6
"""Times as fine as the smoothest of the place the top of a head must be, for its hair to be told by that."""
_FARTHER: Final = 3
"""Times that shades of hair that was found are looked for beyond it."""
_SHRED: Final = 0.16
"""Half the width, in units, of a gap between locks that is too narrow to tell a place by."""
_CLEAR: Final = 0.2
"""How far the place begins from an arm, in units: a lens is not sharp there."""
_USUAL: Final = (
    (-1.15, 0.07), (-1.15, 0.35), (-1.10, 0.63), (-1.03, 0.91), (-0.91, 1.18), (-0.73, 1.45), (-0.54, 1.69),
    (-0.30, 1.83), (0.00, 1.88), (0.30, 1.83), (0.54, 1.69), (0.73, 1.45), (0.91, 1.18), (1.03, 0.91), (1.10, 0.63),
    (1.15, 0.35), (1.15, 0.07), (-0.94, -0.25), (-0.79, -0.36), (-0.60, -0.39), (-0.39, -0.37), (-0.22, -0.30),
    (0.22, -0.30), (0.39, -0.37), (0.60, -0.39), (0.79, -0.36), (0.94, -0.25), (0.00, -0.05), (0.00, 0.15),
    (0.00, 0.34), (0.00, 0.55), (-0.22, 0.67), (-0.12, 0.71), (0.00, 0.74), (0.12, 0.71), (0.22, 0.67),
    (-0.70, -0.01), (-0.58, -0.07), (-0.43, -0.07), (-0.30, 0.01), (-0.44, 0.05), (-0.59, 0.05), (0.30, 0.01),
    (0.43, -0.07), (0.58, -0.07), (0.70, -0.01), (0.59, 0.05), (0.44, 0.05), (-0.45, 1.12), (-0.31, 1.03),
    (-0.12, 0.99), (0.00, 1.02), (0.12, 0.99), (0.31, 1.03), (0.45, 1.12), (0.30, 1.26), (0.13, 1.33), (0.00, 1.34),
    (-0.13, 1.33), (-0.30, 1.26), (-0.38, 1.12), (-0.12, 1.10), (0.00, 1.10), (0.12, 1.10), (0.38, 1.12),
    (0.13, 1.17), (0.00, 1.18), (-0.13, 1.17),
)  # fmt: skip
"""The outline's points on a usual face, (u, v)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View(FaceFrame):
    """What probes look at: the frame of the picture's largest face, and what else the detector says."""

    faces: int
    embedding: bytes
    outline: Point
    """The usual 68 points (68, 2) in pixels: jaw 0 to 16, brows, nose 27 to 35, eyes 36 to 47, lips 48 to 67."""
    how: str = ""
    """Which detector found the face: see `detection`."""

    def background(self) -> Mask:
        """Where the place is seen (H, W): outside of a generous outline of head and shoulders, and of longer hair."""
        u, v = self.u * float(np.hypot(*self.across)) / self.unit, self.v
        head = ((u - self.aside * 0.2) / 1.75) ** 2 + ((v + 0.1) / 2.35) ** 2 < 1
        neck = (v > 0.8) & (np.abs(u - self.aside * 0.2) < 1.45)
        shoulders = (v > 1.75) & (np.abs(u) < np.minimum(2.0 + 2.6 * (v - 1.75), 4.5))
        outline = np.asarray(head | neck | shoulders) & ~self._beside(np.asarray(shoulders & ~head & ~neck))
        return _whole(~(outline | self._hair(head, ~outline)), round(_SHRED * self.unit))

    def _beside(self, shoulders: Mask) -> Mask:
        """What of a generous outline of shoulders and arms is the place (H, W): of no colour that is common amid the
        body or on the cheeks, and clear of all that is.
        """
        from scipy.ndimage import distance_transform_edt, uniform_filter

        u, v = np.abs(self.u) * float(np.hypot(*self.across)) / self.unit, self.v
        amid = shoulders & (u < np.minimum(1.0 + 1.6 * (v - 2.2), 2.6))
        if amid.sum() < _LEAST_TOP:
            return np.zeros_like(shoulders)
        lab = colour_names.opponent(uniform_filter(colour_names.linear(self.picture), (5, 5, 0)))
        shades = np.round(lab / _SHADES).astype(np.int64)
        cheeks = self.disk(-0.47, 0.62, 0.2) | self.disk(0.47, 0.62, 0.2)
        body = amid | (shoulders & (_common(shades, amid) | _common(shades, cheeks)))
        return np.asarray(shoulders & (distance_transform_edt(~body) > _CLEAR * self.unit))

    def _hair(self, head: Mask, place: Mask) -> Mask:
        """Afros and long hair beyond the outline (H, W): of the colours of the top of the head, as finely drawn as that
        is, and hanging together with it. A lens blurs places; where the top of the head is as smooth, none is told.
        """
        from scipy.ndimage import label, uniform_filter

        top, none = self.box(-0.6, -1.6, 0.6, -1.1), np.zeros_like(head)
        if top.sum() < _LEAST_TOP or not place.any():
            return none
        light = uniform_filter(colour_names.linear(self.picture), (5, 5, 0))  # without the film's grain
        lab = colour_names.opponent(light)
        fine = _fineness(lab[..., 0])
        strands, blurred = float(np.median(fine[top])), float(np.quantile(fine[place], 0.1))
        if strands < _FINER * blurred:
            return none
        shades = np.round(lab / _SHADES).astype(np.int64)
        drawn = (fine > np.sqrt(strands * blurred)) & self.box(-3.2, -3.4, 3.2, 5.0)
        hair = top
        for _ in range(_FARTHER):  # locks in other light than the top's hang together with what is known of it
            parts, _ = label((_common(shades, hair) & drawn) | head)
            ours = np.unique(parts[head])
            found = np.isin(parts, ours[ours > 0])
            hair = top | (found & ~head)
        return found


def _whole(place: Mask, radius: int) -> Mask:
    """The place (H, W) without shreds narrower than this, which are between locks of hair."""
    from scipy.ndimage import distance_transform_edt

    if radius < 1 or not place.any():
        return place
    around = np.pad(place, radius + 1, mode="edge")
    core = distance_transform_edt(around) > radius
    kept = distance_transform_edt(~core) <= radius if core.any() else core
    cut = slice(radius + 1, -radius - 1)
    return np.asarray(place & kept[cut, cut])


def _fineness(grey: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much of lightness (H, W) changes within some pixels, round each."""
    from scipy.ndimage import gaussian_filter, uniform_filter

    return np.sqrt(uniform_filter((grey - gaussian_filter(grey, 4)) ** 2, 15) + 1e-9)


def _common(shades: npt.NDArray[np.int64], where: Mask) -> Mask:
    """Pixels (H, W) whose shade (H, W, 3) is common in a part of the picture, or next to one that is."""
    low = shades.min((0, 1)) - 1
    table = np.zeros(shades.max((0, 1)) - low + 2)
    at = shades - low
    np.add.at(table, tuple(at[where].T), 1 / where.sum())
    near = np.zeros_like(table)
    for axis in range(3):
        near = np.maximum(near, np.maximum(np.roll(table, 1, axis), np.roll(table, -1, axis)))
    return np.asarray((np.maximum(table, near) > _COMMON)[tuple(np.moveaxis(at, -1, 0))])


def view(picture: Picture) -> View | None:
    """The picture's largest face; None where none is found."""
    found = detection.faces(picture)
    if not found:
        return None
    one = found[0]
    return seen_at(picture, one.points, len(found), one.embedding, one.how, one.outline)


def seen_at(
    picture: Picture, points: npt.ArrayLike, faces: int = 1, embedding: bytes = b"", how: str = "",
    outline: npt.ArrayLike | None = None,
) -> View:  # fmt: skip
    """A picture whose landmarks are known: (5, 2) pixels, two corners of one eye, of the other, base of the nose.

    Without its `outline` the face has an adult's usual one.
    """
    frame = framed(picture, points)
    usual = frame.middle + np.array(_USUAL) @ np.stack([frame.across, frame.down])
    drawn = usual if outline is None else np.asarray(outline, float)
    own = {each.name: getattr(frame, each.name) for each in fields(frame)}
    return View(**own, faces=faces, embedding=embedding, outline=drawn, how=how)
