"""What a finished portrait, or a picture that is to be a reference, looks like to a stranger: its faces.

Everything here blocks and belongs in a thread. Where dlib is missing nothing is measured, and that is said, not hidden.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from statistics import fmean
from typing import Final

from engine.faces import identity
from engine.faces.identity import Face
from engine.faces.likeness import COPIED, Scale, scale
from engine.sayings import worded

log = logging.getLogger(__name__)

SHARP: Final = 0.02
"""Faces and eyes below this are blurred: true renders have 0.27 in the median, and 0.015 blurred by 1.5 pixels."""
FRONTAL: Final = 0.3
"""A face is turned away when its nose is farther than this from the middle between the eyes."""
SMALL_PX: Final = 32
"""Faces narrower than this are too small to be told from others."""
MOST_COMPARED: Final = 5


@dataclass(frozen=True, slots=True)
class ExpectedFace:
    """A saved face that a portrait is to show: (embedding, pattern) of each of its reference pictures."""

    handle: str
    references: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Review:
    """What a portrait shows. `likenesses` are 0…100, one for each of the expected faces, in their order; None for one
    that was never measured. `copied` says that a face is all but its reference picture itself."""

    faces: int
    sharp: bool
    likenesses: tuple[float | None, ...]
    copied: bool

    @property
    def likeness(self) -> float | None:
        """Of the faces the least like."""
        return min((each for each in self.likenesses if each is not None), default=None)


def portrait(picture: bytes, expected: Sequence[ExpectedFace], *, photographic: bool = False) -> Review | None:
    """Judge a portrait against the faces that it was to show; None where faces cannot be looked for.

    `photographic` is whether what made it makes pictures like photographs: they have a scale of their own.
    """
    if identity.missing():
        return None
    try:
        found = identity.look(picture)
    except identity.LookFailed as error:
        log.warning("a portrait is not measured: the look for faces failed (%s)", error)
        return None
    likeness = partial(_likeness, scale(photographic=photographic))
    shown = _assigned(found, expected, likeness)
    likenesses = tuple(likeness(who, face) for who, face in zip(expected, shown, strict=True))
    of_people = [face for face in shown if face is not None] or list(found[:1])
    return Review(
        faces=len(found),
        sharp=bool(of_people) and all(min(face.sharpness, face.eyes) >= SHARP for face in of_people),
        likenesses=likenesses,
        copied=any(_is_copy(who, face) for who, face in zip(expected, shown, strict=True) if face is not None),
    )


def _assigned(
    found: Sequence[Face],
    expected: Sequence[ExpectedFace],
    likeness: Callable[[ExpectedFace, Face | None], float | None],
) -> list[Face | None]:
    """Which face is whose: the pairs that are the most alike together. Who is not there gets None."""
    faces: list[Face | None] = [*found[:MOST_COMPARED]]
    faces += [None] * max(0, len(expected) - len(faces))
    if not expected:
        return []

    def together(order: Sequence[Face | None]) -> float:
        return sum(likeness(who, face) or 0.0 for who, face in zip(expected, order, strict=True))

    orders = [list(order) for order in permutations(faces, len(expected))]
    return max(orders, key=together)


def _likeness(on: Scale, who: ExpectedFace, face: Face | None) -> float | None:
    if not who.references:
        return None
    if face is None:
        return 0.0
    return on(fmean(identity.distance(embedding, face.embedding) for embedding, _ in who.references))


def _is_copy(who: ExpectedFace, face: Face) -> bool:
    return any(identity.sameness(pattern, face.pattern) >= COPIED for _, pattern in who.references)


def unfit(face: Face) -> str:
    """What is wrong with a face as a reference and what to do, as a sentence; "" when it will do."""
    if face.width_px < SMALL_PX:
        return worded(
            "The face is only {width:.0f} pixels wide, and {needed} are needed. "
            "Send a larger picture, or one that is closer.",
            width=face.width_px,
            needed=SMALL_PX,
        )
    if face.sharpness < SHARP:
        return worded("The face is blurred. Send a sharper picture.")
    if abs(face.turn) > FRONTAL:
        return worded("The face is turned away. Send a picture that looks into the camera.")
    return ""
