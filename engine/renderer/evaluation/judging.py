"""What a picture shows, judged from its pixels, beside what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.renderer import film as films
from engine.renderer import lettering
from engine.renderer.evaluation import features
from engine.renderer.evaluation import ocr as reader
from engine.renderer.evaluation.cases import Truth
from engine.renderer.evaluation.crown import SKULL, Crown, crown
from engine.renderer.evaluation.views import View
from engine.renderer.places import telling
from engine.renderer.scene import Scene
from engine.review import colour_names
from engine.review.face_frame import FACE_UNITS, FRAMINGS, Mask

Colours = npt.NDArray[np.float64]

LOPSIDED: Final = 0.07
"""How many stops one cheek is brighter at least, for light that comes from a side."""
BALANCED: Final = 1.0
"""And at most, for light that comes from the front."""
LEAST_SHARE: Final = 0.30
"""How much of hair or clothes has the colour's name at least."""
LEAST_SEEN: Final = 0.025
"""How much of a picture must show the place, for the place to be told."""
_LEAST_PIXELS: Final = 250
_CARD: Final = 0.5
"""Scene light from a white card."""
_PLAIN: Final = 0.16
"""How much lightness may differ over a cloth, which is darker towards its edges."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question about one picture. `right` is None where it is left out; `told` then says why."""

    question: str
    asked: str
    told: str
    right: bool | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture to be judged: with the face found in it (None without), what was asked, and the scene.

    Of the scene the lens, the light and the film are used, which a place is compared under, and where words were put,
    which are read there and nowhere else; never what they say, nor who or what is in it.
    """

    view: View | None
    truth: Truth
    scene: Scene


def judged(shown: Shown) -> tuple[Verdict, ...]:
    """Every question, in order. A picture without a face fails all that the face is needed for."""
    truth, view = shown.truth, shown.view
    faces = 0 if view is None else view.faces
    how = f" ({view.how})" if view is not None and view.how != "plain" else ""
    found = [Verdict("one face", "1", f"{faces}{how}", faces == 1)]
    for question, (asked, probe) in _QUESTIONS.items():
        if not asked(truth):
            continue
        if view is None:
            found.append(Verdict(question, asked(truth), "no face", False))
        else:
            told, right = probe(view, shown)
            found.append(Verdict(question, asked(truth), told, right))
    return tuple(found)


def relabelled(shown: Shown, truth: Truth) -> Shown:
    """The same picture beside another prompt's labels: what probes say then is what chance gives."""
    return replace(shown, truth=truth)


Answer = tuple[str, bool | None]


def _side(view: View, shown: Shown) -> Answer:
    left, right = (_brightness(view, view.disk(u, 0.60, 0.14)) for u in (-0.47, 0.47))
    stops = float(np.log2((left + 1e-4) / (right + 1e-4)))
    told = "left" if stops > 0 else "right"
    if shown.truth.side == "front":
        return f"{told} by {abs(stops):.1f} stops", abs(stops) <= BALANCED
    return f"{told} by {abs(stops):.1f} stops", told == shown.truth.side and abs(stops) >= LOPSIDED


