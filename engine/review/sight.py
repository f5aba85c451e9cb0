"""What all measures look at: the picture, the faces in it, and the frame and the points of the largest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from PIL import Image

from engine.faces import identity
from engine.faces.identity import Face
from engine.review import mesh_points
from engine.review.face_frame import FaceFrame, Picture, framed
from engine.review.mesh_points import MeshFound

UNIT_PX: Final = 64
"""Pixels between the eyes at which skin, light and colours are measured: one is about a millimetre."""
MARGIN: Final = 0.35
"""Room made round a picture whose face fills it, as a share of its width: dlib looks for whole heads."""


@dataclass(frozen=True)
class Sight:
    """A picture (H, W, 3) and the faces in it, the largest first; faces and `frame` are None without dlib."""

    picture: Picture
    faces: tuple[Face, ...] | None

    @cached_property
    def frame(self) -> FaceFrame | None:
        """Of the largest face."""
        if not self.faces:
            return None
        height, width = self.picture.shape[:2]
        return framed(self.picture, np.array(self.faces[0].points) * (width, height))

    @cached_property
    def near(self) -> FaceFrame | None:
        """The same at `UNIT_PX`."""
        return None if self.frame is None else self.frame.scaled(UNIT_PX)

    @cached_property
    def mesh(self) -> MeshFound | None:
        """The largest face's points; None without the extra, and where none are found."""
        return None if self.frame is None or mesh_points.missing() else mesh_points.mesh(self.frame)


def seen(picture: Picture) -> Sight:
    """Looks for faces. It blocks; dlib keeps the interpreter meanwhile."""
    if identity.missing():
        return Sight(picture, None)
    found = identity.looked(Image.fromarray(picture), thorough=True)
    return Sight(picture, found or _with_room(picture))


def _with_room(picture: Picture) -> tuple[Face, ...]:
    """Faces that fill the picture, found with room round it."""
    from dataclasses import replace

    height, width = picture.shape[:2]
    room = round(MARGIN * width)
    padded = np.pad(picture, ((room, room), (room, room), (0, 0)), mode="edge")
    tall, wide = padded.shape[:2]

    def back(x: float, y: float) -> tuple[float, float]:
        return (x * wide - room) / width, (y * tall - room) / height

    found = identity.looked(Image.fromarray(padded))
    return tuple(
        replace(
            each,
            box=(*back(each.box[0], each.box[1]), *back(each.box[2], each.box[3])),
            points=tuple(back(x, y) for x, y in each.points),
        )
        for each in found
    )
