"""The five measures and what was asked for, of one sight: readings turned into scores and sentences.

The limits of every score were chosen on the rendered portraits with odd numbers; docs/review.md says how they hold on
those with even ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from statistics import fmean, median
from types import MappingProxyType
from typing import Final

from engine.faces import identity
from engine.faces.likeness import ACCEPTED, Scale, scale
from engine.review import (
    asked_sentences,
    colour_asked,
    eye_contrast,
    face_light,
    mesh_points,
    skin_texture,
    written_words,
)
from engine.review.asked_words import AskedFor
from engine.review.face_frame import FRAMINGS, FaceFrame
from engine.review.judged_parts import TO_INSTALL, References, ReviewMeasure, ReviewPart, between, offered
from engine.review.mesh_points import MeshFound
from engine.review.sight import Sight
from engine.sayings import counted, worded

LEAST_UNIT_PX: Final = 45
"""Faces whose eyes are nearer together than this, in pixels, are too small for their skin and eyes to be judged."""
_TOO_SMALL: Final = worded("The face is too small in the picture for this.")
LIMITS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "skin texture": (0.20, 0.38),
        "pigmentation": (0.1, 0.3),
        "light side": (-0.15, 0.25),
        "frontal light": (-2.0, -0.9),
        "one light": (-0.5, -0.15),
        "warmth": (-0.6, 0.3),
        "eye sharpness": (0.2, 0.55),
        "catchlights": (-0.5, -0.2),
        "catchlight side": (-0.25, 0.1),
        "gaze": (-0.05, 0.04),
        "level eyes": (-0.09, -0.04),
        "clothes colour": (0.1, 0.4),
        "hair colour": (0.1, 0.4),
        "place": (0.40, 0.60),
        "framing": (-1.5, -1.0),
        "text": (0.5, 0.95),
        "aspect": (-0.12, -0.02),
    }
)
"""The value of each part that scores 0, and the one that scores 100."""


def measured(
    sight: Sight, asked: AskedFor, references: References = (), *, photographic: bool = False
) -> Iterator[ReviewMeasure]:
    """Every measure with the parts that tell good from bad; `references` are the embeddings of each character.

    `photographic` says on which scale of likeness: that of photographs, or of the studio's pictures.
    """
    for name, parts in every_part(sight, asked, references, photographic=photographic).items():
        yield ReviewMeasure(name, tuple(part for part in parts if offered(part)))


def every_part(
    sight: Sight,
    asked: AskedFor,
    references: References = (),
    only: Collection[str] = (),
    *,
    photographic: bool = False,
) -> dict[str, tuple[ReviewPart, ...]]:
    """Every part of every measure, or of `only` some; the ones that are not offered too, for the validation."""
    if sight.faces is None:
        return {}
    whole: dict[str, Callable[[], Iterable[ReviewPart]]] = {
        "skin": lambda: _skin(sight),
        "light": lambda: _light(sight, asked),
        "eyes": lambda: _eyes(sight, asked),
        "anatomy": lambda: (_faces(sight, asked), *_level(sight)),
        "same face": lambda: _likeness(sight, references, scale(photographic=photographic)),
        "asked for": lambda: _asked_for(sight, asked),
    }
    needs_face = {"skin", "light", "eyes", "asked for"} if sight.frame is None else set()
    return {
        name: tuple(made()) for name, made in whole.items() if name not in needs_face and (not only or name in only)
    }


def left_out(sight: Sight, asked: AskedFor) -> tuple[str, ...]:
    """What this machine cannot measure, as sentences, and what would help."""
    said = list[str]()
    if sight.faces is None:
        said += [worded("Nothing is measured: {why}.", why=identity.missing()), f"{TO_INSTALL} {identity.INSTALL}."]
    elif why := mesh_points.missing():
        said.append(worded("Catchlights and the look of the eyes are not measured: {why}.", why=why))
        said.append(f"{TO_INSTALL} {mesh_points.INSTALL}.")
    if asked.text and (why := written_words.missing()):
        said.append(worded("Words are not read: {why}.", why=why))
    return tuple(said)


def _skin(sight: Sight) -> Iterator[ReviewPart]:
    if _small(sight):
        yield ReviewPart("skin texture", None, _TOO_SMALL)
        return
    found = skin_texture.texture(_near(sight))
    if not found:
        yield ReviewPart("skin texture", None, worded("No bare skin is seen."))
        return
    yield _part(
        "skin texture", found["texture"], found,
        (30, worded("The skin has no texture: it is smoothed or blurred.")),
        (60, worded("The skin has little texture.")),
        (101, worded("The skin has the texture of skin.")),
    )  # fmt: skip
    if not colour_asked.colourless(_near(sight)):
        yield _part(
            "pigmentation", found["pigment"], {},
            (50, worded("The skin is of one even colour, like plastic or thick make-up.")),
            (101, worded("The skin's colour is uneven, as skin is.")),
        )  # fmt: skip


def _light(sight: Sight, asked: AskedFor) -> Iterator[ReviewPart]:
    near = _near(sight)
    stops = face_light.side_stops(near)
    if asked.side:
        toward = {"left": stops, "right": -stops}.get(asked.side)
        name, value = ("frontal light", -abs(stops)) if toward is None else ("light side", toward)
        yield _part(
            name, value, {"stops": stops},
            *asked_sentences.light_side(asked.side, stops),
        )  # fmt: skip
    agree = face_light.agreement(near)
    if agree is not None:
        yield _part(
            "one light", agree, {"face": stops, "agreement": agree},
            (50, worded("The face is lit from another side than neck, clothes and hair.")),
            (101, worded("One light explains face, neck, clothes and hair.")),
        )  # fmt: skip
    if asked.warmth:
        found = face_light.warmth(near)
        yield _part(
            "warmth", found if asked.warmth == "warm" else -found, {"stops": found},
            *asked_sentences.WARMTH[asked.warmth],
        )  # fmt: skip


def _eyes(sight: Sight, asked: AskedFor) -> Iterator[ReviewPart]:
    frame = sight.frame
    if frame is None or _small(sight):
        yield ReviewPart("eye sharpness", None, _TOO_SMALL)
        return
    found = eye_contrast.sharpness(frame)
    yield _part(
        "eye sharpness", found, {"fine share": found},
        (40, worded("The eyes are blurred.")),
        (70, worded("The eyes are a little soft.")),
        (101, worded("The eyes are sharp.")),
    )  # fmt: skip
    if sight.mesh is not None:
        yield from _irises(sight, sight.mesh, asked)


def _irises(sight: Sight, mesh: MeshFound, asked: AskedFor) -> Iterator[ReviewPart]:
    frame = sight.frame
    if frame is None or min(eye.radius for eye in mesh.eyes) < eye_contrast.LEAST_RADIUS_PX:
        yield ReviewPart("catchlights", None, _TOO_SMALL)
        return
    one, other = (eye_contrast.catchlight(frame, eye) for eye in mesh.eyes)
    apart = eye_contrast.apart(one, other)
    if apart is None:
        neither = worded("Neither eye has a catchlight, which shade and glasses may do.")
        single = worded("One eye alone has a catchlight, which shade and glasses may do.")
        yield ReviewPart("catchlights", None, neither if one is other else single)
    else:
        yield _part(
            "catchlights", -apart, {"apart": apart},
            (50, worded("The catchlights of the eyes do not match.")),
            (101, worded("The same lamp shines in both eyes.")),
        )  # fmt: skip
    if asked.side in ("left", "right") and one is not None and other is not None:
        x = (one.x + other.x) / 2
        yield _part(
            "catchlight side", x if asked.side == "right" else -x, {"x": x},
            *asked_sentences.CATCHLIGHT_SIDE[asked.side],
        )  # fmt: skip
    turned = eye_contrast.turned_in(frame, mesh)
    yield _part(
        "gaze", -turned, {"turned in": turned},
        (50, worded("The eyes are crossed.")), (101, worded("Both eyes look at one place.")),
    )  # fmt: skip


def _faces(sight: Sight, asked: AskedFor) -> ReviewPart:
    found = len(sight.faces or ())
    told = worded("No face is found.") if not found else counted(
        "{count} face is seen; asked for: {people}.", "{count} faces are seen; asked for: {people}.",
        found, people=asked.people,
    )  # fmt: skip
    return ReviewPart("face count", 100.0 if found == asked.people else 0.0, told, {"faces": float(found)})


def _level(sight: Sight) -> Iterator[ReviewPart]:
    if sight.frame is None or sight.mesh is None or _small(sight):
        return
    tilt = eye_contrast.tilt(sight.frame, sight.mesh)
    yield _part(
        "level eyes", -abs(tilt), {"tilt": tilt},
        (50, worded("Eyes, brows and mouth are not level with each other.")),
        (101, worded("Eyes, brows and mouth are level.")),
    )  # fmt: skip


def _likeness(sight: Sight, references: References, told: Scale) -> Iterator[ReviewPart]:
    if not any(references):
        return
    likes = [_like(sight, each, told) for each in references if each]
    is_theirs = min(likes) >= ACCEPTED
    sentence = worded("That is the saved face.") if is_theirs else worded("That is not the saved face.")
    yield ReviewPart("likeness", min(likes), sentence, {"median": median(likes), "worst": min(likes)})


def _like(sight: Sight, embeddings: Sequence[bytes], told: Scale) -> float:
    """Of the faces that are seen the most like."""
    return max(
        (told(fmean(identity.distance(one, face.embedding) for one in embeddings)) for face in sight.faces or ()),
        default=0.0,
    )


def _asked_for(sight: Sight, asked: AskedFor) -> Iterator[ReviewPart]:
    near = _near(sight)
    grey = colour_asked.colourless(near)
    looked: tuple[tuple[str, str, Callable[[FaceFrame], Mapping[str, float] | None]], ...] = (
        ("clothes colour", asked.clothes, colour_asked.clothes_shares),
        ("hair colour", asked.hair, colour_asked.hair_shares),
    )
    for name, wanted, shares_of in looked:
        if wanted:
            shares = None if grey else shares_of(near)
            yield _colour(name, wanted, shares, worded("The picture has no colours.") if grey else "")
    yield from _surroundings(sight, asked)
    if asked.text and not written_words.missing() and sight.frame is not None:
        yield _text(sight.frame, asked.text)


def _text(frame: FaceFrame, asked: str) -> ReviewPart:
    try:
        share, told = written_words.legibility(frame, asked)
    except written_words.NotRead as error:
        return ReviewPart("text", None, worded("Words could not be read: {why}.", why=str(error)))
    return _part(
        "text", share, {"read": told},
        (90, worded("“{words}” cannot be read.", words=asked)), (101, worded("“{words}” can be read.", words=asked)),
    )  # fmt: skip


def _surroundings(sight: Sight, asked: AskedFor) -> Iterator[ReviewPart]:
    near, frame = _near(sight), sight.frame
    light = colour_asked.place_lightness(near) if asked.place else None
    if light is not None:
        yield _part(
            "place", light if asked.place == "light" else 1 - light, {"lightness": light},
            *asked_sentences.PLACE[asked.place],
        )  # fmt: skip
    if asked.framing and frame is not None:
        low, high = FRAMINGS[asked.framing]
        share = colour_asked.face_share(frame)
        times = max(low / share, share / high, 1.0)
        yield _part(
            "framing", -times, {"face share": share},
            *asked_sentences.framing(asked.framing, share),
        )  # fmt: skip
    if asked.aspect:
        yield _aspect(sight, asked.aspect)


def _aspect(sight: Sight, aspect: str) -> ReviewPart:
    wide, tall = (float(side) for side in aspect.split(":"))
    off = abs(sight.picture.shape[1] / sight.picture.shape[0] * tall / wide - 1)
    return _part(
        "aspect", -off, {"off": off},
        (50, worded("The picture's shape is not {aspect}.", aspect=aspect)),
        (101, worded("The picture's shape is {aspect}.", aspect=aspect)),
    )  # fmt: skip


def _colour(name: str, wanted: str, shares: Mapping[str, float] | None, why: str) -> ReviewPart:
    if shares is None:
        return ReviewPart(name, None, why or asked_sentences.UNSEEN[name])
    share, most = shares[wanted], max(shares, key=lambda each: shares[each])
    score = between(share, *LIMITS[name])
    told = asked_sentences.colour(name, wanted, most, as_asked=score >= 50)
    return ReviewPart(name, score, told, {"value": share, "most": most})


def _part(name: str, value: float, read: Mapping[str, float | str], *sentences: tuple[float, str]) -> ReviewPart:
    """A part whose value its limits turn into a score, with the first sentence whose limit is above that."""
    score = between(value, *LIMITS[name])
    return ReviewPart(name, score, _first(score, sentences), {"value": value, **read})


def _first(score: float, sentences: Iterable[tuple[float, str]]) -> str:
    return next(sentence for limit, sentence in sentences if score < limit)


def _small(sight: Sight) -> bool:
    return sight.frame is None or sight.frame.unit < LEAST_UNIT_PX


def _near(sight: Sight) -> FaceFrame:
    near = sight.near
    assert near is not None  # noqa: S101  # whoever asks has seen a face
    return near