def _clothes(view: View, shown: Shown) -> Answer:
    if shown.truth.colourless:
        return "film without colours", None
    body = view.box(-2.0, 2.75, 2.0, 9.0)
    if body.sum() < 0.03 * body.size:
        return "not in the picture", None
    light, cheeks = _light(view, body), _cheeks(view)
    light = light[:: max(1, len(light) // colour_names.ENOUGH)]
    bare = _near(light, cheeks)
    cloth = light if (~bare).mean() < 0.15 else light[~bare]
    shares = colour_names.shares(cloth, cheeks, colour_names.CLOTH)
    asked = max(
        shares[shown.truth.clothes], colour_names.shares(light, cheeks, colour_names.CLOTH)[shown.truth.clothes]
    )
    return _named(shares), asked >= LEAST_SHARE


def _hair(view: View, shown: Shown) -> Answer:
    if shown.truth.colourless:
        return "film without colours", None
    top = view.box(-0.6, -1.6, 0.6, -1.1)
    if top.sum() < max(_LEAST_PIXELS, 0.2 * 0.6 * view.unit**2):
        return "not in the picture", None
    cheeks, edge, card = _cheeks(view), crown(view), _card(shown.scene)
    parts = [_light(view, top)]
    forehead = _near(parts[0], cheeks).mean() > 0.5
    if forehead and _cut_off(view, edge):
        return "not in the picture", None
    if edge is not None and edge.unlike >= 1 and forehead:
        parts.append(edge.colours)  # above a high forehead
    found = [colour_names.shares(part, cheeks, colour_names.HAIR, card) for part in parts]
    shares = {name: max(each[name] for each in found) for name in found[0]}
    return _named(shares), shares[shown.truth.hair] >= LEAST_SHARE


def _cut_off(view: View, edge: Crown | None) -> bool:
    """Whether no edge of the head is seen and the picture ends below where skulls may: all there is may be forehead."""
    brows = (view.outline[19] + view.outline[24]) / 2
    reach = brows - SKULL[1] * view.down
    return edge is None and bool((reach < 0).any() or (reach > np.array(view.size) - 1).any())


def _card(scene: Scene) -> Colours:
    """How a white card in the sitter's light looks on the scene's film, linear RGB (3)."""
    lamps = [lamp for lamp in scene.light.lamps if lamp.role not in ("rim", "hair")] or list(scene.light.lamps)
    if not lamps:
        return np.ones(3)
    lit = np.average([lamp.colour for lamp in lamps], axis=0, weights=[max(lamp.power, 1e-3) for lamp in lamps])
    card = np.broadcast_to(_CARD * lit / colour_names.brightness(lit), (16, 16, 3)).astype(np.float32)
    seen = films.printed(card, replace(scene.film, grain=0.0, vignette=0.0), 0)
    return np.asarray(colour_names.linear(np.round(255 * seen)).mean((0, 1)))


def _skin(view: View, shown: Shown) -> Answer:
    """By the mean light of both cheeks: in light from one side the median would be either the lit or the dark one."""
    over = 2 ** (shown.scene.light.exposure / 3)  # light that was asked for as dim or bright
    tone = float(colour_names.oklch(_cheeks(view).mean(0))[0]) / over
    low, high = colour_names.SKIN[shown.truth.skin]
    return f"lightness {tone:.2f}", low <= tone <= high


def _place(view: View, shown: Shown) -> Answer:
    there = view.background()
    if there.mean() < LEAST_SEEN:
        return "not in the picture", None
    asked = shown.truth.place
    colour = asked.removesuffix(" backdrop")
    if colour != asked:
        return _backdrop(view, there, "" if shown.truth.colourless else colour)
    taken = lettering.fits(shown.scene)  # words widen the framing and stop the lens down
    told = telling.told(view.picture, there, taken, _place_names())
    return told, told == asked


def _backdrop(view: View, there: Mask, colour: str) -> Answer:
    """A plain cloth, of that colour where the film has colour_names."""
    seen = colour_names.oklch(_light(view, there))[:, 0]
    plain = float(np.quantile(seen, 0.9) - np.quantile(seen, 0.1)) < _PLAIN
    shares = colour_names.shares(_light(view, there), _cheeks(view), colour_names.CLOTH)
    told = f"{'plain' if plain else 'not plain'}, {_named(shares)}"
    return told, plain and (not colour or shares[colour] >= LEAST_SHARE)


def _place_names() -> tuple[str, ...]:
    from engine.renderer.studio_lexicon import table

    return tuple(sorted(set(table("place").values())))


def _framing(view: View, shown: Shown) -> Answer:
    share = FACE_UNITS * view.unit / view.size[1]
    low, high = FRAMINGS[shown.truth.framing]
    return f"face {share:.2f} of the height", low <= share <= high


def _glasses(view: View, shown: Shown) -> Answer:
    frames = features.glasses(view)
    worn = frames > 0
    return f"{_yes(worn)} ({frames:+.2f})", worn == shown.truth.glasses


def _bald(view: View, shown: Shown) -> Answer:
    edge = crown(view)
    if view.box(-0.40, -1.33, 0.40, -1.08).sum() < 0.8 * 0.80 * 0.25 * view.unit**2 or _cut_off(view, edge):
        return "not in the picture", None
    top = features.scalp(view)
    hair = top.unlike
    if edge is not None:
        hair = max(top.hairs, edge.unlike) if edge.bare else max(hair, edge.hair)
    return f"{_yes(hair < 1)} (hair {hair:.2f})", (hair < 1) == shown.truth.bald


def _beard(view: View, shown: Shown) -> Answer:
    whiskers = features.whiskers(view)
    return f"{_yes(whiskers > 0)} ({whiskers:+.2f})", (whiskers > 0) == shown.truth.beard


def _text(view: View, shown: Shown) -> Answer:
    if why := reader.missing():
        return why, None
    told = reader.read(view.picture, shown.truth.text, reader.pages(shown.scene, view.size))
    return told, reader.same(told, shown.truth.text)


def _brightness(view: View, where: Mask) -> float:
    """Of skin in a part, whose darker half a lock of hair may cover."""
    return float(np.percentile(colour_names.brightness(_light(view, where)), 70)) if where.any() else 0.0


def _cheeks(view: View) -> Colours:
    return _light(view, view.disk(-0.47, 0.62, 0.16) | view.disk(0.47, 0.62, 0.16))


def _light(view: View, where: Mask) -> Colours:
    return colour_names.linear(view.picture[where])


def _near(light: Colours, skin: Colours) -> Mask:
    """Which colours are those of this person's skin, in whatever light."""
    own = colour_names.oklch(np.median(skin, axis=0))
    light_, chroma, hue = np.moveaxis(colour_names.oklch(light), -1, 0)
    turned = np.abs((hue - own[2] + 180) % 360 - 180)
    scale = np.clip(light_ / max(own[0], 0.05), 0.4, 1.6)
    return np.asarray((turned < 14) & (np.abs(chroma / np.maximum(own[1] * scale, 0.01) - 1) < 0.35))


def _named(shares: Mapping[str, float]) -> str:
    """The names that would be accepted, the likeliest first."""
    most = sorted((name for name in shares if shares[name] >= LEAST_SHARE), key=lambda name: -shares[name])
    return " or ".join(most[:3]) or "no colour that has a name"


def _yes(found: bool) -> str:
    return "yes" if found else "no"


_QUESTIONS: Final[Mapping[str, tuple[Callable[[Truth], str], Callable[[View, Shown], Answer]]]] = MappingProxyType(
    {
        "light side": (lambda truth: truth.side, _side),
        "clothes colour": (lambda truth: truth.clothes, _clothes),
        "hair colour": (lambda truth: "" if truth.bald else truth.hair, _hair),
        "skin tone": (lambda truth: truth.skin, _skin),
        "place": (lambda truth: truth.place, _place),
        "framing": (lambda truth: truth.framing, _framing),
        "glasses": (lambda truth: _yes(truth.glasses), _glasses),
        "beard": (lambda truth: _yes(truth.beard), _beard),
        "bald": (lambda truth: _yes(truth.bald), _bald),
        "text": (lambda truth: truth.text, _text),
    }
)
"""By name: what is asked ("" is nothing), and who answers."""
QUESTIONS: Final = ("one face", *_QUESTIONS)
AIMS: Final[Mapping[str, float]] = MappingProxyType(
    {"one face": 0.99, "light side": 0.99, "framing": 0.99, "text": 0.95}
    | dict.fromkeys(("clothes colour", "hair colour", "skin tone", "place", "glasses", "beard", "bald"), 0.97)
)
"""The share of right answers that each question is to have."""
