"""Colours of a person as a picture shows them: skin, hair, iris, beard, and how the hair is worn.

A picture's light is not known: it is taken to be as grey as the whole picture is, half-way, and its skin to be exposed
as photographs are. What is found is drawn towards what is usual of such a person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import faces
from engine.renderer.scene import RGB, Beard, Hair, Person, Skin

Numbers = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_LUMA: Final = np.array((0.2126, 0.7152, 0.0722))
_NOT_SKIN: Final = 0.55
"""What differs as much from the cheeks is not skin."""
_LIKE_HAIR: Final = 0.5
_TRUST: Final = 0.6
"""How much of the skin's tone is the picture's; the rest is that of the person's ancestry."""
_SHOWN: Final = 0.95
"""Of the light that skin sends back, how much a photograph shows of it."""


def coloured(person: Person, picture: Picture, points: Numbers) -> Person:
    """The person in the colours of a picture whose 68 points (pixels) are given."""
    face = _Face(picture, points)
    cheek = face.median(_CHEEKS)
    tone = _tone(person, cheek)
    hair = _hair(person, face, cheek)
    beard = _beard(person, face, cheek, hair)
    return replace(
        person, skin=replace(Skin(pores=person.skin.pores), tone=tone), hair=hair, beard=beard,
        iris=_iris(person, face), glasses="",
    )  # fmt: skip


class _Face:
    """A picture in linear light, balanced, and boxes on it in distances between the eyes, from their middle."""

    def __init__(self, picture: Picture, points: Numbers) -> None:
        stored = picture.astype(float) / 255
        self.light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
        cast = self.light.reshape(-1, 3).mean(0)
        self.light = self.light / np.sqrt(np.maximum(cast / (cast @ _LUMA), 0.2))
        left, right = points[36:42].mean(0), points[42:48].mean(0)
        self.middle, self.across = (left + right) / 2, right - left
        self.points = points

    def box(self, x: float, y: float, half: float) -> Numbers:
        """The pixels (N, 3) of a square; y counts down the face."""
        down = np.array((-self.across[1], self.across[0]))
        centre = self.middle + x * self.across + y * down
        reach = max(1.0, half * float(np.hypot(*self.across)))
        low, high = np.floor(centre - reach).astype(int), np.ceil(centre + reach).astype(int) + 1
        height, width = self.light.shape[:2]
        cut = self.light[max(0, low[1]) : min(height, high[1]), max(0, low[0]) : min(width, high[0])]
        return np.asarray(cut.reshape(-1, 3))

    def between(self, one: int, other: int) -> Numbers:
        """The median colour half-way between two of the 68 points."""
        x, y = (self.points[one] + self.points[other]) / 2 - self.middle
        apart = float(self.across @ self.across)
        along = (x * self.across[0] + y * self.across[1]) / apart
        down = (y * self.across[0] - x * self.across[1]) / apart
        return self.median(((along, down, 0.07),))

    def median(self, boxes: tuple[tuple[float, float, float], ...]) -> Numbers:
        """The median colour of several boxes, as far as they are in the picture; grey where none is."""
        found = np.concatenate([self.box(*each) for each in boxes])
        return np.asarray(np.median(found, 0)) if len(found) else np.full(3, 0.2)


def toned(person: Person, wanted: Numbers, shown: Numbers) -> Person:
    """The person with a skin that looks in a draft more like it does in the picture, by both pictures' cheeks."""
    change = np.clip(wanted / np.maximum(shown, 0.01), 0.4, 2.5) ** _TRUST
    tone = np.clip(np.array(person.skin.tone) * change, 0.02, 0.72)
    return replace(person, skin=replace(person.skin, tone=_rounded(tone)))


def cheeks(picture: Picture, points: Numbers) -> Numbers:
    """The colour of the cheeks of a picture whose 68 points (pixels) are given, in balanced linear light."""
    return _Face(picture, points).median(_CHEEKS)


def _rounded(tone: Numbers) -> RGB:
    return (round(float(tone[0]), 4), round(float(tone[1]), 4), round(float(tone[2]), 4))


