"""Other labelled prompts, drawn by chance, on which a judge's limits are chosen: never those that it is measured on.

Hair, beards, bare heads and glasses are far commoner in them than among the 200, in other words, places, lights and
films, and their pictures have other seeds.
"""

from __future__ import annotations

import random
from typing import Final

from engine.renderer.evaluation.cases import Case, Truth

FIRST_NUMBER: Final = 1001
"""Practice cases are numbered from here, so that no seed is one of the 200's."""
_SHUFFLED: Final = 20_17
_BARE, _BEARDED, _GLASSES, _COLOURLESS = 0.28, 0.70, 0.25, 0.28
_WOMEN: Final = (
    "a teacher, she is 41", "a nurse, a woman of 27", "a retired woman of 78", "a young Japanese woman",
    "a Kenyan woman of 35", "an Irish woman, 56", "a Mexican woman, 47", "an old Indian woman",
)  # fmt: skip
_MEN: Final = (
    "a fisherman of 63", "a student, he is 21", "an old Ghanaian man", "a Korean man of 38", "a Swedish man, 45",
    "a Turkish man of 33", "a Brazilian man, 26", "a Punjabi man of 58", "a retired man of 81", "an American man of 50",
)  # fmt: skip
_HER_STYLES: Final = (
    "{} bob", "long straight {} hair", "{} pixie cut", "{} curls", "{} bun", "{} afro", "{} cornrows",
    "{} shag", "{} pigtails", "a {} fringe", "{} long bob",
)  # fmt: skip
_HIS_STYLES: Final = (
    "{} crop", "{} buzz cut", "{} side part", "{} slicked back hair", "{} undercut", "{} curls", "{} crew cut",
    "{} locs", "messy {} hair", "{} cornrows", "{} coils",
)  # fmt: skip
_COLOURS: Final = ("black", "dark brown", "brown", "red", "blonde", "grey", "white", "blue", "pink")
_BEARDS: Final = (
    "stubble", "a short beard", "a full beard", "a long beard", "a goatee", "a moustache", "a handlebar moustache",
    "mutton chops",
)  # fmt: skip
_CLOTHES: Final = ("a navy shirt", "a white T-shirt", "a grey suit", "a green hoodie", "a brown sweater", "a red coat")
_PLACES: Final = (
    "in a quiet alley", "grey studio", "white studio", "black backdrop", "in a pine forest", "on the beach",
    "in a bar", "in a library", "by a window", "in the snow", "green backdrop", "in a city at night", "in the garden",
    "in a workshop",
)  # fmt: skip
_LIGHTS: Final = (
    "Rembrandt light", "loop lighting", "overcast", "softbox from the left", "ring light", "window light",
    "golden hour", "rim light", "noon sun", "high key", "low key", "clamshell light",
)  # fmt: skip
_FRAMINGS: Final = ("close-up", "headshot", "head and shoulders", "bust", "half length", "three-quarter length")
_FILMS: Final = ("", "", "Kodak Portra 400", "Kodak Ektar 100", "Fujifilm Velvia", "Polaroid", "CineStill 800T")
_WITHOUT_COLOUR: Final = ("black and white", "Ilford HP5, black and white", "Tri-X black and white", "sepia")


def practice(count: int) -> tuple[Case, ...]:
    """The first `count` practice cases; the same ones every time."""
    drawn = random.Random(_SHUFFLED)
    return tuple(_case(FIRST_NUMBER + at, drawn) for at in range(count))


def _case(number: int, drawn: random.Random) -> Case:
    man = drawn.random() < 0.75
    bare, glasses = drawn.random() < _BARE, drawn.random() < _GLASSES
    bearded = man and drawn.random() < _BEARDED
    colourless = drawn.random() < _COLOURLESS
    colour = drawn.choice(_COLOURS)
    style = drawn.choice(_HIS_STYLES if man else _HER_STYLES).format(colour)
    beard, framing = drawn.choice(_BEARDS), drawn.choice(_FRAMINGS)
    parts = [drawn.choice(_MEN if man else _WOMEN), "bald" if bare else style]
    parts += [beard] * bearded + ["wearing glasses"] * glasses
    parts += [drawn.choice(each) for each in (_CLOTHES, _PLACES, _LIGHTS)]
    parts += [framing, drawn.choice(_WITHOUT_COLOUR if colourless else _FILMS)]
    truth = Truth(
        sex="man" if man else "woman", bald=bare, hair="" if bare else colour, glasses=glasses, beard=bearded,
        colourless=colourless,
    )  # fmt: skip
    return Case(number=number, prompt=", ".join(part for part in parts if part), truth=truth)