_CHEEKS: Final = ((-0.55, 0.62, 0.10), (0.55, 0.62, 0.10))
_CROWNS: Final = tuple(
    tuple((x, up - 0.1 * (x == 0), 0.09) for x in (-0.30, 0.0, 0.30)) for up in (-1.15, -1.35, -1.55)
)
"""Above the forehead, which is higher in some."""
_BESIDE_CHIN: Final = tuple((x, y, 0.10) for x in (-1.45, -1.15, 1.15, 1.45) for y in (1.0, 1.30))
_BEHIND: Final = ((-1.5, -1.9, 0.15), (1.5, -1.9, 0.15))
_AROUND_MOUTH: Final = ((33, 51), (57, 8))
"""Points under the nose and of the lips and the chin, between which a beard would be."""


def _tone(person: Person, cheek: Numbers) -> RGB:
    mix = np.array(person.ancestry) / (sum(person.ancestry) or 1.0)
    usual = sum(share * np.log(np.array(tone)) for share, (tone, _) in zip(mix, faces.TONES, strict=True))
    shown = np.log(np.clip(cheek / _SHOWN, 0.02, 0.8))
    tone = np.clip(np.exp(_TRUST * shown + (1 - _TRUST) * usual), 0.02, 0.72)
    return _rounded(tone)


def _hair(person: Person, face: _Face, cheek: Numbers) -> Hair:
    """The colour above the forehead, and whether it goes on beside the chin."""
    found = [median for boxes in _CROWNS if _apart(median := face.median(boxes), cheek) > _NOT_SKIN]
    man = person.masculinity > 0.5
    if not found and man:
        return Hair(style="bald")
    above = found[0] if found else np.array(person.hair.colour)
    name = min(faces.HAIRS, key=lambda name: _apart(above * 1.2, np.array(faces.HAIRS[name]), 0.5))
    beside = min((face.median((box,)) for box in _BESIDE_CHIN), key=lambda seen: _apart(seen, above, 0.4))
    same_ground = _apart(face.median(_BEHIND), above, 0.4) < _LIKE_HAIR  # then nothing can be told of its length
    long = not man if same_ground else _apart(beside, above, 0.4) < _LIKE_HAIR
    grey = float(np.clip((above @ _LUMA - 0.10) / 0.25, 0, 1)) if _saturation(above) < 0.18 else 0.0
    style = ("shoulder length" if long else "crop") if man else ("long straight" if long else "pixie")
    return Hair(style=style, colour=faces.HAIRS[name], grey=round(grey, 2))


def _beard(person: Person, face: _Face, cheek: Numbers, hair: Hair) -> Beard:
    """Much darker than the cheeks around the mouth: a beard, where that can be."""
    if person.masculinity < 0.5:
        return Beard(colour=hair.colour)
    lip, chin = (float(face.between(*ends) @ _LUMA) / max(float(cheek @ _LUMA), 0.01) for ends in _AROUND_MOUTH)
    kind = "full" if max(chin, lip) < 0.42 else "stubble" if max(chin, lip) < 0.60 else "none"
    return Beard(kind=kind, colour=hair.colour, grey=hair.grey)


def _iris(person: Person, face: _Face) -> RGB:
    """The nearest of the colours that eyes have, by hue more than by lightness."""
    pixels = np.concatenate([face.box(side, 0.0, 0.055) for side in (-0.5, 0.5)])
    if not len(pixels):
        return person.iris
    light = pixels @ _LUMA
    inner = pixels[(light >= np.quantile(light, 0.2)) & (light <= np.quantile(light, 0.7))]
    seen = np.median(inner, 0)
    name = min(faces.IRISES, key=lambda name: _apart(seen, np.array(faces.IRISES[name]), 0.6))
    return faces.IRISES[name]


def _apart(one: Numbers, other: Numbers, lightness: float = 1.0) -> float:
    """How different two colours are: their logarithms, lightness counted by so much."""
    a, b = (np.log(np.maximum(each, 0.004)) for each in (one, other))
    away = (a - a.mean()) - (b - b.mean())
    return float(np.sqrt((away**2).sum() + (lightness * (a.mean() - b.mean())) ** 2))


def _saturation(colour: Numbers) -> float:
    return float(1 - colour.min() / max(float(colour.max()), 1e-6))
